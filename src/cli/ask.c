#include "cli/ask.h"

#include "base/limits.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_MS 1000
#define SETTLE_MS 300 /* what came before it is on the screen by then */
#define TEXT_LINES 40 /* of a question on the screen */

struct question {
	struct list list;
	struct ask *ask;
	struct arena *arena;
	int64_t run, position;
	char run_id[ID_RUN_SIZE];
	msec_t asked_at, read_at;
	bool known;	    /* it has been read */
	bool busy, dropped; /* it is being read or answered; it is freed when that is over */
	struct engine_question is;
	struct err err;
};

static struct question *first(const struct ask *a)
{
	return list_empty(&a->open) ? NULL : list_item(a->open.next, struct question, list);
}

/* --- the screen --------------------------------------------------------------------------- */

static void add_text(struct buf *b, const struct term *t, const struct question *q)
{
	unsigned n = 0;

	for (struct str rest = str_trim(q->is.text); rest.p && n < TEXT_LINES; n++) {
		struct str line = str_line(&rest);

		buf_adds(b, line.n ? "  " : "");
		term_add(b, t, STYLE_PLAIN, line);
		buf_addc(b, '\n');
		if (rest.p && n + 1 == TEXT_LINES)
			buf_adds(b, "  ...\n");
	}
}

static void add_choices(struct buf *b, const struct term *t, const struct question *q)
{
	for (size_t i = 0; i < q->is.n_choices; i++) {
		buf_printf(b, "  %zu  ", i + 1);
		term_add(b, t, STYLE_BOLD, q->is.choices[i]);
		buf_addc(b, '\n');
	}
}

static void prompt(const struct ask *a, const char *why)
{
	const struct term *t = &a->show->term;
	struct buf b;

	buf_init(&b, KIB(4));
	if (why) {
		term_addf(&b, t, STYLE_WARN, "  %s", why);
		buf_addc(&b, '\n');
	}
	term_add(&b, t, STYLE_DIM, STR("  A number or a word: "));
	term_write(t->fd, buf_str(&b));
	buf_fini(&b);
}

static void pose(struct ask *a)
{
	const struct question *q = first(a);
	const struct term *t = &a->show->term;
	struct buf b;

	a->posed = true;
	show_hold(a->show, true);
	buf_init(&b, KIB(256));
	term_addf(&b, t, STYLE_BUSY, "%s %.*s", term_glyph(t, "?", "?"), STR_ARG(q->is.step));
	term_add(&b, t, STYLE_DIM, STR(" waits for you"));
	buf_addc(&b, '\n');
	add_text(&b, t, q);
	add_choices(&b, t, q);
	term_write(t->fd, buf_str(&b));
	buf_fini(&b);
	prompt(a, NULL);
}

/* --- questions ---------------------------------------------------------------------------- */

static void question_free(struct question *q)
{
	struct ask *a = q->ask;

	if (a->looking == q)
		a->looking = NULL;
	list_remove(&q->list);
	q->dropped = q->busy;
	if (q->busy)
		return;
	arena_destroy(q->arena);
	free(q);
}

/* The first one is done with. */
static void next(struct ask *a)
{
	question_free(first(a));
	a->posed = false;
	show_hold(a->show, false);
}

static void take_back(struct ask *a)
{
	if (a->posed)
		show_say(a->show, "\n%.*s waits no longer", STR_ARG(first(a)->is.step));
	next(a);
}

void ask_end(struct ask *a)
{
	while (a->able && first(a))
		take_back(a);
}

static void nobody(struct ask *a)
{
	a->able = false;
	uv_read_stop((uv_stream_t *)&a->terminal);
	while (first(a))
		question_free(first(a));
	show_hold(a->show, false);
	show_say(a->show, "\n%s", ASK_NOBODY);
}

/* --- answers ------------------------------------------------------------------------------ */

/* Its number, all of it, or a beginning that only one has; N: none of these. */
static size_t choice_of(const struct engine_question *q, struct str line)
{
	unsigned long long number;
	size_t found = q->n_choices, n = 0;

	for (size_t i = 0; i < q->n_choices; i++)
		if (str_eq(q->choices[i], line))
			return i;
	if (str_to_u64(line, q->n_choices, &number) && number)
		return (size_t)number - 1;
	for (size_t i = 0; i < q->n_choices; i++)
		if (str_starts(q->choices[i], line)) {
			found = i;
			n++;
		}
	return n == 1 ? found : q->n_choices;
}

static void on_answered(void *ctx, int rc, const struct err *err)
{
	struct question *q = ctx;
	struct ask *a = q->ask;

	q->busy = false;
	if (q->dropped)
		question_free(q);
	else if (!rc)
		next(a);
	else if (a->able)
		prompt(a, err->what);
}

