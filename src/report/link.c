/* Ids of findings in a text become links to their entries. */
#include "report/priv.h"

#include <ctype.h>

void md_anchor(struct buf *b, struct str uid)
{
	buf_adds(b, "f-");
	for (size_t i = 0; i < uid.n; i++)
		buf_addc(b, isalnum((unsigned char)uid.p[i])
				? (char)tolower((unsigned char)uid.p[i])
				: '-');
}

/* REST: what follows the name. */
static void add_id(struct buf *b, const struct finding *f, struct str word, struct str rest)
{
	if (f->verdict == VERDICT_REFUTED) {
		buf_printf(b, "~~%.*s~~%s", STR_ARG(word),
		    str_starts(rest, STR(" (refuted)")) ? "" : " (refuted)");
		return;
	}
	buf_printf(b, "[%.*s](#", STR_ARG(word));
	md_anchor(b, f->uid);
	buf_addc(b, ')');
}

/* Outside code and existing links only. */
static void link_line(struct buf *b, const struct mentions *m, struct str line)
{
	struct mention one;
	bool code = false;
	size_t from = 0;

	for (size_t at = 0; mention_next(m, line, at, &one); at = one.at + one.n) {
		for (size_t i = at; i < one.at; i++)
			code ^= line.p[i] == '`';
		if (code || (one.at && strchr("[#", line.p[one.at - 1])))
			continue;
		buf_add(b, str_skip(str_take(line, one.at), from));
		from = one.at + one.n;
		add_id(
		    b, one.finding, str_take(str_skip(line, one.at), one.n), str_skip(line, from));
	}
	buf_add(b, str_skip(line, from));
}

struct str link_findings(struct arena *a, const struct report_run *run, struct str text)
{
	struct md_scan scan = { 0 };
	struct finding **f;
	size_t n = fact_findings(a, run, &f);
	struct mentions *m = mentions_create(a, f, n);
	struct buf b;

	buf_init(&b, REPORT_MAX);
	while (text.p && text.n) {
		struct str line = str_line(&text);
		bool inside = scan.fence;

		if (md_heading(&scan, line) || inside || scan.fence)
			buf_add(&b, line);
		else
			link_line(&b, m, line);
		buf_addc(&b, '\n');
	}
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}
