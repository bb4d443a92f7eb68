#include "cli/kept.h"

#include "store/pages.h"
#include "store/pages_sum.h"
#include "store/pages_torn.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#define WITNESS "epoch" /* the owner's, since its first time (hub/epoch.h) */

static long long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? errno == ENOENT ? 0 : -1 : (long long)st.st_size;
}

/* What a dying owner saved of it, the newest. */
static const char *rescued(struct arena *a, const char *path)
{
	const char *file = NULL;
	glob_t found;

	if (glob(arena_printf(a, "%s.rescued-*", path), GLOB_NOSORT, NULL, &found) != 0)
		return NULL;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (!file || strcmp(found.gl_pathv[i], file) > 0)
			file = found.gl_pathv[i];
	file = file ? arena_cstr(a, str_from(file)) : NULL;
	globfree(&found);
	return file;
}

static int is_gone(struct arena *a, const char *data, const char *path, struct err *err)
{
	const char *file = rescued(a, path);

	err_set(err, -ENOENT, "the database %.180s is %s", path,
	    fs_exists(path) ? "empty" : "not there");
	err_why(err, "there were runs in it; somebody has removed or emptied it");
	if (file)
		err_fix(err, "tutti db restore %.400s", file);
	else
		err_fix(err,
		    "put it back, or a backup: tutti db restore FILE\n"
		    "to begin without it: rm %.300s/%s",
		    data, WITNESS);
	return err_more(err, "data");
}

static void count_flaw(void *ctx, const char *where, const char *what)
{
	(void)where;
	(void)what;
	++*(unsigned long long *)ctx;
}

/* As its own beginning says. */
static struct page_layout layout_of(const char *path)
{
	unsigned char header[PAGE_HEADER];
	struct page_layout l = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return l;
	if (pread(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header))
		l = page_layout(header);
	close(fd);
	return l;
}

/*
 * Too short a file is whole when its log has the rest, or a journal how it was before: somebody was
 * killed while he wrote it.
 */
static int check_length(struct arena *a, const char *path, long long size, struct err *err)
{
	struct page_layout layout = layout_of(path);
	long long told = (long long)layout.n * layout.size;
	unsigned long long flaws = 0;
	struct pages_found found;

	if (size >= told || size_of(arena_printf(a, "%s-journal", path)) > 0)
		return 0;
	int rc = pages_check(path, count_flaw, &flaws, &found, err);

	if (rc || !flaws)
		return rc;
	err_set(err, -EBADMSG, "the database %.180s is damaged", path);
	err_why(err, "it was cut short: it has %lld bytes of %lld", size, told);
	err_fix(err, "tutti db verify    (says what is left)\n"
		     "tutti db restore FILE    (puts a backup back)");
	return err_more(err, "data");
}

int kept_there(struct arena *a, const char *data, struct err *err)
{
	const char *path = fs_join(a, data, "tutti.db");

	if (size_of(path) == 0 &&
	    (fs_exists(fs_join(a, data, WITNESS)) || size_of(arena_printf(a, "%s-wal", path)) > 0))
		return is_gone(a, data, path, err);
	return 0;
}

bool kept_anything(struct arena *a, const char *data)
{
	const char *path = fs_join(a, data, "tutti.db");
	long long size = size_of(path);

	if (fs_exists(fs_join(a, data, WITNESS)) || size_of(arena_printf(a, "%s-wal", path)) != 0)
		return true;
	return size != 0 && layout_of(path).n != 1 && !torn_beginning(path, size);
}

int kept_whole(struct arena *a, const char *data, struct err *err)
{
	const char *path = fs_join(a, data, "tutti.db");
	int rc = kept_there(a, data, err);
	long long size = size_of(path);

	return rc || size <= 0 ? rc : check_length(a, path, size, err);
}
