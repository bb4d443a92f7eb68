/* Everything of a request's head that we read ourselves. */
#include "must.h"

#include "base/utf8.h"
#include "http/priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct arena *a, struct str raw)
{
	struct str path, rest;

	if (target_path(a, raw, &path) < 0)
		return;
	must(path.n && path.p[0] == '/' && path.n <= raw.n);
	must(utf8_valid(path) && str_chr(path, '\0') < 0 && str_chr(path, '\n') < 0);
	rest = str_skip(path, 1);
	while (rest.p) {
		struct str segment = str_split(&rest, '/');

		must(!str_is(segment, ".") && !str_is(segment, ".."));
		must(segment.n || !rest.p);
	}
}

static void check_query(struct arena *a, struct str raw)
{
	static const char *const names[] = { "q", "x", "", "a b" };
	struct str query = target_query(raw);
	bool valid = query_is_valid(query);

	for (size_t i = 0; i < 4; i++) {
		struct str value = query_get(a, query, names[i]);

		must(value.n <= query.n);
		must(utf8_valid(value) && (!value.p || str_chr(value, '\0') < 0));
	}
	if (valid && str_starts(query, STR("q=")))
		must(query_get(a, query, "q").p);
}

static bool is_part(struct str whole, struct str part)
{
	return !part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_fields(struct arena *a, struct str s)
{
	struct sockaddr_storage addr;
	struct err err;
	socklen_t n;
	const char *accept = ws_accept(a, s);

	must(is_part(s, cookie_get(s, COOKIE)));
	must(!encoding_is_welcome(s, "gzip") || str_contains(s, STR("*")) || s.n >= 4);
	must(!list_has(s, "tutti.v1", true) || str_contains(s, STR("tutti.v1")));
	must(!etag_matches(s, STR("\"abc\"")) || str_contains(s, STR("*")) ||
	     str_contains(s, STR("\"abc\"")));
	must(!type_is_json(s) || s.n >= 16);
	must(!accept || (s.n == 24 && strlen(accept) == 28));
	if (bind_parse(s, &addr, &n, &err) == 0)
		must(str_starts(s, STR("127.")) || str_contains(s, STR("]:")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	struct arena *a;

	if (size > HTTP_HEADER_MAX)
		return 0;
	a = arena_create("fuzz", MIB(1));
	check_path(a, s);
	check_query(a, s);
	check_fields(a, s);
	arena_destroy(a);
	return 0;
}
