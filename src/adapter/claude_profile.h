/* How claude is held to reading (agents.md §1.2, measured with version 2.1.330). */
#ifndef ADAPTER_CLAUDE_PROFILE_H
#define ADAPTER_CLAUDE_PROFILE_H

#include "adapter/reads.h"

#include <stdbool.h>

#define CLAUDE_VERSION "2.1.330"

/* --tools: there are no others then, for sub-agents neither. */
#define CLAUDE_TOOLS "Read,Grep,Glob"

/* Given with --settings, which no file of a repository or a home overrides. */
extern const char claude_settings[];

/* Its home before it starts: not a first start, nothing to fetch, nothing to ask. */
extern const char claude_home[];

/* In front of every prompt: plan mode tells the model to hand in a plan, with a tool that does not
 * exist here. */
#define CLAUDE_NOTE \
	"Answer in text, not with a plan: the text of your last message is the result.\n\n"

/* What it would obey in a repository. */
extern const char *const claude_shadows[];

/* What its calls show. */
extern const struct read_tool claude_read_tools[];

/* Is it one of CLAUDE_TOOLS? */
bool claude_reads(struct str tool);

#endif
