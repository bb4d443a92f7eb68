/* The tools: what the model is told about them, and where they are. */
#include "agent/priv.h"

#include "base/utf8.h"

#include <stdarg.h>

#define PATH_SHOWN 200

#define PROPS(text) "{\"type\":\"object\",\"properties\":{" text "}"
#define PATH_PROP "\"path\":{\"type\":\"string\",\"description\":\"relative to the repository\"}"
#define MAX_PROP "\"max\":{\"type\":\"integer\",\"description\":\"most results, 100\"}"

const struct tool agent_tools[] = {
	{ "list_dir", "The entries of one directory; directories end in a slash.",
	    PROPS(PATH_PROP) "}", tool_list_dir },
	{ "read_file", "Lines of a text file, numbered. At most 400 lines a call.",
	    PROPS(PATH_PROP
		",\"from\":{\"type\":\"integer\",\"description\":\"first line, 1\"},"
		"\"to\":{\"type\":\"integer\",\"description\":\"last line\"}") ",\"required\":["
									       "\"path\"]}",
	    tool_read_file },
	{ "search",
	    "Lines that contain a text, as path:line: text. Set regex for a POSIX extended "
	    "regular expression.",
	    PROPS(
		"\"pattern\":{\"type\":\"string\"}," PATH_PROP
		",\"regex\":{\"type\":\"boolean\"},\"glob\":{\"type\":\"string\",\"description\":"
		"\"only files that match, e.g. **/*.c\"}," MAX_PROP) ",\"required\":[\"pattern\"]}",
	    tool_search },
	{ "find_files", "Paths that match a pattern, e.g. **/*.c or *store*.",
	    PROPS("\"pattern\":{\"type\":\"string\"}," MAX_PROP) ",\"required\":[\"pattern\"]}",
	    tool_find_files },
	{ "git_log", "Commits, newest first: hash, date, author, subject.",
	    PROPS(PATH_PROP "," MAX_PROP) "}", tool_git_log },
	{ "git_diff", "What changed between two commits (to: default HEAD).",
	    PROPS(
		"\"from\":{\"type\":\"string\"},\"to\":{\"type\":\"string\"}," PATH_PROP) ",\"requi"
											  "red\":["
											  "\"from\""
											  "]}",
	    tool_git_diff },
	{ "git_blame", "Who last changed each of some lines, and in which commit.",
	    PROPS(PATH_PROP
		",\"from\":{\"type\":\"integer\"},\"to\":{\"type\":\"integer\"}") ",\"required\":["
										  "\"path\"]}",
	    tool_git_blame },
	{ "git_show", "One commit with its changes.",
	    PROPS("\"commit\":{\"type\":\"string\"}") ",\"required\":[\"commit\"]}",
	    tool_git_show },
};

const size_t agent_n_tools = sizeof(agent_tools) / sizeof(agent_tools[0]);

const struct tool *tool_find(struct str name)
{
	for (size_t i = 0; i < agent_n_tools; i++)
		if (str_is(name, agent_tools[i].name))
			return &agent_tools[i];
	return NULL;
}

int tool_fail(struct tool_call *call, const char *fmt, ...)
{
	va_list ap;

	buf_clear(call->out);
	buf_adds(call->out, "Error: ");
	va_start(ap, fmt);
	buf_vprintf(call->out, fmt, ap);
	va_end(ap);
	call->summary = "error";
	return -EINVAL;
}

int tool_fail_path(struct tool_call *call, struct str path, const char *why)
{
	path = utf8_cut(root_path(path), PATH_SHOWN);
	return tool_fail(call, "%.*s: %s", STR_ARG(path.n ? path : STR(".")), why);
}

void tool_add_name(struct tool_call *call, struct str name)
{
	while (name.n) {
		size_t n = 0;

		while (n < name.n && name.p[n] != '\n' && name.p[n] != '\t')
			n++;
		buf_add_terminal(call->out, str_take(name, n));
		if (n < name.n)
			buf_printf(call->out, "\\x%02x", (unsigned char)name.p[n]);
		name = str_skip(name, n + 1);
	}
}

void tool_note(struct tool_call *call, size_t n, const char *what)
{
	if (n)
		buf_printf(call->out, "(%zu %s)\n", n, what);
}
