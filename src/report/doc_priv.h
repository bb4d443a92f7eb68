/* What the readers of reports share. */
#ifndef REPORT_DOC_PRIV_H
#define REPORT_DOC_PRIV_H

#include "report/doc.h"

/* A finding without its citations, from its JSON form. */
struct finding *doc_finding(struct arena *a, const json_t *v);
/* doc_sarif.c: what a SARIF file says of its results, as findings. */
void doc_read_sarif(struct arena *a, const json_t *doc, struct report_doc *ret);

#endif
