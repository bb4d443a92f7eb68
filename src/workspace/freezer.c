#include "workspace/freezer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SKIPPED_MAX 1000
#define TELL_MS 250

/* --- saying
 * ---------------------------------------------------------------------------------------------- */

static void say(json_t *doc)
{
	struct buf b;
	struct str rest;

	buf_init(&b, MIB(16));
	buf_add_value(&b, doc);
	buf_addc(&b, '\n');
	for (rest = buf_str(&b); rest.n;) {
		ssize_t n = write(STDOUT_FILENO, rest.p, rest.n);

		if (n <= 0)
			_exit(1);
		rest = str_skip(rest, (size_t)n);
	}
	buf_fini(&b);
	json_decref(doc);
}

_Noreturn static void die_of(int code, const char *what, const char *why, const char *fix)
{
	say(json_pack("{s:{s:s, s:o, s:s, s:i}}", "error", "what", what, "why", json_cstr(why),
	    "fix", fix, "code", code));
	exit(1);
}

void freezer_die(const char *what, const char *why, const char *fix)
{
	die_of(-EINVAL, what, why, fix);
}

void freezer_cannot_write(int code)
{
	die_of(code, "the snapshot cannot be written", err_name(code), "make room on the disk");
}

void freezer_cannot_run(int code)
{
	die_of(code, "git cannot be started", err_name(code), "");
}

void freezer_killed(void)
{
	die_of(-ECHILD, "the repository could not be frozen", "git was killed", "");
}

void freezer_put(int fd, struct str text)
{
	ssize_t n = 0;

	for (; fd >= 0 && text.n && n >= 0; text = str_skip(text, (size_t)n))
		n = write(fd, text.p, text.n);
	if (fd < 0 || n < 0)
		freezer_cannot_write(-errno);
	close(fd);
}

void freezer_tell(struct freezer *z, const char *phase)
{
	msec_t now = clock_boot();

	if (now - z->told_at < TELL_MS && z->phase == phase)
		return;
	z->told_at = now;
	z->phase = phase;
	say(json_pack("{s:{s:s, s:I, s:I}}", "progress", "phase", phase, "files",
	    (json_int_t)z->files, "bytes", (json_int_t)z->bytes));
}

void freezer_skip(struct freezer *z, struct str path, const char *why)
{
	if (z->n_skipped++ < SKIPPED_MAX)
		json_array_append_new(
		    z->skipped, json_pack("{s:o, s:s}", "path", json_text(path), "why", why));
}

void freezer_list(struct freezer *z, struct str path, unsigned long long lines, unsigned flags)
{
	if (json_array_size(z->inventory) >= COVERAGE_FILES_MAX ||
	    z->inventory_bytes + path.n > COVERAGE_NAMES_MAX)
		return;
	z->inventory_bytes += path.n;
	json_array_append_new(
	    z->inventory, json_pack("[o, I, i]", json_text(path), (json_int_t)lines, (int)flags));
}

/* --- which files
 * ------------------------------------------------------------------------------------------- */

struct names {
	struct str *v;
	size_t n, cap;
};

static struct names found;

static void take_name(struct freezer *z, struct str record)
{
	if (found.n >= SNAPSHOT_FILES_MAX + 1000) {
		freezer_skip(z, record, "the snapshot is full: 500,000 files");
		return;
	}
	if (found.n == found.cap) {
		found.cap = found.cap ? found.cap * 2 : 1024;
		found.v = xrealloc(found.v, found.cap * sizeof(*found.v));
	}
	found.v[found.n++] = arena_dup(z->arena, record);
}

/* "TAG PATH" of ls-files -t. */
static struct str path_of(struct str record)
{
	return str_skip(record, 2);
}

static int name_cmp(const void *a, const void *b)
{
	return str_cmp(path_of(*(const struct str *)a), path_of(*(const struct str *)b));
}

/* Tracked and untracked, ignored ones not; sorted by bytes, so that the list is the same anywhere.
 */
static void copy_tree(struct freezer *z)
{
	static const char *const args[] = { "ls-files", "-z", "-t", "--cached", "--others",
		"--exclude-standard", NULL };

	freezer_tell(z, "list");
	if (git_records(z, args, take_name) != 0)
		freezer_die("the repository cannot be listed",
		    "its index or its objects are damaged",
		    "git status in the repository says more");
	if (found.n)
		qsort(found.v, found.n, sizeof(*found.v), name_cmp);
	for (size_t i = 0; i < found.n; i++)
		if (!i || !str_eq(path_of(found.v[i]), path_of(found.v[i - 1])))
			copy_path(z, path_of(found.v[i]), found.v[i].p[0]);
}

