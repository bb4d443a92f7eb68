/*
 * An agent's Markdown as HTML, from the events of md4c's parser. md4c makes out what is what in
 * linear time; everything that is written is written here, and whatever could be too much (nesting,
 * tables, the whole) has a ceiling.
 */
#include "report/html_md.h"

#include "base/utf8.h"

#define PIECE_MAX KIB(16)

/* --- tags --------------------------------------------------------------------------------- */

static bool is_off(const struct md *m)
{
	return m->full || m->columns_off || m->rows_off;
}

/* Opens with OPEN what CLOSE will close, unless nothing more is shown. */
void md_open(struct md *m, const char *open, const char *close)
{
	bool shown = !is_off(m) && m->depth + md_spare(m->next) < HTML_DEPTH_MAX;

	if (m->b->n >= m->limit)
		m->full = true;
	if (m->depth < HTML_DEPTH_MAX)
		m->close[m->depth] = shown && !m->full ? close : NULL;
	if (shown && !m->full)
		buf_adds(m->b, open);
	m->depth++;
}

void md_close(struct md *m)
{
	if (!m->depth)
		return;
	m->depth--;
	if (m->depth < HTML_DEPTH_MAX && m->close[m->depth])
		buf_adds(m->b, m->close[m->depth]);
}

/* Was the tag that is open now written? */
static bool is_shown(const struct md *m)
{
	return m->depth && m->depth <= HTML_DEPTH_MAX && m->close[m->depth - 1];
}

static void cut_back(struct buf *b, size_t n)
{
	b->n = n;
	if (b->p)
		b->p[n] = '\0';
}

/* --- blocks ------------------------------------------------------------------------------- */

static void open_heading(struct md *m, unsigned level)
{
	static const char *const open[] = { "", "<h1>", "<h2>", "<h3>", "<h4>", "<h5>", "<h6>" };
	static const char *const close[] = { "", "</h1>\n", "</h2>\n", "</h3>\n", "</h4>\n",
		"</h5>\n", "</h6>\n" };

	level += m->shift;
	if (level > m->level + 1) /* none is left out on the way down */
		level = m->level + 1;
	level = level > 6 ? 6 : level;
	m->was_level = m->level;
	m->level = level;
	m->block_at = m->b->n;
	md_open(m, open[level], close[level]);
	m->block_inside = m->b->n;
}

/* A heading without words would be a place in the outline that nobody can read. */
static void close_heading(struct md *m)
{
	if (is_shown(m) && m->b->n == m->block_inside) {
		cut_back(m->b, m->block_at);
		m->close[m->depth - 1] = NULL;
		m->level = m->was_level;
	}
	md_close(m);
}

static void open_list(struct md *m, const MD_BLOCK_OL_DETAIL *list)
{
	if (list->start == 1) {
		md_open(m, "<ol>\n", "</ol>\n");
		return;
	}
	char open[48];

	snprintf(open, sizeof(open), "<ol start=\"%u\">\n", list->start);
	md_open(m, open, "</ol>\n");
}

static void open_item(struct md *m, const MD_BLOCK_LI_DETAIL *item)
{
	md_open(m, "<li>", "</li>\n");
	if (item->is_task && is_shown(m))
		buf_adds(m->b, item->task_mark == ' ' ? "\xe2\x98\x90 " : "\xe2\x98\x91 ");
}

static void open_code(struct md *m, const MD_BLOCK_CODE_DETAIL *code)
{
	m->in_code = true;
	md_open(m, "<div class=\"block\">", "</code></pre></div>\n");
	if (!is_shown(m))
		return;
	if (code->lang.size && code->lang.text) {
		buf_adds(m->b, "<span class=\"lang\">");
		html_cut(m->b, (struct str){ code->lang.text, code->lang.size }, 24);
		buf_adds(m->b, "</span>");
	}
	buf_adds(m->b, "<pre tabindex=\"0\" role=\"group\" aria-label=\"Code\"><code>");
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct md *m = ctx;

	m->next = type;
	switch (type) {
	case MD_BLOCK_QUOTE:
		md_open(m, "<blockquote>\n", "</blockquote>\n");
		break;
	case MD_BLOCK_UL:
		md_open(m, "<ul>\n", "</ul>\n");
		break;
	case MD_BLOCK_OL:
		open_list(m, detail);
		break;
	case MD_BLOCK_LI:
		open_item(m, detail);
		break;
	case MD_BLOCK_HR:
		md_open(m, "<hr>\n", "");
		break;
	case MD_BLOCK_H:
		open_heading(m, ((MD_BLOCK_H_DETAIL *)detail)->level);
		break;
	case MD_BLOCK_CODE:
		open_code(m, detail);
		break;
	case MD_BLOCK_P:
	case MD_BLOCK_HTML: /* switched off */
		md_open(m, "<p>", "</p>\n");
		break;
	case MD_BLOCK_DOC:
		break;
	case MD_BLOCK_TABLE:
	case MD_BLOCK_THEAD:
	case MD_BLOCK_TBODY:
	case MD_BLOCK_TR:
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		md_table_enter(m, type, detail);
		break;
	}
	return md_works(m);
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct md *m = ctx;

	(void)detail;
	if (type == MD_BLOCK_CODE)
		m->in_code = false;
	if (type == MD_BLOCK_H)
		close_heading(m);
	else if (type >= MD_BLOCK_TABLE)
		md_table_leave(m, type);
	else if (type != MD_BLOCK_DOC)
		md_close(m);
	return md_works(m);
}

