/* The HTML form of a report, which shows lines of the run's snapshot. */
#ifndef CLI_HTML_H
#define CLI_HTML_H

#include "engine/engine.h"

/*
 * Of run KEY, whose snapshot has the id SNAPSHOT, where there is one; snapshots lie below the data
 * directory DATA. A snapshot that is gone or no longer sound costs the lines, not the report. In A.
 */
MUST_CHECK int html_report(struct store *s, struct arena *a, const char *data, int64_t key,
    struct str snapshot, struct str *ret, struct err *err);
/* Does FILE, which may be NULL, ask for this form by its name: *.html or *.htm? */
bool html_named(const char *file);

#endif
