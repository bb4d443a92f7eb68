/* A page of the daemon in the person's own browser. */
#ifndef CLI_BROWSE_H
#define CLI_BROWSE_H

#include "cli/client.h"

/*
 * Opens PATH ("/runs/r-…") signed in, by the desktop's opener. Where there is none, and where
 * nobody sits (no display), the link is printed instead. Exit code.
 */
int browse(struct arena *a, struct client *client, const char *path, struct err *err);

/* Whether LINK was handed to the desktop's opener, which is waited for. */
bool browse_link(struct arena *a, const char *link);

#endif