/* --- spans -------------------------------------------------------------------------------- */

/* Attributes come in pieces, some of them entities. */
static void read_attribute(struct md *m, const MD_ATTRIBUTE *a)
{
	struct buf *b = &m->url;

	buf_clear(b);
	if (a->size > m->text.n + 16) /* "http://" may stand before it */
		return;
	for (size_t i = 0; a->text && a->substr_offsets[i] < a->size; i++) {
		struct str part = { a->text + a->substr_offsets[i],
			a->substr_offsets[i + 1] - a->substr_offsets[i] };

		if (a->substr_types[i] == MD_TEXT_ENTITY)
			md_entity(b, part);
		else
			buf_add(b, part);
	}
}

/* The outermost link or image becomes a link; what is in it is its text. */
static void open_link(struct md *m, const MD_ATTRIBUTE *to, bool image)
{
	if (m->links++) {
		md_open(m, "", "");
		return;
	}
	read_attribute(m, to);
	m->linked = html_may_link(buf_str(&m->url));
	md_open(m, m->linked ? "<a class=\"ext\" rel=\"noopener noreferrer nofollow\" href=\"" : "",
	    m->linked ? "</a>" : "");
	if (!is_shown(m))
		return;
	if (m->linked) {
		html_add(m->b, buf_str(&m->url));
		buf_adds(m->b, "\">");
	}
	if (image)
		buf_adds(m->b, "image: ");
	m->link_inside = m->b->n;
}

static void close_link(struct md *m)
{
	bool bare = m->b->n == m->link_inside;

	m->links--;
	if (m->links || !is_shown(m)) {
		md_close(m);
		return;
	}
	if (!m->linked && !bare)
		buf_adds(m->b, " (");
	if (bare || !m->linked)
		html_cut(m->b, buf_str(&m->url), 400);
	if (bare && !m->url.n)
		buf_adds(m->b, "no address");
	if (!m->linked && !bare)
		buf_addc(m->b, ')');
	md_close(m);
}

static int enter_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct md *m = ctx;

	m->next = MD_BLOCK_DOC;
	if (type == MD_SPAN_A)
		open_link(m, &((MD_SPAN_A_DETAIL *)detail)->href, false);
	else if (type == MD_SPAN_IMG)
		open_link(m, &((MD_SPAN_IMG_DETAIL *)detail)->src, true);
	else if (type == MD_SPAN_EM)
		md_open(m, "<em>", "</em>");
	else if (type == MD_SPAN_STRONG)
		md_open(m, "<strong>", "</strong>");
	else if (type == MD_SPAN_CODE)
		md_open(m, "<code>", "</code>");
	else if (type == MD_SPAN_DEL)
		md_open(m, "<del>", "</del>");
	else
		md_open(m, "", "");
	return md_works(m);
}

static int leave_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct md *m = ctx;

	(void)detail;
	if (type == MD_SPAN_A || type == MD_SPAN_IMG)
		close_link(m);
	else
		md_close(m);
	return md_works(m);
}

/* --- words -------------------------------------------------------------------------------- */

static void add_words(struct md *m, struct str s)
{
	if (m->how->part && !m->links && !m->in_code)
		html_places(m->b, s);
	else
		html_words(m->b, m->links || m->in_code ? NULL : m->how->refs, s);
}

