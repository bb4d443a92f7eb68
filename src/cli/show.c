#include "cli/show.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "cli/logline.h"

#include <stdlib.h>
#include <unistd.h>

#define REDRAW_MS 200 /* at most five times a second */
#define BLOCK_MAX 20
#define HEARTBEAT_MS 30000

static enum show_format choose(const struct show *s, const char *format)
{
	static const char *const names[] = { "live", "plain", "jsonl", "quiet" };
	const char *kind = getenv("TERM");

	for (int i = 0; format && i < 4; i++)
		if (strcmp(format, names[i]) == 0)
			return (enum show_format)i;
	return s->term.tty && kind && strcmp(kind, "dumb") != 0 && !getenv("CI") ? SHOW_LIVE
										 : SHOW_PLAIN;
}

void show_init(struct show *s, const char *format, const char *color, const char *hint)
{
	*s = (struct show){ .arena = arena_create("roster", ARENA_JOB),
		.scratch = arena_create("show", ARENA_JOB),
		.hint = hint };
	term_init(&s->term, STDERR_FILENO, color);
	s->format = choose(s, format);
	roster_init(&s->roster, s->arena);
	if (s->format == SHOW_LIVE)
		term_write(s->term.fd, STR("\033[?25l"));
}

void show_fini(struct show *s)
{
	show_clear(s);
	if (s->format == SHOW_LIVE)
		term_write(s->term.fd, STR("\033[?25h"));
	arena_destroy(s->scratch);
	arena_destroy(s->arena);
}

void show_forget(struct show *s)
{
	show_clear(s);
	arena_destroy(s->arena);
	s->arena = arena_create("roster", ARENA_JOB);
	roster_init(&s->roster, s->arena);
	s->estimate = (struct estimate){ 0 };
	s->headed = false;
	s->beat_at = 0;
}

static void scratch_clear(struct show *s)
{
	arena_destroy(s->scratch);
	s->scratch = arena_create("show", ARENA_JOB);
}

/* --- pieces ----------------------------------------------------------------------------- */

static const char *glyph_of(const struct term *t, const struct roster_row *row)
{
	static const char *const turning[] = { "\xe2\x97\x90", "\xe2\x97\x93", "\xe2\x97\x91",
		"\xe2\x97\x92" };
	static const char *const ascii_turning[] = { "|", "/", "-", "\\" };
	static const struct {
		const char *utf8, *ascii;
	} still[STEP_STATUSES] = { [STEP_PENDING] = { "\xe2\x97\x8b", "." },
		[STEP_COMPLETED] = { "\xe2\x9c\x93", "+" },
		[STEP_FAILED] = { "\xe2\x9c\x97", "x" },
		[STEP_SKIPPED] = { "\xe2\x8a\x98", "-" },
		[STEP_CANCELLED] = { "\xe2\x97\xbc", "#" } };

	if (row->status == STEP_RUNNING)
		return (t->unicode ? turning : ascii_turning)[row->beats % 4];
	return term_glyph(t, still[row->status].utf8, still[row->status].ascii);
}

static enum term_style style_of(const struct roster_row *row)
{
	static const enum term_style styles[STEP_STATUSES] = { [STEP_PENDING] = STYLE_DIM,
		[STEP_RUNNING] = STYLE_BUSY,
		[STEP_COMPLETED] = STYLE_GOOD,
		[STEP_FAILED] = STYLE_BAD,
		[STEP_SKIPPED] = STYLE_DIM,
		[STEP_CANCELLED] = STYLE_DIM };

	return styles[row->status];
}

static void tokens_text(char *buf, size_t size, long long tokens)
{
	if (tokens >= 1000)
		snprintf(buf, size, "%lldk tok", (tokens + 500) / 1000);
	else if (tokens > 0)
		snprintf(buf, size, "%lld tok", tokens);
	else
		snprintf(buf, size, "%s", "");
}

static size_t width_of(struct str s)
{
	size_t w = 0;

	while (s.n) {
		uint32_t cp;
		size_t len = utf8_next(s, &cp);

		w += cp == UTF8_BAD ? 1 : utf8_width(cp);
		s = str_skip(s, len);
	}
	return w;
}

static void add_padded(
    struct buf *b, const struct term *t, enum term_style style, struct str s, size_t columns)
{
	struct str fit = utf8_fit(s, columns);

	term_add(b, t, style, fit);
	for (size_t w = width_of(fit); w < columns; w++)
		buf_addc(b, ' ');
}

static bool is_selected(const struct show *s, const struct roster_row *row)
{
	return s->selects && !row->told && str_eq(s->selected, row->name);
}

