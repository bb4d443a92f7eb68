/*
 * The directory that is to be frozen, seen from outside. Two small text files of it are read here
 * (a `.git` file of a linked working tree, and objects/info/alternates), as paths and nothing else;
 * what they name is shown to the freezer behind the fence only when it looks like what it should
 * be.
 */
#include "workspace/priv.h"

#include "sys/fs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *real(struct arena *a, const char *path)
{
	char *p = fs_real(path);
	char *copy = p ? arena_cstr(a, str_from(p)) : NULL;

	free(p);
	return copy;
}

static bool is_within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* --- what is refused -----------------------------------------------------------------------------
 */

static int refuse(struct err *err, const char *path, const char *why)
{
	err_set(err, -EINVAL, "%.200s is not frozen", path);
	err_why(err, "%s", why);
	return err_fix(err, "name the repository itself with --repo DIR");
}

static int check_place(const char *state_dir, const char *root, struct err *err)
{
	const char *home = getenv("HOME");
	struct arena *a = arena_create("origin", ARENA_SMALL);
	const char *home_real = home ? real(a, home) : NULL,
		   *state = state_dir ? real(a, state_dir) : NULL;
	int rc = 0;

	if (strcmp(root, "/") == 0)
		rc = refuse(err, root, "it is the whole file system");
	else if (home_real && strcmp(root, home_real) == 0)
		rc = refuse(err, root, "it is your home directory");
	else if (state && (is_within(root, state) || is_within(state, root)))
		rc = refuse(err, root, "tutti keeps its own data in there");
	arena_destroy(a);
	return rc;
}

/* --- git
 * -----------------------------------------------------------------------------------------------
 */

static char *first_line(struct arena *a, const char *path)
{
	struct str text;

	if (fs_read(a, path, KIB(8), &text) < 0)
		return NULL;
	return arena_cstr(a, str_rtrim(str_line(&text)));
}

static char *join_path(struct arena *a, const char *base, const char *path)
{
	return path[0] == '/' ? real(a, path) : real(a, fs_join(a, base, path));
}

/* A linked working tree names its place, and that place names the tree. */
static char *linked_admin(struct arena *a, const char *root, const char *dot_git)
{
	char *line = first_line(a, dot_git), *admin, *back;

	if (!line || strncmp(line, "gitdir: ", 8) != 0)
		return NULL;
	admin = join_path(a, root, line + 8);
	back = admin ? first_line(a, fs_join(a, admin, "gitdir")) : NULL;
	back = back ? join_path(a, admin, back) : NULL;
	return back && strcmp(back, dot_git) == 0 ? admin : NULL;
}

/* What is shown to agents on the word of a repository must be what git makes. */
static bool holds_objects(struct arena *a, const char *dir)
{
	const char *base = strrchr(dir, '/');

	return base && strcmp(base, "/objects") == 0 && is_dir(fs_join(a, dir, "pack")) &&
	       is_dir(fs_join(a, dir, "info"));
}

static void add_objects(struct arena *a, struct origin *o, const char *dir, bool own)
{
	struct str text;
	size_t n = 0;

	while (n < OBJECT_DIRS_MAX && o->objects[n]) {
		if (strcmp(o->objects[n], dir) == 0)
			return;
		n++;
	}
	if (n == OBJECT_DIRS_MAX || !(own ? is_dir(dir) : holds_objects(a, dir)))
		return;
	o->objects[n] = arena_cstr(a, str_from(dir));
	if (fs_read(a, fs_join(a, dir, "info/alternates"), KIB(16), &text) < 0)
		return;
	while (text.p && text.n) {
		struct str line = str_rtrim(str_line(&text));
		char *other =
		    line.n && line.p[0] != '#' ? join_path(a, dir, arena_cstr(a, line)) : NULL;

		if (other)
			add_objects(
			    a, o, other, false); /* ends: at most OBJECT_DIRS_MAX are taken */
	}
}

/* Where the place of a linked working tree is, below COMMON/worktrees. */
static char *linked_common(struct arena *a, const char *admin)
{
	char *line = first_line(a, fs_join(a, admin, "commondir"));
	char *common = line ? join_path(a, admin, line) : NULL;

	return common && is_within(admin, fs_join(a, common, "worktrees")) ? common : NULL;
}

static void find_git(struct arena *a, struct origin *o)
{
	char *dot_git = fs_join(a, o->root, ".git"), *named, *objects;
	struct stat st;

	if (lstat(dot_git, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		o->admin = dot_git;
	else if (S_ISREG(st.st_mode))
		o->admin = linked_admin(a, o->root, dot_git);
	if (!o->admin)
		return;
	o->common = S_ISDIR(st.st_mode) ? o->admin : linked_common(a, o->admin);
	named = o->common ? fs_join(a, o->common, "objects") : NULL;
	objects = named ? real(a, named) : NULL;
	if (objects)
		add_objects(a, o, objects, strcmp(objects, named) == 0);
	if (!o->objects[0])
		o->admin = o->common = NULL; /* no repository after all */
}

/* Its files are git's own, and nobody asks about those. */
static bool is_bare(struct arena *a, const char *root)
{
	return is_dir(fs_join(a, root, "objects")) && is_dir(fs_join(a, root, "refs")) &&
	       fs_exists(fs_join(a, root, "HEAD")) && fs_exists(fs_join(a, root, "config"));
}

int origin_find(
    struct arena *a, const char *state, const char *path, struct origin *ret, struct err *err)
{
	*ret = (struct origin){ .root = real(a, path) };
	if (!ret->root) {
		int rc = err_set(err, -errno, "cannot read the repository %.200s", path);

		err_why(err, "%s", err_name(rc));
		err_fix(err, "name a directory that exists with --repo DIR");
		return rc;
	}
	if (!is_dir(ret->root))
		return refuse(err, ret->root, "it is not a directory");
	if (access(ret->root, R_OK | X_OK) < 0)
		return refuse(err, ret->root, "you may not read it");
	int rc = check_place(state, ret->root, err);

	if (!rc)
		find_git(a, ret);
	if (!rc && !ret->admin && is_bare(a, ret->root)) {
		err_set(err, -EINVAL, "%.200s is not frozen", ret->root);
		err_why(err, "it is a bare repository, without files of its own");
		return err_fix(err, "git clone %.200s makes one with files", ret->root);
	}
	return rc;
}

int workspace_place(const char *state, const char *path, struct err *err)
{
	struct arena *a = arena_create("place", ARENA_SMALL);
	struct origin o;
	int rc = origin_find(a, state, path, &o, err);

	arena_destroy(a);
	return rc;
}
