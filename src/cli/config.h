/*
 * config.yaml in the configuration directory. Everything in it has a default; without the file the
 * first run works. Unknown keys are errors, so that a misspelt one is not a silent default.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "gateway/gateway.h"
#include "worker/programs.h"

#define CONFIG_AGENTS_MAX 32

struct config {
	const char *file;		 /* NULL: there is none */
	struct upstream_config upstream; /* url NULL: look for one */
	const char *agent;		 /* for steps that name none; "native" */
	unsigned parallel;		 /* attempts at once; 0: default */
	struct program_hint hints[CONFIG_AGENTS_MAX];
	size_t n_hints;
};

/* Everything in A. -EINVAL with all errors of the file, as file:line:column: text. */
MUST_CHECK int config_load(struct arena *a, struct config *ret, struct err *err);

#endif
