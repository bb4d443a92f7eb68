/*
 * Why a run is as large as it is, what is left out of it for that, and what a condition rests on:
 * the words and the JSON of it, the same in the preview, the log, `runs show` and the report. Pure.
 */
#ifndef ENGINE_CHOICE_H
#define ENGINE_CHOICE_H

#include "engine/size.h"
#include "flow/flow.h"

/*
 * Why SIZE: the line of the table that decided, and what was measured, when it was AUTO; else that
 * it was asked for. SIGNALS may be NULL: nothing was measured. In A. Empty for SIZE_AUTO, which is
 * not decided.
 */
struct str choice_reason(
    struct arena *a, enum flow_size size, bool was_auto, const json_t *signals);
/*
 * {asked, size, reason, rule, left_out}. `rule` is null where none decided, else {what, signal,
 * at_least, value}; `left_out` are the steps of the top level that SIZE excludes, each {step,
 * label, kind, role, from, reason}. New reference.
 */
json_t *choice_json(struct arena *a, const struct flow *f, enum flow_size size, bool was_auto,
    const json_t *signals);
/* "from size medium on": why S is left out at a smaller one. In A. */
struct str choice_left_out(struct arena *a, const struct flow_step *s);
/*
 * What COND reads of what was measured, as it is: "signals.sql = false, size = small". Empty when
 * it reads nothing of the kind. In A.
 */
struct str choice_because(
    struct arena *a, struct str cond, enum flow_size size, const json_t *signals);

#endif