/* "✓ Structure        14 findings …      52k tok   1:52", cut to the terminal's width. */
static void add_row(struct buf *b, const struct show *s, const struct roster_row *row, msec_t now)
{
	const struct term *t = &s->term;
	char tokens[24], span[16] = "";
	struct str middle = step_is_settled(row->status) ? roster_result(s->scratch, row)
			    : row->condition[0]		 ? str_from(row->condition)
							 : str_from(row->activity);
	size_t fixed = 2 + 2 + 16 + 1 + (t->columns >= 60 ? 20 : 8);

	tokens_text(tokens, sizeof(tokens), row->tokens);
	if (row->started)
		clock_span((row->ended ? row->ended : now) - row->started, span, sizeof(span));
	buf_adds(b, is_selected(s, row) ? "> " : "  ");
	term_add(b, t, style_of(row), str_from(glyph_of(t, row)));
	buf_addc(b, ' ');
	add_padded(b, t, STYLE_PLAIN, row->label, 16);
	buf_addc(b, ' ');
	if (t->columns >= 45)
		add_padded(b, t, row->status == STEP_FAILED ? STYLE_BAD : STYLE_PLAIN, middle,
		    t->columns > fixed + 10 ? t->columns - fixed : 10);
	if (t->columns >= 60)
		term_addf(b, t, STYLE_DIM, " %10s", tokens);
	term_addf(b, t, STYLE_DIM, " %7s", span);
	buf_addc(b, '\n');
}

static void add_head(struct buf *b, const struct show *s)
{
	const struct roster *r = &s->roster;
	const char *slash = strrchr(r->repo.p ? r->repo.p : "", '/');

	term_addf(b, &s->term, STYLE_BOLD, "%.*s", STR_ARG(r->flow));
	term_addf(b, &s->term, STYLE_DIM, " %s %.*s", term_glyph(&s->term, "\xc2\xb7", "-"),
	    STR_ARG(r->size));
	if (slash)
		term_addf(b, &s->term, STYLE_DIM, " %s %s", term_glyph(&s->term, "\xc2\xb7", "-"),
		    slash + 1);
	term_addf(b, &s->term, STYLE_DIM, "  %.*s", STR_ARG(r->run));
	buf_addc(b, '\n');
}

/* "about 4–7 min left", from earlier runs of the kind; nothing when there were too few. */
static const char *time_left(const struct show *s, msec_t elapsed)
{
	msec_t low = s->estimate.low - elapsed, high = s->estimate.high - elapsed;

	if (high <= 0)
		return "";
	low = low < 0 ? 0 : low;
	if (high < 90000)
		return arena_printf(s->scratch, "  about %lld%s%lld s left", (long long)low / 1000,
		    term_glyph(&s->term, "\xe2\x80\x93", "-"), (long long)(high + 999) / 1000);
	return arena_printf(s->scratch, "  about %lld%s%lld min left", (long long)low / 60000,
	    term_glyph(&s->term, "\xe2\x80\x93", "-"), (long long)(high + 59999) / 60000);
}

static void add_foot(struct buf *b, const struct show *s, msec_t now)
{
	unsigned settled, all;
	char tokens[24], span[16];

	roster_count(&s->roster, &settled, &all);
	tokens_text(tokens, sizeof(tokens), roster_tokens(&s->roster));
	clock_span(now - s->roster.started, span, sizeof(span));
	char *line = arena_printf(s->scratch, "  %u/%u finished  %s%s%s%s  %s", settled, all,
	    tokens, *tokens ? "  " : "", span, time_left(s, now - s->roster.started),
	    s->hint ? s->hint : "");

	term_add(b, &s->term, STYLE_DIM, utf8_fit(str_from(line), s->term.columns - 1));
	buf_addc(b, '\n');
}

/* --- live ------------------------------------------------------------------------------- */

static void erase(struct buf *b, struct show *s)
{
	if (s->drawn)
		buf_printf(b, "\033[%uA\r\033[J", s->drawn);
	s->drawn = 0;
}

/* Rows that have settled are printed once more, above the block, and then never touched again. */
static void print_settled(struct buf *b, struct show *s, msec_t now)
{
	for (size_t i = 0; i < s->roster.n; i++) {
		struct roster_row *row = &s->roster.rows[i];

		if (row->told || !step_is_settled(row->status) || !roster_shows(row))
			continue;
		add_row(b, s, row, now);
		row->told = true;
	}
}

