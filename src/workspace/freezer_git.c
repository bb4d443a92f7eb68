/* git, behind the fence, on a directory of our own making. */
#include "workspace/freezer.h"

#include "base/unconst.h"

#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INDEX_MAX MIB(512)
#define REFS_MAX MIB(64)
#define LOOSE_REFS_MAX 20000

/* --- places
 * ---------------------------------------------------------------------------------------------- */

struct places places;

static const char *in(const char *dir, const char *name)
{
	return arena_printf(places.arena, "%s/%s", dir, name);
}

#define ADMIN(name) in(places.admin, name)
#define COMMON(name) in(places.common, name)
#define GIT(name) in(places.git, name)

/* --- a directory of our own
 * ---------------------------------------------------------------------------- */

static void write_text(const char *path, struct str text)
{
	freezer_put(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644), text);
}

static void copy_if_there(const char *from, const char *to, size_t max)
{
	struct arena *a = arena_create("copy", max + MIB(1));
	struct str text;

	if (fs_read(a, from, max, &text) == 0)
		write_text(to, text);
	arena_destroy(a);
}

static void copy_refs(struct freezer *z, const char *sub, unsigned *budget, unsigned depth)
{
	const char *from = COMMON(sub);
	const char *to = GIT(sub);
	DIR *d = depth < 16 ? fs_dir(from) : NULL;
	struct dirent *e;
	int rc = fs_mkdirs(to, 0755);

	while (d && rc == 0 && *budget && (e = readdir(d))) {
		char *name = arena_printf(z->arena, "%s/%s", sub, e->d_name);
		struct stat st;

		if (e->d_name[0] == '.' ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		--*budget;
		if (S_ISDIR(st.st_mode))
			copy_refs(z, name, budget, depth + 1);
		else if (S_ISREG(st.st_mode))
			copy_if_there(COMMON(name), GIT(name), KIB(4));
	}
	if (d)
		closedir(d);
}

/* One value of the repository's own configuration, asked for by name and believed only as far as
 * the list of known values goes. */
static bool config_is(const char *key, const char *value)
{
	const char *const args[] = { "config", "--file", COMMON("config"), "--no-includes", "--get",
		key, NULL };
	struct buf said;
	bool cut;

	buf_init(&said, KIB(1));
	bool is = git_read(args, 64, &said, &cut) == 0 && str_is(str_trim(buf_str(&said)), value);

	buf_fini(&said);
	return is;
}

static void write_config(struct freezer *z)
{
	bool sha256 = z->is_git && config_is("extensions.objectformat", "sha256");

	write_text(GIT("config"),
	    str_from(arena_printf(z->arena,
		"[core]\n\trepositoryformatversion = %d\n\tbare = false\n\tfilemode = %s\n"
		"\tcheckStat = minimal\n\ttrustctime = false\n\tfsmonitor = false\n"
		"\tuntrackedCache = false\n\thooksPath = /dev/null\n\tattributesFile = /dev/null\n"
		"\texcludesFile = /dev/null\n\tquotePath = false\n[gc]\n\tauto = 0\n"
		"[protocol]\n\tallow = never\n%s",
		sha256, z->is_git && config_is("core.filemode", "false") ? "false" : "true",
		sha256 ? "[extensions]\n\tobjectformat = sha256\n" : "")));
}

/*
 * Relative, so that they hold behind the fence and in place: links beside the git directory, which
 * lead where this program sees the objects and later where the host has them (freeze.c); behind the
 * fence they are shown at that very place.
 */
static void write_alternates(struct freezer *z)
{
	struct buf b;

	buf_init(&b, KIB(4));
	for (size_t i = 0; places.objects[i]; i++) {
		const char *name = arena_printf(z->arena, "repo-objects/%zu", i);

		if (!i && mkdir(in(places.out, "repo-objects"), 0755) < 0)
			freezer_cannot_write(-errno);
		if (symlink(places.objects[i], in(places.out, name)) < 0)
			freezer_cannot_write(-errno);
		buf_printf(&b, "../../%s\n", name);
	}
	write_text(GIT("objects/info/alternates"), buf_str(&b));
	buf_fini(&b);
}

static void copy_shared_index(void)
{
	DIR *d = fs_dir(places.admin);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strncmp(e->d_name, "sharedindex.", 12) == 0)
			copy_if_there(ADMIN(e->d_name), GIT(e->d_name), INDEX_MAX);
	if (d)
		closedir(d);
}

/* Without a sound HEAD git says of everything that it is no repository. */
static struct str read_head(struct freezer *z)
{
	struct str text = { "", 0 };
	int rc = fs_read(z->arena, ADMIN("HEAD"), KIB(4), &text);
	struct str id = str_rtrim(text);
	size_t hex = 0;

