/*
 * What makes a finding the same one in another run. Its id, its severity, what validators said and,
 * as a rule, its title do not: models word anew each time. What stays is the text it points at, so
 *a fingerprint is a digest of the anchor of its first citation that holds:
 *
 *	the quoted text	  without white space that tells no words apart, marks of comments at the
 *			  edges of lines, kinds of quotation marks, commas before a closing bracket,
 *			  line numbers of a tool's output. Without a quote: the cited line itself.
 *	where it stands	  the enclosing symbol; where none was found, the file's base name.
 *
 * Line numbers are not in it: thirty lines above change nothing. Neither is the path where there is
 * a symbol and the text is no trifle: a symbol with a dozen characters of its code finds itself
 *again in a file that was renamed or split, which a base name would not, and one that was moved to
 * another directory keeps its base name. A text of forty characters is as good as a symbol. The
 *price is that equal code in equally named functions of two files shares an anchor, which the next
 *rule settles within a run; from one run to the next, where one of the two is gone and the other
 *new, it cannot be told from a file that was renamed.
 *
 * Findings of one run that share an anchor are the same when they name the same file and say about
 * the same (words.c). Several different ones get the words of their titles and their paths into
 * their fingerprints, all of them, so that none takes over what was decided about another; only
 * there rewording changes a fingerprint. What rests on no text at all (nothing cited, a URL, a file
 * that is not there) has no anchor: its kind and the words of its title stand in for one.
 *
 * 32 hexadecimal digits: the first half of a SHA-256.
 */
#include "evidence/priv.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/sha256.h"

#include <ctype.h>
#include <stdlib.h>

#define DIGITS 32
#define SOLID_WITH_SYMBOL 12
#define SOLID_ALONE 40
#define KINDS_MAX 32 /* different findings at one anchor that are told apart by likeness */

/* --- digests ------------------------------------------------------------------------------ */

/* The same bytes on every machine. */
static void add_number(struct sha256 *sha, uint64_t v)
{
	char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(v >> (8 * i));
	sha256_add(sha, (struct str){ bytes, sizeof(bytes) });
}

/* A part with its length, so that no two lists of parts give the same bytes. */
static void add(struct sha256 *sha, struct str s)
{
	add_number(sha, s.n);
	sha256_add(sha, s);
}

static void add_words(struct sha256 *sha, const struct words *w)
{
	add_number(sha, w->n);
	for (size_t i = 0; i < w->n; i++)
		add_number(sha, w->v[i]);
}

static struct str end(struct arena *a, struct sha256 *sha)
{
	char hex[SHA256_HEX];

	sha256_end(sha, hex);
	return arena_dup(a, (struct str){ hex, DIGITS });
}

/* --- the text's normal form --------------------------------------------------------------- */

static bool is_letter(char c)
{
	return is_word_char(c) || (unsigned char)c >= 0x80;
}

/* Marks that begin a line of a comment, and what closes one. */
static struct str strip_comment(struct str line)
{
	line = str_trim(line);
	if (str_starts(line, STR("//")) || str_starts(line, STR("/*")))
		line = str_skip(line, 2);
	while (line.n && (line.p[0] == '/' || line.p[0] == '*' || line.p[0] == '!'))
		line = str_skip(line, 1);
	if (line.n > 1 && line.p[0] == '#' && strchr(" \t#!", line.p[1]))
		while (line.n && line.p[0] == '#')
			line = str_skip(line, 1);
	if (str_starts(line, STR("-- ")))
		line = str_skip(line, 3);
	line = str_rtrim(line);
	if (str_ends(line, STR("*/")))
		line = str_take(line, line.n - 2);
	return str_trim(line);
}

/* The length of a typographic quotation mark, “ ” „ ‘ ’ ‚: 0 when S begins with none. */
static size_t curly_mark(struct str s)
{
	return s.n >= 3 && s.p[0] == '\xe2' && s.p[1] == '\x80' && s.p[2] >= '\x98' &&
		       s.p[2] <= '\x9e'
		   ? 3
		   : 0;
}

struct normal {
	char *p;
	size_t n;
	bool gap; /* white space since the last byte */
};