/* The last lines of the row that is open, as far as there is room. */
static void draw_tail(struct buf *b, struct show *s, const struct roster_row *row, unsigned room)
{
	unsigned n = row->tail_n < ROSTER_TAIL ? row->tail_n : ROSTER_TAIL;
	unsigned width = s->term.columns > 8 ? s->term.columns - 8 : 1;

	for (unsigned k = row->tail_n - n; row->tail && k < row->tail_n && s->drawn + 3 < room;
	     k++) {
		buf_adds(b, "      ");
		term_add(
		    b, &s->term, STYLE_DIM, utf8_fit(str_from(row->tail[k % ROSTER_TAIL]), width));
		buf_addc(b, '\n');
		s->drawn++;
	}
}

static void draw_block(struct buf *b, struct show *s, msec_t now)
{
	unsigned room = s->term.rows > 6 ? s->term.rows - 4 : 2, hidden = 0;

	if (room > BLOCK_MAX)
		room = BLOCK_MAX;
	for (size_t i = 0; i < s->roster.n; i++) {
		const struct roster_row *row = &s->roster.rows[i];

		if (row->told || !roster_shows(row))
			continue;
		if (row->status == STEP_PENDING || s->drawn + 2 > room) {
			hidden++;
			continue;
		}
		add_row(b, s, row, now);
		s->drawn++;
		if (s->open && is_selected(s, row))
			draw_tail(b, s, row, room);
	}
	if (hidden) {
		term_addf(b, &s->term, STYLE_DIM, "  %s +%u more",
		    term_glyph(&s->term, "\xe2\x97\x8b", "."), hidden);
		buf_addc(b, '\n');
		s->drawn++;
	}
	add_foot(b, s, now);
	s->drawn++;
}

static void redraw(struct show *s, msec_t now)
{
	struct buf b;

	buf_init(&b, MIB(4));
	buf_adds(&b, "\033[?2026h"); /* synchronised output, where it is known */
	erase(&b, s);
	if (!s->headed && s->roster.flow.n) {
		add_head(&b, s);
		s->headed = true;
	}
	print_settled(&b, s, now);
	if (!s->roster.over && s->headed)
		draw_block(&b, s, now);
	buf_adds(&b, "\033[?2026l");
	term_write(s->term.fd, buf_str(&b));
	buf_fini(&b);
	s->dirty = false;
	s->drawn_at = now;
	scratch_clear(s);
}

/* --- choosing a row ----------------------------------------------------------------------- */

static bool selectable(const struct roster_row *row)
{
	return !row->told && roster_shows(row) && row->status == STEP_RUNNING;
}

/* The running row next to the selected one, STEP rows on; stays where there is none. */
static void move_selection(struct show *s, int step)
{
	size_t n = s->roster.n, at = n;

	for (size_t i = 0; i < n; i++)
		if (str_eq(s->roster.rows[i].name, s->selected))
			at = i;
	if (at == n)
		at = step > 0 ? (size_t)-1 : n;
	for (size_t i = at + (size_t)step; i < n; i += (size_t)step)
		if (selectable(&s->roster.rows[i])) {
			s->selected = s->roster.rows[i].name;
			return;
		}
}

void show_key(struct show *s, char key)
{
	s->selects = true;
	if (key == 'j')
		move_selection(s, 1);
	else if (key == 'k')
		move_selection(s, -1);
	else if (key == '\n' && s->selected.n)
		s->open = !s->open;
	else if (key == '\n')
		move_selection(s, 1);
	s->dirty = true;
}

void show_clear(struct show *s)
{
	struct buf b;

	if (s->format != SHOW_LIVE || !s->drawn)
		return;
	buf_init(&b, KIB(1));
	erase(&b, s);
	term_write(s->term.fd, buf_str(&b));
	buf_fini(&b);
}

/* --- plain ------------------------------------------------------------------------------ */

