/* From an expression to instructions. */
#include "view/regex.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "view/regex_priv.h"

#include <stdlib.h>

#define ATOMS_MAX (20 * VIEW_STATES_MAX) /* also those that come to nothing, again and again */
#define REPEAT_MAX 200
#define SETS_MAX 256

struct reader {
	struct regex *r;
	struct str all;
	size_t at;
	unsigned atoms;
	struct err *err;
	bool failed;
};

static void fail(struct reader *d, const char *why)
{
	if (!d->failed) {
		err_set(d->err, -EINVAL, "this is no expression that can be searched for");
		err_why(d->err, "%s, at character %zu", why, d->at + 1);
		err_fix(d->err, "search for it as plain text");
	}
	d->failed = true;
}

static unsigned emit(struct reader *d, struct instr i)
{
	if (d->r->n == VIEW_STATES_MAX) {
		fail(d, "it is too large");
		return 0;
	}
	d->r->code[d->r->n] = i;
	return d->r->n++;
}

/* Makes room for one instruction before AT; jumps of the code behind it move along. */
static void insert(struct reader *d, unsigned at)
{
	emit(d, (struct instr){ .op = OP_MATCH });
	if (d->failed)
		return;
	struct instr *code = d->r->code;

	memmove(&code[at + 1], &code[at], (d->r->n - 1 - at) * sizeof(*code));
	for (unsigned i = at + 1; i < d->r->n; i++) {
		if (code[i].op == OP_SPLIT || code[i].op == OP_JUMP)
			code[i].x += code[i].x >= at;
		if (code[i].op == OP_SPLIT)
			code[i].y += code[i].y >= at;
	}
}

static char peek(const struct reader *d)
{
	return d->at < d->all.n ? d->all.p[d->at] : '\0';
}

static bool take(struct reader *d, char c)
{
	if (d->at >= d->all.n || d->all.p[d->at] != c)
		return false;
	d->at++;
	return true;
}

static uint32_t take_point(struct reader *d)
{
	uint32_t cp;

	d->at += utf8_next(str_skip(d->all, d->at), &cp);
	return cp;
}

/* --- sets --------------------------------------------------------------------------------- */

bool regex_is_in(const struct set *set, uint32_t cp)
{
	for (unsigned i = 0; i < set->n; i++)
		if (cp >= set->ranges[i].from && cp <= set->ranges[i].to)
			return !set->negative;
	return set->negative;
}

static void add_range(struct reader *d, struct set *set, uint32_t from, uint32_t to)
{
	if (set->n == SET_RANGES || from > to) {
		fail(d, from > to ? "a range runs backwards" : "a set is too large");
		return;
	}
	set->ranges[set->n++] = (struct range){ from, to };
}

static struct set *add_set(struct reader *d)
{
	static struct set none;

	if (d->r->n_sets == SETS_MAX) {
		fail(d, "it has too many sets");
		return &none;
	}
	struct set *set = &d->r->sets[d->r->n_sets++];

	*set = (struct set){ 0 };
	return set;
}

/* \d, \w, \s: false for anything else. */
static bool add_named(struct reader *d, struct set *set, char c)
{
	if (c == 'd') {
		add_range(d, set, '0', '9');
	} else if (c == 'w') {
		add_range(d, set, '0', '9');
		add_range(d, set, 'A', 'Z');
		add_range(d, set, 'a', 'z');
		add_range(d, set, '_', '_');
		add_range(d, set, 0xc0, 0x10ffff); /* letters of other languages */
	} else if (c == 's') {
		add_range(d, set, '\t', '\r');
		add_range(d, set, ' ', ' ');
		add_range(d, set, 0xa0, 0xa0);
	} else {
		return false;
	}
	return true;
}

