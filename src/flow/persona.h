/* Reading personas (front matter and body) and contracts (two sections). */
#ifndef FLOW_PERSONA_H
#define FLOW_PERSONA_H

#include "flow/library.h"

/* TEXT and FILE must outlive the persona. ERRORS is initialised here. */
MUST_CHECK int persona_parse(struct arena *a, const char *file, struct str text,
    struct persona *ret, struct flow_errors *errors);
/* What stands below `## HEADING`, up to the next one; empty when there is none. */
struct str contract_section(struct str text, const char *heading);

#endif