static void plain_line(struct show *s, msec_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void plain_line(struct show *s, msec_t at, const char *fmt, ...)
{
	char stamp[32];
	struct buf b;
	va_list ap;

	buf_init(&b, KIB(64));
	term_addf(&b, &s->term, STYLE_DIM, "%.8s ", clock_iso(at, stamp, sizeof(stamp)) + 11);
	va_start(ap, fmt);
	char *text = arena_vprintf(s->scratch, fmt, ap);

	va_end(ap);
	term_add(&b, &s->term, STYLE_PLAIN, str_from(text));
	buf_addc(&b, '\n');
	term_write(s->term.fd, buf_str(&b));
	buf_fini(&b);
	s->beat_at = at;
}

static void plain_row(struct show *s, msec_t at, const struct roster_row *row)
{
	struct str result = roster_result(s->scratch, row);
	char span[16];

	if (row->status == STEP_RUNNING && row->kind == KIND_APPROVAL && s->asks)
		plain_line(s, at, "%.*s waits for you", STR_ARG(row->label));
	else if (row->status == STEP_RUNNING && row->kind == KIND_APPROVAL)
		plain_line(s, at, "%.*s waits for a person: tutti runs approve %.*s CHOICE",
		    STR_ARG(row->label), STR_ARG(s->roster.run));
	else if (row->status == STEP_RUNNING)
		plain_line(s, at, "%.*s started%s", STR_ARG(row->label),
		    row->attempt > 1 ? arena_printf(s->scratch, " (try %u)", row->attempt) : "");
	else if (row->status == STEP_PENDING && row->reason.n)
		plain_line(s, at, "%.*s: %.*s", STR_ARG(row->label), STR_ARG(row->reason));
	else if (step_is_settled(row->status))
		plain_line(s, at, "%.*s %s%s%.*s%s%s", STR_ARG(row->label),
		    step_status_name(row->status), result.n ? ": " : "", STR_ARG(result),
		    row->started ? ", " : "",
		    row->started ? clock_span(row->ended - row->started, span, sizeof(span)) : "");
}

/* What the size leaves out, once it is known. */
static void plain_left_out(struct show *s, msec_t at)
{
	for (size_t i = 0; i < s->roster.n; i++) {
		struct roster_row *row = &s->roster.rows[i];

		if (!row->left_out || row->told || !roster_shows(row))
			continue;
		plain_row(s, at, row);
		row->told = true;
	}
}

static void plain_event(
    struct show *s, msec_t at, struct str type, const struct roster_row *row, const json_t *data)
{
	if (str_is(type, "started"))
		plain_line(s, at, "run %.*s: %.*s, size %.*s", STR_ARG(s->roster.run),
		    STR_ARG(s->roster.flow), STR_ARG(s->roster.size));
	else if (str_is(type, "run"))
		plain_line(s, at, "run %.*s%s%.*s", STR_ARG(s->roster.status),
		    s->roster.reason.n ? ": " : "", STR_ARG(s->roster.reason));
	else if (str_is(type, "step") && row && roster_shows(row))
		plain_row(s, at, row);
	else if (str_is(type, "notice") && row)
		plain_line(
		    s, at, "%.*s: %.*s", STR_ARG(row->label), STR_ARG(json_get_str(data, "text")));
	plain_left_out(s, at);
}

static void heartbeat(struct show *s, msec_t now)
{
	unsigned settled, all;

	if (!s->beat_at || now - s->beat_at < HEARTBEAT_MS || s->roster.over)
		return;
	roster_count(&s->roster, &settled, &all);
	plain_line(s, now, "%u/%u finished", settled, all);
	scratch_clear(s);
}

/* --- all -------------------------------------------------------------------------------- */

static void jsonl_event(int64_t seq, msec_t at, struct str type, struct str data)
{
	struct buf b;

	buf_init(&b, EVENT_TEXT_MAX * 2);
	logline_add_json(&b, seq, at, type, data);
	term_write(STDOUT_FILENO, buf_str(&b));
	buf_fini(&b);
}

void show_event(struct show *s, int64_t seq, msec_t at, struct str type, struct str text)
{
	json_t *data = json_parse(text, NULL);
	const struct roster_row *row = roster_event(&s->roster, seq, at, type, data);

	s->dirty = true;
	if (s->format == SHOW_JSONL)
		jsonl_event(seq, at, type, text);
	else if (s->format == SHOW_PLAIN)
		plain_event(s, at, type, row, data);
	if (s->format == SHOW_PLAIN)
		scratch_clear(s);
	json_decref(data);
}

void show_hold(struct show *s, bool held)
{
	if (s->held == held)
		return;
	show_clear(s);
	if (s->format == SHOW_LIVE)
		term_write(s->term.fd, held ? STR("\033[?25h") : STR("\033[?25l"));
	s->held = held;
	s->dirty = true;
}

void show_tick(struct show *s, msec_t now)
{
	if (s->held)
		return;
	if (s->format == SHOW_PLAIN)
		heartbeat(s, now);
	if (s->format != SHOW_LIVE)
		return;
	if (s->roster.over ? s->dirty
	    : s->dirty	   ? now - s->drawn_at >= REDRAW_MS
			   : now - s->drawn_at >= 1000)
		redraw(s, now);
}

void show_say(struct show *s, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	if (s->format == SHOW_QUIET)
		return;
	show_clear(s);
	buf_init(&b, KIB(64));
	va_start(ap, fmt);
	char *text = arena_vprintf(s->scratch, fmt, ap);

	va_end(ap);
	buf_add_terminal(&b, str_from(text));
	buf_addc(&b, '\n');
	term_write(s->term.fd, buf_str(&b));
	buf_fini(&b);
	scratch_clear(s);
	s->dirty = true;
}
