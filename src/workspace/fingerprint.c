#include "workspace/fingerprint.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE_MS 3000
#define WAIT_MS 10
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

struct walk {
	struct fingerprint *fp;
	const struct fingerprint_limits *sizes; /* only how much there is; NULL: what it is like */
	struct sha256 sha;
	int root;
	char **todo; /* directories to be looked into, relative; the last one first */
	size_t n_todo, cap_todo;
	size_t path_bytes; /* of all of them so far: it is what looking them up costs */
	char *names;	   /* of the directory in hand, each with a NUL */
	size_t n_names, cap_names;
	char **sorted;
	size_t n_sorted, cap_sorted;
	unsigned waited_ms; /* for descriptors */
};

/* --- entries ------------------------------------------------------------------------------ */

static unsigned long long nanoseconds(struct timespec t)
{
	return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

/* snprintf would be half of the time. */
static char *put_number(char *to, unsigned long long v, unsigned base)
{
	char digits[32];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + v % base);
	while (v /= base);
	while (n)
		*to++ = digits[--n];
	return to;
}

static void add_entry(struct walk *w, const char *dir, const char *name, const struct stat *st)
{
	char line[128], *p = line;
	bool regular = S_ISREG(st->st_mode);

	sha256_add(&w->sha, str_from(dir));
	if (*dir && *name)
		sha256_add(&w->sha, STR("/"));
	sha256_add(&w->sha, str_from(name));
	*p++ = '\0';
	p = put_number(p, st->st_mode, 8);
	*p++ = ' ';
	p = put_number(p, S_ISDIR(st->st_mode) ? 0 : (unsigned long long)st->st_size, 10);
	*p++ = ' ';
	p = put_number(p, nanoseconds(st->st_mtim), 10);
	*p++ = ' ';
	p = put_number(p, nanoseconds(st->st_ctim), 10);
	*p++ = '\n';
	sha256_add(&w->sha, (struct str){ line, (size_t)(p - line) });
	w->fp->count++;
	w->fp->bytes += regular ? (unsigned long long)st->st_size : 0;
}

/* Each name of a file is a share of it. */
static void add_size(struct walk *w, const struct stat *st)
{
	unsigned long long bytes = (unsigned long long)st->st_blocks * 512;

	w->fp->count++;
	w->fp->bytes += S_ISDIR(st->st_mode) || st->st_nlink < 2 ? bytes : bytes / st->st_nlink;
	w->fp->cut |= w->fp->bytes > w->sizes->bytes;
}

static void push(struct walk *w, const char *dir, const char *name)
{
	if (w->n_todo == w->cap_todo) {
		w->cap_todo = w->cap_todo ? 2 * w->cap_todo : 64;
		w->todo = xrealloc(w->todo, w->cap_todo * sizeof(*w->todo));
	}
	char *path = xprintf("%s%s%s", dir, *dir ? "/" : "", name);

	w->todo[w->n_todo++] = path;
	w->path_bytes += strlen(path);
	w->fp->cut |= w->sizes && w->path_bytes > FINGERPRINT_NAMES_MAX;
}

/* --- one directory ------------------------------------------------------------------------ */

static void keep_name(struct walk *w, const char *name)
{
	size_t n = strlen(name) + 1;

	if (w->n_names + n > w->cap_names) {
		w->cap_names = 2 * (w->n_names + n) + KIB(4);
		w->names = xrealloc(w->names, w->cap_names);
	}
	memcpy(w->names + w->n_names, name, n);
	w->n_names += n;
	w->n_sorted++;
}

