/* Which tools are offered, how they want to be called, and what a call of them asked for. */
#include "rehearsal/priv.h"

#define TOOLS_MAX 200
#define SEARCH_MOST 40 /* results a search asks for */

/* claude's search for names shows what git keeps, too, and stops after a hundred. */
#define ALL "**/*"
#define CLAUDE_ALL "{*,[!.]*/**/*}"

/* Names of tools as our own agent, qwen, gemini, claude, opencode and their kin have them. */
static const struct {
	const char *name;
	enum tool_kind kind;
} tool_names[] = {
	{ "Glob", TOOL_FIND },
	{ "Grep", TOOL_SEARCH },
	{ "Read", TOOL_READ },
	{ "list_dir", TOOL_LIST },
	{ "list_directory", TOOL_LIST },
	{ "list", TOOL_LIST },
	{ "find_files", TOOL_FIND },
	{ "glob", TOOL_FIND },
	{ "search", TOOL_SEARCH },
	{ "grep_search", TOOL_SEARCH },
	{ "search_file_content", TOOL_SEARCH },
	{ "grep", TOOL_SEARCH },
	{ "read_file", TOOL_READ },
	{ "read", TOOL_READ },
	{ "git_log", TOOL_LOG },
};

static const char *const path_keys[] = { "path", "file_path", "filePath", "absolute_path",
	"dir_path", NULL };
static const char *const pattern_keys[] = { "pattern", "query", NULL };
static const char *const from_keys[] = { "from", "offset", "start_line", NULL };
static const char *const to_keys[] = { "to", "limit", "end_line", NULL };
static const char *const most_keys[] = { "max", "limit", "max_results", "head_limit",
	"total_max_matches", NULL };

/* A shell stands in for all of them. codex. */
static const char *const shells[] = { "exec_command", "shell_command", "shell" };
static const char *const command_keys[] = { "cmd", "command", NULL };

static enum tool_kind kind_of(struct str name)
{
	for (size_t i = 0; i < sizeof(tool_names) / sizeof(*tool_names); i++) {
		if (str_is(name, tool_names[i].name))
			return tool_names[i].kind;
	}
	return TOOL_OTHER;
}

static bool is_shell(struct str name)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (str_is(name, shells[i]))
			return true;
	return false;
}

/* The first of KEYS that PROPERTIES declares. */
static const char *declared(const json_t *properties, const char *const *keys)
{
	for (; *keys; keys++) {
		if (json_object_get(properties, *keys))
			return *keys;
	}
	return NULL;
}

/* qwen's offset is a number of lines to leave out, elsewhere it is the first line. */
static bool counts_from_zero(struct str name)
{
	return !str_is(name, "Read") && !str_is(name, "read");
}

static void tool_read(struct tool *tool, enum tool_kind kind, const json_t *function)
{
	const json_t *parameters = json_get_object(function, "parameters");
	const json_t *properties = json_get_object(parameters, "properties");

	if (tool->name.n)
		return;
	tool->name = json_get_str(function, "name");
	tool->path = declared(properties, path_keys);
	tool->pattern = declared(properties, pattern_keys);
	tool->absolute = tool->path && strcmp(tool->path, "path") != 0;
	if (kind == TOOL_SEARCH) {
		tool->regex = json_object_get(properties, "regex") ? "regex" : NULL;
		tool->most = declared(properties, most_keys);
		if (json_object_get(properties, "output_mode"))
			tool->fixed = "\"output_mode\":\"content\"";
	}
	if (kind == TOOL_READ) {
		tool->from = declared(properties, from_keys);
		tool->to = declared(properties, to_keys);
		tool->window = tool->from && strcmp(tool->from, "offset") == 0;
		tool->zero = counts_from_zero(tool->name);
	}
}

static void shell_read(struct talk *t, const json_t *function)
{
	const json_t *parameters = json_get_object(function, "parameters");
	const json_t *properties = json_get_object(parameters, "properties");
	const char *key = declared(properties, command_keys);
	struct tool tool = { .name = json_get_str(function, "name"), .path = key };

	if (!key)
		return;
	tool.shell = true;
	tool.argv = str_is(json_get_str(json_object_get(properties, key), "type"), "array");
	tool.from = tool.to = key; /* it reads parts */
	t->family = FAMILY_CODEX;
	for (enum tool_kind k = TOOL_OTHER + 1; k < TOOL_KINDS; k++)
		if (!t->tools[k].name.n)
			t->tools[k] = tool;
	t->tools[TOOL_FIND].pattern = t->tools[TOOL_SEARCH].pattern = key;
}

static enum tool_family family_of(const struct talk *t)
{
	const struct tool *read = &t->tools[TOOL_READ], *search = &t->tools[TOOL_SEARCH];

	if (str_is(read->name, "Read"))
		return FAMILY_CLAUDE;
	if (str_is(read->name, "read"))
		return FAMILY_OPENCODE;
	if (search->path && strcmp(search->path, "dir_path") == 0)
		return FAMILY_GEMINI;
	return t->family;
}

/* A tool that cannot be told what to look at is of no use. */
static bool tool_is_usable(const struct tool *tool, enum tool_kind kind)
{
	if (kind == TOOL_FIND || kind == TOOL_SEARCH)
		return tool->pattern;
	return kind == TOOL_LOG || tool->path;
}

