/* The flows of a life: each kind of step, and what makes large commits. */
#include "power.h"

#include "base/json.h"
#include "base/limits.h"
#include "flow/library.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD "category: analysis\nsummary: A test.\nsteps:\n"

static const char persona[] = "---\npersona: p\ntitle: P\n---\nYou look.\n";

static const char inner[] = "flow: g\n" HEAD "  - {id: a, kind: code, run: 'return question'}\n"
			    "  - {id: in, persona: p, task: t, needs: [a]}\n"
			    "report: {sections: [in]}\n";

static const char *const flows[FLOWS] = {
	HEAD "  - {id: a, persona: p, role: angle, task: 'Look at {{ question }}'}\n"
	     "  - {id: b, persona: p, role: angle, task: t, retries: 0, on_failure: continue}\n"
	     "  - {id: sum, kind: code, needs: [a, b], trigger: one_success,\n"
	     "     run: 'return (steps.a.output or \"\") .. \"/\" .. steps.b.status'}\n"
	     "  - {id: c, persona: p, task: '{{ steps.sum.output }}', needs: [sum]}\n",
	HEAD "  - {id: list, kind: code, run: 'return {\"x\", \"y\", \"z\"}'}\n"
	     "  - {id: per, kind: each, needs: [list], over: steps.list.json, as: it,\n"
	     "     step: {id: one, persona: p, task: '{{ it }}'}}\n"
	     "  - {id: after, kind: code, needs: [per], run: 'return #steps.per.json'}\n",
	HEAD "  - {id: a, kind: command, run: [x]}\n"
	     "  - {id: gate, kind: approval, ask: 'Go on?', choices: [go, stop]}\n"
	     "  - id: choose\n    kind: switch\n    needs: [gate]\n"
	     "    cases: [{label: go, if: 'steps.gate.output == \"go\"', steps: [yes-it-is]}]\n"
	     "    default: [no-it-is]\n"
	     "  - {id: yes-it-is, persona: p, task: t, needs: [choose, a]}\n"
	     "  - {id: no-it-is, kind: code, needs: [choose], run: 'return 2'}\n",
	HEAD "  - {id: inner, kind: flow, use: g, with: {question: 'what about {{ question }}'}}\n"
	     "  - {id: b, kind: code, needs: [inner], run: 'return steps.inner.output'}\n",
	HEAD "  - {id: polish, kind: loop, max: 3, until: round >= 3, step: [\n"
	     "     {id: a, kind: code, run: 'return (steps.b.output or \"\") .. round'},\n"
	     "     {id: b, persona: p, task: t, needs: [a]}]}\n"
	     "  - {id: after, kind: code, needs: [polish], run: 'return 1'}\n",
	HEAD "  - {id: list, kind: code, run: 'local t = {} for i = 1, 40 do t[i] = i end return "
	     "t'}\n"
	     "  - {id: per, kind: each, needs: [list], over: steps.list.json,\n"
	     "     step: {id: one, kind: code, run: 'local t = {} for i = 1, 200 do t[i] = "
	     "\"0123456789012345678901234567890123456789\" end return join(t)'}}\n"
	     "  - {id: after, persona: p, task: t, needs: [per]}\n",
};

bool flow_nests(unsigned flow)
{
	return flow == 3;
}

static json_t *freeze(const char *text)
{
	struct library *lib = library_create();
	struct err err = { 0 };
	char whole[4096];

	snprintf(whole, sizeof(whole), "flow: f\n%s", text);
	json_t *frozen = NULL;

	if (library_add(lib, TEXT_PERSONA, "p.md", "test", str_from(persona)) == 0 &&
	    library_add(lib, TEXT_FLOW, "g.yaml", "test", str_from(inner)) == 0 &&
	    library_add(lib, TEXT_FLOW, "f.yaml", "test", str_from(whole)) == 0) {
		library_check(lib);
		frozen = library_freeze(lib, STR("f"), &err);
	}
	library_destroy(lib);
	if (!frozen) {
		fprintf(stderr, "power: a flow is broken: %s\n%s", err.what, whole);
		abort();
	}
	return frozen;
}

json_t *flow_frozen(unsigned flow)
{
	static json_t *frozen[FLOWS];

	if (!frozen[flow])
		frozen[flow] = freeze(flows[flow]);
	return frozen[flow];
}
