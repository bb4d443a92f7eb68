#include "base/buf.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
	assert(max > 0 && max < SIZE_MAX / 2);
	*b = (struct buf){ .max = max };
}

void buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->status = 0;
	if (b->p)
		b->p[0] = '\0';
}

static bool buf_room(struct buf *b, size_t more)
{
	if (b->status)
		return false;
	if (more > b->max - b->n) {
		b->status = -E2BIG;
		return false;
	}
	size_t need = b->n + more + 1;

	if (need <= b->cap)
		return true;
	size_t cap = b->cap ? b->cap : 64;

	while (cap < need)
		cap *= 2;
	b->p = xrealloc(b->p, cap);
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, struct str s)
{
	if (!buf_room(b, s.n))
		return;
	if (s.n)
		memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = '\0';
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, (struct str){ &c, 1 });
}

void buf_adds(struct buf *b, const char *cstr)
{
	buf_add(b, str_from(cstr));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	if (!buf_room(b, 0))
		return;
	size_t room = b->cap - b->n;

	va_copy(again, ap);
	int n = vsnprintf(b->p + b->n, room, fmt, again); /* there is often room */

	va_end(again);
	if (n < 0 || !buf_room(b, (size_t)n)) {
		b->p[b->n] = '\0';
		return;
	}
	if ((size_t)n >= room)
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_drop(struct buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
	} else if (n) {
		memmove(b->p, b->p + n, b->n - n);
		b->n -= n;
	}
	if (b->p)
		b->p[b->n] = '\0';
}

/* How many bytes of S need no escape and no second look. */
static size_t plain_json(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] != '"' && s.p[n] != '\\' && s.p[n] != 0x7f)
		n++;
	return n;
}

void buf_add_json(struct buf *b, struct str s)
{
	buf_addc(b, '"');
	while (s.n) {
		size_t plain = plain_json(s);
		uint32_t cp;

		buf_add(b, str_take(s, plain));
		s = str_skip(s, plain);
		if (!s.n)
			break;
		size_t len = utf8_next(s, &cp);

		if (cp == '"' || cp == '\\')
			buf_printf(b, "\\%c", (char)cp);
		else if (cp == '\n')
			buf_adds(b, "\\n");
		else if (cp == '\t')
			buf_adds(b, "\\t");
		else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			buf_printf(b, "\\u%04x", (unsigned)cp);
		else if (cp == UTF8_BAD)
			buf_adds(b, "\xef\xbf\xbd");
		else
			buf_add(b, str_take(s, len));
		s = str_skip(s, len);
	}
	buf_addc(b, '"');
}

static void add_escape(struct buf *b, uint32_t cp)
{
	if (cp < 0x10000) {
		buf_printf(b, "\\u%04x", (unsigned)cp);
		return;
	}
	cp -= 0x10000;
	buf_printf(
	    b, "\\u%04x\\u%04x", 0xd800u + (unsigned)(cp >> 10), 0xdc00u + (unsigned)(cp & 0x3ff));
}

void buf_add_json_text(struct buf *b, struct str json)
{
	const char *from = json.p;

	while (json.n) {
		uint32_t cp;
		size_t len = utf8_next(json, &cp);

		if ((cp >= 0x7f && cp < 0xa0) || utf8_is_invisible(cp)) {
			buf_add(b, (struct str){ from, (size_t)(json.p - from) });
			add_escape(b, cp);
			from = json.p + len;
		}
		json = str_skip(json, len);
	}
	if (from)
		buf_add(b, (struct str){ from, (size_t)(json.p - from) });
}

static void add_name(struct buf *b, const char *name)
{
	buf_adds(b, b->n && b->p[b->n - 1] != '{' ? ",\"" : "\"");
	buf_adds(b, name);
	buf_adds(b, "\":");
}

void buf_member(struct buf *b, const char *name, struct str value)
{
	add_name(b, name);
	buf_add_json(b, value);
}

void buf_member_int(struct buf *b, const char *name, long long value)
{
	char digits[24], *p = digits + sizeof(digits);
	unsigned long long v =
	    value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	if (value < 0)
		*--p = '-';
	add_name(b, name);
	buf_add(b, (struct str){ p, (size_t)(digits + sizeof(digits) - p) });
}

void buf_member_json(struct buf *b, const char *name, struct str json)
{
	add_name(b, name);
	buf_add(b, json);
}

static void add_terminal(struct buf *b, struct str s, bool one_line)
{
	while (s.n) {
		uint32_t cp;
		size_t len = utf8_next(s, &cp);

		if (cp == '\n' || cp == '\t')
			buf_addc(b, one_line ? ' ' : (char)cp);
		else if (cp == UTF8_BAD)
			buf_printf(b, "\\x%02x", (unsigned char)*s.p);
		else if (cp < 0x20 || cp == 0x7f)
			buf_printf(b, "\\x%02x", (unsigned)cp);
		else if (cp < 0xa0 && cp >= 0x80)
			buf_printf(b, "\\u%04x", (unsigned)cp);
		else if (utf8_is_invisible(cp))
			buf_printf(b, "<U+%04X>", (unsigned)cp);
		else
			buf_add(b, str_take(s, len));
		s = str_skip(s, len);
	}
}

void buf_add_terminal(struct buf *b, struct str s)
{
	add_terminal(b, s, false);
}

void buf_add_terminal_line(struct buf *b, struct str s)
{
	add_terminal(b, s, true);
}

/* White space as whoever reads it may understand it, and all that is no ASCII besides. */
static bool may_be_blank(char c)
{
	return (unsigned char)c <= ' ' || (unsigned char)c >= 0x7f;
}

static void add_no_command(struct buf *b, struct str line)
{
	size_t n = 0;
	ptrdiff_t at;

	while (n < line.n && may_be_blank(line.p[n]))
		n++;
	bool json = n < line.n && strchr("{[\"", line.p[n]);

	buf_add(b, str_take(line, n));
	line = str_skip(line, n);
	if (line.n && line.p[0] == ':')
		buf_addc(b, '\\');
	while ((at = str_find(line, STR("##["))) >= 0) {
		buf_add(b, str_take(line, (size_t)at + 2));
		buf_adds(b, json ? "\\u005b" : "\\[");
		line = str_skip(line, (size_t)at + 3);
	}
	buf_add(b, line);
}

void buf_add_no_command(struct buf *b, struct str s)
{
	while (s.n) {
		size_t n = 0;

		while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
			n++;
		add_no_command(b, str_take(s, n));
		buf_add(b, str_take(str_skip(s, n), 1));
		s = str_skip(s, n + 1);
	}
}

void buf_add_shell(struct buf *b, struct str s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./:=@%+,";
	bool simple = s.n > 0;

	for (size_t i = 0; i < s.n && simple; i++)
		simple = s.p[i] && strchr(plain, s.p[i]);
	if (simple) {
		buf_add(b, s);
		return;
	}
	buf_addc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, s.p[i]);
	}
	buf_addc(b, '\'');
}

char *buf_steal(struct buf *b)
{
	char *p = b->p ? b->p : xalloc(1);

	*b = (struct buf){ .max = b->max };
	return p;
}
