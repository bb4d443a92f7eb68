#include "cli/compare.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/gate.h"

#include <unistd.h>

struct view {
	struct arena *a;
	const struct globals *g;
	struct term t;
	struct report_doc old, now;
	struct gate gate;
	const struct comparison *c;
};

/* --- for people ---------------------------------------------------------------------------- */

#define WIDTH 80
#define INDENT 11 /* severity and a blank */

static enum term_style style_of(enum severity s)
{
	if (s >= SEVERITY_HIGH)
		return STYLE_BAD;
	return s == SEVERITY_MEDIUM ? STYLE_WARN : STYLE_DIM;
}

static void add_head(struct buf *b, const struct view *v, const struct report_doc *d)
{
	const char *dot = term_glyph(&v->t, "\xc2\xb7", "-");
	bool dated = d->started.n >= 16;

	term_addf(b, &v->t, STYLE_BOLD, "%-13.*s", STR_ARG(d->id.n ? d->id : STR("a file")));

	term_add(b, &v->t, STYLE_PLAIN, STR(" "));
	term_add(b, &v->t, STYLE_PLAIN, utf8_fit(d->flow, 30));
	if (dated)
		term_addf(
		    b, &v->t, STYLE_PLAIN, " %s %.10s %.5s", dot, d->started.p, d->started.p + 11);
	if (d->repo.n)
		term_addf(b, &v->t, STYLE_DIM, " %s %.*s%s%.*s", dot,
		    STR_ARG(utf8_fit(d->repo, 12)), d->commit.n ? "@" : "",
		    STR_ARG(str_take(d->commit, 7)));
	buf_addc(b, '\n');
}

/* The title in lines of what is left of 80 columns, from column INDENT on. */
static void add_title(struct buf *b, const struct view *v, struct str title)
{
	bool first = true;

	for (title = str_trim(title); title.n || first; first = false) {
		struct str fit = utf8_fit(title, WIDTH - INDENT - 1);
		const char *blank = fit.n < title.n ? memrchr(fit.p, ' ', fit.n) : NULL;

		if (blank && blank > fit.p)
			fit.n = (size_t)(blank - fit.p);
		if (!fit.n)
			fit = title; /* narrower than one character: as it is */
		if (!first)
			buf_printf(b, "%*s", INDENT, "");
		term_add(b, &v->t, STYLE_PLAIN, fit);
		buf_addc(b, '\n');
		title = str_trim(str_skip(title, fit.n));
	}
}

static void add_detail(struct buf *b, const struct view *v, const char *text)
{
	buf_printf(b, "%*s", INDENT, "");
	term_add(b, &v->t, STYLE_DIM, utf8_fit(str_from(text), WIDTH - INDENT - 1));
	buf_addc(b, '\n');
}

static const char *place_of(const struct view *v, const struct finding *f)
{
	const struct citation *c = finding_where(f);
	unsigned line = c && c->found_line ? c->found_line : c ? c->line : 0;

	return c ? arena_printf(v->a, "%.*s:%u", STR_ARG(c->path), line) : "no place in the code";
}

/* Why what was there does not stand any more, or stands only now. */
static const char *turn_of(const struct view *v, const struct compared *p)
{
	const struct finding *other = p->change == CHANGE_GONE ? p->now : p->old;

	if (!other)
		return "";
	return arena_printf(v->a, ", %s %s",
	    other->disposition == DISPOSITION_NONE ? verdict_name(other->verdict)
						   : disposition_name(other->disposition),
	    p->change == CHANGE_GONE ? "now" : "before");
}

static void add_what_changed(struct buf *b, const struct view *v, const struct compared *p)
{
	const struct finding *old = p->old, *now = p->now;
	const char *to = term_glyph(&v->t, "\xe2\x86\x92", "->");

	if (p->differs & DIFFERS_SEVERITY)
		add_detail(b, v,
		    arena_printf(v->a, "severity: %s %s %s", severity_name(old->severity), to,
			severity_name(now->severity)));
	if (p->differs & DIFFERS_VERDICT)
		add_detail(b, v,
		    arena_printf(v->a, "verdict: %s %s %s", verdict_name(old->verdict), to,
			verdict_name(now->verdict)));
	if (p->differs & DIFFERS_TEXT)
		add_detail(b, v, "text: said in other words");
}

static void add_entry(struct buf *b, const struct view *v, const struct compared *p)
{
	const struct finding *f = p->change == CHANGE_GONE ? p->old : p->now;

	term_addf(b, &v->t, style_of(f->severity), "  %-8s ", severity_name(f->severity));
	add_title(b, v, f->title.n ? f->title : f->uid);
	add_detail(
	    b, v, arena_printf(v->a, "%.*s  %s%s", STR_ARG(f->uid), place_of(v, f), turn_of(v, p)));
	if (p->change == CHANGE_CHANGED)
		add_what_changed(b, v, p);
}