static int by_bytes(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void sort_names(struct walk *w)
{
	char *p = w->names;

	if (w->n_sorted > w->cap_sorted) {
		w->cap_sorted = 2 * w->n_sorted;
		w->sorted = xrealloc(w->sorted, w->cap_sorted * sizeof(*w->sorted));
	}
	for (size_t i = 0; i < w->n_sorted; i++, p += strlen(p) + 1)
		w->sorted[i] = p;
	if (w->n_sorted)
		qsort(w->sorted, w->n_sorted, sizeof(*w->sorted), by_bytes);
}

/* The names of a directory, as many as there is room for. */
static void read_names(struct walk *w, DIR *d)
{
	unsigned long long most = w->sizes ? w->sizes->count : FINGERPRINT_MAX;
	struct dirent *e;

	w->n_names = w->n_sorted = 0;
	errno = 0;
	while (!w->fp->cut && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		w->fp->cut =
		    w->fp->count + w->n_sorted >= most || w->n_names >= FINGERPRINT_NAMES_MAX;
		if (!w->fp->cut)
			keep_name(w, e->d_name);
		errno = 0;
	}
	w->fp->unread += !w->fp->cut && errno != 0;
}

/* Whoever works in a place moves things in it; that hides nothing for longer than a look. */
static bool is_moved(const struct walk *w, int error)
{
	return w->sizes && (error == ENOENT || error == ENOTDIR || error == ELOOP ||
			       error == EAGAIN || error == EXDEV);
}

static void add_names(struct walk *w, int fd, const char *dir)
{
	const char *name = w->names;
	struct stat st;

	if (!w->sizes)
		sort_names(w);
	for (size_t i = 0; i < w->n_sorted; i++, name += strlen(name) + 1) {
		const char *it = w->sizes ? name : w->sorted[i];

		if (fstatat(fd, it, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			w->fp->unread += w->sizes ? !is_moved(w, errno) : errno != ENOENT;
			continue; /* gone meanwhile: the directory's times say so */
		}
		if (w->sizes)
			add_size(w, &st);
		else
			add_entry(w, dir, it, &st);
		if (S_ISDIR(st.st_mode))
			push(w, dir, it);
	}
}

static void look_into(struct walk *w, int fd, const char *dir)
{
	DIR *d = fs_dir_of(fd);

	if (!d) {
		close(fd);
		w->fp->unread++;
		return;
	}
	read_names(w, d);
	add_names(w, fd, dir);
	closedir(d);
}

/*
 * A look that was cut short for want of descriptors would tell of a change that was none: it waits
 * for them, on the pool, and no longer than PATIENCE_MS in all.
 */
static bool waits(struct walk *w, int fd)
{
	if (fd >= 0 || (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != EINTR))
		return false;
	if (w->waited_ms >= PATIENCE_MS)
		return false;
	if (errno != EINTR) {
		int was = errno;

		w->waited_ms += WAIT_MS;
		poll(NULL, 0, WAIT_MS);
		errno = was;
	}
	return true;
}

static int open_below(struct walk *w, const char *dir)
{
	struct open_how how = { .flags = DIRECTORY | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	int fd;

	do
		fd = (int)syscall(SYS_openat2, w->root, *dir ? dir : ".", &how, sizeof(how));
	while (waits(w, fd));
	return fd;
}

static int open_root(struct walk *w, const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags); /* NOLINT: FLAGS have O_CLOEXEC */
	while (waits(w, fd));
	return fd;
}

static void walk_all(struct walk *w)
{
	push(w, "", "");
	while (w->n_todo && !w->fp->cut) {
		char *dir = w->todo[--w->n_todo];
		int fd = open_below(w, dir);

		if (fd >= 0)
			look_into(w, fd, dir);
		else if (!is_moved(w, errno))
			w->fp->unread++;
		free(dir);
	}
	while (w->n_todo)
		free(w->todo[--w->n_todo]);
}

static void walk_root(struct walk *w)
{
	struct fingerprint *fp = w->fp;
	struct stat st;

	*fp = (struct fingerprint){ .error = 0 };
	if (w->root < 0 || fstat(w->root, &st) < 0) {
		fp->error = -errno;
		return;
	}
	fp->dev = st.st_dev;
	fp->ino = st.st_ino;
	if (w->sizes) {
		add_size(w, &st);
		walk_all(w);
		return;
	}
	sha256_begin(&w->sha);
	add_entry(w, "", "", &st);
	walk_all(w);
	sha256_end(&w->sha, fp->sha256);
}

static void walk_end(struct walk *w)
{
	if (w->root >= 0)
		close(w->root);
	free(w->todo);
	free(w->names);
	free(w->sorted);
}

void fingerprint_take(const char *path, struct fingerprint *ret)
{
	struct walk w = { .fp = ret };

	w.root = open_root(&w, path, DIRECTORY);
	walk_root(&w);
	walk_end(&w);
}

void fingerprint_sizes(
    const char *path, const struct fingerprint_limits *limits, struct fingerprint *ret)
{
	struct walk w = { .fp = ret, .sizes = limits };

	w.root = open_root(&w, path, DIRECTORY | O_NOFOLLOW);
	walk_root(&w);
	walk_end(&w);
}

/* --- programs ----------------------------------------------------------------------------- */

static bool is_same(const struct fingerprint *fp, const struct stat *st)
{
	return fp->sha256[0] && fp->dev == st->st_dev && fp->ino == st->st_ino &&
	       fp->bytes == (unsigned long long)st->st_size &&
	       nanoseconds(fp->mtime) == nanoseconds(st->st_mtim) &&
	       nanoseconds(fp->ctime) == nanoseconds(st->st_ctim);
}

void fingerprint_program(const char *path, struct fingerprint *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st = { 0 };
	int rc = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	if (!rc && !S_ISREG(st.st_mode))
		rc = -EACCES;
	if (!rc && !is_same(ret, &st)) {
		*ret = (struct fingerprint){ .dev = st.st_dev,
			.ino = st.st_ino,
			.mtime = st.st_mtim,
			.ctime = st.st_ctim,
			.count = 1,
			.bytes = (unsigned long long)st.st_size };
		rc = fs_digest_fd(fd, ret->sha256);
	}
	if (rc)
		*ret = (struct fingerprint){ .error = rc };
	if (fd >= 0)
		close(fd);
}
