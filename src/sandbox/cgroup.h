/*
 * cgroup v2, where it is ours to use: a group of its own for each child. It only adds to the fence:
 * ceilings that the kernel keeps for all processes together, and one more way to end them and to
 * see that nothing is left. Where it cannot be had, everything else holds as it does without; the
 * attestation and `tutti doctor` say so.
 *
 *   cgroup.c      decisions, as functions of what was read
 *   cgroup_top.c  the group that ours are made in: found, judged, swept, taken
 *   cgroup_kid.c  the group of one child: made, attested, ended, removed
 *
 *   TOP ─┬─ tutti-NS-PID-START-house   the daemon and its launcher, when controllers need that
 *        ├─ tutti-NS-PID-START-1       a child
 *        └─ tutti-NS-PID-START-2       …each its own, never used twice
 *
 * TOP is the group that the daemon was started in. It is used when whoever manages groups here
 * handed it over (systemd's mark), or when nobody manages them and nobody else is in it. Others'
 * processes are never moved, nothing outside of TOP is written to, and a group of another daemon
 * that lives is left alone: its name says whose it is.
 */
#ifndef SANDBOX_CGROUP_H
#define SANDBOX_CGROUP_H

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "sandbox/sandbox.h"

#include <stdint.h>
#include <sys/types.h>

#define CGROUP_NAME_MAX 96
#define CGROUP_LIST_MAX KIB(256) /* of processes, or of names, in one group */

/* --- decisions (cgroup.c) ---------------------------------------------------------------- */

/*
 * Where the group of a process stands: SELF is its /proc/PID/cgroup, MOUNTS its mountinfo. -ENOENT:
 * it is in no group of version 2; -ENXIO: there is no mount that shows it; -ENAMETOOLONG.
 */
MUST_CHECK int cgroup_path(struct str self, struct str mounts, char ret[PATH_BYTES_MAX]);
/* Of /proc/PID/cgroup the group of version 2; empty when there is none. Points into SELF. */
struct str cgroup_of(struct str self);

/* What is known of the group that we are in. */
struct cgroup_facts {
	bool root;		 /* it is the root of them all: it has no cgroup.events */
	bool domain;		 /* cgroup.type: not part of a group of threads */
	bool marked;		 /* by systemd, as handed over (Delegate=yes) */
	bool managed;		 /* systemd runs here */
	bool alone;		 /* nobody but the daemon and its launcher is in it */
	struct str has, enabled; /* cgroup.controllers, cgroup.subtree_control */
};

struct cgroup_plan {
	bool use;
	bool move;	  /* the two of us make way first: into a house of their own */
	unsigned enable;  /* a bit for each controller */
	const char *kind; /* "delegated" or "own"; NULL when not used */
	const char *why;  /* when not used, or without controllers; else NULL */
};
struct cgroup_plan cgroup_decide(const struct cgroup_facts *facts);

/* Names of controllers that we know, by bit, NULL-terminated. */
extern const char *const cgroup_controllers[];
/* "memory pids" -> bits; others do not count. */
unsigned cgroup_bits(struct str words);

/* What is written into a group of a child, as far as it has such a file. */
struct cgroup_row {
	const char *file;
	uint64_t value;
};
enum { CGROUP_ROWS_MAX = 8 };
extern const struct cgroup_row cgroup_rows[];
extern const size_t cgroup_n_rows;
/* A bit for each row whose file is among NAMES, one a line. */
unsigned cgroup_rows_of(struct str names);
/* "KEY N" of a file like cgroup.events; FALLBACK when it does not say. */
unsigned long long cgroup_number(struct str text, const char *key, unsigned long long fallback);

/* Whose a group is: a process, in the PID namespace that its number belongs to. */
struct cgroup_owner {
	unsigned long long ns, pid, start; /* START: as field 22 of /proc/PID/stat */
};
/* LAST is a number or "house". */
void cgroup_name(const struct cgroup_owner *owner, const char *last, char ret[CGROUP_NAME_MAX]);
/* False when NAME is not one of cgroup_name's. */
bool cgroup_name_read(struct str name, struct cgroup_owner *ret);
/* Field 22 of STAT, a process's /proc/PID/stat; 0 when it is not there. */
unsigned long long cgroup_start_of(struct str stat);
/*
 * Whether a group of WHOSE is a leftover for one in the PID namespace NS to clear away. NOW is when
 * the process that has this number now began, 0 when there is none.
 */
bool cgroup_is_left(
    const struct cgroup_owner *whose, unsigned long long ns, unsigned long long now);

/* --- the top (cgroup_top.c) --------------------------------------------------------------- */

struct cgroups {
	bool used;
	int top; /* its directory, or -1 */
	struct cgroup_owner owner;
	const char *kind;
	unsigned controllers, rows; /* of a child's group */
	uint32_t next;
	char why[200]; /* not used, or without controllers */
};

/* Finds out, for the daemon PID and this process, what can be used, and sets it up. */
void cgroups_begin(struct cgroups *cg, pid_t daemon);
/* Sets up by PLAN what is made in TOP, which becomes CG's. */
void cgroups_take(struct cgroups *cg, int top, pid_t daemon, const struct cgroup_plan *plan);
/* Ends what dead daemons left in TOP; how many groups of theirs went. */
unsigned cgroups_sweep(const struct cgroups *cg);
/* From here on without, because of WHY and CODE. */
void cgroups_off(struct cgroups *cg, const char *why, int code);
/* For sandbox_probe: {"used","kind","controllers":[…],"why"}. New reference. */
json_t *cgroups_describe(const struct cgroups *cg);
/* The names of controllers CG gives a child. New reference. */
json_t *cgroups_names(const struct cgroups *cg);

/* --- a child's (cgroup_kid.c) -------------------------------------------------------------- */

struct cgroup {
	int fd; /* -1: none */
	char name[CGROUP_NAME_MAX];
};

/* A new group with its limits: 0 or negative errno. RET's fd is -1 when there is none. */
int cgroup_make(struct cgroups *cg, struct cgroup *ret);
/* What is written into the group FD by ROWS: 0 or negative errno. */
MUST_CHECK int cgroup_write_rows(int fd, unsigned rows);
/* Read back: that PID is in it, and each limit. NULL when it is not so. New reference. */
json_t *cgroup_attest(const struct cgroups *cg, const struct cgroup *g, pid_t pid);
/* Kills all that is in it and waits, for a bounded time, until there is nothing. */
enum fence_group cgroup_end(const struct cgroup *g);
/* How often the kernel killed in it for memory; -1 when it does not say. */
long long cgroup_oom_kills(const struct cgroup *g);
/* Removes and forgets it. */
void cgroup_remove(const struct cgroups *cg, struct cgroup *g);

/* What the file NAME in the directory DIR holds, without white space at its end: 0 or errno. */
struct buf;
MUST_CHECK int cgroup_read(int dir, const char *name, struct buf *ret);
MUST_CHECK int cgroup_write(int dir, const char *name, const char *text);
/* Kills what is in the group DIR and waits: whether it is empty. */
bool cgroup_kill(int dir);

#endif
