/*
 * All routes, in the order in which docs/api.md tells them. {run}, {name} and {step} stand for
 * parts of a path; a step's name may have slashes in it.
 */
#include "api/priv.h"

#define P "/api/v1"
#define END                                  \
	{                                    \
		NULL, PARAM_TEXT, NULL, NULL \
	}

static const struct param runs_query[] = {
	{ "status", PARAM_TEXT, "only these", "running|completed|failed|cancelled" },
	{ "flow", PARAM_TEXT, "only of this flow", NULL },
	{ "size", PARAM_TEXT, "only of this size", "small|medium|large|auto" },
	{ "repo", PARAM_TEXT, "only of this repository: its path", NULL },
	{ "model", PARAM_TEXT, "only with this model", NULL },
	{ "q", PARAM_TEXT, "words that question, outputs, findings or report hold", NULL },
	{ "since", PARAM_TEXT, "begun then or later: a date, a time, milliseconds", NULL },
	{ "cursor", PARAM_TEXT, "`next` of the answer before", NULL },
	{ "limit", PARAM_NUMBER, "1 to 200 (50)", NULL },
	END,
};
static const struct param search_query[] = {
	{ "q", PARAM_TEXT, "words, each of which has to occur; the last may be a beginning", NULL },
	{ "limit", PARAM_NUMBER, "1 to 200 (20)", NULL },
	END,
};
static const struct param report_query[] = {
	{ "as", PARAM_TEXT, "the form (md); its media type says which it is",
	    "md|html|json|sarif|junit" },
	{ "fragment", PARAM_FLAG, "html: what stands in its body only", NULL },
	{ "download", PARAM_FLAG, "under a file name", NULL },
	END,
};
static const struct param events_query[] = {
	{ "after", PARAM_NUMBER, "events behind this number (0); Last-Event-ID does the same",
	    NULL },
	{ "follow", PARAM_FLAG, "go on until the run is over; as Server-Sent Events 1, else 0",
	    NULL },
	{ "step", PARAM_TEXT, "only of this step", NULL },
	END,
};
static const struct param step_query[] = {
	{ "attempt", PARAM_NUMBER, "which attempt's prompt (the current one)", NULL },
	END,
};
static const struct param blocks_query[] = {
	{ "attempt", PARAM_NUMBER, "which attempt (the current one)", NULL },
	{ "before", PARAM_NUMBER, "blocks before this number; `next` of the answer before", NULL },
	{ "limit", PARAM_NUMBER, "1 to 500 (200)", NULL },
	END,
};
static const struct param raw_query[] = {
	{ "attempt", PARAM_NUMBER, "which attempt (the current one)", NULL },
	{ "from", PARAM_NUMBER, "first line (1)", NULL },
	{ "lines", PARAM_NUMBER, "1 to 1,000 (50)", NULL },
	END,
};
static const struct param find_query[] = {
	{ "attempt", PARAM_NUMBER, "which attempt (the current one)", NULL },
	{ "q", PARAM_NEEDED, "what is looked for", NULL },
	{ "case", PARAM_FLAG, "upper and lower case count", NULL },
	{ "word", PARAM_FLAG, "whole words only", NULL },
	{ "regex", PARAM_FLAG, "q is a regular expression, without references and looks around",
	    NULL },
	{ "tools", PARAM_FLAG, "also in calls and their results", NULL },
	END,
};
static const struct param files_query[] = {
	{ "path", PARAM_NEEDED, "of a file, from the top of the repository", NULL },
	{ "from", PARAM_NUMBER, "first line (1)", NULL },
	{ "to", PARAM_NUMBER, "last line; at most 5,000 lines come", NULL },
	END,
};
static const struct param flows_query[] = {
	{ "repo", PARAM_TEXT, "also the flows of this repository: its path", NULL },
	END,
};
static const struct param compare_query[] = {
	{ "a", PARAM_NEEDED, "the older run", NULL },
	{ "b", PARAM_NEEDED, "the newer run", NULL },
	END,
};

