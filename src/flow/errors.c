/* All errors of a file: collected in any order, shown in the file's. */
#include "flow/errors.h"

#include "base/buf.h"
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(sizeof(((struct flow_errors *)0)->v) / sizeof(struct flow_error) == FLOW_ERRORS_MAX,
    "the array of flow_errors has the named size");

static bool is_before(const struct flow_error *a, const struct flow_error *b)
{
	return a->at.line != b->at.line ? a->at.line < b->at.line : a->at.column < b->at.column;
}

void flow_error_add(struct flow_errors *errors, struct place at, const char *fmt, ...)
{
	va_list ap;
	size_t i = errors->n;

	if (i == FLOW_ERRORS_MAX) {
		errors->more = true;
		return;
	}
	va_start(ap, fmt);
	struct flow_error e = { .at = at, .message = arena_vprintf(errors->arena, fmt, ap) };

	va_end(ap);
	while (i > 0 && is_before(&e, &errors->v[i - 1])) {
		errors->v[i] = errors->v[i - 1];
		i--;
	}
	errors->v[i] = e;
	errors->n++;
}

struct str flow_error_text(const struct err *err)
{
	struct str text = str_from(err->what);
	struct str rest = text;

	/* "file:12: message" -> message; the place is said elsewhere */
	str_split(&rest, ':');
	if (rest.p && rest.n && rest.p[0] >= '0' && rest.p[0] <= '9') {
		str_split(&rest, ':');
		if (rest.p)
			return str_trim(rest);
	}
	return text;
}

void flow_error_fix(struct err *err, const char *file)
{
	struct buf b;

	buf_init(&b, 4 * PATH_BYTES_MAX);
	buf_add_shell(&b, str_from(file));
	err_fix(err, "tutti flows validate %.*s", STR_ARG(buf_str(&b)));
	buf_fini(&b);
}

const char *nearest_word(struct str word, const char *const *words)
{
	unsigned best = word.n < 4 ? 2 : 3;
	const char *near = NULL;

	for (; *words; words++) {
		unsigned d = str_distance(word, str_from(*words));

		if (d < best) {
			best = d;
			near = *words;
		}
	}
	return near;
}
