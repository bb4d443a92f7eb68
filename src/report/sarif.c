/*
 * SARIF 2.1.0. Section numbers are those of the OASIS standard. Left out are findings that were
 * refuted, deferred or merged: a viewer that does not know suppressions (GitHub's code scanning is
 * one) would open an alert for what was disproven. How many were left out is said in a
 * notification.
 */
#include "report/export.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "report/anchor.h"

#include <ctype.h>
#include <time.h>

#define SNIPPET_MAX KIB(8)
#define PLACES_MAX 50 /* of one result */

struct sarif {
	struct arena *a;
	const struct export_facts *x;
	const struct report_doc *doc;
	struct map rules; /* id -> its index, a size_t */
	json_t *rules_json, *results;
	size_t dropped;
};

static json_t *text_of(struct str s)
{
	return json_pack("{s:o}", "text", json_text(s));
}

/* --- places -------------------------------------------------------------------------------- */

/* §3.10.1: a URI reference; a colon is encoded, too, lest the first name be taken for a scheme. */
static json_t *uri_of(struct str path)
{
	struct buf b;

	buf_init(&b, 3 * path.n + 8);
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c < 0x80 && (isalnum(c) || (c && strchr("-._~/", c))))
			buf_addc(&b, (char)c);
		else
			buf_printf(&b, "%%%02X", c);
	}
	json_t *v = json_text(buf_str(&b));

	buf_fini(&b);
	return v;
}

static json_t *file_json(struct str path)
{
	return json_pack("{s:o, s:s}", "uri", uri_of(path), "uriBaseId", "%SRCROOT%");
}

static json_t *region_json(const struct citation *c)
{
	bool holds = c->state == CITE_RESOLVES || c->state == CITE_MOVED;
	unsigned from = holds && c->found_line ? c->found_line : c->line;
	unsigned to = holds && c->found_line ? c->found_end : c->end;
	json_t *v = json_pack(
	    "{s:i, s:i}", "startLine", (int)from, "endLine", (int)(to > from ? to : from));
	struct str shown = holds ? c->quote : c->state == CITE_CHANGED ? c->found : STR("");

	if (shown.n && shown.n <= SNIPPET_MAX)
		json_object_set_new(v, "snippet", text_of(shown));
	return v;
}

static json_t *place_json(const struct citation *c)
{
	json_t *v = json_pack("{s:o}", "artifactLocation", file_json(c->path));

	if (c->line)
		json_object_set_new(v, "region", region_json(c));
	return v;
}

static json_t *location_json(const struct citation *c, struct str symbol)
{
	json_t *v = json_pack("{s:o}", "physicalLocation", place_json(c));

	if (symbol.n)
		json_object_set_new(v, "logicalLocations",
		    json_pack("[{s:o}]", "fullyQualifiedName", json_text(symbol)));
	return v;
}

/* Every result has a place (GitHub refuses others): what is said of the whole has that of the
 * repository, and says so. */
static json_t *anchor_json(const struct sarif *s)
{
	return json_pack("{s:{s:o}, s:o}", "physicalLocation", "artifactLocation",
	    file_json(anchor_of(s->doc)), "message",
	    text_of(STR("This is about the repository as a whole; it is shown here for want of a "
			"place of its own.")));
}

/* Where it is, then everything else it rests on, in the order of its text. */
static void add_places(const struct sarif *s, json_t *result, const struct finding *f)
{
	const struct citation *first = finding_where(f);
	json_t *steps = json_array(), *related = json_array();
	size_t n = 0;

	json_object_set_new(result, "locations",
	    json_pack("[o]", first ? location_json(first, f->symbol) : anchor_json(s)));
	for (size_t i = 0; i < f->n_cites && n < PLACES_MAX; i++) {
		const struct citation *c = f->cites[i];
		struct str none = { "", 0 };

		if (!cite_is_place(c))
			continue;
		n++;
		json_array_append_new(
		    steps, json_pack("{s:o}", "location", location_json(c, none)));
		if (c == first)
			continue;
		json_t *other = location_json(c, none);

		json_object_set_new(other, "id", json_integer((json_int_t)n));
		json_array_append_new(related, other);
	}
	if (json_array_size(related))
		json_object_set(result, "relatedLocations", related);
	if (n > 1)
		json_object_set_new(result, "codeFlows",
		    json_pack("[{s:[{s:O}]}]", "threadFlows", "locations", steps));
	json_decref(steps);
	json_decref(related);
}

/* --- rules --------------------------------------------------------------------------------- */

/* Without "/0": each child of a group keeps the rule of the group. */
static struct str root_of(struct str step)
{
	ptrdiff_t at = str_chr(step, '/');

	return at > 0 ? str_take(step, (size_t)at) : step;
}

