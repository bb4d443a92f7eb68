/* How codex is held to reading: its own read-only mode, and the few commands that may run in it
 * (measured with version 0.169.0). */
#ifndef ADAPTER_CODEX_PROFILE_H
#define ADAPTER_CODEX_PROFILE_H

#include "adapter/adapter.h"

#define CODEX_VERSION "0.169.0"

/*
 * In read-only mode codex runs a command inside a sandbox of its own, bubblewrap, which needs
 * namespaces and mounts. Behind our fence there are none to be had, so there every command fails,
 * and so it should: what runs is what its rules let out of that sandbox, programs that only read
 * whatever their arguments are. A script of several is let out when each is such a one; with a
 * redirection, a substitution or a variable it is not. Its tool for patches is refused by the mode.
 */
#define CODEX_COMMANDS(X) \
	X("cat")          \
	X("cut")          \
	X("diff")         \
	X("grep")         \
	X("head")         \
	X("ls")           \
	X("nl")           \
	X("pwd")          \
	X("stat")         \
	X("tac")          \
	X("tail")         \
	X("wc")

/*
 * One of them to allow: the rule, and where the program stands. Without the latter a program of
 * that name in the repository would be let out, too.
 */
#define CODEX_RULE(name)                                                                    \
	"prefix_rule(pattern = [\"" name "\"], decision = \"allow\")\n"                     \
	"host_executable(name = \"" name "\", paths = [\"/usr/bin/" name "\", \"/bin/" name \
	"\"])\n"

extern const char codex_rules[];

/*
 * config.toml, in A. The key is not in it. Over ACP the mode has to be one that its server knows:
 * it asks, and is refused; and the codex in there knows no sub-agents.
 */
struct str codex_settings(struct arena *a, const struct agent_task *task, bool acp);
/* The command of an item, "/bin/bash -lc 'grep -n x y | head'": does its first program only read?
 */
bool codex_reads(struct str command);

/* In front of every prompt. */
#define CODEX_NAMED(name) " " name
#define CODEX_NOTE                                                                               \
	"Read with these commands, alone, piped or one after the other:" CODEX_COMMANDS(         \
	    CODEX_NAMED) ". No other runs here, and none with a redirection, a substitution or " \
			 "a variable. Answer in text: the text of your last message is the "     \
			 "result.\n\n"

/*
 * What a model sees of a command's output, of which codex has no entry (which are all but its
 * maker's): 10,000 bytes whole; of a longer one the first half of that, which is told here, and the
 * last.
 */
struct str codex_shown(struct str output);

/* What both ways of talking to it share. */
extern const char *const codex_shadows[], *const codex_env_names[];

#endif
