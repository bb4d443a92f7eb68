/* Where what was cut off is kept, how much there is of it, and what goes for something new. */
#include "worker/spill_priv.h"

#include "base/buf.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGAIN "again." /* in names of a second round */

_Static_assert(SPILL_HOUSE_MAX >= 2 * SPILL_ATTEMPT_MAX, "one may stay while another is written");

static const char *const names[SPILL_STREAMS] = {
	[SPILL_OUTPUT] = "output", [SPILL_ERRORS] = "errors", [SPILL_ANSWER] = "answer"
};

const char *spill_stream_name(enum spill_stream stream)
{
	return names[stream];
}

struct spills *spills_create(const char *data)
{
	struct spills *s = xalloc(sizeof(*s));

	s->data = data ? xstrdup(data) : NULL;
	list_init(&s->open);
	return s;
}

void spills_destroy(struct spills *s)
{
	if (!s)
		return;
	free(s->data);
	free(s);
}

/* The name alone. */
static void base_name(const struct spill *sp, enum spill_stream stream, char *buf, size_t size)
{
	snprintf(buf, size, "%lld.%u.%s%s", (long long)sp->position, sp->epoch,
	    sp->again ? AGAIN : "", names[stream]);
}

void spill_name(const struct spill *sp, enum spill_stream stream, char *buf, size_t size)
{
	int n = snprintf(buf, size, SPILL_PLACE "/%s/", sp->run);

	base_name(sp, stream, buf + n, size - (size_t)n);
}

/* --- directories ------------------------------------------------------------------------ */

/* Never through a link: AT is our own data directory, or one of these. */
static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The same, made if need be; AT is closed. NEW counts those that were. */
static int make_dir(int at, const char *name, unsigned *new)
{
	bool made = mkdirat(at, name, 0700) == 0;
	int fd = made || errno == EEXIST ? open_dir(at, name) : -errno;

	*new += made;
	close(at);
	return fd;
}

