/*
 * One attempt, from claim to report:
 *
 *   PREPARING ─► FENCED ─► RUNNING ─► CHECKING ─► REPORTING ─► freed
 *       │           │          ▲          │
 *       └───────────┴──────────┼──────────┴─► attempt_conclude (no process is left)
 *                              └── second round, when the asked form was not kept
 */
#include "worker/priv.h"

#include "base/json.h"
#include "base/log.h"

#include <stdlib.h>

static void ignore(void *ctx, int rc)
{
	(void)ctx;
	(void)rc; /* of a lost attempt: the log has gone on without it */
}

void attempt_append(struct attempt *at, const struct fact_row *rows, size_t n)
{
	engine_append(at->worker->config.engine, rows, n, ignore, NULL);
}

void attempt_begin_spill(struct attempt *at)
{
	const struct claim *cl = at->claim;

	spill_begin(
	    &at->spill, at->worker->spills, cl->run_id, cl->position, cl->epoch, at->round > 0);
}

void attempt_tell_spill(struct attempt *at)
{
	const struct claim *cl = at->claim;
	struct fact_row rows[SPILL_STREAMS];
	size_t n = 0;

	for (enum spill_stream k = 0; k < SPILL_STREAMS; k++) {
		json_t *told = spill_end(&at->spill, k);

		if (!told)
			continue;
		json_object_set_new(told, "step", json_text(cl->step));
		json_object_set_new(told, "epoch", json_integer(cl->epoch));
		rows[n++] = (struct fact_row){ cl->run, cl->position, cl->epoch, "spill", told };
	}
	if (n)
		attempt_append(at, rows, n);
}

void attempt_start(struct worker *w, struct claim *claim)
{
	struct attempt *at = xalloc(sizeof(*at));

	at->worker = w;
	at->claim = claim;
	at->arena = arena_create("attempt", ARENA_JOB);
	at->phase = PHASE_PREPARING;
	at->model = claim->model;
	at->child_gone = true;
	at->notices = json_array();
	buf_init(&at->errors, AGENT_STDERR_MAX);
	buf_init(&at->output, COMMAND_OUTPUT_MAX);
	list_init(&at->list);
	attempt_begin_spill(at);
	worker_attempt_begins(w, at);
	voice_init(&at->voice, w->recorder, claim);
	if (claim->refuse != ENDING_NONE)
		attempt_conclude(at, claim->refuse, claim->refuse_why);
	else if (claim->kind == KIND_SNAPSHOT)
		freeze_start(at);
	else if (claim->kind == KIND_COMMAND)
		command_start(at);
	else
		agent_start(at);
}

enum ending attempt_stop_ending(const struct attempt *at)
{
	return at->worker->draining ? ENDING_LOST : ENDING_CANCELLED;
}

/* --- what is lacking ----------------------------------------------------------------------- */

/* Back into the queue, for whoever has what it needs; it counts as none of the step's tries. */
static void give_back(struct attempt *at)
{
	const char *lacks = at->lacks;

	at->lacks = NULL;
	uv_close((uv_handle_t *)&at->pause, attempt_closed_handle);
	attempt_conclude(at, at->stopping ? attempt_stop_ending(at) : ENDING_LOST, str_from(lacks));
}

static void on_pause_over(uv_timer_t *timer)
{
	give_back(timer->data);
}

/* Longer each time, until something succeeds. Who comes while others wait, waits as long as they.
 */
static uint64_t next_wait(struct worker *w)
{
	msec_t now = clock_boot();

	if (!w->wait)
		w->wait = SHORT_MS;
	else if (now >= w->wait_until)
		w->wait = w->wait < SHORT_MAX_MS / 2 ? 2 * w->wait : SHORT_MAX_MS;
	if (now + (msec_t)w->wait > w->wait_until)
		w->wait_until = now + (msec_t)w->wait;
	return w->wait;
}

/* It keeps its slot meanwhile: where something is short, not more and more is tried. */
static void wait_a_while(struct attempt *at, const struct err *err)
{
	struct worker *w = at->worker;
	uint64_t ms = next_wait(w);

	at->lacks = arena_printf(at->arena, "%s%s%s", err->what, err->why[0] ? ": " : "", err->why);
	log_warn("run=%s step=%.*s waits for %llu s: %s", at->claim->run_id,
	    STR_ARG(at->claim->step), (unsigned long long)ms / 1000, at->lacks);
	at->handles++;
	uv_timer_init(w->loop, &at->pause);
	at->pause.data = at;
	uv_timer_start(&at->pause, on_pause_over, ms, 0);
}

/* --- stopping ------------------------------------------------------------------------------ */

void attempt_stop(struct attempt *at)
{
	at->stopping = true;
	if (at->lacks)
		give_back(at);
	else if (at->freeze)
		workspace_freeze_cancel(at->freeze);
	else
		child_stop(at);
}

static void attempt_free(struct attempt *at)
{
	struct worker *w = at->worker;

	worker_attempt_ends(w, at);
	worker_budget_put(w, at->budget);
	lines_fini(&at->lines);
	buf_fini(&at->errors);
	buf_fini(&at->output);
	json_decref(at->notices);
	json_decref(at->proof);
	json_decref(at->start);
	json_decref(at->end);
	free(at->violation);
	sandbox_leave(&at->place);
	snapshot_free(at->snapshot);
	engine_claim_free(at->claim);
	arena_destroy(at->arena);
	free(at);
}

static void free_when_done(struct attempt *at)
{
	if (at->phase == PHASE_REPORTING && !at->handles && !at->voiced)
		attempt_free(at);
}

void attempt_released(struct attempt *at)
{
	at->handles--;
	free_when_done(at);
}

void attempt_closed_handle(uv_handle_t *handle)
{
	attempt_released(
	    handle->type == UV_TIMER ? handle->data : ((struct pipe_end *)handle->data)->attempt);
}

static void on_reported(void *ctx, int rc)
{
	struct attempt *at = ctx;

	(void)rc; /* -ESTALE: history by now, and that is fine */
	at->voiced = false;
	free_when_done(at);
}

void attempt_report(struct attempt *at)
{
	at->phase = PHASE_REPORTING;
	attempt_tell_spill(at);
	at->result.record = attest_ended(at, at->result.ending);
	if (at->session) {
		session_destroy(at->session);
		at->session = NULL;
	}
	gateway_close(at->port);
	at->port = NULL;
	child_close(at);
	voice_fini(&at->voice);
	at->voiced = true; /* until the engine has answered */
	engine_report(at->worker->config.engine, at->claim, &at->result, on_reported, at);
}

void attempt_conclude(struct attempt *at, enum ending ending, struct str reason)
{
	at->result.ending = ending;
	at->result.reason = arena_dup(at->arena, reason);
	attempt_report(at);
}

bool attempt_may_pass(int code)
{
	return fence_may_pass(code) || code == -ENOSPC || code == -EDQUOT || code == -EROFS;
}

void attempt_refuse(struct attempt *at, const struct err *err)
{
	if (attempt_may_pass(err->code) && !at->stopping) {
		wait_a_while(at, err);
		return;
	}
	attempt_conclude(at, ENDING_DENIED,
	    str_from(arena_printf(at->arena, "%s%s%s%s%s", err->what, err->why[0] ? ": " : "",
		err->why, err->fix[0] ? "; fix: " : "", err->fix)));
}
