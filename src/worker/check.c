/*
 * What an answer is worth, on libuv's thread pool: reading the files that it cites takes as long as
 * it takes, and nothing here touches anything but its own memory and the snapshot.
 */
#include "worker/priv.h"

#include "base/json.h"
#include "change/change.h"
#include "evidence/evidence.h"
#include "flow/output.h"

#include <poll.h>
#include <stdlib.h>

#define TRIES_MAX 20 /* of all files of one answer together */
#define PAUSE_MS 250

struct check {
	uv_work_t work;
	struct attempt *attempt;
	struct arena *arena;
	struct str answer, step;
	enum output_form form;
	json_t *schema; /* own copy */
	const struct snapshot *snapshot;
	unsigned hunks_from, hunks_to; /* of the change, in the prompt; 0: none */
	struct str provided, provided_text;
	unsigned tries;
	/* results */
	struct str unread; /* of these, not named in the receipt: "h3, h5-h7" */
	bool fits;
	struct str errors;
	json_t *evidence;
	char *normal; /* the JSON value alone, where JSON was asked for */
};

/* What lacks descriptors or memory for a moment does not leave a citation unchecked for ever. */
static int read_source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	struct check *c = ctx;
	int rc;

	if (!c->snapshot)
		return -ENOENT;
	while (fence_may_pass(rc = snapshot_read(c->snapshot, a, path, SOURCE_FILE_MAX, ret)) &&
	       c->tries++ < TRIES_MAX)
		poll(NULL, 0, PAUSE_MS);
	return rc;
}

static json_t *check_form(struct check *c)
{
	json_t *value = output_extract(c->answer);

	if (!value) {
		c->errors = STR("no JSON value was found at the end of the answer");
		return NULL;
	}
	c->fits = output_check(c->arena, c->schema, value, &c->errors) == 0;
	return value;
}

static void check_receipt(struct check *c)
{
	unsigned n = c->hunks_from ? c->hunks_to - c->hunks_from + 1 : 0;
	bool *seen = arena_array(c->arena, n, sizeof(*seen));

	if (n && receipt_read(c->answer, c->hunks_from, c->hunks_to, seen) < n)
		c->unread = receipt_ids(c->arena, c->hunks_from, n, seen, false);
}

static void on_pool(uv_work_t *work)
{
	struct check *c = work->data;
	struct evidence *ev = NULL;
	json_t *value = c->form == OUTPUT_TEXT ? NULL : check_form(c);

	c->fits |= c->form == OUTPUT_TEXT;
	if (c->fits && c->form == OUTPUT_FINDINGS)
		ev = evidence_from_findings(c->arena, c->step, value);
	else if (c->fits && c->form == OUTPUT_TEXT)
		ev = evidence_read(c->arena, c->step, c->answer);
	if (ev) {
		evidence_check(c->arena, ev, read_source, c);
		evidence_check_provided(ev, c->provided, c->provided_text);
		c->evidence = evidence_to_json(ev);
	}
	if (c->fits && value)
		c->normal = json_dump(value);
	check_receipt(c);
	json_decref(value);
}

/* For the roster: "14 findings, 11 of 12 citations resolve". */
static void count_evidence(struct attempt *at, const json_t *evidence)
{
	json_t *cites = json_get_array(evidence, "citations"), *one;
	long long holds = 0;
	size_t k;

	if (!evidence)
		return;
	json_array_foreach (cites, k, one) {
		struct str state = json_get_str(one, "state");

		holds += str_is(state, "resolves") || str_is(state, "moved");
	}
	json_object_set_new(at->result.facts, "findings",
	    json_integer((json_int_t)json_array_size(json_get_array(evidence, "findings"))));
	json_object_set_new(
	    at->result.facts, "citations", json_integer((json_int_t)json_array_size(cites)));
	json_object_set_new(at->result.facts, "hold", json_integer(holds));
}

static struct str missing_words(struct attempt *at, struct str unread)
{
	return str_from(arena_printf(at->arena,
	    "Its coverage receipt does not name all hunks that you were given. Missing: %.*s. Read "
	    "these, too; then report what you found in all of them, and name those that you read "
	    "in "
	    "a line `READ: …`.",
	    STR_ARG(unread)));
}

static void on_checked(uv_work_t *work, int status)
{
	struct check *c = work->data;
	struct attempt *at = c->attempt;
	bool whole = at->result.ending == ENDING_ANSWERED,
	     wanting = c->fits && c->unread.n && whole;
	bool again = (!c->fits || wanting) && at->round + 1 < ROUNDS_MAX && !at->stopping;
	struct str errors =
	    wanting ? missing_words(at, c->unread) : arena_dup(at->arena, c->errors);

	(void)status;
	at->handles--;
	count_evidence(at, c->evidence);
	if (c->unread.n)
		json_object_set_new(at->result.facts, "unread", json_text(c->unread));
	json_decref(at->result.evidence); /* of the round before */
	at->result.evidence = again ? c->evidence : seen_add(at, c->evidence);
	if (c->normal)
		at->result.output = arena_dup(at->arena, str_from(c->normal));
	if (!c->fits && !again) {
		at->result.ending = ENDING_CONTRACT_BROKEN;
		at->result.reason = errors;
	}
	free(c->normal);
	json_decref(c->schema);
	arena_destroy(c->arena);
	free(c);
	if (again)
		agent_again(at, errors,
		    wanting ? "it did not read all of the change that it was given; asked once more"
			    : "the answer did not have the asked form; asked once more");
	else
		attempt_report(at);
}

void check_answer(struct attempt *at)
{
	bool readable = at->result.ending == ENDING_ANSWERED ||
			(at->result.ending == ENDING_TRUNCATED && at->result.usable);

	if (!readable) {
		attempt_report(at);
		return;
	}
	struct check *c = xalloc(sizeof(*c));

	c->work.data = c;
	c->attempt = at;
	c->arena = arena_create("check", ARENA_JOB);
	c->answer = at->result.output; /* in the attempt's arena, which outlives the work */
	c->step = at->claim->step;
	/* a cut text cannot be blamed for its form */
	c->form = at->result.ending == ENDING_TRUNCATED ? OUTPUT_TEXT : at->claim->output;
	c->schema = json_deep_copy(at->claim->schema);
	c->snapshot = at->claim->web_only ? NULL : at->snapshot;
	c->hunks_from = at->claim->hunks_from;
	c->hunks_to = at->claim->hunks_to;
	c->provided = at->claim->provided;
	c->provided_text = at->claim->provided_text;
	at->handles++;
	uv_queue_work(at->worker->loop, &c->work, on_pool, on_checked);
}
