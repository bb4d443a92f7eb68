/*
 * Evidence out of hostile text: places lie in the text, states are true of the files they were
 * checked against, what is stored comes back the same, names are unique, verdicts add up. Each
 * finding has a fingerprint that does not depend on what stands above it, and one disposition; none
 * is lost without being noticed. The text is also a file that symbols are looked for in.
 */
#include "must.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/utf8.h"
#include "evidence/priv.h"

#include <ctype.h>
#include <stdint.h>

static const struct {
	const char *path, *text;
} files[] = {
	{ "src/a.c", "#include <stdio.h>\n\nint main(void)\n{\n\tputs(\"hello, \\\"world\\\"\");\n"
		     "\treturn take_the_lock(run);\n}\n" },
	{ "src/b.py", "import os\r\n\r\ndef first(x):\r\n    return os.path.join('a', x)\r\n" },
	{ "README.md", "# Sample\n\nRun `make` and then look at the long line of this file.\n" },
	{ "empty.txt", "" },
};

struct repo {
	struct str self; /* "self.md" holds the text that is read itself */
};

static int source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	const struct repo *repo = ctx;

	(void)a;
	if (str_is(path, "large.bin"))
		return -E2BIG;
	if (str_is(path, "src"))
		return -EISDIR;
	if (str_is(path, "self.md")) {
		*ret = repo->self;
		return 0;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!str_is(path, files[i].path))
			continue;
		*ret = str_from(files[i].text);
		return 0;
	}
	return -ENOENT;
}

/* --- places ------------------------------------------------------------------------------ */

static bool is_inside(struct str part, struct str whole)
{
	return !part.n || str_contains(whole, part);
}

static void check_cites(const struct evidence *ev, struct str text)
{
	size_t last = 0;

	must(ev->n_cites <= CITATIONS_MAX && ev->n_findings <= FINDINGS_MAX);
	for (size_t i = 0; i < ev->n_cites; i++) {
		const struct citation *c = ev->cites[i];

		must(c->offset >= last && c->length > 0);
		must(c->offset + c->length <= text.n && c->path.n <= c->length);
		must(memcmp(text.p + c->offset, c->path.p, c->path.n) == 0);
		must(c->line <= c->end && is_inside(c->quote, text));
		must(c->trust == TRUST_CODEBASE ? c->line >= 1 : c->line == 0);
		last = c->offset + c->length;
	}
}

static void check_findings(const struct evidence *ev, struct str text)
{
	struct citation **next = ev->cites;

	for (size_t i = 0; i < ev->n_findings; i++) {
		const struct finding *f = ev->findings[i];

		must(f->id.n && is_inside(f->id, text) && is_inside(f->body, text));
		must(f->severity < SEVERITIES && f->verdict == VERDICT_NONE);
		must(is_inside(f->claim, f->body) && is_inside(f->scenario, f->body));
		must(is_inside(f->suggestion, f->body));
		if (!f->n_cites)
			continue;
		/* each citation belongs to one finding at most, in order */
		must(f->cites >= next && f->cites + f->n_cites <= ev->cites + ev->n_cites);
		next = f->cites + f->n_cites;
	}
}

/* --- states ------------------------------------------------------------------------------ */

static size_t count_lines(struct str text)
{
	size_t n = 0;

	while (text.p && text.n) {
		str_line(&text);
		n++;
	}
	return n;
}

/* Without any white space: what holds with some of it left out holds without all of it. */
static struct str bare(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (!isspace((unsigned char)s.p[i]))
			p[n++] = s.p[i];
	return (struct str){ p, n };
}

/* A quote may leave out with dots and may have copied line numbers; then it is not looked at. */
static bool is_verbatim(struct str quote)
{
	for (size_t i = 0; i < quote.n; i++)
		if (isdigit((unsigned char)quote.p[i]))
			return false;
	return !str_contains(quote, STR("...")) && !str_contains(quote, STR("\xe2\x80\xa6"));
}

static void check_found(struct arena *a, const struct citation *c, struct str text)
{
	must(c->found_line >= 1 && c->found_line <= c->found_end);
	must(c->found_end <= count_lines(text) && bare(a, c->quote).n);
	if (is_verbatim(c->quote))
		must(str_contains(bare(a, text), bare(a, c->quote)));
}

