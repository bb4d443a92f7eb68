/*
 * The words that storage, wire, command line and page share. Each list is declared once, here;
 * the printable name stands in a table beside the enum (words.c) and never changes, because
 * databases and scripts hold it.
 */
#ifndef FLOW_WORDS_H
#define FLOW_WORDS_H

#include "base/str.h"

/* What a step is. There is no `queued`. A timeout is STEP_FAILED with ENDING_TIMED_OUT. */
enum step_status {
	STEP_PENDING,
	STEP_RUNNING,
	STEP_COMPLETED,
	STEP_FAILED,
	STEP_SKIPPED,
	STEP_CANCELLED,
	STEP_STATUSES
};

enum run_status { RUN_RUNNING, RUN_COMPLETED, RUN_FAILED, RUN_CANCELLED, RUN_STATUSES };

/* How an attempt ended; every attempt ends in exactly one of these ways. */
enum ending {
	ENDING_NONE, /* has not ended */
	ENDING_ANSWERED,
	ENDING_EMPTY,		/* exit 0 or not: no text in the answer */
	ENDING_ASKED,		/* asked a question back instead of answering */
	ENDING_REFUSED,		/* the model declined */
	ENDING_DENIED,		/* the fence, a probe or the credential stood in the way */
	ENDING_RATE_LIMITED,	/* 429 beyond our patience */
	ENDING_QUOTA,		/* out of credit, or the run's own budget */
	ENDING_TRUNCATED,	/* cut by a token, turn or output limit */
	ENDING_CONTRACT_BROKEN, /* the asked form was not kept, also after one re-ask */
	ENDING_TIMED_OUT,	/* wall clock */
	ENDING_STALLED,		/* no event for too long */
	ENDING_CRASHED,		/* died by a signal or exit status, or without its last word */
	ENDING_ENDPOINT_DOWN,	/* the model server cannot be reached or talks nonsense */
	ENDING_LOST,		/* the process that ran it is gone; consumes no attempt */
	ENDING_CANCELLED,
	ENDINGS
};

enum flow_size { SIZE_SMALL, SIZE_MEDIUM, SIZE_LARGE, SIZE_AUTO, FLOW_SIZES };

enum step_kind {
	KIND_AGENT,
	KIND_CODE,
	KIND_COMMAND,
	KIND_EACH,
	KIND_SWITCH,
	KIND_LOOP,
	KIND_APPROVAL,
	KIND_FLOW,
	KIND_SNAPSHOT, /* freezing the repository; the engine puts it first, no file may ask for it
			*/
	STEP_KINDS
};

/* What part a step plays in the report. Set by the spine, or by `role:` of a plain step. */
enum step_role {
	ROLE_NONE,
	ROLE_ANGLE,	  /* its full text is a section; its items are findings */
	ROLE_FOLD,	  /* joins the angles */
	ROLE_ASSESS,	  /* second wave, sees the fold; its items are findings */
	ROLE_SYNTHESIZER, /* writes the recommendation */
	ROLE_VALIDATOR,	  /* gives a verdict per item */
	ROLE_RECONCILE,	  /* applies the verdicts */
	ROLE_REWRITE,	  /* the recommendation again, after it was hit */
	STEP_ROLES
};

enum flow_category {
	CATEGORY_ANALYSIS,
	CATEGORY_DISCOVERY,
	CATEGORY_PLANNING,
	CATEGORY_AUTHORING,
	CATEGORY_REVIEW,
	FLOW_CATEGORIES
};

/* The least fence that a flow's agents and commands accept; a flow can only ask for more. */
enum flow_fence { FLOW_FENCE_ANY, FLOW_FENCE_A, FLOW_FENCES };

/* The tools of our own agent, all there are to ask for; NULL-terminated. */
extern const char *const read_only_tools[];
bool is_read_only_tool(struct str name);

const char *step_status_name(enum step_status value);
const char *run_status_name(enum run_status value);
const char *ending_name(enum ending value);
const char *flow_size_name(enum flow_size value);
const char *step_kind_name(enum step_kind value);
const char *step_role_name(enum step_role value);
const char *flow_category_name(enum flow_category value);
const char *flow_fence_name(enum flow_fence value);

/* The value called NAME, or -1. */
int step_status_parse(struct str name);
int run_status_parse(struct str name);
int ending_parse(struct str name);
int flow_size_parse(struct str name);
int step_kind_parse(struct str name);
int step_role_parse(struct str name);
int flow_category_parse(struct str name);
int flow_fence_parse(struct str name);

static inline bool step_is_settled(enum step_status s)
{
	return s != STEP_PENDING && s != STEP_RUNNING;
}

/* One bit of a set of endings, as in `retry_on`. */
#define ENDING_BIT(e) (1u << (e))

#endif
