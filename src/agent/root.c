/* Files beneath the repository: openat2 keeps us inside, whatever a path or a link says. */
#include "agent/priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WALK_DEPTH_MAX 64

int root_open(struct root *r, const char *path)
{
	r->git = "/repo-git";
	r->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r->fd < 0 ? -errno : 0;
}

int root_at(const struct root *r, struct str path, int flags)
{
	char name[PATH_BYTES_MAX];
	/* openat2 takes nothing beside O_PATH that does not belong there */
	unsigned more = flags & O_PATH ? O_CLOEXEC : O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct open_how how = { .flags = (unsigned)flags | more,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };

	while (path.n && path.p[0] == '/')
		path = str_skip(path, 1);
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	if (path.n >= sizeof(name) || (path.n && memchr(path.p, 0, path.n)))
		return -ENAMETOOLONG;
	memcpy(name, path.n ? path.p : ".", path.n ? path.n : 1);
	name[path.n ? path.n : 1] = '\0';

	int fd = (int)syscall(SYS_openat2, r->fd, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
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
	struct arena *arena;
	root_fn fn;
	void *ctx;
};

static bool walk_dir(struct walk *w, struct str path, unsigned depth);

static bool walk_entry(struct walk *w, struct str dir, const char *name, unsigned depth)
{
	struct str path = dir.n ? str_from(arena_printf(w->arena, "%.*s/%s", STR_ARG(dir), name))
				: arena_dup(w->arena, str_from(name));
	struct stat st;
	int fd = root_at(w->root, path, O_PATH | O_NOFOLLOW);

	if (fd < 0)
		return true;
	int rc = fstat(fd, &st);

	close(fd);
	if (rc < 0)
		return true;
	if (S_ISDIR(st.st_mode))
		return walk_dir(w, path, depth + 1);
	return !S_ISREG(st.st_mode) || w->fn(w->ctx, path, (size_t)st.st_size);
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of a directory, sorted, one after the other in NAMES; the array is heap. */
static const char **list_names(DIR *d, struct buf *names, size_t *ret_n)
{
	struct dirent *e;
	size_t n = 0, at = 0;

	while ((e = readdir(d)) && names->n < MIB(15))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			buf_add(names, (struct str){ e->d_name, strlen(e->d_name) + 1 });
			n++;
		}
	const char **v = xalloc((n + 1) * sizeof(*v));

	for (size_t i = 0; i < n; i++) {
		v[i] = names->p + at;
		at += strlen(v[i]) + 1;
	}
	qsort(v, n, sizeof(*v), name_cmp);
	*ret_n = n;
	return v;
}

/* The directory is closed before we go deeper, so that few descriptors are open. */
static bool walk_dir(struct walk *w, struct str path, unsigned depth)
{
	int fd = depth < WALK_DEPTH_MAX ? root_at(w->root, path, O_RDONLY | O_DIRECTORY) : -1;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	bool go_on = true;
	struct buf names;
	size_t n;

	if (!d && fd >= 0)
		close(fd);
	if (!d)
		return true;
	buf_init(&names, MIB(16));
	const char **v = list_names(d, &names, &n);

	closedir(d);
	for (size_t i = 0; i < n && go_on; i++)
		go_on = walk_entry(w, path, v[i], depth);
	free(v);
	buf_fini(&names);
	return go_on;
}

void root_walk(const struct root *r, struct arena *a, struct str path, root_fn fn, void *ctx)
{
	struct walk w = { r, a, fn, ctx };

	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	if (str_is(path, "."))
		path.n = 0;
	walk_dir(&w, path, 0);
}