static void on_line(struct ask *a, struct str line)
{
	struct question *q = first(a);

	if (!q || !a->posed || q->busy)
		return; /* typed at nothing */
	size_t i = line.n ? choice_of(&q->is, line) : q->is.n_choices;

	if (i == q->is.n_choices) {
		prompt(a, line.n ? "That is none of them." : NULL);
		return;
	}
	q->busy = true;
	engine_answer(a->engine, str_from(q->run_id), (struct str){ "", 0 }, q->is.step,
	    q->is.choices[i], on_answered, q);
}

/* A line that fills the room for it may have been longer: it is no answer. */
static void on_bytes(struct ask *a, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		if (bytes.p[i] == '\n') {
			size_t n = a->n < sizeof(a->line) ? a->n : 0;

			a->n = 0;
			on_line(a, str_trim((struct str){ a->line, n }));
		} else if (a->n < sizeof(a->line)) {
			a->line[a->n++] = bytes.p[i];
		}
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	struct ask *a = handle->data;

	(void)size;
	*ret = uv_buf_init(a->bytes, sizeof(a->bytes));
}

/* Ctrl-D, and a terminal that is gone, are the end of asking, not of the run. */
static void on_typed(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct ask *a = stream->data;

	if (n > 0)
		on_bytes(a, (struct str){ buf->base, (size_t)n });
	else if (n < 0)
		nobody(a);
}

/* --- asking ------------------------------------------------------------------------------- */

static int read_question(struct store *s, void *ctx)
{
	struct question *q = ctx;

	return engine_question(s, q->arena, q->run, q->position, &q->is, &q->err);
}

static struct question *question_of(struct ask *a, int64_t run, int64_t position)
{
	struct question *q = xalloc(sizeof(*q));

	list_init(&q->list);
	q->ask = a;
	q->arena = arena_create("question", ARENA_JOB);
	q->run = run;
	q->position = position;
	return q;
}

/* It is none any more: its time is over, or its run. Whatever else fails may pass. */
static bool is_over(int rc)
{
	return rc == -EINVAL || rc == -ENOENT;
}

static void on_question(void *ctx, int rc)
{
	struct question *q = ctx;

	q->busy = false;
	q->known = rc == 0;
	if (q->dropped || is_over(rc))
		question_free(q);
}

static void read_it(struct ask *a, struct question *q)
{
	q->busy = true;
	q->read_at = clock_boot();
	engine_read(a->engine, read_question, on_question, q);
}

bool ask_person(struct ask *a, const struct engine_effect *fx)
{
	if (!a->able)
		return false;
	struct question *q = question_of(a, fx->run, fx->position);

	memcpy(q->run_id, fx->run_id, sizeof(q->run_id));
	q->asked_at = clock_boot();
	list_push(&a->open, &q->list);
	read_it(a, q);
	return true;
}

static void on_looked(void *ctx, int rc)
{
	struct question *again = ctx;
	struct ask *a = again->ask;
	struct question *q = a->looking;

	a->looking = NULL;
	question_free(again);
	if (is_over(rc) && q && !q->busy && a->able)
		take_back(a);
}

/* Does the first one still wait? */
static void look(struct ask *a, struct question *q)
{
	if (a->looking || clock_boot() - q->read_at < LOOK_MS)
		return;
	q->read_at = clock_boot();
	a->looking = q;
	engine_read(a->engine, read_question, on_looked, question_of(a, q->run, q->position));
}

/* What was typed before there was a question is no answer to it. */
static void put(struct ask *a)
{
	int rc;

	tcflush(STDIN_FILENO, TCIFLUSH);
	a->n = 0;
	pose(a);
	rc = uv_read_start((uv_stream_t *)&a->terminal, on_alloc, on_typed);
	if (rc < 0 && rc != UV_EALREADY)
		nobody(a);
}

void ask_tick(struct ask *a)
{
	struct question *q = a->able ? first(a) : NULL;
	msec_t now = clock_boot();

	if (!q || q->busy)
		return;
	if (!q->known && now - q->read_at >= LOOK_MS)
		read_it(a, q);
	else if (q->known && a->posed)
		look(a, q);
	else if (q->known && now - q->asked_at >= SETTLE_MS && tcgetpgrp(STDIN_FILENO) == getpgrp())
		put(a);
}

void ask_init(struct ask *a, uv_loop_t *loop, struct engine *engine, struct show *show)
{
	bool seen = show->format == SHOW_LIVE || show->format == SHOW_PLAIN;

	*a = (struct ask){ .engine = engine, .show = show };
	list_init(&a->open);
	a->able = seen && show->term.tty && isatty(STDIN_FILENO) &&
		  uv_tty_init(loop, &a->terminal, STDIN_FILENO, 1) == 0;
	a->terminal.data = a;
	show->asks = a->able;
	if (a->able)
		signal(SIGTTIN, SIG_IGN); /* in the background nobody answers; that stops no run */
}

void ask_fini(struct ask *a)
{
	while (first(a))
		question_free(first(a));
	if (uv_handle_get_type((uv_handle_t *)&a->terminal) == UV_TTY)
		uv_close((uv_handle_t *)&a->terminal, NULL);
}
