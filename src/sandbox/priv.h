/*
 * What the files of the fence share. Nobody else includes this.
 *
 *   sandbox.c   the daemon's side: requests out, reports in
 *   place.c     the same: where a child without a root of its own finds things
 *   launcher.c  the process between: one loop over requests, children and their deaths (launcher.h)
 *   ladder.c    which mode this machine can hold, found out once, at its start
 *   child.c     stage 1: builds the walls, then only waits
 *   cgroup*.c   a group of the kernel for each child, where they are ours to make (cgroup.h)
 *   watch.c     what a child holds in memory, for the launcher, which ends it above a ceiling
 *   warden.c    the same where there are no namespaces: ends what the main process leaves behind
 *   enter.c     stage 2, the main process: Landlock, seccomp, canary, exec
 *
 * The walls themselves are one file each: mounts.c, landlock.c, filter.c (seccomp), canary.c; what
 * they enforce is data in policy.c. proof.c reads back from outside what was built.
 */
#ifndef SANDBOX_PRIV_H
#define SANDBOX_PRIV_H

#include "sandbox/sandbox.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/sha256.h"

#include <assert.h>
#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

/*
 * A test compiles these sources again with these macros defined and leaves one rule out, to show
 * that the canary or the proof then refuses. In the product they are the constant false: nothing
 * can be left out.
 */
#ifndef FENCE_HOLE
#define FENCE_HOLE(rule) false
#define FENCE_HOLE_ROW(row) false /* of the seccomp filter */
#define FENCE_HOLE_BITS(kind) 0	  /* of a set: Landlock's rights, namespaces, limits */
#endif

/* What all processes of a child may hold together. A test takes less; more cannot be had. */
#ifdef FENCE_CEILING
static_assert(FENCE_CEILING <= FENCE_MEMORY, "a child has no more memory than that");
#else
#define FENCE_CEILING FENCE_MEMORY
#endif

/* The unprivileged user that workers of a root daemon become; systemd's "unused" range. */
#define WORKER_UID 65529

/* --- what can go wrong (fault.c) -------------------------------------------------------- */

/* Where in the making of a child; the order is the order of the work. */
enum fence_stage {
	STAGE_NONE,
	STAGE_REQUEST,	/* the launcher could not take it in */
	STAGE_TREE,	/* detail: a host path */
	STAGE_CLONE,	/* namespaces */
	STAGE_IDENTITY, /* maps, uid, gid, groups */
	STAGE_ROOT,	/* the new root; detail: the step or path inside */
	STAGE_PROC,
	STAGE_SCRATCH, /* detail: the file */
	STAGE_NETWORK,
	STAGE_DROP, /* capabilities */
	STAGE_STDIO,
	STAGE_CWD, /* detail: the directory */
	STAGE_LIMITS,
	STAGE_PROGRAM, /* detail: the path inside */
	STAGE_LANDLOCK,
	STAGE_SECCOMP,
	STAGE_CANARY, /* detail: which forbidden things went through */
	STAGE_PROOF,  /* detail: what the launcher saw */
	STAGE_EXEC,
	STAGE_DIED, /* without saying why; detail: how */
	FENCE_STAGES
};

#define FENCE_DETAIL 200

struct fence_fault {
	enum fence_stage stage;
	int code; /* negative errno */
	char detail[FENCE_DETAIL];
};

/* Fills F (detail may be NULL) and returns CODE. Safe between clone and exec. */
int fence_fail(struct fence_fault *f, enum fence_stage stage, int code, const char *detail);
/* In words for a person: what the kernel or machine lacks, and what to do about it. */
void fence_explain(const struct fence_fault *f, struct err *err);

/* --- requests (spec.c) ------------------------------------------------------------------- */

/* Whether SPEC can be asked for at all; mistakes of the caller, in words. */
MUST_CHECK int fence_spec_check(const struct fence_spec *spec, struct err *err);
/* Everything but the descriptors. */
void fence_spec_pack(const struct fence_spec *spec, struct buf *out);
/* Strings point into BYTES, arrays live in A. -EPROTO: not something fence_spec_pack wrote. */
MUST_CHECK int fence_spec_unpack(struct arena *a, struct str bytes, struct fence_spec *ret);

/* --- what holds for every child of a launcher -------------------------------------------- */

/* A program's identity; the child compares, the launcher remembers. */
struct fence_program {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
	char sha256[SHA256_HEX];
};

/* A user namespace kept for its id map (idmap.c). */
struct fence_map {
	uid_t owner;
	gid_t group;
	int fd; /* 0: free */
};

enum { FENCE_PROGRAMS = 16, FENCE_MAPS = 8, FENCE_NAMESPACES = 7, FENCE_CANARIES = 11 };

