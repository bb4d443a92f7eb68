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
static void set_value(struct live *lv, uint32_t i, const json_t *value)
{
	if (json_is_string(value)) {
		live_set_result(lv, i,
		    (struct str){ json_string_value(value), json_string_length(value) }, NULL,
		    NULL);
	} else {
		char *text = json_is_null(value) ? xstrdup("") : json_dump(value);

		live_set_result(lv, i, str_from(text), NULL, NULL);
		free(text);
	}
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
	ev.now = clock_wall();
	rc = evaluate(lv, r->step, &value, &why);
	if (rc == 0 && json_is_string(value) && json_string_length(value) > ANSWER_MAX)
		rc = err_set(&why, -E2BIG, "the output is larger than %zu bytes", ANSWER_MAX);
	if (rc == 0) {
		set_value(lv, r->step, value);
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

static json_t *child_value(struct live *lv, uint32_t i)
{
	const struct core_node *n = core_node(lv->core, i);
	struct str output = n->status == STEP_COMPLETED ? live_output(lv, i) : (struct str){ 0 };
	json_t *value = json_pack("{s:s}", "status", step_status_name(n->status));

	if (output.p)
		json_object_set_new(value, "output", json_text(output));
	if (output.p) {
		json_t *parsed = output_extract(output);

		if (parsed)
			json_object_set_new(value, "json", parsed);
	}
	if (n->reason.n)
		json_object_set_new(value, "reason", json_text(n->reason));
	return value;
}

static void compose_each(struct live *lv, uint32_t i)
{
	json_t *list = json_array();

	for (uint32_t k = 0; core_child(lv->core, i, k) != CORE_NONE; k++)
		json_array_append_new(list, child_value(lv, core_child(lv->core, i, k)));
	set_value(lv, i, list);
	json_decref(list);
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