static void check_state(struct arena *a, struct repo *repo, const struct citation *c)
{
	struct str text = { "", 0 };
	int rc = source(repo, NULL, c->path, &text);

	if (c->trust != TRUST_CODEBASE) {
		must(c->state == CITE_UNCHECKED);
		return;
	}
	switch (c->state) {
	case CITE_RESOLVES:
	case CITE_MOVED:
		must(rc == 0);
		check_found(a, c, text);
		break;
	case CITE_CHANGED:
		must(rc == 0 && c->line <= count_lines(text) && utf8_valid(c->found));
		break;
	case CITE_MISSING:
		must((rc && rc != -E2BIG) || c->line > count_lines(text));
		break;
	case CITE_UNCHECKED:
	case CITE_STATES:
		must(rc == -E2BIG || (rc == 0 && !bare(a, c->quote).n));
		break;
	}
}

/* --- storing ----------------------------------------------------------------------------- */

static void check_stored(struct arena *a, const struct evidence *ev)
{
	json_t *doc = evidence_to_json(ev);
	struct evidence *back = evidence_from_json(a, doc);

	must(doc && back);
	json_t *same = evidence_to_json(back);

	must(json_equal(doc, same));
	must(back->n_findings == ev->n_findings && back->n_cites == ev->n_cites);
	json_decref(same);
	json_decref(doc);
}

/* --- names and verdicts ------------------------------------------------------------------ */

static void check_names(struct arena *a, struct evidence **sets, size_t n)
{
	struct map uids;

	evidence_number(a, sets, n);
	map_init(&uids, a);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sets[i]->n_findings; k++)
			must(!map_put(&uids, sets[i]->findings[k]->uid, sets[i]));
		for (size_t k = 0; k < sets[i]->n_cites; k++)
			must(str_starts(sets[i]->cites[k]->id, STR("E")));
	}
	struct str items = evidence_items(a, sets, n);
	size_t findings = sets[0]->n_findings + sets[1]->n_findings;

	must(count_lines(items) == findings);
}

static void check_judgements(struct arena *a, struct str text, const struct evidence *ev)
{
	struct judgement *v;
	size_t n = judgements_parse(a, text, ev, &v);

	for (size_t i = 0; i < n; i++) {
		must(v[i].item.n && v[i].said > VERDICT_NONE && v[i].said < VERDICTS);
		must(is_inside(v[i].item, text) && is_inside(v[i].reason, text));
	}
}

/* --- identity ---------------------------------------------------------------------------- */

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return true;
}

/* Each line on its own or with all others: the same symbol. */
static void check_symbols(struct arena *a, struct str text)
{
	unsigned lines[64] = { 0 };
	struct str all[64] = { 0 }, one = { "", 0 };
	size_t n = count_lines(text);

	n = n < 64 ? n : 64;
	for (size_t i = 0; i < n; i++)
		lines[i] = (unsigned)i + 1;
	symbols_find(a, text, lines, all, n);
	if (!n)
		return;
	symbols_find(a, text, &lines[n / 2], &one, 1);
	must(str_eq(one, all[n / 2]));
	for (size_t i = 0; i < n; i++)
		must(all[i].n < 400);
}

/* Three lines above move everything, and change no fingerprint of what is anchored by a quote. */
static int shifted_source(void *ctx, struct arena *a, struct str path, struct str *ret)
{
	int rc = source(ctx, a, path, ret);

	if (rc == 0)
		*ret = str_from(arena_printf(a, "\n\n\n%.*s", STR_ARG(*ret)));
	return rc;
}

static void check_shifted(struct arena *a, struct repo *repo, struct str text)
{
	struct evidence *x = evidence_parse(a, STR("a"), text),
			*y = evidence_parse(a, STR("a"), text);

	evidence_check(a, x, source, repo);
	evidence_check(a, y, shifted_source, repo);
	for (size_t i = 0; i < x->n_cites; i++) {
		const struct citation *c = x->cites[i], *d = y->cites[i];

		/* what was right has moved by three lines, and is found where it went */
		if (c->state != CITE_RESOLVES || d->state != CITE_MOVED ||
		    d->found_line != c->found_line + 3 || c->found_end != c->found_line)
			continue;
		must(str_eq(c->anchor, d->anchor) && str_eq(c->symbol, d->symbol));
	}
}

static void check_settled(const struct evidence *ev)
{
	for (size_t i = 0; i < ev->n_findings; i++) {
		const struct finding *f = ev->findings[i];

		must(f->fingerprint.n == 32 && is_hex(f->fingerprint));
		must(f->anchor.n == 0 || f->anchor.n == 32);
		must(f->disposition > DISPOSITION_NONE && f->disposition < DISPOSITIONS);
		must((f->disposition == DISPOSITION_MERGED) == (f->into != NULL));
		must(f->severity <= f->raised_as && utf8_valid(f->disposition_reason));
		if (!f->into)
			continue;
		must(!f->into->into && f->into->disposition != DISPOSITION_REFUTED);
		must(f->into->raised_as >= f->severity);
	}
}

