/*
 * What a run's log proves. The log is followed as it grows, in memory: its digest, and what its
 * records come to. A run that was loaded is caught up with when somebody asks. Nothing is written
 * for it but a digest in each record and one beside the run.
 */
#include "engine/live.h"

#include <stdlib.h>

#define CATCH_UP 1000 /* events a query */

static struct attest_event event_of(const struct event_row *row)
{
	return (struct attest_event){ row->seq, row->at, row->step, row->type, row->data };
}

static void follow(struct live *lv, const struct event_row *row)
{
	const struct attest_event ev = event_of(row);
	json_t *record;

	chain_add(&lv->chain, &ev);
	if (!str_is(row->type, ATTEST_RECORD))
		return;
	record = json_parse(row->data, NULL);
	tally_add(&lv->tally, row->step, record);
	json_decref(record);
}

void seal_begin(struct live *lv)
{
	chain_begin(&lv->chain);
	tally_begin(&lv->tally);
}

void seal_appended(struct live *lv, const struct event_row *row)
{
	if (lv->chain.seq == row->seq - 1)
		follow(lv, row);
}

static int on_row(void *ctx, const struct event_row *row)
{
	struct live *lv = ctx;

	lv->torn |= row->seq != lv->chain.seq + 1;
	follow(lv, row);
	return 0;
}

int seal_catch_up(struct live *lv)
{
	int rc = 0;

	while (lv->chain.seq < lv->seq && !rc) {
		int64_t before = lv->chain.seq;

		rc = lv->store->ops->event_read(lv->store, lv->key, before, CATCH_UP, on_row, lv);
		if (!rc && lv->chain.seq == before) { /* and there should be more */
			lv->torn = true;
			lv->chain.seq = lv->seq;
		}
	}
	return rc;
}

int seal_digest(struct live *lv, char hex[SHA256_HEX])
{
	int rc = seal_catch_up(lv);

	chain_digest(&lv->chain, hex);
	return rc;
}

int seal_row(struct live *lv)
{
	char hex[SHA256_HEX];
	int rc = seal_digest(lv, hex);

	lv->row.seal = arena_dup(lv->arena, str_from(hex));
	lv->row.seal_seq = lv->chain.seq;
	return rc;
}

int seal_log(struct job *job, struct live *lv, int64_t position, const char *type, json_t *data)
{
	char hex[SHA256_HEX];
	int rc = seal_digest(lv, hex);

	if (rc)
		return rc;
	json_object_set_new(data, "prev", json_string(hex));
	char *text = json_dump_ascii(data);

	rc = live_log_text(job, lv, position, type, str_from(text));
	free(text);
	return rc;
}

/* --- outputs ------------------------------------------------------------------------------ */

void seal_results_add(struct sha256 *sha, int64_t position, const struct step_row *texts)
{
	const struct str all[] = { texts->output, texts->evidence, texts->facts };
	char head[96];

	snprintf(head, sizeof(head), "%lld %zu %zu %zu\n", (long long)position, all[0].n, all[1].n,
	    all[2].n);
	sha256_add(sha, str_from(head));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sha256_add(sha, all[i]);
}

void seal_results(struct live *lv, char hex[SHA256_HEX])
{
	struct step_row texts;
	struct sha256 sha;

	sha256_begin(&sha);
	for (uint32_t i = 0; i < core_count(lv->core); i++) {
		if (core_node(lv->core, i)->retired)
			continue;
		live_texts(lv, i, &texts);
		seal_results_add(&sha, i, &texts);
	}
	sha256_end(&sha, hex);
}