/* What a letter behind a backslash stands for by itself. */
static uint32_t escaped(struct reader *d)
{
	uint32_t cp = d->at < d->all.n ? take_point(d) : 0;

	if (cp == 't')
		return '\t';
	if ((cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || !cp)
		fail(d, "what stands behind a backslash is not known here");
	return cp;
}

static void read_member(struct reader *d, struct set *set)
{
	uint32_t from, to;

	if (take(d, '\\')) {
		if (add_named(d, set, peek(d))) {
			d->at++;
			return;
		}
		from = escaped(d);
	} else {
		from = take_point(d);
	}
	to = from;
	if (peek(d) == '-' && d->at + 1 < d->all.n && d->all.p[d->at + 1] != ']') {
		d->at++;
		to = take(d, '\\') ? escaped(d) : take_point(d);
	}
	add_range(d, set, from, to);
}

/* Both cases of the letters in it. */
static void fold_set(struct reader *d, struct set *set)
{
	unsigned n = set->n;

	for (unsigned i = 0; d->r->fold && i < n; i++) {
		uint32_t from = set->ranges[i].from, to = set->ranges[i].to;

		for (uint32_t low = 'A'; low <= 'a'; low += 'a' - 'A') {
			uint32_t a = from > low ? from : low, z = to < low + 25 ? to : low + 25;

			if (a <= z)
				add_range(d, set, low == 'A' ? a + 32 : a - 32,
				    low == 'A' ? z + 32 : z - 32);
		}
	}
}

static void read_set(struct reader *d)
{
	unsigned index = d->r->n_sets;
	struct set *set = add_set(d);

	set->negative = take(d, '^');
	do {
		if (d->at >= d->all.n)
			fail(d, "a set has no end");
		else
			read_member(d, set);
	} while (!d->failed && peek(d) != ']');
	d->at++;
	fold_set(d, set);
	emit(d, (struct instr){ .op = OP_SET, .x = index });
}

/* --- atoms -------------------------------------------------------------------------------- */

static void emit_point(struct reader *d, uint32_t cp)
{
	if (d->r->fold && cp >= 'A' && cp <= 'Z')
		cp += 'a' - 'A';
	emit(d, (struct instr){ .op = OP_CHAR, .cp = cp });
}

static void read_escape(struct reader *d)
{
	char c = peek(d);
	char low = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);

	if (c == 'b' || c == 'B') {
		d->at++;
		emit(d, (struct instr){ .op = c == 'b' ? OP_WORD : OP_NO_WORD });
		return;
	}
	if (low == 'd' || low == 'w' || low == 's') {
		unsigned index = d->r->n_sets;
		struct set *set = add_set(d);

		d->at++;
		set->negative = c != low;
		add_named(d, set, low);
		emit(d, (struct instr){ .op = OP_SET, .x = index });
		return;
	}
	emit_point(d, escaped(d));
}

static void read_choice(struct reader *d);

static void read_group(struct reader *d)
{
	if (take(d, '?') && !take(d, ':'))
		fail(d, "looking around is not known here");
	else
		read_choice(d);
	if (!d->failed && !take(d, ')'))
		fail(d, "a parenthesis has no end");
}

static void read_atom(struct reader *d)
{
	if (++d->atoms > ATOMS_MAX)
		fail(d, "it repeats too much");
	else if (take(d, '('))
		read_group(d);
	else if (take(d, '['))
		read_set(d);
	else if (take(d, '\\'))
		read_escape(d);
	else if (take(d, '.'))
		emit(d, (struct instr){ .op = OP_ANY });
	else if (take(d, '^'))
		emit(d, (struct instr){ .op = OP_BEGIN });
	else if (take(d, '$'))
		emit(d, (struct instr){ .op = OP_END });
	else if (memchr("*+?", peek(d), 3))
		fail(d, "there is nothing to repeat");
	else
		emit_point(d, take_point(d));
}

/* --- repeating ---------------------------------------------------------------------------- */

static bool take_number(struct reader *d, unsigned *ret)
{
	unsigned n = 0, digits = 0;

	for (; digits < 4 && peek(d) >= '0' && peek(d) <= '9'; digits++)
		n = n * 10 + (unsigned)(d->all.p[d->at++] - '0');
	*ret = n;
	return digits > 0;
}

/* "{2,5}", as it stands at AT; MOST 0: no end. Without one nothing is taken: it is text. */
static bool take_counts(struct reader *d, unsigned *ret_least, unsigned *ret_most)
{
	size_t from = d->at;

	if (!take(d, '{'))
		return false;
	bool some = take_number(d, ret_least);

	*ret_most = *ret_least;
	if (some && take(d, ',') && !take_number(d, ret_most))
		*ret_most = 0;
	if (!some || !take(d, '}')) {
		d->at = from;
		return false;
	}
	if (*ret_least > REPEAT_MAX || *ret_most > REPEAT_MAX ||
	    (*ret_most && *ret_most < *ret_least))
		fail(d, "that many times is too many, or none");
	return true;
}

