/* A run's report as HTML, with the lines it cites from the run's frozen snapshot. */
#ifndef API_HTML_H
#define API_HTML_H

#include "store/store.h"

/*
 * Run KEY, whose snapshot is SNAPSHOT (may be empty, or gone: the page says so), as one file; DATA
 * is the directory of the store. In A.
 */
MUST_CHECK int html_report(struct store *s, struct arena *a, const char *data, int64_t key,
    struct str snapshot, struct str *ret, struct err *err);
/* What a page of ours embeds of it: the document without its head. Part of HTML. */
struct str html_body(struct str html);

#endif
