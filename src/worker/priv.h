/* What the files of worker share. */
#ifndef WORKER_PRIV_H
#define WORKER_PRIV_H

#include "base/imap.h"
#include "base/limits.h"
#include "evidence/coverage.h"
#include "worker/lines.h"
#include "worker/look.h"
#include "worker/recorder.h"
#include "worker/spill.h"
#include "worker/worker.h"

#include <uv.h>

#define WORKER_PARALLEL 4
#define KILL_GRACE_MS 2000 /* between asking and forcing */
#define RENEW_MS 20000
#define ALIVE_MS 200  /* from one word of a command that counts as a sign of life to the next */
#define QUOTA_MS 1000 /* from a look at scratch in place to the next one */
#define SHORT_MS \
	1000 /* before an attempt that lacked something is given back; doubled each time, */
#define SHORT_MAX_MS 30000
#define ROUNDS_MAX 2 /* one re-ask when the asked form was not kept */

struct run_budget {
	struct budget budget;
	int64_t run;
	unsigned refs;
};

struct worker {
	struct worker_config config;
	uv_loop_t *loop;
	struct recorder *recorder;
	struct lookout *lookout;
	struct spills *spills;
	struct list offers;   /* struct offer */
	struct list attempts; /* struct attempt */
	size_t n_attempts, n_claiming;
	struct imap budgets; /* run -> struct run_budget */
	uv_timer_t renew;
	uv_poll_t fence;
	unsigned closed;   /* of these two */
	uint64_t wait;	   /* in ms: of attempts that lacked something; 0: none does */
	msec_t wait_until; /* as long as the last of them */
	bool draining;
};

enum attempt_phase {
	PHASE_PREPARING, /* nothing runs yet */
	PHASE_FENCED,	 /* the fence stands, or is being built */
	PHASE_RUNNING,	 /* the program executes */
	PHASE_CHECKING,	 /* it has ended; its answer is being checked */
	PHASE_REPORTING, /* the engine has been told */
};

struct pipe_end {
	uv_pipe_t pipe;
	struct attempt *attempt;
	bool open;
};

struct attempt {
	struct list list;
	struct worker *worker;
	struct claim *claim;
	struct arena *arena; /* of this round */
	enum attempt_phase phase;
	unsigned round;
	struct voice voice;
	bool voiced;

	/* the child */
	struct fence_child *child;
	struct fence_place place;
	struct pipe_end talk, out, err; /* talk: stdin that stays open */
	unsigned handles;		/* libuv handles that are not closed yet */
	uv_timer_t killer, pause;
	bool killer_open, child_gone, stopping;
	const char *lacks; /* what it waits for before it is given back, or NULL */
	int status;
	bool out_of_memory;
	enum fence_group group; /* what is left in its cgroup */
	struct quota *quota;	/* who looks at its scratch, in place */
	const char *overfull;	/* why it was killed for it */
	struct lines lines;
	struct buf errors; /* tail of stderr */
	struct buf output; /* of a command */
	bool output_cut;
	uint64_t alive_at;  /* when the engine was told that a command said something */
	struct spill spill; /* what is cut off in this round */
	bool deaf;	    /* it did not read what it was told */
	size_t out_bytes;

	/* an agent */
	const struct program *program;
	struct agent_session *session;
	struct port *port;
	struct run_budget *budget;
	struct agent_task task;
	struct str model;
	const char *upstream;
	char *violation;
	json_t *notices, *proof;
	long long in, out_tokens, cached;
	unsigned requests, turns, tool_calls, denied;
	struct snapshot *snapshot;
	struct freeze *freeze;
	struct coverage *coverage; /* what it was shown in this round; or NULL */

	/* what it proves: attest.c */
	json_t *start, *end; /* its records, as far as they are known */
	unsigned looks;	     /* answers that have not come */
	void (*looked)(struct attempt *at), (*ended)(struct attempt *at);
	bool fenced;		 /* the walls stand */
	bool starting, recorded; /* the first record is on its way to the log; is in it */
	const char *tampered;	 /* why nothing of it counts */

	struct attempt_result result;
};

/* attempt.c */
void attempt_start(struct worker *w, struct claim *claim);
void attempt_stop(struct attempt *at);
/* Ends the attempt without a (further) process. REASON is copied. */
void attempt_conclude(struct attempt *at, enum ending ending, struct str reason);
/* For want of something, or of room for a snapshot: it may be there later. */
bool attempt_may_pass(int code);
/*
 * Nothing was started; ERR says why, and what to do about it. Where it is for want of something
 * that may be there later, the attempt is nobody's fault, and is given back after a while.
 */
