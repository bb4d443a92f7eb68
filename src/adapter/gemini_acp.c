/* The gemini CLI over ACP: same policy, same settings (agents.md 7). */
#include "adapter/acp.h"
#include "adapter/gemini_profile.h"
#include "adapter/launch.h"

#define WORDS_MAX 40

/* It tells its mode in the text, too. */
static const char *const asides[] = { "[MODE_UPDATE] ", NULL };

static const struct acp_profile profile = { .mode = "plan", .note = GEMINI_NOTE, .asides = asides };

/* Everything but how the output reads is as in one shot. */
static const char **argv_of(struct arena *a, const char *const *shot)
{
	const char **argv = arena_array(a, WORDS_MAX, sizeof(*argv));
	size_t n = 0;

	for (; *shot && n < WORDS_MAX - 2; shot++) {
		if (strcmp(*shot, "--output-format") == 0)
			shot++; /* and its value */
		else
			argv[n++] = *shot;
	}
	argv[n] = "--acp";
	return argv;
}

static int prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err)
{
	int rc = adapter_gemini.prepare(a, task, ret, err);

	if (rc)
		return rc;
	ret->argv = argv_of(a, ret->argv);
	ret->stdin_text = acp_greeting(a);
	ret->stdin_open = true;
	return 0;
}

static struct agent_session *create(const struct agent_task *task, fact_fn fn, void *ctx)
{
	return acp_create(&profile, task, fn, ctx);
}

const struct adapter_ops adapter_gemini_acp = {
	.name = "gemini",
	.title = "Gemini CLI over ACP",
	.read_only_enforced = true,
	.traits = { .mode = "plan",
	    .dialect = "gemini",
	    .streams = true,
	    .thinks = true,
	    .counts = true,
	    .shadows = gemini_shadows },
	.package = &gemini_package,
	.env_names = gemini_env_names,
	.version_arg = "--version",
	.prepare = prepare,
	.create = create,
};
