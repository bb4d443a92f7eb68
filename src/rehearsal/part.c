#include "rehearsal/priv.h"

#include <assert.h>
#include <ctype.h>

/*
 * The regions of a prompt. They come in this order, each begins at a line of its own:
 *
 *	rules, shared facts with the question	before
 *	Persona: name
 *	Step: id
 *	the persona's text with an example	body
 *	the task, with what others wrote	task
 *	the form of the answer			form
 */
struct regions {
	struct str before, body, task, form;
};

/* --- lines -------------------------------------------------------------------------------------
 */

static bool is_heading(struct str line)
{
	size_t marks = 0;

	while (marks < line.n && marks < 7 && line.p[marks] == '#')
		marks++;
	return marks > 0 && marks < 7 && marks < line.n && line.p[marks] == ' ';
}

static bool is_fence(struct str line)
{
	line = str_trim(line);
	return line.n >= 3 && strchr("`~<>-=*_", line.p[0]) && line.p[1] == line.p[0] &&
	       line.p[2] == line.p[0];
}

/* "Persona: name" and its value. */
static bool labelled(struct str line, const char *label, struct str *ret)
{
	struct str key = str_from(label);

	line = str_trim(line);
	if (!str_starts(line, key) || line.n <= key.n || line.p[key.n] != ':')
		return false;
	*ret = str_trim(str_skip(line, key.n + 1));
	return true;
}

/* The name of the data that begin with LINE, and in *REST the lines behind them; or empty. */
static struct str skip_data(struct str line, struct str *rest, struct str *ret_data)
{
	struct str mark, name = line;

	if (!str_starts(line, STR("<<<DATA")))
		return (struct str){ "", 0 };
	mark = str_skip(str_split(&name, ' '), 3);
	*ret_data = *rest;
	while (rest->p) {
		const char *at = rest->p;
		struct str end = str_line(rest);

		if (end.n == mark.n + 3 && str_starts(end, mark) && str_ends(end, STR(">>>"))) {
			ret_data->n = (size_t)(at - ret_data->p);
			break;
		}
	}
	return name;
}

/* --- regions ------------------------------------------------------------------------------------
 */

/* What somebody else wrote tells of a report: its run, and the first finding it names. */
static void provided_read(struct arena *a, struct str name, struct str data, struct part *p)
{
	static const char words[] = "report of ", mark[] = "</a>**";
	ptrdiff_t at = str_find(data, str_from(mark));
	struct str id = at < 0 ? (struct str){ "", 0 } : str_skip(data, (size_t)at + strlen(mark));
	ptrdiff_t end = str_find(id, STR("**"));

	if (str_starts(name, str_from(words)) && end > 0 && end < 80)
		p->earlier = str_from(arena_printf(
		    a, "%.*s#%.*s", STR_ARG(str_skip(name, strlen(words))), (int)end, id.p));
}

/*
 * Finds "Persona:" with "Step:" right below it; the text after both is *RET_REST. *RET_BEFORE ends
 * where others' words begin.
 */
static bool find_persona(
    struct arena *a, struct str text, struct part *p, struct str *ret_before, struct str *ret_rest)
{
	const char *foreign = NULL;

	for (struct str rest = text; rest.p;) {
		const char *start = rest.p;
		struct str persona, step, ahead, data, line = str_line(&rest);
		struct str name = skip_data(line, &rest, &data);

		if (name.n) {
			foreign = foreign ? foreign : start;
			provided_read(a, name, data, p);
		}
		if (name.n || !labelled(line, "Persona", &persona))
			continue;
		ahead = rest;
		if (!rest.p || !labelled(str_line(&ahead), "Step", &step))
			continue;
		p->persona = persona;
		p->step = step;
		*ret_before =
		    (struct str){ text.p, (size_t)((foreign ? foreign : start) - text.p) };
		*ret_rest = ahead.p ? ahead : (struct str){ "", 0 };
		return true;
	}
	return false;
}