/* All of them as the report's list; then without one of them. */
static void check_account(struct arena *a, struct evidence **sets, size_t drop)
{
	struct finding **listed;
	struct parsed_step steps[2];
	size_t n = 0;

	listed = arena_array(a, sets[0]->n_findings + sets[1]->n_findings + 1, sizeof(*listed));
	for (size_t i = 0; i < 2; i++) {
		steps[i] =
		    (struct parsed_step){ sets[i]->step, (long long)sets[i]->n_findings, sets[i] };
		for (size_t k = 0; k < sets[i]->n_findings; k++)
			listed[n++] = sets[i]->findings[k];
	}
	must(!evidence_account(a, steps, 2, listed, n).n);
	if (!n)
		return;
	listed[drop % n] = listed[n - 1];
	must(evidence_account(a, steps, 2, listed, n - 1).n);
}

static void check_identity(struct arena *a, struct evidence **sets, struct str text)
{
	const struct deferring texts[] = { { STR("a"), text, false }, { STR("sum"), text, true } };
	struct evidence *turned[] = { sets[1], sets[0] };

	evidence_settle(a, sets, 2, texts, 2);
	check_settled(sets[0]);
	check_settled(sets[1]);
	check_account(a, sets, text.n);
	for (size_t i = 0; i < sets[0]->n_findings; i++)
		sets[0]->findings[i]->symbol = sets[0]->findings[i]->fingerprint;
	evidence_identify(a, turned, 2);
	for (size_t i = 0; i < sets[0]->n_findings; i++) /* whoever came first */
		must(str_eq(sets[0]->findings[i]->symbol, sets[0]->findings[i]->fingerprint));
}

/* The text as what two steps found and as what the validator said of it. */
static void check_verdicts(struct arena *a, struct evidence **sets, struct str text)
{
	struct evidence *const own[] = { sets[1] };
	struct reconciliation *r = evidence_reconcile(a, sets, 2, &text, own, 1, text);
	unsigned findings = (unsigned)(sets[0]->n_findings + sets[1]->n_findings);

	must(r->upheld + r->weakened + r->refuted + r->unreviewed == findings);
	must(r->validated == (r->n_judgements > 0));
	if (!r->validated)
		must(r->unreviewed == findings && !r->recommendation_hit);
	json_t *doc = reconciliation_to_json(a, r, sets, 2);

	must(json_array_size(json_get_array(doc, "refuted")) == r->refuted);
	must(json_array_size(json_get_array(doc, "demoted")) == r->weakened);
	json_decref(doc);
}

/* Names lie in the text, in order, and are those of findings. */
static void check_mentions(struct arena *a, const struct evidence *ev, struct str text)
{
	struct mentions *m = mentions_create(a, ev->findings, ev->n_findings);
	struct mention one;

	for (size_t at = 0; mention_next(m, text, at, &one); at = one.at + one.n) {
		struct str name = str_take(str_skip(text, one.at), one.n);

		must(one.at >= at && one.n && one.at + one.n <= text.n);
		must(str_eq(name, one.finding->uid) || str_ends(name, one.finding->id));
	}
}

/* Verdicts in JSON come to the same form, or to none. */
static void check_read(struct arena *a, struct str text)
{
	struct evidence *ev = evidence_read(a, STR("v"), text);

	must(ev->n_findings <= FINDINGS_MAX);
	struct str none = { "", 0 };
	struct judgement *v;

	(void)judgements_parse(a, none, ev, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	/* what agents say is cleaned on its way in */
	struct str text = utf8_clean(a, (struct str){ (const char *)data, size });
	struct evidence *sets[] = { evidence_parse(a, STR("a"), text),
		evidence_parse(a, STR("b"), text) };
	struct repo repo = { text };

	for (size_t i = 0; i < 2; i++) {
		check_cites(sets[i], text);
		check_findings(sets[i], text);
	}
	evidence_check(a, sets[1], source, &repo);
	for (size_t i = 0; i < sets[1]->n_cites; i++)
		check_state(a, &repo, sets[1]->cites[i]);
	check_stored(a, sets[0]);
	check_stored(a, sets[1]);
	check_names(a, sets, 2);
	check_judgements(a, text, sets[1]);
	check_verdicts(a, sets, text);
	check_identity(a, sets, text);
	check_symbols(a, text);
	check_shifted(a, &repo, text);
	check_mentions(a, sets[1], text);
	check_read(a, text);
	arena_destroy(a);
	return 0;
}
