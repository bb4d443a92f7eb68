/*
 * What is stored, in the shapes that clients get (docs/api.md): run summaries, run documents,
 * steps. All of it runs on the store thread, with that thread's store; A is for working and for
 * texts during the call. What is not known is null, not 0.
 */
#ifndef API_VIEWS_H
#define API_VIEWS_H

#include "flow/library.h"
#include "store/store.h"

#include <jansson.h>

struct views;

/* EPOCH names the store's history (hub/epoch.h); copied. */
struct views *views_create(const char *epoch);
/* Once nothing runs on the store thread any more. Accepts NULL. */
void views_destroy(struct views *v);

/* New references; NULL: there is no such run. CTX is a struct views. */
json_t *views_summary(void *ctx, struct store *s, struct arena *a, int64_t run);
json_t *views_run(void *ctx, struct store *s, struct arena *a, int64_t run);
/* V may be NULL. */
json_t *views_summary_of(
    struct views *v, struct store *s, struct arena *a, const struct run_row *row);

struct views_step {
	struct str name;
	unsigned attempt; /* epoch, as in the log; 0: the current one */
};
/*
 * The step document: a Step with output, output_html, prompt, evidence, findings, attempts. NULL
 * with ERR: there is no such step or attempt.
 */
json_t *views_step(struct views *v, struct store *s, struct arena *a, int64_t run,
    const struct views_step *which, struct err *err);

/* The definition of ROW, or NULL when it cannot be read. Valid until the next call. */
const struct flow *views_flow(struct views *v, struct store *s, const struct run_row *row);
/* What was handed on, of engine_provided or a run's options, as clients see it; or null. New. */
json_t *views_provided(const json_t *facts);
/* An agent's Markdown as safe HTML. New reference. */
json_t *views_html(struct str text);

/* "2026-11-23T14:03:11.042Z", or null for 0. New reference. */
json_t *views_time(msec_t at);
/* TEXT, or null when it is empty. New reference. */
json_t *views_text(struct str text);

#endif
