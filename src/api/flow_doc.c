#include "api/flow_doc.h"

#include "base/json.h"

unsigned flow_doc_agents(const struct flow *flow, enum flow_size size)
{
	unsigned n = 0;

	for (size_t i = 0; i < flow->n_all; i++)
		n += flow->all[i]->kind == KIND_AGENT && flow_step_exists(flow->all[i], size);
	return n;
}

static json_t *inputs_json(const struct flow *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_inputs; i++) {
		const struct flow_input *in = &f->inputs[i];

		json_array_append_new(list,
		    json_pack("{s:o, s:o, s:o, s:o, s:b}", "name", json_text(in->name), "label",
			json_text(in->label), "placeholder", json_text(in->placeholder), "type",
			json_text(in->type), "required", in->required));
	}
	return list;
}

static json_t *names_json(const struct strs *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(list, json_text(names->v[i]));
	return list;
}

/* What list and show have in common. */
static void add_about(json_t *doc, const struct flow *f)
{
	json_object_update_new(doc,
	    json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:{s:i, s:i, s:i}}", "title",
		json_text(f->title), "summary", json_text(f->summary), "when_to_use",
		json_text(f->when_to_use), "category", flow_category_name(f->category), "inputs",
		inputs_json(f), "next", names_json(&f->next), "agents", "small",
		(int)flow_doc_agents(f, SIZE_SMALL), "medium", (int)flow_doc_agents(f, SIZE_MEDIUM),
		"large", (int)flow_doc_agents(f, SIZE_LARGE)));
}

json_t *flow_doc_entry(const struct flow_entry *e)
{
	json_t *doc = json_pack("{s:o, s:s, s:o, s:b, s:b}", "name", json_text(e->name), "origin",
	    e->origin, "file", json_cstr(e->file), "valid", e->flow != NULL, "trusted",
	    e->withheld == WITHHELD_NOT);

	if (e->flow)
		add_about(doc, e->flow);
	if (e->withheld)
		json_object_set_new(doc, "changed", json_boolean(e->withheld == WITHHELD_CHANGED));
	return doc;
}

static json_t *step_json(const struct flow_step *s)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "id", json_text(s->id),
	    "label", json_text(s->label), "kind", step_kind_name(s->kind), "role",
	    step_role_name(s->role), "size", flow_size_name(s->size), "persona",
	    json_text(s->kind == KIND_AGENT ? s->agent.persona : (struct str){ "", 0 }), "if",
	    json_text(s->cond.text.p ? s->cond.text : (struct str){ "", 0 }), "needs",
	    names_json(&s->needs));
}

json_t *flow_doc(const struct flow *flow)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < flow->n_all; i++)
		json_array_append_new(steps, step_json(flow->all[i]));
	json_t *doc = json_pack("{s:o, s:o, s:o, s:o}", "name", json_text(flow->name), "text",
	    json_text(flow->text), "steps", steps, "sections", names_json(&flow->report_sections));

	add_about(doc, flow);
	return doc;
}
