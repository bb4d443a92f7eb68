#include "http/priv.h"

#include "base/json.h"
#include "base/unconst.h"

#include <stdlib.h>

const char policy_strictest[] = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
				"form-action 'none'; sandbox";
static const char policy_page[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'self'; "
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types tutti";
static const char policy_report[] =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups";

/* --- headers ------------------------------------------------------------------------------- */

void send_header(
    struct request *r, struct MHD_Response *response, const char *name, const char *value)
{
	if (value && header_value_is_valid(value))
		r->bare |= r->h->mhd->add_response_header(response, name, value) != MHD_YES;
}

struct MHD_Response *send_whole(struct request *r, struct MHD_Response *response)
{
	if (!r->bare)
		return response;
	r->h->mhd->destroy_response(response);
	return NULL;
}

/* There is none that lets other origins read: no Access-Control-Allow-Origin, ever. */
void send_headers(struct request *r, struct MHD_Response *response, const char *policy)
{
	static const char *const always[][2] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		send_header(r, response, always[i][0], always[i][1]);
	send_header(r, response, "Content-Security-Policy", policy);
	if (r->last || r->h->draining)
		send_header(r, response, "Connection", "close");
}

static const char *cache_control(const struct http_answer *answer)
{
	if (answer->immutable)
		return "public, max-age=31536000, immutable";
	return answer->etag ? "no-cache" : "no-store";
}

/* A path of ours that no browser takes for another server's. */
static const char *safe_location(const char *path)
{
	if (path[0] != '/' || path[1] == '/' || strchr(path, '\\'))
		return "/";
	for (const char *p = path; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return "/";
	return path;
}

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("-_.", c));
}

/* Twice: for those who know UTF-8, and with every other byte as "_" for those who do not. */
static const char *disposition(struct arena *a, const char *name)
{
	struct str file = str_take(str_from(name), 200);
	char *ascii = arena_cstr(a, file);
	struct buf b;

	for (char *p = ascii; *p; p++)
		*p = is_plain(*p) ? *p : '_';
	buf_init(&b, KIB(2));
	buf_printf(&b, "attachment; filename=\"%s\"; filename*=UTF-8''", ascii);
	for (size_t i = 0; i < file.n; i++)
		if (is_plain(file.p[i]))
			buf_addc(&b, file.p[i]);
		else
			buf_printf(&b, "%%%02X", (unsigned char)file.p[i]);
	const char *text = arena_cstr(a, buf_str(&b));

	buf_fini(&b);
	return text;
}

static const char *set_cookie(struct arena *a, const char *value)
{
	return arena_printf(a, "%s=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%lld", COOKIE,
	    value, *value ? (long long)SESSION_MS / 1000 : 0);
}

static const char *policy_of(const struct http_answer *answer)
{
	if (answer->page)
		return policy_page;
	return answer->report ? policy_report : policy_strictest;
}

static void add_headers(struct request *r, struct MHD_Response *response,
    const struct http_answer *answer, const char *etag)
{
	struct arena *a = r->q.arena;

	send_headers(r, response, policy_of(answer));
	send_header(r, response, "Content-Type", answer->type);
	send_header(r, response, "Cache-Control", cache_control(answer));
	send_header(r, response, "ETag", etag);
	send_header(r, response, "Content-Encoding", answer->encoding);
	if (answer->encoding)
		send_header(r, response, "Vary", "Accept-Encoding");
	if (answer->location)
		send_header(r, response, "Location", safe_location(answer->location));
	if (answer->file)
		send_header(r, response, "Content-Disposition", disposition(a, answer->file));
	if (answer->cookie)
		send_header(r, response, "Set-Cookie", set_cookie(a, answer->cookie));
	if (answer->status == 401)
		send_header(r, response, "WWW-Authenticate", "Bearer");
}

/* --- whole answers ------------------------------------------------------------------------- */

/* A packed body is another representation: "abc" becomes "abc-br". */
static const char *etag_of(struct arena *a, const struct http_answer *answer)
{
	struct str etag = str_from(answer->etag);

	if (!answer->encoding || !str_ends(etag, STR("\"")))
		return answer->etag;
	return arena_printf(a, "%.*s-%s\"", STR_ARG(str_take(etag, etag.n - 1)), answer->encoding);
}

static struct MHD_Response *make(
    struct request *r, const struct http_answer *answer, const struct refusal *refusal)
{
	const char *etag = etag_of(r->q.arena, answer);
	struct http_answer ours = *answer;
	struct MHD_Response *response;

	if (etag && answer->status == 200 && r->q.method == HTTP_GET &&
	    etag_matches(http_header(&r->q, "If-None-Match"), str_from(etag))) {
		ours.status = 304;
		ours.body = (struct str){ "", 0 };
	}
	response = r->h->mhd->create_response_from_buffer(ours.body.n,
	    unconst(ours.body.p ? ours.body.p : ""),
	    answer->is_static ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
	if (!response)
		return NULL;
	add_headers(r, response, &ours, etag);
	if (refusal && refusal->header)
		send_header(r, response, refusal->header, refusal->value);
	r->status = ours.status;
	return send_whole(r, response);
}

static void send_it(
    struct request *r, const struct http_answer *answer, const struct refusal *refusal)
{
	struct MHD_Response *response = r->mhd ? make(r, answer, refusal) : NULL;

	request_answered(r, response, response ? r->status : 0);
}

static const struct refusal not_acceptable = { 406, "bad_request",
	"this comes only packed, and the client does not take that", "see its Accept-Encoding",
	"accept gzip", false };

void http_send(struct http_req *q, const struct http_answer *answer)
{
	struct str accepted = http_header(q, "Accept-Encoding");

	if (answer->encoding && accepted.p && !encoding_is_welcome(accepted, answer->encoding))
		send_refusal(request_of(q), &not_acceptable);
	else
		send_it(request_of(q), answer, NULL);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void send_document(
    struct request *r, unsigned status, json_t *doc, const struct refusal *refusal)
{
	char *text = json_dump(doc);
	const struct http_answer answer = { .status = text ? status : 500,
		.type = "application/json",
		.body = str_from(text ? text : "") };

	json_decref(doc);
	send_it(r, &answer, refusal);
	free(text);
}

void http_send_json(struct http_req *q, unsigned status, json_t *doc)
{
	send_document(request_of(q), status, doc, NULL);
}

static json_t *error_document(const char *code, const struct err *err)
{
	struct str fixes = str_from(err->fix);
	json_t *fix = json_array(), *error;

	while (fixes.n)
		json_array_append_new(fix, json_text(str_line(&fixes)));
	error = json_object();
	json_object_set_new(error, "code", json_cstr(code));
	json_object_set_new(error, "what", json_text(str_from(err->what)));
	json_object_set_new(error, "why", json_text(str_from(err->why)));
	json_object_set_new(error, "fix", fix);
	json_object_set_new(error, "docs", json_cstr(err->more));
	return json_pack("{s:o}", "error", error);
}

void http_send_error(struct http_req *q, unsigned status, const char *code, const struct err *err)
{
	send_document(request_of(q), status, error_document(code, err), NULL);
}

void send_refusal(struct request *r, const struct refusal *refusal)
{
	struct err err;

	err_set(&err, -EPROTO, "%s", refusal->what);
	err_why(&err, "%s", refusal->why);
	err_fix(&err, "%s", refusal->fix);
	send_document(r, refusal->status, error_document(refusal->code, &err), refusal);
}
