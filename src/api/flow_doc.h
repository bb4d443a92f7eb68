/* Flows as JSON, for `tutti flows` and the API. */
#ifndef API_FLOW_DOC_H
#define API_FLOW_DOC_H

#include "flow/library.h"

/* Agents that FLOW has at SIZE if every condition is true; a loop counts once. */
unsigned flow_doc_agents(const struct flow *flow, enum flow_size size);
/* Name, origin, whether it is sound, and what it is about. New reference. */
json_t *flow_doc_entry(const struct flow_entry *e);
/* All of it, with its steps in plain form. New reference. */
json_t *flow_doc(const struct flow *flow);

#endif
