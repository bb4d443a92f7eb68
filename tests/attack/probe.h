/*
 * The probe: a program that tries everything an agent must not be able to do, one attack after
 * another, each in a process of its own, and prints a line for each: name, what came of it, and
 * what was expected. It runs behind the fence (run.c), and once in front of it, where an attack
 * that is possible at all has to go through: one that never does would show nothing.
 */
#ifndef ATTACK_PROBE_H
#define ATTACK_PROBE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where an attack is known to go through. What is in no mode of the fence must be refused there. */
enum {
	IN_A = 1,
	IN_B = 2,
	IN_C = 4,
	OUT = 8, /* in front of the fence, as an ordinary user on any machine */
	SPACES = IN_A | IN_B,
	EVERYWHERE = IN_A | IN_B | IN_C | OUT, /* confinement.md, "not covered" */
};

struct attack {
	const char *name;
	int (*run)(void); /* below 0: refused, with negative errno */
	unsigned through;
};

/* What the harness says about the world, from the environment (ATTACK_…). */
struct world {
	char mode; /* 'A', 'B', 'C', or 'O': in front of the fence */
	const char *repo, *scratch, *tmp, *home;
	const char *program;		/* a directory of the agent program */
	const char *sockets;		/* where the host has its unix sockets */
	const char *secrets;		/* host directory of files that hold the canary */
	const char *canary;		/* what no file, variable or answer may hold: its halves */
	const char *data;		/* the data directory of the daemon */
	const char *group;		/* the daemon's cgroup, with one more: x; or empty */
	unsigned port;			/* the one that may be connected to */
	unsigned tcp, udp;		/* listeners of the host */
	const char *sibling;		/* a file in the scratch of another attempt */
	pid_t daemon, listener, victim; /* as the host numbers them */
};

extern struct world world;

/* PATH below the directory, in one of eight buffers that take turns. */
const char *in_repo(const char *path);
const char *in_scratch(const char *path);
const char *in_program(const char *path);
const char *in_secrets(const char *path);
const char *in_sockets(const char *path);
const char *in_group(const char *path);

/* RC of a call: itself when it went well, else -errno. */
int tried(long rc);
/* The same, and a descriptor that came of it is closed. */
int opened(long fd);
/* A raw call; by its number, with all arguments given. */
int called(long nr, long a, long b, long c, long d, long e);
/*
 * Like called(), for calls that are made with arguments that cannot work: what comes from the call
 * itself (EINVAL, EFAULT, EBADF, …) means that it was reached.
 */
int reached(long nr, long a, long b, long c, long d, long e);
/* How a child that runs RUN ends: its status as from waitpid, or negative errno. */
int child_status(void (*run)(void));
/* Whether the file holds TEXT at its beginning. */
bool file_has(const char *path, const char *text);
/* Makes a small file in the scratch directory; its path. */
const char *scratch_file(const char *name, const char *text);

extern const struct attack attacks_files[], attacks_paths[], attacks_meta[], attacks_space[],
    attacks_process[], attacks_kernel[], attacks_net[], attacks_unix[], attacks_secret[],
    attacks_limits[];

#endif