static void put(struct normal *to, char c)
{
	if (to->gap && to->n && is_letter(c) && is_letter(to->p[to->n - 1]))
		to->p[to->n++] = ' ';
	if (strchr(")]}", c) && to->n && to->p[to->n - 1] == ',')
		to->n--; /* some formatters write it, some do not */
	to->gap = false;
	to->p[to->n++] = c;
}

static void put_line(struct normal *to, struct str line)
{
	to->gap = true;
	while (line.n) {
		size_t curly = curly_mark(line);

		if (isspace((unsigned char)line.p[0]))
			to->gap = true;
		else
			put(to, curly || strchr("'`", line.p[0]) ? '"' : line.p[0]);
		line = str_skip(line, curly ? curly : 1);
	}
}

static struct str normal_text(struct arena *a, struct str s)
{
	struct normal to = { .p = arena_alloc(a, 2 * s.n + 1) };

	while (s.p && s.n)
		put_line(&to, strip_comment(str_line(&s)));
	return (struct str){ to.p, to.n };
}

/* --- anchors ------------------------------------------------------------------------------ */

static struct str base_name(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	return slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;
}

static size_t solid(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] != ' ';
	return n;
}

void cite_anchor(struct arena *a, struct citation *c, struct str text)
{
	struct arena *scratch = arena_create("anchor", ARENA_JOB);
	struct str normal = normal_text(scratch, drop_numbers(scratch, text));
	bool stands_alone = solid(normal) >= (c->symbol.n ? SOLID_WITH_SYMBOL : SOLID_ALONE);
	struct sha256 sha;

	if (normal.n) {
		sha256_begin(&sha);
		add(&sha, stands_alone ? (struct str){ "", 0 } : base_name(c->path));
		add(&sha, c->symbol);
		add(&sha, normal);
		c->anchor = end(a, &sha);
	}
	arena_destroy(scratch);
}

bool cite_holds(const struct citation *c)
{
	return c->state == CITE_RESOLVES || c->state == CITE_MOVED;
}

const struct citation *finding_place(const struct finding *f)
{
	for (size_t i = 0; i < f->n_cites; i++)
		if (cite_holds(f->cites[i]))
			return f->cites[i];
	for (size_t i = 0; i < f->n_cites; i++)
		if (f->cites[i]->trust == TRUST_CODEBASE)
			return f->cites[i];
	return f->n_cites ? f->cites[0] : NULL;
}

void findings_anchor(struct evidence *ev)
{
	for (size_t i = 0; i < ev->n_findings; i++) {
		struct finding *f = ev->findings[i];
		const struct citation *c = finding_place(f);

		if (!c)
			continue;
		f->symbol = c->symbol;
		f->anchor = c->anchor;
	}
}

/* --- without an anchor -------------------------------------------------------------------- */

/* "missing" of a gap, "SEC" of SEC-001. */
static struct str kind_of(const struct finding *f)
{
	struct str kind = finding_field(f, "Class");
	size_t n = 0;

	if (!kind.n)
		kind = finding_field(f, "Category");
	if (kind.n)
		return kind;
	while (n < f->id.n && isalpha((unsigned char)f->id.p[n]))
		n++;
	return str_take(f->id, n);
}

static struct str without_anchor(struct arena *a, const struct finding *f)
{
	const struct citation *c = finding_place(f);
	struct words w = words_of(a, f->title);
	struct sha256 sha;

	sha256_begin(&sha);
	add(&sha, STR("no text"));
	add(&sha, c ? base_name(c->path) : (struct str){ "", 0 });
	add(&sha, kind_of(f));
	add_words(&sha, &w);
	add(&sha, w.n ? (struct str){ "", 0 } : f->title);
	return end(a, &sha);
}

/* --- in a run ----------------------------------------------------------------------------- */

/* What was said in the same words of one file, at one anchor. */
struct kind {
	struct words words;
	struct str path, title;
	struct map steps;  /* who said so */
	struct kind *into; /* others said it in other words */
};

struct member {
	struct finding *f;
	struct kind *kind;
};

struct group {
	struct vec members;
	struct kind *kinds[KINDS_MAX];
	unsigned n_kinds, n_apart;
	bool crowded; /* there are more kinds: nobody looks which are alike */
};

