/* A run's proof as a file of lines, written and checked (docs/proof.md). */
#include "attest/attest.h"

#include "base/json.h"
#include "base/limits.h"

#include <stdio.h>

#define FORMAT "tutti.proof/1"

/* --- writing ------------------------------------------------------------------------------ */

static bool is_whole(struct str type)
{
	return str_is(type, ATTEST_RECORD) || str_is(type, ATTEST_RUN);
}

void attest_file_begin(struct buf *b, struct str run)
{
	buf_adds(b, "{\"format\":\"" FORMAT "\",\"run\":");
	buf_add_json(b, run);
	buf_adds(b, "}\n");
}

void attest_file_event(struct buf *b, const struct attest_event *ev)
{
	char hex[SHA256_HEX];

	if (is_whole(ev->type)) {
		attest_line_text(b, ev);
	} else {
		attest_line_digest(ev, hex);
		buf_printf(b, "{\"seq\":%lld,\"sha256\":\"%s\"}", (long long)ev->seq, hex);
	}
	buf_addc(b, '\n');
}

static void end_line(char line[128], struct str before)
{
	char hex[SHA256_HEX];

	sha256_of(before, hex);
	snprintf(line, 128, "{\"file\":\"%s\"}\n", hex);
}

void attest_file_end(struct buf *b, const struct attest_seal *seal)
{
	char line[128];

	if (seal->seq)
		buf_printf(
		    b, "{\"seal\":%lld,\"sha256\":\"%s\"}\n", (long long)seal->seq, seal->sha256);
	end_line(line, buf_str(b));
	buf_adds(b, line);
}

/* --- reading ------------------------------------------------------------------------------ */

struct reading {
	struct arena *a;
	struct attest_found *found;
	struct chain chain;
	unsigned line;
	bool over; /* the run has said how it ended */
	struct err *err;
};

static int broken(struct reading *r, const char *why)
{
	err_set(r->err, -EPROTO, "this is not the proof as it was written");
	err_why(r->err, "line %u: %s", r->line, why);
	return err_fix(r->err, "tutti runs show RUN --proof --json writes it again");
}

static int unproven(struct reading *r, const char *why)
{
	err_set(
	    r->err, -EPERM, "the proof is whole, and it does not prove that everything only read");
	err_why(r->err, "%s", why);
	return err_fix(r->err, "tutti runs show RUN --proof tells more where the run is stored");
}

/* The last line speaks of every byte before it, itself included by being the only one that fits. */
static int check_bytes(struct reading *r, struct str file, struct str *ret_lines)
{
	size_t from = file.n ? file.n - 1 : 0;
	char line[128];

	for (size_t i = 0; i < file.n; i++) {
		r->line += i == 0 || file.p[i - 1] == '\n';
		if (file.p[i] != '\n' && (file.p[i] < ' ' || file.p[i] > '~'))
			return broken(r, "a byte that no proof has");
	}
	while (from && file.p[from - 1] != '\n')
		from--;
	*ret_lines = str_take(file, from);
	end_line(line, *ret_lines);
	return str_is(str_skip(file, from), line) ? 0
						  : broken(r, "its digest is not that of the file");
}

static int read_head(struct reading *r, struct str line)
{
	json_t *doc = json_parse(line, NULL);
	struct buf again;

	r->found->run = json_dup_str(r->a, doc, "run");
	json_decref(doc);
	buf_init(&again, KIB(1));
	attest_file_begin(&again, r->found->run);
	bool same = str_eq(str_take(buf_str(&again), again.n - 1), line);

	buf_fini(&again);
	return same ? 0 : broken(r, "it is of another format");
}

static int read_record(struct reading *r, const struct attest_event *ev)
{
	json_t *record = json_parse(ev->data, NULL);
	char before[SHA256_HEX];
	int rc = 0;

	chain_digest(&r->chain, before);
	if (!record || !str_is(json_get_str(record, "prev"), before))
		rc = broken(r, "the log before it is another one than it names");
	else if (str_is(ev->type, ATTEST_RUN))
		r->over = !str_is(json_get_str(record, "status"), "running");
	if (!rc && str_is(ev->type, ATTEST_RECORD))
		tally_add(&r->found->tally, ev->step, record);
	json_decref(record);
	return rc;
}