static json_t *rule_json(
    const struct sarif *s, struct str id, struct str step, const struct doc_step *by)
{
	struct str label = by ? doc_label(by) : step, persona = by ? by->persona : STR("");
	const char *what = arena_printf(s->a, "%.*s: what this part of the flow %.*s raises.",
	    STR_ARG(label), STR_ARG(s->doc->flow));
	const char *help = arena_printf(s->a,
	    "Raised by an agent%s%.*s in the step %.*s of the flow %.*s. Its citations were "
	    "compared with the files by a program; whether they support the claim is the verdict "
	    "in the result's properties.",
	    persona.n ? " with the persona " : "", STR_ARG(persona), STR_ARG(step),
	    STR_ARG(s->doc->flow));
	json_t *v = json_pack("{s:o, s:o, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:[s, o]}}", "id",
	    json_text(id), "shortDescription", text_of(label), "fullDescription", "text", what,
	    "help", "text", help, "defaultConfiguration", "level", "warning", "properties", "tags",
	    "tutti", json_text(s->doc->flow));

	return v;
}

static size_t rule_of(struct sarif *s, const struct finding *f, struct str *ret_id)
{
	struct str step = root_of(f->step);
	const struct doc_step *by = doc_step_of(s->doc, f);

	*ret_id = str_from(arena_printf(
	    s->a, "%.*s/%.*s", STR_ARG(s->doc->flow), STR_ARG(step.n ? step : STR("finding"))));
	size_t *at = map_get(&s->rules, *ret_id);

	if (at)
		return *at;
	at = arena_new(s->a, size_t);
	*at = json_array_size(s->rules_json);
	json_array_append_new(s->rules_json, rule_json(s, *ret_id, step, by));
	map_put(&s->rules, *ret_id, at);
	return *at;
}

/* --- results ------------------------------------------------------------------------------- */

static void put_text(json_t *obj, const char *key, struct str s)
{
	if (s.n)
		json_object_set_new(obj, key, json_text(s));
}

static json_t *properties_json(const struct finding *f)
{
	json_t *v = json_pack("{s:o, s:o, s:o, s:s, s:s, s:s}", "id", json_text(f->uid), "step",
	    json_text(f->step), "title", json_text(f->title), "severity",
	    severity_name(f->severity), "verdict", verdict_name(f->verdict), "disposition",
	    disposition_name(f->disposition));

	put_text(v, "claim", finding_claim(f));
	put_text(v, "failure_scenario", finding_scenario(f));
	put_text(v, "suggestion", finding_suggestion(f));
	put_text(v, "confidence", f->confidence);
	put_text(v, "reason", f->verdict_reason);
	put_text(v, "disposition_reason", f->disposition_reason);
	put_text(v, "symbol", f->symbol);
	if (!finding_where(f))
		json_object_set_new(v, "anchored", json_true());
	return v;
}

/* §3.11.6: brackets would make a link of "[text](target)". */
static json_t *message_json(struct arena *a, struct str s)
{
	struct buf b;

	if (!str_contains(s, STR("](")))
		return text_of(s);
	buf_init(&b, 2 * s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("\\[]", s.p[i]) && s.p[i])
			buf_addc(&b, '\\');
		buf_addc(&b, s.p[i]);
	}
	json_t *v = text_of(arena_dup(a, buf_str(&b)));

	buf_fini(&b);
	return v;
}

static void add_result(struct sarif *s, const struct finding *f, const char *state)
{
	struct str rule;

	if (json_array_size(s->results) == SARIF_RESULTS_MAX) {
		s->dropped++;
		return;
	}
	size_t index = rule_of(s, f, &rule);
	json_t *v = json_pack("{s:o, s:I, s:s, s:s, s:o}", "ruleId", json_text(rule), "ruleIndex",
	    (json_int_t)index, "kind", "fail", "level", export_level(f), "message",
	    message_json(s->a, export_message(s->a, f)));

	add_places(s, v, f);
	if (f->fingerprint.n)
		json_object_set_new(v, "partialFingerprints",
		    json_pack("{s:o}", "tutti/v1", json_text(f->fingerprint)));
	if (state)
		json_object_set_new(v, "baselineState", json_string(state));
	json_object_set_new(v, "properties", properties_json(f));
	json_array_append_new(s->results, v);
}

static void add_results(struct sarif *s)
{
	static const char *const states[CHANGES] = { [CHANGE_SAME] = "unchanged",
		[CHANGE_CHANGED] = "updated",
		[CHANGE_NEW] = "new",
		[CHANGE_GONE] = "absent" };
	const struct comparison *c = s->x->baseline;

	for (size_t i = 0; !c && i < s->doc->n_findings; i++)
		if (finding_stands(s->doc->findings[i]))
			add_result(s, s->doc->findings[i], NULL);
	for (size_t i = 0; c && i < c->n; i++) {
		bool gone = c->v[i].change == CHANGE_GONE;

		add_result(s, gone ? c->v[i].old : c->v[i].now, states[c->v[i].change]);
	}
}

/* --- the run ------------------------------------------------------------------------------- */

static void notify(json_t *list, const char *level, struct str text)
{
	json_array_append_new(
	    list, json_pack("{s:s, s:o}", "level", level, "message", text_of(text)));
}

