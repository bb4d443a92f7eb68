/* From stored results to what the report room wants. Works on a loaded run, changes nothing. */
#ifndef ENGINE_RESULT_H
#define ENGINE_RESULT_H

#include "engine/live.h"
#include "report/report.h"

/* Everything in the arena of the live's job. */
const struct report_run *result_build(struct live *lv);

#endif
