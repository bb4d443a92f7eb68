/* The command line. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "api/definitions.h"
#include "base/arena.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/term.h"

/* What every command knows. */
struct globals {
	const char *data, *repo, *color;
	bool json, help, trust_repo, debug;
};

struct cmd {
	const char *name, *usage, *summary;
	const struct opt *opts;	     /* its own; NULL: none */
	const char *const *examples; /* NULL-terminated */
	/* WORDS begin behind the command's own name. Returns an exit code. */
	int (*run)(
	    struct arena *a, const struct globals *g, void *values, const char **words, size_t n);
	size_t values; /* size of its struct of options */
	bool minor;    /* named in the overview, and not told there */
};

extern const struct cmd cmd_run, cmd_serve, cmd_eval, cmd_flows, cmd_personas, cmd_runs, cmd_proof,
    cmd_db, cmd_agents, cmd_doctor, cmd_version, cmd_help, cmd_completion;
extern const struct cmd *const all_cmds[];
/* Options of struct globals. */
extern const struct opt global_opts[];

int cli_main(int argc, char **argv);

/* Prints ERR as people or programs want it; returns CODE. */
int cli_fail(const struct globals *g, const struct err *err, int code);
/* The exit code that a negative errno of a four-part error stands for. */
int cli_code(int rc);
/* DOC on one line on stdout, and given back. Returns CODE, or EXIT_RUN_FAILED when stdout is full.
 */
int cli_print_json(json_t *doc, int code);
int cli_print(struct str text, int code);

/* All flows: built in, the user's, and with --trust-repo all of the repository's; or NULL. */
struct library *cli_library(struct arena *a, const struct globals *g, struct err *err);
/* Those, and of the repository's the ones that were accepted. */
MUST_CHECK int cli_definitions(
    struct definitions *d, struct arena *a, const struct globals *g, struct err *err);
/* The exit code for an error of definitions_flow. */
int cli_flow_code(const struct err *err);

#endif
