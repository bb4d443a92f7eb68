#include "rehearsal/priv.h"

#include <ctype.h>
#include <stdlib.h>

#define PATH_CITED_MAX 300
#define WORDS_SEEN_MAX 400 /* words of a question that are weighed */

bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

ptrdiff_t text_find_nocase(struct str s, struct str needle)
{
	if (needle.n == 0 || needle.n > s.n)
		return -1;
	char pair[2] = { (char)tolower((unsigned char)*needle.p),
		(char)toupper((unsigned char)*needle.p) };

	for (size_t at = 0; at + needle.n <= s.n; at++) {
		if (s.p[at] != pair[0] && s.p[at] != pair[1])
			continue;
		if (str_eq_nocase((struct str){ s.p + at, needle.n }, needle))
			return (ptrdiff_t)at;
	}
	return -1;
}

bool text_has_nocase(struct str s, const char *needle)
{
	return text_find_nocase(s, str_from(needle)) >= 0;
}

bool text_has_any(struct str s, const char *list)
{
	struct str rest = str_from(list);

	while (rest.p) {
		if (text_find_nocase(s, str_split(&rest, '|')) >= 0)
			return true;
	}
	return false;
}

/* Offset of the last C in S, or -1. */
static ptrdiff_t last_of(struct str s, char c)
{
	const char *p = s.n ? memrchr(s.p, c, s.n) : NULL;

	return p ? p - s.p : -1;
}

struct str path_base(struct str path)
{
	return str_skip(path, (size_t)(last_of(path, '/') + 1));
}

struct str path_ext(struct str path)
{
	struct str base = path_base(path);
	ptrdiff_t dot = last_of(base, '.');

	return dot > 0 ? str_skip(base, (size_t)dot + 1) : (struct str){ "", 0 };
}

struct str path_relative(struct str root, struct str path)
{
	if (root.n && str_starts(path, root) && (path.n == root.n || path.p[root.n] == '/'))
		path = str_skip(path, root.n + 1);
	while (str_starts(path, STR("./")))
		path = str_skip(path, 2);
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	return path.n ? path : STR(".");
}

static bool has_parent_step(struct str path)
{
	while (path.p) {
		if (str_is(str_split(&path, '/'), ".."))
			return true;
	}
	return false;
}

bool path_citable(struct str path)
{
	if (path.n == 0 || path.n > PATH_CITED_MAX || path.p[0] == '/' || str_is(path, "."))
		return false;
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c < ' ' || c == 0x7f || strchr("`\"':;*?<>|\\(){}", c))
			return false;
	}
	return path.p[path.n - 1] != ' ' && path.p[0] != ' ' && !has_parent_step(path);
}

unsigned text_hash(struct str a, struct str b)
{
	unsigned h = 2166136261u;

	for (size_t i = 0; i < a.n; i++)
		h = (h ^ (unsigned char)a.p[i]) * 16777619u;
	h = (h ^ 0xff) * 16777619u;
	for (size_t i = 0; i < b.n; i++)
		h = (h ^ (unsigned char)b.p[i]) * 16777619u;
	return h ^ h >> 15;
}

bool text_number(struct str s, unsigned *ret, struct str *ret_rest)
{
	size_t n = 0;
	unsigned long long value;

	while (n < s.n && n < 10 && isdigit((unsigned char)s.p[n]))
		n++;
	if (!str_to_u64(str_take(s, n), 1000000000, &value))
		return false;
	*ret = (unsigned)value;
	*ret_rest = str_skip(s, n);
	return true;
}

/* --- key words ------------------------------------------------------------------------------- */

