/*
 * Which agent programs this machine has. The native agent is this binary. Others are looked for
 * where the configuration says, then in PATH; what is found is asked for its version (from its
 * package file, without running it) and admitted only when its adapter knows that version.
 */
#ifndef WORKER_PROGRAMS_H
#define WORKER_PROGRAMS_H

#include "adapter/adapter.h"

struct program {
	const struct adapter_ops *ops;
	const char *path;	 /* what prepare gets as `program`; NULL: not found */
	const char *interpreter; /* node, or NULL */
	const char *version;	 /* "" when unknown */
	int status;		 /* 0: usable, else negative errno with ERR filled */
	struct err err;
};

struct program_hint {
	const char *agent, *path, *node; /* from the configuration; path and node may be NULL */
};

struct programs {
	struct program *v;
	size_t n;
};

/* SELF is the path of this binary. Everything in A. */
void programs_find(struct arena *a, const char *self, const struct program_hint *hints,
    size_t n_hints, struct programs *ret);
/* The program of agent NAME, or NULL when there is no such adapter. */
const struct program *programs_get(const struct programs *p, struct str name);

#endif
