/* What became of the findings, and the report's own list against what its steps were read as. */
#include "report/priv.h"

#include "base/limits.h"
#include "base/map.h"

bool fact_stands(const struct finding *f)
{
	return f->disposition == DISPOSITION_KEPT || f->disposition == DISPOSITION_DEMOTED ||
	       f->disposition == DISPOSITION_NONE;
}

struct str fact_dispositions(struct arena *a, const struct report_run *run)
{
	unsigned n[DISPOSITIONS] = { 0 };
	struct finding **f;
	struct str text = { "", 0 };

	for (size_t i = 0, all = fact_findings(a, run, &f); i < all; i++)
		n[f[i]->disposition]++;
	for (int d = DISPOSITION_KEPT; d < DISPOSITIONS; d++)
		if (n[d])
			text = str_from(arena_printf(a, "%.*s%s%u %s", STR_ARG(text),
			    text.n ? ", " : "", n[d], disposition_name((enum disposition)d)));
	return text;
}

struct str report_account(struct arena *a, const struct report_run *run)
{
	struct parsed_step *steps = arena_array(a, run->n_steps + 1, sizeof(*steps));
	struct finding **listed;
	size_t n = 0, n_listed = fact_findings(a, run, &listed);

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct report_step *s = &run->steps[i];

		if (s->status != STEP_COMPLETED || !(fact_raises(s) || s->parsed >= 0))
			continue;
		steps[n++] = (struct parsed_step){ s->name, s->parsed, s->evidence };
	}
	return evidence_account(a, steps, n, listed, n_listed);
}

/* --- the document ------------------------------------------------------------------------ */

#define ENTRY "- <a id=\""
#define TOLD_MAX 5

/* The anchors of all entries: lines that begin with one. */
static void take_entries(struct arena *a, struct map *entries, struct str text)
{
	map_init(entries, a);
	while (text.n) {
		struct str line = str_line(&text);

		if (!str_starts(line, STR(ENTRY)))
			continue;
		line = str_skip(line, strlen(ENTRY));
		ptrdiff_t end = str_chr(line, '"');

		if (end > 0)
			map_put(entries, str_take(line, (size_t)end), entries);
	}
}

static bool has_entry(struct map *entries, const struct finding *f)
{
	struct buf b;

	buf_init(&b, MIB(1));
	md_anchor(&b, f->uid);
	bool has = map_get(entries, buf_str(&b)) != NULL;

	buf_fini(&b);
	return has;
}

struct str report_printed(struct arena *a, const struct report_run *run, struct str text)
{
	struct finding **f;
	size_t n = fact_findings(a, run, &f), lost = 0;
	struct str told = { "", 0 };
	struct map entries;

	take_entries(a, &entries, text);
	for (size_t i = 0; i < n; i++)
		if (!has_entry(&entries, f[i]) && lost++ < TOLD_MAX)
			told = str_from(arena_printf(a, "%.*s%s%.*s of %.*s", STR_ARG(told),
			    told.n ? ", " : "", STR_ARG(str_take(f[i]->uid, 80)),
			    STR_ARG(str_take(f[i]->step, 80))));
	if (!lost)
		return told;
	return str_from(
	    arena_printf(a, "findings were lost: %zu without an entry in the document (%.*s%s)",
		lost, STR_ARG(told), lost > TOLD_MAX ? " …" : ""));
}
