/* Which findings of a report match which defects of a case. The rule stands in eval.h. */
#include "report/eval.h"

#include "base/json.h"
#include "base/limits.h"
#include "report/eval_priv.h"

#define MERGES_MAX 16 /* from one finding to the next; more is a ring */
#define NOBODY SIZE_MAX

struct span {
	struct str path;
	unsigned line, end;
};

struct raised {
	struct str uid, title, claim, body, aside; /* aside: why it does not stand */
	enum severity severity;
	struct span *spans; /* of its citations that hold */
	size_t n_spans;
	size_t head; /* itself, or the one that it was merged into */
};

struct match {
	struct arena *a;
	const struct eval_case *of;
	struct raised *v;
	size_t n;
	size_t *finding; /* by defect */
	size_t *defect;	 /* by finding */
	bool *seen;	 /* defects of one search */
};

/* --- words ------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_letter(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static size_t skip_blanks(struct str s, size_t at)
{
	while (at < s.n && is_blank(s.p[at]))
		at++;
	return at;
}

static bool begins_with(struct str s, struct str word)
{
	size_t at = 0;

	for (size_t i = 0; i < word.n;) {
		if (at == s.n || is_blank(s.p[at]) != is_blank(word.p[i]))
			return false;
		if (is_blank(word.p[i])) {
			at = skip_blanks(s, at);
			i = skip_blanks(word, i);
		} else if (lower(s.p[at++]) != lower(word.p[i++])) {
			return false;
		}
	}
	return true;
}

bool eval_says(struct str text, struct str word)
{
	for (size_t at = 0; at < text.n; at++)
		if ((at == 0 || !is_letter(text.p[at - 1]) || !is_letter(word.p[0])) &&
		    begins_with(str_skip(text, at), word))
			return true;
	return false;
}

/* --- places ------------------------------------------------------------------------------ */

static bool is_at(const struct raised *f, const struct eval_place *p)
{
	for (size_t i = 0; i < f->n_spans; i++) {
		const struct span *s = &f->spans[i];

		if (str_eq(s->path, p->path) && s->line <= p->end && s->end >= p->line &&
		    s->end - s->line <= p->end - p->line + EVAL_SLACK_LINES)
			return true;
	}
	return false;
}

static bool names(const struct raised *f, const struct eval_place *p)
{
	if (!is_at(f, p))
		return false;
	for (size_t i = 0; i < p->words.n; i++)
		if (eval_says(f->title, p->words.v[i]) || eval_says(f->claim, p->words.v[i]) ||
		    eval_says(f->body, p->words.v[i]))
			return true;
	return p->words.n == 0;
}

/* F, or one that was merged into it. */
static bool group_names(const struct match *m, size_t f, const struct eval_place *p)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].head == f && names(&m->v[i], p))
			return true;
	return false;
}

static bool stands(const struct match *m, size_t f)
{
	return m->v[f].head == f && !m->v[f].aside.n;
}

static bool fits(const struct match *m, size_t f, size_t d)
{
	const struct eval_defect *defect = &m->of->defects[d];

	return stands(m, f) && m->v[f].severity >= defect->least && group_names(m, f, &defect->at);
}

/* --- matching ---------------------------------------------------------------------------- */

/* Finds a defect for F, moving others where that makes room (Kuhn's algorithm). */
static bool assign(struct match *m, size_t f)
{
	for (size_t d = 0; d < m->of->n_defects; d++) {
		if (m->seen[d] || !fits(m, f, d))
			continue;
		m->seen[d] = true;
		if (m->finding[d] == NOBODY || assign(m, m->finding[d])) {
			m->finding[d] = f;
			m->defect[f] = d;
			return true;
		}
	}
	return false;
}

static void match_all(struct match *m)
{
	m->finding = arena_array(m->a, m->of->n_defects, sizeof(*m->finding));
	m->defect = arena_array(m->a, m->n, sizeof(*m->defect));
	for (size_t d = 0; d < m->of->n_defects; d++)
		m->finding[d] = NOBODY;
	for (size_t f = 0; f < m->n; f++)
		m->defect[f] = NOBODY;
	m->seen = arena_array(m->a, m->of->n_defects, sizeof(*m->seen));
	for (size_t f = 0; f < m->n; f++) {
		for (size_t d = 0; d < m->of->n_defects; d++)
			m->seen[d] = false;
		assign(m, f);
	}
}

