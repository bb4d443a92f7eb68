/* Help, version, completion: all of it out of the same tables that parse. */
#include "cli/cli.h"

#include "adapter/adapter.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine/size.h"

#include <unistd.h>

/* --- topics
 * ------------------------------------------------------------------------------------------ */

static void topic_exit_codes(struct buf *b)
{
	for (const struct exit_meaning *m = exit_meanings; m->name; m++)
		buf_printf(b, "%4d  %-12s %s\n", m->code, m->name, m->meaning);
}

static void topic_sizes(struct buf *b)
{
	buf_adds(b, "What --size auto comes to; the first line that fits decides:\n\n");
	for (const struct size_rule *r = size_rules; r->what; r++)
		buf_printf(b, "  %-36s %s\n", r->what, flow_size_name(r->size));
	buf_printf(b, "  %-36s %s\n", SIZE_ELSE, flow_size_name(SIZE_SMALL));
}

static void topic_read_only(struct buf *b)
{
	buf_adds(b,
	    "Every agent runs behind a fence that the kernel keeps: its own namespaces, the\n"
	    "repository as a read-only mount of a frozen copy, no network but one door to the\n"
	    "gateway, no capabilities, Landlock, a system call filter. Right before the agent\n"
	    "starts, a canary tries what is forbidden; if anything of it works, the agent is not\n"
	    "started. No option weakens any of this.\n\n"
	    "What a machine has decides the mode; it is found out by trying, and never lowered:\n\n"
	    "  A  all of the above\n"
	    "  B  without Landlock; the system call filter makes up for what it can\n"
	    "  C  without namespaces: Landlock and a stricter filter, for agents admitted to it;\n"
	    "     a warden ends what an agent leaves behind. Weaker: the door to the gateway is a\n"
	    "     port of any host, names and sizes of files elsewhere can be seen\n"
	    "  D  anything less: no agent is started (exit code 78); code steps still run\n\n"
	    "A flow may ask for more than there is (fence: A); then its agents are refused.\n"
	    "What a machine lacks is named by: tutti doctor\n");
}

static void topic_proof(struct buf *b)
{
	buf_adds(b,
	    "Before an agent starts and after it has ended, a record goes into the run's log: the\n"
	    "fence as the kernel tells it, the canaries, the program with its digest, arguments "
	    "and\n"
	    "names of its environment, and fingerprints of the snapshot and of your repository.\n"
	    "Every record names the log before it, and the run is sealed with the digest of "
	    "all.\n\n"
	    "  tutti runs show RUN --proof                all of it, to read\n"
	    "  tutti runs show RUN --proof --json > FILE  to keep; nothing that agents said is in "
	    "it\n"
	    "  tutti proof verify FILE                    anywhere, without the run\n\n"
	    "An agent has no way to your repository. When its fingerprint changed during a run,\n"
	    "then by you or another program, and the report says so. When the snapshot changed "
	    "that\n"
	    "the agents read, the attempt fails.\n");
}

static void topic_models(struct buf *b)
{
	buf_adds(b,
	    "A model server is looked for in this order:\n\n"
	    "  config.yaml      model: {url: http://HOST:PORT/v1, name: …, key_env: VARIABLE}\n"
	    "  environment      OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL\n"
	    "  this machine     Ollama 11434, llama.cpp 8080, vLLM 8000, LM Studio 1234\n\n"
	    "It speaks OpenAI's chat completions, or what model.dialect says: messages "
	    "(Anthropic),\nresponses (OpenAI), gemini. Every agent works with every server.\n\n"
	    "Agents never see the key; they talk to a gateway that adds it.\n"
	    "--model rehearsal needs no server: no language model is used, and the report says "
	    "so.\n");
}

static void topic_agents(struct buf *b)
{
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++)
		buf_printf(b, "%-9s %s%s%s\n", (*ops)->name, (*ops)->title,
		    (*ops)->package ? " " : "; part of this program",
		    (*ops)->package ? (*ops)->package->version : "");
	buf_adds(b,
	    "\nThey are looked for in PATH, or where config.yaml says:\n\n"
	    "  agents: {qwen: {path: /path/to/cli.js, node: /path/to/node}}\n\n"
	    "Only versions whose read-only mode was checked are started. What this machine\n"
	    "has, and what is missing: tutti agents\n");
}

