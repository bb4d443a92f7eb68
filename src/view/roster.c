#include "view/roster.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "view/tool.h"

#include <stdio.h>

void roster_init(struct roster *r, struct arena *arena)
{
	*r = (struct roster){ .arena = arena };
}

static struct str keep(struct roster *r, struct str s)
{
	return arena_dup(r->arena, s);
}

static struct roster_row *find(struct roster *r, struct str name)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->rows[i].name, name))
			return &r->rows[i];
	return NULL;
}

static struct roster_row *add(struct roster *r, const json_t *step, const char *name_key)
{
	struct str name = json_get_str(step, name_key);
	struct roster_row *row = find(r, name);
	int kind = step_kind_parse(json_get_str(step, "kind"));
	int role = step_role_parse(json_get_str(step, "role"));

	if (!row) {
		r->rows = arena_grow(r->arena, r->rows, r->n, &r->cap, sizeof(*r->rows));
		row = &r->rows[r->n++];
	}
	*row = (struct roster_row){ .name = keep(r, name),
		.label = keep(r, json_get_str(step, "label")),
		.kind = kind < 0 ? KIND_CODE : (enum step_kind)kind,
		.role = role < 0 ? ROLE_NONE : (enum step_role)role,
		.findings = -1 };
	if (!row->label.n)
		row->label = row->name;
	return row;
}

/* Which size it is, and rows for what that leaves out. */
static void on_choice(struct roster *r, const json_t *choice)
{
	json_t *step;
	size_t i;

	if (!choice)
		return;
	r->size = keep(r, json_get_str(choice, "size"));
	r->size_reason = str_is(json_get_str(choice, "asked"), "auto")
			     ? keep(r, json_get_str(choice, "reason"))
			     : STR("");
	json_array_foreach (json_get_array(choice, "left_out"), i, step) {
		struct roster_row *row = add(r, step, "step");

		row->status = STEP_SKIPPED;
		row->left_out = true;
		row->reason = keep(r, json_get_str(step, "reason"));
	}
}

static void on_started(struct roster *r, msec_t at, const json_t *data)
{
	json_t *step;
	size_t i;

	r->run = keep(r, json_get_str(data, "run"));
	r->flow = keep(r, json_get_str(data, "flow"));
	r->size = keep(r, json_get_str(data, "size"));
	r->repo = keep(r, json_get_str(data, "repo"));
	r->status = STR("running");
	r->started = at;
	json_array_foreach (json_get_array(data, "steps"), i, step)
		add(r, step, "name");
	on_choice(r, json_get_object(data, "choice"));
}

static void take_facts(struct roster_row *row, const json_t *facts)
{
	if (!facts)
		return;
	row->findings = json_get_int(facts, "findings", -1);
	row->citations = json_get_int(facts, "citations", 0);
	row->hold = json_get_int(facts, "hold", 0);
	row->denied = (unsigned)json_get_int(facts, "denied", 0);
	row->tokens = json_get_int(facts, "in", 0) + json_get_int(facts, "out", 0);
}

/* What is there to be reviewed, if the flow looks at changes. */
static void add_change(struct buf *b, const json_t *change)
{
	long long parts = json_get_int(change, "parts", 0),
		  out = json_get_int(change, "left_out", 0);

	if (!change)
		return;
	buf_adds(b, "; change: ");
	buf_add(b, json_get_str(change, "title"));
	buf_printf(b, " in %lld part%s", parts, parts == 1 ? "" : "s");
	if (out)
		buf_printf(b, ", %lld file%s not shown", out, out == 1 ? "" : "s");
}

static struct str frozen_words(struct roster *r, const json_t *repo)
{
	struct str commit = json_get_str(repo, "commit");
	long long changed = json_get_int(repo, "changed", 0),
		  out = json_get_int(repo, "left_out", 0);
	struct buf b;

	buf_init(&b, KIB(8));
	buf_add(&b, json_get_str(repo, "name"));
	if (commit.n)
		buf_printf(&b, "@%.*s", STR_ARG(str_take(commit, 7)));
	if (changed)
		buf_printf(&b, " (%lld changed)", changed);
	buf_printf(&b, ", %lld files", json_get_int(repo, "files", 0));
	if (out)
		buf_printf(&b, ", %lld left out", out);
	add_change(&b, json_get_object(repo, "change"));
	if (r->size_reason.n) {
		buf_adds(&b, "; size ");
		buf_add(&b, r->size);
		buf_adds(&b, ": ");
		buf_add(&b, r->size_reason);
	}
	struct str words = keep(r, buf_str(&b));

	buf_fini(&b);
	return words;
}

static struct roster_row *on_step(struct roster *r, msec_t at, const json_t *data)
{
	struct roster_row *row = find(r, json_get_str(data, "step"));
	int status = step_status_parse(json_get_str(data, "status"));
	int ending = ending_parse(json_get_str(data, "ending"));

	if (!row)
		row = add(r, data, "step");
	row->status = status < 0 ? STEP_PENDING : (enum step_status)status;
	row->ending = ending < 0 ? ENDING_NONE : (enum ending)ending;
	row->reason = keep(r, json_get_str(data, "reason"));
	row->attempt = (unsigned)json_get_int(data, "attempt", 0);
	row->condition[0] = '\0';
	if (row->status == STEP_RUNNING) {
		row->started = at;
		row->ended = 0;
		row->told = false;
		snprintf(row->activity, sizeof(row->activity), "%s",
		    row->kind == KIND_APPROVAL ? "waits for a person" : "starting");
	} else if (step_is_settled(row->status)) {
		row->ended = at;
		take_facts(row, json_get_object(data, "facts"));
		if (json_get_object(data, "repo")) {
			size_t place = (size_t)(row - r->rows);

			on_choice(r, json_get_object(data, "choice"));
			row = &r->rows[place]; /* rows may have moved */
			row->reason = frozen_words(r, json_get_object(data, "repo"));
		}
	} else {
		row->told = false;
		snprintf(row->activity, sizeof(row->activity), "%.*s",
		    STR_ARG(utf8_cut(row->reason, 150)));
	}
	return row;
}

