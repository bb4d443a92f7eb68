/* Writing what parse.c reads, for whoever freezes a repository. */
#include "change/change.h"

#include "base/json.h"

#include <stdlib.h>

#define BINARY_LOOK 8000 /* bytes in which git looks for a NUL */

void change_write_head(struct buf *b, const struct change_head *head)
{
	static const char *const kinds[] = { "none", "uncommitted", "since" };
	json_t *doc = json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:i}", "kind", kinds[head->kind],
	    "base", json_text(head->base), "from", json_text(head->from), "to", json_text(head->to),
	    "unrelated", head->unrelated, "cut", head->cut, "files", (int)head->files);

	buf_add_value(b, doc);
	buf_addc(b, '\n');
	json_decref(doc);
}

static bool needs_quotes(struct str path)
{
	for (size_t i = 0; i < path.n; i++) {
		unsigned char ch = (unsigned char)path.p[i];

		if (ch < 0x20 || ch == 0x7f || ch == '"' || ch == '\\')
			return true;
	}
	return false;
}

void change_write_name(struct buf *b, const char *prefix, struct str path)
{
	static const char letters[] = "abtnvfr\"\\", bytes[] = "\a\b\t\n\v\f\r\"\\";

	if (!needs_quotes(path)) {
		buf_adds(b, prefix);
		buf_add(b, path);
		return;
	}
	buf_printf(b, "\"%s", prefix);
	for (size_t i = 0; i < path.n; i++) {
		unsigned char ch = (unsigned char)path.p[i];
		const char *l = ch ? strchr(bytes, ch) : NULL;

		if (l)
			buf_printf(b, "\\%c", letters[l - bytes]);
		else if (ch < 0x20 || ch == 0x7f)
			buf_printf(b, "\\%03o", ch);
		else
			buf_addc(b, (char)ch);
	}
	buf_addc(b, '"');
}

static void write_start(struct buf *b, struct str path, const char *mode)
{
	buf_adds(b, "diff --git ");
	change_write_name(b, "a/", path);
	buf_addc(b, ' ');
	change_write_name(b, "b/", path);
	buf_printf(b, "\nnew file mode %s\n", mode);
}

void change_write_left_out(struct buf *b, struct str path, const char *mode, const char *why)
{
	write_start(b, path, mode);
	buf_printf(b, "tutti left out: %s\n", why);
}

static size_t count_lines(struct str text)
{
	size_t n = 0;

	for (ptrdiff_t at; text.n; text = str_skip(text, (size_t)at + 1), n++) {
		at = str_chr(text, '\n');
		if (at < 0)
			return n + 1;
	}
	return n;
}

static void write_lines(struct buf *b, struct str text)
{
	buf_printf(b, "@@ -0,0 +1,%zu @@\n", count_lines(text));
	while (text.n) {
		ptrdiff_t at = str_chr(text, '\n');
		struct str line = str_take(text, at < 0 ? text.n : (size_t)at);

		buf_addc(b, '+');
		buf_add(b, line);
		buf_addc(b, '\n');
		if (at < 0)
			buf_adds(b, "\\ No newline at end of file\n");
		text = str_skip(text, line.n + 1);
	}
}

void change_write_new(struct buf *b, struct str path, const char *mode, struct str text)
{
	write_start(b, path, mode);
	if (text.n && memchr(text.p, 0, text.n < BINARY_LOOK ? text.n : BINARY_LOOK)) {
		buf_adds(b, "Binary files /dev/null and ");
		change_write_name(b, "b/", path);
		buf_adds(b, " differ\n");
		return;
	}
	if (!text.n)
		return;
	buf_adds(b, "--- /dev/null\n+++ ");
	change_write_name(b, "b/", path);
	if (!needs_quotes(path) && str_chr(path, ' ') >= 0)
		buf_addc(b, '\t');
	buf_addc(b, '\n');
	write_lines(b, text);
}
