/*
 * The decider once more, naively: steps by name, no counters, no queues, no marks that could go
 * stale. What may begin, what is over and what comes next is found by looking at all of it again.
 * It is stepped beside the real one and has to agree with it after each event.
 *
 * Two things are taken over instead of found: which outputs agents gave, and in which order steps
 * of one event were looked at when one of them failed the run (the others may have been skipped or
 * cancelled by then, and either is right).
 */
#ifndef TESTS_SIM_MODEL_H
#define TESTS_SIM_MODEL_H

#include "core/core.h"
#include "mem.h"

struct live;
struct model;

struct model_node {
	struct str name; /* kept by the world */
	const struct flow_step *def;
	enum step_kind kind;
	int parent; /* index here, -1: none */
	unsigned ordinal;
	enum step_status status;
	enum ending ending;
	unsigned attempt, epoch;
	bool upstream, offered, asleep, killing, timed, dead;
	msec_t ready_at, started_at, active_at;
	struct str output; /* kept by the world; of a list: what it is over */
	int chosen;	   /* switch: -1 none */
	unsigned round;	   /* loop: of now */
	uint32_t seat;	   /* index in the core */
};

struct model {
	const struct flow *flow;
	enum flow_size size;
	enum run_status status;
	int end_as; /* enum run_status, -1: it goes on */
	struct str seed;
	bool planned, restored, measured, big;
	msec_t now;
	struct model_node *nodes;
	int n, cap;
	char wrong[300]; /* where it disagrees; empty: nowhere */
};

struct model *model_create(const struct core *c, struct str seed);
void model_free(struct model *m);
/* TO becomes like FROM. */
void model_copy(struct model *to, const struct model *from);
/*
 * EV, about the step called NAME, has been through core C of LV with result RC and update UP: so
 * does it here, and both are compared. What does not agree stands in m->wrong.
 */
void model_step(struct model *m, const struct core *c, struct live *lv, const struct core_event *ev,
    struct str name, int rc, const struct core_update *up);
/* C was put back from what is stored. */
void model_restored(struct model *m, const struct core *c);
/* Is ROW what the model says? */
bool model_agrees(const struct model *m, const struct step_row *row);
/* Is OUTPUT what step NAME gave? */
bool model_gave(const struct model *m, struct str name, struct str output);
void model_forget_texts(void);

/* --- what the files of the model share ------------------------------------------------------ */

struct str model_keep(struct str s);
int model_find(const struct model *m, struct str name);
int model_add(struct model *m, struct str name, const struct flow_step *def, enum step_kind kind,
    int parent, unsigned ordinal);
void model_plan(struct model *m);
/* Fills NEEDS with what node I waits for; returns how many. */
int model_needs(const struct model *m, int i, int *needs);
/* What FROM sees as step ID, or -1. */
int model_sees(const struct model *m, int from, struct str id);
/* 0 or 1, or -1: the expression fails. */
int model_test(const struct model *m, int from, struct str text);
/* The items of a list, or -1. */
int model_list(const struct model *m, int from, struct str text, struct str *items, int max);
/* What a code step gives; false: it fails. */
bool model_code(const struct model *m, int from, struct str text, struct str *ret);

#define MODEL_NEEDS_MAX 64

static inline struct model_node *model_at(const struct model *m, int i)
{
	return &m->nodes[i];
}

/* model_again.c */
int model_resume(struct model *m);
int model_retry(struct model *m, int step);
/* model_follow.c */
bool model_is_group(enum step_kind k);
bool model_is_timed(enum step_kind k);
/* First W items that are not settled: those that may be under way. */
bool model_admitted(const struct model *m, int i);
bool model_may_look(const struct model *m, int i);
void model_begin(struct model *m, int i);
void model_settle(struct model *m, int i, enum step_status status);
void model_doom(struct model *m, enum run_status end_as);
/* Everything that may begin now does. */
void model_follow(struct model *m);
/* The run is over, if it is. */
void model_finish(struct model *m);

#endif
