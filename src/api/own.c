#include "api/own.h"

#include "base/limits.h"
#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const struct own_kind own_kinds[TEXT_KINDS] = {
	[TEXT_FLOW] = { "flows", ".yaml", FLOW_FILE_MAX },
	[TEXT_PERSONA] = { "personas", ".md", PERSONA_FILE_MAX },
	[TEXT_CONTRACT] = { "contracts", ".md", PERSONA_FILE_MAX },
};

struct reading {
	struct arena *a;
	const char *repo;
	struct own *own;
	size_t bytes;
};

static bool refuse(struct reading *r, const char *why)
{
	r->own->refused = why;
	r->own->n = 0;
	return false;
}

static int open_in(int dir, const char *path, int flags)
{
	return fs_open_below(dir, path, (unsigned)flags | O_NOCTTY | O_NONBLOCK,
	    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* --- names -------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files of KIND in D, sorted. How many there are does not depend on the order they come in. */
static bool list_names(
    struct reading *r, DIR *d, const struct own_kind *kind, const char **names, size_t *ret_n)
{
	size_t entries = 0;
	struct dirent *e;

	while ((e = readdir(d))) {
		struct str name = str_from(e->d_name);

		if (++entries > OWN_ENTRIES_MAX)
			return refuse(r, arena_printf(r->a, "%s/.tutti/%s has more than %d entries",
					     r->repo, kind->dir, OWN_ENTRIES_MAX));
		if (name.p[0] == '.' || !str_ends(name, str_from(kind->suffix)))
			continue;
		if (*ret_n == OWN_FILES_MAX)
			return refuse(r, arena_printf(r->a, "%s/.tutti/%s has more than %d files",
					     r->repo, kind->dir, OWN_FILES_MAX));
		names[(*ret_n)++] = arena_cstr(r->a, name);
	}
	qsort(names, *ret_n, sizeof(*names), by_name);
	return true;
}

/* --- files -------------------------------------------------------------------------------- */

/* What is no file, too large or not ours to read is passed over, like a file of another name. */
static bool read_file(struct reading *r, int dir, const char *name, enum text_kind kind)
{
	struct own_text *t = &r->own->v[r->own->n];
	struct stat st;
	int fd;

	/* looked at before it is opened: opening a device may do something */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return true;
	fd = open_in(dir, name, O_RDONLY | O_NOFOLLOW);
	if (fd < 0)
		return true;
	int rc = fs_read_fd(r->a, fd, own_kinds[kind].max, &t->text);

	close(fd);
	if (rc)
		return true;
	r->bytes += t->text.n;
	if (r->bytes > OWN_BYTES_MAX)
		return refuse(r, arena_printf(r->a, "%s/.tutti has more than %zu MiB of texts",
				     r->repo, OWN_BYTES_MAX >> 20));
	t->kind = kind;
	t->file = arena_printf(r->a, "%s/.tutti/%s/%s", r->repo, own_kinds[kind].dir, name);
	r->own->n++;
	return true;
}

static bool read_kind(struct reading *r, int tutti, enum text_kind kind)
{
	const char *names[OWN_FILES_MAX];
	int fd = open_in(tutti, own_kinds[kind].dir, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fs_dir_of(fd);
	size_t n = 0;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	bool going = list_names(r, d, &own_kinds[kind], names, &n);

	for (size_t i = 0; going && i < n; i++)
		going = read_file(r, dirfd(d), names[i], kind);
	closedir(d);
	return going;
}

void own_read(struct arena *a, const char *repo, struct own *ret)
{
	struct reading r = { a, repo, ret, 0 };
	int top = open(repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int tutti = top < 0 ? -1 : open_in(top, ".tutti", O_RDONLY | O_DIRECTORY);

	*ret = (struct own){ .v = arena_array(
				 a, TEXT_KINDS * OWN_FILES_MAX, sizeof(struct own_text)) };
	for (int k = 0; tutti >= 0 && k < TEXT_KINDS; k++)
		if (!read_kind(&r, tutti, (enum text_kind)k))
			break;
	if (tutti >= 0)
		close(tutti);
	if (top >= 0)
		close(top);
}
