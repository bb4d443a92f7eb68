/*
 * The files of the database were taken away under its owner. To go on would be to write where
 * nobody will find it, so the process ends as if it were killed. Before that the file that is open
 * gets all of its log, for whoever puts it back; and where it is not there any more, a copy of it
 * is written.
 */
#include "base/log.h"
#include "store/files.h"
#include "store/sqlite_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES 60 /* to write the copy, a second each, while the disk is full */

static const char *const happened[] = { [FILES_GONE] = "removed",
	[FILES_REPLACED] = "replaced by another file",
	[FILES_CUT] = "cut short" };

static char *name_with_time(const char *path, const char *what)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", localtime_r(&now, &tm));
	return xprintf("%s.%s-%s-%ld", path, what, stamp, (long)getpid());
}

/* What stands there as a log would be taken for one of whatever stands beside it. */
static void set_aside(const char *log)
{
	struct stat st;
	char *name = name_with_time(log, "aside");

	if (stat(log, &st) == 0 && st.st_size > 0 && rename(log, name) == 0)
		log_warn("%s is now %s", log, name);
	free(name);
}

/* The copy's name, or NULL. */
static char *save_copy(struct sqlite_store *s, const char *path)
{
	char *name = name_with_time(path, "rescued"), *beside = xprintf("%s.tmp", name);
	struct err err = { 0 };
	int rc = -ENOSPC;

	for (int i = 0; i < TRIES && rc == -ENOSPC; i++) {
		if (i)
			sleep(1);
		rc = sqlite_copy(&s->base, beside, &err);
	}
	if (!rc && rename(beside, name) < 0)
		rc = -errno;
	free(beside);
	if (!rc)
		return name;
	log_error("what is open of %s cannot be saved: %s", path, err_name(rc));
	free(name);
	return NULL;
}

static void save(struct sqlite_store *s, const char *path, bool log_only)
{
	char *log = xprintf("%s-wal", path), *copy = NULL;
	int rc = sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	if (rc != SQLITE_OK || !log_only)
		copy = save_copy(s, path);
	set_aside(log);
	free(log);
	if (copy)
		log_error("all that it held is in %s; fix: tutti db restore %s", copy, copy);
	else if (rc == SQLITE_OK && log_only)
		log_error("all that it held is in %s; fix: start it again", path);
	else
		log_error("fix: put the file back, or a backup: tutti db restore FILE");
	free(copy);
}

void sqlite_guard(struct sqlite_store *s)
{
	const struct watched *which;
	enum files_state state = s->owner ? files_look(s->db, &which) : FILES_WHOLE;

	if (state == FILES_WHOLE)
		return;
	log_error("%s was %s while it was in use; nothing more is acknowledged", which->path,
	    happened[state]);
	if (state == FILES_CUT)
		log_error("fix: tutti db verify says what is left; tutti db restore FILE puts a"
			  " backup back");
	else
		save(s, sqlite3_db_filename(s->db, "main"), which->log);
	_exit(EXIT_LOST);
}
