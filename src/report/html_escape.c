/* Other people's words inside our HTML. */
#include "report/html.h"

#include "base/utf8.h"

#define URL_MAX KIB(2)

static size_t plain_run(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7f && s.p[n] != '&' && s.p[n] != '<' &&
	       s.p[n] != '>' && s.p[n] != '"')
		n++;
	return n;
}

/* One code point that may need another form; S begins with it and LEN are its bytes. */
static void add_point(struct buf *b, struct str s, uint32_t cp, size_t len)
{
	if (cp == '&')
		buf_adds(b, "&amp;");
	else if (cp == '<')
		buf_adds(b, "&lt;");
	else if (cp == '>')
		buf_adds(b, "&gt;");
	else if (cp == '"')
		buf_adds(b, "&quot;");
	else if (cp == UTF8_BAD || (cp < 0x20 && cp != '\n' && cp != '\t') || cp == 0x7f)
		buf_printf(b, "\\x%02x", (unsigned char)*s.p);
	else if (cp >= 0x80 && cp < 0xa0)
		buf_printf(b, "\\u%04x", (unsigned)cp);
	else if (utf8_is_invisible(cp))
		buf_printf(b, "&lt;U+%04X&gt;", (unsigned)cp);
	else
		buf_add(b, str_take(s, len));
}

void html_add(struct buf *b, struct str s)
{
	while (s.n) {
		size_t n = plain_run(s);
		uint32_t cp;

		buf_add(b, str_take(s, n));
		s = str_skip(s, n);
		if (!s.n || !s.p)
			return;
		n = utf8_next(s, &cp);
		add_point(b, s, cp, n);
		s = str_skip(s, n);
	}
}

static void add_line(struct buf *b, struct str s)
{
	while (s.p && s.n) {
		html_add(b, str_line(&s));
		if (s.p)
			buf_addc(b, ' ');
	}
}

void html_cut(struct buf *b, struct str s, size_t max)
{
	s = str_trim(s);
	add_line(b, utf8_cut(s, max));
	if (utf8_cut(s, max).n < s.n)
		buf_adds(b, " …");
}

void html_phrase(struct buf *b, struct str s, size_t max)
{
	bool cut = max < str_trim(s).n;

	for (s = utf8_cut(str_trim(s), max); s.n;) {
		ptrdiff_t from = str_chr(s, '`');
		struct str rest = from < 0 ? (struct str){ "", 0 } : str_skip(s, (size_t)from + 1);
		ptrdiff_t length = str_chr(rest, '`');

		if (length <= 0) {
			add_line(b, s);
			break;
		}
		add_line(b, str_take(s, (size_t)from));
		buf_adds(b, "<code>");
		add_line(b, str_take(rest, (size_t)length));
		buf_adds(b, "</code>");
		s = str_skip(rest, (size_t)length + 1);
	}
	if (cut)
		buf_adds(b, " …");
}

static bool starts_nocase(struct str s, const char *prefix)
{
	struct str want = str_from(prefix);

	return s.n > want.n && str_eq_nocase(str_take(s, want.n), want);
}

bool html_may_link(struct str url)
{
	if (!starts_nocase(url, "https://") && !starts_nocase(url, "http://") &&
	    !starts_nocase(url, "mailto:"))
		return false;
	if (url.n > URL_MAX)
		return false;
	while (url.n) {
		uint32_t cp;
		size_t n = utf8_next(url, &cp);

		if (cp == UTF8_BAD || cp <= ' ' || (cp >= 0x7f && cp < 0xa0) ||
		    utf8_is_invisible(cp))
			return false;
		url = str_skip(url, n);
	}
	return true;
}

void html_url(struct buf *b, struct str url, size_t max)
{
	bool may = html_may_link(url);

	if (may) {
		buf_adds(b, "<a class=\"ext\" rel=\"noopener noreferrer nofollow\" href=\"");
		html_add(b, url);
		buf_adds(b, "\">");
	}
	html_cut(b, url, max);
	buf_adds(b, may ? "</a>" : "");
}
