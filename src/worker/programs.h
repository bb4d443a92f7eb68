/*
 * Which agent programs this machine has. The native agent is this binary. Others are looked for
 * where the configuration says, then in PATH. What is found is admitted only when its adapter knows
 * its version: from the npm package it is in, else by asking it behind the fence. A script needs a
 * Node, which is asked, too. What is not known is not admitted. Those that a
 * file describes come behind them.
 */
#ifndef WORKER_PROGRAMS_H
#define WORKER_PROGRAMS_H

#include "adapter/adapter.h"
#include "sandbox/sandbox.h"

struct program {
	const struct adapter_ops *ops;
	const char *path;	      /* what prepare gets as `program`; NULL: not found */
	const char *interpreter;      /* node, or what a script's first line names, or NULL */
	const char *interpreter_word; /* what stands behind it there, or NULL */
	const char *version;	      /* "" when unknown */
	const char *node;	      /* the version of the interpreter, or NULL */
	const char *sha256;	      /* of a described one's program, else NULL */
	int status;		      /* 0: usable, else negative errno with ERR filled */
	/* Found in PATH, not named in the configuration: not to be used on what they come from. */
	bool path_found, interpreter_found;
	struct err err;
};

struct program_hint {
	const char *agent, *path, *node;     /* from the configuration; path and node may be NULL */
	bool acp;			     /* talk to it over the Agent Client Protocol */
	const struct adapter_ops *described; /* NULL: an adapter of ours */
};

struct programs {
	struct program *v;
	size_t n;
};

#define PROGRAMS_FILE "programs.json" /* in the data directory: what programs said before */

struct programs_spec {
	const char *self; /* path of this binary */
	const struct program_hint *hints;
	size_t n_hints;
	struct sandbox *sandbox;
	const char *kept; /* a file of ours for what programs said of their versions, or NULL */
};

/*
 * Blocks while a program is asked that was not asked before. Everything in A. A described agent is
 * refused here (-EACCES); whoever knows that it passed its check on this machine sets its status
 * to 0.
 */
void programs_find(struct arena *a, const struct programs_spec *spec, struct programs *ret);
/* The program of agent NAME, or NULL when there is no such adapter. */
const struct program *programs_get(const struct programs *p, struct str name);
/* For programs_find: the program of OPS, which a file describes. */
void program_described(struct arena *a, const struct adapter_ops *ops, struct program *p);
/* "native, qwen, …" in A. */
char *programs_names(struct arena *a, const struct programs *p);

#endif
