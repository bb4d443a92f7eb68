#include "engine/choice.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "flow/scan.h"

#include <stdlib.h>

/* "153,721" */
static const char *grouped(struct arena *a, long long n)
{
	if (n < 1000)
		return arena_printf(a, "%lld", n);
	return arena_printf(a, "%s,%03lld", grouped(a, n / 1000), n % 1000);
}

/* --- size ------------------------------------------------------------------------------- */

struct str choice_reason(struct arena *a, enum flow_size size, bool was_auto, const json_t *signals)
{
	if (size == SIZE_AUTO)
		return STR("");
	if (!was_auto)
		return STR("asked for");
	if (!json_object_get(signals, "focus_lines"))
		return STR("there is no repository, so nothing was measured");
	const struct size_rule *r = size_rule(signals);
	long long n = json_get_int(signals, r->what ? r->signal : "focus_lines", 0);

	return str_from(arena_printf(a, "%s, here %s line%s%s", r->what ? r->what : SIZE_ELSE,
	    grouped(a, n), n == 1 ? "" : "s", r->what ? "" : " in focus"));
}

static json_t *rule_json(bool was_auto, const json_t *signals)
{
	const struct size_rule *r = size_rule(signals);

	if (!was_auto || !json_object_get(signals, "focus_lines"))
		return json_null();
	if (!r->what)
		return json_pack("{s:s, s:s, s:i, s:I}", "what", SIZE_ELSE, "signal", "focus_lines",
		    "at_least", 0, "value", (json_int_t)json_get_int(signals, "focus_lines", 0));
	return json_pack("{s:s, s:s, s:I, s:I}", "what", r->what, "signal", r->signal, "at_least",
	    (json_int_t)r->at_least, "value", (json_int_t)json_get_int(signals, r->signal, 0));
}

struct str choice_left_out(struct arena *a, const struct flow_step *s)
{
	return str_from(s->size == SIZE_LARGE
			    ? "only at size large"
			    : arena_printf(a, "from size %s on", flow_size_name(s->size)));
}

static json_t *left_out(struct arena *a, const struct flow *f, enum flow_size size)
{
	json_t *all = json_array();

	for (size_t i = 0; size != SIZE_AUTO && i < f->n_steps; i++) {
		const struct flow_step *s = f->steps[i];

		if (flow_step_exists(s, size))
			continue;
		json_array_append_new(
		    all, json_pack("{s:o, s:o, s:s, s:s, s:s, s:o}", "step", json_text(s->id),
			     "label", json_text(s->label.n ? s->label : s->id), "kind",
			     step_kind_name(s->kind), "role", step_role_name(s->role), "from",
			     flow_size_name(s->size), "reason", json_text(choice_left_out(a, s))));
	}
	return all;
}

json_t *choice_json(struct arena *a, const struct flow *f, enum flow_size size, bool was_auto,
    const json_t *signals)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "asked",
	    flow_size_name(was_auto ? SIZE_AUTO : size), "size", flow_size_name(size), "reason",
	    json_text(choice_reason(a, size, was_auto, signals)), "rule",
	    rule_json(was_auto && size != SIZE_AUTO, signals), "left_out", left_out(a, f, size));
}

/* --- conditions ------------------------------------------------------------------------- */

static void add_value(struct buf *b, const json_t *value)
{
	char *text = value ? json_dump(value) : NULL;

	buf_adds(b, text ? text : "not measured");
	free(text);
}

static void add_once(struct buf *b, struct arena *a, const char *name, const json_t *value)
{
	struct str begin = str_from(arena_printf(a, "%s = ", name));

	if (str_starts(buf_str(b), begin) ||
	    str_contains(buf_str(b), str_from(arena_printf(a, ", %s = ", name))))
		return;
	buf_adds(b, b->n ? ", " : "");
	buf_add(b, begin);
	add_value(b, value);
}

/* Behind the name `signals` at S: the member that is read, or empty. */
static struct str member_of(struct scanner *s)
{
	struct token dot = scan_next(s), name = scan_next(s);
	bool bracket = str_is(dot.text, "[");

	if ((str_is(dot.text, ".") && name.type == TOKEN_NAME) ||
	    (bracket && name.type == TOKEN_STRING))
		return name.text;
	return (struct str){ "", 0 };
}

struct str choice_because(
    struct arena *a, struct str cond, enum flow_size size, const json_t *signals)
{
	struct scanner s = { cond, 0 };
	struct token before = { TOKEN_OTHER, { "", 0 }, 0 }, t;
	struct buf b;

	buf_init(&b, KIB(4));
	for (t = scan_next(&s); t.type != TOKEN_END; before = t, t = scan_next(&s)) {
		if (t.type != TOKEN_NAME || str_is(before.text, "."))
			continue;
		if (str_is(t.text, "size")) {
			json_t *value = json_string(flow_size_name(size));

			add_once(&b, a, "size", value);
			json_decref(value);
		} else if (str_is(t.text, "signals")) {
			const char *name = arena_cstr(a, member_of(&s));

			if (*name)
				add_once(&b, a, arena_printf(a, "signals.%s", name),
				    json_object_get(signals, name));
		}
	}
	struct str out = buf_status(&b) ? STR("") : arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}
