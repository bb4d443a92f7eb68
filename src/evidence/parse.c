/* A text, or the JSON of `output: findings`, as findings with their citations. */
#include "evidence/priv.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"

void vec_add(struct arena *a, struct vec *vec, void *item)
{
	if (vec->n == vec->cap) {
		size_t cap = vec->cap ? vec->cap * 2 : 16;
		void **v = arena_array(a, cap, sizeof(*v));

		if (vec->n)
			memcpy(v, vec->v, vec->n * sizeof(*v));
		vec->v = v;
		vec->cap = cap;
	}
	vec->v[vec->n++] = item;
}

/* --- severity ---------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum severity severity;
} severity_words[] = {
	{ "critical", SEVERITY_CRITICAL },
	{ "blocker", SEVERITY_CRITICAL },
	{ "high", SEVERITY_HIGH },
	{ "major", SEVERITY_HIGH },
	{ "medium", SEVERITY_MEDIUM },
	{ "moderate", SEVERITY_MEDIUM },
	{ "low", SEVERITY_LOW },
	{ "minor", SEVERITY_LOW },
	{ "note", SEVERITY_NOTE },
	{ "info", SEVERITY_NOTE },
};

static enum severity severity_of_word(struct str s)
{
	for (size_t i = 0; i < sizeof(severity_words) / sizeof(severity_words[0]); i++) {
		struct str w = str_from(severity_words[i].word);

		if (s.n >= w.n && str_eq_nocase(str_take(s, w.n), w) &&
		    (s.n == w.n || !is_word_char(s.p[w.n])))
			return severity_words[i].severity;
	}
	return SEVERITY_NONE;
}

/* "[high] title", "title (high)". */
static enum severity severity_in_title(struct str title)
{
	for (size_t i = 0; i + 1 < title.n; i++)
		if (strchr("[(", title.p[i])) {
			enum severity s = severity_of_word(str_skip(title, i + 1));

			if (s != SEVERITY_NONE)
				return s;
		}
	return SEVERITY_NONE;
}

/* --- free text --------------------------------------------------------------------------- */

struct parsing {
	struct arena *a;
	struct evidence *ev;
	struct vec findings;
	struct map ids;
	struct finding *open;
	unsigned level;	   /* of the open item's heading */
	size_t body_start; /* offset in the text */
	struct str text;
	bool in_fence;
};

static void close_item(struct parsing *p, size_t at)
{
	struct finding *f = p->open;

	if (!f)
		return;
	f->body = str_trim((struct str){ p->text.p + p->body_start, at - p->body_start });
	f->severity = severity_of_word(item_field(f->body, "Severity"));
	if (f->severity == SEVERITY_NONE)
		f->severity = severity_in_title(f->title);
	f->confidence = item_field(f->body, "Confidence");
	item_parts(f);
	p->open = NULL;
}

/* What a second item with the same name is told from: a validator that calls each block V1 means
 * the item behind it. */
static struct str key_of(struct parsing *p, const struct item_head *head)
{
	size_t n = head->id.p[0] == 'V' ? item_id_length(head->title) : 0;

	return n ? str_from(arena_printf(
		       p->a, "%.*s %.*s", STR_ARG(head->id), STR_ARG(str_take(head->title, n))))
		 : head->id;
}

static void open_item(struct parsing *p, const struct item_head *head, size_t body)
{
	struct str key = key_of(p, head);
	struct finding *f;

	if (map_get(&p->ids, key)) /* named again: a summary, not a new item */
		return;
	if (p->findings.n == FINDINGS_MAX) {
		p->ev->cut = true;
		return;
	}
	f = arena_new(p->a, struct finding);
	*f = (struct finding){
		.id = head->id, .uid = head->id, .step = p->ev->step, .title = head->title
	};
	map_put(&p->ids, key, f);
	vec_add(p->a, &p->findings, f);
	p->open = f;
	p->level = head->level;
	p->body_start = body;
}

static void take_line(struct parsing *p, struct str line, size_t behind)
{
	struct item_head head;
	size_t at = (size_t)(line.p - p->text.p);
	unsigned level;

	if (str_starts(str_trim(line), STR("```")))
		p->in_fence = !p->in_fence;
	if (p->in_fence)
		return;
	level = heading_level(line);
	if (item_head(line, &head)) {
		/* "- E1: …" below "### S1" is part of S1 */
		if (p->open && head.level == 7 && p->level < 7)
			return;
		close_item(p, at);
		open_item(p, &head, behind);
	} else if (level && p->open && (level <= p->level || p->level == 7)) {
		close_item(p, at);
	}
}

