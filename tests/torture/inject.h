/*
 * A debugger that does one thing to an unmodified program: at the N-th call of a kind it kills it,
 * or lets the call fail. All threads of the program are followed, and with `launcher` also the
 * first process that it forks; whatever those start is left alone.
 */
#ifndef TORTURE_INJECT_H
#define TORTURE_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define CALLS_MAX 512  /* numbers of system calls */
#define THREADS_MAX 64 /* at once */

enum deed {
	DEED_COUNT,  /* nothing */
	DEED_BEFORE, /* kill it before the call does anything, */
	DEED_AFTER,  /* when it has been done and nobody knows, */
	DEED_HALF,   /* when half of what it was to write is written */
	DEED_ERRNO,  /* it fails */
	DEED_SHORT,  /* it does half of it */
};

struct plan {
	bool calls[CALLS_MAX];
	const char *path; /* only for files whose paths contain this, or NULL */
	enum deed deed;
	int error;
	long from, count; /* which of them: FROM, from 1, and COUNT in all */
	bool launcher;
	const int64_t *clocks; /* milliseconds that wall and boot clock are off, or NULL */
};

struct thread {
	pid_t tid;	      /* 0: free */
	bool started;	      /* its first stop was seen */
	bool caught;	      /* the call that it is in is the one */
	uint64_t nr, args[6]; /* of that call */
};

struct trace {
	struct plan plan;
	FILE *out;
	pid_t root, launcher;
	bool running;	      /* the program was executed */
	volatile bool lifted; /* the cause is gone */
	long seen, hits;
	long counts[CALLS_MAX];
	struct thread threads[THREADS_MAX];
};

/* THREAD stops before and behind each of its calls. */
void call_stops(struct trace *t, struct thread *thread);
/* The program has just been executed: it asks the kernel what time it is, as the clocks can only be
 * changed there. */
void forget_vdso(pid_t tid);

#endif
