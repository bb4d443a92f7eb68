/* What the files of the library share. */
#ifndef FLOW_LIBRARY_PRIV_H
#define FLOW_LIBRARY_PRIV_H

#include "base/map.h"
#include "flow/library.h"

struct text {
	enum text_kind kind;
	const char *file, *origin;
	struct str name, text;
	struct flow *flow;	 /* TEXT_FLOW, sound */
	struct persona *persona; /* TEXT_PERSONA, sound */
	struct flow_errors errors;
	struct flow_entry entry; /* TEXT_FLOW */
};

struct library {
	struct arena *arena;
	struct text **texts; /* in order of adding */
	size_t n, cap;
	struct map by_name[TEXT_KINDS]; /* the one that wins */
	struct text **flows;		/* those that win, in order; then what is withheld */
	size_t n_flows;
	struct map withheld; /* flows that are listed and not used */
};

/* T as others may see it. */
void text_tell(const struct library *lib, const struct text *t, struct library_text *ret);

#endif
