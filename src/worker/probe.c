#include "worker/probe.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "sys/fs.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WALL_MS 20000
#define SAID_MAX KIB(4)
#define VERSION_LONGEST 40
#define KEPT_MAX 64 /* programs */
#define KEPT_BYTES KIB(64)
#define INSIDE "/opt/program"

/* --- what is kept ------------------------------------------------------------------------ */

static json_t *stamp_of(const struct stat *st)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "inode", (json_int_t)st->st_ino, "size",
	    (json_int_t)st->st_size, "mtime", (json_int_t)st->st_mtim.tv_sec, "nanoseconds",
	    (json_int_t)st->st_mtim.tv_nsec);
}

static const char *recall(const struct probe *p, const char *path, const struct stat *st)
{
	const json_t *one = json_get_object(p->known, path);
	json_t *stamp = stamp_of(st);
	bool same = json_equal(json_get_object(one, "file"), stamp);

	json_decref(stamp);
	const char *version = same ? json_get_cstr(one, "version", NULL) : NULL;

	return version ? arena_cstr(p->arena, str_from(version)) : NULL;
}

static void keep(struct probe *p, const char *path, const struct stat *st, const char *version)
{
	if (json_object_size(p->known) >= KEPT_MAX)
		json_object_clear(p->known);
	json_object_set_new(
	    p->known, path, json_pack("{s:o, s:s}", "file", stamp_of(st), "version", version));
	p->changed = true;
}

void probe_open(struct probe *p, struct arena *a, struct sandbox *sandbox, const char *file)
{
	struct str text;

	*p = (struct probe){ .arena = a, .sandbox = sandbox, .file = file };
	if (file && fs_read(a, file, KEPT_BYTES, &text) == 0)
		p->known = json_parse(text, NULL);
	if (!json_is_object(p->known)) {
		json_decref(p->known);
		p->known = json_object();
	}
}

void probe_close(struct probe *p)
{
	char *text = p->file && p->changed ? json_dump(p->known) : NULL;
	struct err err;

	if (text && fs_write(p->file, str_from(text), 0600, &err) < 0)
		p->changed = false; /* asked again next time */
	free(text);
	json_decref(p->known);
	p->known = NULL;
}

/* --- asking ------------------------------------------------------------------------------ */

struct question {
	struct probe *probe;
	struct fence_place place;
	struct fence_child *child;
	struct buf said;
	int from; /* its stdout and stderr */
	int status;
	struct err refusal;
	bool refused, over, silent; /* silent: nothing more comes */
	bool flooded;
};

static void on_report(void *ctx, const struct fence_report *report)
{
	struct question *q = ctx;

	if (report->event == FENCE_READY) {
		sandbox_go(q->child);
		return;
	}
	q->over = true;
	q->status = report->status;
	q->refused = report->event == FENCE_REFUSED;
	if (q->refused)
		q->refusal = *report->err;
}

/* What is there to be read. A flood has no end, so this has. */
static void drain(struct question *q)
{
	char text[1024];
	ssize_t n = 1;

	while (!q->flooded && (n = read(q->from, text, sizeof(text))) > 0) {
		q->flooded = q->said.n + (size_t)n > SAID_MAX;
		if (!q->flooded)
			buf_add(&q->said, (struct str){ text, (size_t)n });
	}
	q->silent = n == 0;
}

static int give_up(struct question *q, int rc)
{
	sandbox_kill(q->child, false);
	return rc;
}

/* 0 when it has ended; -ETIMEDOUT or -E2BIG when it had to be killed. */
static int wait_for(struct question *q)
{
	msec_t end = clock_boot() + WALL_MS;
	int rc = 0;

	while (!q->over) {
		struct pollfd p[] = { { sandbox_fd(q->probe->sandbox), POLLIN, 0 },
			{ q->from, POLLIN, 0 } };
		msec_t left = end - clock_boot();

		if (!rc && (left <= 0 || q->flooded))
			rc = give_up(q, q->flooded ? -E2BIG : -ETIMEDOUT);
		poll(p, q->silent || rc ? 1 : 2, rc ? -1 : (int)left + 1);
		drain(q);
		if (sandbox_turn(q->probe->sandbox) < 0)
			return -EPIPE;
	}
	drain(q);
	return rc ? rc : q->flooded ? -E2BIG : 0;
}

