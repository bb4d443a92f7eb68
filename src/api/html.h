/* A run's report as HTML, with the lines it cites from the run's frozen snapshot. */
#ifndef API_HTML_H
#define API_HTML_H

#include "engine/engine.h"

/*
 * FACTS of a run, whose snapshot is SNAPSHOT (may be empty, or gone: the page says so), as one
 * file; DATA is the directory of the store. Reads the files that are cited, so it is nothing for a
 * thread that others wait for. In A.
 */
struct str html_make(
    struct arena *a, struct engine_facts *facts, const char *data, struct str snapshot);
/* The same of run KEY, at one go. */
MUST_CHECK int html_report(struct store *s, struct arena *a, const char *data, int64_t key,
    struct str snapshot, struct str *ret, struct err *err);
/* What a page of ours embeds of it: the document without its head. Part of HTML. */
struct str html_body(struct str html);

#endif
