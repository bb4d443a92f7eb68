/*
 * Texts as sets of words, to tell whether two titles or claims say about the same. Case, order,
 * plurals, numbers (lines move), marks and the words that carry nothing do not count.
 */
#include "evidence/priv.h"

#include <ctype.h>
#include <stdlib.h>

#define WORDS_MAX 64 /* of one text */
#define WORD_BYTES 40
#define ALIKE_MIN 2 /* common words, unless the sets are equal */

static const char *const empty_words[] = { "a", "an", "and", "are", "as", "at", "be", "by", "can",
	"critical", "for", "from", "has", "have", "high", "if", "in", "info", "is", "it", "its",
	"low", "may", "medium", "note", "of", "on", "or", "so", "that", "the", "then", "there",
	"this", "to", "was", "when", "which", "while", "with" };
static const char *const denials[] = { "no", "not", "never", "nobody", "none", "nothing", "without",
	"cannot", "missing", "lacks", "lack" };

static bool is_of(struct str word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(word, list[i]))
			return true;
	return false;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(struct str s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h;
}

static bool is_letter(char c)
{
	return is_word_char(c) || (unsigned char)c >= 0x80;
}

/* The next word of *S in lower case, in TO. Empty: there is none. */
static struct str next_word(struct str *s, char to[WORD_BYTES])
{
	size_t n = 0, all = 0;

	while (s->n && !is_letter(s->p[0]))
		*s = str_skip(*s, 1);
	for (; all < s->n && is_letter(s->p[all]); all++)
		if (n < WORD_BYTES)
			to[n++] = (char)tolower((unsigned char)s->p[all]);
	*s = str_skip(*s, all);
	if (n > 3 && to[n - 1] == 's' && to[n - 2] != 's')
		n--;
	return (struct str){ to, n };
}

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]))
			return false;
	return true;
}

static int by_value(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

static void sort_once(struct words *w)
{
	size_t n = 0;

	qsort(w->v, w->n, sizeof(*w->v), by_value);
	for (size_t i = 0; i < w->n; i++)
		if (!n || w->v[n - 1] != w->v[i])
			w->v[n++] = w->v[i];
	w->n = n;
}

struct words words_of(struct arena *a, struct str s)
{
	uint64_t v[WORDS_MAX];
	struct words w = { .v = v };
	char text[WORD_BYTES];

	for (struct str word; (word = next_word(&s, text)).n && w.n < WORDS_MAX;) {
		if (is_of(word, denials, sizeof(denials) / sizeof(denials[0]))) {
			w.denies = true;
			word = STR("not");
		}
		if (is_number(word) ||
		    is_of(word, empty_words, sizeof(empty_words) / sizeof(empty_words[0])))
			continue;
		v[w.n++] = hash_of(word);
	}
	sort_once(&w);
	w.v = arena_array(a, w.n + 1, sizeof(*w.v));
	memcpy(w.v, v, w.n * sizeof(*v));
	return w;
}

bool words_equal(const struct words *x, const struct words *y)
{
	return x->n == y->n && (!x->n || memcmp(x->v, y->v, x->n * sizeof(*x->v)) == 0);
}

bool words_alike(const struct words *x, const struct words *y)
{
	size_t common = 0, i = 0, k = 0, least = x->n < y->n ? x->n : y->n;

	if (words_equal(x, y))
		return true;
	if (x->denies != y->denies)
		return false;
	while (i < x->n && k < y->n) {
		common += x->v[i] == y->v[k];
		if (x->v[i] < y->v[k])
			i++;
		else if (x->v[i] > y->v[k])
			k++;
		else
			i++, k++;
	}
	return common >= ALIKE_MIN && common * 4 >= least * 3;
}