	while (hex < id.n && memchr("0123456789abcdef", id.p[hex], 16))
		hex++;
	bool is_id = hex == id.n && (hex == 40 || hex == 64);

	if (rc < 0 || (!is_id && !str_starts(text, STR("ref: refs/"))))
		freezer_die("the repository's HEAD cannot be read",
		    rc < 0 ? err_name(rc) : "it names neither a branch nor a commit",
		    "git symbolic-ref HEAD refs/heads/BRANCH names one");
	return text;
}

void git_prepare(struct freezer *z)
{
	const char *const dirs[] = { GIT("objects/info"), GIT("refs/heads"), GIT("info"), NULL };
	unsigned budget = LOOSE_REFS_MAX;

	for (size_t i = 0; dirs[i]; i++)
		if (fs_mkdirs(dirs[i], 0755) < 0)
			freezer_cannot_write(-errno);
	write_text(GIT("HEAD"), z->is_git ? read_head(z) : STR("ref: refs/heads/main\n"));
	write_alternates(z);
	/* above all .gitattributes: none of them hides a file from a diff */
	write_text(GIT("info/attributes"), STR("* !diff\n"));
	if (z->is_git) {
		copy_if_there(COMMON("packed-refs"), GIT("packed-refs"), REFS_MAX);
		copy_if_there(COMMON("shallow"), GIT("shallow"), MIB(16));
		copy_if_there(COMMON("info/exclude"), GIT("info/exclude"), MIB(1));
		copy_if_there(ADMIN("index"), GIT("index"), INDEX_MAX);
		copy_shared_index();
		copy_refs(z, "refs", &budget, 0);
	}
	write_config(z);
}

/* --- running it
 * ---------------------------------------------------------------------------------------------- */

static const char *const *environment(void)
{
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent",
		arena_printf(places.arena, "GIT_DIR=%s", places.git),
		arena_printf(places.arena, "GIT_WORK_TREE=%s", places.repo),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_OPTIONAL_LOCKS=0", "GIT_PAGER=cat", "GIT_NO_LAZY_FETCH=1",
		"GIT_ATTR_NOSYSTEM=1", "GIT_LITERAL_PATHSPECS=1", NULL };
	const char **copy = arena_alloc(places.arena, sizeof(env));

	memcpy(copy, env, sizeof(env));
	return copy;
}

static pid_t run_with(const char *const *args, int in, int out)
{
	const char *argv[40] = { "git", "--no-pager" };
	size_t n = 2;

	while (*args && n < 39)
		argv[n++] = *args++;
	pid_t pid = fork();

	if (pid < 0)
		freezer_cannot_run(-errno);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(in >= 0 ? in : null, 0);
		dup2(out, 1);
		dup2(null, 2);
		if (chdir(places.repo) < 0)
			_exit(126);
		execve("/usr/bin/git", unconst(argv), unconst(environment()));
		_exit(127);
	}
	return pid;
}

static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		freezer_cannot_run(-errno);
}

/* What git says goes to *RET_FROM. */
static pid_t run(const char *const *args, int *ret_from)
{
	int ends[2];

	make_pipe(ends);
	pid_t pid = run_with(args, -1, ends[1]);

	close(ends[1]);
	*ret_from = ends[0];
	return pid;
}

/* How it ended. A signal that it gave itself cause for, at a broken object say, is an answer: -1.
 */
