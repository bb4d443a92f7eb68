#include "engine/live.h"

#include <assert.h>
#include <stdlib.h>

#define CACHE_TEXT_MAX KIB(64) /* longer outputs are read from the store when needed */
#define CACHE_RUN_MAX MIB(1)

/* --- definitions ------------------------------------------------------------------------ */

struct definition *definition_add(struct engine *e, const char *hash, struct library *lib)
{
	struct definition *def = xalloc(sizeof(*def));

	snprintf(def->hash, sizeof(def->hash), "%s", hash);
	def->lib = lib;
	def->refs = 1;
	list_push(&e->definitions, &def->list);
	return def;
}

static struct definition *find_definition(struct engine *e, struct str hash)
{
	list_each (&e->definitions, it) {
		struct definition *def = list_item(it, struct definition, list);

		if (str_is(hash, def->hash))
			return def;
	}
	return NULL;
}

struct definition *definition_get(
    struct engine *e, struct store *s, struct str hash, struct err *err)
{
	struct definition *def = find_definition(e, hash);

	if (def) {
		def->refs++;
		return def;
	}
	struct arena *a = arena_create("definition", MIB(64));
	struct library *lib = NULL;
	struct str text;
	int rc = s->ops->blob_get(s, a, hash, &text);
	json_t *frozen = rc ? NULL : json_parse(text, err);

	if (rc)
		err_set(err, rc, "the run's definition is not in the store: %s", err_name(rc));
	else if (frozen)
		rc = library_thaw(frozen, &lib, err);
	if (rc == 0 && lib) {
		char name[65];

		snprintf(name, sizeof(name), "%.*s", STR_ARG(hash));
		def = definition_add(e, name, lib);
	}
	json_decref(frozen);
	arena_destroy(a);
	return def;
}

void definition_put(struct definition *def)
{
	if (!def || --def->refs)
		return;
	list_remove(&def->list);
	library_destroy(def->lib);
	free(def);
}

/* --- what a step came to ---------------------------------------------------------------- */

struct known *live_known(struct live *lv, uint32_t i)
{
	if (i >= lv->n_known) {
		size_t n = lv->n_known ? lv->n_known : 16;

		while (n <= i)
			n *= 2;
		lv->known = xrealloc(lv->known, n * sizeof(*lv->known));
		memset(lv->known + lv->n_known, 0, (n - lv->n_known) * sizeof(*lv->known));
		lv->n_known = n;
	}
	return &lv->known[i];
}

static void known_forget(struct live *lv, struct known *k)
{
	lv->cached_bytes -= k->output_n;
	free(k->output);
	free(k->evidence);
	free(k->facts);
	k->output = k->evidence = k->facts = NULL;
	k->output_n = 0;
	k->has = k->write = false;
}

static void known_set(
    struct live *lv, struct known *k, struct str output, char *evidence, char *facts)
{
	known_forget(lv, k);
	k->output = output.p ? xstrndup(output.p, output.n) : NULL;
	k->output_n = output.p ? output.n : 0;
	k->evidence = evidence;
	k->facts = facts;
	k->has = true;
	lv->cached_bytes += k->output_n;
}

void live_set_result(
    struct live *lv, uint32_t i, struct str output, const json_t *evidence, const json_t *facts)
{
	struct known *k = live_known(lv, i);

	known_set(
	    lv, k, output, evidence ? json_dump(evidence) : NULL, facts ? json_dump(facts) : NULL);
	k->write = true;
}

/* What is too large to keep lives in the job's arena only. */
void live_texts(struct live *lv, uint32_t i, struct step_row *ret)
{
	struct known *k = live_known(lv, i);
	int64_t key = core_node(lv->core, i)->key;

	*ret = (struct step_row){ 0 };
	if (k->has) {
		ret->output = (struct str){ k->output, k->output_n };
		ret->evidence = str_from(k->evidence);
		ret->facts = str_from(k->facts);
		return;
	}
	if (!key || lv->store->ops->step_texts(lv->store, lv->job->arena, key, ret) < 0)
		return;
	if (ret->output.n <= CACHE_TEXT_MAX && lv->cached_bytes + ret->output.n <= CACHE_RUN_MAX)
		known_set(lv, k, ret->output,
		    ret->evidence.p ? xstrndup(ret->evidence.p, ret->evidence.n) : NULL,
		    ret->facts.p ? xstrndup(ret->facts.p, ret->facts.n) : NULL);
}

