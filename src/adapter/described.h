/*
 * An agent that a file describes: any program that takes a prompt and gives an answer. Nobody has
 * measured how it is held to reading, so it claims no mode of its own: the fence alone holds it,
 * and the attestation says that. A description names nothing of the fence; it can only ask for
 * arguments, variables and files of its private home. docs/agents-other.md has the keys.
 *
 * The file's text is handed in; reading it and whether it may be trusted is the caller's.
 */
#ifndef ADAPTER_DESCRIBED_H
#define ADAPTER_DESCRIBED_H

#include "adapter/adapter.h"
#include "base/sha256.h"
#include "flow/yaml.h"

#define DESCRIBED_MODE "none of its own"

enum described_output { DESCRIBED_TEXT, DESCRIBED_NDJSON, DESCRIBED_ACP };

/* What a line of ndjson output can tell. */
enum described_event {
	EVENT_TEXT,
	EVENT_THINK,
	EVENT_TOOL,
	EVENT_TOOL_END,
	EVENT_USAGE,
	EVENT_ERROR,
	EVENT_RESULT,
	DESCRIBED_EVENTS
};

/* Places in a line: JSON pointers (RFC 6901), or p NULL. */
struct described_rule {
	bool there;
	struct str text, id, name, input, failed, in, out, cached;
	struct described_match {
		struct str at, is;
	} * when;
	size_t n_when;
};

struct described {
	struct adapter_ops ops;
	const char *program; /* absolute */
	struct str *arguments;
	size_t n_arguments;
	struct described_pair {
		struct str name, value;
	} * environment, *files;
	size_t n_environment, n_files;
	bool prompt_as_argument;
	enum described_output output;
	struct described_rule rules[DESCRIBED_EVENTS];
	char digest[SHA256_HEX]; /* of the text it was read from */
};

/*
 * Agent NAME out of TEXT, which is that of FILE (absolute). Everything in A. NULL when there are
 * errors; all of them are in ERRORS.
 */
const struct described *described_read(struct arena *a, const char *name, const char *file,
    struct str text, struct flow_errors *errors);
/* 1 to 32 of a-z, 0-9 and -, the first a letter. */
bool described_is_name(struct str name);

/* --- for the files of described*.c ------------------------------------------------------ */

/* "{{port}}" and its like filled in; the template was checked when it was read. */
struct str described_fill(struct arena *a, struct str template, const struct agent_task *task);
/* Says what is wrong with a template. */
void described_check_template(
    struct str text, struct place at, bool secret, struct flow_errors *errors);
bool described_is_pointer(struct str text);
/* The value at POINTER in DOC, or NULL. */
const json_t *described_at(const json_t *doc, struct str pointer);
/* The traits and functions that all of them have. */
void described_codec(struct adapter_ops *ret);

#endif
