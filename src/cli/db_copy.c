/* A copy of the database that somebody carries away, and one that is put back. */
#include "cli/db.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/house.h"
#include "cli/paths.h"
#include "store/pages.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COPY_CHUNK KIB(256)

/* --- away ---------------------------------------------------------------------------------- */

static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

static int sync_place(struct arena *a, const char *path)
{
	char *dir = arena_cstr(a, str_from(path)), *slash = strrchr(dir, '/');

	if (slash)
		slash[slash == dir] = '\0';
	return sync_file(slash ? dir : ".");
}

static int is_damaged(struct err *err)
{
	err_set(err, -EPROTO, "the database is damaged; nothing was written");
	err_fix(err, "tutti db verify");
	return err_more(err, "data");
}

static int take_place(struct arena *a, const char *beside, const char *file)
{
	int rc = sync_file(beside);

	if (!rc && rename(beside, file) < 0)
		rc = -errno;
	return rc ? rc : sync_place(a, file);
}

/* Written beside it and renamed: FILE is whole, or not there. */
static int write_copy(
    struct arena *a, struct store *s, const char *file, struct db_found *f, struct err *err)
{
	char *beside = arena_printf(a, "%s.%ld.tmp", file, (long)getpid());
	int rc = s->ops->copy(s, beside, err);

	if (rc)
		return rc;
	rc = db_look(a, beside, NULL, f, err);
	if (!rc && f->n_flaws)
		rc = is_damaged(err);
	else if (!rc && (rc = take_place(a, beside, file)))
		err_set(err, rc, "cannot write %.400s: %s", file, err_name(rc));
	if (rc)
		unlink(beside);
	return rc;
}

static int said(const struct globals *g, struct arena *a, const char *file,
    const struct db_found *f, const char *verb)
{
	struct stat st;
	long long bytes = stat(file, &st) == 0 ? st.st_size : 0;

	if (g->json)
		return cli_print_json(json_pack("{s:s, s:I, s:I}", "file", file, "bytes",
					  (json_int_t)bytes, "runs", (json_int_t)f->runs),
		    EXIT_DONE);
	return cli_print(str_from(arena_printf(a, "%s %s: %llu runs, %lld bytes, checked\n", verb,
			     file, f->runs, bytes)),
	    EXIT_DONE);
}

static void count_flaw(void *ctx, const char *where, const char *what)
{
	(void)where;
	(void)what;
	++*(unsigned long long *)ctx;
}

/* Of the original, before it is opened: the copy's pages get sums of their own. */
static int check_original(struct arena *a, const struct globals *g, struct err *err)
{
	struct pages_found pages;
	unsigned long long flaws = 0;
	char *data, *path;
	int rc = paths_data(a, g->data, &data, err);

	if (rc < 0)
		return rc;
	path = fs_join(a, data, "tutti.db");
	rc = fs_exists(path) ? pages_check(path, count_flaw, &flaws, &pages, err) : 0;
	return rc || !flaws ? rc : is_damaged(err);
}

static int open_original(
    struct arena *a, const struct globals *g, struct store **ret, struct err *err)
{
	int rc = check_original(a, g, err);

	if (rc)
		return rc == -EPROTO ? EXIT_INVALID : EXIT_NOT_READY;
	return house_read(a, g, ret, err);
}

int db_backup(struct arena *a, const struct globals *g, const char *file)
{
	struct db_found f = { 0 };
	struct err err = { 0 };
	struct store *s;
	int code;

	if (fs_exists(file)) {
		err_set(&err, -EEXIST, "%.400s is there already", file);
		err_fix(&err, "name another file; a backup overwrites none");
		err_more(&err, "data");
		return cli_fail(g, &err, EXIT_USAGE);
	}
	code = open_original(a, g, &s, &err);
	if (code)
		return cli_fail(g, &err, code);
	int rc = write_copy(a, s, file, &f, &err);

	s->ops->close(s);
	code = rc ? cli_fail(g, &err, rc == -EPROTO ? EXIT_INVALID : EXIT_NOT_READY)
		  : said(g, a, file, &f, "wrote");
	json_decref(f.flaws);
	return code;
}

