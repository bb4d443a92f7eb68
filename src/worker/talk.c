/*
 * Stdin of an agent that is talked to. What it does not read waits here up to a ceiling; above it
 * the agent is stopped. A reader that is gone is its business: its end comes as any other.
 */
#include "worker/priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define WAITING_MAX MIB(8) /* a prompt with every byte escaped, and answers */
#define LEAVE_MS 1000	   /* between the last word and asking it to go */

struct words {
	uv_write_t write;
	struct attempt *attempt;
	char bytes[];
};

int talk_open(struct attempt *at, int *ret_child_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	uv_pipe_init(at->worker->loop, &at->talk.pipe, 0);
	at->talk.pipe.data = &at->talk;
	at->talk.attempt = at;
	at->talk.open = true;
	at->handles++;
	int rc = uv_pipe_open(&at->talk.pipe, ends[1]);

	if (rc) {
		close(ends[0]);
		close(ends[1]);
		return rc;
	}
	*ret_child_end = ends[0];
	return 0;
}

static void on_written(uv_write_t *write, int status)
{
	struct words *w = (struct words *)write;

	if (status < 0)
		talk_close(w->attempt);
	free(w);
}

void talk_say(struct attempt *at, struct str text)
{
	struct words *w;
	uv_buf_t buf;

	if (!at->talk.open)
		return;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&at->talk.pipe) + text.n > WAITING_MAX) {
		at->deaf = true;
		talk_close(at);
		child_stop(at);
		return;
	}
	w = xalloc(sizeof(*w) + text.n);
	w->attempt = at;
	memcpy(w->bytes, text.p, text.n);
	buf = uv_buf_init(w->bytes, (unsigned)text.n);
	if (uv_write(&w->write, (uv_stream_t *)&at->talk.pipe, &buf, 1, on_written) < 0) {
		free(w);
		talk_close(at);
	}
}

void talk_line(struct attempt *at, struct str line)
{
	struct buf b;

	buf_init(&b, WAITING_MAX);
	buf_add(&b, line);
	buf_addc(&b, '\n');
	talk_say(at, buf_str(&b));
	buf_fini(&b);
}

void talk_close(struct attempt *at)
{
	if (!at->talk.open)
		return;
	at->talk.open = false;
	uv_close((uv_handle_t *)&at->talk.pipe, attempt_closed_handle);
}

static void on_stayed(uv_timer_t *timer)
{
	child_stop(timer->data);
}

void talk_over(struct attempt *at)
{
	talk_close(at);
	if (at->child)
		child_timer(at, on_stayed, LEAVE_MS);
}
