/* Files beneath the repository: openat2 keeps us inside, whatever a path or a link says. */
#include "agent/priv.h"

#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WALK_DEPTH_MAX 64

/* /repo-git beside /repo, or, where there is no root of its own, git beside tree. */
static void find_git(struct root *r, const char *path)
{
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash - path) : 0;

	snprintf(r->beside, sizeof(r->beside), "%.*s/%s", n, path,
	    slash && strcmp(slash, "/tree") == 0 ? "git" : "repo-git");
	r->git = r->beside;
}

int root_open(struct root *r, const char *path)
{
	find_git(r, path);
	r->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r->fd < 0 ? -errno : 0;
}

struct str root_path(struct str path)
{
	while (str_starts(path, STR("/")) || str_starts(path, STR("./")))
		path = str_skip(path, path.p[0] == '/' ? 1 : 2);
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	return str_is(path, ".") ? str_take(path, 0) : path;
}

const char *root_why(int rc)
{
	if (rc == -EXDEV)
		return "it leads out of the repository";
	if (rc == -EINVAL || rc == -ENXIO)
		return "it is no regular file";
	return err_name(rc);
}

int root_at(const struct root *r, struct str path, int flags)
{
	char name[PATH_BYTES_MAX];
	/* openat2 takes nothing beside O_PATH that does not belong there */
	unsigned more = flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK;

	path = root_path(path);
	if (path.n >= sizeof(name) || (path.n && memchr(path.p, 0, path.n)))
		return -ENAMETOOLONG;
	memcpy(name, path.n ? path.p : ".", path.n ? path.n : 1);
	name[path.n ? path.n : 1] = '\0';
	return fs_open_below(
	    r->fd, name, (unsigned)flags | more, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

static int read_fd(int fd, char *p, size_t n, size_t *ret)
{
	size_t at = 0;
	ssize_t got = 1;

	while (at < n && got > 0) {
		got = read(fd, p + at, n - at);
		if (got < 0 && errno != EINTR)
			return -errno;
		at += got > 0 ? (size_t)got : 0;
		got = got < 0 ? 1 : got;
	}
	*ret = at;
	return 0;
}

int root_read(const struct root *r, struct arena *a, struct str path, size_t max, struct str *ret)
{
	int fd = root_at(r, path, O_RDONLY);
	struct stat st;

	if (fd < 0)
		return fd;
	int rc = fstat(fd, &st) < 0 ? -errno : 0;

	if (!rc && !S_ISREG(st.st_mode))
		rc = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (!rc && (unsigned long long)st.st_size > max)
		rc = -E2BIG;
	if (!rc) {
		char *p = arena_alloc(a, (size_t)st.st_size + 1);

		ret->p = p;
		rc = read_fd(fd, p, (size_t)st.st_size, &ret->n);
	}
	close(fd);
	return rc;
}

/* --- walking -----------------------------------------------------------------------------------
 */

struct walk {
	const struct root *root;
	root_fn fn;
	void *ctx;
	char path[PATH_BYTES_MAX]; /* where we are */
	size_t n, missed;
};

static int is_entry(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int root_list(const struct root *r, struct str path, struct dirent ***ret)
{
	int fd = root_at(r, path, O_RDONLY | O_DIRECTORY);
	int n = fd < 0 ? fd : scandirat(fd, ".", ret, is_entry, by_name);

	if (fd < 0)
		return fd;
	n = n < 0 ? -errno : n;
	close(fd);
	return n;
}

static int walk_dir(struct walk *w, unsigned depth);

/* 0: go on, 1: enough, or why it could not be looked at. */
static int walk_here(struct walk *w, unsigned depth)
{
	struct str path = { w->path, w->n };
	int fd = root_at(w->root, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return fd;
	int rc = fstat(fd, &st) < 0 ? -errno : 0;

	close(fd);
	if (rc)
		return rc;
	if (S_ISDIR(st.st_mode))
		return depth < WALK_DEPTH_MAX ? walk_dir(w, depth + 1) : -E2BIG;
	return S_ISREG(st.st_mode) && !w->fn(w->ctx, path, (size_t)st.st_size);
}

static int walk_entry(struct walk *w, const char *name, unsigned depth)
{
	size_t before = w->n, room = sizeof(w->path) - before;
	int more = snprintf(w->path + before, room, "%s%s", before ? "/" : "", name);
	int rc = -ENAMETOOLONG;

	if ((size_t)more < room) {
		w->n += (size_t)more;
		rc = walk_here(w, depth);
	}
	w->n = before;
	w->missed += rc < 0;
	return rc > 0;
}

/* The directory is closed before we go deeper, so that few descriptors are open. */
static int walk_dir(struct walk *w, unsigned depth)
{
	struct dirent **v;
	int n = root_list(w->root, (struct str){ w->path, w->n }, &v), rc = 0;

	for (int i = 0; i < n; i++) {
		if (!rc)
			rc = walk_entry(w, v[i]->d_name, depth);
		free(v[i]);
	}
	if (n >= 0)
		free(v);
	return n < 0 ? n : rc;
}

int root_walk(const struct root *r, struct str path, root_fn fn, void *ctx, size_t *ret_missed)
{
	struct walk w = { .root = r, .fn = fn, .ctx = ctx };

	path = root_path(path);
	if (path.n >= sizeof(w.path))
		return -ENAMETOOLONG;
	memcpy(w.path, path.n ? path.p : "", path.n);
	w.n = path.n;
	int rc = walk_dir(&w, 0);

	*ret_missed = w.missed;
	return rc < 0 ? rc : 0;
}
