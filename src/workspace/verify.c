/* Is a snapshot still what was made: the files of its list with these bytes, and no others? */
#include "workspace/priv.h"

#include "base/sha256.h"
#include "base/unconst.h"
#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_MAX MIB(512)

struct verify {
	const char *path; /* of the tree */
	int tree;
	size_t listed, found;
};

/* --- what is listed
 * ----------------------------------------------------------------------------------- */

static struct str link_text(const struct verify *v, struct arena *a, const char *path)
{
	char *target = arena_alloc(a, PATH_BYTES_MAX);
	ssize_t n = readlinkat(v->tree, path, target, PATH_BYTES_MAX);

	return (struct str){ target, n > 0 ? (size_t)n : 0 };
}

static struct str file_text(const struct verify *v, struct arena *a, const char *path, bool runs)
{
	const struct snapshot snap = { .tree = unconst(v->path) };
	struct str text = { NULL, 0 };
	struct stat st;

	if (fstatat(v->tree, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    !!(st.st_mode & S_IXUSR) != runs ||
	    snapshot_read(&snap, a, str_from(path), SNAPSHOT_FILE_MAX, &text) < 0)
		text.p = NULL;
	return text;
}

/* "MODE SIZE SHA PATH" */
static bool holds(const struct verify *v, struct str record)
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

bool snapshot_is_whole(const char *dir)
{
	struct arena *a = arena_create("verify list", LIST_MAX + MIB(1));
	char *path = fs_join(a, dir, "tree");
	struct verify v = { .path = path,
		.tree = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) };
	struct str list;
	bool ok = v.tree >= 0 && fs_read(a, fs_join(a, dir, "files"), LIST_MAX, &list) == 0 &&
		  holds_all(&v, list);

	if (ok)
		count(&v);
	if (v.tree >= 0)
		close(v.tree);
	arena_destroy(a);
	return ok && v.found == v.listed;
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
