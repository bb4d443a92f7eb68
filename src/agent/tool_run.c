/*
 * One tool call, in a process of its own: whatever the model asks for comes to an end, and the
 * agent goes on. The child hands its result over as one JSON document. At the time limit its whole
 * session is killed, so that no git is left behind.
 */
#include "agent/priv.h"

#include "base/utf8.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBER_MAX 9e15
#define RESULT_JSON_MAX MIB(1) /* 64 KiB, escaped, and what was read */

json_t *tool_error(const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, KIB(4));
	buf_adds(&b, "Error: ");
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	json_t *doc = json_pack("{s:b, s:o, s:s, s:[]}", "ok", 0, "text", json_text(buf_str(&b)),
	    "summary", "error", "reads");

	buf_fini(&b);
	return doc;
}

/* --- the arguments
 * ------------------------------------------------------------------------------------ */

static bool is_text(const json_t *v)
{
	return json_is_string(v);
}

static bool is_whole(const json_t *v)
{
	double d = json_number_value(v);

	return json_is_number(v) && d > -NUMBER_MAX && d < NUMBER_MAX && d == floor(d);
}

static bool is_bool(const json_t *v)
{
	return json_is_boolean(v);
}

static const struct {
	const char *name, *title;
	bool (*is)(const json_t *v);
} types[] = {
	{ "string", "a text", is_text },
	{ "integer", "a whole number", is_whole },
	{ "boolean", "true or false", is_bool },
};

static json_t *check_type(const char *key, const json_t *property, const json_t *v)
{
	struct str type = json_get_str(property, "type");

	for (size_t i = 0; v && i < sizeof(types) / sizeof(types[0]); i++)
		if (str_is(type, types[i].name) && !json_is_null(v) && !types[i].is(v))
			return tool_error("%s must be %s", key, types[i].title);
	return NULL;
}

/* What the schema promises the tool; keys that it does not know are nobody's business. */
static json_t *check_args(const json_t *schema, const json_t *args)
{
	json_t *property, *name, *wrong = NULL;
	const char *key;
	size_t i;

	if (!json_is_object(args))
		return tool_error("the arguments are not a JSON object");
	json_object_foreach (json_get_object(schema, "properties"), key, property)
		if (!wrong)
			wrong = check_type(key, property, json_object_get(args, key));
	json_array_foreach (json_get_array(schema, "required"), i, name)
		if (!wrong && !json_is_string(json_object_get(args, json_string_value(name))))
			wrong = tool_error("%s is missing", json_string_value(name));
	return wrong;
}

/* --- the child
 * ---------------------------------------------------------------------------------------- */

static struct str result_of(struct tool_call *call)
{
	static const char note[] = "\n(cut here: a result holds at most 64 KiB)\n";
	struct str text = utf8_clean(call->arena, buf_str(call->out));

	if (text.n <= TOOL_RESULT_MAX && buf_status(call->out) == 0)
		return text;
	text = utf8_cut(text, TOOL_RESULT_MAX - sizeof(note));
	return str_from(arena_printf(call->arena, "%.*s%s", STR_ARG(text), note));
}

static void write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n <= 0)
			return;
		s = str_skip(s, (size_t)n);
	}
}

static void run_here(const struct tool *tool, const struct root *root, const json_t *args, int fd)
{
	struct arena *a = arena_create("tool", ARENA_JOB);
	struct buf out;
	struct tool_call call = { .root = root,
		.arena = a,
		.args = args,
		.out = &out,
		.reads = json_array(),
		.summary = "" };

	buf_init(&out, TOOL_RESULT_MAX + KIB(16));
	bool ok = tool->fn(&call) == 0;

	write_all(
	    fd, str_from(json_dump(json_pack("{s:b, s:o, s:s, s:o}", "ok", ok, "text",
		    json_text(result_of(&call)), "summary", call.summary, "reads", call.reads))));
}

/* --- the parent
 * --------------------------------------------------------------------------------------- */

/* True when the end was reached in time. */
static bool collect(int fd, msec_t until, struct buf *b)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char chunk[KIB(16)];

	for (msec_t left; (left = until - clock_boot()) > 0;) {
		ssize_t n = poll(&p, 1, (int)left) > 0 ? read(fd, chunk, sizeof(chunk)) : -1;

		if (n == 0)
			return true;
		if (n > 0)
			buf_add(b, (struct str){ chunk, (size_t)n });
	}
	return false;
}

static json_t *conclude(struct str said, bool in_time, msec_t patience)
{
	json_t *doc = in_time ? json_parse(said, NULL) : NULL;

	if (doc)
		return doc;
	if (in_time)
		return tool_error("the tool could not come to an end with this");
	return tool_error(
	    "it was stopped after %g seconds; ask for less at once", (double)patience / 1000);
}

static json_t *run_apart(
    const struct tool *tool, const struct root *root, const json_t *args, msec_t patience)
{
	struct buf said;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return tool_error("no pipe: %s", err_name(-errno));
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_here(tool, root, args, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	buf_init(&said, RESULT_JSON_MAX);
	bool in_time = collect(ends[0], clock_boot() + patience, &said);

	close(ends[0]);
	if (pid > 0) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	json_t *doc = conclude(buf_str(&said), in_time, patience);

	buf_fini(&said);
	return doc;
}

json_t *tool_run(
    const struct tool *tool, const struct root *root, const json_t *args, msec_t patience)
{
	json_t *schema = json_loads(tool->schema, 0, NULL), *doc = check_args(schema, args);

	json_decref(schema);
	return doc ? doc : run_apart(tool, root, args, patience);
}