/* --- what it came to --------------------------------------------------------------------- */

static void class_of(const struct match *m, size_t f, struct eval_mark *mark)
{
	mark->is = EVAL_ASIDE;
	if (!stands(m, f))
		return;
	mark->is = EVAL_FOUND;
	mark->which = m->defect[f];
	if (mark->which != NOBODY)
		return;
	mark->is = EVAL_REPEAT;
	for (mark->which = 0; mark->which < m->of->n_defects; mark->which++)
		if (fits(m, f, mark->which))
			return;
	mark->is = EVAL_DECOY;
	for (mark->which = 0; mark->which < m->of->n_decoys; mark->which++)
		if (group_names(m, f, &m->of->decoys[mark->which]))
			return;
	mark->is = EVAL_OTHER;
	mark->which = 0;
}

/* How near a finding came to defect D; the nearest is what is told. */
static unsigned nearness(const struct match *m, size_t f, size_t d, const char **ret)
{
	const struct eval_defect *defect = &m->of->defects[d];
	const struct raised *r = &m->v[f];

	if (!is_at(r, &defect->at) && !(stands(m, f) && fits(m, f, d)))
		return 0;
	if (stands(m, f) && fits(m, f, d)) {
		*ret = "counts for another defect";
		return 4;
	}
	if (!names(r, &defect->at)) {
		*ret = "is at the place, in other words";
		return 1;
	}
	*ret = r->aside.n ? "was raised, but does not stand" : "is less severe than wanted";
	return r->aside.n ? 3 : 2;
}

static struct str why_missed(const struct match *m, size_t d)
{
	const char *why = NULL;
	unsigned best = 0;
	size_t who = 0;

	for (size_t f = 0; f < m->n; f++) {
		const char *said = NULL;
		unsigned near = nearness(m, f, d, &said);

		if (near > best) {
			best = near;
			why = said;
			who = f;
		}
	}
	if (!why)
		return STR("not raised");
	const struct raised *r = &m->v[who];

	return str_from(arena_printf(m->a, "%.*s %s%s%.*s", STR_ARG(str_take(r->uid, 80)), why,
	    best == 3 ? ": " : "", STR_ARG(best == 3 ? r->aside : STR(""))));
}

static void tell(struct match *m, struct eval_score *s)
{
	s->marks = arena_array(m->a, m->n, sizeof(*s->marks));
	s->n_marks = m->n;
	for (size_t f = 0; f < m->n; f++) {
		struct eval_mark *mark = &s->marks[f];

		mark->uid = m->v[f].uid;
		mark->title = m->v[f].title;
		class_of(m, f, mark);
		s->n_class[mark->is]++;
		if (mark->is == EVAL_DECOY && !s->hit[mark->which]) {
			s->hit[mark->which] = true;
			s->n_decoys++;
		}
	}
	for (size_t d = 0; d < m->of->n_defects; d++) {
		s->found[d] = m->finding[d] != NOBODY;
		s->why[d] = s->found[d] ? m->v[m->finding[d]].uid : why_missed(m, d);
		s->n_found += s->found[d];
	}
}

/* --- reading a report -------------------------------------------------------------------- */

static bool holds(const json_t *cite)
{
	struct str state = json_get_str(cite, "state");

	return str_is(json_get_str(cite, "class"), "codebase") &&
	       (str_is(state, "resolves") || str_is(state, "moved"));
}

static void read_spans(struct arena *a, const json_t *one, const json_t *cites, struct raised *r)
{
	const json_t *ids = json_get_array(one, "evidence"), *id, *cite;
	size_t i;

	r->spans = arena_array(a, json_array_size(ids), sizeof(*r->spans));
	json_array_foreach (ids, i, id) {
		cite = json_string_value(id) ? json_object_get(cites, json_string_value(id)) : NULL;
		struct span s = { json_dup_str(a, cite, "path"), json_get_count(cite, "found_line"),
			json_get_count(cite, "found_end") };

		if (cite && s.line && s.end >= s.line)
			r->spans[r->n_spans++] = s;
	}
}

/* Why F does not stand; empty when it does. */
static struct str aside_of(struct arena *a, const json_t *f)
{
	struct str d = json_get_str(f, "disposition");

	if (str_is(d, "refuted") || str_is(d, "deferred"))
		return arena_dup(a, d);
	if ((!d.n || str_is(d, "none")) && str_is(json_get_str(f, "verdict"), "refuted"))
		return STR("refuted");
	return STR("");
}

