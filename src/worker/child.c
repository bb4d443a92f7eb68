/* Process and pipes of one attempt, and the ladder that ends it: ask, wait, force. */
#include "worker/priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- grace ------------------------------------------------------------------------------ */

static void on_grace_over(uv_timer_t *timer)
{
	struct attempt *at = timer->data;

	if (at->child)
		sandbox_kill(at->child, false);
}

void child_timer(struct attempt *at, uv_timer_cb fn, uint64_t ms)
{
	if (!at->killer_open) {
		uv_timer_init(at->worker->loop, &at->killer);
		at->killer.data = at;
		at->killer_open = true;
		at->handles++;
	}
	if (!uv_is_active((uv_handle_t *)&at->killer))
		uv_timer_start(&at->killer, fn, ms, 0);
}

/* It may go by itself for a moment. A second reason does not make the moment longer. */
static void let_it_go(struct attempt *at)
{
	child_timer(at, on_grace_over, KILL_GRACE_MS);
}

/* --- reading ---------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char shared[KIB(64)]; /* one loop, one read at a time */

	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(shared, sizeof(shared));
}

static void both_gone(struct attempt *at)
{
	if (!at->child_gone || at->out.open || at->err.open || at->phase != PHASE_RUNNING)
		return;
	at->phase = PHASE_CHECKING;
	attest_end(at, at->claim->kind == KIND_AGENT ? agent_ended : command_ended);
}

static void pipe_close(struct pipe_end *p)
{
	if (!p->open)
		return;
	p->open = false;
	uv_close((uv_handle_t *)&p->pipe, attempt_closed_handle);
}

static void take_lines(struct attempt *at, struct str bytes)
{
	size_t room = at->out_bytes < AGENT_OUTPUT_MAX ? AGENT_OUTPUT_MAX - at->out_bytes : 0;

	at->out_bytes += bytes.n;
	lines_feed(&at->lines, str_take(bytes, room));
	if (bytes.n <= room)
		return;
	spill_add(&at->spill, SPILL_OF_OUTPUT, str_skip(bytes, room));
	if (!at->output_cut)
		child_stop(at);
	at->output_cut = true;
}

/* What an agent says becomes events, and they are its signs of life; a command has no others. */
static void tell_alive(struct attempt *at)
{
	uint64_t now = uv_now(at->worker->loop);

	if (at->claim->kind == KIND_AGENT || now < at->alive_at + ALIVE_MS)
		return;
	at->alive_at = now;
	engine_alive(at->worker->config.engine, at->claim);
}

static void take_output(struct attempt *at, struct str bytes)
{
	size_t room = COMMAND_OUTPUT_MAX - at->output.n;

	buf_add(&at->output, str_take(bytes, room));
	if (bytes.n <= room)
		return;
	at->output_cut = true;
	spill_add(&at->spill, SPILL_OF_COMMAND, str_skip(bytes, room));
}

/* The tail is what tells why. */
static void take_errors(struct attempt *at, struct str bytes)
{
	bool was_cut = spill_has(&at->spill, SPILL_ERRORS);

	if (was_cut || at->errors.n + bytes.n > AGENT_STDERR_MAX) {
		if (!was_cut)
			spill_add(&at->spill, SPILL_OF_ERRORS, buf_str(&at->errors));
		spill_add(&at->spill, SPILL_OF_ERRORS, bytes);
	}
	if (bytes.n > AGENT_STDERR_MAX)
		bytes = str_skip(bytes, bytes.n - AGENT_STDERR_MAX);
	if (at->errors.n + bytes.n > AGENT_STDERR_MAX)
		buf_drop(&at->errors, at->errors.n + bytes.n - AGENT_STDERR_MAX);
	buf_add(&at->errors, bytes);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct pipe_end *p = stream->data;
	struct attempt *at = p->attempt;

	if (n < 0) {
		pipe_close(p);
		if (p == &at->out && at->child && at->claim->kind == KIND_AGENT)
			let_it_go(at); /* without stdout it has nothing more to say */
		both_gone(at);
		return;
	}
	tell_alive(at);
	if (p == &at->out && at->claim->kind == KIND_AGENT) {
		take_lines(at, (struct str){ buf->base, (size_t)n });
	} else if (p == &at->out) {
		take_output(at, (struct str){ buf->base, (size_t)n });
	} else {
		take_errors(at, (struct str){ buf->base, (size_t)n });
	}
}

static int pipe_open(struct attempt *at, struct pipe_end *p, int *ret_child_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	uv_pipe_init(at->worker->loop, &p->pipe, 0);
	p->pipe.data = p;
	p->attempt = at;
	p->open = true;
	at->handles++;
	int rc = uv_pipe_open(&p->pipe, ends[0]);

	if (rc == 0)
		rc = uv_read_start((uv_stream_t *)&p->pipe, on_alloc, on_read);
	if (rc) {
		close(ends[0]);
		close(ends[1]);
		return rc;
	}
	*ret_child_end = ends[1];
	return 0;
}

