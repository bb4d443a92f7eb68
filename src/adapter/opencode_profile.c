#include "adapter/opencode_profile.h"

#include "adapter/launch.h"
#include "base/json.h"

#include <stdlib.h>

#define TURNS_DEFAULT 60

unsigned opencode_turns(const struct agent_task *task)
{
	return task->max_turns ? task->max_turns : TURNS_DEFAULT;
}

const char *opencode_model(struct arena *a, const struct agent_task *task)
{
	return arena_printf(a, "tutti/%s", launch_model(task));
}

/* The one provider. A request may take as long as the attempt: the deadline is ours. */
static json_t *provider_of(struct arena *a, const struct agent_task *task)
{
	json_t *options =
	    task->effort[0] ? json_pack("{s:s}", "reasoningEffort", task->effort) : json_object();
	json_t *models = json_object();

	json_object_set_new(models, launch_model(task),
	    json_pack("{s:o, s:b, s:o}", "name", json_cstr(launch_model(task)), "temperature",
		task->temperature >= 0, "options", options));
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:b}, s:o}", "npm", "@ai-sdk/openai-compatible",
	    "name", "tutti", "options", "baseURL",
	    arena_printf(a, "http://127.0.0.1:%u/v1", task->port), "apiKey", "{env:TUTTI_TOKEN}",
	    "timeout", 0, "models", models);
}

/* The agent that only plans; past its steps it is asked for its answer. */
static json_t *agent_of(const struct agent_task *task)
{
	json_t *plan = json_pack("{s:i}", "steps", (int)opencode_turns(task));

	if (task->temperature >= 0)
		json_object_set_new(plan, "temperature", json_real(task->temperature));
	return json_pack("{s:o}", "plan", plan);
}

/*
 * Nothing is shared, updated, formatted or loaded. Snapshots would copy the repository into its
 * data directory before every step, in order to undo what cannot happen.
 */
struct str opencode_settings(struct arena *a, const struct agent_task *task)
{
	json_t *model = json_cstr(opencode_model(a, task));
	json_t *doc = json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:[], s:[], s:{}, s:[s]}",
	    "$schema", "https://opencode.ai/config.json", "share", "disabled", "autoupdate", 0,
	    "snapshot", 0, "lsp", 0, "formatter", 0, "plugin", "instructions", "mcp",
	    "enabled_providers", "tutti");

	json_object_set(doc, "model", model);
	json_object_set_new(doc, "small_model", model);
	json_object_set_new(doc, "provider", json_pack("{s:o}", "tutti", provider_of(a, task)));
	json_object_set_new(doc, "agent", agent_of(task));
	json_object_set_new(doc, "permission", json_parse(STR(OPENCODE_PERMISSION), NULL));
	char *text = json_dump(doc);
	struct str copy = arena_dup(a, str_from(text));

	free(text);
	json_decref(doc);
	return copy;
}

bool opencode_reads(struct str tool)
{
	static const char *const reading[] = { "read", "glob", "grep", "list" };

	for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++)
		if (str_is(tool, reading[i]))
			return true;
	return false;
}
