#include "sys/fs.h"

#include "base/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPEN_TRIES 1000
#define TEMP ".new-" /* behind it the process */

DIR *fs_dir(const char *path)
{
	DIR *d = opendir(path);

	if (!d && errno == ENOMEM)
		out_of_memory("directory", 0);
	return d;
}

DIR *fs_dir_of(int fd)
{
	DIR *d = fdopendir(fd);

	if (!d && errno == ENOMEM)
		out_of_memory("directory", 0);
	return d;
}

int fs_digest_fd(int fd, char hex[SHA256_HEX])
{
	char bytes[KIB(64)];
	struct sha256 sha;
	off_t at = 0;
	ssize_t n;

	sha256_begin(&sha);
	while ((n = pread(fd, bytes, sizeof(bytes), at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		sha256_add(&sha, (struct str){ bytes, (size_t)n });
		at += n;
	}
	sha256_end(&sha, hex);
	return 0;
}

int fs_digest(const char *path, char hex[SHA256_HEX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	int rc = fs_digest_fd(fd, hex);

	close(fd);
	return rc;
}

int fs_scan(const char *path, struct dirent ***ret)
{
	int n = scandir(path, ret, NULL, alphasort);

	if (n < 0 && errno == ENOMEM)
		out_of_memory("directory", 0);
	return n;
}

FILE *fs_file(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f && errno == ENOMEM)
		out_of_memory("file", 0);
	return f;
}

char *fs_real(const char *path)
{
	char *real = realpath(path, NULL);

	if (!real && errno == ENOMEM)
		out_of_memory("path", 0);
	return real;
}

static int read_all(int fd, char *p, size_t n, size_t *ret)
{
	size_t at = 0;

	while (at < n) {
		ssize_t got = read(fd, p + at, n - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		at += (size_t)got;
	}
	*ret = at;
	return 0;
}

int fs_read_fd(struct arena *a, int fd, size_t max, struct str *ret)
{
	struct stat st;
	int rc = fstat(fd, &st) < 0 ? -errno : 0;

	if (!rc && !S_ISREG(st.st_mode))
		rc = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (!rc && (size_t)st.st_size > max)
		rc = -E2BIG;
	if (!rc) {
		char *p = arena_alloc(a, (size_t)st.st_size + 1);
		size_t n;

		rc = read_all(fd, p, (size_t)st.st_size, &n);
		if (!rc)
			*ret = (struct str){ p, n };
	}
	return rc;
}

int fs_read(struct arena *a, const char *path, size_t max, struct str *ret)
{
	/* a FIFO must not hang us, hence O_NONBLOCK before we know what it is */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	int rc = fs_read_fd(a, fd, max, ret);

	close(fd);
	return rc;
}

static int write_all(int fd, struct str text)
{
	while (text.n) {
		ssize_t put = write(fd, text.p, text.n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		text = str_skip(text, (size_t)put);
	}
	return 0;
}

static void sync_parent(const char *path)
{
	char dir[PATH_BYTES_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	char *slash = strrchr(dir, '/');

	if (!slash)
		snprintf(dir, sizeof(dir), ".");
	else
		slash[slash == dir] = '\0';
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

/* Beside PATH, and then in its place: a reader sees the old text or the new one, never half. */
static int replace(const char *path, struct str text, unsigned mode)
{
	char temp[PATH_BYTES_MAX];

	if (snprintf(temp, sizeof(temp), "%s" TEMP "%d", path, (int)getpid()) >= (int)sizeof(temp))
		return -ENAMETOOLONG;
	unlink(temp);
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int rc = fd < 0 ? -errno : write_all(fd, text);

	if (!rc && fsync(fd) < 0)
		rc = -errno;
	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = -errno;
	if (!rc && rename(temp, path) < 0)
		rc = -errno;
	if (rc)
		unlink(temp);
	else
		sync_parent(path);
	return rc;
}

/* What stands there stays; a pipe that nobody reads does not hold us up. */
static int write_to(const char *path, struct str text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc = fd < 0 || fcntl(fd, F_SETFL, 0) < 0 ? -errno : write_all(fd, text);

	if (fd >= 0)
		close(fd);
	return rc;
}

/*
 * Devices, pipes, and what /dev and /proc name by links (/dev/stdout). Any other link may have been
 * planted by a repository, and is replaced like a file.
 */
static bool is_written_to(const char *path)
{
	bool system = strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
	struct stat st;

	if (lstat(path, &st) < 0)
		return false;
	return !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && (system || !S_ISLNK(st.st_mode));
}

int fs_write(const char *path, struct str text, unsigned mode, struct err *err)
{
	int rc = is_written_to(path) ? write_to(path, text) : replace(path, text, mode);

	if (!rc)
		return 0;
	err_set(err, rc, "cannot write %s", path);
	return err_why(err, "%s", err_name(rc));
}

/* NAME as `replace` makes it, by a process that cannot go on with it. */
static bool is_left(const char *name)
{
	const char *pid = strstr(name, TEMP);
	char *end;

	if (!pid || pid == name)
		return false;
	long n = strtol(pid + strlen(TEMP), &end, 10);

	return n > 0 && !*end && kill((pid_t)n, 0) < 0 && errno == ESRCH;
}

void fs_sweep(const char *dir)
{
	DIR *d = fs_dir(dir);

	for (struct dirent *e; d && (e = readdir(d));)
		if (is_left(e->d_name))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

int fs_mkdirs(const char *path, unsigned mode)
{
	char dir[PATH_BYTES_MAX];

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return -ENAMETOOLONG;
	for (char *p = dir + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(dir, mode) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	if (mkdir(dir, mode) < 0 && errno != EEXIST)
		return -errno;
	struct stat st;

	return stat(dir, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Best effort: what cannot be opened up cannot be removed, and then it stays. */
static bool make_removable(int dir, const char *name)
{
	return fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * Removes the directory NAME of TOP: its files, and its directories by moving them up into TOP,
 * where they are found later. So no path is ever long and nothing is open for long, however deep a
 * tree.
 */
static bool remove_dir(int top, const char *name, unsigned *serial)
{
	make_removable(top, name);
	int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fs_dir_of(fd);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char to[32];

		if (is_dots(e->d_name) || unlinkat(fd, e->d_name, 0) == 0)
			continue;
		snprintf(to, sizeof(to), "%u.removed", ++*serial);
		make_removable(fd, e->d_name);
		renameat(fd, e->d_name, top, to);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return unlinkat(top, name, AT_REMOVEDIR) == 0;
}

void fs_remove_tree(const char *path)
{
	unsigned serial = 0;
	bool progress = unlink(path) < 0;

	make_removable(AT_FDCWD, path);
	int top = progress ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	DIR *d = top < 0 ? NULL : fs_dir_of(top);

	while (d && progress) {
		struct dirent *e;

		progress = false;
		rewinddir(d);
		while ((e = readdir(d)))
			if (!is_dots(e->d_name) && (unlinkat(top, e->d_name, 0) == 0 ||
						       remove_dir(top, e->d_name, &serial)))
				progress = true;
	}
	if (d)
		closedir(d);
	else if (top >= 0)
		close(top);
	rmdir(path);
}

int fs_open_below(int dir, const char *path, unsigned flags, uint64_t resolve)
{
	const struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	long fd = -1;

	for (unsigned tries = 0; tries < OPEN_TRIES; tries++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

bool fs_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

int fs_self(struct arena *a, char **ret)
{
	char path[PATH_BYTES_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return -errno;
	*ret = arena_cstr(a, (struct str){ path, (size_t)n });
	return 0;
}

char *fs_join(struct arena *a, const char *dir, const char *name)
{
	return arena_printf(a, "%s/%s", dir, name);
}

char *fs_which(struct arena *a, const char *name)
{
	struct str rest = str_from(getenv("PATH"));

	while (rest.p) {
		struct str dir = str_split(&rest, ':');
		struct stat st;

		if (dir.n == 0 || dir.p[0] != '/')
			continue;
		char *path = arena_printf(a, "%.*s/%s", STR_ARG(dir), name);

		if (access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
			return path;
	}
	return NULL;
}
