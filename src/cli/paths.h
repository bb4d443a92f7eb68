/* Where things are on this machine: data, configuration, the repository in hand. */
#ifndef CLI_PATHS_H
#define CLI_PATHS_H

#include "base/arena.h"
#include "base/err.h"

/*
 * The data directory: CHOICE (--data), else $TUTTI_DATA, else $XDG_DATA_HOME/tutti, else
 * ~/.local/share/tutti. Created with mode 0700; refused when somebody else could write to it.
 */
MUST_CHECK int paths_data(struct arena *a, const char *choice, char **ret, struct err *err);
/* The same, as it was chosen; need not exist, and is not created. NULL without a home. */
char *paths_data_choice(struct arena *a, const char *choice);
/* $XDG_CONFIG_HOME/tutti or ~/.config/tutti; need not exist. NULL without a home. */
char *paths_config(struct arena *a);
/*
 * The repository: CHOICE (--repo), else the nearest directory from here upwards that holds `.git`,
 * else the current directory. Absolute, without links.
 */
MUST_CHECK int paths_repo(struct arena *a, const char *choice, char **ret, struct err *err);
/*
 * The program of ours that runs behind the fence: this one. A build with AddressSanitizer cannot
 * run there, since its shadow memory is larger than the fence's limit on data; in such a build a
 * plain build of the same sources stands in (meson option `behind`), so that the fence stays what
 * it is.
 */
MUST_CHECK int paths_behind(struct arena *a, const char **ret, struct err *err);

#endif
