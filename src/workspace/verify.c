/* Is a snapshot still what was made: the files of its list with these bytes, and no others? */
#include "workspace/priv.h"

#include "base/sha256.h"
#include "base/unconst.h"
#include "sandbox/sandbox.h"
#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_MAX MIB(512)
#define TRIES 30
#define TRY_MS 100

struct verify {
	const char *path; /* of the tree */
	int tree;
	size_t listed, found;
	bool cut_short; /* for want of something that may be there later */
};

/* --- what is listed
 * ----------------------------------------------------------------------------------- */

static struct str link_text(const struct verify *v, struct arena *a, const char *path)
{
	char *target = arena_alloc(a, PATH_BYTES_MAX);
	ssize_t n = readlinkat(v->tree, path, target, PATH_BYTES_MAX);

	return (struct str){ target, n > 0 ? (size_t)n : 0 };
}

static struct str file_text(struct verify *v, struct arena *a, const char *path, bool runs)
{
	const struct snapshot snap = { .tree = unconst(v->path) };
	struct str text = { NULL, 0 };
	struct stat st;

	if (fstatat(v->tree, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    !!(st.st_mode & S_IXUSR) != runs)
		return text;
	int rc = snapshot_read(&snap, a, str_from(path), SNAPSHOT_FILE_MAX, &text);

	v->cut_short |= fence_may_pass(rc);
	return rc < 0 ? (struct str){ NULL, 0 } : text;
}

/* "MODE SIZE SHA PATH" */
static bool holds(struct verify *v, struct str record)
{
	struct arena *a = arena_create("verify", SNAPSHOT_FILE_MAX + MIB(1));
	struct str mode = str_split(&record, ' '), size = str_split(&record, ' '),
		   sha = str_split(&record, ' '), text;
	char *path = arena_cstr(a, record), hex[SHA256_HEX] = "";

	(void)size;
	text = str_is(mode, "120000") ? link_text(v, a, path)
				      : file_text(v, a, path, str_is(mode, "100755"));
	if (text.p)
		sha256_of(text, hex);
	arena_destroy(a);
	return str_is(sha, hex);
}

static bool holds_all(struct verify *v, struct str list)
{
	while (list.n) {
		v->listed++;
		if (!holds(v, str_split(&list, '\0')))
			return false;
	}
	return true;
}

/* --- what is there
 * ------------------------------------------------------------------------------------ */

struct todo {
	char **v; /* directories that are still to be looked into */
	size_t n, cap;
};

static void push(struct todo *t, const char *dir, const char *name)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->v = xrealloc(t->v, t->cap * sizeof(*t->v));
	}
	t->v[t->n++] = xprintf("%s%s%s", dir, *dir ? "/" : "", name);
}

static void count_in(struct verify *v, struct todo *t, const char *dir)
{
	int fd = openat(v->tree, *dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fs_dir_of(fd);
	struct dirent *e;

	v->cut_short |= !d && fence_may_pass(-errno);
	while (d && (e = readdir(d))) {
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			push(t, dir, e->d_name);
		else
			v->found++;
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

static void count(struct verify *v)
{
	struct todo t = { 0 };

	push(&t, "", "");
	while (t.n) {
		char *dir = t.v[--t.n];

		count_in(v, &t, dir);
		free(dir);
	}
	free(t.v);
}

static bool verify_once(struct arena *a, const char *dir, bool *ret_cut_short)
{
	char *path = fs_join(a, dir, "tree");
	struct verify v = { .path = path,
		.tree = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) };
	struct str list = { NULL, 0 };
	int rc = v.tree < 0 ? -errno : fs_read(a, fs_join(a, dir, "files"), LIST_MAX, &list);
	bool ok = rc == 0 && holds_all(&v, list);

	if (ok)
		count(&v);
	if (v.tree >= 0)
		close(v.tree);
	*ret_cut_short = v.cut_short || fence_may_pass(rc);
	return ok && v.found == v.listed;
}

/* What could not be looked at for want of descriptors is not what was changed. */
bool snapshot_is_whole(const char *dir)
{
	bool whole, cut_short;

	for (unsigned tries = 0;; tries++) {
		struct arena *a = arena_create("verify list", LIST_MAX + MIB(1));

		whole = verify_once(a, dir, &cut_short);
		arena_destroy(a);
		if (whole || !cut_short || tries == TRIES)
			return whole;
		poll(NULL, 0, TRY_MS);
	}
}

int snapshot_check(const char *root, const char *id, struct err *err)
{
	struct arena *a = arena_create("check", ARENA_JOB);
	const char *dir = fs_join(a, root, id), *what = NULL;
	struct snapshot *snap = NULL;
	int rc = snapshot_load(dir, id, &snap), rest = 0;

	snapshot_free(snap);
	if (rc == -ENOENT && access(dir, F_OK) == 0)
		what = "its facts are gone";
	else if (rc && rc != -ENOENT)
		what = "its facts or its list are not as they were written";
	else if (!rc && !snapshot_is_whole(dir))
		what = "its files are not those of its list";
	else if (!rc && (rest = snapshot_check_rest(dir)) && rest != -ENOENT)
		what = "what it holds beside its files is not as it was written";
	arena_destroy(a);
	if (what)
		return err_set(err, -EPROTO, "%s", what);
	return rc ? rc : rest == -ENOENT ? -ENODATA : 0;
}
