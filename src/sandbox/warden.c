/*
 * The warden: stage 1 where there is no PID namespace. Whatever the main process leaves behind is
 * handed to it by the kernel (it is their subreaper), and it ends when the launcher says so or
 * dies. It lives in a Landlock domain that scopes signals, the main process in one below that: so
 * kill(-1) from here reaches exactly what was started here, all of it in one pass under the
 * kernel's lock, and no fork gets away between two passes.
 */
#include "sandbox/priv.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static sigset_t watched(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	return set;
}

int fence_warden_begin(struct fence_fault *f)
{
	const sigset_t set = watched();

	/* a signal that is blocked waits, also one that the launcher ignores */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGTERM, SIG_DFL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fence_fail(f, STAGE_IDENTITY, -errno, "subreaper");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fence_fail(f, STAGE_LANDLOCK, -errno, "no_new_privs");
	return fence_landlock_scope(f);
}

/* False when there is no child left at all. */
static bool reap(pid_t main, bool *gone, int *status)
{
	for (;;) {
		int how;
		pid_t pid = waitpid(-1, &how, WNOHANG | __WALL);

		if (pid == main) {
			*gone = true;
			*status = how;
		}
		if (pid < 0 && errno == ECHILD)
			return false;
		if (pid <= 0)
			return true;
	}
}

/*
 * SCOPED was found by the main process's canary: its signals do not reach us, so ours stay within,
 * too. As long as that is not known nothing but the main process lives here.
 */
static void kill_all(pid_t main, bool gone, bool scoped)
{
	if (scoped)
		kill(-1, SIGKILL);
	else if (!gone)
		kill(main, SIGKILL);
}

int fence_warden_watch(pid_t main, const bool *scoped)
{
	const struct timespec moment = { 0, 20000000 };
	const sigset_t set = watched();
	bool gone = false, ending = false;
	int status = SIGKILL;

	while (reap(main, &gone, &status)) {
		ending |= gone;
		if (ending)
			kill_all(main, gone, *scoped);
		int sig = sigtimedwait(&set, NULL, ending ? &moment : NULL);

		ending |= sig == SIGTERM;
	}
	return status;
}