/* Offset of the first (or last) heading in TEXT that holds one of WORDS, or -1. */
static ptrdiff_t find_heading(struct str text, const char *words, bool last)
{
	ptrdiff_t found = -1;

	for (struct str rest = text; rest.p;) {
		ptrdiff_t at = rest.p - text.p;
		struct str line = str_line(&rest);

		if (!is_heading(line) || !text_has_any(line, words))
			continue;
		found = at;
		if (!last)
			break;
	}
	return found;
}

/* Where the first line of data stands in TEXT, or -1: others' words begin there at the latest. */
static ptrdiff_t find_fence(struct str text)
{
	for (struct str rest = text; rest.p;) {
		ptrdiff_t at = rest.p - text.p;

		if (is_fence(str_line(&rest)))
			return at;
	}
	return -1;
}

static struct regions regions_of(struct str before, struct str rest)
{
	struct regions r = { .before = before, .body = rest, .task = rest };
	ptrdiff_t task = find_heading(rest, "task", false), form;

	if (task < 0)
		task = find_fence(rest);
	if (task >= 0) {
		r.body = str_take(rest, (size_t)task);
		r.task = str_skip(rest, (size_t)task);
	}
	form = find_heading(r.task, "output|answer|format", true);
	if (form >= 0) {
		r.form = str_skip(r.task, (size_t)form);
		r.task = str_take(r.task, (size_t)form);
	}
	return r;
}

/* --- what they say -------------------------------------------------------------------------------
 */

/* The id form of the first example heading, such as "### S1: Title" or "### SEC-001: Title". */
static bool prefix_of(struct str text, struct part *p)
{
	while (text.p) {
		struct str line = str_trim(str_line(&text));
		size_t from = 0, to, digits;

		if (!is_heading(line))
			continue;
		while (line.p[from] == '#' || line.p[from] == ' ') {
			if (++from == line.n)
				break;
		}
		for (to = from; to < line.n && to - from < 8 && isupper((unsigned char)line.p[to]);)
			to++;
		if (to < line.n && line.p[to] == '-')
			to++;
		for (digits = to;
		     digits < line.n && digits - to < 5 &&
		     (isdigit((unsigned char)line.p[digits]) || line.p[digits] == '#');)
			digits++;
		if (to == from || digits == to || digits >= line.n || line.p[digits] != ':')
			continue;
		p->prefix = (struct str){ line.p + from, to - from };
		p->digits = (unsigned)(digits - to);
		return true;
	}
	return false;
}

/* The text below the heading, without the fences around it. */
static struct str below_heading(struct str text)
{
	struct str rest = text, line;
	const char *from = NULL;
	size_t n = 0;

	str_line(&rest);
	while (rest.p) {
		line = str_line(&rest);
		if (is_heading(line))
			break;
		if (is_fence(line) && n)
			break;
		if (is_fence(line))
			continue;
		from = from ? from : line.p;
		n = (size_t)(line.p + line.n - from);
	}
	return str_trim((struct str){ from ? from : "", n });
}

/* The question, wherever the prompt says it: under a heading, behind a label, or as the task. */
static struct str question_of(const struct regions *r)
{
	ptrdiff_t at = find_heading(r->before, "question|focus", true);
	struct str value = { "", 0 };

	if (at >= 0)
		value = below_heading(str_skip(r->before, (size_t)at));
	for (struct str rest = r->before; rest.p && !value.n;) {
		struct str line = str_line(&rest);

		if (!labelled(line, "Question", &value))
			labelled(line, "Focus", &value);
	}
	return str_take(value.n ? value : below_heading(r->task), 4000);
}

/* Offset behind the JSON object that S begins with, or 0. */
static size_t object_length(struct str s)
{
	assert(s.p || !s.n);
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && c == '{')
			depth++;
		else if (!in_string && c == '}' && --depth == 0)
			return i + 1;
	}
	return 0;
}

static bool is_schema(const json_t *value)
{
	return json_object_get(value, "type") || json_object_get(value, "properties") ||
	       json_object_get(value, "enum");
}

#define SCHEMA_TRIES 6

