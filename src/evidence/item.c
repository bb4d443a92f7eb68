/*
 * Items with ids in free Markdown: "### S1: Title", "**SEC-001** — Title", "- C2. Title",
 * "| S1 | … |" is not one. An id is one to six capitals, perhaps a dash, and a number; a path of
 * step names may stand before it ("data/S1").
 */
#include "evidence/priv.h"

#include <ctype.h>

#define ID_LETTERS 6
#define ID_DIGITS 4
#define ID_STEP 64

static size_t bare_id_length(struct str s)
{
	size_t letters = 0, digits, at;

	while (letters < s.n && isupper((unsigned char)s.p[letters]))
		letters++;
	if (letters == 0 || letters > ID_LETTERS)
		return 0;
	at = letters + (letters < s.n && s.p[letters] == '-');
	for (digits = 0; at + digits < s.n && isdigit((unsigned char)s.p[at + digits]); digits++)
		continue;
	if (digits == 0 || digits > ID_DIGITS)
		return 0;
	at += digits;
	return at < s.n && (is_word_char(s.p[at]) || s.p[at] == '-') &&
		       !(s.p[at] == '-' && at + 1 < s.n && s.p[at + 1] == ' ')
		   ? 0
		   : at;
}

size_t item_id_length(struct str s)
{
	size_t n = bare_id_length(s), step = 0;

	if (n)
		return n;
	/* "step/ID", where a step's own name may hold a slash: "verify/0/S1" */
	for (size_t i = 0; i < s.n && i < ID_STEP; i++) {
		if (!islower((unsigned char)s.p[i]) && !isdigit((unsigned char)s.p[i]) &&
		    !strchr("-_/", s.p[i]))
			break;
		if (s.p[i] == '/')
			step = i + 1;
	}
	n = step ? bare_id_length(str_skip(s, step)) : 0;
	return n ? step + n : 0;
}

unsigned heading_level(struct str line)
{
	unsigned n = 0;

	while (n < line.n && line.p[n] == '#')
		n++;
	return n >= 1 && n <= 6 && n < line.n && (line.p[n] == ' ' || line.p[n] == '\t') ? n : 0;
}

struct str strip_marks(struct str s)
{
	s = str_trim(s);
	while (s.n && strchr("*_", s.p[0]))
		s = str_trim(str_skip(s, 1));
	while (s.n && strchr("*_", s.p[s.n - 1]))
		s = str_trim(str_take(s, s.n - 1));
	/* a code span only when it is all of it: "`a` calls `b`" is text */
	while (s.n > 1 && s.p[0] == '`' && s.p[s.n - 1] == '`' && !memchr(s.p + 1, '`', s.n - 2))
		s = str_trim((struct str){ s.p + 1, s.n - 2 });
	return s;
}

/* What may stand before an id; *DRESSED tells whether anything did. */
static struct str undress(struct str line, bool *dressed)
{
	*dressed = false;
	for (;;) {
		size_t n = line.n && strchr("#*_>[ \t", line.p[0]) ? 1 : 0;

		if (!n && line.n > 1 && strchr("-+", line.p[0]) && line.p[1] == ' ')
			n = 2;
		if (!n)
			return line;
		*dressed |= line.p[0] != ' ' && line.p[0] != '\t';
		line = str_skip(line, n);
	}
}

struct str item_undress(struct str line)
{
	bool dressed;

	return undress(str_trim(line), &dressed);
}

/* Separators between an id and its title; 0 when none is there. */
static size_t separator(struct str s)
{
	size_t n = 0;

	for (;;) {
		size_t k = n < s.n && strchr(":.)]*_ \t-|", s.p[n]) ? 1
			   : str_starts(str_skip(s, n), STR("\xe2\x80\x94")) ||
				   str_starts(str_skip(s, n), STR("\xe2\x80\x93"))
			       ? 3
			       : 0;

		if (!k)
			return n;
		n += k;
	}
}

static bool has_strong_mark(struct str between)
{
	for (size_t i = 0; i < between.n; i++)
		if (strchr(":.)]\xe2-", between.p[i]))
			return true;
	return false;
}

bool item_head(struct str line, struct item_head *ret)
{
	bool dressed;
	unsigned level = heading_level(line);
	struct str rest = undress(str_trim(line), &dressed);
	size_t n = item_id_length(rest);

	if (!n || rest.n > 2000)
		return false;
	struct str behind = str_skip(rest, n);
	size_t gap = separator(behind);

	/* "S1 rests on …" is a sentence, "S1: …" and "### S1 …" are items */
	if (!level && !has_strong_mark(str_take(behind, gap)) && !(dressed && behind.n == gap))
		return false;
	if (!level && !dressed && !has_strong_mark(str_take(behind, gap)))
		return false;
	*ret = (struct item_head){ str_take(rest, n), strip_marks(str_skip(behind, gap)),
		level ? level : 7 };
	return true;
}

/* --- fields ------------------------------------------------------------------------------ */

/* "- **Key:** value" -> value; NULL text when LINE is not of KEY. */
static struct str field_of(struct str line, const char *key)
{
	bool dressed;
	struct str rest = undress(str_trim(line), &dressed), k = str_from(key);

	if (rest.n <= k.n || !str_eq_nocase(str_take(rest, k.n), k))
		return (struct str){ NULL, 0 };
	rest = str_skip(rest, k.n);
	while (rest.n && strchr("*_ ", rest.p[0]))
		rest = str_skip(rest, 1);
	if (!rest.n || rest.p[0] != ':')
		return (struct str){ NULL, 0 };
	return strip_marks(str_skip(rest, 1));
}

struct str item_field(struct str text, const char *key)
{
	while (text.p) {
		struct str value = field_of(str_line(&text), key);

		if (value.p)
			return value;
	}
	return (struct str){ "", 0 };
}

struct str item_last_field(struct str text, const char *key)
{
	struct str last = { "", 0 };

	while (text.p) {
		struct str value = field_of(str_line(&text), key);

		if (value.p)
			last = value;
	}
	return last;
}

struct str finding_field(const struct finding *f, const char *name)
{
	return item_field(f->body, name);
}
