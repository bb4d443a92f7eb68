/* All ways through an expression at once. */
#include "base/utf8.h"
#include "view/regex_priv.h"

struct run {
	struct regex *r;
	struct str s;
	uint64_t *work;
	unsigned n_now, n_next;
	bool found;
	size_t start, end; /* the best match so far */
};

static bool is_word_at(struct str s, size_t at, bool before)
{
	unsigned char c;

	if (before ? at == 0 : at >= s.n)
		return false;
	c = (unsigned char)s.p[before ? at - 1 : at];
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c >= 0x80;
}

static bool stands(const struct run *u, enum op op, size_t at)
{
	if (op == OP_BEGIN)
		return at == 0;
	if (op == OP_END)
		return at == u->s.n;
	return (is_word_at(u->s, at, true) != is_word_at(u->s, at, false)) == (op == OP_WORD);
}

/* A way that began at START has come to PC; the ways that need no character are gone at once. */
static void add_way(struct run *u, unsigned pc, size_t start, size_t at)
{
	struct regex *r = u->r;
	unsigned n = 0;

	r->stack[n++] = pc;
	while (n) {
		pc = r->stack[--n];
		if (r->seen[pc] == r->round)
			continue;
		r->seen[pc] = r->round;
		const struct instr *i = &r->code[pc];

		if (i->op == OP_JUMP) {
			r->stack[n++] = i->x;
		} else if (i->op == OP_SPLIT) {
			r->stack[n++] = i->y;
			r->stack[n++] = i->x;
		} else if (i->op == OP_MATCH) {
			u->found = true; /* ways come by age: none older can follow this round */
			u->start = start;
			u->end = at;
		} else if (i->op >= OP_BEGIN && i->op <= OP_NO_WORD) {
			if (stands(u, i->op, at))
				r->stack[n++] = pc + 1;
		} else {
			r->next[u->n_next++] = (struct way){ pc, start };
		}
	}
}

static uint32_t folded(const struct regex *r, uint32_t cp)
{
	return r->fold && cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
}

static bool takes(const struct regex *r, const struct instr *i, uint32_t cp)
{
	if (i->op == OP_CHAR)
		return folded(r, cp) == i->cp;
	return i->op == OP_ANY || regex_is_in(&r->sets[i->x], cp);
}

static void turn(struct run *u)
{
	struct way *ways = u->r->now;

	u->r->now = u->r->next;
	u->r->next = ways;
	u->n_now = u->n_next;
	u->n_next = 0;
	u->r->round++;
}

/* Every way takes the character at AT, or ends. */
static void advance(struct run *u, size_t at, size_t len, uint32_t cp)
{
	for (unsigned k = 0; k < u->n_now; k++) {
		const struct way *way = &u->r->now[k];

		if (u->found && way->start > u->start)
			break;
		if (takes(u->r, &u->r->code[way->pc], cp))
			add_way(u, way->pc + 1, way->start, at + len);
	}
}

bool regex_find(
    struct regex *r, struct str s, size_t from, uint64_t *work, size_t *ret_at, size_t *ret_n)
{
	struct run u = { .r = r, .s = s, .work = work };

	r->round++;
	for (size_t at = from;;) {
		uint32_t cp = 0;
		size_t len = at < s.n ? utf8_next(str_skip(s, at), &cp) : 0;

		if (!u.found)
			add_way(&u, 0, at, at);
		turn(&u);
		if (*work <= u.n_now || (!u.n_now && u.found) || at >= s.n)
			break;
		*work -= u.n_now + 1;
		advance(&u, at, len, cp);
		at += len;
	}
	if (*work <= u.n_now) {
		*work = 0;
		return false;
	}
	*ret_at = u.start;
	*ret_n = u.end - u.start;
	return u.found;
}
