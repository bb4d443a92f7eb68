#include "web/asset.h"

static const char plain_shell[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<title><!--title--></title>\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<link rel=\"stylesheet\" href=\"/assets/plain.css\">\n<!--head-->\n</head>\n<body>\n"
    "<header><a href=\"/\">tutti</a></header>\n<main id=\"main\"><!--body--></main>\n"
    "</body>\n</html>\n";

static void add_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '&':
			buf_adds(b, "&amp;");
			break;
		case '<':
			buf_adds(b, "&lt;");
			break;
		case '>':
			buf_adds(b, "&gt;");
			break;
		case '"':
			buf_adds(b, "&quot;");
			break;
		default:
			buf_addc(b, s.p[i]);
		}
}

static void add_title(struct buf *b, struct str title)
{
	add_text(b, title);
	if (title.n && !str_is(title, "tutti"))
		buf_adds(b, " · ");
	if (!str_is(title, "tutti"))
		buf_adds(b, "tutti");
}

/* Reports can be read before any script runs, so their looks are asked for by the document. */
static void add_styles(struct buf *b)
{
	struct str rest = web_report_styles;

	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct str path = str_take(rest, end ? (size_t)(end - rest.p) : rest.n);

		buf_printf(b, "<link rel=\"stylesheet\" href=\"%.*s\">\n", STR_ARG(path));
		rest = str_skip(rest, path.n + 1);
	}
}

/* Adds what stands before MARK in REST, which is then what stands behind it. */
static void add_until(struct buf *b, struct str *rest, const char *mark)
{
	const char *at = memmem(rest->p, rest->n, mark, strlen(mark));
	size_t n = at ? (size_t)(at - rest->p) : rest->n;

	buf_add(b, str_take(*rest, n));
	*rest = str_skip(*rest, at ? n + strlen(mark) : n);
}

void web_page(struct buf *b, struct str title, struct str body)
{
	struct str rest = web_is_built() ? web_shell : STR(plain_shell);

	add_until(b, &rest, "<!--title-->");
	add_title(b, title);
	add_until(b, &rest, "<!--head-->");
	if (body.n)
		add_styles(b);
	add_until(b, &rest, "<!--body-->");
	buf_add(b, body);
	buf_add(b, rest);
}

static void add_run(struct buf *b, const struct web_run *r)
{
	buf_adds(b, "<li><span class=\"status\">");
	add_text(b, r->status);
	buf_adds(b, "</span> <a href=\"/runs/");
	add_text(b, r->id);
	buf_adds(b, r->report ? "/report.html\">" : "\">");
	add_text(b, r->question.n ? r->question : r->id);
	buf_adds(b, "</a><br><small>");
	add_text(b, r->flow);
	buf_adds(b, ", ");
	add_text(b, r->size);
	buf_adds(b, ", ");
	add_text(b, r->started);
	if (r->outcome.n) {
		buf_adds(b, ". ");
		add_text(b, r->outcome);
	}
	buf_adds(b, "</small></li>\n");
}

void web_plain_runs(struct buf *b, const struct web_run *runs, size_t n)
{
	buf_adds(b,
	    "<h1>Runs</h1>\n<p>This tutti was built without its page: runs and reports can be "
	    "read here, and everything else is done in a terminal.</p>\n");
	if (!n) {
		buf_adds(b, "<p>No runs yet. Start one:</p>\n"
			    "<pre>tutti run research \"polling or webhooks?\"</pre>\n");
		return;
	}
	buf_adds(b, "<ul class=\"runs\">\n");
	for (size_t i = 0; i < n; i++)
		add_run(b, &runs[i]);
	buf_adds(b, "</ul>\n");
}
