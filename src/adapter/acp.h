/*
 * The Agent Client Protocol, version 1: JSON-RPC 2.0, one message a line, over stdin and stdout of
 * the agent (agentclientprotocol.com). One codec for every agent that speaks it; how one of them is
 * held to reading is its profile.
 *
 * The way of a session: initialize, session/new, session/set_mode into the mode that only reads,
 * session/prompt, updates, and the response to the prompt as the last word. Nothing is ever
 * allowed: a request for permission gets an option that rejects, every other request of the agent
 * gets "method not found". A mode that is left, and a call that changes something and succeeds, are
 * violations.
 */
#ifndef ADAPTER_ACP_H
#define ADAPTER_ACP_H

#include "adapter/adapter.h"
#include "adapter/reads.h"

struct acp_profile {
	const char *mode; /* that only reads; NULL: none of its own, the fence alone holds it */
	const char *note; /* in front of every prompt, so that none begins with a command */
	bool (*mutates)(struct str tool); /* by the agent's own name for it; NULL: its kind tells */
	/* Whoever reads by running commands: is this one of those that only read? NULL: none is. */
	bool (*may_run)(struct str command);
	/* What its calls show of files (reads.h), NULL: see next; and of its commands. */
	const struct read_tool *read_tools;
	json_t *(*reads)(const json_t *input, const json_t *output);
	json_t *(*meta)(const struct agent_task *task); /* `_meta` of session/new; NULL: none */
	const char *const *asides; /* texts that begin so are the program's own; or NULL */
};

/* The first line, with its newline, for agent_launch.stdin_text. */
struct str acp_greeting(struct arena *a);
/* As create of struct adapter_ops; PROFILE must outlive the session. */
struct agent_session *acp_create(
    const struct acp_profile *profile, const struct agent_task *task, fact_fn fn, void *ctx);

#endif
