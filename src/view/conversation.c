#include "view/conversation.h"

#include "base/json.h"
#include "base/utf8.h"
#include "report/html.h"
#include "view/priv.h"

#include <stdlib.h>

#define BELOW 2	     /* headings of an agent come below the page's own two levels */
#define TELL_MIN 256 /* a thought is told again when it grew by so much, or by a quarter */

/* --- messages ----------------------------------------------------------------------------- */

static void add_message(void *ctx, uint64_t from, uint64_t to, struct str markdown)
{
	static const struct html_text how = { .below = BELOW, .until = HTML_MAX, .part = true };
	struct conversation *c = ctx;
	struct block block = {
		.type = BLOCK_MESSAGE, .n = ++c->n, .seq = c->seq, .at = c->text_at, .ms = -1
	};
	struct buf b;

	buf_init(&b, HTML_MAX);
	html_text(&b, &how, markdown);
	block.html = buf_str(&b);
	block.from = from;
	block.to = to;
	c->fn(c->ctx, &block);
	buf_fini(&b);
	c->text_at = c->at;
}

/* --- thoughts ----------------------------------------------------------------------------- */

static void tell_thought(struct conversation *c)
{
	c->thought.seq = c->seq;
	c->thought.text = buf_str(&c->thought_text);
	c->thought_told = c->thought_text.n;
	c->fn(c->ctx, &c->thought);
}

static void close_thought(struct conversation *c)
{
	if (!c->thought.n)
		return;
	c->thought.ms = c->at > c->thought.at ? c->at - c->thought.at : 0;
	tell_thought(c);
	c->thought.n = 0;
	buf_clear(&c->thought_text);
}

static void think(struct conversation *c, struct str text)
{
	size_t had = c->thought_text.n + c->thought.cut;

	if (!text.n)
		return;
	split_flush(&c->split);
	if (!c->thought.n) {
		c->thought =
		    (struct block){ .type = BLOCK_THINKING, .n = ++c->n, .at = c->at, .ms = -1 };
		c->thought_told = had = 0;
	}
	/* once something is cut, all that follows is */
	struct str kept =
	    c->thought.cut ? str_take(text, 0) : utf8_cut(text, BLOCK_TEXT_MAX - c->thought_text.n);

	buf_add(&c->thought_text, kept);
	c->thought.cut += text.n - kept.n;
	size_t grown = c->thought_text.n - c->thought_told;

	if (!had || (grown >= TELL_MIN && grown >= c->thought_told / 4))
		tell_thought(c);
}

void conversation_show(struct conversation *c)
{
	if (c->thought.n && c->thought_told < c->thought_text.n)
		tell_thought(c);
}

/* --- events ------------------------------------------------------------------------------- */

void conversation_close(struct conversation *c)
{
	close_thought(c);
	split_flush(&c->split);
}

void conversation_add(struct conversation *c, struct block *block)
{
	conversation_close(c);
	block->n = ++c->n;
	block->seq = c->seq;
	block->at = c->at;
	c->fn(c->ctx, block);
}

static void speak(struct conversation *c, struct str text)
{
	uint64_t off;

	if (!text.n)
		return;
	close_thought(c);
	if (!split_tail(&c->split, &off).n)
		c->text_at = c->at;
	split_text(&c->split, text);
}

/* What no version of ours wrote, as it is. */
static void add_unknown(struct conversation *c, struct str type, const json_t *data)
{
	char *text = json_dump(data);
	struct str all = str_from(text), kept = utf8_cut(all, BLOCK_TEXT_MAX);
	struct block block = { .type = BLOCK_EVENT, .name = type, .ms = -1 };
	struct buf b;

	buf_init(&b, BLOCK_TEXT_MAX * 7);
	if (kept.n < all.n) {
		buf_add_json(&b, kept);
		kept = buf_str(&b);
	}
	block.cut = all.n > BLOCK_TEXT_MAX ? all.n - utf8_cut(all, BLOCK_TEXT_MAX).n : 0;
	block.input = kept;
	conversation_add(c, &block);
	buf_fini(&b);
	free(text);
}

/* Told elsewhere: in the rows of the roster, and by the proof. */
static bool is_ambient(struct str type, const json_t *data)
{
	if (str_is(type, "exchange"))
		return json_get_int(data, "status", 0) < 400 && !json_get_bool(data, "cut", false);
	return str_is(type, "usage") || str_is(type, "request") || str_is(type, "progress") ||
	       str_is(type, "proof");
}

static bool is_mine(const struct conversation *c, const json_t *data)
{
	return str_is(json_get_str(data, "step"), c->step) &&
	       json_get_int(data, "epoch", -1) == (long long)c->epoch;
}

void conversation_event(
    struct conversation *c, int64_t seq, msec_t at, struct str type, const json_t *data)
{
	if (seq <= c->seq || !is_mine(c, data))
		return;
	c->seq = seq;
	c->at = at;
	if (str_is(type, "text"))
		speak(c, json_get_str(data, "text"));
	else if (str_is(type, "think"))
		think(c, json_get_str(data, "text"));
	else if (str_is(type, "tool"))
		call_start(c, data);
	else if (str_is(type, "tool_end"))
		call_end(c, data);
	else if (str_is(type, "denied"))
		call_denied(c, data);
	else if (!is_ambient(type, data) && !notice_of(c, type, data))
		add_unknown(c, type, data);
}

/* --- life --------------------------------------------------------------------------------- */

struct conversation *conversation_create(struct str step, unsigned epoch, block_fn fn, void *ctx)
{
	struct conversation *c = xalloc(sizeof(*c));

	c->step = xstrndup(step.p, step.n);
	c->epoch = epoch;
	c->fn = fn;
	c->ctx = ctx;
	split_init(&c->split, add_message, c);
	buf_init(&c->thought_text, BLOCK_TEXT_MAX);
	return c;
}

void conversation_destroy(struct conversation *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < BLOCK_TOOLS_MAX; i++)
		call_fini(&c->calls[i]);
	split_fini(&c->split);
	buf_fini(&c->thought_text);
	free(c->step);
	free(c);
}

struct str conversation_tail(const struct conversation *c, uint64_t *ret_off)
{
	return split_tail(&c->split, ret_off);
}

bool conversation_over(const struct conversation *c)
{
	return c->over;
}