static void read_finding(struct arena *a, const json_t *f, const json_t *cites, struct raised *r)
{
	r->uid = json_dup_str(a, f, "id");
	r->title = json_dup_str(a, f, "title");
	r->claim = json_dup_str(a, f, "claim");
	r->body = json_dup_str(a, f, "body");
	r->severity = (enum severity)json_get_word(f, "severity", severity_parse, SEVERITY_NONE);
	r->aside = aside_of(a, f);
	read_spans(a, f, cites, r);
}

/* Follows merges to the finding that stands for this one; a ring stands for nobody. */
static size_t head_of(const json_t *findings, const struct match *m, size_t f)
{
	for (unsigned hops = 0; hops < MERGES_MAX; hops++) {
		const json_t *one = json_array_get(findings, f);
		struct str into = json_get_str(one, "merged_into");
		size_t next = m->n;

		if (!str_is(json_get_str(one, "disposition"), "merged"))
			return f;
		for (size_t i = 0; i < m->n && next == m->n; i++)
			if (str_eq(m->v[i].uid, into))
				next = i;
		if (next == m->n)
			return NOBODY;
		f = next;
	}
	return NOBODY;
}

static void read_findings(struct match *m, const json_t *report, const json_t *cites)
{
	const json_t *all = json_get_array(report, "findings");
	size_t n = json_array_size(all);

	m->n = n < EVAL_FINDINGS_MAX ? n : EVAL_FINDINGS_MAX;
	m->v = arena_array(m->a, m->n, sizeof(*m->v));
	for (size_t i = 0; i < m->n; i++)
		read_finding(m->a, json_array_get(all, i), cites, &m->v[i]);
	for (size_t i = 0; i < m->n; i++) {
		m->v[i].head = head_of(all, m, i);
		if (m->v[i].head != i)
			m->v[i].aside = STR("merged");
	}
}

/* Citations by their ids, those that hold. Counts all of code. */
static json_t *read_cites(const json_t *report, struct eval_score *s)
{
	const json_t *all = json_get_array(report, "evidence"), *one;
	json_t *by_id = json_object();
	size_t i;

	json_array_foreach (all, i, one) {
		const char *id = json_get_cstr(one, "id", NULL);

		s->cites += str_is(json_get_str(one, "class"), "codebase");
		s->hold += holds(one);
		if (id && holds(one))
			json_object_set(by_id, id, json_array_get(all, i));
	}
	return by_id;
}

static struct eval_score *empty_score(struct arena *a, const struct eval_case *c)
{
	struct eval_score *s = arena_new(a, struct eval_score);

	s->of = c;
	s->run = s->model = s->reason = STR("");
	s->why = arena_array(a, c->n_defects, sizeof(*s->why));
	s->found = arena_array(a, c->n_defects, sizeof(*s->found));
	s->hit = arena_array(a, c->n_decoys, sizeof(*s->hit));
	return s;
}

static long long count_of(const json_t *run, const char *key)
{
	long long n = json_get_int(run, key, 0);

	return n < 0 || n > INT64_MAX / 4 ? 0 : n;
}

struct eval_score *eval_score(struct arena *a, const struct eval_case *c, const json_t *report)
{
	struct eval_score *s = empty_score(a, c);
	struct match m = { .a = a, .of = c };
	const json_t *run = json_get_object(report, "run");
	json_t *cites = read_cites(report, s);

	s->run = json_dup_str(a, run, "id");
	s->model = json_dup_str(a, run, "model");
	s->gaps = (unsigned)json_array_size(json_get_array(report, "gaps"));
	s->tokens = count_of(run, "tokens_in") + count_of(run, "tokens_out");
	s->took = count_of(run, "took_ms");
	read_findings(&m, report, cites);
	match_all(&m);
	tell(&m, s);
	json_decref(cites);
	return s;
}

struct eval_score *eval_failed(struct arena *a, const struct eval_case *c, struct str reason)
{
	struct eval_score *s = empty_score(a, c);

	s->reason = reason.n ? arena_dup(a, reason) : STR("it failed");
	for (size_t d = 0; d < c->n_defects; d++)
		s->why[d] = STR("the run failed");
	return s;
}

unsigned eval_false(const struct eval_score *s)
{
	return s->n_class[EVAL_DECOY] + s->n_class[EVAL_OTHER];
}