static void topic_trust(struct buf *b)
{
	buf_adds(b,
	    "A repository may bring flows, personas and contracts along, in .tutti/. Whoever wrote "
	    "it\nwrote what agents are asked and what commands run, so nothing of it is used until "
	    "you\naccept a flow of it:\n\n"
	    "  tutti flows list             what the repository has, and what of it is trusted\n"
	    "  tutti flows trust FLOW       shows its files, commands and agents, and asks\n"
	    "  tutti flows untrust FLOW     takes that back\n"
	    "  tutti --trust-repo run …     everything of the repository, this once (for CI)\n\n"
	    "What is accepted is the contents: of the flow and of every text of the repository "
	    "that\nit uses, by their SHA-256. When one of them changes, the flow is not trusted "
	    "any "
	    "more.\nIt is accepted for this repository, and reaches no further than the flow: "
	    "other "
	    "flows\nkeep the personas that are built in or yours. Kept in "
	    "~/.config/tutti/trusted.json.\n");
}

static void topic_serve(struct buf *b)
{
	buf_adds(b,
	    "tutti serve is a daemon: it carries runs out in the background and has a web page.\n"
	    "While it works, tutti run and tutti runs … ask it; without it they do the work\n"
	    "themselves. Either way the report, the exit codes and the files are the same.\n\n"
	    "  tutti serve              prints where it is, and a link that signs a browser in\n"
	    "  tutti serve --link       another link; each works once, for ten minutes\n"
	    "  tutti runs open RUN      its page in your browser; so does --open with serve\n"
	    "  tutti run … --detach     prints the id and leaves; so does Ctrl-C of tutti run\n"
	    "  tutti runs watch RUN     looks on; tutti runs cancel RUN ends it\n"
	    "  tutti runs approve RUN CHOICE    answers a step that asks a person\n\n"
	    "Ctrl-C or SIGTERM ends it: agents at work get --grace, a second one ends them at "
	    "once.\nWhat is left goes on with the next tutti serve, also after kill -9. It "
	    "listens on\nthis machine only; from elsewhere: ssh -L 7770:127.0.0.1:7770 HOST. "
	    "Units for\nsystemd, and all the rest: docs/serve.md\n");
}

static void topic_data(struct buf *b)
{
	buf_adds(b,
	    "Everything is in one directory, ~/.local/share/tutti: runs with all that happened\n"
	    "in them (tutti.db), what their agents read (snapshots/), what was too long to keep\n"
	    "in the database (spill/), and copies of reports for people (reports/).\n\n"
	    "  tutti db verify        whether every byte is as it was written; exit code 6: no\n"
	    "  tutti db backup FILE   a whole copy of the database, also while a daemon works\n"
	    "  tutti db restore FILE  puts it back; what was there is kept beside it\n"
	    "  tutti db gc            what no run refers to any more; --keep 90d: old runs, too\n\n"
	    "Snapshots are not in a backup of the database: copy the directory as a whole, or\n"
	    "its runs will not show code. More: docs/data.md\n");
}

static const struct {
	const char *name, *what;
	void (*fn)(struct buf *b);
} topics[] = {
	{ "exit-codes", "what the exit codes mean", topic_exit_codes },
	{ "sizes", "how --size auto decides", topic_sizes },
	{ "read-only", "what keeps agents from writing", topic_read_only },
	{ "proofs", "what is kept of that, and how to check it", topic_proof },
	{ "models", "where the model comes from", topic_models },
	{ "agents", "which programs do the work", topic_agents },
	{ "trust", "how flows of a repository are accepted", topic_trust },
	{ "data", "what is stored, and whether it is as it was", topic_data },
	{ "serve", "how runs go on in the background", topic_serve },
};

/* --- a command
 * ------------------------------------------------------------------------------------------- */

static void add_option(struct buf *b, const struct opt *o)
{
	char left[64];

	snprintf(left, sizeof(left), "%s--%s %s",
	    o->letter ? (char[]){ '-', o->letter, ',', ' ', 0 } : "", o->name,
	    o->value ? o->value : "");
	buf_printf(b, "  %-30s%s%s\n", left,
	    strlen(left) > 29 ? "\n                                " : "", o->help);
}

