/* What was told, and whether a store still says so. */
#include "power.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/sha256.h"

#include <stdio.h>
#include <stdlib.h>

void facts_fini(struct facts *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].text);
	free(f->v);
}

struct fact *facts_add(struct facts *f, enum fact_kind kind, size_t at, const char *run,
    struct str step, struct str text)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 256;
		f->v = xrealloc(f->v, f->cap * sizeof(*f->v));
	}
	struct fact *fact = &f->v[f->n++];

	*fact = (struct fact){ .kind = kind, .at = at, .until = SIZE_MAX, .again = SIZE_MAX };
	snprintf(fact->run, sizeof(fact->run), "%s", run);
	snprintf(fact->step, sizeof(fact->step), "%.*s", STR_ARG(step));
	fact->text = text.p ? xstrndup(text.p, text.n) : NULL;
	return fact;
}

void facts_end(struct facts *f, const char *run, unsigned mask, size_t at)
{
	for (size_t i = 0; i < f->n; i++) {
		struct fact *fact = &f->v[i];
		bool nested = (mask & FACT_NESTED) && strchr(fact->step, '/');

		if (strcmp(fact->run, run) != 0)
			continue;
		if ((nested || (mask & FACT_BIT(fact->kind))) && fact->until > at)
			fact->until = at;
		if ((mask & FACT_AGAIN) && fact->again > at)
			fact->again = at;
	}
}

/* --- one run, as it is stored --------------------------------------------------------------- */

struct stored {
	struct arena *a;
	struct store *s;
	bool there;
	struct run_row row;
	struct step_row *steps;
	size_t n_steps;
	int64_t last_seq;
	bool gap, odd;	   /* in the numbers of its events, or in what they hold */
	struct buf events; /* their data, one a line */
};

static int add_event(void *ctx, const struct event_row *row)
{
	struct stored *r = ctx;
	json_t *data = json_parse(row->data, NULL);

	r->gap |= row->seq != r->last_seq + 1;
	r->odd |= !json_is_object(data);
	r->last_seq = row->seq;
	json_decref(data);
	buf_printf(&r->events, "%.*s %.*s\n", STR_ARG(row->type), STR_ARG(row->data));
	return 0;
}

static int load(struct store *s, const char *id, struct stored *r)
{
	int64_t key;

	*r = (struct stored){ .a = arena_create("stored run", ARENA_JOB), .s = s };
	buf_init(&r->events, MIB(64));
	int rc = s->ops->run_find(s, str_from(id), &key);

	if (rc == -ENOENT)
		return 0;
	if (!rc)
		rc = s->ops->run_load(s, r->a, key, &r->row);
	if (!rc && !str_is(r->row.id, id))
		return 0;
	if (!rc)
		rc = s->ops->step_list(s, r->a, key, &r->steps, &r->n_steps);
	for (int64_t before = -1; !rc && before != r->last_seq;) {
		before = r->last_seq;
		rc = s->ops->event_read(s, key, before, 1000, add_event, r);
	}
	r->there = true;
	return rc;
}

static void unload(struct stored *r)
{
	buf_fini(&r->events);
	arena_destroy(r->a);
}

static const struct step_row *step_of(const struct stored *r, const char *name)
{
	for (size_t i = 0; i < r->n_steps; i++)
		if (str_is(r->steps[i].name, name))
			return &r->steps[i];
	return NULL;
}

static bool said(const struct stored *r, const char *text)
{
	return str_contains(buf_str(&r->events), str_from(text));
}

/* --- facts of it ---------------------------------------------------------------------------- */

/* It waits to be done again; or did, until its run was cancelled. */
static bool waits_again(const struct stored *r, const struct step_row *step)
{
	bool cancelled = r->row.end_as.n || str_is(r->row.status, "cancelled");

	return str_is(step->status, "pending") || (cancelled && str_is(step->status, "cancelled"));
}

static bool result_is(const struct stored *r, const struct fact *f, size_t at)
{
	const struct step_row *step = step_of(r, f->step);
	struct step_row texts = { 0 };

	if (!step || step->epoch < f->number)
		return false;
	if (f->number >= 0 && step->epoch > f->number) /* it was done again since */
		return true;
	if (!str_is(step->status, "completed"))
		return f->again <= at && waits_again(r, step);
	return r->s->ops->step_texts(r->s, r->a, step->key, &texts) == 0 &&
	       str_is(texts.output, f->text);
}