static json_t *notifications(const struct sarif *s)
{
	json_t *list = json_array();
	size_t left_out = 0;

	for (size_t i = 0; i < s->doc->n_findings; i++)
		left_out += !finding_stands(s->doc->findings[i]);
	if (s->dropped)
		notify(list, "warning",
		    str_from(arena_printf(s->a,
			"%zu results of less severity were dropped; a file holds at most %d.",
			s->dropped, SARIF_RESULTS_MAX)));
	if (left_out)
		notify(list, "note",
		    str_from(arena_printf(s->a,
			"%zu findings that were refuted, deferred or merged into others are left "
			"out.",
			left_out)));
	for (size_t i = 0; i < s->doc->gaps.n && i < 200; i++)
		notify(list, "warning", s->doc->gaps.v[i]);
	return list;
}

/* "2026-11-26T18:18:33.271Z" as time since 1970; -1 when it is none. */
static msec_t time_of(struct str iso)
{
	static const struct {
		size_t at, n;
	} fields[] = { { 0, 4 }, { 5, 2 }, { 8, 2 }, { 11, 2 }, { 14, 2 }, { 17, 2 }, { 20, 3 } };
	unsigned long long v[7];

	if (iso.n != 24)
		return -1;
	for (size_t i = 0; i < 7; i++)
		if (!str_to_u64(str_take(str_skip(iso, fields[i].at), fields[i].n), 9999, &v[i]))
			return -1;
	struct tm tm = { .tm_year = (int)v[0] - 1900,
		.tm_mon = (int)v[1] - 1,
		.tm_mday = (int)v[2],
		.tm_hour = (int)v[3],
		.tm_min = (int)v[4],
		.tm_sec = (int)v[5] };

	return (msec_t)timegm(&tm) * 1000 + (msec_t)v[6];
}

/* When it ended; NULL when that is unknown. */
static json_t *end_of(const struct sarif *s)
{
	msec_t started = time_of(s->doc->started);
	char iso[32];

	if (!s->doc->took || started < 0)
		return NULL;
	return json_string(clock_iso(started + s->doc->took, iso, sizeof(iso)));
}

static json_t *invocation(const struct sarif *s)
{
	json_t *v = json_pack("{s:b, s:o}", "executionSuccessful", s->doc->completed,
	    "toolExecutionNotifications", notifications(s));
	json_t *end = end_of(s);

	json_object_set_new(v, "properties",
	    json_pack("{s:o, s:o, s:o}", "run", json_text(s->doc->id), "model",
		json_text(s->doc->model), "snapshot", json_text(s->doc->snapshot)));
	if (s->x->exit_code >= 0)
		json_object_update_new(v, json_pack("{s:i, s:s}", "exitCode", s->x->exit_code,
					      "exitCodeDescription", s->x->exit_name));
	put_text(v, "commandLine", s->doc->command);
	put_text(v, "startTimeUtc", s->doc->started);
	if (end)
		json_object_set_new(v, "endTimeUtc", end);
	return v;
}

static json_t *driver(const struct sarif *s)
{
	return json_pack("{s:s, s:s, s:s, s:{s:s}, s:O}", "name", "tutti", "version", TUTTI_VERSION,
	    "semanticVersion", TUTTI_VERSION, "fullDescription", "text",
	    "Agents look at a repository from several sides, read-only; every citation is checked "
	    "by a program.",
	    "rules", s->rules_json);
}

static json_t *run_properties(const struct sarif *s)
{
	const struct report_doc *d = s->doc;
	json_t *v = json_pack("{s:o, s:o, s:b}", "run", json_text(d->id), "flow",
	    json_text(d->flow), "rehearsal", d->rehearsal);

	put_text(v, "title", d->title);
	put_text(v, "size", d->size);
	put_text(v, "agent", d->agent);
	put_text(v, "model", d->model);
	put_text(v, "repository", d->repo);
	put_text(v, "commit", d->commit);
	put_text(v, "branch", d->branch);
	put_text(v, "snapshot", d->snapshot);
	put_text(v, "outcome", d->outcome);
	put_text(v, "proof", d->proof);
	put_text(v, "flow_hash", d->flow_hash);
	return v;
}

json_t *export_sarif(struct arena *a, const struct export_facts *x)
{
	struct sarif s = {
		.a = a, .x = x, .doc = x->doc, .rules_json = json_array(), .results = json_array()
	};

	map_init(&s.rules, a);
	add_results(&s);
	json_t *id = json_text(
	    str_from(arena_printf(a, "tutti/%.*s/%.*s", STR_ARG(s.doc->flow), STR_ARG(s.doc->id))));
	json_t *run = json_pack("{s:{s:o}, s:{s:o}, s:[o], s:{s:{s:{s:s}}}, s:s, s:o, s:o}", "tool",
	    "driver", driver(&s), "automationDetails", "id", id, "invocations", invocation(&s),
	    "originalUriBaseIds", "%SRCROOT%", "description", "text", "The root of the repository.",
	    "columnKind", "unicodeCodePoints", "properties", run_properties(&s), "results",
	    s.results);

	json_decref(s.rules_json);
	return json_pack("{s:s, s:s, s:[o]}", "$schema",
	    "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", run);
}