/* Sealed, so that what the program reads is what was committed. */
static int stdin_of(struct str text)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < text.n;) {
		ssize_t put = pwrite(fd, text.p + at, text.n - at, (off_t)at);

		if (put <= 0) {
			close(fd);
			return put < 0 ? -errno : -EIO;
		}
		at += (size_t)put;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

/* --- the fence -------------------------------------------------------------------------- */

/* It never executed. */
static void give_up(struct attempt *at)
{
	child_close(at);
	if (at->tampered && !at->stopping)
		attempt_conclude(at, ENDING_DENIED, str_from(at->tampered));
	else
		attempt_conclude(at, attempt_stop_ending(at), STR("stopped before it ran"));
}

/* A start that was put down is followed by an end. */
static void never_ran(struct attempt *at)
{
	if (at->recorded)
		attest_end(at, give_up);
	else
		give_up(at);
}

static void on_started(void *ctx, int rc)
{
	struct attempt *at = ctx;

	at->starting = false;
	at->recorded = rc == 0;
	if (!at->child) { /* it was killed meanwhile */
		never_ran(at);
		return;
	}
	if (rc || at->stopping) { /* not ours any more: never executed */
		sandbox_kill(at->child, false);
		return;
	}
	at->phase = PHASE_RUNNING;
	quota_begin(at);
	sandbox_go(at->child);
}

static void on_refused(struct attempt *at, const struct err *err)
{
	enum ending ending = err->code == -ECHILD ? ENDING_CRASHED : ENDING_DENIED;
	const char *why =
	    arena_printf(at->arena, "%s%s%s", err->what, err->why[0] ? ": " : "", err->why);

	at->child_gone = true;
	at->child = NULL;
	child_close(at);
	if (fence_may_pass(err->code) && !at->stopping)
		attempt_refuse(at, err);
	else
		attempt_conclude(
		    at, at->stopping ? attempt_stop_ending(at) : ending, str_from(why));
}

/* The walls stand, and what is behind them was looked at: both are put down before it executes. */
static void start_fenced(struct attempt *at)
{
	if (!at->fenced || at->looks || !at->child || at->phase != PHASE_FENCED)
		return;
	if (at->tampered) {
		sandbox_kill(at->child, false);
		return;
	}
	at->starting = true;
	engine_started(at->worker->config.engine, at->claim,
	    at->program ? str_from(at->program->ops->name) : STR("command"), at->model,
	    attest_started(at), on_started, at);
}

static void on_ready(struct attempt *at, const struct fence_report *report)
{
	at->proof = json_deep_copy(report->proof);
	at->fenced = true;
	at->worker->wait = 0;
	if (at->claim->kind == KIND_AGENT)
		agent_ready(at, report->listener);
	start_fenced(at);
}

static void on_exited(struct attempt *at, const struct fence_report *report)
{
	at->status = report->status;
	at->out_of_memory = report->out_of_memory;
	at->group = report->group;
	at->child_gone = true;
	at->child = NULL;
	quota_end(at);
	talk_close(at);
	if (at->phase != PHASE_FENCED)
		both_gone(at);
	else if (!at->starting) /* else what is under way goes on from there */
		never_ran(at);
}

static void on_fence(void *ctx, const struct fence_report *report)
{
	struct attempt *at = ctx;

	switch (report->event) {
	case FENCE_READY:
		on_ready(at, report);
		break;
	case FENCE_REFUSED:
		on_refused(at, report->err);
		break;
	case FENCE_EXITED:
		on_exited(at, report);
		break;
	}
}

/* A flow may ask for more than this machine has; nothing asks for less. */
static int check_fence(struct attempt *at, struct err *err)
{
	enum fence_mode mode = sandbox_mode(at->worker->config.sandbox);

	if (at->claim->fence != FLOW_FENCE_A || mode == FENCE_A)
		return 0;
	err_set(err, -EPERM, "the flow asks for fence mode A");
	err_why(err, "this machine holds mode %s", fence_mode_name(mode));
	err_fix(err, "tutti doctor says what is missing");
	return err_more(err, "read-only");
}

int child_place(struct attempt *at, enum fence_purpose purpose, struct err *err)
{
	int rc = check_fence(at, err);

	if (rc)
		return rc;
	sandbox_leave(&at->place);
	return sandbox_place(at->worker->config.sandbox, at->arena, purpose, &at->place, err);
}

/* Descriptor 0 of the child, or -1 for none. */
static int input_of(struct attempt *at, struct str text, bool open, int *ret)
{
	int rc = 0;

	*ret = -1;
	if (open)
		rc = talk_open(at, ret);
	else if (text.n)
		rc = *ret = stdin_of(text);
	if (rc < 0)
		return rc;
	if (open)
		talk_say(at, text);
	return 0;
}

int child_spawn(struct attempt *at, const struct fence_spec *from, struct str stdin_text,
    bool stdin_open, struct err *err)
{
	struct fence_spec spec = *from;
	int in, out = -1, errors = -1;
	int rc = input_of(at, stdin_text, stdin_open, &in);

	at->phase = PHASE_FENCED;
	at->child_gone = at->fenced = at->recorded = false;
	at->group = FENCE_GROUP_NONE;
	if (!rc)
		rc = pipe_open(at, &at->out, &out);
	if (!rc)
		rc = pipe_open(at, &at->err, &errors);
	if (rc)
		err_set(err, rc, "cannot make pipes: %s", err_name(rc));
	spec.place = &at->place;
	spec.in = in;
	spec.out = out;
	spec.err = errors;
	if (!rc)
		rc =
		    sandbox_spawn(at->worker->config.sandbox, &spec, on_fence, at, &at->child, err);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (errors >= 0)
		close(errors);
	if (rc) {
		at->child_gone = true;
		child_close(at);
	} else {
		attest_begin(at, &spec, start_fenced);
	}
	return rc;
}

/* --- the ladder ------------------------------------------------------------------------- */

void child_stop(struct attempt *at)
{
	if (!at->child)
		return;
	if (at->phase != PHASE_RUNNING) {
		sandbox_kill(at->child, false);
		return;
	}
	sandbox_kill(at->child, true);
	let_it_go(at);
}

void child_close(struct attempt *at)
{
	talk_close(at);
	pipe_close(&at->out);
	pipe_close(&at->err);
	if (at->killer_open) {
		at->killer_open = false;
		uv_close((uv_handle_t *)&at->killer, attempt_closed_handle);
	}
}