static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		freezer_killed();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int git_records(struct freezer *z, const char *const *args, record_fn fn)
{
	char chunk[KIB(64)];
	struct buf held;
	int from;
	pid_t pid = run(args, &from);
	ssize_t n;

	buf_init(&held, MIB(1));
	while ((n = read(from, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
		struct str rest = { chunk, n > 0 ? (size_t)n : 0 };
		ptrdiff_t at;

		while ((at = str_chr(rest, '\0')) >= 0) {
			buf_add(&held, str_take(rest, (size_t)at));
			fn(z, buf_str(&held));
			buf_clear(&held);
			rest = str_skip(rest, (size_t)at + 1);
		}
		buf_add(&held, rest);
	}
	if (held.n)
		fn(z, buf_str(&held));
	buf_fini(&held);
	close(from);
	return wait_for(pid);
}

int git_read(const char *const *args, size_t max, struct buf *ret, bool *ret_cut)
{
	char chunk[KIB(64)];
	int from;
	pid_t pid = run(args, &from);
	ssize_t n = 0;

	*ret_cut = false;
	while (!*ret_cut &&
	       ((n = read(from, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))) {
		struct str got = { chunk, n > 0 ? (size_t)n : 0 };

		*ret_cut = ret->n + got.n > max;
		buf_add(ret, str_take(got, max - ret->n));
	}
	close(from); /* who has more to say hears it, and ends */
	return wait_for(pid) == 0 || *ret_cut ? 0 : -EIO;
}

void git_feed(const char *const *args, struct str text)
{
	int in[2], null;

	make_pipe(in);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = run_with(args, in[0], null);

	close(in[0]);
	while (text.n) {
		ssize_t n = write(in[1], text.p, text.n);

		if (n <= 0)
			break;
		text = str_skip(text, (size_t)n);
	}
	close(in[1]);
	close(null);
	wait_for(pid);
}

void git_ignore(struct freezer *z, struct str record)
{
	(void)z;
	(void)record;
}

/* --- facts
 * ------------------------------------------------------------------------------------------------------
 */

static void take_commit(struct freezer *z, struct str record)
{
	struct str s = str_trim(record);

	if (s.n && s.n < sizeof(z->commit))
		snprintf(z->commit, sizeof(z->commit), "%.*s", STR_ARG(s));
}

static void take_branch(struct freezer *z, struct str record)
{
	struct str s = str_trim(record);

	snprintf(z->branch, sizeof(z->branch), "%.*s", STR_ARG(str_take(s, 200)));
}

/* There is no commit yet, or there is one that cannot be read: these are not the same. */
static void check_unborn(struct freezer *z)
{
	const char *const args[] = { "rev-parse", "--verify", "--quiet", "HEAD", NULL };
	struct str head = { "", 0 };

	if (fs_read(z->arena, GIT("HEAD"), KIB(4), &head) == 0 && str_starts(head, STR("ref: ")))
		head = str_rtrim(str_skip(head, 5));
	if (git_records(z, args, git_ignore) == 0 || fs_exists(GIT(arena_cstr(z->arena, head))))
		freezer_die("the commit that is checked out cannot be read",
		    "HEAD names it, but its object is missing or damaged", GIT_FSCK);
}

bool git_is_commit(struct freezer *z, const char *rev, record_fn fn)
{
	const char *const args[] = { "rev-parse", "--verify", "--quiet", "--end-of-options",
		arena_printf(z->arena, "%s^{commit}", rev), NULL };

	return rev[0] != '^' && git_records(z, args, fn) == 0;
}

bool git_head(struct freezer *z)
{
	struct str line;

	if (!git_is_commit(z, z->at[0] ? z->at : "HEAD", take_commit)) {
		if (!z->at[0])
			check_unborn(z);
		return false;
	}
	if (!z->at[0] && fs_read(z->arena, GIT("HEAD"), KIB(4), &line) == 0 &&
	    str_starts(line, STR("ref: refs/heads/")))
		take_branch(z, str_skip(line, 16));
	return true;
}

/* --- blobs
 * ----------------------------------------------------------------------------------------------------------
 */

static struct {
	int to, from;
	pid_t pid;
	struct arena *arena;
} cat;

static void cat_start(void)
{
	const char *const args[] = { "cat-file", "--batch", NULL };
	int in[2], out[2];

	make_pipe(in);
	make_pipe(out);
	cat.pid = run_with(args, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	cat.to = in[1];
	cat.from = out[0];
}

/* It has nothing to say any more: it gave up on an object, say, and the next one gets another. */
static int cat_end(void)
{
	close(cat.to);
	close(cat.from);
	wait_for(cat.pid);
	cat.pid = 0;
	return -EIO;
}

static int read_exactly(char *p, size_t n)
{
	while (n) {
		ssize_t got = read(cat.from, p, n);

		if (got <= 0)
			return -EIO;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

static int read_line(char *line, size_t max)
{
	size_t n = 0;

	while (n + 1 < max) {
		if (read(cat.from, line + n, 1) != 1)
			return -EIO;
		if (line[n] == '\n') {
			line[n] = '\0';
			return 0;
		}
		n++;
	}
	return -E2BIG;
}

int git_blob(struct freezer *z, struct str sha, size_t max, struct str *ret)
{
	char head[256];
	unsigned long long size = 0;

	(void)z;
	if (!cat.pid)
		cat_start();
	arena_destroy(cat.arena);
	cat.arena = arena_create("blob", SNAPSHOT_FILE_MAX + MIB(1));
	if (dprintf(cat.to, "%.*s\n", STR_ARG(sha)) < 0 || read_line(head, sizeof(head)) < 0)
		return cat_end();
	const char *last = strrchr(head, ' ');

	if (!last || !str_to_u64(str_from(last + 1), 1ULL << 40, &size))
		return -ENOENT;
	if (size > max)
		return -E2BIG; /* callers look at the size first; the batch is out of step now */
	char *p = arena_alloc(cat.arena, (size_t)size + 1);

	*ret = (struct str){ p, (size_t)size };
	return read_exactly(p, (size_t)size + 1) < 0 ? cat_end() : 0;
}