/* The first part of S; cut where nothing is cut through. */
static struct str next_piece(struct str s)
{
	struct str piece = utf8_cut(s, PIECE_MAX);
	const char *blank = piece.n < s.n ? memrchr(piece.p, ' ', piece.n) : NULL;

	if (!piece.n)
		return str_take(s, 1);
	return blank && blank > piece.p ? str_take(piece, (size_t)(blank - piece.p)) : piece;
}

static void add_pieces(struct md *m, struct str s)
{
	while (s.n && m->b->n < m->limit) {
		struct str piece = next_piece(s);

		add_words(m, piece);
		s = str_skip(s, piece.n);
	}
	m->full |= s.n > 0;
}

static int add_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *ctx)
{
	struct md *m = ctx;
	struct str s = { text, size };

	if (!md_is_sane(m, s))
		return -1;
	if (is_off(m))
		return md_works(m);
	if (type == MD_TEXT_BR)
		buf_adds(m->b, m->links ? " " : "<br>\n");
	else if (type == MD_TEXT_SOFTBR)
		buf_addc(m->b, '\n');
	else if (type == MD_TEXT_NULLCHAR)
		buf_adds(m->b, "\xef\xbf\xbd");
	else if (type == MD_TEXT_ENTITY)
		md_entity_text(m->b, s);
	else
		add_pieces(m, s);
	return md_works(m);
}

/* --- the whole ---------------------------------------------------------------------------- */

static const MD_PARSER parser = { .flags = MD_FLAGS,
	.enter_block = enter_block,
	.leave_block = leave_block,
	.enter_span = enter_span,
	.leave_span = leave_span,
	.text = add_text };

static void add_note(struct buf *b, const char *what)
{
	buf_printf(b, "<p class=\"note\">%s</p>\n", what);
}

/* What md4c would take too long for, or made too much of. */
static void add_plain(struct md *m, struct str text)
{
	size_t room = m->limit > m->b->n ? (m->limit - m->b->n) / 6 : 0;

	add_note(m->b, "As it was written: it holds more tables or lists than are laid out.");
	buf_adds(m->b, "<div class=\"block\"><pre tabindex=\"0\" role=\"group\" "
		       "aria-label=\"Text\"><code>");
	html_add(m->b, utf8_cut(text, room));
	buf_adds(m->b, "</code></pre></div>\n");
	m->full = room < text.n;
}

static size_t limit_of(const struct buf *b, const struct html_text *how, struct str text)
{
	size_t limit = b->n + HTML_TEXT_FACTOR * text.n + KIB(8);

	return limit < how->until ? limit : how->until;
}

/*
 * md4c 0.4.8 reads on behind a link that the text ends in, and takes what stands there for its
 * target. So it gets a copy that ends with a line, and nothing behind it.
 */
static struct str own_copy(struct buf *copy, struct str text)
{
	static const char nothing[64];

	buf_init(copy, HTML_TEXT_MAX + KIB(1));
	buf_add(copy, text);
	buf_addc(copy, '\n');
	size_t n = copy->n;

	buf_add(copy, (struct str){ nothing, sizeof(nothing) });
	return str_take(buf_str(copy), n);
}

static void add_cut_note(struct buf *b, const struct html_text *how)
{
	add_note(b, how->part ? "Cut here: the raw text has the rest."
			      : "Cut here: the rest stands in the Markdown and JSON forms of this "
				"report.");
}

static unsigned shift_of(const struct md *m)
{
	return m->how->part ? m->how->below : md_shift(m->text, m->how->below);
}

void html_text(struct buf *b, const struct html_text *how, struct str text)
{
	struct str shown = utf8_cut(text, HTML_TEXT_MAX);
	struct md m = { .b = b, .how = how, .level = how->part ? 6 : how->below };
	bool off = md_is_too_much(shown);
	size_t begin = b->n;
	struct buf copy;

	m.text = own_copy(&copy, shown);
	m.limit = limit_of(b, how, shown);
	m.work = MD_WORK * (shown.n + KIB(1));
	buf_init(&m.url, KIB(64));
	m.shift = off ? 0 : shift_of(&m);
	if (off || md_read(m.text, &parser, &m) != 0) {
		cut_back(b, begin);
		m.depth = 0;
		m.full = false;
		add_plain(&m, shown);
	}
	while (m.depth)
		md_close(&m);
	if (m.full || shown.n < text.n)
		add_cut_note(b, how);
	buf_fini(&m.url);
	buf_fini(&copy);
}
