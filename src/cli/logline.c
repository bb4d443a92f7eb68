#include "cli/logline.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "view/tool.h"

#define LINE_MAX_SHOWN 400 /* bytes of one line of an event */
#define STEP_COLUMNS 16

/* --- what each type says ------------------------------------------------------------------ */

static void say(struct buf *b, struct str s)
{
	buf_add(b, utf8_cut(s, LINE_MAX_SHOWN));
}

static void say_member(struct buf *b, const json_t *data, const char *before, const char *key)
{
	struct str s = json_get_str(data, key);

	if (!s.n)
		return;
	buf_adds(b, before);
	say(b, s);
}

static void of_started(struct buf *b, const json_t *data)
{
	say_member(b, data, "run ", "run");
	say_member(b, data, ": ", "flow");
	say_member(b, data, ", size ", "size");
	buf_printf(b, ", %zu steps", json_array_size(json_get_array(data, "steps")));
}

static void of_status(struct buf *b, const json_t *data)
{
	const char *ending = json_get_cstr(data, "ending", "answered");

	say_member(b, data, "", "status");
	if (strcmp(ending, "answered") != 0)
		buf_printf(b, " (%s)", ending);
	say_member(b, data, ": ", "reason");
}

static void of_attempt(struct buf *b, const json_t *data)
{
	buf_printf(b, "try %lld", json_get_int(data, "epoch", 0));
	say_member(b, data, ": ", "agent");
	say_member(b, data, ", model ", "model");
}

static void of_init(struct buf *b, const json_t *data)
{
	const json_t *init = json_get_object(data, "data");

	buf_adds(b, "says hello");
	say_member(b, init, ", version ", "version");
	say_member(b, init, ", mode ", "mode");
	if (json_get_array(init, "tools"))
		buf_printf(b, ", %zu tools", json_array_size(json_get_array(init, "tools")));
}

static void of_tool(struct buf *b, const json_t *data)
{
	say_member(b, data, "calls ", "name");
	buf_addc(b, ' ');
	say(b, tool_subject(json_get_object(data, "data")));
}

static void of_tool_end(struct buf *b, const json_t *data)
{
	buf_adds(b, json_get_bool(data, "ok", true) ? "got" : "failed");
	say_member(b, data, " ", "name");
	say_member(b, data, ": ", "text");
}

static void of_denied(struct buf *b, const json_t *data)
{
	say_member(b, data, "was denied ", "name");
	say_member(b, data, ": ", "text");
}

static void of_usage(struct buf *b, const json_t *data)
{
	buf_printf(b, "%lld tokens in, %lld out so far", json_get_int(data, "in", 0),
	    json_get_int(data, "out", 0));
}

static void of_waiting(struct buf *b, const json_t *data)
{
	say_member(b, data, "waits for the model: ", "why");
}

static void of_request(struct buf *b, const json_t *data)
{
	(void)data;
	buf_adds(b, "asks the model");
}

static void of_exchange(struct buf *b, const json_t *data)
{
	buf_printf(b, "was answered with status %lld, %lld bytes for %lld",
	    json_get_int(data, "status", 0), json_get_int(data, "got", 0),
	    json_get_int(data, "sent", 0));
	if (json_get_bool(data, "cut", false))
		buf_adds(b, ", broken off");
}

static void of_progress(struct buf *b, const json_t *data)
{
	say_member(b, data, "", "phase");
	buf_printf(b, ", %lld files, %lld bytes", json_get_int(data, "files", 0),
	    json_get_int(data, "bytes", 0));
}

static void of_notice(struct buf *b, const json_t *data)
{
	say_member(b, data, "note: ", "text");
}

static void of_spill(struct buf *b, const json_t *data)
{
	buf_printf(b, "a part of its %s was cut off", json_get_cstr(data, "stream", "output"));
	say_member(b, data, " (", "why");
	buf_printf(b, "): %lld bytes are kept, %lld not", json_get_int(data, "kept", 0),
	    json_get_int(data, "lost", 0));
	say_member(b, data, "; ", "ended");
	say_member(b, data, "; ", "file");
}

static void of_retry(struct buf *b, const json_t *data)
{
	buf_adds(b, "the model is asked again");
	say_member(b, data, ": ", "text");
}