/* An event that stands there whole: its line must be the one that its parts make. */
static int read_whole(struct reading *r, struct str line, const json_t *doc)
{
	struct attest_event ev = { .seq = json_get_int(doc, "seq", 0),
		.at = json_get_int(doc, "at", -1),
		.step = json_get_int(doc, "step", -2),
		.type = json_get_str(doc, "type") };
	ptrdiff_t data = str_find(line, STR("\"data\":"));
	struct buf again;

	if (!is_whole(ev.type) || data < 0)
		return broken(r, "an event that does not belong here");
	ev.data = str_skip(line, (size_t)data + 7);
	ev.data = str_take(ev.data, ev.data.n ? ev.data.n - 1 : 0);
	buf_init(&again, line.n + 1);
	attest_line_text(&again, &ev);
	bool same = str_eq(buf_str(&again), line);

	buf_fini(&again);
	int rc = same ? read_record(r, &ev) : broken(r, "an event that was not written like this");

	if (!rc)
		chain_add(&r->chain, &ev);
	return rc;
}

static int read_digest(struct reading *r, struct str line, const json_t *doc)
{
	struct str sha = json_get_str(doc, "sha256");
	char hex[SHA256_HEX], again[160];

	snprintf(hex, sizeof(hex), "%.*s", STR_ARG(str_take(sha, 64)));
	snprintf(again, sizeof(again), "{\"seq\":%lld,\"sha256\":\"%s\"}",
	    json_get_int(doc, "seq", 0), hex);
	if (sha.n != 64 || !str_is(line, again))
		return broken(r, "a digest that was not written like this");
	chain_add_digest(&r->chain, r->chain.seq + 1, hex);
	return 0;
}

static int read_seal(struct reading *r, struct str line, const json_t *doc)
{
	char now[SHA256_HEX], again[160];

	chain_digest(&r->chain, now);
	snprintf(again, sizeof(again), "{\"seal\":%lld,\"sha256\":\"%s\"}", (long long)r->chain.seq,
	    now);
	if (!str_is(line, again))
		return broken(r, "the seal is not that of this log");
	r->found->seal.seq = json_get_int(doc, "seal", 0);
	memcpy(r->found->seal.sha256, now, sizeof(now));
	return 0;
}

static int read_line(struct reading *r, struct str line)
{
	json_t *doc = json_parse(line, NULL);
	int rc;

	if (r->found->seal.seq)
		rc = broken(r, "the log goes on behind its seal");
	else if (json_object_get(doc, "seal"))
		rc = read_seal(r, line, doc);
	else if (json_get_int(doc, "seq", 0) != r->chain.seq + 1)
		rc = broken(r, "an event is missing before it");
	else if (json_object_get(doc, "data"))
		rc = read_whole(r, line, doc);
	else
		rc = read_digest(r, line, doc);
	json_decref(doc);
	return rc;
}

static int read_lines(struct reading *r, struct str lines)
{
	int rc = 0;

	for (r->line = 1; lines.n && !rc; r->line++) {
		struct str line = str_split(&lines, '\n');

		rc = r->line == 1 ? read_head(r, line) : read_line(r, line);
	}
	return rc;
}

/* All lines hold; do they say enough? */
static int judge(struct reading *r)
{
	const struct tally *t = &r->found->tally;

	r->found->events = r->chain.seq;
	if (t->unproven || (t->open && r->over))
		return unproven(r, tally_line(r->a, t));
	if (!r->found->seal.seq || !r->over)
		return unproven(r, "the run had not ended when this was written");
	return 0;
}

int attest_file_verify(struct arena *a, struct str file, struct attest_found *ret, struct err *err)
{
	struct reading r = { .a = a, .found = ret, .err = err };
	struct str lines = { NULL, 0 };

	*ret = (struct attest_found){ .events = 0 };
	tally_begin(&ret->tally);
	chain_begin(&r.chain);
	int rc = check_bytes(&r, file, &lines);

	if (!rc)
		rc = read_lines(&r, lines);
	return rc ? rc : judge(&r);
}
