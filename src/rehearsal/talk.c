#include "rehearsal/priv.h"

#include "base/map.h"

#define TOOLS_MAX 200
#define SEARCH_MOST 40 /* results a search asks for */

/* --- which tools, and how they want to be called ---------------------------------------------- */

/* Names of tools as our own agent, qwen and their kin have them. */
static const struct {
	const char *name;
	enum tool_kind kind;
} tool_names[] = {
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
static const char *const most_keys[] = { "max", "limit", "max_results", NULL };

static enum tool_kind kind_of(struct str name)
{
	for (size_t i = 0; i < sizeof(tool_names) / sizeof(*tool_names); i++) {
		if (str_is(name, tool_names[i].name))
			return tool_names[i].kind;
	}
	return TOOL_OTHER;
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
	}
	if (kind == TOOL_READ) {
		tool->from = declared(properties, from_keys);
		tool->to = declared(properties, to_keys);
		tool->window = tool->from && strcmp(tool->from, "offset") == 0;
	}
}

/* A tool that cannot be told what to look at is of no use. */
static bool tool_is_usable(const struct tool *tool, enum tool_kind kind)
{
	if (kind == TOOL_FIND || kind == TOOL_SEARCH)
		return tool->pattern;
	return kind == TOOL_LOG || tool->path;
}

static void tools_read(const json_t *request, struct talk *t)
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
		} else if (kind != TOOL_OTHER) {
			tool_read(&t->tools[kind], kind, function);
		}
	}
	for (enum tool_kind k = TOOL_OTHER; k < TOOL_KINDS; k++) {
		if (t->tools[k].name.n && !tool_is_usable(&t->tools[k], k))
			t->tools[k] = (struct tool){ 0 };
	}
	/* qwen's directory tool says "path" too, but wants it absolute like all of them */
	t->tools[TOOL_LIST].absolute |= t->tools[TOOL_READ].absolute;
	t->tools[TOOL_LOG].absolute = false;
}

/* --- texts ------------------------------------------------------------------------------------ */

struct texts {
	struct arena *a;
	struct str *v;
	size_t n, cap, bytes;
};

static void texts_add(struct texts *all, struct str text)
{
	all->v = array_grow(all->a, all->v, all->n, &all->cap, sizeof(*all->v));
	all->v[all->n++] = text;
	all->bytes += text.n + 1;
}

/* TEXTS one after the other, a newline between them; no copy when there is only one. */
static struct str texts_join(const struct texts *all)
{
	if (all->n <= 1)
		return all->n ? all->v[0] : (struct str){ "", 0 };
	char *p = arena_alloc(all->a, all->bytes), *to = p;

	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].n)
			memcpy(to, all->v[i].p, all->v[i].n);
		to += all->v[i].n;
		*to++ = '\n';
	}
	return (struct str){ p, all->bytes - 1 };
}

/* The texts of a message, whose content is a string or a list of parts. */
static void message_texts(struct texts *all, const json_t *message)
{
	const json_t *content = json_object_get(message, "content");
	const json_t *part;
	size_t i;

	if (json_is_string(content)) {
		texts_add(all, json_get_str(message, "content"));
		return;
	}
	json_array_foreach (content, i, part) {
		struct str text = json_get_str(part, "text");

		if (text.n)
			texts_add(all, text);
	}
}

/* What agents put beside the prompt on their own. */
static bool is_reminder(struct str text)
{
	return str_starts(str_trim(text), STR("<system-reminder>"));
}

/* Where the agent says it works; tools with absolute paths need to know. */
static struct str root_of(const struct texts *all)
{
	static const char *const marks[] = { "working in the directory: ", "working directory: " };

	for (size_t i = 0; i < all->n; i++) {
		for (size_t m = 0; m < sizeof(marks) / sizeof(*marks); m++) {
			ptrdiff_t at = text_find_nocase(all->v[i], str_from(marks[m]));

			if (at < 0)
				continue;
			struct str rest = str_skip(all->v[i], (size_t)at + strlen(marks[m]));
			struct str path = str_trim(str_line(&rest));

			if (path.n > 1 && path.p[0] == '/' && path.n < PATH_BYTES_MAX)
				return path.p[path.n - 1] == '/' ? str_take(path, path.n - 1)
								 : path;
		}
	}
	return STR("/repo");
}

/* --- calls ------------------------------------------------------------------------------------ */

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

static struct wish wish_read(
    struct arena *a, struct str root, enum tool_kind kind, const json_t *args)
{
	struct wish w = { .kind = kind,
		.path = path_relative(root, first_str(args, path_keys)),
		.pattern = first_str(args, pattern_keys) };

	if (json_object_get(args, "offset")) {
		w.from = line_arg(args, "offset") + 1;
		w.to = line_arg(args, "limit") + w.from - 1;
	} else {
		w.from = line_arg(args, "from");
		w.to = line_arg(args, "to");
	}
	w.path = arena_dup(a, w.path);
	w.pattern = arena_dup(a, w.pattern);
	return w;
}

static void call_read(
    struct arena *a, const struct talk *t, const json_t *call, struct talk_call *ret)
{
	const json_t *function = json_get_object(call, "function");
	const json_t *direct = json_get_object(function, "arguments");
	json_t *parsed = direct ? NULL : json_parse(json_get_str(function, "arguments"), NULL);

	*ret = (struct talk_call){ .id = json_get_str(call, "id") };
	ret->wish = wish_read(a, t->root, kind_of(json_get_str(function, "name")),
	    direct		     ? direct
	    : json_is_object(parsed) ? parsed
				     : NULL);
	json_decref(parsed);
}

