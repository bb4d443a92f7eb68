/* Receipts: which hunks a reviewer says it has read. */
#include "change/change.h"

#include "base/limits.h"

#include <ctype.h>

/* "h12" at the beginning of S: how many bytes, 0: none. */
static size_t take_id(struct str s, bool bare, unsigned *ret)
{
	size_t at = s.n && (s.p[0] == 'h' || s.p[0] == 'H'), digits = at;
	unsigned long long id = 0;

	if (!at && !bare)
		return 0;
	while (digits < s.n && isdigit((unsigned char)s.p[digits]))
		digits++;
	if (digits == at ||
	    !str_to_u64(str_skip(str_take(s, digits), at), CHANGE_HUNKS_MAX * 10ULL, &id))
		return 0;
	*ret = (unsigned)id;
	return digits;
}

/* Between the ends of a range: "-", an en dash, "..", with or without blanks. */
static size_t take_dash(struct str s)
{
	size_t n = 0, dash;

	while (n < s.n && s.p[n] == ' ')
		n++;
	struct str rest = str_skip(s, n);

	dash = str_starts(rest, STR("\xe2\x80\x93")) ? 3
	       : str_starts(rest, STR(".."))	     ? 2
	       : str_starts(rest, STR("-"))	     ? 1
						     : 0;
	if (!dash)
		return 0;
	for (n += dash; n < s.n && (s.p[n] == ' ' || s.p[n] == '.');)
		n++;
	return n;
}

struct wanted {
	unsigned from, to;
	bool *seen;
};

static void mark(const struct wanted *w, unsigned first, unsigned last)
{
	first = first < w->from ? w->from : first;
	last = last > w->to ? w->to : last;
	for (unsigned id = first; id <= last; id++)
		w->seen[id - w->from] = true;
}

static void read_ids(struct str s, const struct wanted *w)
{
	bool inside = false; /* of a word */

	while (s.n) {
		unsigned first = 0, last = 0;
		size_t n = inside ? 0 : take_id(s, false, &first), dash, more;

		if (!n) {
			inside = isalnum((unsigned char)s.p[0]) != 0;
			s = str_skip(s, 1);
			continue;
		}
		last = first;
		dash = take_dash(str_skip(s, n));
		more = dash ? take_id(str_skip(s, n + dash), true, &last) : 0;
		if (!more)
			last = first;
		mark(w, first, last);
		s = str_skip(s, more ? n + dash + more : n);
		inside = true;
	}
}

/* What stands behind "READ:", however that is dressed up; p is NULL when LINE is no receipt. */
static struct str receipt_of(struct str line)
{
	line = str_trim(line);
	while (line.n && strchr("*_`->#", line.p[0]))
		line = str_trim(str_skip(line, 1));
	if (!str_starts(line, STR("READ")))
		return (struct str){ NULL, 0 };
	line = str_skip(line, 4);
	while (line.n && strchr("*_` ", line.p[0]))
		line = str_skip(line, 1);
	return line.n && line.p[0] == ':' ? str_skip(line, 1) : (struct str){ NULL, 0 };
}

unsigned receipt_read(struct str text, unsigned from, unsigned to, bool *ret)
{
	const struct wanted w = { from, to, ret };
	unsigned n = 0;

	for (unsigned id = from; id <= to; id++)
		ret[id - from] = false;
	while (text.p) {
		struct str ids = receipt_of(str_line(&text));

		if (ids.p)
			read_ids(ids, &w);
	}
	for (unsigned id = from; id <= to; id++)
		n += ret[id - from];
	return n;
}

struct str receipt_ids(struct arena *a, unsigned from, unsigned n, const bool *ones, bool wanted)
{
	struct buf b;

	buf_init(&b, MIB(1));
	for (unsigned i = 0; i < n; i++) {
		unsigned first = i;

		if (ones[i] != wanted)
			continue;
		while (i + 1 < n && ones[i + 1] == wanted)
			i++;
		buf_printf(&b, "%sh%u", b.n ? ", " : "", from + first);
		if (i > first)
			buf_printf(&b, "-h%u", from + i);
	}
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}
