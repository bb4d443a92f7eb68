/*
 * An attempt in blocks and as lines: safe HTML, blocks without gaps, JSON that can be read, and the
 * same whether its texts come whole or in portions. Each line of the input is an event: a letter
 * for its kind, then its text; or a text that is longer than a block may be, from little input.
 */
#include "must.h"

#include "../html_check.h"
#include "base/json.h"
#include "base/limits.h"
#include "view/conversation.h"
#include "view/raw.h"

#include <stdint.h>

#define BLOCKS_MAX 4096 /* that are held against each other */
#define MANY (BLOCK_MESSAGE_MAX + 2048)

struct play {
	struct arena *a;
	struct conversation *c;
	struct raw raw;
	struct buf lines;
	int64_t seq;
	size_t most; /* of a portion */
	uint64_t n, end;
	struct str *blocks;
};

static void on_line(void *ctx, uint64_t number, enum line_kind kind, struct str line)
{
	struct play *p = ctx;

	must(line.n <= VIEW_LINE_MAX);
	buf_printf(&p->lines, "%llu %d ", (unsigned long long)number, (int)kind);
	buf_add(&p->lines, line);
	buf_addc(&p->lines, '\n');
}

static void on_block(void *ctx, const struct block *given)
{
	struct play *p = ctx;
	struct block block = *given;
	struct buf b;

	must(block.n >= 1 && block.n <= p->n + 1);
	if (block.type == BLOCK_MESSAGE) {
		must(!html_wrong(p->a, block.html, true, 6));
		must(block.from == p->end && block.to > block.from);
		must(block.to - block.from <= BLOCK_MESSAGE_MAX);
		p->end = block.to;
	}
	p->n = block.n > p->n ? block.n : p->n;
	block.seq = block.at = 0;
	if (block.ms > 0)
		block.ms = 0;
	buf_init(&b, MIB(8));
	block_add_json(&b, &block);
	json_t *doc = json_parse(buf_str(&b), NULL);

	must(doc);
	json_decref(doc);
	if (block.n < BLOCKS_MAX)
		p->blocks[block.n] = arena_dup(p->a, buf_str(&b));
	buf_fini(&b);
}

static void event(struct play *p, const char *type, struct str text)
{
	json_t *data = json_pack("{s:s, s:i, s:o, s:s, s:b, s:{s:o}}", "step", "s", "epoch", 1,
	    "text", json_text(text), "id", text.n % 3 ? "1" : "2", "ok", (int)(text.n & 1), "data",
	    "path", json_text(text));

	p->seq++;
	conversation_event(p->c, p->seq, 0, str_from(type), data);
	raw_event(&p->raw, p->seq, str_from(type), data);
	json_decref(data);
}

static void speak(struct play *p, const char *type, struct str text)
{
	size_t most = p->most == SIZE_MAX ? SIZE_MAX : p->most + text.n / 1000;

	while (text.n) {
		size_t n = most < text.n ? most : text.n;

		while (n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n++;
		event(p, type, str_take(text, n));
		text = str_skip(text, n);
	}
}

/* UNIT again and again, with AFTER behind each. */
static void speak_much(struct play *p, struct str begin, struct str unit, const char *after)
{
	struct buf b;

	buf_init(&b, 2 * MANY);
	buf_add(&b, begin);
	while (unit.n && buf_str(&b).n < MANY) {
		buf_add(&b, unit);
		buf_adds(&b, after);
	}
	speak(p, "text", buf_str(&b));
	buf_fini(&b);
}

static void line(struct play *p, struct str s)
{
	static const char *const types[] = { "tool", "tool_end", "denied", "notice", "void",
		"odd" };
	char c = s.n ? s.p[0] : '\0';

	if (c >= '0' && c <= '5')
		event(p, types[c - '0'], str_skip(s, 1));
	else if (c == '6')
		speak(p, "think", str_skip(s, 1));
	else if (c == '7' && s.n > 3 && !((s.p[1] | s.p[2]) & 0x80))
		speak_much(p, str_take(str_skip(s, 1), 2), str_skip(s, 3), "");
	else if (c == '8')
		speak_much(p, (struct str){ 0 }, str_skip(s, 1), "\n");
	else
		speak(p, "text", (struct str){ s.p, s.n + 1 }); /* with its newline */
}

static void play(struct play *p, struct arena *a, struct str text, size_t most)
{
	*p = (struct play){ .a = a, .most = most };
	p->blocks = arena_array(a, BLOCKS_MAX, sizeof(*p->blocks));
	p->c = conversation_create(STR("s"), 1, on_block, p);
	raw_init(&p->raw, STR("s"), 1, on_line, p);
	buf_init(&p->lines, MIB(64));
	while (text.p)
		line(p, str_split(&text, '\n'));
	event(p, "step", STR("over"));
	raw_end(&p->raw);
	raw_fini(&p->raw);
	conversation_destroy(p->c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct str raw = { (const char *)data, size }, text = utf8_clean(a, raw);
	struct play whole, parts;

	char *ended = arena_printf(a, "%.*s\n", STR_ARG(text));

	text = (struct str){ ended, text.n };
	play(&whole, a, text, SIZE_MAX);
	play(&parts, a, text, 1 + size % 7);
	must(whole.n == parts.n && whole.end == parts.end);
	for (uint64_t i = 1; i <= whole.n && i < BLOCKS_MAX; i++)
		must(str_eq(whole.blocks[i], parts.blocks[i]));
	must(str_eq(buf_str(&whole.lines), buf_str(&parts.lines)));
	buf_fini(&whole.lines);
	buf_fini(&parts.lines);
	arena_destroy(a);
	return 0;
}
