/*
 * The fence: every child that is not ours by name and purpose alone runs behind it (confinement).
 *
 * sandbox_start forks a *launcher* early, while this process is small, single-threaded and holds
 * no secret. The launcher first finds out, with a child of its own, which mode this machine holds,
 * and makes every child in that mode:
 *
 *   A  namespaces, a root with what is listed, Landlock, seccomp
 *   B  the same without Landlock; seccomp makes up for what it can
 *   C  no namespaces: Landlock with scopes, a stricter seccomp, a warden in place of the PID
 *      namespace. Everything is seen where it stands; what may run this way has to be admitted
 *   D  anything less: no child at all
 *
 * In all of them a canary tries the forbidden right before exec. If anything of the mode cannot be
 * had, the child is refused with the reason; it is never started in a lesser one, and no option
 * asks for that.
 *
 * Life: a dead daemon kills the launcher, a dead launcher kills each namespace's init (or wakes
 * each warden), and with it every process inside. A child that ended is reported only after
 * nothing of it is left.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

#include <jansson.h>

enum fence_mode { FENCE_NONE /* D: no child at all */, FENCE_C, FENCE_B, FENCE_A, FENCE_MODES };

/* "A" to "D". */
const char *fence_mode_name(enum fence_mode mode);

enum fence_purpose {
	FENCE_AGENT,	/* snapshot at /repo, scratch, one listener */
	FENCE_COMMAND,	/* snapshot at /repo, scratch, no network */
	FENCE_SNAPSHOT, /* the live repository at /repo, one writable directory at /out */
};

struct fence_bind {
	const char *host, *inside; /* absolute; read-only */
	bool data;		   /* nothing of it may be executed */
};

/*
 * Where a child finds things: in modes A and B in a root of its own, /repo, /scratch and so on; in
 * mode C everything is where the host has it, scratch is a directory made for this child, and the
 * listener a socket on the host's loopback.
 */
struct fence_place {
	bool in_place;
	const char *scratch, *home, *tmp; /* as the child sees them */
	unsigned port;			  /* where the child of a FENCE_AGENT finds its listener */
	int listener;			  /* in place: ours to listen on, until spawn; else -1 */
};

struct fence_file {
	const char *path; /* below /scratch, e.g. "home/.qwen/settings.json"; parents are made */
	struct str text;
};

/*
 * All borrowed for the duration of sandbox_spawn. In place (mode C) what is shown at a place is
 * shown where it is: argv, env and cwd use the host's paths, `inside` equals `host`.
 */
struct fence_spec {
	enum fence_purpose purpose;
	struct fence_place *place; /* of sandbox_place; NULL: as in modes A and B */
	const char *repo; /* host directory shown read-only at /repo; NULL: an empty /repo */
	/*
	 * Names below REPO that are covered by something empty where they exist, NULL-terminated or
	 * NULL. In place nothing can be covered; the proof says so.
	 */
	const char *const *shadows;
	const char *writable; /* host directory shown writable at /out (FENCE_SNAPSHOT only) */
	const struct fence_bind *binds;
	size_t n_binds;
	const struct fence_file *files;
	size_t n_files;
	const char *const *argv; /* argv[0]: absolute path inside the fence */
	const char *const *env;	 /* the whole environment */
	const char *cwd;	 /* inside; NULL: /repo */
	unsigned port;		 /* FENCE_AGENT: the listener's port on 127.0.0.1 */
	int in, out, err;	 /* descriptors for 0, 1, 2; -1: /dev/null. Stay the caller's. */
	size_t scratch_bytes;	 /* 0: default */
	msec_t wall;		 /* bounds RLIMIT_CPU */
};

enum fence_event {
	FENCE_READY,   /* walls stand, canary passed; the child waits for sandbox_go */
	FENCE_REFUSED, /* did not start; err says what and how to fix. Last event. */
	FENCE_EXITED,  /* main process ended and the namespace is confirmed empty. Last event. */
};

/* What is left in the cgroup of a child that ended. It had none, or the kernel says: nothing. */
enum fence_group { FENCE_GROUP_NONE, FENCE_GROUP_EMPTY, FENCE_GROUP_POPULATED };

