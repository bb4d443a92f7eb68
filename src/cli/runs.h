/* What the verbs of `runs` share. */
#ifndef CLI_RUNS_H
#define CLI_RUNS_H

#include "cli/finish.h"

struct runs_opts {
	const char *step, *as, *format, *output, *status, *flow, *script, *fail_on, *baseline;
	bool follow, all, strict, proof, coverage;
	long long since, limit;
};

struct look {
	struct arena *a;
	const struct globals *g;
	const struct runs_opts *o;
	struct store *s;
	char *repo; /* of the current directory, for "last" */
	int64_t key;
	struct run_row row;
};

/* Lines of the log; with --follow until the run is over. */
int runs_logs(struct look *l);
/* The same display as that of `run`; leaving it (q, Ctrl-C) changes nothing. */
int runs_watch(struct look *l);
/* VERB: resume or retry. Follows the run to its end. */
int runs_go_on(struct look *l, const char *verb);
int runs_cancel(struct look *l);
/* Its page in the browser. */
int runs_open(struct look *l);
/* Answers what a run waits for, in --step or the only one that waits. */
int runs_approve(struct look *l, const char *choice);

#endif
