#include "view/split.h"

#include "base/limits.h"
#include "base/utf8.h"

#define PORTION KIB(16) /* what is taken in before the closed part is thrown away */

void split_init(struct split *s, split_fn fn, void *ctx)
{
	*s = (struct split){ .fn = fn, .ctx = ctx };
	buf_init(&s->held, BLOCK_MESSAGE_MAX + 2 * PORTION);
}

void split_fini(struct split *s)
{
	buf_fini(&s->held);
}

struct str split_tail(const struct split *s, uint64_t *ret_off)
{
	*ret_off = s->off + s->start;
	return str_skip(buf_str(&s->held), s->start);
}

/* --- closing ------------------------------------------------------------------------------ */

static void hand_over(struct split *s, size_t to)
{
	struct str piece = str_take(str_skip(buf_str(&s->held), s->start), to - s->start);
	struct buf whole;

	if (!s->again) {
		s->fn(s->ctx, s->off + s->start, s->off + to, piece);
		return;
	}
	buf_init(&whole, BLOCK_MESSAGE_MAX + SPLIT_FENCE + 1);
	buf_add(&whole, (struct str){ s->fence, s->fence_n });
	buf_addc(&whole, '\n');
	buf_add(&whole, piece);
	s->fn(s->ctx, s->off + s->start, s->off + to, buf_str(&whole));
	buf_fini(&whole);
}

/* Closes up to TO, a place in HELD. MIDDLE: of a line. */
static void close_at(struct split *s, size_t to, bool middle)
{
	if (to == s->start)
		return;
	hand_over(s, to);
	s->start = to;
	s->content = false;
	s->middle = middle;
	s->again = s->mark != '\0';
}

/* Where a piece that is too long is cut: behind a blank, if there is one in its last quarter. */
static size_t too_long_at(const struct split *s)
{
	struct str most = utf8_cut(str_skip(buf_str(&s->held), s->start), BLOCK_MESSAGE_MAX);
	const char *blank = memrchr(most.p, ' ', most.n);

	if (!most.n) /* no text that anybody wrote */
		most.n = BLOCK_MESSAGE_MAX;
	if (blank && (size_t)(blank - most.p) > most.n - most.n / 4)
		return s->start + (size_t)(blank - most.p) + 1;
	return s->start + most.n;
}

/* The line in hand goes up to END: nothing may get longer than a piece. */
static void keep_short(struct split *s, size_t end)
{
	if (end - s->start <= BLOCK_MESSAGE_MAX)
		return;
	close_at(s, s->line, false);
	while (end - s->start > BLOCK_MESSAGE_MAX) {
		close_at(s, too_long_at(s), true);
		s->line = s->start;
	}
}

/* --- lines -------------------------------------------------------------------------------- */

static size_t indent_of(struct str line)
{
	size_t n = 0;

	while (str_starts(str_skip(line, n), STR(" ")))
		n++;
	return str_starts(str_skip(line, n), STR("\t")) ? n + 4 : n;
}

static bool ends_word(struct str s, size_t n)
{
	return n >= s.n || s.p[n] == ' ' || s.p[n] == '\t';
}

/* "- x", "12. x" */
static bool is_item(struct str s)
{
	size_t n = 0;

	if (s.n && memchr("-*+", s.p[0], 3))
		return ends_word(s, 1);
	while (n < s.n && n < 10 && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n && n < 10 && n < s.n && memchr(".)", s.p[n], 2) && ends_word(s, n + 1);
}

static size_t run_of(struct str s, char mark)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == mark)
		n++;
	return n;
}

static void open_fence(struct split *s, struct str words)
{
	size_t n = run_of(words, words.p[0]);
	struct str kept = utf8_cut(words, SPLIT_FENCE);

	if (words.p[0] == '`' && memchr(words.p + n, '`', words.n - n))
		return; /* code within a line */
	s->mark = words.p[0];
	s->marks = n;
	if (n >= SPLIT_FENCE) /* its own line does not fit: a shorter one does as well */
		kept = (struct str){ words.p, 3 };
	s->fence_n = kept.n;
	memcpy(s->fence, kept.p, kept.n);
}

static void in_fence(struct split *s, struct str words)
{
	size_t n = run_of(words, s->mark);

	if (n >= s->marks && n == words.n)
		s->mark = '\0';
}

/* A line that is not blank, outside of fences. */
static void outside(struct split *s, struct str line, struct str words)
{
	size_t indent = indent_of(line);
	bool item = is_item(words) && (s->list || indent < 4);

	if (s->list && s->blank && !item && indent < 2) {
		close_at(s, s->line, false);
		s->list = false;
	}
	s->blank = false;
	s->list |= item;
	if ((indent < 4 || s->list) && (run_of(words, '`') > 2 || run_of(words, '~') > 2))
		open_fence(s, words);
}

static void take_line(struct split *s, size_t end)
{
	struct str line = { s->held.p + s->line, end - s->line }, words = str_trim(line);

	if (s->middle && s->line == s->start) {
		s->middle = false; /* what a line ends with tells nothing of it */
		s->content = true;
	} else if (s->mark) {
		in_fence(s, words);
		s->content = true;
	} else if (words.n) {
		outside(s, line, words);
		s->content = true;
	} else if (s->list) {
		s->blank = true;
	} else if (s->content) {
		close_at(s, end, false);
	}
	s->line = end;
}

static void take_portion(struct split *s, struct str text)
{
	buf_add(&s->held, text);
	for (;;) {
		struct str rest = str_skip(buf_str(&s->held), s->line);
		ptrdiff_t end = str_chr(rest, '\n');

		keep_short(s, end < 0 ? s->held.n : s->line + (size_t)end + 1);
		if (end < 0)
			break;
		rest = str_skip(buf_str(&s->held), s->line);
		take_line(s, s->line + (size_t)str_chr(rest, '\n') + 1);
	}
	buf_drop(&s->held, s->start);
	s->off += s->start;
	s->line -= s->start;
	s->start = 0;
}

void split_text(struct split *s, struct str text)
{
	while (text.n) {
		struct str portion = str_take(text, PORTION);

		take_portion(s, portion);
		text = str_skip(text, portion.n);
	}
}

void split_flush(struct split *s)
{
	struct str tail = str_skip(buf_str(&s->held), s->start);

	if (str_trim(tail).n) {
		close_at(s, s->held.n, false);
		s->off += s->held.n;
		s->start = s->line = 0;
		buf_clear(&s->held);
	}
	s->mark = '\0';
	s->again = s->list = s->blank = s->content = s->middle = false;
}
