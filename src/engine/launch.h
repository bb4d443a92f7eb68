/* Making a run; shared by engine_launch and flows inside flows. Store thread. */
#ifndef ENGINE_LAUNCH_H
#define ENGINE_LAUNCH_H

#include "engine/live.h"

struct launch_spec {
	struct str frozen; /* canonical JSON */
	struct str flow;
	struct str input, options; /* JSON */
	enum flow_size size;
	struct str repo, snapshot; /* snapshot: to be used instead of a new one */
	struct str idempotency;
	int64_t parent;
	struct str parent_step;
};

/* Inserts the run, its definition and its first steps. job->run and job->id name it. */
MUST_CHECK int launch_run(
    struct job *job, struct store *s, const struct launch_spec *spec, struct err *err);
/* The first event of a run: what it is and which steps it has. */
MUST_CHECK int launch_log(struct job *job, struct live *lv);
/* A run that a dead process left: its attempts are lost, its work is offered again. */
MUST_CHECK int launch_recover(struct job *job, struct live *lv);

#endif
