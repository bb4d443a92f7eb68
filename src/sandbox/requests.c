/* What the daemon asks of the launcher, and what it is told. */
#include "sandbox/launcher.h"

#include "base/unconst.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- replies ----------------------------------------------------------------------------- */

void launcher_reply(
    const struct launcher *l, const struct fence_reply *r, struct str proof, int listener)
{
	struct iovec iov[2] = { { unconst(r), sizeof(*r) }, { unconst(proof.p), proof.n } };

	if (fence_send(l->sock, iov, proof.n ? 2 : 1, &listener, listener >= 0) < 0)
		fence_quit(1); /* the daemon is gone */
}

void launcher_refused(const struct launcher *l, uint32_t id, const struct fence_fault *f)
{
	const struct fence_reply r = { .event = FENCE_REFUSED, .id = id, .fault = *f };

	launcher_reply(l, &r, (struct str){ NULL, 0 }, -1);
}

/* Its own group knows of its own kills; the machine's count may be of somebody else's. */
static bool killed_for_memory(const struct kid *k, int status)
{
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL || k->killed)
		return false;
	return k->oom_kills >= 0 ? k->oom_kills > 0 : fence_oom_kills() > k->oom_before;
}

void launcher_ended(const struct launcher *l, const struct kid *k, int status)
{
	const struct fence_reply r = { .event = FENCE_EXITED,
		.id = k->id,
		.status = status,
		.group = k->left,
		.out_of_memory = killed_for_memory(k, status) || k->too_large };

	launcher_reply(l, &r, (struct str){ NULL, 0 }, -1);
}

/* --- requests ---------------------------------------------------------------------------- */

static void spawn(struct launcher *l, const struct fence_request *q, int *fds, size_t n_fds)
{
	struct kid *k = kid_create(l, q->id);
	struct fence_fault f = { .stage = STAGE_NONE };

	if (kid_make(l, k, q, fds, n_fds, &f) < 0) {
		launcher_refused(l, q->id, &f);
		kid_free(l, k);
	}
}

static struct kid *find(struct launcher *l, uint32_t id)
{
	list_each (&l->kids, it) {
		struct kid *k = list_item(it, struct kid, list);

		if (k->id == id)
			return k;
	}
	return NULL;
}

/* A child that has died meanwhile is not there any more; its end was told. */
static void command(struct launcher *l, const struct fence_request *q)
{
	struct kid *k = find(l, q->id);

	if (!k)
		return;
	if (q->type == ASK_GO && k->ready) {
		kid_tell(k, SAY_GO);
	} else if (q->type == ASK_KILL) {
		kid_kill(k);
	} else if (q->type == ASK_TERM && k->main_fd >= 0) {
		syscall(SYS_pidfd_send_signal, k->main_fd, SIGTERM, NULL, 0);
	}
}

void launcher_request(struct launcher *l)
{
	struct fence_request q;
	struct iovec iov = { &q, sizeof(q) };
	int fds[FENCE_FDS_MAX];
	size_t n_fds;
	ssize_t n = fence_receive(l->sock, &iov, 1, 0, fds, &n_fds, NULL);

	if (n <= 0)
		fence_quit(0); /* the kernel kills the children: each dies with its parent */
	if (n == (ssize_t)sizeof(q)) {
		if (q.type == ASK_SPAWN)
			spawn(l, &q, fds, n_fds);
		else
			command(l, &q);
	}
	for (size_t i = 0; i < n_fds; i++)
		kid_close(&fds[i]);
}