static void add_tail(struct roster *r, struct roster_row *row, struct str line)
{
	if (!row->tail)
		row->tail = arena_array(r->arena, ROSTER_TAIL, sizeof(*row->tail));
	snprintf(row->tail[row->tail_n++ % ROSTER_TAIL], sizeof(*row->tail), "%.*s",
	    STR_ARG(utf8_cut(line, sizeof(*row->tail) - 1)));
}

static void set_activity(struct roster_row *row, const char *verb, struct str what)
{
	snprintf(row->activity, sizeof(row->activity), "%s%s%.*s", verb, what.n ? " " : "",
	    STR_ARG(utf8_cut(what, 140)));
}

static void on_tool(struct roster *r, struct roster_row *row, const json_t *data)
{
	char verb[64], line[128];

	snprintf(verb, sizeof(verb), "%.*s", STR_ARG(json_get_str(data, "name")));
	set_activity(row, verb, tool_subject(json_get_object(data, "data")));
	snprintf(line, sizeof(line), "> %.100s", row->activity);
	add_tail(r, row, str_from(line));
}

/* The last line of text that is being written. */
static void on_text(struct roster *r, struct roster_row *row, const json_t *data)
{
	struct str rest = json_get_str(data, "text"), last = { "", 0 };

	while (rest.p) {
		struct str line = str_trim(str_line(&rest));

		if (!line.n)
			continue;
		last = line;
		add_tail(r, row, line);
	}
	if (last.n)
		set_activity(row, "writes:", last);
}

static struct roster_row *on_fact(struct roster *r, msec_t at, struct str type, const json_t *data)
{
	struct roster_row *row = find(r, json_get_str(data, "step"));

	if (!row)
		return NULL;
	row->beats++;
	row->last = at;
	row->condition[0] = '\0';
	if (str_is(type, "tool"))
		on_tool(r, row, data);
	else if (str_is(type, "text"))
		on_text(r, row, data);
	else if (str_is(type, "think"))
		set_activity(row, "thinking", (struct str){ "", 0 });
	else if (str_is(type, "usage"))
		row->tokens = json_get_int(data, "in", 0) + json_get_int(data, "out", 0);
	else if (str_is(type, "waiting"))
		snprintf(row->condition, sizeof(row->condition), "waiting for model: %.*s",
		    STR_ARG(utf8_cut(json_get_str(data, "why"), 70)));
	else if (str_is(type, "progress"))
		snprintf(row->activity, sizeof(row->activity), "%.*s, %lld files",
		    STR_ARG(utf8_cut(json_get_str(data, "phase"), 40)),
		    json_get_int(data, "files", 0));
	else if (str_is(type, "denied"))
		row->denied++;
	return row;
}

static void on_run(struct roster *r, msec_t at, const json_t *data)
{
	r->status = keep(r, json_get_str(data, "status"));
	r->reason = keep(r, json_get_str(data, "reason"));
	r->over = !str_is(r->status, "running");
	r->ended = r->over ? at : 0;
}

struct roster_row *roster_event(
    struct roster *r, int64_t seq, msec_t at, struct str type, const json_t *data)
{
	r->seq = seq;
	if (str_is(type, "started")) {
		on_started(r, at, data);
		return NULL;
	}
	if (str_is(type, "run")) {
		on_run(r, at, data);
		return NULL;
	}
	return str_is(type, "step") ? on_step(r, at, data) : on_fact(r, at, type, data);
}

bool roster_shows(const struct roster_row *row)
{
	if (row->role == ROLE_REWRITE && row->status == STEP_SKIPPED)
		return false; /* nobody needed it */
	return row->kind != KIND_CODE && row->kind != KIND_SWITCH && row->kind != KIND_EACH &&
	       row->kind != KIND_LOOP;
}

void roster_count(const struct roster *r, unsigned *ret_settled, unsigned *ret_all)
{
	*ret_settled = *ret_all = 0;
	for (size_t i = 0; i < r->n; i++) {
		if (!roster_shows(&r->rows[i]) || r->rows[i].kind == KIND_SNAPSHOT ||
		    r->rows[i].left_out)
			continue;
		++*ret_all;
		*ret_settled += step_is_settled(r->rows[i].status);
	}
}

long long roster_tokens(const struct roster *r)
{
	long long sum = 0;

	for (size_t i = 0; i < r->n; i++)
		sum += r->rows[i].tokens;
	return sum;
}

static const char *plural(long long n)
{
	return n == 1 ? "" : "s";
}

struct str roster_result(struct arena *a, const struct roster_row *row)
{
	char *text = arena_printf(a, "%.*s", STR_ARG(row->reason));

	if (row->status == STEP_COMPLETED && row->findings > 0)
		text =
		    arena_printf(a, "%lld finding%s, %lld of %lld citation%s hold", row->findings,
			plural(row->findings), row->hold, row->citations, plural(row->citations));
	else if (row->status == STEP_COMPLETED && row->citations > 0)
		text = arena_printf(a, "%lld of %lld citation%s hold", row->hold, row->citations,
		    plural(row->citations));
	else if (row->status == STEP_COMPLETED && row->findings == 0 && row->role == ROLE_ANGLE)
		text = arena_printf(a, "no findings");
	if (row->denied)
		text = arena_printf(a, "%s%s%u call%s denied", text, *text ? ", " : "", row->denied,
		    plural(row->denied));
	return str_from(text);
}
