#include "view/search.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "view/regex.h"

#include <stdlib.h>

struct search {
	char *text; /* folded, unless case counts */
	size_t n;
	bool exact, word, tools, cut;
	struct regex *regex; /* or NULL */
	uint64_t work, total;
	struct buf folded;
	struct search_hit hits[VIEW_HITS_MAX];
	size_t n_hits;
};

static char fold(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static int check(const struct search_options *o, struct err *err)
{
	const char *why = NULL;

	if (!o->text.n)
		why = "there is nothing to search for";
	else if (o->text.n > VIEW_PATTERN_MAX)
		why = "it is longer than 256 bytes";
	else if (!utf8_valid(o->text))
		why = "it is no UTF-8";
	if (!why)
		return 0;
	err_set(err, -EINVAL, "this cannot be searched for");
	return err_why(err, "%s", why);
}

int search_create(const struct search_options *o, struct search **ret, struct err *err)
{
	struct regex *regex = NULL;
	int rc = check(o, err);

	if (rc == 0 && o->regex)
		rc = regex_create(o->text, !o->exact, &regex, err);
	if (rc)
		return rc;
	struct search *s = xalloc(sizeof(*s));

	s->text = xstrndup(o->text.p, o->text.n);
	s->n = o->text.n;
	s->exact = o->exact;
	s->word = o->word;
	s->tools = o->tools;
	s->regex = regex;
	s->work = VIEW_WORK_MAX;
	for (size_t i = 0; !s->exact && i < s->n; i++)
		s->text[i] = fold(s->text[i]);
	buf_init(&s->folded, VIEW_LINE_MAX);
	*ret = s;
	return 0;
}

void search_destroy(struct search *s)
{
	if (!s)
		return;
	free(s->text);
	regex_destroy(s->regex);
	buf_fini(&s->folded);
	free(s);
}

/* --- looking ------------------------------------------------------------------------------ */

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

static bool stands_alone(struct str line, size_t at, size_t n)
{
	return (at == 0 || !is_word_char(line.p[at - 1])) &&
	       (at + n >= line.n || !is_word_char(line.p[at + n]));
}

/* The next match in LINE from FROM on; HAY is the line as it is compared. */
static bool find(struct search *s, struct str hay, size_t from, size_t *ret_at, size_t *ret_n)
{
	if (s->regex)
		return regex_find(s->regex, hay, from, &s->work, ret_at, ret_n);
	ptrdiff_t at = str_find(str_skip(hay, from), (struct str){ s->text, s->n });

	*ret_at = from + (size_t)at;
	*ret_n = s->n;
	return at >= 0;
}

static uint32_t units(struct str s)
{
	uint32_t n = 0, cp;

	while (s.n) {
		s = str_skip(s, utf8_next(s, &cp));
		n += cp > 0xffff && cp != UTF8_BAD ? 2 : 1;
	}
	return n;
}

static struct str hay_of(struct search *s, struct str line)
{
	if (s->exact || s->regex)
		return line;
	buf_clear(&s->folded);
	buf_add(&s->folded, line);
	for (size_t i = 0; i < s->folded.n; i++)
		s->folded.p[i] = fold(s->folded.p[i]);
	return buf_str(&s->folded);
}

static void add_hit(struct search *s, const struct search_hit *hit)
{
	s->total++;
	if (s->n_hits < VIEW_HITS_MAX)
		s->hits[s->n_hits++] = *hit;
	else
		s->cut = true;
}

void search_line(void *search, uint64_t number, enum line_kind kind, struct str line)
{
	struct search *s = search;
	struct str hay = hay_of(s, line);
	size_t from = 0, counted = 0, at, n;
	struct search_hit hit = { .line = number };

	if (kind == LINE_OTHER || (kind == LINE_TOOL && !s->tools))
		return;
	while (from <= hay.n && s->work && find(s, hay, from, &at, &n)) {
		if (n && (!s->word || stands_alone(line, at, n))) {
			hit.col += units(str_take(str_skip(line, counted), at - counted));
			counted = at;
			hit.len = units(str_take(str_skip(line, at), n));
			add_hit(s, &hit);
		}
		from = at + n;
		if (!n) { /* nothing, before a whole character */
			uint32_t cp;

			from += at < hay.n ? utf8_next(str_skip(hay, at), &cp) : 1;
		}
	}
	s->cut |= s->work == 0;
}

const struct search_hit *search_hits(const struct search *s, size_t *ret_n)
{
	*ret_n = s->n_hits;
	return s->hits;
}

uint64_t search_total(const struct search *s, bool *ret_cut)
{
	*ret_cut = s->cut;
	return s->total;
}
