/* Pages: what they are made of, signing in, and a run whose report can be read without JavaScript.
 */
#include "cli/serve.h"

#include "api/html.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "report/html.h"
#include "web/web.h"

#define RUNS "/runs/"
#define REPORT_TAIL "/report.html"

/* --- signing in --------------------------------------------------------------------------- */

static const char sign_in_text[] =
    "<h1>Sign in</h1>\n"
    "<p>This page belongs to the person who runs tutti on this machine. Ask the daemon for a link "
    "that signs you in:</p>\n"
    "<pre>tutti serve --link</pre>\n"
    "<p>It works once and for ten minutes. Its code can be put in here, too:</p>\n"
    "<form method=\"get\" action=\"/sign-in\"><label>Code <input name=\"code\" "
    "autocomplete=\"off\" spellcheck=\"false\" required></label> "
    "<button>Sign in</button></form>\n";

static void send_page(struct http_req *q, unsigned status, struct str title, struct str body)
{
	struct buf b;

	buf_init(&b, REPORT_MAX + MIB(1));
	web_page(&b, title, body);
	http_send(q, &(struct http_answer){ .status = status,
			 .type = "text/html; charset=utf-8",
			 .body = buf_str(&b),
			 .page = true });
	buf_fini(&b);
}

static void send_sign_in(struct http_req *q, const char *why)
{
	char *body = arena_printf(q->arena, "%s%s%s%s", why ? "<p role=\"alert\"><strong>" : "",
	    why ? why : "", why ? "</strong></p>\n" : "", sign_in_text);

	send_page(q, 401, STR("Sign in"), str_from(body));
}

/* A path on this host, and nothing that a browser could take for another host. */
static const char *next_of(struct http_req *q)
{
	struct str next = http_query(q, "next");

	if (next.n < 1 || next.n > 1024 || next.p[0] != '/')
		return "/";
	for (size_t i = 0; i < next.n; i++)
		if ((unsigned char)next.p[i] <= ' ' || next.p[i] == '\\' || next.p[i] == 0x7f ||
		    (i && next.p[i] == '/' && next.p[i - 1] == '/'))
			return "/";
	return arena_cstr(q->arena, next);
}

static void sign_in(struct serve *s, struct http_req *q)
{
	struct str code = http_query(q, "code");

	if (q->head || !code.n) {
		send_sign_in(q, NULL);
		return;
	}
	char *session = http_sign_in(s->http, q->arena, code);

	if (!session) {
		send_sign_in(q, "That code was used already, is too old, or never was one.");
		return;
	}
	http_send(q, &(struct http_answer){ .status = 303,
			 .type = "text/plain; charset=utf-8",
			 .body = STR("signed in\n"),
			 .location = next_of(q),
			 .cookie = session });
}

/* --- a run -------------------------------------------------------------------------------- */

struct report_page {
	struct serve *serve;
	struct http_req *q;
	struct str run, html, title, snapshot;
	bool whole; /* the one-file export, else the page with the report in it */
	struct err err;
	struct engine_facts *facts; /* once they are read, if there is a report */
	struct arena *arena;	    /* of HTML, which is made on the pool */
	uv_work_t work;
};

static int read_report(struct store *st, void *ctx)
{
	struct report_page *p = ctx;
	struct arena *a = p->q->arena;
	struct run_row row;
	int64_t key;
	int rc = engine_resolve(st, p->run, STR(""), &key, &p->err);

	if (!rc)
		rc = st->ops->run_load(st, a, key, &row);
	if (rc)
		return rc;
	p->title = row.title;
	p->snapshot = row.snapshot;
	engine_facts_free(p->facts); /* of a reading that was rolled back */
	p->facts = NULL;
	return p->whole || row.report.n ? engine_facts_read(st, key, &p->facts, &p->err) : 0;
}

/* On the pool: it reads the files that are cited. */
static void make_report(uv_work_t *work)
{
	struct report_page *p = work->data;

	p->html = html_make(p->arena, p->facts, p->serve->house.data, p->snapshot);
	if (!p->whole)
		p->html = html_body(p->html);
	engine_facts_free(p->facts);
}

/* The whole page says it in its own way; this is for who reads without scripts. */
static void send_trouble(struct report_page *p, unsigned status, int rc)
{
	struct str title = status == 404 ? STR("Not found") : STR("It cannot be read");
	struct buf b;

	buf_init(&b, KIB(64));
	buf_printf(&b, "<h1>%.*s</h1>\n<p>", STR_ARG(title));
	html_add(&b, str_from(p->err.code ? p->err.what : err_name(rc)));
	buf_adds(&b, "</p>\n<p><a href=\"/runs\">Runs</a></p>\n");
	send_page(p->q, status, title, buf_str(&b));
	buf_fini(&b);
}

static void send_report(struct report_page *p)
{
	if (p->whole)
		http_send(p->q, &(struct http_answer){ .status = 200,
				    .type = "text/html; charset=utf-8",
				    .body = p->html,
				    .report = true });
	else
		send_page(p->q, 200, p->title, p->html);
}

static void on_made(uv_work_t *work, int status)
{
	struct report_page *p = work->data;
	struct arena *arena = p->arena;

	(void)status; /* nobody cancels it */
	send_report(p);
	arena_destroy(arena);
}

