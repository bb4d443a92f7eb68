#include "cli/exit.h"

#include "base/arena.h"
#include "store/store.h"

#include <stddef.h>

const struct exit_meaning exit_meanings[] = {
	{ EXIT_DONE, "done", "done; gate not tripped" },
	{ EXIT_RUN_FAILED, "failed", "run failed: a required step failed, or there is no report" },
	{ EXIT_USAGE, "usage", "usage error, or an ambiguous request that was refused" },
	{ EXIT_GATE, "gate", "findings gate tripped (--fail-on)" },
	{ EXIT_NOT_READY, "not-ready",
	    "not ready: agent, model, repository, data; or a flow is not trusted" },
	{ EXIT_NOT_FOUND, "not-found", "no such flow, run or step" },
	{ EXIT_INVALID, "invalid", "definition invalid (flows validate)" },
	{ EXIT_LIMIT, "limit", "time limit or token budget reached" },
	{ EXIT_PARTIAL, "partial", "completed, but partial, with --strict" },
	{ EXIT_UNCONFIRMED, "unconfirmed",
	    "cancelled, but the death of a process was not confirmed" },
	{ EXIT_MEMORY, "no-memory",
	    "there was no memory, or the fence's launcher was killed; what was told is stored, and "
	    "runs can be resumed" },
	{ EXIT_LOST, "lost",
	    "the database was removed, replaced or cut short while it was in use" },
	{ EXIT_NO_FENCE, "no-fence",
	    "this machine cannot hold agents to reading (mode D): none was started" },
	{ EXIT_INTERRUPTED, "interrupted", "interrupted (Ctrl-C)" },
	{ EXIT_TERMINATED, "terminated", "terminated (SIGTERM)" },
	{ 0, NULL, NULL },
};

const char *exit_name(int code)
{
	for (const struct exit_meaning *m = exit_meanings; m->name; m++)
		if (m->code == code)
			return m->name;
	return "unknown";
}
