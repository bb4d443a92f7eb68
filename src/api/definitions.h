/*
 * The definitions in hand: built in, the user's, and those of the repository as far as they are
 * trusted - all of them with --trust-repo, otherwise the flows that a person accepted
 * (flow/accepted.h), each with what it uses.
 *
 * As long as nothing of a repository was accepted and a flow is there without it, nothing of the
 * repository is read.
 */
#ifndef API_DEFINITIONS_H
#define API_DEFINITIONS_H

#include "api/own.h"
#include "flow/accepted.h"

struct definitions_from {
	const char *user; /* the configuration directory, or NULL */
	const char *repo; /* the repository, absolute and without links, or NULL */
	bool trust_repo;  /* all of it is trusted, this once */
};

struct own_flow {
	struct str name;
	const char *file;
	const struct flow_errors *errors; /* NULL when sound */
	struct acceptance now;		  /* what accepting it would be; empty when it has errors */
	const struct acceptance *before;  /* what was accepted under this name, or NULL */
	bool trusted;
};

struct definitions {
	struct arena *a;
	const char *user, *repo;     /* as in definitions_from */
	bool trust_repo;	     /* then BASE has everything, and the rest is empty */
	struct library *base;	     /* without the repository */
	struct library *whole;	     /* with everything of it, trusted or not: to look at */
	struct library *lib;	     /* with what is trusted; the rest of its flows withheld */
	struct acceptances accepted; /* of all repositories */
	size_t n_accepted;	     /* of this one */
	bool read;		     /* what is below this line, and WHOLE and LIB */
	struct own own;
	struct own_flow *flows;
	size_t n_flows;
};

/*
 * Reads what is not the repository's. Paths are borrowed. A four-part error when it is not clear
 * what is trusted.
 */
MUST_CHECK int definitions_open(
    struct definitions *d, struct arena *a, const struct definitions_from *from, struct err *err);
void definitions_close(struct definitions *d);
/* Reads the repository's, too. WHOLE and LIB stay NULL where it brings nothing along. */
void definitions_read(struct definitions *d);
/*
 * Flow NAME as library_flow finds it, and in *LIB the library to run it from: the repository's
 * texts are in it only when the flow is the repository's. *LIB belongs to D.
 */
const struct flow *definitions_flow(
    struct definitions *d, struct str name, struct library **lib, struct err *err);
/* Closes D, but for LIB, which the caller destroys. */
void definitions_leave(struct definitions *d, const struct library *lib);
/* What there is to list, the repository's read. Belongs to D. */
const struct library *definitions_view(struct definitions *d);
/* The repository's own flow NAME, or NULL. */
const struct own_flow *definitions_own(const struct definitions *d, struct str name);

#endif
