#include "cli/cli.h"

#include "api/flows.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/paths.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define G(member) offsetof(struct globals, member)

const struct opt global_opts[] = {
	{ "repo", 0, OPT_TEXT, "DIR", "Where", "the repository (default: the one around here)",
	    G(repo) },
	{ "data", 0, OPT_TEXT, "DIR", "Where", "tutti's data ($TUTTI_DATA, ~/.local/share/tutti)",
	    G(data) },
	{ "trust-repo", 0, OPT_FLAG, NULL, "Where",
	    "read flows and personas of the repository, too", G(trust_repo) },
	{ "json", 0, OPT_FLAG, NULL, "Output", "one JSON document on stdout", G(json) },
	{ "color", 0, OPT_CHOICE, "auto|always|never", "Output", "colours", G(color) },
	{ "debug", 0, OPT_FLAG, NULL, "Output", "log what happens inside on stderr", G(debug) },
	{ "help", 'h', OPT_FLAG, NULL, "Output", "this text", G(help) },
	{ 0 },
};

const struct cmd *const all_cmds[] = { &cmd_run, &cmd_serve, &cmd_flows, &cmd_personas, &cmd_runs,
	&cmd_proof, &cmd_db, &cmd_agents, &cmd_eval, &cmd_doctor, &cmd_version, &cmd_help,
	&cmd_completion, NULL };

/* --- saying ------------------------------------------------------------------------------------
 */

int cli_fail(const struct globals *g, const struct err *err, int code)
{
	return term_error(err, code, g->json);
}

int cli_code(int rc)
{
	switch (rc) {
	case -ENOENT:
		return EXIT_NOT_FOUND;
	case -EEXIST:
	case -EINVAL:
		return EXIT_USAGE;
	default:
		return EXIT_NOT_READY;
	}
}

int cli_print(struct str text, int code)
{
	return term_write(STDOUT_FILENO, text) < 0 ? EXIT_RUN_FAILED : code;
}

int cli_print_json(json_t *doc, int code)
{
	struct buf b;

	char *text = json_dump(doc);

	buf_init(&b, MIB(512));
	buf_add_json_text(&b, str_from(text));
	buf_addc(&b, '\n');
	free(text);
	code = cli_print(buf_str(&b), code);
	buf_fini(&b);
	json_decref(doc);
	return code;
}

/* --- flows -------------------------------------------------------------------------------------
 */

struct library *cli_library(struct arena *a, const struct globals *g, struct err *err)
{
	struct flows_from from = { .user = paths_config(a) };
	char *repo = NULL;

	if (g->trust_repo && paths_repo(a, g->repo, &repo, err) == 0)
		from.repo = repo;
	return flows_load(a, &from, err);
}

int cli_definitions(
    struct definitions *d, struct arena *a, const struct globals *g, struct err *err)
{
	struct definitions_from from = { .user = paths_config(a), .trust_repo = g->trust_repo };
	struct err ignored; /* whoever needs the repository says what is wrong with it */
	char *repo = NULL;

	if (paths_repo(a, g->repo, &repo, &ignored) == 0)
		from.repo = repo;
	return definitions_open(d, a, &from, err);
}

int cli_flow_code(const struct err *err)
{
	switch (err->code) {
	case -ENOENT:
		return EXIT_NOT_FOUND;
	case -EACCES:
		return EXIT_NOT_READY;
	default:
		return EXIT_INVALID;
	}
}

/* --- dispatch ----------------------------------------------------------------------------------
 */

static const struct cmd *find_cmd(struct str name, struct err *err)
{
	const char *near = NULL;
	unsigned best = 4;

	for (size_t i = 0; all_cmds[i]; i++) {
		unsigned d = str_distance(name, str_from(all_cmds[i]->name));

		if (d == 0)
			return all_cmds[i];
		if (d < best) {
			best = d;
			near = all_cmds[i]->name;
		}
	}
	err_set(err, -EINVAL, "there is no command '%.*s'", STR_ARG(name));
	if (near)
		err_fix(err, "did you mean tutti %s?", near);
	else
		err_fix(err, "tutti help");
	return NULL;
}

/* The first word that is no option names the command; options may stand before it. */
static int find_word(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			return i;
		for (const struct opt *o = global_opts; o->name; o++)
			if (o->type != OPT_FLAG && strncmp(argv[i], "--", 2) == 0 &&
			    strcmp(argv[i] + 2, o->name) == 0)
				i++;
	}
	return 0;
}

static int run_cmd(struct arena *a, const struct cmd *cmd, int argc, char **argv, int at)
{
	/* both tables write into one block: globals first, the command's own behind them */
	struct globals *g = arena_alloc(a, sizeof(*g) + cmd->values);
	void *values = g + 1;
	struct opt *own = NULL;
	size_t n_own = 0, n;
	const char **words;
	struct err err = { 0 };

	while (cmd->opts && cmd->opts[n_own].name)
		n_own++;
	own = arena_array(a, n_own + 1, sizeof(*own));
	for (size_t i = 0; i < n_own; i++) {
		own[i] = cmd->opts[i];
		own[i].offset += sizeof(*g);
	}
	const struct opt *const tables[] = { own, global_opts, NULL };
	char **rest = arena_array(a, (size_t)argc + 1, sizeof(*rest));
	int count = 0;

	for (int i = 1; i < argc; i++)
		if (i != at)
			rest[count++] = argv[i];
	if (args_parse(a, tables, count, rest, g, &words, &n, &err) < 0) {
		err_more(&err, cmd->name);
		return cli_fail(g, &err, EXIT_USAGE);
	}
	if (g->debug)
		log_set_level(LOG_DEBUG);
	if (g->help) {
		words = (const char *[]){ cmd->name, NULL };
		return cmd_help.run(a, g, NULL, words, 1);
	}
	return cmd->run(a, g, values, words, n);
}

static int dispatch(struct arena *a, int argc, char **argv)
{
	int at = find_word(argc, argv);
	struct globals g = { 0 };
	struct err err = { 0 };
	const struct cmd *cmd = &cmd_help;

	if (at)
		cmd = find_cmd(str_from(argv[at]), &err);
	for (int i = 1; !at && i < argc; i++)
		if (strcmp(argv[i], "--version") == 0)
			return cmd_version.run(a, &g, NULL, NULL, 0);
	if (cmd != &cmd_serve)
		store_memory_or_end();
	return cmd ? run_cmd(a, cmd, argc, argv, at) : cli_fail(&g, &err, EXIT_USAGE);
}

int cli_main(int argc, char **argv)
{
	struct arena *a;
	int code;

	log_set_level(LOG_WARN);
	a = arena_create("command", ARENA_JOB);
	code = dispatch(a, argc, argv);
	arena_destroy(a);
	return code;
}