/* --- back ---------------------------------------------------------------------------------- */

static int copy_bytes(int from, int to)
{
	static char chunk[COPY_CHUNK];
	ssize_t n;

	while ((n = read(from, chunk, sizeof(chunk))) > 0)
		for (ssize_t at = 0, put; at < n; at += put)
			if ((put = write(to, chunk + at, (size_t)(n - at))) <= 0)
				return put < 0 ? -errno : -EIO;
	return n < 0 ? -errno : 0;
}

static int copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), rc = in < 0 ? -errno : 0;
	int out = rc ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (!rc)
		rc = out < 0 ? -errno : copy_bytes(in, out);
	if (!rc && fsync(out) < 0)
		rc = -errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return rc;
}

/* What was there stays, under a name with the time; its log goes with it. */
static int set_aside(struct arena *a, const char *path, char **ret)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", localtime_r(&now, &tm));
	*ret = arena_printf(a, "%s.before-%s", path, stamp);
	if (fs_exists(*ret))
		return -EEXIST;
	for (size_t i = sizeof(tails) / sizeof(tails[0]); i-- > 0;)
		if (rename(arena_printf(a, "%s%s", path, tails[i]),
			arena_printf(a, "%s%s", *ret, tails[i])) < 0 &&
		    errno != ENOENT)
			return -errno;
	return 0;
}

static int put_back(struct arena *a, const char *file, const char *path, char **ret_old,
    struct db_found *f, struct err *err)
{
	char *beside = arena_printf(a, "%s.restore.%ld", path, (long)getpid());
	int rc = copy_file(file, beside);

	if (rc) {
		unlink(beside);
		return err_set(err, rc, "cannot copy %.400s: %s", file, err_name(rc));
	}
	rc = db_look(a, beside, NULL, f, err);
	if (!rc && f->n_flaws) {
		rc = err_set(err, -EPROTO, "%.400s is not a whole database of tutti", file);
		err_why(err, "%s", json_get_cstr(json_array_get(f->flaws, 0), "what", ""));
	}
	if (!rc)
		rc = set_aside(a, path, ret_old);
	if (!rc)
		rc = take_place(a, beside, path);
	if (rc)
		unlink(beside);
	return rc && !err->what[0] ? err_set(err, rc, "cannot put it back: %s", err_name(rc)) : rc;
}

static int restore_into(
    struct arena *a, const struct globals *g, const char *data, const char *file)
{
	const char *path = fs_join(a, data, "tutti.db");
	struct db_found f = { 0 };
	struct err err = { 0 };
	char *old = NULL;
	int lock, code;
	int rc = store_lock(data, &lock, &err);

	if (rc) {
		err_set(&err, rc, "a tutti (process %ld) works in %s", store_owner(data), data);
		err_fix(&err, "stop it first");
		return cli_fail(g, &err, EXIT_NOT_READY);
	}
	rc = put_back(a, file, path, &old, &f, &err);
	err_more(&err, "data");
	code = rc ? cli_fail(g, &err, rc == -EPROTO ? EXIT_INVALID : EXIT_NOT_READY)
		  : said(g, a, path, &f, "put back");
	if (!rc && fs_exists(old))
		fprintf(stderr, "what was there: %s\n", old);
	json_decref(f.flaws);
	close(lock);
	return code;
}

int db_restore(struct arena *a, const struct globals *g, const char *file)
{
	struct err err = { 0 };
	char *data;

	if (!fs_exists(file)) {
		err_set(&err, -ENOENT, "there is no file %.400s", file);
		return cli_fail(g, &err, EXIT_NOT_FOUND);
	}
	if (paths_data(a, g->data, &data, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	return restore_into(a, g, data, file);
}