struct fence_report {
	enum fence_event event;
	int listener; /* READY of FENCE_AGENT: listening socket, now the callback's; else -1 */
	const json_t *proof; /* READY: attestation; borrowed */
	int status;	     /* EXITED: as from waitpid */
	bool out_of_memory;  /* EXITED: killed for memory, by the kernel (as far as known) or us */
	enum fence_group group; /* EXITED */
	const struct err *err;	/* REFUSED */
};

typedef void (*fence_fn)(void *ctx, const struct fence_report *report);

struct sandbox;
struct fence_child;

/*
 * Forks the launcher. Call before threads, secrets and other descriptors exist. UID 0 means: give
 * workers the unprivileged uid WORKER_UID. Never refuses itself: what the kernel lacks is found by
 * sandbox_probe and by each spawn.
 */
MUST_CHECK int sandbox_start(struct sandbox **ret, struct err *err);
/* Kills every child, waits for confirmed death, ends the launcher. Accepts NULL. */
void sandbox_stop(struct sandbox *sb);
/* The mode of every child. Blocks until it is found out, which takes some milliseconds. */
enum fence_mode sandbox_mode(struct sandbox *sb);
/*
 * In place a root daemon's workers, who are somebody else, have to pass through the directories
 * above what they see: DIR, which is ours, is given to their group, without reading or listing. In
 * other modes, and for other users, nothing is done.
 */
MUST_CHECK int sandbox_let_in(struct sandbox *sb, const char *dir, struct err *err);
/* Where a child in place gets its scratch space (default: /tmp); workers are let in. Borrowed. */
MUST_CHECK int sandbox_set_base(struct sandbox *sb, const char *dir, struct err *err);
/* A place for one child; strings in A. Give it back with sandbox_leave when the child is gone. */
MUST_CHECK int sandbox_place(struct sandbox *sb, struct arena *a, enum fence_purpose purpose,
    struct fence_place *ret, struct err *err);
void sandbox_leave(struct fence_place *place);
/* Becomes readable when something is to be reported; call sandbox_turn then. */
int sandbox_fd(const struct sandbox *sb);
/*
 * FN is told when the launcher turns out to be dead, before its children are reported, of which
 * nobody knows any more what they came to. NULL: nobody is told.
 */
void sandbox_on_loss(struct sandbox *sb, void (*fn)(void *ctx), void *ctx);
/* Delivers what happened to the callbacks. -EPIPE: the launcher is dead, all children with it. */
MUST_CHECK int sandbox_turn(struct sandbox *sb);

/*
 * Asks for a child. Exactly one REFUSED or EXITED follows, after at most one READY. An immediate
 * error means that no callback will come. REFUSED with -ECHILD: it was killed, or ended, while its
 * walls were built and before it executed anything; another one may live.
 */
MUST_CHECK int sandbox_spawn(struct sandbox *sb, const struct fence_spec *spec, fence_fn fn,
    void *ctx, struct fence_child **ret, struct err *err);
/*
 * Whether what failed with CODE, a spawn or anything else, lacked what a machine lacks for a while:
 * descriptors, processes, memory. The same may succeed later.
 */
bool fence_may_pass(int code);
/* After READY: execute. (The caller has committed the proof by now.) */
void sandbox_go(struct fence_child *child);
/* SIGTERM to the main process (soft) or SIGKILL to the whole namespace. EXITED still follows. */
void sandbox_kill(struct fence_child *child, bool soft);

/*
 * What this machine can do, as the launcher found out with a throw-away child for each mode from A
 * down: {"mode":"A","kernel":…,"landlock_abi":7,"modes":[{"mode","ok","why"}…],
 * "probes":[{"name","ok","detail"}…],"fix":[…],"cgroup":{"used","kind","controllers":[…],"why"}};
 * probes are the walls of mode A. Blocks like
 * sandbox_mode. New reference.
 */
json_t *sandbox_probe(struct sandbox *sb, enum fence_mode *ret_mode);

#endif