/* "100644 blob SHA SIZE\tPATH" of ls-tree --long. */
static void copy_entry(struct freezer *z, struct str record)
{
	struct str rest = record, head = str_split(&rest, '\t');
	struct str mode = str_split(&head, ' '), type = str_split(&head, ' '),
		   sha = str_split(&head, ' ');
	unsigned long long size = 0;
	struct str text;

	if (!rest.p)
		return;
	if (!str_is(type, "blob")) {
		freezer_skip(z, rest, "a directory of its own (submodule or nested repository)");
		return;
	}
	bool there = str_to_u64(str_trim(head), 1ULL << 40, &size); /* else it says BAD */

	if (size > SNAPSHOT_FILE_MAX) {
		freezer_skip(z, rest, "larger than 8 MiB");
		return;
	}
	if (!there || git_blob(z, sha, SNAPSHOT_FILE_MAX, &text) < 0) {
		freezer_skip(z, rest, "its object is missing");
		return;
	}
	copy_blob(z, rest, arena_cstr(z->arena, mode), text);
}

static void copy_commit(struct freezer *z)
{
	const char *const args[] = { "ls-tree", "-r", "-z", "--long", "--full-tree", z->commit,
		NULL };

	freezer_tell(z, "list");
	if (git_records(z, args, take_name) != 0)
		freezer_die("the commit cannot be listed", z->commit,
		    "git fsck in the repository says more");
	for (size_t i = 0; i < found.n; i++)
		copy_entry(z, found.v[i]);
}

/* --- all of it
 * --------------------------------------------------------------------------------------------------
 */

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		freezer_die("the repository cannot be read", err_name(-errno), "");
	return fd;
}

static void open_all(struct freezer *z)
{
	const char *tree = arena_printf(z->arena, "%s/tree", places.out);

	umask(022);
	z->repo = open_dir(places.repo);
	if (mkdir(tree, 0755) < 0)
		freezer_cannot_write(-errno);
	z->tree = open_dir(tree);
	z->list = open(arena_printf(z->arena, "%s/files", places.out),
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0644);
	if (z->list < 0)
		freezer_cannot_write(-errno);
}

static json_t *repo_facts(struct freezer *z)
{
	json_t *repo = json_pack("{s:o, s:o, s:b, s:O, s:I, s:I, s:o, s:O, s:I, s:s}", "commit",
	    json_cstr(z->commit), "branch", json_cstr(z->branch), "dirty", z->dirty, "changed",
	    z->changed, "files", (json_int_t)z->files, "bytes", (json_int_t)z->bytes, "languages",
	    measure_languages(z->measure), "skipped", z->skipped, "n_skipped",
	    (json_int_t)z->n_skipped, "kind",
	    !z->is_git	  ? "dir"
	    : z->has_head ? "git"
			  : "empty");

	return repo;
}

int freeze_main(int argc, char **argv)
{
	struct freezer z = {
		.skipped = json_array(), .changed = json_array(), .inventory = json_array()
	};

	if (argc < 10)
		return 2;
	signal(SIGPIPE, SIG_IGN); /* a git that ends early is not the end of us */
	z.arena = arena_create("freezer", GIB(2));
	places = (struct places){ .arena = z.arena,
		.repo = argv[6],
		.out = argv[7],
		.git = arena_printf(z.arena, "%s/git", argv[7]),
		.admin = argv[8],
		.common = argv[9],
		.objects = argv + 10 };
	map_init(&z.seen, z.arena);
	buf_init(&z.passed_over, MIB(16));
	buf_init(&z.untracked, MIB(64));
	z.is_git = strcmp(argv[2], "git") == 0;
	z.at = argv[3];
	z.base = argv[4];
	z.focus = str_from(argv[5]);
	z.measure = measure_create(z.arena, z.focus);
	open_all(&z);
	freezer_tell(&z, "git");
	git_prepare(&z);
	z.has_head = z.is_git && git_head(&z);
	if (z.at[0] && !z.has_head)
		freezer_die("the commit cannot be found",
		    arena_printf(z.arena, "git does not know \"%s\" in this repository", z.at),
		    "name a commit, a branch or a tag with --at");
	if (z.at[0])
		copy_commit(&z);
	else
		copy_tree(&z);
	freezer_tell(&z, "signals");
	git_changes(&z);
	change_make(&z);
	if (!z.is_git || !z.has_head)
		z.commit[0] = '\0';
	say(json_pack("{s:{s:o, s:o, s:o}}", "done", "repo", repo_facts(&z), "signals",
	    measure_signals(z.measure, &z), "inventory", z.inventory));
	return 0;
}
