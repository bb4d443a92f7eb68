/*
 * An agent whose one tool is a shell: wishes as commands that only read, and commands of earlier
 * turns as wishes. They are plain POSIX, since nobody knows what is installed, and of programs that
 * only read whatever their arguments are: a careful agent runs no others.
 */
#include "rehearsal/priv.h"

#define LIST_COMMAND "ls -Ap "
#define FIND_COMMAND "grep -rlI --exclude-dir=.git -e '' . | head -n 2000"
#define SEARCH_COMMAND "grep -rnIE --exclude-dir=.git -e "
#define SEARCH_END " . | head -n 60"
#define READ_COMMAND "nl -ba "
#define READ_END " | head -n "
#define READ_FROM " | tail -n +"
#define LOG_COMMAND "git log --oneline -n 20"

/* --- asking ---------------------------------------------------------------------------------- */

/* A name that begins with a dash is no option. */
static void add_path(struct buf *b, struct str path)
{
	if (str_starts(path, STR("-")))
		buf_adds(b, "./");
	buf_add_shell(b, path);
}

static void add_command(struct buf *b, const struct wish *w)
{
	switch (w->kind) {
	case TOOL_LIST:
		buf_adds(b, LIST_COMMAND);
		add_path(b, w->path);
		break;
	case TOOL_FIND:
		buf_adds(b, FIND_COMMAND);
		break;
	case TOOL_SEARCH:
		buf_adds(b, SEARCH_COMMAND);
		buf_add_shell(b, w->pattern);
		buf_adds(b, SEARCH_END);
		break;
	case TOOL_READ:
		buf_adds(b, READ_COMMAND);
		add_path(b, w->path);
		buf_printf(b, READ_END "%u" READ_FROM "%u", w->to, w->from);
		break;
	case TOOL_LOG:
		buf_adds(b, LOG_COMMAND);
		break;
	case TOOL_OTHER:
	case TOOL_KINDS:
		break;
	}
}

void shell_args(struct buf *b, const struct tool *tool, const struct wish *w)
{
	struct buf command;

	buf_init(&command, MODEL_REQUEST_MAX);
	add_command(&command, w);
	buf_printf(b, "{\"%s\":", tool->path);
	if (tool->argv)
		buf_adds(b, "[\"bash\",\"-lc\",");
	buf_add_json(b, buf_str(&command));
	buf_adds(b, tool->argv ? "]}" : "}");
	buf_fini(&command);
}

/* --- what was asked -------------------------------------------------------------------------- */

/* The first word of *S as the shell reads it; *S is then what follows it. */
static struct str take_word(struct arena *a, struct str *s)
{
	char *word = arena_alloc(a, s->n + 1);
	size_t n = 0, i = 0;
	bool quoted = false;

	for (; i < s->n && (quoted || s->p[i] != ' '); i++) {
		if (s->p[i] == '\'')
			quoted = !quoted;
		else if (s->p[i] == '\\' && !quoted && i + 1 < s->n)
			word[n++] = s->p[++i];
		else
			word[n++] = s->p[i];
	}
	*s = str_skip(*s, i);
	return (struct str){ word, n };
}

static struct wish read_wish(struct arena *a, struct str command)
{
	struct str rest = str_skip(command, strlen(READ_COMMAND));
	struct wish w = { .kind = TOOL_READ, .pattern = { "", 0 } };

	w.path = path_relative((struct str){ "", 0 }, take_word(a, &rest));
	if (!str_starts(rest, STR(READ_END)) ||
	    !text_number(str_skip(rest, strlen(READ_END)), &w.to, &rest) ||
	    !str_starts(rest, STR(READ_FROM)) ||
	    !text_number(str_skip(rest, strlen(READ_FROM)), &w.from, &rest))
		return (struct wish){ .kind = TOOL_OTHER };
	return w;
}

struct wish shell_wish(struct arena *a, struct str command)
{
	struct wish w = { .kind = TOOL_OTHER, .path = STR("."), .pattern = { "", 0 } };
	struct str rest;

	if (str_starts(command, STR(READ_COMMAND)))
		return read_wish(a, command);
	if (str_is(command, FIND_COMMAND)) {
		w.kind = TOOL_FIND;
		w.pattern = STR("**/*");
	} else if (str_is(command, LOG_COMMAND)) {
		w.kind = TOOL_LOG;
	} else if (str_starts(command, STR(LIST_COMMAND))) {
		rest = str_skip(command, strlen(LIST_COMMAND));
		w.kind = TOOL_LIST;
		w.path = path_relative((struct str){ "", 0 }, take_word(a, &rest));
	} else if (str_starts(command, STR(SEARCH_COMMAND))) {
		rest = str_skip(command, strlen(SEARCH_COMMAND));
		w.kind = TOOL_SEARCH;
		w.pattern = take_word(a, &rest);
	}
	return w;
}

/* --- what it returned ------------------------------------------------------------------------ */

/* Older programs return an object: {"output": text, "metadata": {"exit_code": 0}}. */
static struct str unwrap(struct arena *a, struct str result, unsigned *ret_code)
{
	json_t *doc = str_starts(result, STR("{")) ? json_parse_loosely(result) : NULL;

	if (json_is_string(json_object_get(doc, "output"))) {
		result = json_dup_str(a, doc, "output");
		*ret_code =
		    (unsigned)json_get_int(json_get_object(doc, "metadata"), "exit_code", 0);
	}
	json_decref(doc);
	return result;
}

static unsigned code_of(struct str head)
{
	static const char *const marks[] = { "exited with code ", "Exit code: " };
	unsigned code;
	struct str rest;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		ptrdiff_t at = str_find(head, str_from(marks[i]));

		if (at >= 0 &&
		    text_number(str_skip(head, (size_t)at + strlen(marks[i])), &code, &rest))
			return code;
	}
	return 0;
}

struct str shell_output(struct arena *a, const struct wish *w, struct str result)
{
	unsigned code = 0;
	ptrdiff_t at;

	result = unwrap(a, result, &code);
	at = str_find(result, STR("Output:\n"));
	if (at >= 0) {
		code = code_of(str_take(result, (size_t)at));
		result = str_skip(result, (size_t)at + strlen("Output:\n"));
	}
	if (w->kind == TOOL_SEARCH && !str_trim(result).n)
		return STR("No matches found");
	if (code && w->kind != TOOL_READ)
		return str_from(
		    arena_printf(a, "error: %.*s", STR_ARG(str_take(str_trim(result), 300))));
	return result;
}
