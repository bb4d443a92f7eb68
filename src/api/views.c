#include "api/views_priv.h"

#include "api/estimate.h"
#include "base/buf.h"
#include "base/unconst.h"
#include "engine/choice.h"
#include "engine/engine.h"
#include "report/html.h"

#include <stdlib.h>

#define PROOF_EVENTS_MAX 50000 /* of a log that is read along with a document */

/* --- life --------------------------------------------------------------------------------- */

struct views *views_create(const char *epoch)
{
	struct views *v = xalloc(sizeof(*v));

	v->epoch = xstrdup(epoch);
	return v;
}

void views_destroy(struct views *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < VIEWS_FLOWS; i++)
		if (v->flows[i].lib)
			library_destroy(v->flows[i].lib);
	free(v->epoch);
	free(v);
}

/* --- definitions -------------------------------------------------------------------------- */

static struct library *read_library(struct store *s, struct str hash)
{
	struct arena *a = arena_create("definition", MIB(64));
	struct library *lib = NULL;
	struct err ignored;
	struct str text;

	if (s->ops->blob_get(s, a, hash, &text) == 0) {
		json_t *frozen = json_parse(text, NULL);

		if (!frozen || library_thaw(frozen, &lib, &ignored) < 0)
			lib = NULL;
		json_decref(frozen);
	}
	arena_destroy(a);
	return lib;
}

const struct flow *views_flow(struct views *v, struct store *s, const struct run_row *row)
{
	struct err ignored;

	for (size_t i = 0; i < VIEWS_FLOWS; i++)
		if (v->flows[i].lib && str_is(row->frozen, v->flows[i].hash))
			return v->flows[i].flow;
	struct library *lib = read_library(s, row->frozen);
	struct kept_flow *k = &v->flows[v->next_flow];

	if (!lib)
		return NULL;
	v->next_flow = (v->next_flow + 1) % VIEWS_FLOWS;
	if (k->lib)
		library_destroy(k->lib);
	k->lib = lib;
	snprintf(k->hash, sizeof(k->hash), "%.*s", STR_ARG(row->frozen));
	k->flow = library_flow(lib, row->flow, &ignored);
	return k->flow;
}

/* --- pieces ------------------------------------------------------------------------------- */

json_t *views_time(msec_t at)
{
	char iso[32];

	return at ? json_string(clock_iso(at, iso, sizeof(iso))) : json_null();
}

json_t *views_text(struct str text)
{
	return text.n ? json_text(text) : json_null();
}

json_t *views_html(struct str text)
{
	const struct html_text how = { .below = 1, .until = HTML_MAX, .part = true };
	struct buf b;

	buf_init(&b, HTML_MAX + KIB(64));
	html_text(&b, &how, text);
	json_t *html = json_text(buf_str(&b));

	buf_fini(&b);
	return html;
}

static json_t *agents_of(const struct step_row *steps, size_t n)
{
	static const char *const states[] = { "completed", "failed", "skipped", "cancelled",
		"running", "pending" };
	json_t *o = json_object();
	json_int_t all = 0, of[6] = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!view_counts(&steps[i]))
			continue;
		all++;
		for (size_t k = 0; k < 6; k++)
			of[k] += str_is(steps[i].status, states[k]);
	}
	json_object_set_new(o, "all", json_integer(all));
	for (size_t k = 0; k < 6; k++)
		json_object_set_new(o, states[k], json_integer(of[k]));
	return o;
}

/* What was frozen: {} as long as nothing is. New reference. */
static json_t *facts_of(struct store *s, struct arena *a, const struct run_row *row, bool signals)
{
	struct snapshot_row snap;

	if (!row->snapshot.n || s->ops->snapshot_get(s, a, row->snapshot, &snap) < 0)
		return json_object();
	json_t *doc = json_parse(signals ? snap.signals : snap.facts, NULL);

	return doc ? doc : json_object();
}

/* --- a line of a list --------------------------------------------------------------------- */

