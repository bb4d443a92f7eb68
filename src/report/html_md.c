/* Tables, entities, and the questions asked of a text before it is rendered. */
#include "report/html_md.h"

#include <stdlib.h>

int md_works(struct md *m)
{
	if (!m->work)
		return -1;
	m->work--;
	return 0;
}

int md_read(struct str text, const MD_PARSER *parser, void *ctx)
{
	errno = 0;
	int rc = md_parse(text.p, (MD_SIZE)text.n, parser, ctx);

	if (rc && errno == ENOMEM)
		out_of_memory("Markdown", text.n);
	return rc;
}

bool md_is_sane(const struct md *m, struct str s)
{
	if (s.p >= m->text.p && s.p <= m->text.p + m->text.n)
		return s.n <= (size_t)(m->text.p + m->text.n - s.p);
	return s.n <= 16;
}

unsigned md_spare(MD_BLOCKTYPE type)
{
	if (type == MD_BLOCK_UL || type == MD_BLOCK_OL)
		return 1;
	if (type == MD_BLOCK_TABLE)
		return 3;
	if (type == MD_BLOCK_THEAD || type == MD_BLOCK_TBODY)
		return 2;
	return type == MD_BLOCK_TR;
}

/* --- headings ----------------------------------------------------------------------------- */

struct shift {
	unsigned top;
	size_t work;
};

static int see_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct shift *s = ctx;
	unsigned level = type == MD_BLOCK_H ? ((MD_BLOCK_H_DETAIL *)detail)->level : 7;

	if (level < s->top)
		s->top = level;
	return s->work-- ? 0 : -1;
}

static int pass_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	(void)type;
	(void)detail;
	(void)ctx;
	return 0;
}

static int pass_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	(void)type;
	(void)detail;
	(void)ctx;
	return 0;
}

static int pass_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *ctx)
{
	(void)type;
	(void)text;
	(void)size;
	(void)ctx;
	return 0;
}

unsigned md_shift(struct str text, unsigned below)
{
	static const MD_PARSER looker = { .flags = MD_FLAGS,
		.enter_block = see_block,
		.leave_block = pass_block,
		.enter_span = pass_span,
		.leave_span = pass_span,
		.text = pass_text };
	struct shift s = { .top = 7, .work = MD_WORK * (text.n + KIB(1)) };

	if (md_read(text, &looker, &s) != 0 || s.top > below)
		return 0;
	return below + 1 - s.top;
}

static bool is_blank(struct str line, size_t i)
{
	return i >= line.n || line.p[i] == ' ' || line.p[i] == '\t';
}

/* How many quotes and items of lists LINE opens, one in the other. */
static unsigned nesting(struct str line)
{
	unsigned n = 0;

	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];
		bool item = memchr("-+*.)", c, 5) && is_blank(line, i + 1);

		if (c == '>' || item)
			n++;
		else if (c != ' ' && c != '\t' && (c < '0' || c > '9'))
			break;
	}
	return n;
}