static void of_void(struct buf *b, const json_t *data)
{
	(void)data;
	buf_adds(b, "what was written of this turn does not count");
}

static void of_violation(struct buf *b, const json_t *data)
{
	say_member(b, data, "killed, its read-only mode does not hold: ", "text");
}

static const struct {
	const char *type;
	void (*fn)(struct buf *b, const json_t *data);
	enum term_style style;
} kinds[] = {
	{ "started", of_started, STYLE_BOLD },
	{ "run", of_status, STYLE_BOLD },
	{ "step", of_status, STYLE_PLAIN },
	{ "attempt", of_attempt, STYLE_DIM },
	{ "init", of_init, STYLE_DIM },
	{ "tool", of_tool, STYLE_PLAIN },
	{ "tool_end", of_tool_end, STYLE_DIM },
	{ "denied", of_denied, STYLE_WARN },
	{ "usage", of_usage, STYLE_DIM },
	{ "waiting", of_waiting, STYLE_WARN },
	{ "request", of_request, STYLE_DIM },
	{ "exchange", of_exchange, STYLE_DIM },
	{ "progress", of_progress, STYLE_DIM },
	{ "notice", of_notice, STYLE_WARN },
	{ "spill", of_spill, STYLE_WARN },
	{ "retry", of_retry, STYLE_WARN },
	{ "void", of_void, STYLE_DIM },
	{ "violation", of_violation, STYLE_BAD },
};

/* --- lines -------------------------------------------------------------------------------- */

static void add_head(struct buf *b, const struct term *t, int64_t seq, msec_t at, struct str step)
{
	char stamp[32];
	struct str fit = utf8_fit(step, STEP_COLUMNS);

	term_addf(b, t, STYLE_DIM, "%6lld %.12s ", (long long)seq,
	    clock_iso(at, stamp, sizeof(stamp)) + 11);
	term_addf(b, t, STYLE_BUSY, "%.*s", STR_ARG(fit));
	for (size_t n = fit.n; n < STEP_COLUMNS + 1; n++)
		buf_addc(b, ' ');
}

/* What an agent writes or thinks, line by line, each with its head. */
static void add_lines(struct buf *b, const struct term *t, int64_t seq, msec_t at,
    const json_t *data, enum term_style style)
{
	struct str rest = json_get_str(data, "text"), step = json_get_str(data, "step");

	while (rest.p) {
		struct str line = str_line(&rest);

		if (!rest.p && !line.n)
			break;
		add_head(b, t, seq, at, step);
		term_add(b, t, style, utf8_cut(line, LINE_MAX_SHOWN));
		buf_addc(b, '\n');
	}
}

void logline_add(struct buf *b, const struct term *t, int64_t seq, msec_t at, struct str type,
    const json_t *data, struct str text)
{
	enum term_style style = STYLE_PLAIN;
	struct buf said;
	size_t i = 0;

	if (str_is(type, "text") || str_is(type, "think")) {
		add_lines(b, t, seq, at, data, str_is(type, "text") ? STYLE_PLAIN : STYLE_DIM);
		return;
	}
	buf_init(&said, KIB(64));
	while (i < sizeof(kinds) / sizeof(kinds[0]) && !str_is(type, kinds[i].type))
		i++;
	if (i < sizeof(kinds) / sizeof(kinds[0])) {
		style = kinds[i].style;
		kinds[i].fn(&said, data);
	} else { /* of a later version: as it is */
		buf_add(&said, type);
		buf_addc(&said, ' ');
		say(&said, text);
	}
	add_head(b, t, seq, at, json_get_str(data, "step"));
	term_add(b, t, style, buf_str(&said));
	buf_addc(b, '\n');
	buf_fini(&said);
}

void logline_add_json(struct buf *b, int64_t seq, msec_t at, struct str type, struct str text)
{
	char stamp[32];

	buf_printf(b, "{\"seq\":%lld,\"at\":\"%s\",\"type\":", (long long)seq,
	    clock_iso(at, stamp, sizeof(stamp)));
	buf_add_json(b, type);
	buf_adds(b, ",\"data\":");
	buf_add_json_text(b, text);
	buf_adds(b, "}\n");
}