/* The schema that begins within a few lines behind offset AT. New reference or NULL. */
static json_t *schema_at(struct str text, size_t at)
{
	struct str behind = str_skip(text, at);
	ptrdiff_t brace = str_chr(str_take(behind, 400), '{');

	if (brace < 0)
		return NULL;
	struct str object = str_skip(behind, (size_t)brace);
	json_t *value = json_parse(str_take(object, object_length(object)), NULL);

	if (is_schema(value))
		return value;
	json_decref(value);
	return NULL;
}

/* The schema behind the last mention of one. A schema may mention the word itself: try a few. */
static json_t *schema_of(struct str text)
{
	size_t found[SCHEMA_TRIES], n = 0;
	json_t *schema = NULL;
	ptrdiff_t next;

	for (size_t at = 0; (next = text_find_nocase(str_skip(text, at), STR("schema"))) >= 0;) {
		found[n++ % SCHEMA_TRIES] = at + (size_t)next;
		at += (size_t)next + 6;
	}
	for (unsigned tries = 0; n > 0 && tries < SCHEMA_TRIES && !schema; tries++)
		schema = schema_at(text, found[--n % SCHEMA_TRIES]);
	return schema;
}

/* --- the role ------------------------------------------------------------------------------------
 */

static bool step_advises(struct str step)
{
	return text_has_any(step, "synth|recommend|rewrite|reconcile|merge|conclu");
}

static enum part_kind kind_of(const struct part *p, const struct regions *r, bool shown)
{
	bool advice = text_has_nocase(r->form, "## recommendation") ||
		      text_has_nocase(r->body, "## recommendation");

	if (p->lens->kind != PART_ANALYST)
		return p->lens->kind;
	if (text_has_nocase(p->persona, "validator") ||
	    (text_has_nocase(r->body, "refuted") && text_has_nocase(r->body, "confirmed")))
		return PART_JUDGE;
	if (p->n_items == 0)
		return step_advises(p->step) ? PART_ADVISER : PART_ANALYST;
	if (step_advises(p->step) || (advice && !shown))
		return PART_ADVISER;
	return PART_ANALYST;
}

/* "## Title" lines of the task itself, down to where the texts of others begin. */
static void sections_read(struct str task, struct part *p)
{
	while (task.p && p->n_sections < PART_SECTIONS_MAX) {
		struct str line = str_trim(str_line(&task));

		if (is_fence(line))
			return;
		if (str_starts(line, STR("## ")))
			p->sections[p->n_sections++] = str_trim(str_skip(line, 3));
	}
}

/* A prompt that shows no example gets the house's prefix of the persona. */
static bool choose_prefix(const struct regions *r, struct part *p)
{
	struct str usual = str_from(p->lens->prefix);

	if (prefix_of(r->body, p) || prefix_of(r->form, p))
		return true;
	p->prefix = usual;
	p->digits = str_ends(usual, STR("-")) ? 3 : 1;
	return false;
}

void part_read(struct arena *a, const struct talk *t, struct part *ret)
{
	struct part p = { .kind = PART_PLAIN };
	struct str before, rest;

	p.schema = t->form ? json_deep_copy(t->form) : schema_of(t->text);
	p.lens = lens_of((struct str){ "", 0 });
	if (find_persona(a, t->text, &p, &before, &rest)) {
		struct regions r = regions_of(before, rest);

		p.lens = lens_of(p.persona);
		bool shown = choose_prefix(&r, &p);

		p.n_items = items_read(a, r.task, &p.items);
		p.kind = kind_of(&p, &r, shown);
		sections_read(r.task, &p);
		p.question = question_of(&r);
	} else if (p.schema) {
		p.kind = PART_ANALYST;
		p.prefix = str_from(p.lens->prefix);
		p.digits = 1;
		p.question = str_take(t->text, 4000);
	}
	p.n_shown = shown_read(a, t->text, &p.shown);
	p.n_words = text_keywords(p.question, p.words, sizeof(p.words) / sizeof(*p.words));
	*ret = p;
}

void part_fini(struct part *p)
{
	json_decref(p->schema);
	p->schema = NULL;
}

struct str part_id(struct arena *a, const struct part *p, size_t n)
{
	return str_from(
	    arena_printf(a, "%.*s%0*zu", STR_ARG(p->prefix), p->digits ? (int)p->digits : 1, n));
}
