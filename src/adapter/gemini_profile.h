/* How gemini is held to reading (agents.md §1.5, measured with version 0.61.0). */
#ifndef ADAPTER_GEMINI_PROFILE_H
#define ADAPTER_GEMINI_PROFILE_H

#include "adapter/adapter.h"

#define GEMINI_VERSION "0.61.0"

/*
 * The policy given with --admin-policy, the highest of its five tiers. A tool that it denies is not
 * offered. Above all exit_plan_mode: without a person at the terminal it is allowed by default, and
 * whoever leaves plan mode may do everything.
 */
extern const char gemini_policy[];

/*
 * The settings of its home. Only the tools that read are registered; nothing is started, fetched
 * or sent. One try for a request: it says nothing of a second one, and the text would stand twice.
 */
struct str gemini_settings(struct arena *a, unsigned turns);

/* Is it one of the tools that are registered? */
bool gemini_reads(struct str tool);

/*
 * In front of every prompt: plan mode tells the model to write its plan into a file and to ask for
 * leave to go on.
 */
#define GEMINI_NOTE                                                                              \
	"Answer in text. There is no plan to write and no mode to leave: the text of your last " \
	"message is the result.\n\n"

/* What both ways of talking to it share. */
extern const struct agent_package gemini_package;
extern const char *const gemini_shadows[], *const gemini_env_names[];

#endif
