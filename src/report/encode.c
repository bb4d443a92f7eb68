/*
 * Other people's words inside our Markdown. Rules of CommonMark 0.31: a backslash before ASCII
 * punctuation makes it literal (§2.4), a code span ends only at a run of as many backticks (§6.1).
 */
#include "report/priv.h"

#include <ctype.h>

static bool is_word(struct str s, size_t i)
{
	return i < s.n && (isalnum((unsigned char)s.p[i]) || (unsigned char)s.p[i] >= 0x80);
}

/* Would the byte at I mean something where plain text stands? */
static bool is_mark(struct str s, size_t i)
{
	if (memchr("\\`*[]<|~$", s.p[i], 9))
		return true;
	if (s.p[i] == '_')
		return !(i && is_word(s, i - 1) && is_word(s, i + 1));
	if (s.p[i] == '&')
		return is_word(s, i + 1) || (i + 1 < s.n && s.p[i + 1] == '#');
	return i == 0 && memchr("#>+-=", s.p[i], 5);
}

static void escape_marks(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (is_mark(s, i))
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
}

static void add_line(struct buf *b, struct str s, bool *ret_cut, size_t max)
{
	struct buf plain;

	buf_init(&plain, 6 * (max + 16));
	buf_add_terminal_line(&plain, str_take(s, max));
	*ret_cut = s.n > max;
	escape_marks(b, buf_str(&plain));
	buf_fini(&plain);
}

void md_inline(struct buf *b, struct str s)
{
	bool cut;

	add_line(b, s, &cut, s.n);
}

void md_cell(struct buf *b, struct str s, size_t max)
{
	bool cut;

	s = str_trim(s);
	add_line(b, s, &cut, max);
	if (cut)
		buf_adds(b, " …");
}

static size_t longest_run(struct str s, char c)
{
	size_t best = 0, run = 0;

	for (size_t i = 0; i < s.n; i++) {
		run = s.p[i] == c ? run + 1 : 0;
		best = run > best ? run : best;
	}
	return best;
}

/* In a table the bar is escaped even in code, and only there does the backslash vanish (GFM). */
void md_code(struct buf *b, struct str s)
{
	struct buf plain;

	buf_init(&plain, 6 * (s.n + 16));
	buf_add_terminal_line(&plain, s);

	struct str text = buf_str(&plain);
	size_t ticks = longest_run(text, '`') + 1;
	bool pad = text.n && (text.p[0] == '`' || text.p[text.n - 1] == '`');

	for (size_t i = 0; i < ticks; i++)
		buf_addc(b, '`');
	if (pad || !text.n)
		buf_addc(b, ' ');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '|')
			buf_addc(b, '\\');
		buf_addc(b, text.p[i]);
	}
	if (pad)
		buf_addc(b, ' ');
	for (size_t i = 0; i < ticks; i++)
		buf_addc(b, '`');
	buf_fini(&plain);
}
