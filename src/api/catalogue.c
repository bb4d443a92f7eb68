/* What there is to run: flows, with how long they took before. */
#include "api/definitions.h"
#include "api/estimate.h"
#include "api/flow_doc.h"
#include "api/launch.h"
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

/* With those of the repository that is named, as far as somebody accepted them. */
static int open_definitions(struct call *c, struct definitions *d)
{
	const struct str *named = c->own;
	struct definitions_from from = { .user = c->api->config.user };
	struct str repo;
	int rc = named->n ? order_repo(c->a, *named, &repo, &c->err) : 0;

	if (rc)
		return -EINVAL;
	from.repo = named->n ? repo.p : NULL;
	return definitions_open(d, c->a, &from, &c->err);
}

static void name_repo(struct call *c)
{
	struct str *named = arena_new(c->a, struct str);

	*named = call_query(c, "repo");
	c->own = named;
}

static int load_all(struct call *c)
{
	struct definitions d;
	int rc = open_definitions(c, &d);

	if (rc)
		return rc;
	const struct library *lib = definitions_view(&d);

	c->kept = json_array();
	for (size_t i = 0; i < library_count(lib); i++)
		json_array_append_new(c->kept, flow_doc_entry(library_at(lib, i)));
	definitions_close(&d);
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
	name_repo(c);
	call_work(c, load_all, find_past);
}

/* --- one ---------------------------------------------------------------------------------- */

static json_t *document(const struct library *lib, const struct flow *flow)
{
	json_t *doc = flow_doc(flow);

	for (size_t i = 0; i < library_count(lib); i++)
		if (library_at(lib, i)->flow == flow)
			json_object_set_new(doc, "origin", json_string(library_at(lib, i)->origin));
	return doc;
}

static int load_one(struct call *c)
{
	struct definitions d;
	struct library *lib;
	int rc = open_definitions(c, &d);

	if (rc)
		return rc;
	const struct flow *flow = definitions_flow(&d, c->name, &lib, &c->err);

	if (flow)
		c->kept = document(lib, flow);
	definitions_close(&d);
	if (flow)
		return 0;
	return c->err.code == -ENOENT ? -ENOENT : -ESTALE;
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
	name_repo(c);
	call_work(c, load_one, find_one_past);
}
