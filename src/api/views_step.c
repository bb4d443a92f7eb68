/* Steps, as rows of a run. */
#include "api/views_priv.h"
#include "engine/engine.h"

bool view_counts(const struct step_row *s)
{
	bool rewrite = str_is(s->name, "rewrite") && str_is(s->status, "skipped");

	return !rewrite && (str_is(s->kind, "agent") || str_is(s->kind, "command") ||
			       str_is(s->kind, "approval") || str_is(s->kind, "flow"));
}

/* --- its definition ----------------------------------------------------------------------- */

static const struct step_row *row_at(const struct run_view *r, int64_t position)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->steps[i].position == position)
			return &r->steps[i];
	return NULL;
}

/* Of "verify/3" the body of the list, of "rounds/2/attack" the step "attack". */
static const struct flow_step *def_of(const struct run_view *r, const struct step_row *s)
{
	struct str rest = s->name, last = s->name;
	const struct step_row *parent = s->parent >= 0 ? row_at(r, s->parent) : NULL;

	if (!r->flow)
		return NULL;
	if (parent && str_is(parent->kind, "each")) {
		const struct flow_step *def = def_of(r, parent);

		return def && def->kind == KIND_EACH ? def->each.body : NULL;
	}
	while (rest.p)
		last = str_split(&rest, '/');
	return flow_find(r->flow, last);
}

static json_t *names(const struct strs *list)
{
	json_t *all = json_array();

	for (size_t i = 0; list && i < list->n; i++)
		json_array_append_new(all, json_text(list->v[i]));
	return all;
}

/* --- approvals ---------------------------------------------------------------------------- */

static json_t *ask_html(const struct run_view *r, const struct step_row *s)
{
	struct err err = { 0 };
	struct engine_question question;

	if (!str_is(s->status, "running") ||
	    engine_question(r->s, r->a, r->row->key, s->position, &question, &err) < 0)
		return json_null();
	return views_html(question.text);
}

static void set_approval(
    json_t *o, const struct run_view *r, const struct step_row *s, const struct flow_step *def)
{
	bool asks = def && def->kind == KIND_APPROVAL && str_is(s->kind, "approval");

	json_object_set_new(o, "choices", asks ? names(&def->approval.choices) : json_null());
	json_object_set_new(o, "ask_html", asks ? ask_html(r, s) : json_null());
}

/* --- what it came to ---------------------------------------------------------------------- */

static void set_count(json_t *o, const char *name, const json_t *facts, const char *key)
{
	const json_t *n = json_object_get(facts, key);

	json_object_set_new(
	    o, name, json_is_integer(n) ? json_integer(json_integer_value(n)) : json_null());
}

static void set_facts(json_t *o, const struct step_extra *x)
{
	json_t *facts = x->facts.p ? json_parse(x->facts, NULL) : NULL;
	struct str agent = json_get_str(facts, "agent"), model = json_get_str(facts, "model");
	bool counted = json_is_integer(json_object_get(facts, "in"));

	json_object_set_new(o, "agent", views_text(agent.n ? agent : x->agent));
	json_object_set_new(o, "model", views_text(model.n ? model : x->model));
	json_object_set_new(o, "tokens",
	    counted ? json_integer(json_get_int(facts, "in", 0) + json_get_int(facts, "out", 0))
		    : json_null());
	set_count(o, "findings", facts, "findings");
	set_count(o, "citations", facts, "citations");
	set_count(o, "hold", facts, "hold");
	set_count(o, "denied", facts, "denied");
	json_decref(facts);
}

/* What it does, and what it waits for. */
static void set_now(json_t *o, const struct step_row *s, const struct step_now *now)
{
	bool waits = str_is(s->status, "pending");

	json_object_set_new(o, "activity", views_text(now->activity));
	json_object_set_new(o, "condition", views_text(waits ? s->reason : now->condition));
}

static json_t *child_of(const struct run_view *r, const struct step_row *s)
{
	struct run_row child;
	int64_t key;

	if (!str_is(s->kind, "flow") ||
	    r->s->ops->run_child(r->s, r->row->key, s->name, &key) < 0 ||
	    r->s->ops->run_load(r->s, r->a, key, &child) < 0)
		return json_null();
	return json_text(child.id);
}

static void set_times(json_t *o, const struct run_view *r, const struct step_row *s)
{
	bool took = s->started_at && s->ended_at;

	json_object_set_new(o, "started", views_time(s->started_at));
	json_object_set_new(o, "ended", views_time(s->ended_at));
	json_object_set_new(
	    o, "took_ms", took ? json_integer(s->ended_at - s->started_at) : json_null());
	json_object_set_new(o, "kept",
	    json_boolean(r->resumed_at && s->ended_at && s->ended_at < r->resumed_at &&
			 str_is(s->status, "completed")));
}

json_t *view_step(const struct run_view *r, size_t i)
{
	const struct step_row *s = &r->steps[i];
	const struct flow_step *def = def_of(r, s);
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:o}",
	    "step", json_text(s->name), "label", json_text(s->label), "kind", json_text(s->kind),
	    "role",
	    def && def->role != ROLE_NONE ? json_cstr(step_role_name(def->role)) : json_null(),
	    "persona",
	    def && def->kind == KIND_AGENT ? views_text(def->agent.persona) : json_null(), "status",
	    json_text(s->status), "ending",
	    str_is(s->ending, "none") ? json_null() : views_text(s->ending), "reason",
	    json_text(s->reason), "attempt", (json_int_t)s->attempt, "epoch", (json_int_t)s->epoch,
	    "partial", s->partial != 0, "needs", names(def ? &def->needs : NULL));

	set_facts(o, &r->extras[i]);
	set_times(o, r, s);
	set_now(o, s, &r->now[i]);
	json_object_set_new(o, "child", child_of(r, s));
	set_approval(o, r, s, def);
	return o;
}

/* --- all of them -------------------------------------------------------------------------- */

static msec_t last_at(const struct run_view *r, struct str type, struct str word)
{
	struct event_row ev;

	return r->s->ops->event_last(r->s, r->a, r->row->key, type, word, &ev) == 0 ? ev.at : 0;
}

/* A person went on with it, or a daemon found it without its process: then an attempt was lost. */
static void find_resumed(struct run_view *r)
{
	if (!r->row->resumed)
		return;
	msec_t went_on = last_at(r, STR("run"), STR("running"));
	msec_t lost = last_at(r, STR("step"), STR("lost"));

	r->resumed_at = went_on > lost ? went_on : lost;
}

int run_view_open(struct views *v, struct store *s, struct arena *a, const struct run_row *row,
    struct run_view *ret)
{
	size_t n;

	*ret = (struct run_view){ .v = v, .s = s, .a = a, .row = row };
	int rc = s->ops->step_list(s, a, row->key, &ret->steps, &ret->n);

	if (!rc)
		rc = s->ops->step_extras(s, a, row->key, &ret->extras, &n);
	if (!rc && n != ret->n)
		rc = -EBADMSG;
	if (rc)
		return rc;
	ret->options = json_parse(row->options, NULL);
	ret->flow = views_flow(v, s, row);
	view_now(ret);
	find_resumed(ret);
	return 0;
}

void run_view_free(struct run_view *r)
{
	json_decref(r->options);
}
