#include "rehearsal/priv.h"

#include "base/map.h"

/* --- texts ------------------------------------------------------------------------------------ */

struct texts {
	struct arena *a;
	struct str *v;
	size_t n, cap, bytes;
};

static void texts_add(struct texts *all, struct str text)
{
	all->v = arena_grow(all->a, all->v, all->n, &all->cap, sizeof(*all->v));
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
	static const char *const marks[] = { "working in the directory: ", "working directory: ",
		"<cwd>", "**Workspace Directories:**\n  - " };

	for (size_t i = 0; i < all->n; i++) {
		for (size_t m = 0; m < sizeof(marks) / sizeof(*marks); m++) {
			ptrdiff_t at = text_find_nocase(all->v[i], str_from(marks[m]));

			if (at < 0)
				continue;
			struct str rest = str_skip(all->v[i], (size_t)at + strlen(marks[m]));
			struct str path = str_line(&rest);

			path = str_trim(str_split(&path, '<'));
			if (path.n > 1 && path.p[0] == '/' && path.n < PATH_BYTES_MAX)
				return path.p[path.n - 1] == '/' ? str_take(path, path.n - 1)
								 : path;
		}
	}
	return STR("/repo");
}

/* --- calls ------------------------------------------------------------------------------------ */

static void call_read(
    struct arena *a, const struct talk *t, const json_t *call, struct talk_call *ret)
{
	const json_t *function = json_get_object(call, "function");
	const json_t *direct = json_get_object(function, "arguments");
	json_t *parsed = direct ? NULL : json_parse(json_get_str(function, "arguments"), NULL);

	*ret = (struct talk_call){ .id = json_get_str(call, "id") };
	const json_t *args = direct ? direct : json_is_object(parsed) ? parsed : NULL;
	struct str name = json_get_str(function, "name");

	ret->wish = wish_read(a, t->root, name, args, &ret->shell);
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
		if (call->shell)
			call->result = shell_output(a, &call->wish, call->result);
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
