/* How qwen is held to reading: one list of tools, in the three forms it wants them (agents.md
 * §1.1, measured with version 0.24.4). */
#ifndef ADAPTER_QWEN_PROFILE_H
#define ADAPTER_QWEN_PROFILE_H

#include "adapter/adapter.h"
#include "adapter/reads.h"

#define QWEN_VERSION "0.24.4"

/* --exclude-tools: they disappear from its list. */
#define QWEN_EXCLUDED                                                                        \
	"enter_worktree,exit_worktree,agent,skill,cron_create,cron_delete,loop_wakeup,"      \
	"record_artifact,web_fetch,monitor,run_shell_command,edit,write_file,notebook_edit," \
	"task_stop,send_message"

/* Commands that a prompt beginning with a slash could reach. */
#define QWEN_SLASH                                                                            \
	"init,export,summary,import-config,auth,mcp,hooks,extensions,update,remember,memory," \
	"setup-github,language,clear"

/*
 * In front of every prompt: plan mode tells the model to call a tool that does not exist here, and
 * a slash or an at sign at the beginning would be a command of the CLI.
 */
#define QWEN_NOTE                                                          \
	"Answer in text. Do not call exit_plan_mode: it is not available " \
	"here, and the text of your last message is the result.\n\n"

extern const struct agent_package qwen_package;
extern const char *const qwen_shadows[], *const qwen_env_names[];

/* The system settings file: nothing in a repository or home can override it. */
extern const char qwen_settings[];

/* What its calls show. */
extern const struct read_tool qwen_read_tools[];

/* Does the tool change anything, start anything, or talk to anybody? */
bool qwen_mutates(struct str tool);

/* What both ways of talking to it begin with: everything but argv and stdin. */
int qwen_prepare(
    struct arena *a, const struct agent_task *task, struct agent_launch *ret, struct err *err);
/* The first words of argv. */
const char *qwen_node(const struct agent_task *t);
const char *qwen_script(struct arena *a, const struct agent_task *t);

#endif
