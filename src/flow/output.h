/* Answers in an asked form: the JSON-Schema subset of flow-language §5, and finding the JSON in
 * what a model wrote around it. */
#ifndef FLOW_OUTPUT_H
#define FLOW_OUTPUT_H

#include "flow/flow.h"

/* The built-in schema behind `output: findings`. Borrowed. */
const json_t *output_findings_schema(void);
/* Is SCHEMA itself in the subset? Appends errors placed at AT. */
void output_check_schema(const json_t *schema, struct place at, struct flow_errors *errors);
/*
 * Checks VALUE; writes one line an error ("findings[2].path: required") to *RET_ERRORS, which
 * lives in A. 0 when it fits, -EINVAL when not.
 */
MUST_CHECK int output_check(
    struct arena *a, const json_t *schema, const json_t *value, struct str *ret_errors);
/*
 * The last complete JSON value (object or array) in TEXT: bare, in a ```json fence, or in prose.
 * New reference or NULL. Linear in the length of TEXT.
 */
json_t *output_extract(struct str text);

#endif