/* Counts the assistant's messages and the calls in them. */
static size_t count_calls(const json_t *messages, unsigned *ret_turns)
{
	const json_t *message;
	size_t i, n = 0;

	json_array_foreach (messages, i, message) {
		if (!str_is(json_get_str(message, "role"), "assistant"))
			continue;
		++*ret_turns;
		n += json_array_size(json_get_array(message, "tool_calls"));
	}
	return n < REHEARSAL_CALLS_MAX ? n : REHEARSAL_CALLS_MAX;
}

static void calls_read(struct arena *a, const json_t *messages, struct talk *t)
{
	size_t room = count_calls(messages, &t->turns), i, k;
	const json_t *message, *call;

	t->calls = arena_array(a, room, sizeof(*t->calls));
	json_array_foreach (messages, i, message) {
		if (!str_is(json_get_str(message, "role"), "assistant"))
			continue;
		json_array_foreach (json_get_array(message, "tool_calls"), k, call) {
			if (t->n_calls < room)
				call_read(a, t, call, &t->calls[t->n_calls++]);
		}
	}
}

/* A result finds its call by id; one without an id answers the oldest open call, from *OPEN on. */
static struct talk_call *call_of(
    struct talk *t, const struct map *by_id, struct str id, size_t *open)
{
	if (id.n)
		return map_get(by_id, id);
	while (*open < t->n_calls && t->calls[*open].answered)
		++*open;
	return *open < t->n_calls ? &t->calls[*open] : NULL;
}

static void results_read(struct arena *a, const json_t *messages, struct talk *t)
{
	const json_t *message;
	struct map by_id;
	size_t i, open = 0;

	map_init(&by_id, a);
	for (size_t k = t->n_calls; k-- > 0;)
		map_put(&by_id, t->calls[k].id, &t->calls[k]);
	json_array_foreach (messages, i, message) {
		struct texts parts = { .a = a };
		struct talk_call *call;

		if (!str_is(json_get_str(message, "role"), "tool"))
			continue;
		message_texts(&parts, message);
		t->bytes += parts.bytes;
		call = call_of(t, &by_id, json_get_str(message, "tool_call_id"), &open);
		if (!call || call->answered)
			continue;
		call->answered = true;
		call->result = texts_join(&parts);
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The texts of all messages that do not come from tools or from the model. */
static void prompt_read(struct arena *a, const json_t *messages, struct talk *t)
{
	struct texts all = { .a = a }, kept = { .a = a };
	const json_t *message;
	size_t i;

	json_array_foreach (messages, i, message) {
		struct str role = json_get_str(message, "role");

		if (str_is(role, "system") || str_is(role, "developer") || str_is(role, "user"))
			message_texts(&all, message);
		else if (str_is(role, "assistant"))
			t->bytes += json_get_str(message, "content").n;
	}
	for (i = 0; i < all.n; i++) {
		if (!is_reminder(all.v[i]))
			texts_add(&kept, all.v[i]);
	}
	t->root = root_of(&all);
	t->text = texts_join(&kept);
	t->bytes += all.bytes;
}

/* A schema that came as response_format. */
static void form_read(const json_t *request, struct talk *t)
{
	const json_t *format = json_get_object(request, "response_format");
	const json_t *wrapped = json_get_object(format, "json_schema");

	if (!t->form)
		t->form = json_get_object(wrapped, "schema");
}

int talk_read(struct arena *a, const json_t *request, struct talk *ret, const char **ret_why)
{
	const json_t *messages = json_get_array(request, "messages");
	struct talk t = { .model = json_get_str(request, "model") };

	if (!json_is_object(request) || !messages) {
		*ret_why = "you must provide a messages parameter that is an array";
		return -EINVAL;
	}
	tools_read(request, &t);
	form_read(request, &t);
	prompt_read(a, messages, &t);
	if (t.text.n == 0) {
		*ret_why = "messages holds no text of a system or user message";
		return -EINVAL;
	}
	calls_read(a, messages, &t);
	results_read(a, messages, &t);
	*ret = t;
	return 0;
}

bool talk_has_tools(const struct talk *t)
{
	for (enum tool_kind k = TOOL_OTHER; k < TOOL_KINDS; k++) {
		if (t->tools[k].name.n)
			return true;
	}
	return false;
}

bool talk_asked(const struct talk *t, const struct wish *w)
{
	for (size_t i = 0; i < t->n_calls; i++) {
		const struct wish *had = &t->calls[i].wish;

		if (had->kind == w->kind && str_eq(had->path, w->path) &&
		    str_eq(had->pattern, w->pattern) && had->from == w->from && had->to == w->to)
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

	buf_addc(b, '{');
	if (tool->pattern && w->pattern.n)
		arg_text(b, tool->pattern, w->pattern);
	if (tool->regex && str_chr(w->pattern, '|') >= 0)
		buf_printf(b, ",\"%s\":true", tool->regex);
	if (tool->path && (w->kind == TOOL_LIST || !str_is(w->path, ".")))
		arg_path(b, t, tool, w->path);
	if (tool->most)
		arg_number(b, tool->most, SEARCH_MOST);
	if (tool->from && tool->to && w->from) {
		arg_number(b, tool->from, tool->window ? w->from - 1 : w->from);
		arg_number(b, tool->to, tool->window ? w->to - w->from + 1 : w->to);
	}
	buf_addc(b, '}');
}
