/* What the files of the routes share. */
#ifndef API_PRIV_H
#define API_PRIV_H

#include "api/api.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#include <uv.h>

struct api {
	struct api_config config;
	struct http *http;
	struct views *views; /* store thread */
	bool draining;
	size_t calls; /* under way */
	msec_t began; /* boot clock */
};

struct route;

/* One request on its way. Ends with exactly one call_… that answers. */
struct call {
	struct api *api;
	struct http_req *q;
	struct arena *a; /* of this call, in which any thread works that has it in hand */
	const struct route *route;
	struct str run, name; /* parts of the path: ID, and STEP or NAME */
	/* answer */
	struct err err;
	json_t *doc, *kept; /* KEPT: from one stage to the next */
	unsigned status;
	struct str text; /* instead of DOC, of media TYPE, to be saved as FILE if that is set */
	const char *type, *file;
	/* of what is under way */
	int (*fn)(struct call *c, struct store *s);
	void (*then)(struct call *c); /* NULL: the answer */
	int (*work)(struct call *c);
	uv_work_t job;
	int rc;
	int64_t key;
	struct run_row row;
	void *own;		      /* of the handler, in A */
	void (*drop)(struct call *c); /* gives back what OWN holds besides; or NULL */
};

typedef void (*handler_fn)(struct call *c);

enum param_type { PARAM_TEXT, PARAM_NEEDED /* a text */, PARAM_NUMBER, PARAM_FLAG };

struct param {
	const char *name; /* NULL ends a list */
	enum param_type type;
	const char *text;
	const char *choices; /* "a|b", or NULL */
};

struct route {
	enum http_method method;
	const char *path; /* with {run}, {step}, {name} */
	const char *id;	  /* what generated clients call it; no other route has it */
	handler_fn fn;	  /* NULL: whoever has the connections answers it (cli/serve_live.c) */
	const char *summary;
	const struct param *query;
	const char *body;   /* name of a schema, or NULL */
	unsigned status;    /* of success */
	const char *answer; /* in JSON: name of a schema; NULL: none */
	const char *types;  /* other media types of the answer, "a|b"; NULL: none */
};

/* routes.c; ends with a NULL path */
extern const struct route routes[];
const char *method_name(enum http_method m);

/* --- call.c ------------------------------------------------------------------------------- */

void call_begin(struct api *api, struct http_req *q, const struct route *route, struct str run,
    struct str name);
/* DOC, with the route's status; becomes the answer's. */
void call_json(struct call *c, json_t *doc);
void call_empty(struct call *c);
/* RC, a negative errno, with what stands in the call's err (or RC's words). */
void call_fail(struct call *c, int rc);
/* STATUS and CODE, with the call's err. */
void call_refuse(struct call *c, unsigned status, const char *code);
/* The answer as it stands in the call: DOC, TEXT, or the error of RC. */
void call_answer(struct call *c, int rc);

/*
 * FN on the store thread, maybe twice (then without what it left in the call the first time); then
 * THEN on the loop, or the answer when that is NULL or FN failed.
 */
void call_read(
    struct call *c, int (*fn)(struct call *c, struct store *s), void (*then)(struct call *));
/* The same with the run that the path names: its row and key are in the call. */
void call_run(
    struct call *c, int (*fn)(struct call *c, struct store *s), void (*then)(struct call *));
/* WORK on libuv's pool, then likewise. */
void call_work(struct call *c, int (*work)(struct call *c), void (*then)(struct call *c));

/* Parameters of the query; false: it was answered with what is wrong. */
bool call_int(struct call *c, const char *name, long long least, long long most, long long def,
    long long *ret);
bool call_flag(struct call *c, const char *name, bool *ret);
/* A text of the query, or of the body, or empty. Of the call. */
struct str call_query(struct call *c, const char *name);
struct str call_body(struct call *c, const char *name);

/* A position in a list that clients hand back as they got it. */
json_t *cursor_json(int64_t at);
/* 0: there was none; negative: it is none of ours. */
int64_t cursor_read(struct str text);

/* --- handlers ----------------------------------------------------------------------------- */

void get_healthz(struct call *c);
void get_metrics(struct call *c);
void get_openapi(struct call *c);
void get_session(struct call *c);
void post_sign_out(struct call *c);
void post_link(struct call *c);
void get_runs(struct call *c);
void get_run(struct call *c);
void delete_run(struct call *c);
void get_search(struct call *c);
void post_runs(struct call *c);
void post_preview(struct call *c);
void post_cancel(struct call *c);
void post_resume(struct call *c);
void post_retry(struct call *c);
void post_approve(struct call *c);
void get_report(struct call *c);
void get_step(struct call *c);
void get_blocks(struct call *c);
void get_raw(struct call *c);
void get_find(struct call *c);
void get_files(struct call *c);
void get_coverage(struct call *c);
void get_proof(struct call *c);
void get_compare(struct call *c);
void get_flows(struct call *c);
void get_flow(struct call *c);
void get_agents(struct call *c);
void get_repositories(struct call *c);

#endif
