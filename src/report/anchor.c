#include "report/anchor.h"

#include "report/export.h"

static bool is_manifest(struct str path)
{
	static const char *const names[] = { "README.md", "README", "README.rst", "package.json",
		"Cargo.toml", "go.mod", "pyproject.toml", "meson.build", "CMakeLists.txt",
		"Makefile", "pom.xml" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_is(path, names[i]))
			return true;
	return false;
}

struct str anchor_of(const struct report_doc *doc)
{
	struct str best = STR("./");
	bool any = false;

	for (size_t i = 0; i < doc->n_cites; i++) {
		const struct citation *c = doc->cites[i];
		bool seen = c->state == CITE_RESOLVES || c->state == CITE_MOVED;

		if (!seen || !cite_is_place(c))
			continue;
		if (is_manifest(c->path))
			return c->path;
		if (!any)
			best = c->path;
		any = true;
	}
	return best;
}

/* --- what is said of it -------------------------------------------------------------------- */

static bool rests_on_something(const struct finding *f)
{
	for (size_t i = 0; i < f->n_cites; i++)
		if (f->cites[i]->state == CITE_RESOLVES || f->cites[i]->state == CITE_MOVED)
			return true;
	return false;
}

const char *export_level(const struct finding *f)
{
	if (f->verdict == VERDICT_NONE || !rests_on_something(f))
		return "note";
	if (f->severity >= SEVERITY_HIGH)
		return "error";
	return f->severity == SEVERITY_MEDIUM ? "warning" : "note";
}

struct str export_message(struct arena *a, const struct finding *f)
{
	struct str claim = finding_claim(f), fix = finding_suggestion(f);

	return str_from(arena_printf(a, "%.*s%s%.*s%s%.*s", STR_ARG(f->title.n ? f->title : f->uid),
	    claim.n ? "\n\n" : "", STR_ARG(claim), fix.n ? "\n\nSuggested: " : "", STR_ARG(fix)));
}