void tools_read(const json_t *request, struct talk *t)
{
	size_t i;
	const json_t *item;

	json_array_foreach (json_get_array(request, "tools"), i, item) {
		const json_t *function = json_get_object(item, "function");
		struct str name = json_get_str(function, "name");
		enum tool_kind kind = kind_of(name);

		if (i >= TOOLS_MAX)
			break;
		if (str_is(name, "structured_output")) {
			t->form = json_get_object(function, "parameters");
			t->form_tool = name;
		} else if (is_shell(name)) {
			shell_read(t, function);
		} else if (kind != TOOL_OTHER) {
			tool_read(&t->tools[kind], kind, function);
		}
	}
	t->family = family_of(t);
	for (enum tool_kind k = TOOL_OTHER; k < TOOL_KINDS; k++) {
		if (t->tools[k].name.n && !tool_is_usable(&t->tools[k], k))
			t->tools[k] = (struct tool){ 0 };
	}
	/* qwen's directory tool says "path" too, but wants it absolute like all of them */
	t->tools[TOOL_LIST].absolute |= t->tools[TOOL_READ].absolute;
	t->tools[TOOL_LOG].absolute = false;
}

/* --- calls that were made --------------------------------------------------------------------- */

static struct str first_str(const json_t *args, const char *const *keys)
{
	for (; *keys; keys++) {
		struct str s = json_get_str(args, *keys);

		if (s.n)
			return s;
	}
	return (struct str){ "", 0 };
}

static unsigned line_arg(const json_t *args, const char *key)
{
	long long n = json_get_int(args, key, 0);

	return n > 0 && n < 1000000000 ? (unsigned)n : 0;
}

/* The last word of a list is the command, the others say who runs it. */
static struct str command_of(const json_t *args)
{
	const json_t *words = json_get_array(args, "command");
	const json_t *last = json_array_get(words, json_array_size(words) - 1);

	if (json_is_string(last))
		return (struct str){ json_string_value(last), json_string_length(last) };
	return first_str(args, command_keys);
}

struct wish wish_read(
    struct arena *a, struct str root, struct str name, const json_t *args, bool *ret_shell)
{
	struct wish w = { .kind = kind_of(name),
		.path = path_relative(root, first_str(args, path_keys)),
		.pattern = first_str(args, pattern_keys) };

	*ret_shell = is_shell(name);
	if (*ret_shell)
		return shell_wish(a, arena_dup(a, command_of(args)));
	if (json_object_get(args, "offset")) {
		w.from = line_arg(args, "offset") + (counts_from_zero(name) ? 1 : 0);
		w.to = line_arg(args, "limit") + w.from - 1;
	} else {
		w.from = line_arg(args, json_object_get(args, "from") ? "from" : "start_line");
		w.to = line_arg(args, json_object_get(args, "to") ? "to" : "end_line");
	}
	w.path = arena_dup(a, w.path);
	w.pattern = str_is(w.pattern, CLAUDE_ALL) ? STR(ALL) : arena_dup(a, w.pattern);
	return w;
}

/* --- calls to make --------------------------------------------------------------------------- */

bool talk_has_tools(const struct talk *t)
{
	for (enum tool_kind k = TOOL_OTHER; k < TOOL_KINDS; k++) {
		if (t->tools[k].name.n)
			return true;
	}
	return false;
}

static void arg_text(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "%s\"%s\":", b->n && b->p[b->n - 1] != '{' ? "," : "", key);
	buf_add_json(b, value);
}

static void arg_number(struct buf *b, const char *key, unsigned value)
{
	buf_printf(b, "%s\"%s\":%u", b->n && b->p[b->n - 1] != '{' ? "," : "", key, value);
}

static void arg_path(struct buf *b, const struct talk *t, const struct tool *tool, struct str path)
{
	struct buf full;

	if (!tool->absolute) {
		arg_text(b, tool->path, path);
		return;
	}
	buf_init(&full, 2 * PATH_BYTES_MAX + MODEL_REQUEST_MAX);
	buf_add(&full, t->root);
	if (!str_is(path, "."))
		buf_printf(&full, "/%.*s", STR_ARG(path));
	arg_text(b, tool->path, buf_str(&full));
	buf_fini(&full);
}

void talk_args(struct buf *b, const struct talk *t, const struct wish *w)
{
	const struct tool *tool = &t->tools[w->kind];

	if (tool->shell) {
		shell_args(b, tool, w);
		return;
	}
	buf_addc(b, '{');
	if (tool->fixed)
		buf_adds(b, tool->fixed);
	if (tool->pattern && w->pattern.n)
		arg_text(b, tool->pattern,
		    t->family == FAMILY_CLAUDE && str_is(w->pattern, ALL) ? STR(CLAUDE_ALL)
									  : w->pattern);
	if (tool->regex && str_chr(w->pattern, '|') >= 0)
		buf_printf(b, ",\"%s\":true", tool->regex);
	if (tool->path && (w->kind == TOOL_LIST || !str_is(w->path, ".")))
		arg_path(b, t, tool, w->path);
	if (tool->most)
		arg_number(b, tool->most, SEARCH_MOST);
	if (tool->from && tool->to && w->from) {
		arg_number(b, tool->from, tool->window && tool->zero ? w->from - 1 : w->from);
		arg_number(b, tool->to, tool->window ? w->to - w->from + 1 : w->to);
	}
	buf_addc(b, '}');
}
