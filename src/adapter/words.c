/* A command line as words, where it is nothing but words: no shell is asked, and none is imitated.
 */
#include "adapter/reads.h"

#include <string.h>

/* What means something to a shell outside of quotes; within double ones, the first four do. */
static const char special[] = "$`\\!*?[]{}()<>&;#\n\r";
#define SPECIAL_QUOTED 4

static bool is_special(char c, size_t n)
{
	return !c || memchr(special, c, n);
}

/* Takes one quoted piece off *S, its quote first. */
static bool take_quoted(struct str *s, char *buf, size_t *n)
{
	char quote = s->p[0];

	for (*s = str_skip(*s, 1); s->n && s->p[0] != quote; *s = str_skip(*s, 1)) {
		if (!s->p[0] || (quote == '"' && is_special(s->p[0], SPECIAL_QUOTED)))
			return false;
		buf[(*n)++] = s->p[0];
	}
	if (!s->n)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static bool is_end(char c)
{
	return c == ' ' || c == '\t' || c == '|';
}

static bool take_word(struct str *s, char *buf, size_t *n)
{
	while (s->n && !is_end(s->p[0])) {
		if (s->p[0] == '\'' || s->p[0] == '"') {
			if (!take_quoted(s, buf, n))
				return false;
			continue;
		}
		if (is_special(s->p[0], sizeof(special) - 1))
			return false;
		buf[(*n)++] = s->p[0];
		*s = str_skip(*s, 1);
	}
	return true;
}

size_t shell_words(struct str text, char *buf, struct shell_word *ret)
{
	size_t n = 0, used = 0;

	for (;;) {
		size_t from = used;

		while (text.n && (text.p[0] == ' ' || text.p[0] == '\t'))
			text = str_skip(text, 1);
		if (!text.n)
			return n;
		if (n == SHELL_WORDS_MAX || text.p[0] == '~') /* that is a home */
			return 0;
		if (text.p[0] == '|') {
			ret[n++] = (struct shell_word){ { "|", 1 }, true };
			text = str_skip(text, 1);
			continue;
		}
		if (!take_word(&text, buf, &used))
			return 0;
		ret[n++] = (struct shell_word){ { buf + from, used - from }, false };
	}
}