extern const char *const fence_namespaces[FENCE_NAMESPACES]; /* names below /proc/PID/ns */

struct fence_filter {
	struct sock_filter *code;
	unsigned short n;
	char sha256[SHA256_HEX];
};

struct fence_host {
	bool root; /* the daemon is root: children change to UID and GID */
	uid_t uid;
	gid_t gid;
	int landlock_abi; /* negative errno when there is none */
	int landlock_errata;
	unsigned cores;
	char release[65];
	char passwd[256], group[128];	     /* /etc/passwd and /etc/group inside */
	ino_t namespaces[FENCE_NAMESPACES];  /* the launcher's own */
	enum fence_mode mode;		     /* of all children; settled before the first */
	struct fence_fault why[FENCE_MODES]; /* what each better mode failed at */
	struct fence_filter filter;	     /* for this mode */
	struct fence_program programs[FENCE_PROGRAMS];
	unsigned next_program;
	struct fence_map maps[FENCE_MAPS];
	unsigned next_map;
};

/* --- policy as data (policy.c) ----------------------------------------------------------- */

/* A path of the host that appears at its own place, when it exists. A link stays a link. */
struct fence_tree_row {
	const char *path;
	bool device;
};
extern const struct fence_tree_row fence_trees[];
extern const size_t fence_n_trees;

/* Directories of the new root, parents first. */
extern const char *const fence_skeleton[];
extern const size_t fence_n_skeleton;

/* Links of the new root and of /dev. */
struct fence_link_row {
	const char *path, *target;
};
extern const struct fence_link_row fence_links[];
extern const size_t fence_n_links;

/* Files of /etc that we write ourselves, so that nothing of the host's shows. */
struct fence_text_row {
	const char *path, *text;
};
extern const struct fence_text_row fence_texts[];
extern const size_t fence_n_texts;

/* Files of /proc that something is laid over, when they exist. */
extern const char *const fence_masks[];
extern const size_t fence_n_masks;

/* One row of the Landlock ruleset. */
struct fence_rule {
	const char *path;
	uint64_t rights;
	bool optional; /* may be missing on this machine */
};

enum { FENCE_RULES_MAX = 48 + FENCE_BINDS_MAX };

struct fence_limit {
	const char *name;
	const char *label; /* in /proc/PID/limits */
	int resource;
	rlim_t value;
};

enum { FENCE_LIMITS = 10 };

/* The rules for a child of MODE (A or C) with SPEC. */
struct fence_rules {
	struct fence_rule v[FENCE_RULES_MAX];
	size_t n;
	char home[PATH_BYTES_MAX], tmp[PATH_BYTES_MAX]; /* what two of them point to */
};
void fence_rules(enum fence_mode mode, const struct fence_spec *spec, struct fence_rules *ret);
/* The resource limits for SPEC. */
void fence_limits(
    enum fence_mode mode, const struct fence_spec *spec, unsigned cores, struct fence_limit *ret);

/* --- one child --------------------------------------------------------------------------- */

/* What a child needs to know; the launcher fills it before clone, the child reads its copy. */
struct fence_plan {
	struct fence_host *host;
	enum fence_mode mode;
	bool trial;   /* of the ladder: its scratch is nobody's afterwards */
	bool grouped; /* it begins its life in a group of its own (cgroup.h) */
	struct fence_spec spec;
	int sock; /* to the launcher */
	/* Trees that a privileged launcher opened beforehand; -1: open by path. */
	int repo_tree, writable_tree;
	int *bind_trees;
};

/* Child to launcher, one packet each. */
enum fence_note_type {
	NOTE_ARMED,  /* dies with the launcher from here on; waits for SAY_BUILD */
	NOTE_FAILED, /* fault; the process exits */
	NOTE_READY,  /* from the main process, with its pidfd and the listener; waits for SAY_GO */
	NOTE_ENDED,  /* from stage 1: the main process ended with status */
};

struct fence_note {
	enum fence_note_type type;
	int status;
	unsigned canary;    /* a bit for each forbidden action that went through */
	unsigned canary_us; /* microseconds it took */
	bool nested_closed; /* further user namespaces are also closed by their own limit */
	uint64_t shadowed;  /* a bit for each of the spec's shadows that existed and is covered */
	struct fence_fault fault;
	struct fence_program program;
};

/* Launcher to child, one byte each. */
enum { SAY_MAPPED = 'm', SAY_BUILD = 'b', SAY_GO = 'g' };

