#include "store/files.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

static sqlite3_int64 size_of(sqlite3_file *real)
{
	sqlite3_int64 size = 0;

	return real->pMethods->xFileSize(real, &size) == SQLITE_OK ? size : -1;
}

void watched_begin(struct watched *w, const char *path, bool log, sqlite3_file *real)
{
	struct stat st;

	*w = (struct watched){ .log = log };
	if (!path || !real->pMethods || stat(path, &st) < 0)
		return;
	w->path = path;
	w->dev = st.st_dev;
	w->ino = st.st_ino;
	w->size = log ? 0 : st.st_size;
}

/*
 * A log is written frame behind frame, or from its beginning again; a database may have holes, but
 * nobody except for us makes it shorter.
 */
bool watched_may_write(struct watched *w, sqlite3_file *real, sqlite3_int64 off)
{
	sqlite3_int64 size = w->path ? size_of(real) : -1;

	w->cut = w->cut || (size >= 0 && size < (w->log ? off : w->size));
	return !w->cut;
}

void watched_written(struct watched *w, sqlite3_int64 end)
{
	if (w->log || end > w->size)
		w->size = end;
}

void watched_truncated(struct watched *w, sqlite3_int64 size)
{
	w->size = size;
}

/* Only what is known for certain counts: a file that cannot be looked at may well be there. */
static enum files_state look_at(const struct watched *w)
{
	struct stat st;

	if (!w || !w->path)
		return FILES_WHOLE;
	if (stat(w->path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? FILES_GONE : FILES_WHOLE;
	if (st.st_dev != w->dev || st.st_ino != w->ino)
		return FILES_REPLACED;
	return w->cut || st.st_size < w->size ? FILES_CUT : FILES_WHOLE;
}

static const struct watched *watched_of(sqlite3 *db, int which)
{
	sqlite3_file *f = NULL;
	struct watched *w = NULL;

	if (sqlite3_file_control(db, "main", which, &f) == SQLITE_OK && f && f->pMethods)
		f->pMethods->xFileControl(f, FILES_WATCHED, &w);
	return w;
}

enum files_state files_look(sqlite3 *db, const struct watched **ret)
{
	*ret = watched_of(db, SQLITE_FCNTL_FILE_POINTER);
	enum files_state state = look_at(*ret);

	if (state != FILES_WHOLE)
		return state;
	*ret = watched_of(db, SQLITE_FCNTL_JOURNAL_POINTER);
	return look_at(*ret);
}
