/* Events as a log has them, for tests of what is made of them. */
#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H

#include "check.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>

/* A small generator of our own: the same numbers on every machine. */
static inline uint32_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* {"text": TEXT, "step": "s", "epoch": 1}, and the like. A new reference. */
static inline json_t *said(const char *key, struct str text)
{
	json_t *data = json_pack("{s:s, s:i}", "step", "s", "epoch", 1);

	json_object_set_new(data, key, json_text(text));
	return data;
}

/* Markdown as agents write it, and as nobody would. */
static inline void add_markdown(struct buf *b, uint64_t *seed, size_t n)
{
	static const char *const parts[] = { "\n", "\n\n", "\n\n\n", "words, ", "src/a.c:5-9 ",
		"- item\n", "12. item\n", "```c\n", "```\n", "~~~~\n", "  - deeper\n", "# Head\n",
		"| a | b |\n", "|---|---|\n", "> quote\n", "    code\n", "<b>&amp;",
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "[a](http://x.y/)", "`co`", "\t", " ",
		"---\n", "   \n", "**bold** ", "\r\n" };

	while (b->n < n)
		buf_adds(b, parts[draw(seed) % (sizeof(parts) / sizeof(parts[0]))]);
}

/* The next portion of S: some bytes that cut no character. */
static inline struct str portion(struct str s, uint64_t *seed, size_t most)
{
	size_t n = 1 + draw(seed) % most;

	while (n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n++;
	return str_take(s, n);
}

#endif