static int open_data(const char *data)
{
	int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* NAME in AT, which is closed. */
static int step_into(int at, const char *name)
{
	int fd = at < 0 ? at : open_dir(at, name);

	if (at >= 0)
		close(at);
	return fd;
}

/* What is in DATA/spill, or in RUN of it. */
static int open_list(const char *data, const char *run, DIR **ret)
{
	int fd = step_into(open_data(data), SPILL_PLACE);

	if (run)
		fd = step_into(fd, run);
	if (fd < 0)
		return fd;
	*ret = fs_dir_of(fd);
	if (*ret)
		return 0;
	int rc = -errno;

	close(fd);
	return rc;
}

/* --- how much there is ------------------------------------------------------------------ */

static bool is_open(const struct spills *s, const char *run)
{
	list_each (&s->open, it)
		if (strcmp(list_item(it, struct spill, list)->run, run) == 0)
			return true;
	return false;
}

static unsigned long long bytes_in(int at, const char *run, struct timespec *ret_changed)
{
	int fd = open_dir(at, run);
	DIR *d = fd < 0 ? NULL : fs_dir_of(fd);
	unsigned long long n = 0;
	struct dirent *e;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		*ret_changed = st.st_mtim;
	while (d && (e = readdir(d)))
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			n += (unsigned long long)st.st_size;
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return n;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Counts all of it; OLDEST becomes the run that would go first, "" when none may. */
static void measure(struct spills *s, const char *sparing, char oldest[ID_RUN_SIZE])
{
	struct timespec least = { 0 };
	struct dirent *e;
	DIR *d;

	s->measured = true;
	s->used = s->runs = 0;
	oldest[0] = '\0';
	if (open_list(s->data, NULL, &d) < 0)
		return;
	while ((e = readdir(d))) {
		struct timespec changed = { 0 };

		if (strncmp(e->d_name, "r-", 2) != 0 || strlen(e->d_name) >= ID_RUN_SIZE)
			continue; /* not ours */
		s->used += bytes_in(dirfd(d), e->d_name, &changed);
		s->runs++;
		if (strcmp(e->d_name, sparing) == 0 || is_open(s, e->d_name) ||
		    (oldest[0] && !is_before(&changed, &least)))
			continue;
		least = changed;
		snprintf(oldest, ID_RUN_SIZE, "%.*s", ID_RUN_SIZE - 1, e->d_name);
	}
	closedir(d);
}

static bool is_short(const struct spills *s)
{
	return !s->measured || s->used + SPILL_ATTEMPT_MAX > SPILL_HOUSE_MAX ||
	       s->runs >= SPILL_RUNS_MAX;
}

/* The run that was written to longest ago goes first; one that is being written to, never. */
static void make_room(struct spills *s, const char *sparing)
{
	char oldest[ID_RUN_SIZE], path[PATH_BYTES_MAX], last[ID_RUN_SIZE] = "";

	while (is_short(s)) {
		measure(s, sparing, oldest);
		if (!is_short(s) || !oldest[0] || strcmp(oldest, last) == 0)
			return;
		snprintf(last, sizeof(last), "%s", oldest);
		if (snprintf(path, sizeof(path), "%s/" SPILL_PLACE "/%s", s->data, oldest) <
		    (int)sizeof(path))
			fs_remove_tree(path);
	}
}

/* --- files ------------------------------------------------------------------------------ */

/* The directory of SP's run. */
static int open_run(struct spill *sp)
{
	unsigned ignored = 0;
	int fd = open_data(sp->house->data);

	if (fd >= 0)
		fd = make_dir(fd, SPILL_PLACE, &ignored);
	return fd < 0 ? fd : make_dir(fd, sp->run, &sp->house->runs);
}

int spill_open(struct spill *sp, enum spill_stream stream, int *ret_fd)
{
	char name[48];

	make_room(sp->house, sp->run);
	int dir = open_run(sp);

	if (dir < 0)
		return dir;
	base_name(sp, stream, name, sizeof(name));
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -errno : 0;

	close(dir);
	if (!rc)
		*ret_fd = fd;
	return rc;
}

void spill_unlink(const struct spill *sp, enum spill_stream stream)
{
	char name[48];
	DIR *d;

	if (open_list(sp->house->data, sp->run, &d) < 0)
		return;
	base_name(sp, stream, name, sizeof(name));
	unlinkat(dirfd(d), name, 0);
	closedir(d);
}

/* --- what is there ---------------------------------------------------------------------- */

/* The other way round. */
static bool parse_name(struct str name, struct spill_found *ret)
{
	struct str position = str_split(&name, '.'), epoch = str_split(&name, '.');
	unsigned long long n, m;

	if (!name.p || !str_to_u64(position, INT64_MAX, &n) || !str_to_u64(epoch, UINT32_MAX, &m))
		return false;
	ret->position = (int64_t)n;
	ret->epoch = (unsigned)m;
	ret->again = str_starts(name, STR(AGAIN));
	if (ret->again)
		name = str_skip(name, strlen(AGAIN));
	for (ret->stream = 0; ret->stream < SPILL_STREAMS; ret->stream++)
		if (str_is(name, names[ret->stream]))
			return true;
	return false;
}

static int compare(const void *left, const void *right)
{
	const struct spill_found *a = left, *b = right;

	if (a->position != b->position)
		return a->position < b->position ? -1 : 1;
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	if (a->again != b->again)
		return a->again ? 1 : -1;
	return (int)a->stream - (int)b->stream;
}

int spill_list(
    struct arena *a, const char *data, const char *run, struct spill_found **ret, size_t *ret_n)
{
	struct buf all;
	struct dirent *e;
	struct stat st;
	DIR *d;
	int rc = open_list(data, run, &d);

	*ret_n = 0;
	*ret = NULL;
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	buf_init(&all, MIB(16));
	while ((e = readdir(d))) {
		struct spill_found one = { 0 };

		if (!parse_name(str_from(e->d_name), &one) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		one.bytes = (unsigned long long)st.st_size;
		one.file = arena_printf(a, SPILL_PLACE "/%s/%s", run, e->d_name);
		buf_add(&all, (struct str){ (const char *)&one, sizeof(one) });
	}
	closedir(d);
	*ret_n = all.n / sizeof(**ret);
	*ret = arena_array(a, *ret_n, sizeof(**ret));
	if (*ret_n)
		memcpy(*ret, all.p, *ret_n * sizeof(**ret));
	buf_fini(&all);
	qsort(*ret, *ret_n, sizeof(**ret), compare);
	return 0;
}
