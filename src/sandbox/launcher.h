/*
 * What the files of the launcher's process share. The launcher is a small process between the
 * daemon and the children. It was forked before the daemon had threads or secrets, it executes
 * nothing itself, and its death is the death of everything it made.
 *
 *   launcher.c  the loop: what the daemon asks, what children say, who died, what they hold
 *   requests.c  what the daemon asks, and what it is told
 *   kid.c       one child: read from a request, started, told, killed, freed
 *   heard.c     what a child says; one that is ready is looked at from outside
 *   deaths.c    who died, and what that is to the one who asked for it
 *   trial.c     before all that: the mode this machine holds
 *
 *   SPAWN ─► clone ─► armed ─► build ─► ready + proof ─► GO ─► ended ─► reaped: namespace is empty
 *                └───────────┴── failed ──┴─► reaped ─► REFUSED with the child's own reason
 */
#ifndef SANDBOX_LAUNCHER_H
#define SANDBOX_LAUNCHER_H

#include "sandbox/cgroup.h"
#include "sandbox/priv.h"

#include "base/list.h"

struct launcher {
	int sock, signals;
	pid_t daemon;
	struct list kids; /* struct kid */
	size_t n_kids;
	bool settled; /* the mode is known */
	msec_t look;  /* when the memory of children is looked at next */
	char trial_dir[32];
	unsigned trials; /* of this mode, that failed for want of something */
	struct fence_host host;
	struct cgroups cgroups;
};

/* --- one child (kid.c) ------------------------------------------------------------------- */

struct kid {
	struct list list;
	struct arena *arena;
	struct fence_plan plan;
	uint32_t id;
	pid_t init;
	int sock, main_fd;
	bool trial; /* of the ladder; nobody asked for it */
	bool ready, ended, killed, too_large;
	int status;
	struct fence_fault fault;
	unsigned long long oom_before;
	struct cgroup group;   /* none: fd is -1 */
	enum fence_group left; /* in it, at the end */
	long long oom_kills;   /* in it; -1: nobody knows */
};

/* One of L's, for the mode that is set. It is nothing yet; kid_free takes it away again. */
struct kid *kid_create(struct launcher *l, uint32_t id);
/* Closes what K has and forgets it; its processes are gone, or never were. */
void kid_free(struct launcher *l, struct kid *k);
/* K becomes what Q asks for and is started. Of FDS, what K keeps is -1 afterwards. */
MUST_CHECK int kid_make(struct launcher *l, struct kid *k, const struct fence_request *q, int *fds,
    size_t n_fds, struct fence_fault *f);
/* Clones K for the spec that its plan holds, and opens before what only root can. */
MUST_CHECK int kid_start(struct launcher *l, struct kid *k, struct fence_fault *f);
/* Says WHAT (SAY_…) to it: 0 or negative errno. */
int kid_tell(struct kid *k, char what);
/* Asks for its end; it is reaped later. */
void kid_kill(struct kid *k);
/*
 * The same because its walls are not as they must be, as F says. Whose death was under way before
 * is not doubted for what it lacks; that it died is why it is refused then.
 */
void kid_refuse(struct kid *k, const struct fence_fault *f);
/* Closes *FD if it is open. */
void kid_close(int *fd);

/* --- what comes from children (heard.c, deaths.c) ----------------------------------------- */

/* One packet of K's, if there is one. False when there is nothing more to read. */
bool kid_hear(struct launcher *l, struct kid *k);
/* Takes in who died, when the signals say that somebody did. */
void launcher_reap(struct launcher *l);

/* --- the trial (trial.c) ------------------------------------------------------------------ */

/* Tries the mode that is set, and those below it as long as nothing can be started at all. */
void trial_begin(struct launcher *l);
/* The child of the trial is gone. It failed at F, or its stage is none and the mode stands. */
void trial_over(struct launcher *l, const struct fence_fault *f);

/* --- the daemon (requests.c) -------------------------------------------------------------- */

/* Takes in one request. Ends this process when the daemon is gone; so does every reply. */
void launcher_request(struct launcher *l);
/* R, with PROOF behind it unless that is empty, and with LISTENER unless that is -1. */
void launcher_reply(
    const struct launcher *l, const struct fence_reply *r, struct str proof, int listener);
/* Child ID is not to be: F. */
void launcher_refused(const struct launcher *l, uint32_t id, const struct fence_fault *f);
/* K, which was ready, has ended with STATUS: its main process', or its init's. */
void launcher_ended(const struct launcher *l, const struct kid *k, int status);

#endif
