/* Steps without a process: Lua chunks, built-in functions, and the outputs of groups. */
#include "engine/live.h"
#include "flow/output.h"

#include <stdlib.h>

struct code_request {
	int64_t run;
	uint32_t step;
	unsigned epoch;
};

/* A table becomes JSON; text stays as it is; nothing becomes nothing. */
static int set_value(struct live *lv, uint32_t i, const json_t *value, struct err *err)
{
	char *dumped = json_is_string(value) || json_is_null(value) ? NULL : json_dump(value);
	struct str text = dumped ? str_from(dumped)
			  : json_is_null(value)
			      ? STR("")
			      : (struct str){ json_string_value(value), json_string_length(value) };
	int rc = text.n > CODE_OUTPUT_MAX
		     ? err_set(err, -E2BIG, "the output is larger than %zu bytes", CODE_OUTPUT_MAX)
		     : 0;

	if (rc == 0)
		live_set_result(lv, i, text, NULL, NULL);
	free(dumped);
	return rc;
}

static int evaluate(struct live *lv, uint32_t i, json_t **ret, struct err *err)
{
	const struct core_node *n = core_node(lv->core, i);

	if (n->def->code.call == CALL_RECONCILE) {
		struct evidence **sets;
		size_t n_sets;
		struct reconciliation *r = result_reconcile(lv, lv->job->arena, &sets, &n_sets);

		*ret = r ? reconciliation_to_json(lv->job->arena, r, sets, n_sets) : json_object();
		return 0;
	}
	struct scope scope = live_scope(lv, i);

	return expr_eval(lv->engine->vm, &n->def->code.run, &scope, ret, err);
}

static int run_code(struct job *job, struct store *s)
{
	const struct code_request *r = job->request;
	struct core_event ev = { .type = CORE_ENDED, .step = r->step, .epoch = r->epoch };
	struct err why = { 0 };
	struct live *lv;
	json_t *value = NULL;
	int rc = live_get(job, s, r->run, &lv);

	if (rc)
		return rc;
	if (!core_awaits(lv->core, r->step, r->epoch))
		return -ESTALE;
	ev.now = engine_now(job->e);
	rc = evaluate(lv, r->step, &value, &why);
	if (rc == 0)
		rc = set_value(lv, r->step, value, &why);
	if (rc == 0) {
		ev.ending = ENDING_ANSWERED;
	} else {
		ev.ending = ENDING_CONTRACT_BROKEN;
		ev.reason = str_from(
		    arena_printf(job->arena, "%s%s%s", why.what, why.why[0] ? ": " : "", why.why));
	}
	json_decref(value);
	return live_apply(job, lv, &ev);
}

void code_follow(struct job *job, struct live *lv, uint32_t step, unsigned epoch)
{
	struct job *next = job_create(lv->engine, run_code, NULL, NULL);
	struct code_request *r = arena_new(next->arena, struct code_request);

	*r = (struct code_request){ lv->key, step, epoch };
	next->request = r;
	job_follow(lv->engine, next);
	(void)job;
}

/* --- groups ----------------------------------------------------------------------------- */

/* ROOM shrinks by what is taken; an output for which there is none is only named by its size. */
static void add_output(json_t *value, struct str output, size_t *room)
{
	json_t *parsed = output.n <= *room / 2 ? output_extract(output) : NULL;
	size_t cost = output.n * (parsed ? 2 : 1);

	if (cost > *room) {
		json_object_set_new(value, "cut", json_integer((json_int_t)output.n));
		json_decref(parsed);
		return;
	}
	*room -= cost;
	json_object_set_new(value, "output", json_text(output));
	if (parsed)
		json_object_set_new(value, "json", parsed);
}

static json_t *child_value(struct live *lv, uint32_t i, size_t *room)
{
	const struct core_node *n = core_node(lv->core, i);
	struct str output = n->status == STEP_COMPLETED ? live_output(lv, i) : (struct str){ 0 };
	json_t *value = json_pack("{s:s}", "status", step_status_name(n->status));

	if (output.p)
		add_output(value, output, room);
	if (n->reason.n)
		json_object_set_new(value, "reason", json_text(n->reason));
	return value;
}

static json_t *children_of(struct live *lv, uint32_t i, size_t room)
{
	json_t *list = json_array();

	for (uint32_t k = 0; core_child(lv->core, i, k) != CORE_NONE; k++)
		json_array_append_new(list, child_value(lv, core_child(lv->core, i, k), &room));
	return list;
}

/* Halved until its JSON, with all its escapes, fits; with no room for texts it always does. */
static void compose_each(struct live *lv, uint32_t i)
{
	struct err ignored;
	int rc = -E2BIG;

	for (size_t room = CODE_OUTPUT_MAX; rc < 0; room /= 2) {
		json_t *list = children_of(lv, i, room);

		rc = set_value(lv, i, list, &ignored);
		json_decref(list);
		if (!room)
			break;
	}
}

/* What the last round's last completed step said. */
static void compose_loop(struct live *lv, uint32_t i)
{
	struct str output = { "", 0 };

	for (uint32_t k = 0; core_child(lv->core, i, k) != CORE_NONE; k++) {
		uint32_t child = core_child(lv->core, i, k);

		if (core_node(lv->core, child)->status == STEP_COMPLETED)
			output = live_output(lv, child);
	}
	live_set_result(lv, i, output.p ? output : STR(""), NULL, NULL);
}

void live_compose(struct live *lv, uint32_t i)
{
	const struct core_node *n = core_node(lv->core, i);

	if (n->kind == KIND_EACH)
		compose_each(lv, i);
	else if (n->kind == KIND_LOOP)
		compose_loop(lv, i);
	else /* a switch's case, an approval's choice */
		live_set_result(lv, i, n->reason, NULL, NULL);
}
