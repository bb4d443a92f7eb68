/* Runs: lists, one, taking one out, and searching all. */
#include "api/priv.h"

#define LIST_DEFAULT 50
#define LIST_MOST 200

/* --- lists -------------------------------------------------------------------------------- */

struct listing {
	struct run_filter filter;
};

static json_t *snippet_of(struct call *c, struct store *s, int64_t run, struct str words)
{
	const struct text_filter f = { .words = words, .run = run, .limit = 1 };
	struct text_hit *hits;
	size_t n;

	if (s->ops->text_find(s, c->a, &f, &hits, &n) < 0 || !n)
		return json_null();
	return json_text(hits[0].snippet);
}

static int read_runs(struct call *c, struct store *s)
{
	const struct listing *l = c->own;
	struct run_filter f = l->filter;
	unsigned limit = f.limit++; /* one more tells whether there are more */
	json_t *items = json_array();
	struct run_row *rows;
	size_t n;
	int rc = s->ops->run_list(s, c->a, &f, &rows, &n);

	if (rc)
		n = 0;
	for (size_t i = 0; i < n && i < limit; i++) {
		json_t *one = views_summary_of(c->api->views, s, c->a, &rows[i]);

		if (f.words.n)
			json_object_set_new(one, "snippet", snippet_of(c, s, rows[i].key, f.words));
		json_array_append_new(items, one);
	}
	c->doc = json_pack("{s:o, s:o}", "items", items, "next",
	    n > limit ? cursor_json(rows[limit - 1].key) : json_null());
	return rc;
}

/* "2026-11-23", "2026-11-23T14:03:11Z", or milliseconds; -EINVAL: none of them. */
static int64_t read_since(struct str text)
{
	unsigned long long ms;
	struct tm tm = { 0 };
	char copy[40];

	if (!text.n)
		return 0;
	if (str_to_u64(text, INT64_MAX, &ms))
		return (int64_t)ms;
	snprintf(copy, sizeof(copy), "%.*s", STR_ARG(text));
	const char *rest = strptime(copy, "%Y-%m-%d", &tm);

	if (rest && *rest == 'T')
		rest = strptime(rest, "T%H:%M:%S", &tm);
	if (!rest || (*rest && *rest != 'Z' && *rest != '.'))
		return -EINVAL;
	return (int64_t)timegm(&tm) * 1000;
}

static int bad_word(struct call *c, const char *name, const char *words)
{
	return err_set(&c->err, -EINVAL, "%s is one of %s", name, words);
}

static int read_filter(struct call *c, struct run_filter *f)
{
	*f = (struct run_filter){ .repo = call_query(c, "repo"),
		.flow = call_query(c, "flow"),
		.status = call_query(c, "status"),
		.size = call_query(c, "size"),
		.model = call_query(c, "model"),
		.words = str_trim(call_query(c, "q")),
		.since = read_since(call_query(c, "since")),
		.before = cursor_read(call_query(c, "cursor")),
		.top_only = true };
	if (f->status.n && run_status_parse(f->status) < 0)
		return bad_word(c, "status", "running, completed, failed, cancelled");
	if (f->size.n && flow_size_parse(f->size) < 0)
		return bad_word(c, "size", "small, medium, large, auto");
	if (f->since < 0)
		return err_set(&c->err, -EINVAL, "since is a date, a time or milliseconds");
	if (f->before < 0)
		return err_set(&c->err, -EINVAL, "this cursor is none of ours");
	return 0;
}

void get_runs(struct call *c)
{
	struct listing *l = arena_new(c->a, struct listing);
	long long limit;

	if (!call_int(c, "limit", 1, LIST_MOST, LIST_DEFAULT, &limit))
		return;
	if (read_filter(c, &l->filter) < 0) {
		call_refuse(c, 400, "bad_request");
		return;
	}
	l->filter.limit = (unsigned)limit;
	c->own = l;
	call_read(c, read_runs, NULL);
}

/* --- one ---------------------------------------------------------------------------------- */

/* Somebody looks at it: what has ended does not ask for attention any more. */
static int saw(struct call *c, struct store *s)
{
	if (c->q->who != HTTP_COOKIE || !c->row.ended_at || c->row.seen)
		return 0;
	return s->ops->run_seen(s, c->key, true);
}

static int read_run(struct call *c, struct store *s)
{
	int rc = saw(c, s);

	if (!rc)
		c->doc = views_run(c->api->views, s, c->a, c->key);
	return rc ? rc : c->doc ? 0 : -ENOENT;
}

void get_run(struct call *c)
{
	call_run(c, read_run, NULL);
}

static void on_removed(void *ctx, int rc, const struct err *err)
{
	struct call *c = ctx;

	if (rc) {
		c->err = *err;
		call_fail(c, rc);
		return;
	}
	if (c->api->config.deleted)
		c->api->config.deleted(c->api->config.ctx, c->key);
	call_empty(c);
}

static void remove_it(struct call *c)
{
	engine_remove(c->api->config.engine, c->row.id, on_removed, c);
}

static int nothing(struct call *c, struct store *s)
{
	(void)c;
	(void)s;
	return 0;
}

void delete_run(struct call *c)
{
	call_run(c, nothing, remove_it);
}

/* --- search ------------------------------------------------------------------------------- */

static int read_hits(struct call *c, struct store *s)
{
	const struct text_filter *f = c->own;
	json_t *items = json_array();
	struct text_hit *hits;
	size_t n;
	int rc = s->ops->text_find(s, c->a, f, &hits, &n);

	for (size_t i = 0; !rc && i < n; i++)
		json_array_append_new(items,
		    json_pack("{s:o, s:o, s:o, s:o, s:o}", "run", json_text(hits[i].id), "step",
			views_text(hits[i].step), "kind", json_text(hits[i].kind), "title",
			json_text(hits[i].title), "snippet", json_text(hits[i].snippet)));
	c->doc = json_pack("{s:o, s:n}", "items", items, "next");
	return rc;
}

void get_search(struct call *c)
{
	struct text_filter *f = arena_new(c->a, struct text_filter);
	long long limit;

	if (!call_int(c, "limit", 1, SEARCH_HITS_MAX, 20, &limit))
		return;
	*f = (struct text_filter){ .words = call_query(c, "q"), .limit = (unsigned)limit };
	c->own = f;
	call_read(c, read_hits, NULL);
}