/* The atom at FROM, whose code is the last from AT on, may be absent, or come again. */
static void wrap(struct reader *d, unsigned at, char how)
{
	if (how == '+') {
		emit(d, (struct instr){ .op = OP_SPLIT, .x = at, .y = d->r->n + 1 });
		return;
	}
	insert(d, at);
	if (d->failed)
		return;
	if (how == '*')
		emit(d, (struct instr){ .op = OP_JUMP, .x = at });
	d->r->code[at] = (struct instr){ .op = OP_SPLIT, .x = at + 1, .y = d->r->n };
}

/* The atom that stands at FROM once more. */
static unsigned again(struct reader *d, size_t from)
{
	size_t behind = d->at;
	unsigned at = d->r->n;

	d->at = from;
	read_atom(d);
	d->at = behind;
	return at;
}

static void repeat(struct reader *d, size_t from, unsigned at, unsigned least, unsigned most)
{
	if (!least && most == 0) {
		wrap(d, at, '*');
		return;
	}
	if (!least)
		wrap(d, at, '?');
	for (unsigned i = 1; i < least && !d->failed; i++)
		at = again(d, from);
	if (!most)
		wrap(d, at, '+');
	for (unsigned i = least ? least : 1; i < most && !d->failed; i++)
		wrap(d, again(d, from), '?');
}

static void read_repeated(struct reader *d)
{
	size_t from = d->at;
	unsigned at = d->r->n, least, most;

	read_atom(d);
	size_t behind = d->at;

	if (d->failed)
		return;
	if (take_counts(d, &least, &most)) {
		size_t rest = d->at;

		d->at = behind;
		if (!d->failed && (least || most || d->all.p[rest - 2] == ','))
			repeat(d, from, at, least, most);
		else if (!d->failed)
			d->r->n = at; /* {0} */
		d->at = rest;
	} else if (memchr("*+?", peek(d), 3) && d->at < d->all.n) {
		wrap(d, at, d->all.p[d->at++]);
	} else {
		return;
	}
	take(d, '?');
	if (memchr("*+?", peek(d), 3) || take_counts(d, &least, &most))
		fail(d, "a repetition is repeated");
}

static void read_row(struct reader *d)
{
	while (!d->failed && d->at < d->all.n && peek(d) != '|' && peek(d) != ')')
		read_repeated(d);
}

static void read_choice(struct reader *d)
{
	unsigned at = d->r->n;

	read_row(d);
	if (d->failed || !take(d, '|'))
		return;
	insert(d, at);
	unsigned jump = emit(d, (struct instr){ .op = OP_JUMP });

	if (d->failed)
		return;
	d->r->code[at] = (struct instr){ .op = OP_SPLIT, .x = at + 1, .y = d->r->n };
	read_choice(d);
	if (!d->failed)
		d->r->code[jump].x = d->r->n;
}

/* --- life --------------------------------------------------------------------------------- */

int regex_create(struct str pattern, bool fold, struct regex **ret, struct err *err)
{
	struct regex *r = xalloc(sizeof(*r));
	struct reader d = { .r = r, .all = pattern, .err = err };

	r->fold = fold;
	r->code = xalloc(VIEW_STATES_MAX * sizeof(*r->code));
	r->sets = xalloc(SETS_MAX * sizeof(*r->sets));
	if (pattern.n > VIEW_PATTERN_MAX)
		fail(&d, "it is too long");
	else
		read_choice(&d);
	if (!d.failed && d.at < pattern.n)
		fail(&d, "a parenthesis is closed that was not opened");
	emit(&d, (struct instr){ .op = OP_MATCH });
	if (d.failed) {
		regex_destroy(r);
		return -EINVAL;
	}
	r->now = xalloc((r->n + 1) * sizeof(*r->now));
	r->next = xalloc((r->n + 1) * sizeof(*r->next));
	r->stack = xalloc(2 * (r->n + 1) * sizeof(*r->stack));
	r->seen = xalloc((r->n + 1) * sizeof(*r->seen));
	*ret = r;
	return 0;
}

void regex_destroy(struct regex *r)
{
	if (!r)
		return;
	free(r->code);
	free(r->sets);
	free(r->now);
	free(r->next);
	free(r->stack);
	free(r->seen);
	free(r);
}