/* Each citation to the finding whose text it stands in; both are in order. */
static void share_cites(struct parsing *p)
{
	struct evidence *ev = p->ev;
	size_t k = 0;

	for (size_t i = 0; i < ev->n_findings; i++) {
		struct finding *f = ev->findings[i];
		const char *from = f->title.p, *to = f->body.p + f->body.n;
		size_t first;

		while (k < ev->n_cites && p->text.p + ev->cites[k]->offset < from)
			k++;
		for (first = k; k < ev->n_cites && p->text.p + ev->cites[k]->offset < to; k++)
			continue;
		f->cites = ev->cites + first;
		f->n_cites = k - first;
	}
}

struct evidence *evidence_parse(struct arena *a, struct str step, struct str text)
{
	struct parsing p = { .a = a, .text = arena_dup(a, text) };
	struct vec cites = { 0 };
	struct str rest = p.text;

	p.ev = arena_new(a, struct evidence);
	p.ev->step = arena_dup(a, step);
	map_init(&p.ids, a);
	while (rest.p) {
		struct str line = str_line(&rest);

		take_line(&p, line, rest.p ? (size_t)(rest.p - p.text.p) : p.text.n);
	}
	close_item(&p, p.text.n);
	p.ev->findings = (struct finding **)p.findings.v;
	p.ev->n_findings = p.findings.n;
	p.ev->cut |= !cites_scan(a, p.text, CITATIONS_MAX, &cites);
	p.ev->cites = (struct citation **)cites.v;
	p.ev->n_cites = cites.n;
	share_cites(&p);
	return p.ev;
}

/* --- JSON -------------------------------------------------------------------------------- */

static struct str body_of(struct arena *a, const json_t *item)
{
	static const char *const keys[] = { "claim", "failure_scenario", "suggestion" };
	static const char *const names[] = { "Claim", "Failure scenario", "Suggestion" };
	struct buf b;

	buf_init(&b, MIB(4));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct str value = json_get_str(item, keys[i]);

		if (value.n)
			buf_printf(&b, "%s: %.*s\n", names[i], STR_ARG(value));
	}
	struct str s = arena_dup(a, str_trim(buf_str(&b)));

	buf_fini(&b);
	return s;
}

static unsigned line_of(const json_t *item, const char *key, unsigned fallback)
{
	long long v = json_get_int(item, key, 0);

	return v > 0 && v < 10000000 ? (unsigned)v : fallback;
}

static struct citation *cite_of(struct arena *a, const json_t *item)
{
	struct citation *c = arena_new(a, struct citation);
	struct str path = json_get_str(item, "path");

	if (str_starts(path, STR("./")))
		path = str_skip(path, 2);
	if (str_starts(path, STR("/repo/")))
		path = str_skip(path, 6);
	c->path = arena_dup(a, path);
	c->line = line_of(item, "line", 0);
	c->end = line_of(item, "end_line", c->line);
	if (c->end < c->line)
		c->end = c->line;
	c->quote = json_dup_str(a, item, "quote");
	return c;
}

struct evidence *evidence_from_findings(struct arena *a, struct str step, const json_t *findings)
{
	const json_t *list = json_get_array(findings, "findings"), *item;
	size_t n = json_array_size(list), i;
	struct evidence *ev = arena_new(a, struct evidence);

	n = n < FINDINGS_MAX ? n : FINDINGS_MAX;
	ev->step = arena_dup(a, step);
	ev->cut = json_array_size(list) > n;
	ev->findings = arena_array(a, n, sizeof(*ev->findings));
	ev->cites = arena_array(a, n, sizeof(*ev->cites));
	json_array_foreach (list, i, item) {
		struct finding *f = arena_new(a, struct finding);

		if (i >= n)
			break;
		f->id = f->uid = json_dup_str(a, item, "id");
		f->step = ev->step;
		f->title = json_dup_str(a, item, "title");
		f->body = body_of(a, item);
		f->claim = arena_dup(a, str_trim(json_get_str(item, "claim")));
		f->scenario = arena_dup(a, str_trim(json_get_str(item, "failure_scenario")));
		f->suggestion = arena_dup(a, str_trim(json_get_str(item, "suggestion")));
		f->severity = severity_of_word(json_get_str(item, "severity"));
		f->confidence = json_dup_str(a, item, "confidence");
		ev->findings[ev->n_findings++] = f;
		if (!json_get_str(item, "path").n)
			continue;
		ev->cites[ev->n_cites] = cite_of(a, item);
		f->cites = &ev->cites[ev->n_cites++];
		f->n_cites = 1;
	}
	return ev;
}