struct str live_output(struct live *lv, uint32_t i)
{
	struct step_row row;

	live_texts(lv, i, &row);
	return row.output;
}

struct evidence *live_evidence(struct live *lv, uint32_t i)
{
	struct step_row row;

	live_texts(lv, i, &row);
	if (!row.evidence.p)
		return NULL;
	json_t *doc = json_parse(row.evidence, NULL);
	struct evidence *ev = doc ? evidence_from_json(lv->job->arena, doc) : NULL;

	json_decref(doc);
	return ev;
}

json_t *live_facts(struct live *lv, uint32_t i)
{
	struct step_row row;

	live_texts(lv, i, &row);
	return row.facts.p ? json_parse(row.facts, NULL) : NULL;
}

/* --- life ------------------------------------------------------------------------------- */

static struct str keep(struct live *lv, struct str s)
{
	return s.p ? arena_dup(lv->arena, s) : s;
}

static void copy_row(struct live *lv, const struct run_row *row)
{
	lv->row = *row;
	struct str *texts[] = { &lv->row.id, &lv->row.flow, &lv->row.title, &lv->row.status,
		&lv->row.reason, &lv->row.end_as, &lv->row.size, &lv->row.input, &lv->row.options,
		&lv->row.repo, &lv->row.project, &lv->row.snapshot, &lv->row.frozen,
		&lv->row.idempotency, &lv->row.parent_step, &lv->row.report, &lv->row.outcome,
		&lv->row.summary, &lv->row.seal };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = keep(lv, *texts[i]);
}

void live_discard(struct live *lv)
{
	list_remove(&lv->over);
	tally_fini(&lv->tally);
	core_destroy(lv->core);
	for (size_t i = 0; i < lv->n_known; i++)
		known_forget(lv, &lv->known[i]);
	free(lv->known);
	json_decref(lv->input);
	json_decref(lv->options);
	json_decref(lv->repo);
	json_decref(lv->signals);
	live_forget_change(lv);
	definition_put(lv->def);
	arena_destroy(lv->arena);
	free(lv);
}

static struct live *live_alloc(
    struct job *job, struct store *s, const struct run_row *row, struct definition *def)
{
	struct live *lv = xalloc(sizeof(*lv));

	list_init(&lv->over);
	lv->engine = job->e;
	lv->key = row->key;
	lv->arena = arena_create("run", MIB(64));
	lv->store = s;
	lv->job = job;
	lv->def = def;
	copy_row(lv, row);
	seal_begin(lv);
	lv->input = json_parse(row->input, NULL);
	lv->options = json_parse(row->options, NULL);
	lv->flow = library_flow(def->lib, row->flow, &job->err);
	live_ask_init(&lv->ask, lv);
	return lv;
}

static void make_core(struct live *lv)
{
	int size = flow_size_parse(lv->row.size);
	const struct core_config config = { .flow = lv->flow,
		.size = size < 0 ? SIZE_SMALL : (enum flow_size)size,
		.seed = lv->row.id,
		.ask = &lv->ask };

	lv->core = core_create(&config);
}

struct live *live_new(
    struct job *job, struct store *s, const struct run_row *row, struct definition *def)
{
	struct live *lv = live_alloc(job, s, row, def);

	if (!lv->flow) {
		live_discard(lv);
		return NULL;
	}
	make_core(lv);
	return lv;
}

void live_keep(struct live *lv)
{
	lv->key = lv->row.key;
	imap_put(&lv->engine->lives, lv->key, lv);
}

/* Is its task in the queue, or just taken out of it? */
static bool is_offered(struct live *lv, const struct step_row *r)
{
	struct task_row task;

	return r->task && str_is(r->status, step_status_name(STEP_PENDING)) &&
	       lv->store->ops->task_load(lv->store, lv->job->arena, r->task, &task) == 0 &&
	       !str_is(task.status, "ended");
}

