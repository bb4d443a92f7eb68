/*
 * Requests without a connection: what a handler gets and what it answers, for tests of the API. It
 * stands in for the room http, and checks what http promises its clients: one answer a request.
 */
#ifndef TESTS_FAKE_HTTP_H
#define TESTS_FAKE_HTTP_H

#include "../fuzz/must.h"
#include "base/json.h"
#include "base/limits.h"
#include "http/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fake {
	struct http_req q; /* first */
	const char *query; /* "a=b&c=d", as it is */
	const char *idempotency;
	bool answered;
	unsigned status;
	json_t *doc;	 /* of an answer in JSON */
	struct str text; /* of any other */
	char type[64], file[128], code[32];
};

static struct fake *fake_of(struct http_req *q)
{
	return (struct fake *)(void *)q;
}

struct str http_query(struct http_req *q, const char *name)
{
	struct str rest = str_from(fake_of(q)->query);

	while (rest.p) {
		struct str value = str_split(&rest, '&'), key = str_split(&value, '=');

		if (str_is(key, name))
			return value.p ? value : STR("");
	}
	return (struct str){ NULL, 0 };
}

int http_query_int(struct http_req *q, const char *name, long long least, long long most,
    long long def, long long *ret)
{
	struct str s = http_query(q, name);
	unsigned long long n;

	*ret = def;
	if (!s.p)
		return 0;
	if (!str_to_u64(s, (unsigned long long)most, &n) || (long long)n < least)
		return -EINVAL;
	*ret = (long long)n;
	return 0;
}

struct str http_header(struct http_req *q, const char *name)
{
	const char *key = fake_of(q)->idempotency;

	return strcmp(name, "Idempotency-Key") == 0 && key ? str_from(key)
							   : (struct str){ NULL, 0 };
}

static struct fake *answer(struct http_req *q, unsigned status)
{
	struct fake *f = fake_of(q);

	must(!f->answered);
	f->answered = true;
	f->status = status;
	return f;
}

void http_send(struct http_req *q, const struct http_answer *a)
{
	struct fake *f = answer(q, a->status);

	f->text = arena_dup(q->arena, a->body);
	snprintf(f->type, sizeof(f->type), "%s", a->type ? a->type : "");
	snprintf(f->file, sizeof(f->file), "%s", a->file ? a->file : "");
	if (strstr(f->type, "json") && !strstr(f->type, "ndjson"))
		f->doc = json_parse(f->text, NULL);
}

void http_send_json(struct http_req *q, unsigned status, json_t *doc)
{
	struct fake *f = answer(q, status);

	must(doc);
	f->doc = doc;
	snprintf(f->type, sizeof(f->type), "application/json");
}

/* The four parts as http writes them. */
void http_send_error(struct http_req *q, unsigned status, const char *code, const struct err *err)
{
	struct str rest = str_from(err->fix);
	json_t *fix = json_array();

	while (rest.p && rest.n)
		json_array_append_new(fix, json_text(str_split(&rest, '\n')));
	must(err->what[0] != '\0');
	http_send_json(q, status,
	    json_pack("{s:{s:s, s:s, s:s, s:o, s:s}}", "error", "code", code, "what", err->what,
		"why", err->why, "fix", fix, "docs", err->more));
	snprintf(fake_of(q)->code, sizeof(fake_of(q)->code), "%s", code);
}

void http_sign_out(struct http *h, struct http_req *q)
{
	(void)h;
	(void)q;
}

const char *http_url(const struct http *h)
{
	(void)h;
	return "http://127.0.0.1:7770";
}

char *http_sign_in_code(struct http *h, struct arena *a)
{
	(void)h;
	return arena_printf(a, "%032d", 1);
}

#endif
