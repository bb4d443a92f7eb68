/* What a stored run proves, found out anew from its rows. */
#include "engine/live.h"

#include <stdlib.h>

#define PROOF_FILE_MAX MIB(256)
#define PAGE 1000 /* events a query */

struct collecting {
	struct arena *arena;
	struct buf file;
	int64_t seq;
	json_t *last; /* what the run said last of itself */
};

static int on_row(void *ctx, const struct event_row *row)
{
	struct collecting *c = ctx;
	const struct attest_event ev = { row->seq, row->at, row->step, row->type, row->data };

	attest_file_event(&c->file, &ev);
	c->seq = row->seq;
	if (str_is(row->type, ATTEST_RUN)) {
		json_decref(c->last);
		c->last = json_parse(row->data, NULL);
	}
	return buf_status(&c->file);
}

static int collect(struct store *s, const struct run_row *row, struct collecting *c)
{
	struct attest_seal seal = { .seq = str_is(row->status, "running") ? 0 : row->seal_seq };
	int64_t before = -1;
	int rc = 0;

	buf_init(&c->file, PROOF_FILE_MAX);
	attest_file_begin(&c->file, row->id);
	while (c->seq != before && !rc) {
		before = c->seq;
		rc = s->ops->event_read(s, row->key, before, PAGE, on_row, c);
	}
	snprintf(seal.sha256, sizeof(seal.sha256), "%.*s", STR_ARG(row->seal));
	attest_file_end(&c->file, &seal);
	return rc ? rc : buf_status(&c->file);
}

/* --- what is not in the log, but named there ------------------------------------------------ */

static int digest_results(struct store *s, int64_t run, char hex[SHA256_HEX])
{
	struct arena *a = arena_create("results", ARENA_JOB), *one;
	struct sha256 sha;
	struct step_row *rows, texts;
	size_t n = 0;
	int rc = s->ops->step_list(s, a, run, &rows, &n);

	sha256_begin(&sha);
	for (size_t i = 0; i < n && !rc; i++) {
		one = arena_create("result", ARENA_JOB);
		texts = (struct step_row){ 0 };
		rc = s->ops->step_texts(s, one, rows[i].key, &texts);
		seal_results_add(&sha, rows[i].position, &texts);
		arena_destroy(one);
	}
	sha256_end(&sha, hex);
	arena_destroy(a);
	return rc;
}

static bool report_is(struct store *s, struct str hash, struct str named)
{
	struct arena *a = arena_create("report", ARENA_JOB);
	char hex[SHA256_HEX] = "";
	struct str text;

	if (str_eq(hash, named) && s->ops->blob_get(s, a, hash, &text) == 0)
		sha256_of(text, hex);
	arena_destroy(a);
	return str_is(named, hex);
}

static int differs(struct err *err, const char *what)
{
	err_set(err, -EPROTO, "this run is not stored as it was written");
	err_why(err, "%s", what);
	return err_fix(err, "trust what was exported before, or run it again");
}

static int check_rest(
    struct store *s, const struct run_row *row, const json_t *last, struct err *err)
{
	char hex[SHA256_HEX];
	int rc = digest_results(s, row->key, hex);

	if (rc)
		return err_set(
		    err, rc, "the results of its steps cannot be read: %s", err_name(rc));
	if (!str_is(json_get_str(last, "results"), hex))
		return differs(err, "the results of its steps are not those that the log names");
	if (!str_eq(json_get_str(last, "status"), row->status))
		return differs(err, "it ended in another way, says the log");
	if (row->report.p && !report_is(s, row->report, json_get_str(last, "report")))
		return differs(err, "its report is not the one that the log names");
	return 0;
}

/* --- together ------------------------------------------------------------------------------- */

static int check(
    struct store *s, const struct run_row *row, struct collecting *c, struct engine_proof *ret)
{
	bool over = !str_is(row->status, "running");
	int rc;

	if (over && !row->seal_seq) {
		err_set(&ret->err, -ENODATA, "of this run no proof was kept");
		err_why(&ret->err, "it was written by a version that did not keep any");
		return -ENODATA;
	}
	rc = attest_file_verify(c->arena, ret->file, &ret->found, &ret->err);
	if (rc == -EPROTO || !over)
		return rc;
	struct err rest = { 0 };
	int more = check_rest(s, row, c->last, &rest);

	if (more)
		ret->err = rest;
	return more ? more : rc;
}

int engine_proof(
    struct store *s, struct arena *a, int64_t run, struct engine_proof *ret, struct err *err)
{
	struct collecting c = { .arena = a };
	struct run_row row;

	*ret = (struct engine_proof){ .state = 0 };
	tally_begin(&ret->found.tally);
	int rc = s->ops->run_load(s, a, run, &row);

	if (!rc)
		rc = collect(s, &row, &c);
	if (!rc) {
		ret->running = str_is(row.status, "running");
		ret->file = arena_dup(a, buf_str(&c.file));
		ret->state = check(s, &row, &c, ret);
	}
	buf_fini(&c.file);
	json_decref(c.last);
	return rc ? err_set(err, rc, "the run's log cannot be read: %s", err_name(rc)) : 0;
}

char *engine_proof_line(struct arena *a, const struct engine_proof *p)
{
	if (p->state == -ENODATA)
		return arena_printf(a, "read-only: %s; %s", p->err.what, p->err.why);
	if (p->state == 0 || p->state == -EPERM)
		return tally_line(a, &p->found.tally);
	return arena_printf(a, "read-only: not proven (%s: %s)", p->err.what, p->err.why);
}

void engine_proof_free(struct engine_proof *p)
{
	tally_fini(&p->found.tally);
}