static int spawn(struct question *q, const char *path, const char *arg, struct err *err)
{
	struct arena *a = q->probe->arena;
	const char *inside = q->place.in_place ? path : INSIDE;
	const char *const argv[] = { inside, arg, NULL };
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=dumb", "NO_COLOR=1",
		arena_printf(a, "HOME=%s", q->place.home),
		arena_printf(a, "TMPDIR=%s", q->place.tmp), NULL };
	const struct fence_bind bind = { .host = path, .inside = inside };
	struct fence_spec spec = { .purpose = FENCE_COMMAND,
		.place = &q->place,
		.binds = &bind,
		.n_binds = 1,
		.argv = argv,
		.env = env,
		.cwd = q->place.tmp,
		.in = -1,
		.wall = WALL_MS };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot make a pipe");
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	q->from = ends[0];
	spec.out = spec.err = ends[1];
	int rc = sandbox_spawn(q->probe->sandbox, &spec, on_report, q, &q->child, err);

	close(ends[1]);
	return rc;
}

static int weigh(struct question *q, int rc, const char *path, const char *arg, struct err *err)
{
	struct str words =
	    utf8_cut(str_last_words(utf8_clean(q->probe->arena, buf_str(&q->said))), 200);

	if (q->refused) {
		*err = q->refusal;
		return err->code;
	}
	if (!rc && WIFEXITED(q->status) && WEXITSTATUS(q->status) == 0)
		return 0;
	err_set(err, rc ? rc : -EIO, "%s does not say its version", path);
	if (rc == -E2BIG)
		err_why(err, "\"%s\" prints more than a version", arg);
	else if (rc == -EPIPE)
		err_why(err, "the fence ended while it ran");
	else if (rc)
		err_why(err, "\"%s\" was not over after %d s", arg, WALL_MS / 1000);
	else if (WIFSIGNALED(q->status))
		err_why(err, "\"%s\" ended by signal %d", arg, WTERMSIG(q->status));
	else
		err_why(err, "\"%s\" ended with exit status %d%s%.*s", arg, WEXITSTATUS(q->status),
		    words.n ? ": " : "", STR_ARG(words));
	return err->code;
}

static int read_answer(
    struct question *q, const char *path, const char *arg, const char **ret, struct err *err)
{
	struct str version = probe_parse(buf_str(&q->said));

	*ret = arena_cstr(q->probe->arena, version);
	if (version.n)
		return 0;
	err_set(err, -ENOENT, "%s does not say its version", path);
	return err_why(err, "\"%s\" prints none", arg);
}

static int ask(
    struct probe *p, const char *path, const char *arg, const char **ret, struct err *err)
{
	struct question q = { .probe = p, .from = -1 };
	int rc = sandbox_place(p->sandbox, p->arena, FENCE_COMMAND, &q.place, err);

	if (rc)
		return rc;
	buf_init(&q.said, SAID_MAX);
	rc = spawn(&q, path, arg, err);
	if (!rc)
		rc = weigh(&q, wait_for(&q), path, arg, err);
	if (!rc)
		rc = read_answer(&q, path, arg, ret, err);
	if (q.from >= 0)
		close(q.from);
	sandbox_leave(&q.place);
	buf_fini(&q.said);
	return rc;
}

int probe_version(
    struct probe *p, const char *path, const char *arg, const char **ret, struct err *err)
{
	struct stat st;
	int rc;

	if (stat(path, &st) < 0)
		return err_set(err, -errno, "cannot read %s", path);
	*ret = recall(p, path, &st);
	if (*ret)
		return 0;
	rc = ask(p, path, arg, ret, err);
	if (!rc)
		keep(p, path, &st, *ret);
	return rc;
}

/* --- reading it ---------------------------------------------------------------------------- */

static bool is_version(struct str word)
{
	size_t digits = 0;

	while (digits < word.n && isdigit((unsigned char)word.p[digits]))
		digits++;
	if (!digits || digits + 1 >= word.n || word.p[digits] != '.' ||
	    !isdigit((unsigned char)word.p[digits + 1]) || word.n > VERSION_LONGEST)
		return false;
	for (size_t i = digits; i < word.n; i++)
		if (!isalnum((unsigned char)word.p[i]) && word.p[i] != '.' && word.p[i] != '-' &&
		    word.p[i] != '+')
			return false;
	return true;
}

struct str probe_parse(struct str text)
{
	while (text.n) {
		size_t n = 0;

		while (n < text.n && !isspace((unsigned char)text.p[n]))
			n++;
		struct str word = str_take(text, n);

		if (str_starts(word, STR("v")))
			word = str_skip(word, 1);
		if (is_version(word))
			return word;
		text = str_skip(text, n < text.n ? n + 1 : n);
	}
	return (struct str){ "", 0 };
}
