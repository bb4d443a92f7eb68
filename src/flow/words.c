#include "flow/words.h"

static const char *const step_statuses[STEP_STATUSES] = {
	[STEP_PENDING] = "pending",
	[STEP_RUNNING] = "running",
	[STEP_COMPLETED] = "completed",
	[STEP_FAILED] = "failed",
	[STEP_SKIPPED] = "skipped",
	[STEP_CANCELLED] = "cancelled",
};

static const char *const run_statuses[RUN_STATUSES] = {
	[RUN_RUNNING] = "running",
	[RUN_COMPLETED] = "completed",
	[RUN_FAILED] = "failed",
	[RUN_CANCELLED] = "cancelled",
};

static const char *const endings[ENDINGS] = {
	[ENDING_NONE] = "none",
	[ENDING_ANSWERED] = "answered",
	[ENDING_EMPTY] = "empty",
	[ENDING_ASKED] = "asked",
	[ENDING_REFUSED] = "refused",
	[ENDING_DENIED] = "denied",
	[ENDING_RATE_LIMITED] = "rate_limited",
	[ENDING_QUOTA] = "quota",
	[ENDING_TRUNCATED] = "truncated",
	[ENDING_CONTRACT_BROKEN] = "contract_broken",
	[ENDING_TIMED_OUT] = "timed_out",
	[ENDING_STALLED] = "stalled",
	[ENDING_CRASHED] = "crashed",
	[ENDING_ENDPOINT_DOWN] = "endpoint_down",
	[ENDING_LOST] = "lost",
	[ENDING_CANCELLED] = "cancelled",
};

static const char *const sizes[FLOW_SIZES] = {
	[SIZE_SMALL] = "small",
	[SIZE_MEDIUM] = "medium",
	[SIZE_LARGE] = "large",
	[SIZE_AUTO] = "auto",
};

static const char *const kinds[STEP_KINDS] = {
	[KIND_AGENT] = "agent",
	[KIND_CODE] = "code",
	[KIND_COMMAND] = "command",
	[KIND_EACH] = "each",
	[KIND_SWITCH] = "switch",
	[KIND_LOOP] = "loop",
	[KIND_APPROVAL] = "approval",
	[KIND_FLOW] = "flow",
	[KIND_SNAPSHOT] = "snapshot",
};

static const char *const roles[STEP_ROLES] = {
	[ROLE_NONE] = "none",
	[ROLE_ANGLE] = "angle",
	[ROLE_FOLD] = "fold",
	[ROLE_ASSESS] = "assess",
	[ROLE_SYNTHESIZER] = "synthesizer",
	[ROLE_VALIDATOR] = "validator",
	[ROLE_RECONCILE] = "reconcile",
	[ROLE_REWRITE] = "rewrite",
};

static const char *const categories[FLOW_CATEGORIES] = {
	[CATEGORY_ANALYSIS] = "analysis",
	[CATEGORY_DISCOVERY] = "discovery",
	[CATEGORY_PLANNING] = "planning",
	[CATEGORY_AUTHORING] = "authoring",
	[CATEGORY_REVIEW] = "review",
};

static const char *const fences[FLOW_FENCES] = {
	[FLOW_FENCE_ANY] = "any",
	[FLOW_FENCE_A] = "A",
};

const char *const read_only_tools[] = { "list_dir", "read_file", "search", "find_files", "git_log",
	"git_diff", "git_blame", "git_show", NULL };

bool is_read_only_tool(struct str name)
{
	for (const char *const *tool = read_only_tools; *tool; tool++)
		if (str_is(name, *tool))
			return true;
	return false;
}

static int lookup(const char *const *names, int n, struct str name)
{
	for (int i = 0; i < n; i++)
		if (str_is(name, names[i]))
			return i;
	return -1;
}

#define WORDS(type, prefix, table, count)                                        \
	const char *prefix##_name(enum type value)                               \
	{                                                                        \
		return (unsigned)value < (unsigned)(count) ? table[value] : "?"; \
	}                                                                        \
	int prefix##_parse(struct str name)                                      \
	{                                                                        \
		return lookup(table, (count), name);                             \
	}

WORDS(step_status, step_status, step_statuses, STEP_STATUSES)
WORDS(run_status, run_status, run_statuses, RUN_STATUSES)
WORDS(ending, ending, endings, ENDINGS)
WORDS(flow_size, flow_size, sizes, FLOW_SIZES)
WORDS(step_kind, step_kind, kinds, KIND_SNAPSHOT + 1)
WORDS(step_role, step_role, roles, STEP_ROLES)
WORDS(flow_category, flow_category, categories, FLOW_CATEGORIES)
WORDS(flow_fence, flow_fence, fences, FLOW_FENCES)
