/*
 * Flows of repositories that a person accepted. A repository is untrusted: what its flows ask of
 * agents and run as commands was written by others. So a flow of it is used once somebody has seen
 * it and said so, and what is accepted then is exactly that: the flow and every text of the
 * repository that it uses, by the SHA-256 of their contents, wherever the files lie.
 *
 * An acceptance is for one repository, the directory. The same bytes in another one are not
 * accepted there: a command `[make, check]` runs what that other repository calls so.
 * It reaches no further than the flow: a persona that was accepted as part of it does not take the
 * place of the built-in one in other flows.
 */
#ifndef FLOW_ACCEPTED_H
#define FLOW_ACCEPTED_H

#include "base/sha256.h"
#include "flow/library.h"

struct accepted_text {
	enum text_kind kind;
	struct str name;
	char sha256[SHA256_HEX]; /* of its contents */
};

struct acceptance {
	struct str repo; /* absolute, without links, UTF-8 */
	struct str flow;
	struct accepted_text *texts; /* the flow's own first */
	size_t n;
	char sha256[SHA256_HEX]; /* of all of these */
};

struct acceptances {
	struct acceptance *v;
	size_t n, cap;
};

/*
 * Reads the file they are kept in. Whatever is missing in it, or is not what acceptances_print
 * would write there, is an error (-EINVAL) that says what, and nothing is accepted. All in A.
 */
MUST_CHECK int acceptances_parse(
    struct arena *a, struct str text, struct acceptances *ret, struct err *err);
/* JSON, one line a flow, so that a person can read it. In A. -E2BIG: larger than TRUSTED_MAX. */
MUST_CHECK int acceptances_print(
    struct arena *a, const struct acceptances *all, struct str *ret, struct err *err);

/*
 * What accepting flow NAME of LIB in REPO is: its texts whose origin is ORIGIN. -ENOENT when there
 * is no such flow of that origin, or it is not sound. LIB must outlive nothing: all is copied to A.
 */
MUST_CHECK int acceptance_of(struct arena *a, const struct library *lib, struct str repo,
    struct str name, const char *origin, struct acceptance *ret);

/* The one for flow NAME of REPO, or NULL. */
const struct acceptance *acceptances_find(
    const struct acceptances *all, struct str repo, struct str name);
/* Adds ONE in place of an earlier one for the same flow. -E2BIG: TRUSTED_FLOWS_MAX. */
MUST_CHECK int acceptances_put(
    struct arena *a, struct acceptances *all, const struct acceptance *one, struct err *err);
/* Takes back that for NAME of REPO; with an empty NAME all of REPO. How many there were. */
size_t acceptances_drop(struct acceptances *all, struct str repo, struct str name);

/* Is NOW what was accepted? */
bool acceptance_holds(const struct acceptance *accepted, const struct acceptance *now);
/* What differs, to read: "persona 'judge' changed, contract 'x' is new". In A. */
const char *acceptance_differs(
    struct arena *a, const struct acceptance *accepted, const struct acceptance *now);

#endif
