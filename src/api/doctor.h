/*
 * What this machine has and lacks for runs, in lines, each with what to do about it. The same for
 * `tutti doctor` and for the daemon.
 */
#ifndef API_DOCTOR_H
#define API_DOCTOR_H

#include "gateway/gateway.h"
#include "worker/programs.h"

struct doctor_line {
	const char *group, *text, *fix; /* FIX may be NULL */
	bool ok;
};

struct doctor {
	struct arena *a;
	struct doctor_line lines[64];
	size_t n;
	unsigned agents; /* that can work */
	bool fence;
};

/* Is there enough for a run? */
bool doctor_ready(const struct doctor *d);
void doctor_add(struct doctor *d, const char *group, bool ok, const char *text, const char *fix);
/* REPO NULL: it cannot be opened, as ERR says. */
void doctor_repo(struct doctor *d, const char *repo, const struct err *err);
/* PROBE: of sandbox_probe, whose mode is MODE. */
void doctor_fence(struct doctor *d, const json_t *probe, enum fence_mode mode);
void doctor_agents(struct doctor *d, const struct programs *p);
/* Asks the model server, or looks for one: blocks for some seconds at most. */
void doctor_models(struct doctor *d, const struct upstream_config *upstream);
/* DATA NULL: it cannot be used, as ERR says. */
void doctor_store(struct doctor *d, const char *data, const struct err *err);
/* {"ready","agents","checks":[{"group","ok","text","fix"}]}. New reference. */
json_t *doctor_json(const struct doctor *d);

#endif