const struct route routes[] = {
	{ HTTP_GET, "/healthz", "get_health", get_healthz, "whether it is well; 503 while it ends",
	    NULL, NULL, 200, "Health", NULL },
	{ HTTP_GET, "/metrics", "get_metrics", get_metrics, "counters for Prometheus", NULL, NULL,
	    200, NULL, "text/plain" },
	{ HTTP_GET, P "/openapi.json", "get_openapi", get_openapi, "this table as OpenAPI 3.1",
	    NULL, NULL, 200, "OpenAPI", NULL },
	{ HTTP_GET, P "/runs", "list_runs", get_runs, "runs, newest first", runs_query, NULL, 200,
	    "RunList", NULL },
	{ HTTP_POST, P "/runs", "launch_run", post_runs,
	    "launches a run; the same Idempotency-Key never launches a second one", NULL,
	    "LaunchRequest", 201, "Launched", NULL },
	{ HTTP_POST, P "/preview", "preview_run", post_preview, "what such a launch would run",
	    NULL, "LaunchRequest", 200, "Preview", NULL },
	{ HTTP_GET, P "/runs/{run}", "get_run", get_run, "one run with its steps", NULL, NULL, 200,
	    "RunDocument", NULL },
	{ HTTP_DELETE, P "/runs/{run}", "delete_run", delete_run, "takes out a run that has ended",
	    NULL, NULL, 204, NULL, NULL },
	{ HTTP_POST, P "/runs/{run}/cancel", "cancel_run", post_cancel,
	    "stops it; its agents are ended", NULL, "CancelRequest", 202, "Changed", NULL },
	{ HTTP_POST, P "/runs/{run}/resume", "resume_run", post_resume,
	    "goes on with what failed, was cancelled or was left", NULL, "EmptyRequest", 202,
	    "Changed", NULL },
	{ HTTP_POST, P "/runs/{run}/retry", "retry_run", post_retry,
	    "does a step again and what follows from it; without one all that failed", NULL,
	    "RetryRequest", 202, "Changed", NULL },
	{ HTTP_POST, P "/runs/{run}/approve", "approve_step", post_approve,
	    "answers a step that asks a person", NULL, "ApproveRequest", 202, "Changed", NULL },
	{ HTTP_GET, P "/runs/{run}/report", "get_report", get_report,
	    "the report, so far or for good", report_query, NULL, 200, "Report",
	    "text/markdown|text/html|application/sarif+json|application/xml" },
	{ HTTP_GET, P "/runs/{run}/events", "list_events", NULL,
	    "its log: as JSON, JSON lines or Server-Sent Events, as Accept says", events_query,
	    NULL, 200, "EventList", "application/x-ndjson|text/event-stream" },
	{ HTTP_GET, P "/runs/{run}/steps/{step}/blocks", "list_blocks", get_blocks,
	    "what an attempt said and did, in blocks; the last ones", blocks_query, NULL, 200,
	    "BlockList", NULL },
	{ HTTP_GET, P "/runs/{run}/steps/{step}/raw", "get_lines", get_raw, "an attempt in lines",
	    raw_query, NULL, 200, "RawLines", NULL },
	{ HTTP_GET, P "/runs/{run}/steps/{step}/find", "find_in_step", get_find,
	    "what is found in those lines", find_query, NULL, 200, "Hits", NULL },
	{ HTTP_GET, P "/runs/{run}/steps/{step}", "get_step", get_step,
	    "one step: what it was asked, said, cites and found", step_query, NULL, 200,
	    "StepDocument", NULL },
	{ HTTP_GET, P "/runs/{run}/files", "get_file", get_files,
	    "lines of what was frozen for the run", files_query, NULL, 200, "FileLines", NULL },
	{ HTTP_GET, P "/runs/{run}/coverage", "get_coverage", get_coverage,
	    "what was read of the repository, and what was not", NULL, NULL, 200, "Coverage",
	    NULL },
	{ HTTP_GET, P "/runs/{run}/proof", "get_proof", get_proof,
	    "what held its agents to reading, as a file to keep: tutti proof verify", NULL, NULL,
	    200, NULL, "application/x-ndjson" },
	{ HTTP_GET, P "/compare", "compare_runs", get_compare,
	    "the findings of two runs side by side", compare_query, NULL, 200, "Comparison", NULL },
	{ HTTP_GET, P "/search", "search_runs", get_search, "what all runs hold, best first",
	    search_query, NULL, 200, "SearchResult", NULL },
	{ HTTP_GET, P "/flows", "list_flows", get_flows, "the catalogue", flows_query, NULL, 200,
	    "FlowList", NULL },
	{ HTTP_GET, P "/flows/{name}", "get_flow", get_flow, "one flow with its steps", flows_query,
	    NULL, 200, "Flow", NULL },
	{ HTTP_GET, P "/agents", "get_doctor", get_agents,
	    "what this machine has and lacks, as tutti doctor", NULL, NULL, 200, "Doctor", NULL },
	{ HTTP_GET, P "/repositories", "list_repositories", get_repositories, "where runs worked",
	    NULL, NULL, 200, "RepositoryList", NULL },
	{ HTTP_GET, P "/session", "get_session", get_session, "who is asking whom", NULL, NULL, 200,
	    "Session", NULL },
	{ HTTP_POST, P "/session/sign-out", "sign_out", post_sign_out,
	    "ends the session of the cookie", NULL, "EmptyRequest", 204, NULL, NULL },
	{ HTTP_POST, P "/session/link", "make_link", post_link,
	    "a link that signs a browser in, once; for programs, not for pages", NULL,
	    "EmptyRequest", 200, "Link", NULL },
	{ HTTP_GET, P "/ws", "open_socket", NULL, "a WebSocket, sub-protocol tutti.v1: see below",
	    NULL, NULL, 101, NULL, NULL },
	{ 0 },
};

const char *method_name(enum http_method m)
{
	static const char *const names[] = { "GET", "POST", "DELETE" };

	return names[m];
}

/* --- the table of docs/api.md ------------------------------------------------------------- */

static void add_query(struct buf *b, const struct param *p)
{
	for (; p && p->name; p++)
		buf_printf(b, "%s`%s`", b->n && b->p[b->n - 1] == '`' ? ", " : "", p->name);
}

static void add_answers(struct buf *b, const struct route *r)
{
	struct str rest = str_from(r->types);

	buf_adds(b, r->answer ? r->answer : "");
	for (bool first = !r->answer; rest.n; first = false) {
		struct str type = str_split(&rest, '|');

		buf_printf(b, "%s%.*s", first ? "" : ", ", STR_ARG(type));
	}
}

struct str api_routes_markdown(struct arena *a)
{
	struct buf b;

	buf_init(&b, KIB(64));
	buf_adds(&b, "| method, path | what | query | body | answer |\n|---|---|---|---|---|\n");
	for (const struct route *r = routes; r->path; r++) {
		buf_printf(&b, "| %s `%s` | %s | ", method_name(r->method), r->path, r->summary);
		add_query(&b, r->query);
		buf_printf(&b, " | %s | %u ", r->body ? r->body : "", r->status);
		add_answers(&b, r);
		buf_adds(&b, " |\n");
	}
	struct str text = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return text;
}
