/* Ids of findings in a text become links to their entries. */
#include "report/priv.h"

#include "base/map.h"

#include <ctype.h>

static bool is_id_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '/';
}

void md_anchor(struct buf *b, struct str uid)
{
	buf_adds(b, "f-");
	for (size_t i = 0; i < uid.n; i++)
		buf_addc(b, isalnum((unsigned char)uid.p[i])
				? (char)tolower((unsigned char)uid.p[i])
				: '-');
}

static void add_id(struct buf *b, const struct finding *f, struct str word)
{
	if (f->verdict == VERDICT_REFUTED) {
		buf_printf(b, "~~%.*s~~ (refuted)", STR_ARG(word));
		return;
	}
	buf_printf(b, "[%.*s](#", STR_ARG(word));
	md_anchor(b, f->uid);
	buf_addc(b, ')');
}

static size_t word_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_id_char(s.p[n]))
		n++;
	while (n && !isalnum((unsigned char)s.p[n - 1]))
		n--;
	return n;
}

/* Outside code and existing links only. */
static void link_line(struct buf *b, const struct map *ids, struct str line)
{
	bool code = false;

	for (size_t i = 0; i < line.n;) {
		struct str rest = str_skip(line, i);
		size_t n = isalnum((unsigned char)rest.p[0]) ? word_length(rest) : 0;
		bool linked = i && (line.p[i - 1] == '[' || line.p[i - 1] == '#');
		const struct finding *f =
		    n && !code && !linked ? map_get(ids, str_take(rest, n)) : NULL;

		code ^= rest.p[0] == '`';
		if (f)
			add_id(b, f, str_take(rest, n));
		else
			buf_add(b, str_take(rest, n ? n : 1));
		i += n ? n : 1;
	}
}

struct str link_findings(struct arena *a, const struct report_run *run, struct str text)
{
	struct md_scan scan = { 0 };
	struct finding **f;
	size_t n = fact_findings(a, run, &f);
	struct map ids;
	struct buf b;

	map_init(&ids, a);
	for (size_t i = 0; i < n; i++)
		if (f[i]->uid.n && !map_get(&ids, f[i]->uid))
			map_put(&ids, f[i]->uid, f[i]);
	buf_init(&b, REPORT_MAX);
	while (text.p && text.n) {
		struct str line = str_line(&text);
		bool inside = scan.fence;

		if (md_heading(&scan, line) || inside || scan.fence)
			buf_add(&b, line);
		else
			link_line(&b, &ids, line);
		buf_addc(&b, '\n');
	}
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}
