/* How opencode is held to reading: what it may use, and the configuration that says so (agents.md
 * §1.4, measured with version 1.18.33). */
#ifndef ADAPTER_OPENCODE_PROFILE_H
#define ADAPTER_OPENCODE_PROFILE_H

#include "adapter/adapter.h"

#define OPENCODE_VERSION "1.18.33"

/* The later rule counts, and a tool that is denied disappears from its list. */
#define OPENCODE_PERMISSION                                                         \
	"{\"*\":\"deny\",\"read\":\"allow\",\"glob\":\"allow\",\"grep\":\"allow\"," \
	"\"list\":\"allow\"}"

/* Steps that a task gets when it names none. */
unsigned opencode_turns(const struct agent_task *task);
/* "tutti/MODEL", in A: our provider is the only one there is. */
const char *opencode_model(struct arena *a, const struct agent_task *task);
/* Its configuration as JSON, in A. The key is not in it. */
struct str opencode_settings(struct arena *a, const struct agent_task *task);
/* Does the tool only read? A name that nobody knows does not. */
bool opencode_reads(struct str tool);

#endif