static void set_row(json_t *o, const struct run_row *row)
{
	json_t *input = json_parse(row->input, NULL);
	bool over = row->ended_at != 0;

	json_object_update_new(o,
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, "
		      "s:I, s:b}",
		"id", json_text(row->id), "flow", json_text(row->flow), "title",
		json_text(row->title), "question", json_text(json_get_str(input, "question")),
		"status", json_text(row->status), "reason", json_text(row->reason), "size",
		json_text(row->size), "repo", json_text(row->repo), "started",
		views_time(row->started_at), "ended", views_time(row->ended_at), "took_ms",
		json_integer(over ? row->ended_at - row->started_at : 0), "tokens_in",
		(json_int_t)row->tokens_in, "tokens_out", (json_int_t)row->tokens_out, "outcome",
		json_text(row->outcome), "resumed", (json_int_t)row->resumed, "seen", row->seen));
	json_decref(input);
}

static void set_options(json_t *o, const struct run_row *row)
{
	json_t *options = json_parse(row->options, NULL);

	json_object_set_new(o, "focus", json_text(json_get_str(options, "focus")));
	json_object_set_new(o, "fast", json_boolean(json_get_bool(options, "fast", false)));
	json_object_set_new(o, "agent", json_text(json_get_str(options, "agent")));
	json_object_set_new(o, "model", json_text(json_get_str(options, "model")));
	json_decref(options);
}

static struct str base_name(struct str path)
{
	struct str rest = path, last = path;

	while (rest.p) {
		struct str part = str_split(&rest, '/');

		last = part.n ? part : last;
	}
	return last;
}

static void set_repo(json_t *o, struct store *s, struct arena *a, const struct run_row *row)
{
	json_t *facts = facts_of(s, a, row, false);
	struct str name = json_get_str(facts, "name");
	const json_t *changed = json_get_array(facts, "changed");

	json_object_set_new(o, "repo_name", views_text(name.n ? name : base_name(row->repo)));
	json_object_set_new(o, "commit", views_text(json_get_str(facts, "commit")));
	json_object_set_new(o, "branch", views_text(json_get_str(facts, "branch")));
	json_object_set_new(
	    o, "dirty", changed ? json_integer((json_int_t)json_array_size(changed)) : json_null());
	json_decref(facts);
}

static void set_numbers(json_t *o, const struct run_row *row)
{
	json_t *sum = row->summary.n ? json_parse(row->summary, NULL) : NULL;
	json_t *findings = json_get_object(sum, "findings");
	json_t *citations = json_get_object(sum, "citations");

	json_object_set_new(o, "findings", findings ? json_incref(findings) : json_null());
	json_object_set_new(o, "citations", citations ? json_incref(citations) : json_null());
	json_object_set_new(o, "partial", json_boolean(json_get_bool(sum, "partial", false)));
	json_decref(sum);
}

static json_t *parent_of(struct store *s, struct arena *a, const struct run_row *row)
{
	struct run_row parent;

	if (!row->parent || s->ops->run_load(s, a, row->parent, &parent) < 0)
		return json_null();
	return json_text(parent.id);
}

static json_t *summary(struct store *s, struct arena *a, const struct run_row *row,
    const struct step_row *steps, size_t n)
{
	json_t *o = json_object();

	set_row(o, row);
	set_options(o, row);
	set_repo(o, s, a, row);
	set_numbers(o, row);
	json_object_set_new(o, "parent", parent_of(s, a, row));
	json_object_set_new(o, "agents", agents_of(steps, n));
	return o;
}

json_t *views_summary_of(
    struct views *v, struct store *s, struct arena *a, const struct run_row *row)
{
	struct step_row *steps;
	size_t n;

	(void)v;
	if (s->ops->step_list(s, a, row->key, &steps, &n) < 0)
		n = 0;
	return summary(s, a, row, steps, n);
}

json_t *views_summary(void *ctx, struct store *s, struct arena *a, int64_t run)
{
	struct run_row row;

	return s->ops->run_load(s, a, run, &row) < 0 ? NULL : views_summary_of(ctx, s, a, &row);
}

/* --- a run -------------------------------------------------------------------------------- */

/* Plan order: a child comes behind its group. */
static void add_steps(const struct run_view *r, int64_t parent, json_t *all)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->steps[i].parent != parent)
			continue;
		json_array_append_new(all, view_step(r, i));
		if (str_is(r->steps[i].kind, "each") || str_is(r->steps[i].kind, "loop"))
			add_steps(r, r->steps[i].position, all);
	}
}

