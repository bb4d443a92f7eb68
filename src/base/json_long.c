/*
 * Long strings in JSON. jansson reads them byte by byte, 12 ns each: five megabytes in one string
 * would hold up a loop for 60 ms. Here they are taken out of the text, decoded at a tenth of that,
 * and put back into what jansson makes of the rest. Whatever is not plainly right is left to
 * jansson, so that what is accepted, and how errors read, does not depend on a string's length.
 */
#include "base/json_long.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <ctype.h>
#include <limits.h>

#define LONG KIB(64)
#define MARK "\\u0001long"    /* of what stands in for one; a text that holds it is left alone */
#define MARK_READ "\x01long " /* how that is read back, before its number */
#define LONG_STRINGS_MAX 64

struct taking {
	struct arena *a;
	struct buf rest; /* the text without them */
	json_t *values[LONG_STRINGS_MAX];
	size_t n, back; /* taken out, put back */
};

/* --- taking out --------------------------------------------------------------------------- */

/* Where the string whose first byte is at FROM ends: its closing mark, or the end of S. */
static size_t string_end(struct str s, size_t from)
{
	size_t i = from;

	for (; i < s.n && s.p[i] != '"'; i++)
		i += s.p[i] == '\\';
	return i < s.n ? i : s.n;
}

/* One escape of a single letter; '\0': another one, or none. */
static char plain_escape(char c)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? meant[at - letters] : '\0';
}

/* The four digits of the \u that S begins with; UINT_MAX: it begins with none. */
static unsigned digits_of(struct str s)
{
	unsigned cp = 0;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
		return UINT_MAX;
	for (size_t i = 2; i < 6; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!isxdigit(c))
			return UINT_MAX;
		cp = cp * 16 + (unsigned)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return cp;
}

static size_t put_utf8(char *to, unsigned cp)
{
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; cp >>= 6)
		to[i] = (char)(0x80 | (cp & 0x3f));
	to[0] = (char)(first[n] | cp);
	return n;
}

/* "\u00e9", or two halves of a pair: its bytes in TO, what it took in *USED; 0: for jansson. */
static size_t unicode_escape(struct str s, char *to, size_t *used)
{
	unsigned cp = digits_of(s), low;

	*used = 6;
	if (!cp || cp == UINT_MAX || (cp >= 0xdc00 && cp < 0xe000))
		return 0;
	if (cp >= 0xd800 && cp < 0xdc00) {
		low = digits_of(str_skip(s, 6));
		if (low < 0xdc00 || low >= 0xe000)
			return 0;
		*used = 12;
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	}
	return put_utf8(to, cp);
}

/* One escape at the start of S; as unicode_escape. */
static size_t escape(struct str s, char *to, size_t *used)
{
	if (s.n > 1 && s.p[1] == 'u')
		return unicode_escape(s, to, used);
	*used = 2;
	*to = plain_escape(s.n > 1 ? s.p[1] : '\0');
	return *to != '\0';
}

/* The value of a string without its marks, or NULL. */
static json_t *decode(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0, used;

	for (size_t i = 0; i < s.n; i += used) {
		size_t more = 1;

		used = 1;
		if ((unsigned char)s.p[i] < 0x20)
			return NULL;
		if (s.p[i] == '\\')
			more = escape(str_skip(s, i), to + n, &used);
		else
			to[n] = s.p[i];
		if (!more)
			return NULL;
		n += more;
	}
	return utf8_valid((struct str){ to, n }) ? json_stringn_nocheck(to, n) : NULL;
}

static bool is_key(struct str behind)
{
	size_t i = 0;

	while (i < behind.n && strchr(" \t\r\n", behind.p[i]))
		i++;
	return i < behind.n && behind.p[i] == ':';
}

/* TEXT into t->rest; false: leave all of it to jansson. */
static bool take_out(struct taking *t, struct str text)
{
	size_t copied = 0;

	for (size_t i = 0; i < text.n; i++) {
		size_t end;

		if (text.p[i] != '"')
			continue;
		end = string_end(text, i + 1);
		if (end == text.n)
			return false;
		if (end - i > LONG && !is_key(str_skip(text, end + 1)) && t->n < LONG_STRINGS_MAX) {
			struct str inside = { text.p + i + 1, end - i - 1 };
			json_t *value = decode(t->a, inside);

			if (!value)
				return false;
			buf_add(&t->rest, (struct str){ text.p + copied, i - copied });
			buf_printf(&t->rest, "\"" MARK " %zu\"", t->n);
			t->values[t->n++] = value;
			copied = end + 1;
		}
		i = end;
	}
	if (!t->n || str_contains(str_skip(text, copied), STR(MARK)))
		return false;
	for (size_t k = 0, marks = 0; k + sizeof(MARK) < t->rest.n; k++) {
		marks +=
		    t->rest.p[k] == '\\' && str_starts(str_skip(buf_str(&t->rest), k), STR(MARK));
		if (marks > t->n)
			return false;
	}
	buf_add(&t->rest, str_skip(text, copied));
	return buf_status(&t->rest) == 0;
}

/* --- putting back ------------------------------------------------------------------------- */

/* The string that VALUE stands in for, or NULL; new reference. */
static json_t *original(struct taking *t, const json_t *value)
{
	struct str text = { json_string_value(value), json_string_length(value) };
	unsigned long long k;

	if (!t->n || !str_starts(text, STR(MARK_READ)) ||
	    !str_to_u64(str_skip(text, sizeof(MARK_READ) - 1), t->n - 1, &k))
		return NULL;
	t->back++;
	return json_incref(t->values[k]);
}

/* As deep as JSON_DEPTH_MAX. */
static void put_back(struct taking *t, json_t *in)
{
	void *it = json_object_iter(in);

	for (; it; it = json_object_iter_next(in, it)) {
		json_t *value = json_object_iter_value(it), *was = original(t, value);

		if (was)
			json_object_iter_set_new(in, it, was);
		else
			put_back(t, value);
	}
	for (size_t i = 0; i < json_array_size(in); i++) {
		json_t *value = json_array_get(in, i), *was = original(t, value);

		if (was)
			json_array_set_new(in, i, was);
		else
			put_back(t, value);
	}
}

json_t *json_parse_long(struct str text, size_t flags)
{
	struct taking t = { 0 };
	json_t *value = NULL;

	if (text.n <= LONG)
		return NULL;
	t.a = arena_create("long strings", text.n + ARENA_SMALL);
	buf_init(&t.rest, text.n);
	if (take_out(&t, text))
		value = json_loadb(t.rest.p, t.rest.n, flags, NULL);
	if (value && original(&t, value)) { /* it is all of it; one reference is ours already */
		json_decref(value);
		value = t.values[0];
	} else if (value) {
		put_back(&t, value);
	}
	if (value && t.back != t.n) {
		json_decref(value);
		value = NULL;
	}
	for (size_t i = 0; i < t.n; i++)
		json_decref(t.values[i]);
	buf_fini(&t.rest);
	arena_destroy(t.a);
	return value;
}
