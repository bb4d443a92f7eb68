#include "rehearsal/priv.h"

#include "base/utf8.h"

#include <ctype.h>

/*
 * Quotes that a checker will find again: taken from a line that was read, trimmed at both ends,
 * cut at a length, and never with a character that would end the quotation.
 */

#define QUOTE_MAX 120
#define QUOTE_SOLID 12 /* characters other than blanks that make a quote telling */
#define QUOTE_LEAST 4  /* the same, when the quote is the whole line */

static size_t solid_bytes(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += !isspace((unsigned char)s.p[i]);
	return n;
}

/* The start of S without control bytes and invisible characters. */
static struct str plain_start(struct str s)
{
	struct str rest = s;

	while (rest.n) {
		uint32_t cp;
		size_t n = utf8_next(rest, &cp);

		if (cp == UTF8_BAD || (cp < ' ' && cp != '\t') || (cp >= 0x7f && cp < 0xa0) ||
		    utf8_is_invisible(cp))
			break;
		rest = str_skip(rest, n);
	}
	return str_take(s, s.n - rest.n);
}

struct str quote_of(const struct line *l)
{
	struct str whole = str_trim(l->text),
		   s = str_rtrim(utf8_cut(plain_start(whole), QUOTE_MAX));

	/* one of the two marks must be free to stand around it */
	if (str_chr(s, '"') >= 0 && str_chr(s, '`') >= 0)
		s = str_rtrim(str_take(s, (size_t)str_chr(s, '`')));
	size_t least = s.n == whole.n ? QUOTE_LEAST : QUOTE_SOLID;

	return solid_bytes(s) >= least ? s : (struct str){ "", 0 };
}

const struct line *quotable_line(const struct view *v, unsigned no, unsigned most)
{
	for (unsigned i = 0; i <= most; i++) {
		const struct line *l = view_line(v, no + i);

		if (l && quote_of(l).n)
			return l;
	}
	return NULL;
}

void cite_write(struct buf *b, struct str path, unsigned line, unsigned end, struct str quote)
{
	char mark = str_chr(quote, '"') >= 0 ? '`' : '"';

	buf_printf(b, "`%.*s:%u", STR_ARG(path), line);
	if (end > line)
		buf_printf(b, "-%u", end);
	buf_addc(b, '`');
	if (quote.n) {
		buf_printf(b, " %c", mark);
		buf_add(b, quote);
		buf_addc(b, mark);
	}
}
