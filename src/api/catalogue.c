/* What there is to run: flows, with how long they took before. */
#include "api/estimate.h"
#include "api/flow_doc.h"
#include "api/flows.h"
#include "api/priv.h"

/* --- what runs of a flow took ------------------------------------------------------------- */

static json_t *past_of(struct call *c, struct store *s, struct str flow)
{
	const struct estimate_kind kind = { .flow = flow };
	struct estimate e;

	if (!flow.n || estimate_like(s, c->a, &kind, &e) < 0 || !e.runs)
		return json_null();
	return json_pack("{s:i, s:I, s:I, s:I, s:I}", "runs", (int)e.runs, "median_ms",
	    (json_int_t)e.median, "low_ms", (json_int_t)e.low, "high_ms", (json_int_t)e.high,
	    "tokens", (json_int_t)e.tokens);
}

/* --- all ---------------------------------------------------------------------------------- */

static struct library *load(struct call *c)
{
	const struct flows_from from = { .user = c->api->config.user };

	return flows_load(c->a, &from);
}

static int load_all(struct call *c)
{
	struct library *lib = load(c);
	json_t *items = json_array();

	for (size_t i = 0; i < library_count(lib); i++)
		json_array_append_new(items, flow_doc_entry(library_at(lib, i)));
	library_destroy(lib);
	c->kept = items;
	return 0;
}

static int read_past(struct call *c, struct store *s)
{
	json_t *one;
	size_t i;

	json_array_foreach (c->kept, i, one)
		json_object_set_new(one, "past", past_of(c, s, json_get_str(one, "name")));
	return 0;
}

static void answer_all(struct call *c)
{
	call_json(c, json_pack("{s:O, s:n}", "items", c->kept, "next"));
}

static void find_past(struct call *c)
{
	call_read(c, read_past, answer_all);
}

void get_flows(struct call *c)
{
	call_work(c, load_all, find_past);
}

/* --- one ---------------------------------------------------------------------------------- */

static int load_one(struct call *c)
{
	struct library *lib = load(c);
	const struct flow *flow = library_flow(lib, c->name, &c->err);
	int rc = flow ? 0 : c->err.code == -ENOENT ? -ENOENT : -ESTALE;

	if (flow) {
		json_t *doc = flow_doc(flow);

		for (size_t i = 0; i < library_count(lib); i++)
			if (library_at(lib, i)->flow == flow)
				json_object_set_new(
				    doc, "origin", json_string(library_at(lib, i)->origin));
		c->kept = doc;
	}
	library_destroy(lib);
	return rc;
}

static int read_one_past(struct call *c, struct store *s)
{
	json_t *doc = c->kept;

	json_object_set_new(doc, "past", past_of(c, s, json_get_str(doc, "name")));
	return 0;
}

static void answer_one(struct call *c)
{
	call_json(c, json_incref(c->kept));
}

static void find_one_past(struct call *c)
{
	call_read(c, read_one_past, answer_one);
}

void get_flow(struct call *c)
{
	call_work(c, load_one, find_one_past);
}
