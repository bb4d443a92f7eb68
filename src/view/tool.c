#include "view/tool.h"

#include "base/json.h"

#include <ctype.h>

#define NAME_MAX_READ 64 /* bytes of a name that are looked at */

struct str tool_subject(const json_t *input)
{
	static const char *const keys[] = { "path", "file_path", "filePath", "absolute_path",
		"pattern", "query", "commit", "command", "ref" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct str s = json_get_str(input, keys[i]);

		if (s.n)
			return s;
	}
	return (struct str){ "", 0 };
}

/* In this order: "web_search" fetches, "read_many_files" reads, "todo_write" thinks. */
static const struct {
	const char *part, *verb;
} verbs[] = { { "todo", "think" }, { "plan", "think" }, { "think", "think" }, { "web", "fetch" },
	{ "fetch", "fetch" }, { "http", "fetch" }, { "grep", "search" }, { "search", "search" },
	{ "find", "search" }, { "glob", "list" }, { "list", "list" }, { "write", "write" },
	{ "edit", "write" }, { "patch", "write" }, { "replace", "write" }, { "delete", "write" },
	{ "read", "read" }, { "view", "read" }, { "open", "read" }, { "show", "read" },
	{ "shell", "run" }, { "bash", "run" }, { "exec", "run" }, { "command", "run" },
	{ "terminal", "run" }, { "run", "run" }, { "git", "run" } };

const char *tool_verb(struct str name)
{
	char low[NAME_MAX_READ + 1];
	size_t n = name.n < NAME_MAX_READ ? name.n : NAME_MAX_READ;

	for (size_t i = 0; i < n; i++)
		low[i] = (char)tolower((unsigned char)name.p[i]);
	low[n] = '\0';
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strstr(low, verbs[i].part))
			return verbs[i].verb;
	return strcmp(low, "ls") == 0 ? "list" : "call";
}
