/* How an agent is started, as text: every word of the command, the environment and the files. */
#ifndef TESTS_START_H
#define TESTS_START_H

#include "arena.h"

#include "adapter/adapter.h"
#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>

#define PROMPT "/init --yolo @/etc/passwd\nWhat is here?"
#define TOKEN "0f-token-of-this-attempt"

static const struct agent_task plain = { .prompt = { PROMPT, sizeof(PROMPT) - 1 },
	.prompt_system = 12,
	.repo = "/repo",
	.scratch = "/scratch",
	.home = "/scratch/home",
	.tmp = "/scratch/tmp",
	.port = 7771,
	.token = TOKEN,
	.model = "stub",
	.effort = "",
	.temperature = -1,
	.program = "/usr/lib/node_modules/@qwen-code/qwen-code/cli.js",
	.interpreter = "/usr/bin/node" };

/* TASK where nothing has a root of its own: everything is where the host has it. */
static inline struct agent_task in_place(struct agent_task task)
{
	task.in_place = true;
	task.repo = "/data/snapshot";
	task.scratch = "/data/attempt";
	task.home = "/data/attempt/home";
	task.tmp = "/data/attempt/tmp";
	return task;
}

/* --- as text ---------------------------------------------------------------------------- */

static inline struct agent_launch prepare(
    const struct adapter_ops *ops, const struct agent_task *task)
{
	struct agent_launch l = { 0 };
	struct err err = { 0 };

	if (ops->prepare(arena, task, &l, &err) < 0)
		fail_msg("%s", err.what);
	return l;
}

static inline const char *words(const char *const *v)
{
	char *all = arena_cstr(arena, STR(""));

	for (; *v; v++)
		all = arena_printf(arena, "%s%s\n", all, *v);
	return all;
}

static inline const char *binds(const struct agent_launch *l)
{
	char *all = arena_cstr(arena, STR(""));

	for (size_t i = 0; i < l->n_binds; i++)
		all =
		    arena_printf(arena, "%s%s at %s\n", all, l->binds[i].host, l->binds[i].inside);
	return all;
}

static inline bool has_word(const char *const *v, const char *part)
{
	for (; *v; v++)
		if (strstr(*v, part))
			return true;
	return false;
}

/* TEXT is JSON, and this in canonical form. */
static inline void assert_canonical(struct str text, const char *want)
{
	json_t *doc = json_parse(text, NULL);

	assert_non_null(doc);
	char *got = json_dump_canonical(doc);

	assert_string_equal(got, want);
	free(got);
	json_decref(doc);
}

#endif
