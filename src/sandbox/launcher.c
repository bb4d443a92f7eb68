/* The launcher's loop: what the daemon asks, what children say, who died, and what they hold. */
#include "sandbox/launcher.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* --- memory ------------------------------------------------------------------------------ */

/* For poll: nothing is looked at when nobody is there. */
static int until_look(const struct launcher *l)
{
	msec_t left = l->look - clock_boot();

	return !l->n_kids ? -1 : left > 0 ? (int)left : 0;
}

static void look_at_memory(struct launcher *l)
{
	uint64_t bytes;

	if (until_look(l) != 0)
		return;
	list_each (&l->kids, it) {
		struct kid *k = list_item(it, struct kid, list);

		if (!k->ready || k->killed)
			continue;
		fence_weigh(k->init, &bytes);
		if (bytes > FENCE_CEILING) {
			k->too_large = true;
			kid_kill(k);
		}
	}
	l->look = clock_boot() + FENCE_LOOK_MS;
}

/* --- the loop ---------------------------------------------------------------------------- */

static size_t fill(struct launcher *l, struct pollfd *fds, struct kid **kids)
{
	size_t n = 2;

	fds[0] = (struct pollfd){ l->sock, l->settled ? POLLIN : 0, 0 };
	fds[1] = (struct pollfd){ l->signals, POLLIN, 0 };
	list_each (&l->kids, it) {
		struct kid *k = list_item(it, struct kid, list);

		if (k->sock < 0)
			continue;
		kids[n] = k;
		fds[n++] = (struct pollfd){ k->sock, POLLIN, 0 };
	}
	return n;
}

static void turn(struct launcher *l)
{
	struct pollfd fds[FENCE_CHILDREN_MAX + 4];
	struct kid *kids[FENCE_CHILDREN_MAX + 4];
	size_t n = fill(l, fds, kids);

	if (poll(fds, n, until_look(l)) < 0)
		return;
	look_at_memory(l);
	for (size_t i = 2; i < n; i++)
		if (fds[i].revents)
			kid_hear(l, kids[i]);
	if (fds[1].revents)
		launcher_reap(l);
	if (fds[0].revents)
		launcher_request(l);
}

static int watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void fence_launcher(int sock, pid_t daemon)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1,
		SIGUSR2 };
	struct launcher l = { .sock = sock, .daemon = daemon };

	prctl(PR_SET_NAME, "tutti-launcher");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* for what a killed warden leaves */
	if (getppid() != daemon)
		fence_quit(1);
	/* the terminal's signals are the daemon's business */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	list_init(&l.kids);
	fence_host_init(&l.host);
	cgroups_begin(&l.cgroups, daemon);
	l.signals = watch_children();
	if (l.signals < 0)
		fence_quit(1);
	l.host.mode = FENCE_A;
	trial_begin(&l);
	for (;;)
		turn(&l);
}
