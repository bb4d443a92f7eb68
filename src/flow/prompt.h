/*
 * The prompt of an agent step, in the order of flow-language §7: what is the same for all agents
 * of a run comes first, so that a model server computes that prefix once.
 */
#ifndef FLOW_PROMPT_H
#define FLOW_PROMPT_H

#include "flow/expr.h"
#include "flow/library.h"

struct prompt_spec {
	const struct library *lib;
	const struct flow *flow;
	const struct flow_step *step; /* KIND_AGENT */
	struct expr_vm *vm;
	const struct scope *scope;
	bool fast;
	struct str retry_note; /* exact errors of the answer before, or empty */
	struct str hunks;      /* of the change, that the task shows: "h1-h9"; empty: none */
};

struct prompt {
	struct str text;
	size_t shared; /* the first so many bytes are equal for all agents of the run */
	size_t system; /* the first so many bytes are rules, not task: a system message if there is
			  one */
	double temperature; /* negative: not given */
	unsigned cut;	    /* texts of earlier steps that lost their ends for want of room */
};

/*
 * The text lives in A, at most PROMPT_MAX bytes: texts of earlier steps are cut to fit, and marked.
 * -E2BIG when that does not help.
 */
MUST_CHECK int prompt_build(
    struct arena *a, const struct prompt_spec *spec, struct prompt *ret, struct err *err);

#endif
