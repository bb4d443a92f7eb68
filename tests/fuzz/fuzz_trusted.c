/*
 * The list of accepted flows: what is read is written so that it is read as the same, and each
 * digest is that of its texts. Personas, too: what is read has a name, a title and a text.
 */
#include "must.h"

#include "base/limits.h"
#include "flow/accepted.h"
#include "flow/persona.h"

#include <stdint.h>

static void check_list(struct arena *a, struct str text)
{
	struct acceptances all, again;
	struct str printed, twice;
	struct err err = { 0 };

	if (acceptances_parse(a, text, &all, &err) < 0) {
		must(!all.n && (err.what[0] || err.why[0]));
		return;
	}
	must(acceptances_print(a, &all, &printed, &err) == 0);
	must(acceptances_parse(a, printed, &again, &err) == 0);
	must(again.n == all.n);
	for (size_t i = 0; i < all.n; i++) {
		must(all.v[i].n && all.v[i].repo.p[0] == '/');
		must(acceptance_holds(&all.v[i], &again.v[i]));
		must(acceptances_find(&all, all.v[i].repo, all.v[i].flow) == &all.v[i]);
		must(!*acceptance_differs(a, &all.v[i], &again.v[i]));
	}
	must(acceptances_print(a, &again, &twice, &err) == 0 && str_eq(printed, twice));
}

static void check_persona(struct arena *a, struct str text)
{
	struct flow_errors errors;
	struct persona p;

	if (persona_parse(a, "fuzz.md", text, &p, &errors) < 0) {
		must(errors.n > 0);
		return;
	}
	must(flow_is_slug(p.name) && p.title.n && p.body.n);
	must(p.temperature == -1 || (p.temperature >= 0 && p.temperature <= 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *a = arena_create("fuzz", MIB(256));
	struct str text = arena_dup(a, (struct str){ (const char *)data, n });

	check_list(a, text);
	check_persona(a, text);
	arena_destroy(a);
	return 0;
}
