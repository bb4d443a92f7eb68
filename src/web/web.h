/*
 * The page, as part of the binary: its files, and the document around what the server writes. It is
 * built from ui/ by Node (./dev ui); a binary that was built without has a plain page instead,
 * which shows the same runs and reports without JavaScript.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

/* One file in one encoding; static, like all that it points at. */
struct web_asset {
	const char *path; /* "/assets/index-1a2b3c.js" */
	const char *type; /* media type */
	struct str body;
	const char *encoding; /* "br", "gzip"; NULL: as it is */
	const char *etag;     /* with quotes, another one for each encoding */
	bool immutable;	      /* the path changes with the content */
};

/*
 * The file at PATH in the smallest encoding that ACCEPT, an Accept-Encoding header (RFC 9110,
 * 12.5.3), allows; as it is when that is empty or allows none of ours. NULL: there is no such file.
 */
const struct web_asset *web_find(struct str path, struct str accept);

/* Is the whole page here, or only the plain one? */
bool web_is_built(void);

/*
 * A document with TITLE (text) and BODY (HTML of ours) in its main part. With the whole page, its
 * script takes over from there, except where BODY holds the form of /sign-in. What does not fit
 * into B's ceiling is its latched error.
 */
void web_page(struct buf *b, struct str title, struct str body);

/* A run in the plain page's list. All of it is text. */
struct web_run {
	struct str id, flow, size, status, question, outcome, started;
	bool report; /* there is one to be read */
};
/* The body of the plain page's list, newest first as given. */
void web_plain_runs(struct buf *b, const struct web_run *runs, size_t n);

#endif