static void on_report(void *ctx, int rc)
{
	struct report_page *p = ctx;

	if (rc) {
		engine_facts_free(p->facts);
		send_trouble(p, rc == -ENOENT || rc == -EEXIST ? 404 : 500, rc);
	} else if (p->facts) {
		p->arena = arena_create("page", ARENA_JOB);
		p->work.data = p;
		uv_queue_work(&p->serve->house.loop, &p->work, make_report, on_made);
	} else {
		send_report(p);
	}
}

static void open_run(struct serve *s, struct http_req *q, struct str run, bool whole)
{
	struct report_page *p = arena_new(q->arena, struct report_page);

	*p = (struct report_page){ .serve = s, .q = q, .run = run, .whole = whole };
	engine_read(s->house.engine, read_report, on_report, p);
}

/* --- without Node --------------------------------------------------------------------------- */

#define PLAIN_RUNS 100

struct plain_page {
	struct http_req *q;
	struct web_run runs[PLAIN_RUNS];
	size_t n;
};

static int read_runs(struct store *s, void *ctx)
{
	struct plain_page *p = ctx;
	struct arena *a = p->q->arena;
	const struct run_filter f = { .top_only = true, .limit = PLAIN_RUNS };
	struct run_row *rows;
	int rc = s->ops->run_list(s, a, &f, &rows, &p->n);

	for (size_t i = 0; !rc && i < p->n; i++) {
		json_t *input = json_parse(rows[i].input, NULL);
		char at[32];

		p->runs[i] = (struct web_run){ rows[i].id, rows[i].flow, rows[i].size,
			rows[i].status, json_dup_str(a, input, "question"), rows[i].outcome,
			str_from(
			    arena_cstr(a, str_from(clock_iso(rows[i].started_at, at, sizeof(at))))),
			rows[i].report.n > 0 };
		json_decref(input);
	}
	return rc;
}

static void on_runs(void *ctx, int rc)
{
	struct plain_page *p = ctx;
	struct buf b;

	buf_init(&b, MIB(4));
	web_plain_runs(&b, p->runs, rc ? 0 : p->n);
	send_page(p->q, rc ? 500 : 200, STR("Runs"), buf_str(&b));
	buf_fini(&b);
}

/* A binary that was built without the page lists its runs, and shows their reports. */
static void open_plain(struct serve *s, struct http_req *q)
{
	struct plain_page *p = arena_new(q->arena, struct plain_page);

	p->q = q;
	engine_read(s->house.engine, read_runs, on_runs, p);
}

/* --- which page --------------------------------------------------------------------------- */

static const struct {
	const char *path, *title;
	bool below; /* and what is below it */
} pages[] = {
	{ "/", "tutti", false },
	{ "/runs", "Runs", false },
	{ "/compare", "Compare", false },
	{ "/flows", "Flows", true },
	{ "/new", "Run a flow", false },
	{ "/agents", "Agents", false },
	{ "/settings", "Settings", false },
};

static const char *page_title(struct str path)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct str at = str_from(pages[i].path);

		if (str_eq(path, at) ||
		    (pages[i].below && str_starts(path, at) && path.p[at.n] == '/'))
			return pages[i].title;
	}
	return NULL;
}

/* "/runs/ID" and "/runs/ID/report.html". */
static bool is_run(struct str path, struct str *ret, bool *ret_whole)
{
	if (!str_starts(path, STR(RUNS)))
		return false;
	*ret = str_skip(path, strlen(RUNS));
	*ret_whole = str_ends(*ret, STR(REPORT_TAIL));
	if (*ret_whole)
		*ret = str_take(*ret, ret->n - strlen(REPORT_TAIL));
	return ret->n && !str_contains(*ret, STR("/"));
}

static void send_asset(struct http_req *q, const struct web_asset *asset)
{
	http_send(q, &(struct http_answer){ .status = 200,
			 .type = asset->type,
			 .body = asset->body,
			 .is_static = true,
			 .encoding = asset->encoding,
			 .etag = asset->etag,
			 .immutable = asset->immutable });
}

bool serve_open_to_all(void *ctx, enum http_method method, struct str path)
{
	struct str run;
	bool whole;

	(void)ctx;
	/* pages are let in so that they can say how to sign in; they look at who asks */
	return method == HTTP_GET &&
	       (str_is(path, "/healthz") || str_is(path, "/sign-in") || page_title(path) ||
		   is_run(path, &run, &whole) || web_find(path, (struct str){ "", 0 }));
}

/* Somebody who looks around gets a page of it; everybody else an answer of the API. */
static bool send_missing(struct http_req *q)
{
	if (q->who == HTTP_NOBODY || str_starts(q->path, STR("/api/")) ||
	    !str_contains(http_header(q, "Accept"), STR("text/html")))
		return false;
	send_page(q, 404, STR("Not found"), (struct str){ "", 0 });
	return true;
}

bool serve_page(struct serve *s, struct http_req *q)
{
	const char *title = page_title(q->path);
	const struct web_asset *asset;
	struct str run;
	bool whole, known = is_run(q->path, &run, &whole);

	if (q->method != HTTP_GET)
		return false;
	asset = web_find(q->path, http_header(q, "Accept-Encoding"));
	if (asset)
		send_asset(q, asset);
	else if (str_is(q->path, "/sign-in"))
		sign_in(s, q);
	else if (!title && !known)
		return send_missing(q);
	else if (q->who == HTTP_NOBODY)
		send_sign_in(q, NULL);
	else if (known)
		open_run(s, q, run, whole || !web_is_built());
	else if (!web_is_built())
		open_plain(s, q);
	else
		send_page(q, 200, str_from(title), (struct str){ "", 0 });
	return true;
}