static void add_section(
    struct buf *b, const struct view *v, enum change_kind change, const char *title)
{
	if (!v->c->of[change])
		return;
	buf_addc(b, '\n');
	term_addf(b, &v->t, STYLE_BOLD, "%s", title);
	buf_addc(b, '\n');
	for (int sev = SEVERITIES - 1; sev >= 0; sev--)
		for (size_t i = 0; i < v->c->n; i++) {
			const struct compared *p = &v->c->v[i];
			const struct finding *f = change == CHANGE_GONE ? p->old : p->now;

			if (p->change == change && (int)f->severity == sev)
				add_entry(b, v, p);
		}
}

/* --- two different things ------------------------------------------------------------------- */

/* What makes two reports answers to different questions; what one of them does not say is none. */
enum { UNLIKE_FLOW, UNLIKE_REPOSITORY, UNLIKES };

static const char *const unlike_words[UNLIKES] = { "flow", "repository" };

static bool is_unlike(const struct view *v, int what, struct str *ret_old, struct str *ret_now)
{
	*ret_old = what == UNLIKE_FLOW ? v->old.flow : v->old.repo;
	*ret_now = what == UNLIKE_FLOW ? v->now.flow : v->now.repo;
	return ret_old->n && ret_now->n && !str_eq(*ret_old, *ret_now);
}

static void add_unlike(struct buf *b, const struct view *v)
{
	struct str old, now;
	bool any = false;

	for (int k = 0; k < UNLIKES; k++) {
		if (!is_unlike(v, k, &old, &now))
			continue;
		term_addf(b, &v->t, STYLE_WARN, "Not the same %s: %.*s, then %.*s.",
		    unlike_words[k], STR_ARG(utf8_fit(old, 24)), STR_ARG(utf8_fit(now, 24)));
		buf_addc(b, '\n');
		any = true;
	}
	if (any)
		buf_adds(b, "What is new or gone may be so for that alone.\n\n");
}

static json_t *unlike_json(const struct view *v)
{
	json_t *all = json_array();
	struct str old, now;

	for (int k = 0; k < UNLIKES; k++)
		if (is_unlike(v, k, &old, &now))
			json_array_append_new(
			    all, json_pack("{s:s, s:o, s:o}", "what", unlike_words[k], "old",
				     json_text(old), "now", json_text(now)));
	return all;
}

static int show(const struct view *v, int code)
{
	const unsigned *of = v->c->of;
	struct buf b;

	buf_init(&b, MIB(64));
	add_head(&b, v, &v->old);
	add_head(&b, v, &v->now);
	buf_addc(&b, '\n');
	add_unlike(&b, v);
	term_addf(&b, &v->t, STYLE_BOLD, "%u new, %u gone, %u changed, %u same", of[CHANGE_NEW],
	    of[CHANGE_GONE], of[CHANGE_CHANGED], of[CHANGE_SAME]);
	buf_addc(&b, '\n');
	if (!str_eq(v->old.model, v->now.model) && v->old.model.n && v->now.model.n)
		buf_adds(&b, "The models differ; so may what they notice.\n");
	add_section(&b, v, CHANGE_NEW, "New");
	add_section(&b, v, CHANGE_GONE, "Gone");
	add_section(&b, v, CHANGE_CHANGED, "Changed");
	code = cli_print(buf_str(&b), code);
	buf_fini(&b);
	return code;
}

/* --- for programs -------------------------------------------------------------------------- */

static int print(const struct view *v, int code)
{
	json_t *doc = report_comparison(&v->old, &v->now, v->c);

	json_object_set_new(doc, "unlike", unlike_json(v));
	json_object_set_new(
	    doc, "exit", json_pack("{s:i, s:s}", "code", code, "name", exit_name(code)));
	return cli_print_json(doc, code);
}

/* --- both ---------------------------------------------------------------------------------- */

int compare_runs(
    struct arena *a, const struct globals *g, const char *old, const char *now, const char *fail_on)
{
	struct view v = { .a = a, .g = g };
	struct err err = { 0 };
	int code = gate_report(a, g, old, &v.old, &err);

	if (!code)
		code = gate_report(a, g, now, &v.now, &err);
	if (!code)
		code = gate_open(a, g, fail_on, NULL, false, &v.gate, &err);
	if (code)
		return cli_fail(g, &err, code);
	v.gate.baseline = &v.old;
	v.c = gate_compare(a, &v.gate, &v.now);
	code = gate_code(&v.gate, &v.now, v.c);
	term_init(&v.t, STDOUT_FILENO, g->color);
	return g->json ? print(&v, code) : show(&v, code);
}
