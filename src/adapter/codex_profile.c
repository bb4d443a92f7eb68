#include "adapter/codex_profile.h"

#include "base/buf.h"
#include "base/limits.h"

#include <stdlib.h>

const char codex_rules[] = CODEX_COMMANDS(CODEX_RULE);

/* --- settings -------------------------------------------------------------------------------- */

/*
 * Nothing is reported, updated, loaded, remembered or delegated. Instructions of the repository are
 * not read: what an agent does here comes from its prompt. Commands do not get our environment.
 */
static const char fixed[] = "sandbox_mode = \"read-only\"\n"
			    "web_search = \"disabled\"\n"
			    "check_for_update_on_startup = false\n"
			    "project_doc_max_bytes = 0\n"
			    "model_provider = \"tutti\"\n";

static const char first_table[] = "\n[analytics]\nenabled = false\n";
static const char agents_table[] = "\n[agents]\nenabled = false\n";
static const char tables[] =
    "\n[skills.bundled]\nenabled = false\n"
    "\n[features]\n"
    "apps = false\ndaemon_auto_start = false\nenable_request_compression = false\n"
    "goals = false\nhooks = false\nimage_generation = false\nplugins = false\n"
    "remote_plugin = false\nshell_snapshot = false\nsystem_proxy_fallback = false\n"
    "unbounded_connection_retries = false\n";

/* A JSON string is one of TOML, too. */
static void pair(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s = ", key);
	buf_add_json(b, str_from(value));
	buf_addc(b, '\n');
}

/* A silent server is waited for: the deadline is ours. */
static void add_provider(struct buf *b, const struct agent_task *task)
{
	buf_printf(b,
	    "\n[model_providers.tutti]\n"
	    "name = \"tutti\"\n"
	    "base_url = \"http://127.0.0.1:%u/v1\"\n"
	    "env_key = \"TUTTI_TOKEN\"\n"
	    "wire_api = \"responses\"\n"
	    "supports_websockets = false\n"
	    "request_max_retries = 2\n"
	    "stream_max_retries = 2\n"
	    "stream_idle_timeout_ms = 3600000\n",
	    task->port);
}

static void add_environment(struct buf *b, const struct agent_task *task)
{
	buf_adds(b, "\n[shell_environment_policy]\ninherit = \"none\"\n"
		    "\n[shell_environment_policy.set]\n");
	pair(b, "PATH", "/usr/bin:/bin");
	pair(b, "LANG", "C.UTF-8");
	pair(b, "HOME", task->home);
	pair(b, "TMPDIR", task->tmp);
}

struct str codex_settings(struct arena *a, const struct agent_task *task, bool acp)
{
	struct buf b;

	buf_init(&b, KIB(64));
	buf_printf(&b, "approval_policy = \"%s\"\n", acp ? "on-request" : "never");
	buf_adds(&b, fixed);
	if (task->effort[0])
		pair(&b, "model_reasoning_effort", task->effort);
	buf_adds(&b, first_table);
	buf_adds(&b, acp ? "" : agents_table);
	buf_adds(&b, tables);
	add_provider(&b, task);
	add_environment(&b, task);
	struct str copy = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return copy;
}

/* --- commands -------------------------------------------------------------------------------- */

#define CODEX_NAME(name) name,
static const char *const reading[] = { CODEX_COMMANDS(CODEX_NAME) };

bool codex_reads(struct str command)
{
	static const struct str marks[] = { { " -lc ", 5 }, { " -c ", 4 } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		ptrdiff_t at = str_find(command, marks[i]);

		if (at >= 0) {
			command = str_skip(command, (size_t)at + marks[i].n);
			break;
		}
	}
	while (command.n && strchr("'\"( \t\n", command.p[0]))
		command = str_skip(command, 1);
	for (size_t n = 0; n < command.n; n++)
		if (strchr(" \t\n'\";|&<>()", command.p[n]))
			command.n = n;
	if (str_starts(command, STR("/usr/bin/")))
		command = str_skip(command, 9);
	else if (str_starts(command, STR("/bin/")))
		command = str_skip(command, 5);
	for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++)
		if (str_is(command, reading[i]))
			return true;
	return false;
}

#define SHOWN_MAX 10000

struct str codex_shown(struct str output)
{
	return output.n <= SHOWN_MAX ? output : str_take(output, SHOWN_MAX / 2);
}
