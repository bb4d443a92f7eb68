/* How qwen is held to reading: one list of tools, in the three forms it wants them (agents.md
 * §1.1, measured with version 0.24.4). */
#ifndef ADAPTER_QWEN_PROFILE_H
#define ADAPTER_QWEN_PROFILE_H

#include "base/str.h"

#include <stdbool.h>

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

/* The system settings file: nothing in a repository or home can override it. */
extern const char qwen_settings[];

/* Does the tool change anything, start anything, or talk to anybody? */
bool qwen_mutates(struct str tool);

#endif