/* Stage 1. Never returns. */
void fence_child(const struct fence_plan *p) __attribute__((noreturn));
/* Stage 2, in its own process that still shares stage 1's memory. Returns only to exit. */
struct fence_entry {
	const struct fence_plan *plan;
	int listener;
	bool nested_closed;
	uint64_t shadowed;
	bool scoped; /* out of stage 2: its signals reach nobody but its own */
};
int fence_enter(void *entry);

/* Sends NOTE, with descriptors; 0 or negative errno. */
int fence_note_send(int sock, const struct fence_note *note, const int *fds, size_t n_fds);
/* Waits for byte WANT; -EPIPE when the launcher is gone. */
int fence_wait(int sock, char want);
/* Ends this process at once. (Not declared noreturn: ASan would look for a stack it knows.) */
void fence_quit(int status);

/* --- walls ------------------------------------------------------------------------------- */

/* mounts.c: the new root, pivoted into. */
int fence_mounts(const struct fence_plan *p, struct fence_entry *entry, struct fence_fault *f);
/* A private copy of the mounts at PATH with ATTRS (MOUNT_ATTR_*); a descriptor. */
int fence_tree_open(const char *path, uint64_t attrs);
uint64_t fence_attrs_repo(void);
uint64_t fence_attrs_writable(void);
uint64_t fence_attrs_bind(const struct fence_bind *bind);

/* shadows.c: over what stands at ROOT/repo; *RET has a bit for each name that was there. */
int fence_shadows(const struct fence_spec *spec, int root, uint64_t *ret, struct fence_fault *f);

/* idmap.c: the same for a privileged launcher, with the tree's owner shown as the worker. */
int fence_tree_open_as(struct fence_host *host, const char *path, uint64_t attrs, bool writable,
    struct fence_fault *f);
/* Maps one uid and gid of PID's new user namespace to one outside it. */
int fence_map_ids(pid_t pid, uid_t inner_uid, uid_t uid, gid_t inner_gid, gid_t gid);

/* network.c: lo up and one listening socket, when the spec has a port. */
int fence_network(const struct fence_spec *spec, int *listener, struct fence_fault *f);

/* landlock.c */
int fence_landlock_abi(int *errata);
int fence_landlock(const struct fence_plan *p, struct fence_fault *f);
/* Digest of the rules in canonical text. */
void fence_landlock_digest(const struct fence_plan *p, char hex[SHA256_HEX]);
/* This process and what it makes can signal nobody outside. */
int fence_landlock_scope(struct fence_fault *f);

/* filter.c; what RET held is freed */
struct fence_row { /* calls NR fail with ERROR; ARG -1: all of them, else those that compare */
	int nr, error, arg, op; /* OP: libseccomp's */
	uint64_t a, b;
};
typedef int (*fence_row_fn)(void *ctx, const struct fence_row *row);
/* Every row of the filter for MODE; ends early when FN does not return 0, and returns that. */
int fence_filter_rows(enum fence_mode mode, fence_row_fn fn, void *ctx);
/* filter_check.c: whether the code does what the rows say. */
int fence_filter_check(
    enum fence_mode mode, const struct fence_filter *filter, struct fence_fault *f);
MUST_CHECK int fence_filter_build(enum fence_mode mode, struct fence_filter *ret);
int fence_filter_enter(const struct fence_filter *filter, struct fence_fault *f);

/* scratch.c: home, tmp and the files of SPEC into the directory DIR, which is new. */
int fence_scratch_fill(int dir, const struct fence_spec *spec, struct fence_fault *f);
/* One file; a name that is taken is an error. */
int fence_put_file(int dir, const char *path, struct str text);
/* Mode C: the same in the host's directory that SPEC names, and bait in it. */
int fence_scratch_in_place(const struct fence_spec *spec, struct fence_fault *f);
/*
 * Bait for the canary, into DIR: files and a directory that the worker owns, where it could write.
 * Nothing but Landlock keeps it from that, so every right that Landlock withholds can be tried.
 * Of it `file` may be read; `secret` not even that, in mode A.
 */
int fence_put_bait(int dir);
#define FENCE_BAIT ".canary"	     /* below scratch, in place */
#define FENCE_BAIT_INSIDE "/.canary" /* a small tmpfs of its own, in mode A */

/* warden.c: stage 1 of mode C. */
int fence_warden_begin(struct fence_fault *f);
/* Waits until MAIN has ended or the launcher says so; returns its status when nothing is left. */
int fence_warden_watch(pid_t main, const bool *scoped);

/* canary.c: tries what is forbidden; a bit for each that was not refused as it must be. */
unsigned fence_canary(const struct fence_plan *p);
#define FENCE_CANARY_SIGNAL 6 /* the bit that says whether its signals stay within */
extern const char *const fence_canary_names[FENCE_CANARIES];

