/*
 * A conversation with the rehearsal model: a small repository in memory, the tools of a read-only
 * agent over it, and the loop that feeds their results back.
 */
#ifndef TESTS_REHEARSE_H
#define TESTS_REHEARSE_H

#include "arena.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "evidence/evidence.h"
#include "rehearsal/rehearsal.h"

#include <stdlib.h>

#define TURNS_MOST 30

static const struct {
	const char *path, *text;
} sample[] = {
	{ "README.md", "# Sample\n\nA queue with a worker. See [the notes](doc/notes.md).\n" },
	{ "src/queue.c", "#include \"queue.h\"\n"
			 "\n"
			 "#include <pthread.h>\n"
			 "#include <stdlib.h>\n"
			 "\n"
			 "static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;\n"
			 "\n"
			 "/* TODO: bound the queue */\n"
			 "int queue_push(struct queue *q, int value)\n"
			 "{\n"
			 "\tpthread_mutex_lock(&lock);\n"
			 "\tif (q->n == q->cap) {\n"
			 "\t\tq->cap = q->cap ? 2 * q->cap : 16;\n"
			 "\t\tq->items = realloc(q->items, q->cap * sizeof(int));\n"
			 "\t}\n"
			 "\tq->items[q->n++] = value;\n"
			 "\tpthread_mutex_unlock(&lock);\n"
			 "\treturn 0;\n"
			 "}\n"
			 "\n"
			 "static int queue_never_called(struct queue *q)\n"
			 "{\n"
			 "\treturn q->n == 0;\n"
			 "}\n" },
	{ "src/queue.h", "struct queue {\n\tint *items;\n\tint n, cap;\n};\n\n"
			 "int queue_push(struct queue *q, int value);\n" },
	{ "src/main.c", "#include \"queue.h\"\n"
			"#include <stdio.h>\n"
			"\n"
			"int main(int argc, char **argv)\n"
			"{\n"
			"\tstruct queue q = { 0 };\n"
			"\tchar name[16];\n"
			"\n"
			"\tstrcpy(name, argv[1]); /* FIXME: too long a name */\n"
			"\tqueue_push(&q, argc);\n"
			"\tsystem(name);\n"
			"\treturn 0;\n"
			"}\n" },
};

#define SAMPLES (sizeof(sample) / sizeof(sample[0]))

/* --- the tools --------------------------------------------------------------------------- */

static inline int sample_source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	(void)a;
	(void)ctx;
	for (size_t i = 0; i < SAMPLES; i++) {
		if (!str_is(path, sample[i].path))
			continue;
		*ret = str_from(sample[i].text);
		return 0;
	}
	return -ENOENT;
}

static inline void tool_list(struct buf *b, struct str path)
{
	if (str_is(path, "."))
		buf_adds(b, "README.md\nsrc/\n");
	else if (str_is(path, "src"))
		buf_adds(b, "main.c\nqueue.c\nqueue.h\n");
	else
		buf_adds(b, "error: no such directory");
}

static inline void tool_find(struct buf *b)
{
	for (size_t i = 0; i < SAMPLES; i++)
		buf_printf(b, "%s\n", sample[i].path);
}

static inline void tool_read(struct buf *b, const json_t *args)
{
	long long from = json_get_int(args, "from", 1), to = json_get_int(args, "to", 400), no = 1;
	struct str rest;

	if (sample_source(NULL, NULL, json_get_str(args, "path"), &rest) < 0) {
		buf_adds(b, "error: no such file");
		return;
	}
	for (; rest.n; no++) {
		struct str line = str_line(&rest);

		if (no >= from && no <= to)
			buf_printf(b, "%6lld\t%.*s\n", no, STR_ARG(line));
	}
}

/* The first alternative of a pattern is enough for a sample of this size. */
static inline void tool_search(struct buf *b, struct str pattern)
{
	size_t before = b->n;

	for (struct str rest = pattern; rest.p;) {
		struct str word = str_split(&rest, '|');

		for (size_t i = 0; i < SAMPLES && b->n == before; i++) {
			struct str text = str_from(sample[i].text);

			for (unsigned no = 1; text.n; no++) {
				struct str line = str_line(&text);

				if (str_contains(line, word))
					buf_printf(
					    b, "%s:%u: %.*s\n", sample[i].path, no, STR_ARG(line));
			}
		}
	}
	if (b->n == before)
		buf_adds(b, "No matches found");
}

static inline struct str run_tool(struct str name, const json_t *args)
{
	struct buf b;

	buf_init(&b, TOOL_RESULT_MAX);
	if (str_is(name, "list_dir"))
		tool_list(&b, json_get_str(args, "path"));
	else if (str_is(name, "find_files"))
		tool_find(&b);
	else if (str_is(name, "read_file"))
		tool_read(&b, args);
	else if (str_is(name, "search"))
		tool_search(&b, json_get_str(args, "pattern"));
	else
		buf_adds(&b, "error: no such tool");
	struct str out = arena_dup(arena, buf_str(&b));

	buf_fini(&b);
	return out;
}

