/*
 * A SARIF file as what was found before. Files of ours say everything in the properties of a
 * result; of others, the rule's level, the message and the first place are read.
 */
#include "report/doc_priv.h"

#include "base/json.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %41 -> A. What is no escape stays as it is. */
static struct str decoded(struct arena *a, struct str uri)
{
	char *p = arena_alloc(a, uri.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < uri.n; i++) {
		bool escape = uri.p[i] == '%' && i + 2 < uri.n && hex(uri.p[i + 1]) >= 0 &&
			      hex(uri.p[i + 2]) >= 0;

		p[n++] = escape ? (char)(hex(uri.p[i + 1]) << 4 | hex(uri.p[i + 2])) : uri.p[i];
		i += escape ? 2 : 0;
	}
	return (struct str){ p, n };
}

static const json_t *first(const json_t *obj, const char *key)
{
	return json_array_get(json_get_array(obj, key), 0);
}

static void read_place(struct arena *a, const json_t *result, struct finding *f)
{
	const json_t *place = json_get_object(first(result, "locations"), "physicalLocation");
	const json_t *region = json_get_object(place, "region");
	struct str uri = json_get_str(json_get_object(place, "artifactLocation"), "uri");

	if (!uri.n || json_get_bool(json_get_object(result, "properties"), "anchored", false))
		return;
	struct citation *c = arena_new(a, struct citation);

	c->trust = TRUST_CODEBASE;
	c->path = decoded(a, uri);
	c->line = json_get_count(region, "startLine");
	c->end = c->line;
	c->quote = json_dup_str(a, json_get_object(region, "snippet"), "text");
	if (c->quote.n) { /* it stood there when the file was written */
		c->state = CITE_RESOLVES;
		c->found_line = c->found_end = c->line;
	}
	f->cites = arena_array(a, 1, sizeof(*f->cites));
	f->cites[f->n_cites++] = c;
}

/* §3.27.10: without a level, what the rule says; and without that, a warning. */
static enum severity severity_of(const json_t *result)
{
	struct str level = json_get_str(result, "level");

	if (str_is(level, "error"))
		return SEVERITY_HIGH;
	if (str_is(level, "note"))
		return SEVERITY_NOTE;
	return str_is(level, "none") ? SEVERITY_NONE : SEVERITY_MEDIUM;
}

static struct finding *read_result(struct arena *a, const json_t *result, size_t number)
{
	const json_t *own = json_get_object(result, "properties");
	struct finding *f = doc_finding(a, own);
	struct str message = json_get_str(json_get_object(result, "message"), "text");

	if (!f->uid.n)
		f->uid = f->id = str_from(arena_printf(a, "R%zu", number + 1));
	if (!f->title.n)
		f->title = arena_dup(a, str_line(&message));
	if (severity_parse(json_get_str(own, "severity")) < 0)
		f->severity = severity_of(result);
	f->fingerprint =
	    json_dup_str(a, json_get_object(result, "partialFingerprints"), "tutti/v1");
	read_place(a, result, f);
	return f;
}

static void read_results(struct arena *a, const json_t *list, struct report_doc *ret)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (!str_is(json_get_str(one, "baselineState"), "absent")) {
			ret->findings[ret->n_findings] = read_result(a, one, ret->n_findings);
			ret->n_findings++;
		}
}

void doc_read_sarif(struct arena *a, const json_t *doc, struct report_doc *ret)
{
	const json_t *runs = json_get_array(doc, "runs"), *run;
	size_t i, n = 0;

	json_array_foreach (runs, i, run)
		n += json_array_size(json_get_array(run, "results"));
	ret->findings = arena_array(a, n, sizeof(*ret->findings));
	ret->completed = true;
	json_array_foreach (runs, i, run) {
		const json_t *own = json_get_object(run, "properties");

		if (!ret->id.n) {
			ret->id = json_dup_str(a, own, "run");
			ret->flow = json_dup_str(a, own, "flow");
			ret->started = json_dup_str(a, first(run, "invocations"), "startTimeUtc");
		}
		read_results(a, json_get_array(run, "results"), ret);
	}
}