/* "* * *": one mark again and again is a line across, and no list in a list. */
static bool is_rule(struct str line)
{
	struct str s = str_trim(line);

	if (!s.n || (s.p[0] != '-' && s.p[0] != '*'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != s.p[0] && s.p[i] != ' ' && s.p[i] != '\t')
			return false;
	return true;
}

static size_t bars(struct str line)
{
	size_t n = 0;

	for (ptrdiff_t at; (at = str_chr(line, '|')) >= 0; n++)
		line = str_skip(line, (size_t)at + 1);
	return n;
}

bool md_is_too_much(struct str text)
{
	while (text.p && text.n) {
		struct str line = str_line(&text);

		if (nesting(line) > HTML_NEST_MAX && !is_rule(line))
			return true;
		if (bars(line) > MD_BARS)
			return true;
	}
	return false;
}

/* --- entities ----------------------------------------------------------------------------- */

static void add_utf8(struct buf *b, unsigned long cp)
{
	if (!cp || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		cp = 0xfffd;
	if (cp < 0x80) {
		buf_addc(b, (char)cp);
		return;
	}
	if (cp < 0x800) {
		buf_addc(b, (char)(0xc0 | cp >> 6));
	} else if (cp < 0x10000) {
		buf_addc(b, (char)(0xe0 | cp >> 12));
		buf_addc(b, (char)(0x80 | (cp >> 6 & 0x3f)));
	} else {
		buf_addc(b, (char)(0xf0 | cp >> 18));
		buf_addc(b, (char)(0x80 | (cp >> 12 & 0x3f)));
		buf_addc(b, (char)(0x80 | (cp >> 6 & 0x3f)));
	}
	buf_addc(b, (char)(0x80 | (cp & 0x3f)));
}

/* Those that people write. The others stay as they are: some of them cannot be seen. */
static const struct {
	const char *name;
	unsigned cp;
} named[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
	{ "&apos;", '\'' }, { "&nbsp;", 0xa0 }, { "&copy;", 0xa9 }, { "&sect;", 0xa7 },
	{ "&deg;", 0xb0 }, { "&plusmn;", 0xb1 }, { "&middot;", 0xb7 }, { "&times;", 0xd7 },
	{ "&ndash;", 0x2013 }, { "&mdash;", 0x2014 }, { "&lsquo;", 0x2018 }, { "&rsquo;", 0x2019 },
	{ "&ldquo;", 0x201c }, { "&rdquo;", 0x201d }, { "&bull;", 0x2022 }, { "&hellip;", 0x2026 },
	{ "&euro;", 0x20ac }, { "&larr;", 0x2190 }, { "&rarr;", 0x2192 }, { "&ne;", 0x2260 },
	{ "&le;", 0x2264 }, { "&ge;", 0x2265 } };

void md_entity(struct buf *b, struct str entity)
{
	char digits[16];
	bool hex = entity.n > 3 && (entity.p[2] == 'x' || entity.p[2] == 'X');

	if (entity.n > 3 && entity.n < sizeof(digits) && entity.p[1] == '#') {
		memcpy(digits, entity.p + 2 + hex, entity.n - 2 - hex);
		digits[entity.n - 2 - hex] = '\0';
		add_utf8(b, strtoul(digits, NULL, hex ? 16 : 10));
		return;
	}
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (str_is(entity, named[i].name)) {
			add_utf8(b, named[i].cp);
			return;
		}
	buf_add(b, entity);
}

void md_entity_text(struct buf *b, struct str entity)
{
	struct buf plain;

	buf_init(&plain, KIB(1));
	md_entity(&plain, entity);
	html_add(b, buf_str(&plain));
	buf_fini(&plain);
}

/* --- tables ------------------------------------------------------------------------------- */

static void open_cell(struct md *m, bool head, MD_ALIGN align)
{
	static const char *const open[2][4] = {
		{ "<td>", "<td>", "<td class=\"center\">", "<td class=\"right\">" },
		{ "<th>", "<th>", "<th class=\"center\">", "<th class=\"right\">" },
	};

	m->columns_off = ++m->column > HTML_COLUMNS_MAX;
	m->block_at = m->b->n;
	md_open(m, open[head][align], head ? "</th>" : "</td>");
	m->block_inside = m->b->n;
}

/* A head without words heads nothing. */
static void close_cell(struct md *m)
{
	bool shown = m->depth && m->depth <= HTML_DEPTH_MAX && m->close[m->depth - 1];

	if (shown && m->b->n == m->block_inside && m->b->p[m->block_at + 2] == 'h') {
		m->b->p[m->block_at + 2] = 'd';
		m->close[m->depth - 1] = "</td>";
	}
	md_close(m);
	m->columns_off = false;
}

void md_table_enter(struct md *m, MD_BLOCKTYPE type, const void *detail)
{
	const MD_BLOCK_TABLE_DETAIL *table = detail;

	if (type == MD_BLOCK_TABLE) {
		m->columns = table->col_count;
		m->rows = table->body_row_count;
		m->row = 0;
		md_open(m,
		    "<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">"
		    "<table>\n",
		    "</table></div>\n");
	} else if (type == MD_BLOCK_THEAD) {
		md_open(m, "<thead>\n", "</thead>\n");
	} else if (type == MD_BLOCK_TBODY) {
		md_open(m, "<tbody>\n", "</tbody>\n");
	} else if (type == MD_BLOCK_TR) {
		m->rows_off = m->row++ > HTML_ROWS_MAX; /* the first is the head */
		m->column = 0;
		md_open(m, "<tr>", "</tr>\n");
	} else {
		open_cell(m, type == MD_BLOCK_TH, ((const MD_BLOCK_TD_DETAIL *)detail)->align);
	}
}

static void add_rest(struct md *m)
{
	unsigned columns = m->columns > HTML_COLUMNS_MAX ? m->columns - HTML_COLUMNS_MAX : 0;
	unsigned rows = m->rows > HTML_ROWS_MAX ? m->rows - HTML_ROWS_MAX : 0;

	if (!m->full && (columns || rows))
		buf_printf(m->b,
		    "<p class=\"note\">Left out of this table: %u columns and %u rows.</p>\n",
		    columns, rows);
}

void md_table_leave(struct md *m, MD_BLOCKTYPE type)
{
	if (type == MD_BLOCK_TH || type == MD_BLOCK_TD) {
		close_cell(m);
		return;
	}
	md_close(m);
	if (type == MD_BLOCK_TR)
		m->rows_off = false;
	if (type == MD_BLOCK_TABLE)
		add_rest(m);
}
