/*
 * A daemon as seen from a command: its API over the unix socket in the data directory. Nobody but
 * its owner can be at the other end: the directory is ours and nobody else may write to it
 * (paths_data), and the socket belongs to us.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "base/arena.h"
#include "base/err.h"

#include <jansson.h>

#define DAEMON_SOCKET "tutti.sock" /* in the data directory */
#define DAEMON_TOKEN "token"

struct client;

/*
 * *RET, in A, when a daemon works in DATA, or a service manager listens for one and starts it when
 * it is asked; NULL when none does, also where a command of ours owns the data. An error: there is
 * one, and it cannot be talked to.
 */
MUST_CHECK int client_open(struct arena *a, const char *data, struct client **ret, struct err *err);
/*
 * One request; BODY (borrowed) may be NULL. Returns the exit code that fits: 0 and *RET, a new
 * reference or NULL for an empty answer; else ERR is what the daemon said. Blocks, a minute at
 * most.
 */
int client_call(struct client *c, const char *method, const char *path, const json_t *body,
    json_t **ret, struct err *err);

#endif
