/* Two runs' findings, matched and told apart. */
#include "evidence/compare.h"

#include "base/buf.h"
#include "base/imap.h"
#include "base/limits.h"
#include "base/map.h"

#include <ctype.h>

/* --- one finding --------------------------------------------------------------------------- */

bool finding_stands(const struct finding *f)
{
	switch (f->disposition) {
	case DISPOSITION_KEPT:
	case DISPOSITION_DEMOTED:
		return true;
	case DISPOSITION_MERGED:
	case DISPOSITION_REFUTED:
	case DISPOSITION_DEFERRED:
		return false;
	case DISPOSITION_NONE:
	case DISPOSITIONS:
		break;
	}
	return f->verdict != VERDICT_REFUTED;
}

/* Stands, if only as a part of another one. */
static bool is_there(const struct finding *f)
{
	return finding_stands(f) ||
	       (f->disposition == DISPOSITION_MERGED && f->into && finding_stands(f->into));
}

/* A path that stays inside of the repository. */
static bool is_inside(struct str path)
{
	if (!path.n || path.p[0] == '/')
		return false;
	while (path.p)
		if (str_is(str_split(&path, '/'), ".."))
			return false;
	return true;
}

bool cite_is_place(const struct citation *c)
{
	return c->trust == TRUST_CODEBASE && c->state != CITE_MISSING && is_inside(c->path);
}

/* How good a place is to point at; 0: none. */
static unsigned rank_of(const struct citation *c)
{
	static const unsigned ranks[CITE_STATES] = {
		[CITE_RESOLVES] = 4, [CITE_MOVED] = 3, [CITE_CHANGED] = 2, [CITE_UNCHECKED] = 1
	};

	return cite_is_place(c) ? ranks[c->state] : 0;
}

const struct citation *finding_where(const struct finding *f)
{
	const struct citation *best = NULL;

	for (size_t i = 0; i < f->n_cites; i++)
		if (rank_of(f->cites[i]) > (best ? rank_of(best) : 0))
			best = f->cites[i];
	return best;
}

struct str finding_claim(const struct finding *f)
{
	return f->claim.n ? f->claim : finding_field(f, "Claim");
}

struct str finding_scenario(const struct finding *f)
{
	return f->scenario.n ? f->scenario : finding_field(f, "Failure scenario");
}

struct str finding_suggestion(const struct finding *f)
{
	return f->suggestion.n ? f->suggestion : finding_field(f, "Suggestion");
}

/* --- text without places ------------------------------------------------------------------- */

static bool is_cited(const struct finding *f, unsigned long long n)
{
	for (size_t i = 0; i < f->n_cites; i++) {
		const struct citation *c = f->cites[i];

		if (n && (n == c->line || n == c->end || n == c->found_line || n == c->found_end))
			return true;
	}
	return false;
}

struct plain {
	const struct finding *f;
	struct buf *b;
	bool lines; /* the last word was "line", so that numbers are places */
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static void add_word(struct plain *p, struct str word)
{
	unsigned long long n;
	bool number = str_to_u64(word, UINT32_MAX, &n);

	if (number && (p->lines || is_cited(p->f, n))) {
		buf_addc(p->b, '#');
		return;
	}
	for (size_t i = 0; i < word.n; i++)
		buf_addc(p->b, (char)tolower((unsigned char)word.p[i]));
	if (!number && !str_is(word, "to") && !str_is(word, "and"))
		p->lines = str_eq_nocase(word, STR("line")) || str_eq_nocase(word, STR("lines"));
}

/*
 * S in lower case, white space counting once, and the numbers of lines replaced: what stands
 * further down than it did says the same.
 */
static struct str plain_text(struct arena *a, const struct finding *f, struct str s)
{
	struct buf b;
	struct plain p = { f, &b, false };