static int by_words(const struct words *x, const struct words *y)
{
	size_t n = x->n < y->n ? x->n : y->n;

	for (size_t i = 0; i < n; i++)
		if (x->v[i] != y->v[i])
			return x->v[i] < y->v[i] ? -1 : 1;
	return (x->n > y->n) - (x->n < y->n);
}

static int by_kind(const void *x, const void *y)
{
	const struct kind *a = *(struct kind *const *)x, *b = *(struct kind *const *)y;
	int rc = str_cmp(a->path, b->path);

	rc = rc ? rc : by_words(&a->words, &b->words);
	return rc ? rc : str_cmp(a->title, b->title);
}

static struct kind *kind_for(struct arena *a, struct group *g, const struct finding *f)
{
	const struct citation *c = finding_place(f);
	struct kind *k = arena_new(a, struct kind);

	*k = (struct kind){ .words = words_of(a, f->title),
		.path = c ? c->path : (struct str){ "", 0 } };
	k->title = k->words.n ? (struct str){ "", 0 } : f->title;
	for (unsigned i = 0; i < g->n_kinds; i++)
		if (by_kind(&g->kinds[i], &k) == 0)
			return g->kinds[i];
	map_init(&k->steps, a);
	if (g->n_kinds < KINDS_MAX)
		g->kinds[g->n_kinds++] = k;
	else
		g->crowded = true;
	return k;
}

static void join(struct arena *a, struct group *g, struct finding *f)
{
	struct member *m = arena_new(a, struct member);

	*m = (struct member){ f, kind_for(a, g, f) };
	map_put(&m->kind->steps, f->step, f);
	vec_add(a, &g->members, m);
}

/* A step that lists two means two: they are not alike, whatever their words. */
static bool alike(const struct kind *x, const struct kind *y)
{
	if (!str_eq(x->path, y->path) || !x->words.n || !words_alike(&x->words, &y->words))
		return false;
	map_each (&y->steps, e)
		if (map_get(&x->steps, e->key))
			return false;
	return true;
}

/* In the order of their words, so that it does not matter which step came first. */
static void unite(struct group *g)
{
	qsort(g->kinds, g->n_kinds, sizeof(struct kind *), by_kind);
	g->n_apart = g->n_kinds;
	for (unsigned i = 1; i < g->n_kinds && !g->crowded; i++)
		for (unsigned k = 0; k < i && !g->kinds[i]->into; k++) {
			struct kind *x = g->kinds[k], *y = g->kinds[i];

			if (x->into || !alike(x, y))
				continue;
			map_each (&y->steps, e)
				map_put(&x->steps, e->key, e->value);
			y->into = x;
			g->n_apart--;
		}
}

static struct str told_apart(struct arena *a, const struct finding *f, const struct kind *k)
{
	struct sha256 sha;

	sha256_begin(&sha);
	add(&sha, f->anchor);
	add(&sha, k->path);
	add_words(&sha, &k->words);
	add(&sha, k->title);
	return end(a, &sha);
}

static void name_group(struct arena *a, struct group *g)
{
	unite(g);
	for (size_t i = 0; i < g->members.n; i++) {
		const struct member *m = g->members.v[i];
		const struct kind *k = m->kind->into ? m->kind->into : m->kind;

		m->f->fingerprint = g->n_apart == 1 ? m->f->anchor : told_apart(a, m->f, k);
	}
}

/* Evidence of an older version has no anchors; its quotes are there. */
static void anchor_late(struct arena *a, struct finding *f)
{
	const struct citation *place = finding_place(f);

	if (f->anchor.n || !place || !place->quote.n || place->trust != TRUST_CODEBASE)
		return;
	struct citation c = *place;

	cite_anchor(a, &c, c.quote);
	f->anchor = c.anchor;
}

void evidence_identify(struct arena *a, struct evidence **sets, size_t n)
{
	struct map groups;

	map_init(&groups, a);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sets[i]->n_findings; k++) {
			struct finding *f = sets[i]->findings[k];
			struct group *g;

			anchor_late(a, f);
			if (!f->anchor.n) {
				f->fingerprint = without_anchor(a, f);
				continue;
			}
			g = map_get(&groups, f->anchor);
			if (!g)
				map_put(&groups, f->anchor, g = arena_new(a, struct group));
			join(a, g, f);
		}
	map_each (&groups, e)
		name_group(a, e->value);
}
