/* What tools/embed-web makes of the built page. */
#ifndef WEB_ASSET_H
#define WEB_ASSET_H

#include "web/web.h"

/* The table is written as seven words a file. */
_Static_assert(
    sizeof(struct web_asset) == 7 * sizeof(void *), "tools/embed-web writes another one");

/* Encodings of one path stand together, the smallest first, the plain one last. Ends with a NULL
 * path. */
extern const struct web_asset web_assets[];
/* The document, with a comment where title, head and body go; empty without a built page. */
extern const struct str web_shell;
/* Paths of the style sheets that a report needs, one a line. */
extern const struct str web_report_styles;

#endif
