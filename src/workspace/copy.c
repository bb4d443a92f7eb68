/* Files into the snapshot: regular ones and safe links, everything else is named and left out. */
#include "workspace/freezer.h"

#include "evidence/coverage.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_IS_TAKEN "there is already something of its name"

static char file_buffer[SNAPSHOT_FILE_MAX + 1]; /* one process, one file at a time */

static int open_in(int root, const char *path, int flags)
{
	return fs_open_below(root, path, (unsigned)(flags | O_NOCTTY | O_NONBLOCK),
	    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

/*
 * The directories above PATH, made once each. A tree may hold a name twice, as a link and as a
 * directory: nothing is written through what is not a directory that we made.
 */
static bool make_parents(struct freezer *z, struct str path)
{
	for (size_t i = 1; i < path.n; i++) {
		struct str dir = { path.p, i };
		char *name;
		int fd;

		if (path.p[i] != '/' || map_get(&z->seen, dir))
			continue;
		name = arena_cstr(z->arena, dir);
		if (mkdirat(z->tree, name, 0755) < 0 && errno != EEXIST)
			freezer_cannot_write(-errno);
		fd = open_in(z->tree, name, O_RDONLY | O_DIRECTORY);
		if (fd < 0) {
			freezer_skip(z, path, "its path leads through what is no directory");
			return false;
		}
		close(fd);
		map_put(&z->seen, dir, z);
	}
	return true;
}

/* What a path must not hold; a tree object of a hostile repository can hold anything. */
static const char *why_not(struct str path)
{
	if (!path.n || path.n >= PATH_BYTES_MAX)
		return "its path is too long";
	while (path.p) {
		struct str part = str_split(&path, '/');

		if (!part.n || str_is(part, ".") || str_is(part, ".."))
			return "its path leaves the tree";
		if (str_eq_nocase(part, STR(".git")))
			return "it belongs to git itself";
	}
	return NULL;
}

static bool is_admissible(struct freezer *z, struct str path)
{
	const char *why = why_not(path);

	if (!why && z->files >= SNAPSHOT_FILES_MAX)
		why = "the snapshot is full: 500,000 files";
	if (!why && z->bytes >= SNAPSHOT_BYTES_MAX)
		why = "the snapshot is full: 4 GiB";
	if (why)
		freezer_skip(z, path, why);
	return !why;
}

static void list_add(struct freezer *z, const char *mode, struct str path, struct str text)
{
	char hex[SHA256_HEX];
	struct buf b;

	sha256_of(text, hex);
	buf_init(&b, PATH_BYTES_MAX + 256);
	buf_printf(&b, "%s %zu %s %.*s", mode, text.n, hex, STR_ARG(path));
	buf_addc(&b, '\0');
	if (write(z->list, b.p, b.n) != (ssize_t)b.n)
		freezer_cannot_write(-errno);
	buf_fini(&b);
	z->files++;
	z->bytes += text.n;
	freezer_tell(z, "copy");
}

static void write_file(struct freezer *z, const char *path, const char *mode, struct str text)
{
	unsigned long long lines;
	unsigned flags;
	int fd = openat(z->tree, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    strcmp(mode, "100755") == 0 ? 0755 : 0644);
	if (fd < 0 && errno == EEXIST) {
		freezer_skip(z, str_from(path), NAME_IS_TAKEN);
		return;
	}
	freezer_put(fd, text);
	list_add(z, mode, str_from(path), text);
	lines = measure_file(z->measure, str_from(path), text, &flags);
	freezer_list(z, str_from(path), lines, flags);
}

/*
 * A link is kept when it is relative and climbs at its beginning only, and not above the root. What
 * climbs later may climb from where another link led.
 */
static const char *why_not_link(struct str path, struct str target)
{
	int depth = 0;
	bool down = false;

	for (size_t i = 0; i < path.n; i++)
		depth += path.p[i] == '/';
	if (!target.n || target.p[0] == '/')
		return "a link that leads out of the tree";
	while (target.p) {
		struct str part = str_split(&target, '/');
		bool up = str_is(part, "..");

		if (up && (down || --depth < 0))
			return down ? "a link that climbs after it went down"
				    : "a link that leads out of the tree";
		down |= !up && part.n && !str_is(part, ".");
	}
	return NULL;
}

static void write_link(struct freezer *z, struct str path, struct str target)
{
	const char *why = why_not_link(path, target);

	if (!why &&
	    symlinkat(arena_cstr(z->arena, target), z->tree, arena_cstr(z->arena, path)) < 0)
		why = NAME_IS_TAKEN;
	if (why) {
		freezer_skip(z, path, why);
		return;
	}
	list_add(z, "120000", path, target);
	freezer_list(z, path, 0, INVENTORY_LINK);
}

void copy_blob(struct freezer *z, struct str path, const char *mode, struct str text)
{
	if (!is_admissible(z, path) || !make_parents(z, path))
		return;
	if (strcmp(mode, "120000") == 0)
		write_link(z, path, text);
	else
		write_file(z, arena_cstr(z->arena, path), mode, text);
}

/* --- from the working tree
 * ---------------------------------------------------------------------------- */

static const char *kind_of(mode_t mode)
{
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	if (S_ISDIR(mode))
		return "a directory of its own (submodule or nested repository)";
	return "a device";
}

static void pass_over(struct freezer *z, struct str path, char tag, const char *why)
{
	freezer_skip(z, path, why);
	if (tag == '?')
		return;
	buf_add(&z->passed_over, path);
	buf_addc(&z->passed_over, '\0');
}

static void copy_link(struct freezer *z, struct str path, const char *name)
{
	char target[PATH_BYTES_MAX];
	int fd = fs_open_below(z->repo, name, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target));

	if (fd >= 0)
		close(fd);
	if (n <= 0 || (size_t)n == sizeof(target)) {
		freezer_skip(z, path, "a link that cannot be read");
		return;
	}
	if (make_parents(z, path))
		write_link(z, path, (struct str){ target, (size_t)n });
}

/* Into the buffer; how many bytes. More than SNAPSHOT_FILE_MAX: there are still more. */
static size_t read_all(int fd)
{
	size_t at = 0;

	while (at < sizeof(file_buffer)) {
		ssize_t n = read(fd, file_buffer + at, sizeof(file_buffer) - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return at;
}

static void copy_regular(
    struct freezer *z, struct str path, const char *name, char tag, const struct stat *st)
{
	int fd = open_in(z->repo, name, O_RDONLY);

	if (fd < 0) {
		pass_over(z, path, tag, fd == -EACCES ? "it may not be read" : "it vanished");
		return;
	}
	size_t at = read_all(fd);

	close(fd);
	if (at > SNAPSHOT_FILE_MAX) {
		freezer_skip(z, path, "larger than 8 MiB");
		return;
	}
	if (make_parents(z, path))
		write_file(z, name, st->st_mode & S_IXUSR ? "100755" : "100644",
		    (struct str){ file_buffer, at });
}

unsigned long long copy_lines(struct freezer *z, struct str path)
{
	int fd = open_in(z->tree, arena_cstr(z->arena, path), O_RDONLY);
	struct str text = { file_buffer, 0 };

	if (fd < 0)
		return 0;
	text.n = read_all(fd);
	close(fd);
	return memchr(text.p, 0, text.n < KIB(8) ? text.n : KIB(8)) ? 0 : measure_lines(text);
}

bool copy_text(struct freezer *z, struct str path, struct str *ret, const char **ret_mode)
{
	const char *name = arena_cstr(z->arena, path);
	struct stat st;

	if (why_not(path) || fstatat(z->tree, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret = (struct str){ file_buffer, 0 };
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(z->tree, name, file_buffer, PATH_BYTES_MAX);

		ret->n = n > 0 ? (size_t)n : 0;
		*ret_mode = "120000";
		return n > 0;
	}
	int fd = S_ISREG(st.st_mode) ? open_in(z->tree, name, O_RDONLY) : -1;

	if (fd < 0)
		return false;
	ret->n = read_all(fd);
	close(fd);
	*ret_mode = st.st_mode & S_IXUSR ? "100755" : "100644";
	return true;
}

void copy_path(struct freezer *z, struct str path, char tag)
{
	char *name;
	struct stat st;

	if (str_ends(path, STR("/"))) {
		freezer_skip(z, path, kind_of(S_IFDIR));
		return;
	}
	if (!is_admissible(z, path))
		return;
	name = arena_cstr(z->arena, path);
	if (fstatat(z->repo, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (tag == 'S')
			freezer_skip(z, path, "it is not checked out (sparse checkout)");
		return; /* else it is tracked, but deleted in the working tree */
	}
	if (S_ISLNK(st.st_mode))
		copy_link(z, path, name);
	else if (S_ISDIR(st.st_mode))
		freezer_skip(z, path, kind_of(st.st_mode));
	else if (!S_ISREG(st.st_mode))
		pass_over(z, path, tag, kind_of(st.st_mode));
	else if ((unsigned long long)st.st_size > SNAPSHOT_FILE_MAX)
		freezer_skip(z, path, "larger than 8 MiB");
	else
		copy_regular(z, path, name, tag, &st);
}
