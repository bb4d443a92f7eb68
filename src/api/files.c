/* Lines of what was frozen for a run. Found in the store, read on the pool. */
#include "api/priv.h"
#include "sys/fs.h"
#include "workspace/workspace.h"

#define LINES_MOST 5000
#define LINE_MOST KIB(4)

struct slice {
	struct str path;
	long long from, to; /* 1…; to 0: as many as there may be */
	bool gone;
};

static int no_file(struct call *c, int rc)
{
	const struct slice *f = c->own;
	struct str path = str_take(f->path, 150);

	if (rc == -ENOENT)
		return err_set(
		    &c->err, rc, "%.*s is no file of run %.*s", STR_ARG(path), STR_ARG(c->row.id));
	err_set(&c->err, rc == -E2BIG ? rc : -EINVAL, "%.*s cannot be shown", STR_ARG(path));
	if (rc == -E2BIG)
		return err_why(&c->err, "it is larger than %zu MiB", SOURCE_FILE_MAX >> 20);
	return err_why(&c->err, "%s", err_name(rc));
}

static bool is_binary(struct str text)
{
	return memchr(text.p ? text.p : "", '\0', text.n < KIB(8) ? text.n : KIB(8)) != NULL;
}

static json_t *lines_of(struct slice *f, struct str text, long long *ret_total)
{
	json_t *lines = json_array();
	long long last = f->to && f->to < f->from + LINES_MOST ? f->to : f->from + LINES_MOST - 1;
	struct str rest = text;
	long long n = 0;

	while (rest.p && rest.n) {
		struct str line = str_line(&rest);

		if (++n >= f->from && n <= last)
			json_array_append_new(lines, json_text(str_take(line, LINE_MOST)));
	}
	*ret_total = n;
	f->to = n < last ? n : last;
	return lines;
}

static int read_file(struct call *c)
{
	struct slice *f = c->own;
	struct snapshot *snap = NULL;
	struct str text = { 0 };
	long long total;
	int rc = snapshot_open(fs_join(c->a, c->api->config.data, "snapshots"),
	    arena_cstr(c->a, c->row.snapshot), &snap, &c->err);

	if (rc) {
		f->gone = rc == -ENOENT;
		return rc;
	}
	rc = snapshot_read(snap, c->a, f->path, SOURCE_FILE_MAX, &text);
	snapshot_free(snap);
	if (!rc && is_binary(text)) {
		err_set(&c->err, -EINVAL, "%.*s holds no text", STR_ARG(str_take(f->path, 150)));
		return -EINVAL;
	}
	if (rc)
		return no_file(c, rc);
	json_t *lines = lines_of(f, text, &total);

	c->doc = json_pack("{s:o, s:I, s:I, s:I, s:o, s:I}", "path", json_text(f->path), "from",
	    (json_int_t)f->from, "to", (json_int_t)f->to, "total", (json_int_t)total, "lines",
	    lines, "bytes", (json_int_t)text.n);
	return 0;
}

static void is_gone(struct call *c)
{
	c->status = 404;
	call_json(c,
	    json_pack("{s:{s:s, s:o, s:s, s:[s], s:s, s:b}}", "error", "code", "not_found", "what",
		json_sprintf("the frozen files of run %.*s are gone", STR_ARG(c->row.id)), "why",
		"its snapshot is not kept any more; the report holds what was quoted of it", "fix",
		"run it again", "docs", "", "gone", 1));
}

/* Whatever came of it, answer_file tells. */
static int read_and_tell(struct call *c)
{
	int rc = read_file(c);

	if (rc && !c->err.code)
		err_set(&c->err, rc, "the file cannot be read: %s", err_name(rc));
	return 0;
}

static void answer_file(struct call *c)
{
	const struct slice *f = c->own;
	int rc = c->err.code ? c->err.code : 0;

	if (f->gone)
		is_gone(c);
	else
		call_answer(c, rc);
}

static void find_file(struct call *c)
{
	struct slice *f = c->own;

	if (c->row.snapshot.n) {
		call_work(c, read_and_tell, answer_file);
		return;
	}
	if (!str_is(c->row.status, "running") && c->row.repo.n) {
		f->gone = true;
		is_gone(c);
		return;
	}
	err_set(&c->err, -ENOENT, "nothing is frozen for run %.*s", STR_ARG(c->row.id));
	call_fail(c, -ENOENT);
}

static int nothing(struct call *c, struct store *s)
{
	(void)c;
	(void)s;
	return 0;
}

void get_files(struct call *c)
{
	struct slice *f = arena_new(c->a, struct slice);

	*f = (struct slice){ .path = call_query(c, "path") };
	c->own = f;
	if (!f->path.n || f->path.n > PATH_BYTES_MAX) {
		err_set(&c->err, -EINVAL, "which file?");
		err_fix(&c->err, "?path=src/main.c");
		call_refuse(c, 400, "bad_request");
		return;
	}
	if (call_int(c, "from", 1, INT32_MAX, 1, &f->from) &&
	    call_int(c, "to", 0, INT32_MAX, 0, &f->to))
		call_run(c, nothing, find_file);
}