	buf_init(&b, s.n + 16);
	s = str_trim(s);
	for (size_t i = 0; i < s.n;) {
		size_t n = 0;

		while (i + n < s.n && is_word(s.p[i + n]))
			n++;
		if (n)
			add_word(&p, (struct str){ s.p + i, n });
		else if (!isspace((unsigned char)s.p[i]))
			buf_addc(&b, s.p[i]);
		else if (b.n && b.p[b.n - 1] != ' ')
			buf_addc(&b, ' ');
		i += n ? n : 1;
	}
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

/* A text that one side does not have is not another text. */
static bool text_differs(struct arena *a, const struct finding *old, struct str was,
    const struct finding *now, struct str is)
{
	return was.n && is.n && !str_eq(was, is) &&
	       !str_eq(plain_text(a, old, was), plain_text(a, now, is));
}

static unsigned differences(struct arena *a, const struct finding *old, const struct finding *now)
{
	bool text = text_differs(a, old, old->title, now, now->title) ||
		    text_differs(a, old, finding_claim(old), now, finding_claim(now)) ||
		    text_differs(a, old, finding_scenario(old), now, finding_scenario(now)) ||
		    text_differs(a, old, finding_suggestion(old), now, finding_suggestion(now));

	return (old->severity != now->severity ? DIFFERS_SEVERITY : 0) |
	       (old->verdict != now->verdict ? DIFFERS_VERDICT : 0) | (text ? DIFFERS_TEXT : 0);
}

/* --- matching ------------------------------------------------------------------------------ */

/* Findings with one key, first come first. */
struct chain {
	size_t head, tail; /* index + 1 of old */
};

struct match {
	struct arena *a;
	struct finding *const *old, *const *now;
	size_t n_old, n_now;
	size_t *of_old, *of_now; /* index + 1 of the other side; 0: none yet */
	size_t *next;		 /* of old, in its chain */
};

typedef struct str (*key_fn)(struct arena *a, const struct finding *f);

static struct str key_print(struct arena *a, const struct finding *f)
{
	(void)a;
	return f->fingerprint;
}

static struct str key_print_title(struct arena *a, const struct finding *f)
{
	struct str title = plain_text(a, f, f->title);

	if (!f->fingerprint.n)
		return f->fingerprint;
	return str_from(arena_printf(a, "%.*s %.*s", STR_ARG(f->fingerprint), STR_ARG(title)));
}

/* A path holds no line break, so that no two pairs have one key. */
static struct str key_of_place(struct arena *a, const struct finding *f, const struct citation *c)
{
	struct str title = plain_text(a, f, f->title);

