/* The words of this room, as they are stored and shown. */
#include "evidence/evidence.h"

static const char *const states[CITE_STATES] = {
	[CITE_UNCHECKED] = "not checked",
	[CITE_RESOLVES] = "resolves",
	[CITE_MOVED] = "moved",
	[CITE_CHANGED] = "changed",
	[CITE_MISSING] = "missing",
};

static const char *const classes[TRUST_CLASSES] = {
	[TRUST_CODEBASE] = "codebase",
	[TRUST_WEB] = "web",
	[TRUST_PROVIDED] = "provided",
};

static const char *const severities[SEVERITIES] = {
	[SEVERITY_NONE] = "none",
	[SEVERITY_NOTE] = "note",
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
};

static const char *const severity_titles[SEVERITIES] = {
	[SEVERITY_NONE] = "Not rated",
	[SEVERITY_NOTE] = "Note",
	[SEVERITY_LOW] = "Low",
	[SEVERITY_MEDIUM] = "Medium",
	[SEVERITY_HIGH] = "High",
	[SEVERITY_CRITICAL] = "Critical",
};

static const char *const verdicts[VERDICTS] = {
	[VERDICT_NONE] = "not reviewed",
	[VERDICT_UPHELD] = "upheld",
	[VERDICT_WEAKENED] = "weakened",
	[VERDICT_REFUTED] = "refuted",
};

static const char *const dispositions[DISPOSITIONS] = {
	[DISPOSITION_NONE] = "undecided",
	[DISPOSITION_KEPT] = "kept",
	[DISPOSITION_MERGED] = "merged",
	[DISPOSITION_DEMOTED] = "demoted",
	[DISPOSITION_REFUTED] = "refuted",
	[DISPOSITION_DEFERRED] = "deferred",
};

static int parse(const char *const *names, int n, struct str name)
{
	for (int i = 0; i < n; i++)
		if (str_eq_nocase(name, str_from(names[i])))
			return i;
	return -1;
}

const char *cite_state_name(enum cite_state s)
{
	return states[s];
}

const char *trust_class_name(enum trust_class t)
{
	return classes[t];
}

const char *severity_name(enum severity s)
{
	return severities[s];
}

const char *severity_title(enum severity s)
{
	return severity_titles[s];
}

const char *verdict_name(enum verdict v)
{
	return verdicts[v];
}

const char *disposition_name(enum disposition d)
{
	return dispositions[d];
}

int cite_state_parse(struct str name)
{
	return parse(states, CITE_STATES, name);
}

int trust_class_parse(struct str name)
{
	return parse(classes, TRUST_CLASSES, name);
}

int severity_parse(struct str name)
{
	return parse(severities, SEVERITIES, name);
}

int verdict_parse(struct str name)
{
	return parse(verdicts, VERDICTS, name);
}

int disposition_parse(struct str name)
{
	return parse(dispositions, DISPOSITIONS, name);
}