/* The options of GROUP in both tables under one heading. */
static void add_group(struct buf *b, const struct opt *const *tables, const char *group)
{
	buf_printf(b, "\n%s\n", group);
	for (; *tables; tables++)
		for (const struct opt *o = *tables; o->name; o++)
			if (strcmp(o->group, group) == 0)
				add_option(b, o);
}

static bool seen_before(const struct opt *const *tables, const struct opt *until)
{
	for (; *tables; tables++)
		for (const struct opt *o = *tables; o->name; o++) {
			if (o == until)
				return false;
			if (strcmp(o->group, until->group) == 0)
				return true;
		}
	return false;
}

static void add_options(struct buf *b, const struct opt *own)
{
	static const struct opt none[] = { { 0 } };
	const struct opt *const tables[] = { own ? own : none, global_opts, NULL };

	for (size_t k = 0; tables[k]; k++)
		for (const struct opt *o = tables[k]; o->name; o++)
			if (!seen_before(tables, o))
				add_group(b, tables, o->group);
}

static void add_command(struct buf *b, const struct cmd *c)
{
	buf_printf(b, "tutti %s\n%s\n", c->usage, c->summary);
	for (size_t i = 0; c->examples && c->examples[i]; i++)
		buf_printf(b, "%s  %s\n", i ? "" : "\n", c->examples[i]);
	add_options(b, c->opts);
	buf_adds(b, "\nExit codes: tutti help exit-codes\n");
}

static void add_overview(struct buf *b)
{
	buf_adds(b,
	    "tutti runs a fixed team of coding agents over a repository, read-only, and checks\n"
	    "every citation of the report.\n\n"
	    "  tutti run architectural-analysis \"the scheduler\" --model rehearsal\n"
	    "  tutti run code-review \"the changes on this branch\" --base main\n"
	    "  tutti runs show last\n\n");
	for (size_t i = 0; all_cmds[i]; i++)
		if (!all_cmds[i]->minor)
			buf_printf(b, "  %-9s %s\n", all_cmds[i]->name, all_cmds[i]->summary);
	buf_adds(b, "\nAlso:");
	for (size_t i = 0; all_cmds[i]; i++)
		if (all_cmds[i]->minor)
			buf_printf(b, " %s", all_cmds[i]->name);
	buf_adds(b, "\nMore: tutti help COMMAND, or");
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		buf_printf(b, "%s %s", i ? "," : "", topics[i].name);
	buf_addc(b, '\n');
}

/* A topic, a command, or both under one name. */
static bool add_topic(struct buf *b, struct str name)
{
	bool found = false;

	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		if (str_is(name, topics[i].name)) {
			topics[i].fn(b);
			found = true;
		}
	for (size_t i = 0; all_cmds[i]; i++)
		if (str_is(name, all_cmds[i]->name)) {
			buf_adds(b, found ? "\n" : "");
			add_command(b, all_cmds[i]);
			found = true;
		}
	return found;
}

static int unknown(const struct globals *g, struct str name)
{
	struct err err = { 0 };

	err_set(&err, -ENOENT, "there is no help on '%.*s'", STR_ARG(name));
	err_fix(&err, "tutti help");
	return cli_fail(g, &err, EXIT_NOT_FOUND);
}

static json_t *exit_codes_json(void)
{
	json_t *all = json_array();

	for (const struct exit_meaning *m = exit_meanings; m->name; m++)
		json_array_append_new(all, json_pack("{s:i, s:s, s:s}", "code", m->code, "name",
					       m->name, "meaning", m->meaning));
	return json_pack("{s:o}", "exit_codes", all);
}

static int run_help(
    struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	struct buf b;
	bool known = true;

	(void)a;
	(void)values;
	buf_init(&b, MIB(1));
	if (n)
		known = add_topic(&b, str_from(words[0]));
	else
		add_overview(&b);
	int code = EXIT_DONE;

	if (!known)
		code = unknown(g, str_from(words[0]));
	else if (g->json && n && strcmp(words[0], "exit-codes") == 0)
		code = cli_print_json(exit_codes_json(), EXIT_DONE);
	else
		code = cli_print(buf_str(&b), EXIT_DONE);
	buf_fini(&b);
	return code;
}

/* --- version
 * ---------------------------------------------------------------------------------------------- */

