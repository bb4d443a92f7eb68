/*
 * What a run would be, from what is known before it begins: the size it comes to, and of each step
 * whether it would run. Pure.
 */
#ifndef ENGINE_PREVIEW_H
#define ENGINE_PREVIEW_H

#include "engine/choice.h"

struct preview_spec {
	const struct flow *flow;
	const json_t *input, *repo, *signals; /* repo, signals: of the snapshot, or NULL */
	enum flow_size size;
	struct str focus;
	bool fast;
};

/*
 * {flow, title, choice, signals, repository, steps}. Each step of the top level that SIZE has:
 * {step, label, kind, role, persona, runs, reason}; `runs` is yes, no (its condition does not hold)
 * or open (its condition waits for other steps). What the size leaves out is in `choice`. New
 * reference.
 */
json_t *preview_json(struct arena *a, const struct preview_spec *spec);

#endif
