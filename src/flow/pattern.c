#include "flow/pattern.h"

#include <ctype.h>
#include <stdint.h>

/* One character class with its repetition; bit i of a state set stands before item i. */
struct item {
	uint32_t set[8]; /* which bytes */
	char repeat;	 /* 0, '?', '*', '+'; '-' is '*': only whether it matches counts */
};

struct program {
	struct item items[PATTERN_ITEMS_MAX];
	unsigned n;
	bool from_start, to_end;
};

static void set_add(struct item *it, unsigned char c)
{
	it->set[c / 32] |= 1u << (c % 32);
}

static bool set_has(const struct item *it, unsigned char c)
{
	return it->set[c / 32] >> (c % 32) & 1;
}

static int class_of(unsigned char c, char letter)
{
	switch (tolower((unsigned char)letter)) {
	case 'a':
		return isalpha(c) != 0;
	case 'c':
		return iscntrl(c) != 0;
	case 'd':
		return isdigit(c) != 0;
	case 'g':
		return isgraph(c) != 0;
	case 'l':
		return islower(c) != 0;
	case 'p':
		return ispunct(c) != 0;
	case 's':
		return isspace(c) != 0;
	case 'u':
		return isupper(c) != 0;
	case 'w':
		return isalnum(c) != 0;
	case 'x':
		return isxdigit(c) != 0;
	default:
		return -1;
	}
}

static void set_add_class(struct item *it, char letter)
{
	if (class_of('a', letter) < 0) { /* an escaped character */
		set_add(it, (unsigned char)letter);
		return;
	}
	for (unsigned c = 0; c < 256; c++)
		if (class_of((unsigned char)c, letter) == !isupper((unsigned char)letter))
			set_add(it, (unsigned char)c);
}

static void set_invert(struct item *it)
{
	for (int i = 0; i < 8; i++)
		it->set[i] = ~it->set[i];
}

/* "[...]" from AT on; returns the offset behind it, 0 for none. */
static size_t parse_set(struct str p, size_t at, struct item *it)
{
	bool invert = at + 1 < p.n && p.p[at + 1] == '^';
	size_t i = at + 1 + invert;
	bool first = true;

	for (; i < p.n && (first || p.p[i] != ']'); first = false) {
		if (p.p[i] == '%' && i + 1 < p.n) {
			set_add_class(it, p.p[i + 1]);
			i += 2;
		} else if (i + 2 < p.n && p.p[i + 1] == '-' && p.p[i + 2] != ']') {
			for (unsigned c = (unsigned char)p.p[i]; c <= (unsigned char)p.p[i + 2];
			     c++)
				set_add(it, (unsigned char)c);
			i += 3;
		} else {
			set_add(it, (unsigned char)p.p[i++]);
		}
	}
	if (i >= p.n)
		return 0;
	if (invert)
		set_invert(it);
	return i + 1;
}

static const char *parse_item(struct str p, size_t *at, struct item *it)
{
	char c = p.p[*at];

	if (c == '(' || c == ')')
		return "captures are not supported";
	if (c == '[') {
		size_t end = parse_set(p, *at, it);

		if (!end)
			return "`[` without its `]`";
		*at = end;
	} else if (c == '%') {
		if (*at + 1 >= p.n)
			return "`%` at the end";
		char next = p.p[*at + 1];

		if (isdigit((unsigned char)next) || next == 'b' || next == 'f')
			return "%1, %b and %f are not supported";
		set_add_class(it, next);
		*at += 2;
	} else {
		if (c == '.')
			set_invert(it);
		else
			set_add(it, (unsigned char)c);
		++*at;
	}
	if (*at < p.n && strchr("?*+-", p.p[*at]) && p.p[*at])
		it->repeat = p.p[(*at)++];
	return NULL;
}

static const char *compile(struct str p, struct program *ret)
{
	size_t at = 0;

	*ret = (struct program){ .from_start = p.n && p.p[0] == '^' };
	at += ret->from_start;
	while (at < p.n) {
		if (p.p[at] == '$' && at + 1 == p.n) {
			ret->to_end = true;
			break;
		}
		if (ret->n == PATTERN_ITEMS_MAX - 1)
			return "the pattern is too long";
		const char *why = parse_item(p, &at, &ret->items[ret->n]);

		if (why)
			return why;
		ret->n++;
	}
	return NULL;
}

const char *pattern_check(struct str pattern)
{
	struct program prog;

	return compile(pattern, &prog);
}

/* Items that may be empty are passed by. */
static uint64_t close_over(const struct program *prog, uint64_t states)
{
	for (unsigned i = 0; i < prog->n; i++) {
		char r = prog->items[i].repeat;

		if (states >> i & 1 && (r == '?' || r == '*' || r == '-'))
			states |= 1ull << (i + 1);
	}
	return states;
}

static uint64_t advance(const struct program *prog, uint64_t states, unsigned char c)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < prog->n; i++) {
		const struct item *it = &prog->items[i];

		if (!(states >> i & 1) || !set_has(it, c))
			continue;
		next |= 1ull << (i + 1);
		if (it->repeat == '*' || it->repeat == '+' || it->repeat == '-')
			next |= 1ull << i;
	}
	return next;
}

/* After `x+` matched once, staying at it is possible but so is going on: advance sets both. */
bool pattern_match(struct str pattern, struct str text)
{
	struct program prog;

	if (compile(pattern, &prog))
		return false;
	uint64_t done = 1ull << prog.n, states = close_over(&prog, 1);

	for (size_t i = 0; i < text.n; i++) {
		if (states & done && !prog.to_end)
			return true;
		states = advance(&prog, states, (unsigned char)text.p[i]);
		if (!prog.from_start)
			states |= 1;
		states = close_over(&prog, states);
	}
	return states & done;
}
