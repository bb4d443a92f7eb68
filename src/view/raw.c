#include "view/raw.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdlib.h>

#define THOUGHT "\xe2\x94\x8a " /* ┊ */
#define CALL "\xe2\x96\xb8 "	/* ▸ */
#define RESULT "\xe2\x97\x82 "	/* ◂ */
#define OTHER "\xc2\xb7 "	/* · */

void raw_init(struct raw *l, struct str step, unsigned epoch, line_fn fn, void *ctx)
{
	*l = (struct raw){ .step = xstrndup(step.p, step.n), .epoch = epoch, .fn = fn, .ctx = ctx };
	buf_init(&l->held, VIEW_LINE_MAX);
}

void raw_fini(struct raw *l)
{
	free(l->step);
	buf_fini(&l->held);
}

static void end_line(struct raw *l)
{
	if (!l->open)
		return;
	l->fn(l->ctx, ++l->n, l->kind, buf_str(&l->held));
	buf_clear(&l->held);
	l->open = false;
}

void raw_end(struct raw *l)
{
	end_line(l);
}

static void begin_line(struct raw *l, enum line_kind kind, const char *mark)
{
	if (l->open)
		return;
	l->kind = kind;
	l->open = true;
	buf_adds(&l->held, mark);
}

/* A part of a line; as much as there is room for is one. */
static void add_part(struct raw *l, enum line_kind kind, const char *mark, struct str s)
{
	while (s.n) {
		begin_line(l, kind, mark);
		struct str fits = utf8_cut(s, VIEW_LINE_MAX - l->held.n);

		buf_add(&l->held, fits);
		s = str_skip(s, fits.n);
		if (s.n)
			end_line(l);
	}
}

/* Text that goes on where the last one of its kind stopped. */
static void add_text(struct raw *l, enum line_kind kind, const char *mark, struct str s)
{
	if (l->kind != kind)
		end_line(l);
	for (ptrdiff_t at; (at = str_chr(s, '\n')) >= 0; s = str_skip(s, (size_t)at + 1)) {
		begin_line(l, kind, mark);
		add_part(l, kind, mark, str_take(s, (size_t)at));
		begin_line(l, kind, mark);
		end_line(l);
	}
	add_part(l, kind, mark, s);
}

/* One whole event: each of its lines behind MARK. */
static void add_whole(struct raw *l, enum line_kind kind, const char *mark, struct str s)
{
	end_line(l);
	add_text(l, kind, mark, s);
	end_line(l);
}

static void add_named(
    struct raw *l, const char *mark, const json_t *data, struct str rest, const char *between)
{
	struct buf b;

	buf_init(&b, EVENT_TEXT_MAX);
	buf_add(&b, json_get_str(data, "name"));
	if (rest.n)
		buf_adds(&b, between);
	buf_add(&b, rest);
	add_whole(l, LINE_TOOL, mark, buf_str(&b));
	buf_fini(&b);
}

static void add_call(struct raw *l, const json_t *data)
{
	const json_t *input = json_object_get(data, "data");
	char *text = input ? json_dump(input) : xstrdup("");

	add_named(l, CALL, data, str_from(text), " ");
	free(text);
}

static void add_result(struct raw *l, const char *word, const json_t *data)
{
	struct str said = json_get_str(data, "text");
	struct buf b;

	buf_init(&b, EVENT_TEXT_MAX);
	buf_adds(&b, word);
	buf_adds(&b, said.n ? ": " : "");
	buf_add(&b, said);
	add_named(l, RESULT, data, buf_str(&b), " ");
	buf_fini(&b);
}

static void add_other(struct raw *l, struct str type, const json_t *data)
{
	char *text = json_dump(data);
	struct buf b;

	buf_init(&b, EVENT_TEXT_MAX);
	buf_add(&b, type);
	buf_addc(&b, ' ');
	buf_adds(&b, text);
	add_whole(l, LINE_OTHER, OTHER, buf_str(&b));
	buf_fini(&b);
	free(text);
}

void raw_event(struct raw *l, int64_t seq, struct str type, const json_t *data)
{
	if (seq <= l->seq || !str_is(json_get_str(data, "step"), l->step) ||
	    json_get_int(data, "epoch", -1) != (long long)l->epoch)
		return;
	l->seq = seq;
	if (str_is(type, "text"))
		add_text(l, LINE_TEXT, "", json_get_str(data, "text"));
	else if (str_is(type, "think"))
		add_text(l, LINE_THINK, THOUGHT, json_get_str(data, "text"));
	else if (str_is(type, "tool"))
		add_call(l, data);
	else if (str_is(type, "tool_end"))
		add_result(l, json_get_bool(data, "ok", true) ? "ok" : "failed", data);
	else if (str_is(type, "denied"))
		add_result(l, "denied", data);
	else
		add_other(l, type, data);
}