static int run_version(
    struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	(void)a;
	(void)values;
	(void)words;
	(void)n;
	if (g->json)
		return cli_print_json(
		    json_pack("{s:s, s:s}", "name", "tutti", "version", TUTTI_VERSION), EXIT_DONE);
	return cli_print(STR("tutti " TUTTI_VERSION "\n"), EXIT_DONE);
}

/* --- completion
 * ------------------------------------------------------------------------------------------- */

static void add_words(struct buf *b, const struct opt *table)
{
	for (const struct opt *o = table; o && o->name; o++)
		buf_printf(b, " --%s", o->name);
}

static const char *verbs_of(const struct cmd *c)
{
	if (c == &cmd_flows)
		return "list show validate new trust untrust";
	if (c == &cmd_personas)
		return "list show validate new";
	if (c == &cmd_runs)
		return "list show watch open logs cancel resume retry approve export compare";
	if (c == &cmd_agents)
		return "list show";
	if (c == &cmd_proof)
		return "verify";
	if (c == &cmd_completion)
		return "bash zsh fish";
	return "";
}

/* compgen expands its words: of names that others gave, only what is nothing but a name. */
static void add_bash(struct buf *b)
{
	buf_adds(b, "_tutti() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} words\n"
		    "\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; all_cmds[i]; i++) {
		buf_printf(b, "\t%s) words=\"%s", all_cmds[i]->name, verbs_of(all_cmds[i]));
		add_words(b, all_cmds[i]->opts);
		add_words(b, global_opts);
		buf_adds(b, "\" ;;\n");
	}
	buf_adds(b, "\t*) words=\"");
	for (size_t i = 0; all_cmds[i]; i++)
		buf_printf(b, "%s%s", i ? " " : "", all_cmds[i]->name);
	buf_adds(b, "\" ;;\n\tesac\n"
		    "\tif [ \"$COMP_CWORD\" = 2 ] && [ \"${COMP_WORDS[1]}\" = run ]; then\n"
		    "\t\twords=$(tutti flows list --color never |\n"
		    "\t\t\tsed -n '1d; s/^  \\([a-z0-9-][a-z0-9-]*\\) .*/\\1/p')\n\tfi\n"
		    "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
		    "complete -o default -F _tutti tutti\n");
}

static void add_fish(struct buf *b)
{
	for (size_t i = 0; all_cmds[i]; i++) {
		const struct cmd *c = all_cmds[i];

		buf_printf(b, "complete -c tutti -n __fish_use_subcommand -a %s -d '%s'\n", c->name,
		    strchr(c->summary, '\'') ? "" : c->summary);
		if (verbs_of(c)[0])
			buf_printf(b,
			    "complete -c tutti -n '__fish_seen_subcommand_from %s' -a '%s'\n",
			    c->name, verbs_of(c));
		for (const struct opt *o = c->opts; o && o->name; o++)
			buf_printf(b,
			    "complete -c tutti -n '__fish_seen_subcommand_from %s' -l %s\n",
			    c->name, o->name);
	}
}

static int run_completion(
    struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	struct err err = { 0 };
	struct buf b;
	int code = EXIT_DONE;

	(void)a;
	(void)values;
	buf_init(&b, KIB(256));
	if (n == 1 && strcmp(words[0], "bash") == 0) {
		add_bash(&b);
	} else if (n == 1 && strcmp(words[0], "zsh") == 0) {
		buf_adds(&b, "autoload -U +X bashcompinit && bashcompinit\n");
		add_bash(&b);
	} else if (n == 1 && strcmp(words[0], "fish") == 0) {
		add_fish(&b);
	} else {
		err_set(&err, -EINVAL, "for which shell?");
		err_fix(&err,
		    "tutti completion bash > ~/.local/share/bash-completion/completions/tutti");
		code = cli_fail(g, &err, EXIT_USAGE);
	}
	if (code == EXIT_DONE)
		code = cli_print(buf_str(&b), EXIT_DONE);
	buf_fini(&b);
	return code;
}

const struct cmd cmd_help = { "help", "help [COMMAND | TOPIC]", "this, and more about one thing",
	NULL, NULL, run_help, 0, true };
const struct cmd cmd_version = { "version", "version", "the version of this program", NULL, NULL,
	run_version, 0, true };
const struct cmd cmd_completion = { "completion", "completion bash|zsh|fish",
	"what a shell needs to complete tutti's commands", NULL, NULL, run_completion, 0, true };