static struct kept_proof *find_proof(
    struct views *v, struct store *s, struct arena *a, const struct run_row *row)
{
	struct kept_proof *k = &v->proofs[v->next_proof];
	struct engine_proof p;
	struct err err = { 0 };

	for (size_t i = 0; i < VIEWS_PROOFS; i++)
		if (v->proofs[i].run == row->key && str_is(row->seal, v->proofs[i].seal))
			return &v->proofs[i];
	int rc = engine_proof(s, a, row->key, &p, &err);

	v->next_proof = (v->next_proof + 1) % VIEWS_PROOFS;
	*k = (struct kept_proof){ .run = row->key, .ok = !rc && p.state == 0 };
	snprintf(k->seal, sizeof(k->seal), "%.*s", STR_ARG(row->seal));
	if (rc)
		snprintf(k->line, sizeof(k->line), "read-only: %s", err.what);
	else
		snprintf(k->line, sizeof(k->line), "%s", engine_proof_line(a, &p));
	engine_proof_free(&p);
	return k;
}

/* Of a run that goes on nothing is proven yet, and a very long log is read only on request. */
static void set_proof(json_t *o, const struct run_view *r)
{
	const struct kept_proof *k = NULL;

	if (r->row->seal.n && r->row->ended_at && r->row->seal_seq <= PROOF_EVENTS_MAX)
		k = find_proof(r->v, r->s, r->a, r->row);
	json_object_set_new(o, "proof", k ? json_cstr(k->line) : json_null());
	json_object_set_new(o, "proof_ok", k ? json_boolean(k->ok) : json_null());
}

static json_t *size_reason(const struct run_view *r, const json_t *signals)
{
	int size = flow_size_parse(r->row->size);

	if (size < 0 || size == SIZE_AUTO)
		return json_string("decided when the repository is frozen");
	return json_text(choice_reason(
	    r->a, (enum flow_size)size, json_get_bool(r->options, "auto", false), signals));
}

static json_t *estimate_of(const struct run_view *r)
{
	struct estimate e;

	if (estimate_read(r->s, r->a, r->row->key, &e) < 0 || !e.runs)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:i}", "low_ms", (json_int_t)e.low, "high_ms",
	    (json_int_t)e.high, "tokens", (json_int_t)e.tokens, "runs", (int)e.runs);
}

static json_t *next_of(const struct run_view *r)
{
	json_t *all = json_array();

	for (size_t i = 0; r->flow && i < r->flow->next.n; i++)
		json_array_append_new(all, json_text(r->flow->next.v[i]));
	return all;
}

json_t *views_provided(const json_t *facts)
{
	if (!facts)
		return json_null();
	json_t *o = json_copy(unconst(facts));

	json_object_set_new(o, "commit", views_text(json_get_str(facts, "commit")));
	json_object_del(o, "report"); /* where the store has it */
	return o;
}

static json_t *document(const struct run_view *r, int64_t seq)
{
	json_t *o = summary(r->s, r->a, r->row, r->steps, r->n), *steps = json_array();
	json_t *signals = facts_of(r->s, r->a, r->row, true);

	add_steps(r, -1, steps);
	json_object_update_new(
	    o, json_pack("{s:I, s:s, s:O, s:o, s:o, s:O, s:o, s:b, s:o, s:o}", "seq",
		   (json_int_t)seq, "epoch", r->v->epoch, "options", r->options, "command",
		   json_text(json_get_str(r->options, "command")), "size_reason",
		   size_reason(r, signals), "signals", signals, "estimate", estimate_of(r),
		   "report", r->row->report.n > 0, "next", next_of(r), "steps", steps));
	json_object_set_new(o, "provided", views_provided(json_get_object(r->options, "provided")));
	set_proof(o, r);
	json_decref(signals);
	return o;
}

json_t *views_run(void *ctx, struct store *s, struct arena *a, int64_t run)
{
	struct run_row row;
	struct run_view r;
	int64_t seq;

	if (s->ops->run_load(s, a, run, &row) < 0 || s->ops->run_lock(s, run, &seq) < 0 ||
	    run_view_open(ctx, s, a, &row, &r) < 0)
		return NULL;
	json_t *doc = document(&r, seq);

	run_view_free(&r);
	return doc;
}
