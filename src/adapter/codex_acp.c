/*
 * Codex over ACP: a server of its own package with a codex built in. It reads the same
 * configuration and the same rules (codex_profile.h), and its mode is the same sandbox
 * (measured with version 0.16.0).
 */
#include "adapter/acp.h"
#include "adapter/codex_profile.h"
#include "adapter/launch.h"

#include "base/json.h"

#include <stdlib.h>

#define INSIDE_PROGRAM "/opt/codex-acp"

static const char *const executables[] = {
	"@zed-industries/codex-acp-linux-" NPM_PROCESSOR "/bin/codex-acp", NULL
};

static const struct agent_package package = {
	.name = "@zed-industries/codex-acp", .version = "0.16.0", .executables = executables
};

/* --- starting -------------------------------------------------------------------------------- */

/* A JSON string is one of TOML, too. */
static const char *model_of(struct arena *a, const struct agent_task *t)
{
	json_t *name = json_cstr(launch_model(t));
	char *text = json_dumps(name, JSON_ENCODE_ANY);
	const char *setting = arena_printf(a, "model=%s", text);

	free(text);
	json_decref(name);
	return setting;
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	int rc = adapter_codex.prepare(a, task, ret, err);

	if (rc)
		return rc;
	const char *const argv[] = { launch_place(task, task->program, INSIDE_PROGRAM), "-c",
		model_of(a, task), NULL };

	ret->argv = launch_words(a, argv);
	ret->files[0].text = codex_settings(a, task, true);
	ret->n_binds = 0;
	launch_bind(a, task, ret, task->program, INSIDE_PROGRAM);
	ret->stdin_text = acp_greeting(a);
	ret->stdin_open = true;
	return 0;
}

/* --- its session ----------------------------------------------------------------------------- */

#define COMMAND_WORDS 64

/* A warning of its own about models that it does not know, as if the model had said it. */
static const char *const asides[] = { "Model metadata for `", NULL };

/* Its command is a list of words; what came of it stands beside how it ended. */
static json_t *reads(const json_t *input, const json_t *output)
{
	const json_t *word, *command = json_get_array(input, "command");
	struct str words[COMMAND_WORDS], shown = json_get_str(output, "aggregated_output");
	size_t i, n = json_array_size(command);

	if (!n || n > COMMAND_WORDS || json_get_int(output, "exit_code", -1))
		return NULL;
	json_array_foreach (command, i, word)
		words[i] = json_is_string(word) ? str_from(json_string_value(word)) : STR("");
	return reads_of_command(words, n, codex_shown(shown), codex_shown(shown).n == shown.n);
}

static const struct acp_profile profile = { .mode = "read-only",
	.note = CODEX_NOTE,
	.may_run = codex_reads,
	.reads = reads,
	.asides = asides };

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	return acp_create(&profile, task, fn, ctx);
}

const struct adapter_ops adapter_codex_acp = {
	.name = "codex",
	.command = "codex-acp",
	.title = "Codex over ACP",
	.read_only_enforced = true,
	.traits = { .mode = "read-only",
	    .dialect = "responses",
	    .streams = true,
	    .thinks = true,
	    .tells_reads = true,
	    .shadows = codex_shadows },
	.package = &package,
	.env_names = codex_env_names,
	.prepare = prepare,
	.create = create,
};
