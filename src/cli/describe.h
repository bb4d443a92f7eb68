/* Agents that a file describes, as far as files and what was found out about them go. */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "adapter/described.h"
#include "worker/programs.h"

/*
 * Agent NAME out of FILE. Everything in A. NULL with the reasons in ERRORS: its own, each with its
 * place; or, that it cannot be read or trusted, at AT.
 */
const struct adapter_ops *describe_load(struct arena *a, const char *name, const char *file,
    struct place at, struct flow_errors *errors);
/*
 * Admits those of PROGRAMS that passed their check: same program, same description, same tutti.
 * The verdicts stand in DATA. The others keep their error, with what is known about why. DATA NULL
 * admits all of them, for the check itself.
 */
void describe_admit(struct arena *a, const char *data, struct programs *programs);
/* Keeps a verdict about P: WHY is NULL when it passed. */
MUST_CHECK int describe_judge(
    struct arena *a, const char *data, const struct program *p, const char *why, struct err *err);

#endif
