#include "flow/scan.h"

#include <ctype.h>

static char peek(const struct scanner *s, size_t ahead)
{
	return s->at + ahead < s->source.n ? s->source.p[s->at + ahead] : '\0';
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Level of a long bracket that opens at the cursor ("[[" is 0, "[=[" is 1), or -1. */
static int long_level(const struct scanner *s)
{
	int level = 0;

	if (peek(s, 0) != '[')
		return -1;
	while (peek(s, 1 + (size_t)level) == '=')
		level++;
	return peek(s, 1 + (size_t)level) == '[' ? level : -1;
}

static struct str long_string(struct scanner *s, int level)
{
	size_t begin = s->at + 2 + (size_t)level;

	for (s->at = begin; s->at < s->source.n; s->at++) {
		int k = 0;

		if (peek(s, 0) != ']')
			continue;
		while (k < level && peek(s, 1 + (size_t)k) == '=')
			k++;
		if (k == level && peek(s, 1 + (size_t)k) == ']') {
			struct str text = { s->source.p + begin, s->at - begin };

			s->at += 2 + (size_t)level;
			return text;
		}
	}
	return str_skip(s->source, begin);
}

static struct str short_string(struct scanner *s)
{
	char quote = peek(s, 0);
	size_t begin = ++s->at;

	while (s->at < s->source.n && peek(s, 0) != quote && peek(s, 0) != '\n')
		s->at += peek(s, 0) == '\\' ? 2 : 1;
	if (s->at > s->source.n)
		s->at = s->source.n;
	struct str text = { s->source.p + begin, s->at - begin };

	if (s->at < s->source.n)
		s->at++;
	return text;
}

static void skip_comment(struct scanner *s)
{
	s->at += 2;
	int level = long_level(s);

	if (level >= 0) {
		long_string(s, level);
		return;
	}
	while (s->at < s->source.n && peek(s, 0) != '\n')
		s->at++;
}

static void skip_blank(struct scanner *s)
{
	for (;;) {
		if (s->at < s->source.n && isspace((unsigned char)peek(s, 0)))
			s->at++;
		else if (peek(s, 0) == '-' && peek(s, 1) == '-')
			skip_comment(s);
		else
			return;
	}
}

static struct str take_while_name(struct scanner *s)
{
	size_t begin = s->at;

	while (s->at < s->source.n &&
	       (is_name(peek(s, 0)) ||
		   (isdigit((unsigned char)s->source.p[begin]) && peek(s, 0) == '.')))
		s->at++;
	return (struct str){ s->source.p + begin, s->at - begin };
}

struct token scan_next(struct scanner *s)
{
	skip_blank(s);
	struct token t = { .type = TOKEN_END, .at = s->at };
	char c = peek(s, 0);

	if (s->at >= s->source.n)
		return t;
	if (is_name(c)) {
		t.type = isdigit((unsigned char)c) ? TOKEN_NUMBER : TOKEN_NAME;
		t.text = take_while_name(s);
	} else if (c == '"' || c == '\'') {
		t.type = TOKEN_STRING;
		t.text = short_string(s);
	} else if (long_level(s) >= 0) {
		t.type = TOKEN_STRING;
		t.text = long_string(s, long_level(s));
	} else {
		bool two = (c == '=' || c == '~' || c == '<' || c == '>') && peek(s, 1) == '=';

		two |= (c == ':' && peek(s, 1) == ':') || (c == '.' && peek(s, 1) == '.');
		t.type = TOKEN_OTHER;
		t.text = (struct str){ s->source.p + s->at, two ? 2 : 1 };
		s->at += t.text.n;
	}
	return t;
}

ptrdiff_t scan_hole_end(struct str text, size_t from)
{
	struct scanner s = { text, from };
	int depth = 0;

	for (;;) {
		struct token t = scan_next(&s);

		if (t.type == TOKEN_END)
			return -1;
		if (t.type != TOKEN_OTHER)
			continue;
		if (str_is(t.text, "{"))
			depth++;
		else if (str_is(t.text, "}") && depth > 0)
			depth--;
		else if (str_is(t.text, "}") && t.at + 1 < text.n && text.p[t.at + 1] == '}')
			return (ptrdiff_t)t.at;
	}
}
