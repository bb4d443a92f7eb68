/* Findings of a report that was handed on: were they in it? Whether they hold, nobody looks at. */
#include "evidence/priv.h"

static bool is_inside(char c)
{
	return is_word_char(c) || c == '-' || c == '/';
}

/* Does TEXT have ID as a whole word? */
static bool names(struct str text, struct str id)
{
	for (size_t from = 0; from + id.n <= text.n;) {
		ptrdiff_t at = str_find(str_skip(text, from), id);
		size_t begin = from + (size_t)(at < 0 ? 0 : at), end = begin + id.n;

		if (at < 0)
			return false;
		if ((!begin || !is_inside(text.p[begin - 1])) &&
		    (end == text.n || !is_inside(text.p[end])))
			return true;
		from = begin + 1;
	}
	return false;
}

void evidence_check_provided(struct evidence *ev, struct str run, struct str text)
{
	for (size_t i = 0; i < ev->n_cites; i++) {
		struct citation *c = ev->cites[i];
		struct str id = c->path, of = str_split(&id, '#');

		if (c->trust == TRUST_PROVIDED)
			c->state = run.n && str_eq(of, run) && names(text, id) ? CITE_UNCHECKED
									       : CITE_MISSING;
	}
}