static bool report_is_whole(const struct stored *r)
{
	char hex[SHA256_HEX] = "";
	struct str text;

	if (!r->row.report.p)
		return str_is(r->row.status, "cancelled");
	if (r->s->ops->blob_get(r->s, r->a, r->row.report, &text) == 0)
		sha256_of(text, hex);
	return str_is(r->row.report, hex);
}

static bool has_idempotency(const struct stored *r, const char *key)
{
	int64_t run;

	return !*key ||
	       (r->s->ops->run_by_idempotency(r->s, str_from(key), &run) == 0 && run == r->row.key);
}

static bool holds(const struct stored *r, const struct fact *f, size_t at)
{
	const struct step_row *step = step_of(r, f->step);
	char text[160];

	if (f->kind == FACT_REMOVED)
		return !r->there;
	if (!r->there)
		return false;
	switch (f->kind) {
	case FACT_RUN:
		return has_idempotency(r, f->text);
	case FACT_CLAIMED:
		return step && step->epoch >= f->number;
	case FACT_STARTED:
		snprintf(text, sizeof(text), "attempt {\"step\":\"%s\",\"epoch\":%lld,", f->step,
		    (long long)f->number);
		return said(r, text);
	case FACT_SAID:
		return said(r, f->text);
	case FACT_RESULT:
	case FACT_CHOSEN:
		return result_is(r, f, at);
	case FACT_LOG:
		return r->last_seq >= f->number;
	case FACT_STOPPED:
		return str_is(r->row.end_as, "cancelled") || !str_is(r->row.status, "running");
	case FACT_OVER:
		return str_is(r->row.status, f->text) && report_is_whole(r);
	case FACT_REMOVED:
	case FACT_NOTE:
		break;
	}
	return false;
}

static const char *const kinds[] = { "launched", "claimed", "started", "said", "completed",
	"the log", "cancelled", "decided", "over", "removed", "noted" };

static int wrong(struct err *err, const struct fact *f, size_t at)
{
	return err_set(err, -EPROTO, "told at %zu, lost at %zu: %s %s %s %lld %.60s", f->at, at,
	    kinds[f->kind], f->run, f->step, (long long)f->number, f->text ? f->text : "");
}

static bool note_is(struct store *s, const struct fact *f)
{
	struct arena *a = arena_create("note", ARENA_JOB);
	struct str value;
	bool is = s->ops->note_get(s, a, str_from(f->step), &value) == 0 && str_is(value, f->text);

	arena_destroy(a);
	return is;
}

/* Of a run that is there at all. */
static int check_itself(const struct stored *r, struct err *err)
{
	struct engine_proof proof;
	struct err why = { 0 };
	int rc;

	if (r->gap || r->odd || !r->last_seq)
		return err_set(err, -EPROTO, "run %.*s: its log %s", STR_ARG(r->row.id),
		    r->gap   ? "has a gap"
		    : r->odd ? "holds what is no JSON"
			     : "is empty");
	rc = engine_proof(r->s, r->a, r->row.key, &proof, &why);
	if (rc || proof.state == -EPROTO)
		rc = err_set(err, -EPROTO, "run %.*s: %s %s", STR_ARG(r->row.id),
		    rc ? why.what : proof.err.what, proof.err.why);
	engine_proof_free(&proof);
	return rc;
}

static int check_run(
    const struct facts *f, size_t first, size_t at, struct store *s, struct err *err)
{
	const char *id = f->v[first].run;
	struct stored r;
	int rc = load(s, id, &r);

	if (rc)
		err_set(err, rc = -EPROTO, "run %s cannot be read", id);
	for (size_t i = first; i < f->n && f->v[i].at <= at && !rc; i++)
		if (strcmp(f->v[i].run, id) == 0 && f->v[i].until > at && !holds(&r, &f->v[i], at))
			rc = wrong(err, &f->v[i], at);
	if (!rc && r.there)
		rc = check_itself(&r, err);
	unload(&r);
	return rc;
}

static bool is_first_of_run(const struct facts *f, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(f->v[k].run, f->v[i].run) == 0)
			return false;
	return true;
}

int facts_check(const struct facts *f, size_t at, struct store *s, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < f->n && f->v[i].at <= at && !rc; i++) {
		const struct fact *fact = &f->v[i];

		if (fact->kind == FACT_NOTE)
			rc = fact->until > at && !note_is(s, fact) ? wrong(err, fact, at) : 0;
		else if (is_first_of_run(f, i))
			rc = check_run(f, i, at, s, err);
	}
	return rc;
}
