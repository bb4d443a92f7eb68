/*
 * Whether the files of an open database are still there. Somebody may remove one, put another one
 * in its place or cut it short; SQLite goes on writing to what it has open, and nothing of that is
 * there afterwards. So each file knows where it was opened and how long it has to be, and is looked
 * at before work begins and after each commit, before anybody is told of it: two calls of stat. A
 * process that has nothing to do looks at nothing.
 *
 * Not seen: bytes that were changed in their place. The sums of pages are for that (pages.h).
 */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#define FILES_WATCHED 0x74757475 /* an operation of xFileControl: its struct watched */

enum files_state { FILES_WHOLE, FILES_GONE, FILES_REPLACED, FILES_CUT };

/* One file, of the database or of its log. */
struct watched {
	const char *path; /* SQLite's, as long as the file is open */
	dev_t dev;
	ino_t ino;
	bool log;
	bool cut;	    /* it was found too short by whoever wanted to write */
	sqlite3_int64 size; /* that it has at least: what was written last */
};

/* PATH has just been opened as REAL. */
void watched_begin(struct watched *w, const char *path, bool log, sqlite3_file *real);
/* Whether something may be written at OFF: not where that would make a hole of what was cut off. */
bool watched_may_write(struct watched *w, sqlite3_file *real, sqlite3_int64 off);
/* Something has been, up to END. */
void watched_written(struct watched *w, sqlite3_int64 end);
void watched_truncated(struct watched *w, sqlite3_int64 size);

/* The worse of both files of DB; *RET: which one it is. */
enum files_state files_look(sqlite3 *db, const struct watched **ret);

#endif
