/*
 * Being run by a CI server. GitHub's runner reads what its jobs print: a line that begins with
 * "::", or holds "##[", is a command to it. While GITHUB_ACTIONS is true nothing we print can be
 * one (term_write), but for the annotations that ci_tell makes.
 */
#ifndef CLI_CI_H
#define CLI_CI_H

#include "report/export.h"

/* Whether what is written to FD may be read as commands by the runner: any but a regular file. */
bool ci_listens(int fd);
/*
 * Appends a summary to the file that GITHUB_STEP_SUMMARY names, where it is set and there is room,
 * and prints annotations on stderr where GITHUB_ACTIONS is true. True when a summary was written.
 */
bool ci_tell(struct arena *a, const struct export_facts *x);

#endif
