/* What the files of the command `db` share. */
#ifndef CLI_DB_H
#define CLI_DB_H

#include "cli/cli.h"
#include "store/store.h"

struct db_options {
	bool dry_run;
	msec_t keep; /* gc: 0: all runs */
};

/* Exit codes. */
int db_verify(struct arena *a, const struct globals *g);
int db_backup(struct arena *a, const struct globals *g, const char *file);
int db_restore(struct arena *a, const struct globals *g, const char *file);
int db_gc(struct arena *a, const struct globals *g, const struct db_options *o);

/* --- verification, for those that need it (db_verify.c) ------------------------------------- */

struct db_found {
	json_t *flaws; /* [{where, what}] */
	unsigned long long n_flaws;
	unsigned long long pages, torn, frames, runs, unsealed, snapshots, unsealed_snapshots, gone,
	    files;
};

/*
 * Pages of the database file PATH, tables and runs in it, and what belongs to them in the data
 * directory DATA (NULL: it is a file alone). 0, whatever was found; F->flaws is to be given back.
 */
int db_look(
    struct arena *a, const char *path, const char *data, struct db_found *f, struct err *err);

#endif
