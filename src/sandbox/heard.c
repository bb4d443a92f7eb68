/* What a child says; one that is ready is looked at from outside before the daemon hears of it. */
#include "sandbox/launcher.h"

#include "base/json.h"

#include <stdlib.h>
#include <sys/socket.h>

/* The walls stand; what the kernel says about them is read here, from outside. */
static void on_ready(struct launcher *l, struct kid *k, const struct fence_note *note, pid_t main,
    int *fds, size_t n)
{
	json_t *group = cgroup_attest(&l->cgroups, &k->group, main);
	const struct fence_seen seen = { k->init, main, &k->plan, note, group };
	const struct fence_reply r = { .event = FENCE_READY, .id = k->id };
	/* the listener of a child in place was the daemon's from the beginning */
	size_t want = k->plan.spec.port && k->plan.mode != FENCE_C ? 2 : 1;
	struct fence_fault f = { .stage = STAGE_NONE };
	json_t *proof = NULL;

	if (n != want || k->ready)
		fence_fail(&f, STAGE_PROOF, -EPROTO, "descriptors");
	else if (fence_proof(&seen, &proof, &f) == 0) {
		char *text = json_dump(proof);

		k->ready = true;
		k->main_fd = fds[0];
		fds[0] = -1;
		l->host.programs[l->host.next_program++ % FENCE_PROGRAMS] = note->program;
		if (k->trial)
			kid_kill(k);
		else
			launcher_reply(l, &r, str_from(text), want == 2 ? fds[1] : -1);
		free(text);
		json_decref(proof);
	}
	json_decref(group);
	if (!k->ready || f.stage)
		kid_refuse(k, &f);
}

static void on_note(struct launcher *l, struct kid *k, const struct fence_note *note, pid_t from,
    int *fds, size_t n_fds)
{
	if (note->type == NOTE_ARMED) {
		kid_tell(k, SAY_BUILD);
	} else if (note->type == NOTE_FAILED) {
		if (!k->killed) /* that it was told to go is no reason of its own */
			k->fault = note->fault;
	} else if (note->type == NOTE_READY) {
		on_ready(l, k, note, from, fds, n_fds);
	} else if (note->type == NOTE_ENDED) {
		k->ended = true;
		k->status = note->status;
	}
}

bool kid_hear(struct launcher *l, struct kid *k)
{
	struct fence_note note;
	struct iovec iov = { &note, sizeof(note) };
	int fds[FENCE_FDS_MAX];
	size_t n_fds;
	pid_t from = -1;
	ssize_t n = fence_receive(k->sock, &iov, 1, MSG_DONTWAIT, fds, &n_fds, &from);

	if (n == (ssize_t)sizeof(note))
		on_note(l, k, &note, from, fds, n_fds);
	for (size_t i = 0; i < n_fds; i++)
		kid_close(&fds[i]);
	if (n == 0)
		kid_close(&k->sock);
	return n > 0;
}