static int restore_step(struct live *lv, const struct step_row *r, struct err *err)
{
	int kind = step_kind_parse(r->kind), status = step_status_parse(r->status);
	int ending = ending_parse(r->ending);

	if (kind < 0 || status < 0 || ending < 0)
		return err_set(
		    err, -EPROTO, "unknown words in stored step '%.*s'", STR_ARG(r->name));
	struct core_node node = { .name = r->name,
		.kind = (enum step_kind)kind,
		.parent = r->parent < 0 ? CORE_NONE : (uint32_t)r->parent,
		.ordinal = (uint32_t)r->ordinal,
		.status = (enum step_status)status,
		.ending = (enum ending)ending,
		.reason = r->reason,
		.attempt = (unsigned)r->attempt,
		.epoch = (unsigned)r->epoch,
		.partial = r->partial,
		.upstream = r->upstream,
		.ready_at = r->ready_at,
		.started_at = r->started_at,
		.ended_at = r->ended_at,
		.item = r->item.p ? json_parse(r->item, NULL) : NULL,
		.key = r->key,
		.offered = is_offered(lv, r) };
	int rc = core_restore(lv->core, (uint32_t)r->position, &node, err);

	json_decref(node.item);
	live_known(lv, (uint32_t)r->position)->task = r->task;
	return rc;
}

static int load_snapshot(struct live *lv)
{
	struct snapshot_row row;

	if (!lv->row.snapshot.p)
		return 0;
	int rc = lv->store->ops->snapshot_get(lv->store, lv->job->arena, lv->row.snapshot, &row);

	if (rc)
		return rc;
	lv->repo = json_parse(row.facts, NULL);
	lv->signals = json_parse(row.signals, NULL);
	return 0;
}

static int load_steps(struct live *lv, struct err *err)
{
	struct step_row *rows;
	size_t n;
	int rc = lv->store->ops->step_list(lv->store, lv->job->arena, lv->key, &rows, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = restore_step(lv, &rows[i], err);
	if (rc)
		return rc;
	int status = run_status_parse(lv->row.status), end_as = run_status_parse(lv->row.end_as);

	core_restored(
	    lv->core, status < 0 ? RUN_FAILED : (enum run_status)status, end_as, lv->row.reason);
	return 0;
}

/* What was measured for this run stands with its snapshot's step: equal snapshots share their row.
 */
static void load_signals(struct live *lv)
{
	for (uint32_t i = 0; lv->row.snapshot.p && i < core_count(lv->core); i++) {
		const struct core_node *n = core_node(lv->core, i);
		json_t *facts = n->kind == KIND_SNAPSHOT && n->status == STEP_COMPLETED
				    ? live_facts(lv, i)
				    : NULL;
		json_t *signals = json_get_object(facts, "signals");

		if (signals) {
			json_decref(lv->signals);
			lv->signals = json_incref(signals);
		}
		json_decref(facts);
	}
}

static int live_load(struct job *job, struct store *s, int64_t key, struct live **ret)
{
	struct run_row row;
	int rc = s->ops->run_load(s, job->arena, key, &row);

	if (rc)
		return err_set(&job->err, rc, "no such run");
	struct definition *def = definition_get(job->e, s, row.frozen, &job->err);

	if (!def)
		return job->err.code ? job->err.code : -EPROTO;
	struct live *lv = live_alloc(job, s, &row, def);

	if (!lv->flow) {
		rc = job->err.code;
	} else {
		make_core(lv);
		rc = s->ops->run_lock(s, key, &lv->seq);
	}
	if (!rc)
		rc = load_snapshot(lv);
	if (!rc)
		rc = load_steps(lv, &job->err);
	if (!rc)
		load_signals(lv);
	if (rc) {
		live_discard(lv);
		return rc;
	}
	imap_put(&job->e->lives, key, lv);
	lv->asleep = core_status(lv->core) == RUN_RUNNING && held_has(job->e, key);
	if (lv->asleep)
		run_keys_push(&job->e->reloaded, key);
	if (core_status(lv->core) !=
	    RUN_RUNNING) /* somebody comes late, and it is not kept for him */
		list_push(&job->e->over, &lv->over);
	*ret = lv;
	return 0;
}

int live_get(struct job *job, struct store *s, int64_t key, struct live **ret)
{
	struct live *lv = imap_get(&job->e->lives, key);

	if (lv && s->ops->shared) { /* somebody else may have gone on meanwhile */
		int64_t seq;
		int rc = s->ops->run_lock(s, key, &seq);

		if (rc)
			return rc;
		if (seq != lv->seq) {
			live_drop(job->e, key);
			lv = NULL;
		}
	}
	if (!lv)
		return live_load(job, s, key, ret);
	lv->store = s;
	lv->job = job;
	*ret = lv;
	return 0;
}

void live_drop(struct engine *e, int64_t key)
{
	struct live *lv = imap_remove(&e->lives, key);

	if (lv)
		live_discard(lv);
}

void live_drop_all(struct engine *e)
{
	imap_each (&e->lives, it)
		live_discard(it->value);
	imap_fini(&e->lives);
}