/* --- read back from outside (proof.c) ----------------------------------------------------- */

struct fence_seen {
	pid_t init, main; /* as the launcher sees them */
	const struct fence_plan *plan;
	const struct fence_note *ready;
	json_t *cgroup; /* borrowed; NULL: none */
};

/* Checks what the kernel says about the waiting child and puts it into *RET (new reference). */
MUST_CHECK int fence_proof(const struct fence_seen *seen, json_t **ret, struct fence_fault *f);
/* F is that WHAT is not as it must be; returns -EPERM. */
int fence_doubt(struct fence_fault *f, const char *what);
/* proof_mounts.c: the mounts and, among them, the shadows of the child SEEN, checked, into OUT. */
MUST_CHECK int fence_proof_mounts(
    const struct fence_seen *seen, json_t *out, struct fence_fault *f);
/*
 * What the child says it covered is in MOUNTS (mountinfo's text), and what it says was not there is
 * not there; into OUT. In place nothing is covered, and only told.
 */
MUST_CHECK int fence_proof_shadows(
    const struct fence_seen *seen, struct str mounts, json_t *out, struct fence_fault *f);
/* Inodes of the namespaces of process PID (a number or "self"). */
int fence_proof_namespaces(const char *pid, ino_t ret[FENCE_NAMESPACES]);
/* The file NAME of process PID, or of none (0), below /proc, behind what is in RET. */
int fence_proc_read(pid_t pid, const char *name, struct buf *ret);
#define FENCE_PROC_MAX KIB(256)
/* What /proc/PID/status says of KEY; NULL when it says nothing. Points into STATUS. */
struct str fence_status_value(struct str status, const char *key);
/* How many processes the kernel killed for memory since boot; 0 when it does not say. */
unsigned long long fence_oom_kills(void);

/* --- memory (watch.c) --------------------------------------------------------------------- */

/*
 * What TOP and all that descends from it hold in memory now, in bytes: anonymous and shared pages
 * (once for each process that maps them), swap, page tables. Only for one thread.
 */
void fence_weigh(pid_t top, uint64_t *ret);
/* Whether MAIN is known as a child of INIT: if not, this kernel does not tell who descends from
 * whom, and nothing could be weighed. */
bool fence_has_child(pid_t init, pid_t main);

/* --- places (place.c) --------------------------------------------------------------------- */

#define FENCE_PORT 7771 /* of the listener, in a network of its own */

/* A directory below BASE, and a listener on the loopback when there is a NETWORK. */
int fence_place_make(
    struct arena *a, const char *base, bool network, struct fence_place *ret, struct err *err);
/* Lets a root's workers pass through DIR. */
int fence_let_in(const char *dir, struct err *err);

/* --- daemon <-> launcher ------------------------------------------------------------------ */

enum fence_request_type { ASK_SPAWN, ASK_GO, ASK_KILL, ASK_TERM };

struct fence_request {
	enum fence_request_type type;
	uint32_t id;
	bool has[3]; /* SPAWN: which of 0, 1, 2 came along, behind the memfd with the spec */
};

/* The launcher's first word, in place of an event: the ladder's description follows. */
#define REPLY_SETTLED ((enum fence_event)100)

/* The proof's text follows in the same packet. */
struct fence_reply {
	enum fence_event event;
	enum fence_mode mode; /* SETTLED */
	uint32_t id;
	int status;
	bool out_of_memory;
	enum fence_group group;
	struct fence_fault fault;
};

enum { FENCE_FDS_MAX = 4 };

/* One packet with descriptors. N bytes or negative errno. */
ssize_t fence_send(int sock, struct iovec *iov, size_t n_iov, const int *fds, size_t n_fds);
/*
 * Receives one packet; *N_FDS descriptors, all CLOEXEC; PID (may be NULL) is the sender's, when the
 * socket passes credentials. 0: the other side is gone.
 */
ssize_t fence_receive(int sock, struct iovec *iov, size_t n_iov, int flags, int fds[FENCE_FDS_MAX],
    size_t *n_fds, pid_t *pid);

/* The launcher's process. Never returns. */
void fence_launcher(int sock, pid_t daemon) __attribute__((noreturn));
/* Facts about this machine (host.c). */
void fence_host_init(struct fence_host *host);

/* --- the ladder (ladder.c) ---------------------------------------------------------------- */

/* What a child of the trial is, for the directory SCRATCH. */
struct fence_spec fence_trial_spec(const char *scratch);
/* The mode below, as long as there is one. */
enum fence_mode fence_mode_below(enum fence_mode mode);
/* What the trial found, as sandbox_probe returns it. New reference. */
json_t *fence_ladder_describe(const struct fence_host *host);

#endif