	return str_from(
	    arena_printf(a, "%.*s\n%.*s", STR_ARG(c ? c->path : STR("")), STR_ARG(title)));
}

static struct str key_first(struct arena *a, const struct finding *f)
{
	return key_of_place(a, f, f->n_cites ? f->cites[0] : NULL);
}

/* What a file that holds one place of each finding has. */
static struct str key_best(struct arena *a, const struct finding *f)
{
	return key_of_place(a, f, finding_where(f));
}

/* Which findings a pass looks at. */
struct pass {
	key_fn key;
	bool bare_old, bare_now; /* only those without a fingerprint on that side */
	bool standing;		 /* only those that stand */
};

static bool looks_at(const struct pass *p, const struct finding *f, bool bare)
{
	return !(bare && f->fingerprint.n) && (!p->standing || finding_stands(f));
}

static void chains_build(struct match *m, struct map *chains, const struct pass *p)
{
	map_init(chains, m->a);
	for (size_t i = 0; i < m->n_old; i++) {
		struct str k;

		if (m->of_old[i] || !looks_at(p, m->old[i], p->bare_old))
			continue;
		k = p->key(m->a, m->old[i]);
		if (!k.n)
			continue;
		struct chain *c = map_get(chains, k);

		if (!c) {
			c = arena_new(m->a, struct chain);
			map_put(chains, k, c);
			c->head = i + 1;
		} else {
			m->next[c->tail - 1] = i + 1;
		}
		c->tail = i + 1;
		m->next[i] = 0;
	}
}

/* Pairs what has the same key and no partner yet. */
static void pair_up(struct match *m, const struct pass *p)
{
	struct map chains;

	chains_build(m, &chains, p);
	for (size_t i = 0; i < m->n_now && chains.n; i++) {
		struct str k;

		if (m->of_now[i] || !looks_at(p, m->now[i], p->bare_now))
			continue;
		k = p->key(m->a, m->now[i]);
		struct chain *c = k.n ? map_get(&chains, k) : NULL;

		if (!c || !c->head)
			continue;
		m->of_now[i] = c->head;
		m->of_old[c->head - 1] = i + 1;
		c->head = m->next[c->head - 1];
	}
}

/* What stands finds a partner that stands before what was merged into it takes it away. */
static void pair_all(struct match *m)
{
	static const struct pass passes[] = {
		{ key_print_title, false, false, true },
		{ key_print, false, false, true },
		{ key_print_title, false, false, false },
		{ key_print, false, false, false },
		{ key_first, true, false, true },
		{ key_first, false, true, true },
		{ key_first, true, false, false },
		{ key_first, false, true, false },
		{ key_best, true, false, false },
		{ key_best, false, true, false },
	};

	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
		pair_up(m, &passes[i]);
}

/* --- merged ones --------------------------------------------------------------------------- */

/* Of each of the N findings, the index of the one that stands for it: itself, or what it was merged
 * into. */
static size_t *heads_of(struct arena *a, struct finding *const *v, size_t n)
{
	size_t *heads = arena_array(a, n, sizeof(*heads));
	struct imap at = { 0 };

	for (size_t i = 0; i < n; i++)
		imap_put(&at, (int64_t)(intptr_t)v[i], &heads[i]);
	for (size_t i = 0; i < n; i++) {
		size_t *head = v[i]->disposition == DISPOSITION_MERGED && v[i]->into
				   ? imap_get(&at, (int64_t)(intptr_t)v[i]->into)
				   : NULL;

		heads[i] = head ? (size_t)(head - heads) : i;
	}
	imap_fini(&at);
	return heads;
}

/*
 * Partners of what stands. What was merged lends its own to the one that stands for it, where that
 * has none: another step may have raised it first this time.
 */
struct partners {
	size_t *of_old, *of_now; /* index + 1 */
};

static void lend(struct match *m, struct partners *ret)
{
	size_t *old = heads_of(m->a, m->old, m->n_old), *now = heads_of(m->a, m->now, m->n_now);

	ret->of_old = arena_array(m->a, m->n_old, sizeof(size_t));
	ret->of_now = arena_array(m->a, m->n_now, sizeof(size_t));
	for (int merged = 0; merged < 2; merged++)
		for (size_t i = 0; i < m->n_now; i++) {
			size_t o = m->of_now[i] - 1, to = i;

			if (!m->of_now[i])
				continue;
			if (merged) {
				to = now[i];
				o = old[o];
			}
			if (ret->of_now[to] || ret->of_old[o] || !finding_stands(m->now[to]) ||
			    !finding_stands(m->old[o]))
				continue;
			ret->of_now[to] = o + 1;
			ret->of_old[o] = to + 1;
		}
}

/* --- telling ------------------------------------------------------------------------------- */

static void list(struct comparison *ret, enum change_kind change, const struct finding *old,
    const struct finding *now, unsigned differs)
{
	ret->v[ret->n++] = (struct compared){ old, now, change, differs };
	ret->of[change]++;
}

static void tell_now(struct match *m, const struct partners *p, size_t i, struct comparison *ret)
{
	const struct finding *now = m->now[i];
	const struct finding *old = m->of_now[i] ? m->old[m->of_now[i] - 1] : NULL;

	if (!finding_stands(now))
		return;
	if (p->of_now[i]) {
		old = m->old[p->of_now[i] - 1];
		unsigned differs = differences(m->a, old, now);

		list(ret, differs ? CHANGE_CHANGED : CHANGE_SAME, old, now, differs);
	} else {
		list(ret, old && is_there(old) ? CHANGE_SAME : CHANGE_NEW, old, now, 0);
	}
}

static void tell(struct match *m, struct comparison *ret)
{
	struct partners p;

	lend(m, &p);
	ret->v = arena_array(m->a, m->n_old + m->n_now, sizeof(*ret->v));
	for (size_t i = 0; i < m->n_now; i++)
		tell_now(m, &p, i, ret);
	for (size_t i = 0; i < m->n_old; i++) {
		const struct finding *now = m->of_old[i] ? m->now[m->of_old[i] - 1] : NULL;

		if (finding_stands(m->old[i]) && !p.of_old[i] && !(now && is_there(now)))
			list(ret, CHANGE_GONE, m->old[i], now, 0);
	}
}

void evidence_compare(struct arena *a, struct finding *const *old, size_t n_old,
    struct finding *const *now, size_t n_now, struct comparison *ret)
{
	struct match m = { .a = a,
		.old = old,
		.now = now,
		.n_old = n_old,
		.n_now = n_now,
		.of_old = arena_array(a, n_old, sizeof(size_t)),
		.of_now = arena_array(a, n_now, sizeof(size_t)),
		.next = arena_array(a, n_old, sizeof(size_t)) };

	*ret = (struct comparison){ 0 };
	pair_all(&m);
	tell(&m, ret);
}

const char *change_name(enum change_kind c)
{
	static const char *const names[CHANGES] = { [CHANGE_SAME] = "same",
		[CHANGE_CHANGED] = "changed",
		[CHANGE_NEW] = "new",
		[CHANGE_GONE] = "gone" };

	return names[c];
}
