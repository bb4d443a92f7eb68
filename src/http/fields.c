#include "http/priv.h"

#include <ctype.h>
#include <strings.h>

struct str cookie_get(struct str header, const char *name)
{
	while (header.p) {
		struct str pair = str_trim(str_split(&header, ';')), key = str_split(&pair, '=');

		if (pair.p && str_is(key, name))
			return pair;
	}
	return (struct str){ NULL, 0 };
}

bool list_has(struct str header, const char *token, bool exactly)
{
	while (header.p) {
		struct str one = str_trim(str_split(&header, ','));

		if (exactly ? str_is(one, token) : str_eq_nocase(one, str_from(token)))
			return true;
	}
	return false;
}

/* "q=0", "q=0.", "q=0.000": not at all. */
static bool is_nought(struct str parameters)
{
	while (parameters.p) {
		struct str one = str_trim(str_split(&parameters, ';')), name = str_split(&one, '=');
		bool nought = str_eq_nocase(str_trim(name), STR("q")) && one.n;

		for (size_t i = 0; i < one.n && nought; i++)
			nought = one.p[i] == '0' || one.p[i] == '.';
		if (nought)
			return true;
	}
	return false;
}

bool encoding_is_welcome(struct str header, const char *encoding)
{
	bool every = false;

	while (header.p) {
		struct str one = str_split(&header, ','), name = str_trim(str_split(&one, ';'));

		if (str_eq_nocase(name, str_from(encoding)))
			return !is_nought(one);
		if (str_is(name, "*"))
			every = !is_nought(one);
	}
	return every;
}

static struct str without_weakness(struct str etag)
{
	return str_starts(etag, STR("W/")) ? str_skip(etag, 2) : etag;
}

bool etag_matches(struct str header, struct str etag)
{
	while (header.p) {
		struct str one = str_trim(str_split(&header, ','));

		if (str_is(one, "*") || str_eq(without_weakness(one), without_weakness(etag)))
			return true;
	}
	return false;
}

bool type_is_json(struct str header)
{
	return str_eq_nocase(str_trim(str_split(&header, ';')), STR("application/json"));
}

bool header_name_is_valid(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("!#$%&'*+-.^_`|~", *name))
			return false;
	return true;
}

bool header_value_is_valid(const char *value)
{
	for (; *value; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}