/* Words of questions that say nothing about a repository. Sorted. */
static const char *const stop_words[] = { "about", "after", "all", "also", "analyse", "analysis",
	"analyze", "and", "any", "are", "architecture", "area", "because", "been", "before",
	"being", "between", "both", "but", "can", "change", "check", "code", "could", "current",
	"describe", "desired", "does", "each", "every", "find", "focus", "for", "from", "goal",
	"good", "had", "has", "have", "how", "its", "like", "look", "make", "many", "may", "might",
	"more", "most", "much", "must", "need", "needs", "not", "now", "one", "only", "our", "out",
	"over", "part", "please", "project", "question", "repo", "repository", "review", "should",
	"show", "some", "something", "state", "such", "task", "than", "that", "the", "their",
	"them", "then", "there", "these", "they", "thing", "things", "this", "under", "use", "used",
	"uses", "using", "very", "want", "was", "way", "well", "were", "what", "when", "where",
	"whether", "which", "while", "who", "why", "will", "with", "work", "works", "would", "you",
	"your" };

static int stop_cmp(const void *key, const void *item)
{
	const struct str *word = key;
	struct str stop = str_from(*(const char *const *)item);
	size_t n = word->n < stop.n ? word->n : stop.n;
	int order = strncasecmp(word->p, stop.p, n);

	return order ? order : (word->n > stop.n) - (word->n < stop.n);
}

static bool is_stop_word(struct str word)
{
	return bsearch(&word, stop_words, sizeof(stop_words) / sizeof(*stop_words),
		   sizeof(*stop_words), stop_cmp) != NULL;
}

/* A name as programs have them weighs more than a word of prose. */
static unsigned word_weight(struct str word)
{
	unsigned weight = word.n > 12 ? 12 : (unsigned)word.n;

	for (size_t i = 0; i < word.n; i++) {
		if (strchr("_./", word.p[i]) || (i > 0 && isupper((unsigned char)word.p[i]) &&
						    islower((unsigned char)word.p[i - 1])))
			return weight + 20;
	}
	return weight;
}

/* The next run of word bytes, dots and slashes; what is cut off *S ends behind it. */
static struct str next_word(struct str *s)
{
	size_t from = 0, to;

	while (from < s->n && !is_word_byte(s->p[from]))
		from++;
	to = from;
	while (to < s->n && (is_word_byte(s->p[to]) || strchr("./-", s->p[to])))
		to++;
	struct str word = { s->p + from, to - from };

	*s = str_skip(*s, to);
	while (word.n && strchr("./-", word.p[word.n - 1]))
		word.n--;
	return word;
}

/* For a search, a path is known by its last component without the ending. */
static struct str searched_form(struct str word)
{
	struct str base = path_base(word), ext = path_ext(word);

	return ext.n ? str_take(base, base.n - ext.n - 1) : base;
}

static bool word_is_known(const struct str *words, size_t n, struct str word)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq_nocase(words[i], word))
			return true;
	}
	return false;
}

size_t text_keywords(struct str s, struct str *ret, size_t max)
{
	unsigned weights[16] = { 0 };
	size_t n = 0;

	if (max > sizeof(weights) / sizeof(*weights))
		max = sizeof(weights) / sizeof(*weights);
	for (unsigned seen = 0; s.n && seen < WORDS_SEEN_MAX; seen++) {
		struct str raw = next_word(&s), word = searched_form(raw);
		unsigned weight = word.n ? word_weight(raw) : 0;
		size_t at = n;

		if (word.n < 3 || word.n > 40 || is_stop_word(word) || word_is_known(ret, n, word))
			continue;
		while (at > 0 && weights[at - 1] < weight)
			at--;
		if (at >= max)
			continue;
		n = n < max ? n + 1 : n;
		memmove(ret + at + 1, ret + at, (n - at - 1) * sizeof(*ret));
		memmove(weights + at + 1, weights + at, (n - at - 1) * sizeof(*weights));
		ret[at] = word;
		weights[at] = weight;
	}
	return n;
}

/* --- memory ---------------------------------------------------------------------------------- */

struct str buf_to_arena(struct arena *a, struct buf *b)
{
	struct str text = arena_dup(a, buf_str(b));

	buf_fini(b);
	return text;
}