void attempt_refuse(struct attempt *at, const struct err *err);
void attempt_report(struct attempt *at);
/* Straight into the log, past the recorder, which may drop what it has no room for. */
void attempt_append(struct attempt *at, const struct fact_row *rows, size_t n);
/* A round begins with nothing cut off; at its end the log hears of what was. */
void attempt_begin_spill(struct attempt *at);
void attempt_tell_spill(struct attempt *at);
/* What a stopped attempt ends as: the run's wish, or our own leaving (then it is lost, not over).
 */
enum ending attempt_stop_ending(const struct attempt *at);
void attempt_closed_handle(uv_handle_t *handle);
/* One thing less that holds AT; it may be gone afterwards. */
void attempt_released(struct attempt *at);

/* child.c: process and pipes. With STDIN_OPEN there is more to say than STDIN_TEXT (talk.c). */
MUST_CHECK int child_spawn(struct attempt *at, const struct fence_spec *spec, struct str stdin_text,
    bool stdin_open, struct err *err);
/* Where the next child finds things; the place of the one before is given back. */
MUST_CHECK int child_place(struct attempt *at, enum fence_purpose purpose, struct err *err);
void child_stop(struct attempt *at);
/* FN after MS, unless a moment of the kind is running; each ends with the child gone. */
void child_timer(struct attempt *at, uv_timer_cb fn, uint64_t ms);
void child_close(struct attempt *at);

/* quota.c: looks at the scratch of a child in place until quota_end; kills it when it is full */
void quota_begin(struct attempt *at);
void quota_end(struct attempt *at);

/* talk.c: stdin that stays open. TEXT is copied; what cannot be written is dropped. */
MUST_CHECK int talk_open(struct attempt *at, int *ret_child_end);
void talk_say(struct attempt *at, struct str text);
void talk_line(struct attempt *at, struct str line); /* and its newline */
void talk_close(struct attempt *at);
/* The agent has said its last word: it may leave, and soon it has to. */
void talk_over(struct attempt *at);

/* attest.c: records of what holds an attempt, and of what it left behind */
/* THEN comes when everything was looked at, maybe before this returns. */
void attest_begin(
    struct attempt *at, const struct fence_spec *spec, void (*then)(struct attempt *at));
/* The first record, with the fence's proof in it; the caller's. */
json_t *attest_started(struct attempt *at);
/* The process is gone. */
void attest_end(struct attempt *at, void (*then)(struct attempt *at));
/* How the user's repository changed while AT ran, or NULL. */
const char *attest_change(const struct attempt *at);
/* The last record; the caller's. NULL when there was no first one. */
json_t *attest_ended(struct attempt *at, enum ending ending);
/* What AT proves, in one line. */
const char *attest_line(struct attempt *at);
/* The same around the making of a snapshot. */
void attest_freeze_begin(struct attempt *at, void (*then)(struct attempt *at));
void attest_freeze_end(struct attempt *at, void (*then)(struct attempt *at));

/* worker.c */
void worker_attempt_begins(struct worker *w, struct attempt *at);
void worker_attempt_ends(struct worker *w, struct attempt *at);
/* What the attempts of a run share; give it back with worker_budget_put (NULL is fine). */
struct run_budget *worker_budget(struct worker *w, const struct claim *claim);
void worker_budget_put(struct worker *w, struct run_budget *b);

/* agent.c, command.c, freeze.c: the three kinds */
void agent_start(struct attempt *at);
void agent_again(struct attempt *at, struct str errors, const char *why);
void agent_ready(struct attempt *at, int listener);
void agent_ended(struct attempt *at);
void command_start(struct attempt *at);
void command_ended(struct attempt *at);
void freeze_start(struct attempt *at);

/* seen.c: what was observed of what an attempt read, as the member `reads` of its evidence */
void seen_begin(struct attempt *at);
void seen_fact(struct attempt *at, const struct fact *fact);
/* OUTPUT of the command that has ended well. */
void seen_command(struct attempt *at, struct str output);
/* Adds it to EVIDENCE (taken; may be NULL): the caller's. */
json_t *seen_add(struct attempt *at, json_t *evidence);

/* check.c: on the thread pool */
void check_answer(struct attempt *at);

#endif
