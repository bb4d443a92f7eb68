#include "web/asset.h"

#include <strings.h>

static struct str trimmed(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static bool is_word(struct str s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* Takes what stands before the next SEPARATOR off REST. */
static struct str next(struct str *rest, char separator)
{
	const char *end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	struct str part = str_take(*rest, n);

	*rest = str_skip(*rest, end ? n + 1 : n);
	return trimmed(part);
}

/* "q=0", "q=0.000": not wanted. */
static bool is_refused(struct str parameters)
{
	while (parameters.n) {
		struct str p = next(&parameters, ';');

		if (p.n < 3 || (p.p[0] != 'q' && p.p[0] != 'Q') || p.p[1] != '=')
			continue;
		for (size_t i = 2; i < p.n; i++)
			if (p.p[i] != '0' && p.p[i] != '.')
				return false;
		return true;
	}
	return false;
}

/* A coding that is named counts for itself, whatever "*" says. */
static bool accepts(struct str accept, const char *coding)
{
	bool any = false;

	while (accept.n) {
		struct str item = next(&accept, ',');
		struct str name = next(&item, ';');

		if (is_word(name, coding))
			return !is_refused(item);
		if (is_word(name, "*"))
			any = !is_refused(item);
	}
	return any;
}

const struct web_asset *web_find(struct str path, struct str accept)
{
	for (const struct web_asset *a = web_assets; a->path; a++)
		if (str_is(path, a->path) && (!a->encoding || accepts(accept, a->encoding)))
			return a;
	return NULL;
}

bool web_is_built(void)
{
	return web_shell.n > 0;
}
