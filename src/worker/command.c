/* A command step: argv, read-only, without network; stdout is the output, the status decides. */
#include "worker/priv.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <sys/wait.h>

#define SAID_MAX 300 /* bytes of what a command said last */

static const char **env_of(struct attempt *at)
{
	const char *const env[] = { "PATH=/usr/local/bin:/usr/bin:/bin",
		arena_printf(at->arena, "HOME=%s", at->place.home),
		arena_printf(at->arena, "TMPDIR=%s", at->place.tmp), "LANG=C.UTF-8", "TERM=dumb",
		"NO_COLOR=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", NULL };
	const char **copy = arena_alloc(at->arena, sizeof(env));

	memcpy(copy, env, sizeof(env));
	return copy;
}

/* env(1) finds the program in PATH, which execution by descriptor does not. */
static const char **argv_of(struct attempt *at)
{
	const struct claim *cl = at->claim;
	const char **argv = arena_array(at->arena, cl->n_argv + 3, sizeof(*argv));
	size_t n = 0;

	if (cl->n_argv && cl->argv[0].n && cl->argv[0].p[0] != '/') {
		argv[n++] = "/usr/bin/env";
		argv[n++] = "--";
	}
	for (size_t k = 0; k < cl->n_argv; k++)
		argv[n++] = arena_cstr(at->arena, cl->argv[k]);
	return argv;
}

static int open_snapshot(struct attempt *at, struct err *err)
{
	char *id = arena_cstr(at->arena, at->claim->snapshot);

	return workspace_open(at->worker->config.workspace, id, &at->snapshot, err);
}

void command_start(struct attempt *at)
{
	struct err err = { 0 };
	struct fence_spec spec = {
		.purpose = FENCE_COMMAND, .argv = argv_of(at), .wall = at->claim->timeout
	};
	int rc = child_place(at, FENCE_COMMAND, &err);

	if (rc == 0 && at->claim->snapshot.n)
		rc = open_snapshot(at, &err);

	if (rc == 0 && at->snapshot) {
		spec.repo = at->snapshot->tree;
		snapshot_binds(
		    at->snapshot, at->place.in_place, at->arena, &spec.binds, &spec.n_binds);
	}
	if (rc == 0)
		spec.env = env_of(at);
	if (rc == 0)
		rc = child_spawn(at, &spec, (struct str){ NULL, 0 }, false, &err);
	if (rc)
		attempt_refuse(at, &err);
}

static const char *why_failed(struct attempt *at)
{
	struct str said =
	    utf8_cut(str_last_words(utf8_clean(at->arena, buf_str(&at->errors))), SAID_MAX);
	const char *colon = said.n ? ": " : "";

	if (at->overfull)
		return at->overfull;
	if (at->out_of_memory)
		return arena_printf(at->arena, "out of memory%s%.*s", colon, STR_ARG(said));
	if (WIFSIGNALED(at->status))
		return arena_printf(
		    at->arena, "signal %d%s%.*s", WTERMSIG(at->status), colon, STR_ARG(said));
	return arena_printf(
	    at->arena, "exit status %d%s%.*s", WEXITSTATUS(at->status), colon, STR_ARG(said));
}

void command_ended(struct attempt *at)
{
	bool ok = !at->overfull && WIFEXITED(at->status) && WEXITSTATUS(at->status) == 0;

	at->result.output = utf8_clean(at->arena, buf_str(&at->output));
	at->result.facts = json_pack(
	    "{s:s, s:b, s:s}", "agent", "command", "cut", at->output_cut, "proof", attest_line(at));
	if (at->tampered) {
		attempt_conclude(at, ENDING_DENIED, str_from(at->tampered));
		return;
	}
	if (!ok) {
		attempt_conclude(at, at->stopping ? attempt_stop_ending(at) : ENDING_CRASHED,
		    str_from(why_failed(at)));
		return;
	}
	seen_command(at, at->result.output);
	at->result.evidence = seen_add(at, NULL);
	at->result.usable = at->output_cut;
	attempt_conclude(at, at->output_cut ? ENDING_TRUNCATED : ENDING_ANSWERED,
	    at->output_cut ? STR("its output was cut at 4 MiB") : STR(""));
}
