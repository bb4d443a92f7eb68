/* From stored results to what the report room wants. Works on a loaded run, changes nothing. */
#ifndef ENGINE_RESULT_H
#define ENGINE_RESULT_H

#include "engine/live.h"
#include "report/report.h"

/* Everything in the arena of the live's job. */
const struct report_run *result_build(struct live *lv);

/* What was read and what was not; NULL where nothing is known of it. In the same arena. */
struct ledger *result_ledger(struct live *lv);
/* {reads}: what the steps of a run were shown, for the step of another one that it is. New. */
json_t *result_reads(struct live *lv);

#endif
