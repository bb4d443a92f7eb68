/*
 * Bytes that change by themselves: flips DATA N [SEED]
 *
 * N times a random byte of what a data directory keeps (database, snapshots, cut-off output)
 * becomes another one, and is put back when `tutti db verify` has looked. One JSON object goes to
 * stdout; a change that was not found is told on stderr.
 */
#include "base/json.h"
#include "base/limits.h"
#include "cli/db.h"
#include "sys/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 100000

struct file {
	char *path;
	unsigned long long from, size; /* FROM: of all files before it */
};

static struct file files[FILES_MAX];
static size_t n_files;
static unsigned long long all, seed;

static void die(const char *what)
{
	fprintf(stderr, "flips: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned long long draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void add(const char *path, off_t size)
{
	if (n_files == FILES_MAX)
		die("too many files");
	files[n_files++] = (struct file){ strdup(path), all, (unsigned long long)size };
	all += (unsigned long long)size;
}

static void add_below(const char *dir)
{
	char *const roots[] = { (char *)(uintptr_t)dir, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	while (walk && (e = fts_read(walk)))
		if (e->fts_info == FTS_F && e->fts_statp->st_size)
			add(e->fts_path, e->fts_statp->st_size);
	if (walk)
		fts_close(walk);
}

/* The database has a third of all changes, whatever else there is. */
static struct file *choose(unsigned long long *ret_at)
{
	unsigned long long at = draw() % all;
	size_t i = 0;

	if (draw() % 3 == 0)
		at = draw() % files[0].size;
	while (at >= files[i].from + files[i].size)
		i++;
	*ret_at = at - files[i].from;
	return &files[i];
}

static void change(const struct file *f, unsigned long long at, unsigned char by)
{
	struct stat st;
	unsigned char c = 0;

	if (stat(f->path, &st) < 0 || chmod(f->path, 0600) < 0)
		die(f->path);
	int fd = open(f->path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || pread(fd, &c, 1, (off_t)at) != 1)
		die(f->path);
	c ^= by;
	if (pwrite(fd, &c, 1, (off_t)at) != 1 || fchmod(fd, st.st_mode & 07777) < 0)
		die(f->path);
	close(fd);
}

static bool is_found(const char *data)
{
	struct arena *a = arena_create("flips", ARENA_JOB);
	struct err err = { 0 };
	struct db_found f = { 0 };
	bool found = db_look(a, fs_join(a, data, "tutti.db"), data, &f, &err) || f.n_flaws;

	json_decref(f.flaws);
	arena_destroy(a);
	return found;
}

int main(int argc, char **argv)
{
	unsigned long long n, missed = 0, at;

	if (argc < 3)
		return 2;
	struct arena *a = arena_create("flips", ARENA_JOB);
	const char *db = fs_join(a, argv[1], "tutti.db");
	struct stat st;

	n = strtoull(argv[2], NULL, 10);
	seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 0x9e3779b97f4a7c15ull;
	if (stat(db, &st) < 0)
		die(db);
	add(db, st.st_size);
	add_below(fs_join(a, argv[1], "snapshots"));
	add_below(fs_join(a, argv[1], "spill"));
	if (is_found(argv[1]))
		die("something is wrong before anything was changed");
	for (unsigned long long i = 0; i < n; i++) {
		struct file *f = choose(&at);
		unsigned char by = (unsigned char)(draw() % 255 + 1);

		change(f, at, by);
		if (!is_found(argv[1])) {
			missed++;
			fprintf(stderr, "not found: byte %llu of %s\n", at, f->path);
		}
		change(f, at, by);
	}
	printf("{\"changes\": %llu, \"missed\": %llu, \"files\": %zu, \"bytes\": %llu, \"whole\": "
	       "%s}\n",
	    n, missed, n_files, all, is_found(argv[1]) ? "false" : "true");
	arena_destroy(a);
	return missed > 0;
}