static const char tools_text[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"list_dir\",\"parameters\":{\"properties\":"
    "{\"path\":{}}}}},"
    "{\"type\":\"function\",\"function\":{\"name\":\"find_files\",\"parameters\":{\"properties\":"
    "{\"pattern\":{},\"path\":{}}}}},"
    "{\"type\":\"function\",\"function\":{\"name\":\"search\",\"parameters\":{\"properties\":"
    "{\"pattern\":{},\"path\":{},\"regex\":{},\"max\":{}}}}},"
    "{\"type\":\"function\",\"function\":{\"name\":\"read_file\",\"parameters\":{\"properties\":"
    "{\"path\":{},\"from\":{},\"to\":{}}}}}]";

/* --- requests and answers ---------------------------------------------------------------- */

/* A prompt of the house's form for an analyst; a new reference. */
static inline json_t *request_for(const char *persona, const char *step, const char *task)
{
	json_t *request = json_pack("{s:s, s:[], s:o}", "model", "rehearsal", "messages", "tools",
	    json_parse(STR(tools_text), NULL));
	char *text = arena_printf(arena,
	    "# House rules\n\nYou only read.\n\n# This run\n\n## Question\n\n"
	    "How does the queue work?\n\n"
	    "# Your role\n\nPersona: %s\nStep: %s\n\n### S1: Title\nSeverity: high\n"
	    "Evidence: `path:line` \"text\"\n\n# Your task\n\n%s\n\n# Output format\n\nMarkdown.\n",
	    persona, step, task);

	json_array_append_new(json_get_array(request, "messages"),
	    json_pack("{s:s, s:s}", "role", "user", "content", text));
	return request;
}

static inline json_t *analyst(void)
{
	return request_for("structural-analyst", "structure", "Analyse the structure.");
}

static inline struct rehearsal *model_with(const char *script)
{
	struct rehearsal *r = NULL;
	struct err err;

	assert_int_equal(rehearsal_create(str_from(script), &r, &err), 0);
	return r;
}

static inline struct rehearsal_answer ask(struct rehearsal *r, const json_t *request, bool stream)
{
	struct rehearsal_answer answer;
	struct err err;

	assert_int_equal(rehearsal_answer(r, arena, request, stream, &answer, &err), 0);
	return answer;
}

/* The message of an answer that was not streamed. New reference. */
static inline json_t *message_of(const struct rehearsal_answer *answer)
{
	assert_int_equal(answer->action, REHEARSE_REPLY);
	json_t *doc = json_parse(answer->json, NULL);

	assert_non_null(doc);
	json_t *choice = json_array_get(json_get_array(doc, "choices"), 0);
	json_t *message = json_incref(json_get_object(choice, "message"));

	json_decref(doc);
	return message;
}

static inline size_t n_calls(const json_t *message)
{
	return json_array_size(json_get_array(message, "tool_calls"));
}

/* Runs the calls of MESSAGE and appends both to the conversation; SEEN gets what they returned. */
static inline void feed_back(json_t *request, json_t *message, struct buf *seen)
{
	json_t *messages = json_get_array(request, "messages"), *call;
	size_t i;

	json_array_append(messages, message);
	json_array_foreach (json_get_array(message, "tool_calls"), i, call) {
		const json_t *function = json_get_object(call, "function");
		json_t *args = json_parse(json_get_str(function, "arguments"), NULL);
		struct str result = run_tool(json_get_str(function, "name"), args);

		if (seen)
			buf_add(seen, result);
		json_array_append_new(messages,
		    json_pack("{s:s, s:o, s:o}", "role", "tool", "tool_call_id",
			json_text(json_get_str(call, "id")), "content", json_text(result)));
		json_decref(args);
	}
}

/* Talks until there is an answer and returns its text; REQUEST then holds the conversation. */
static inline struct str talk(struct rehearsal *r, json_t *request, struct buf *seen)
{
	for (unsigned turn = 0; turn < TURNS_MOST; turn++) {
		struct rehearsal_answer answer = ask(r, request, false);
		json_t *message = message_of(&answer);

		if (!n_calls(message)) {
			struct str text = arena_dup(arena, json_get_str(message, "content"));

			json_decref(message);
			return text;
		}
		feed_back(request, message, seen);
		json_decref(message);
	}
	fail_msg("no answer after %d turns", TURNS_MOST);
	return (struct str){ "", 0 };
}

static inline struct evidence *checked(struct str text)
{
	struct evidence *ev = evidence_parse(arena, STR("step"), text);

	evidence_check(arena, ev, sample_source, NULL);
	return ev;
}

#endif
