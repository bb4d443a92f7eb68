/* Where a finding is shown by programs that show files. */
#ifndef REPORT_ANCHOR_H
#define REPORT_ANCHOR_H

#include "report/doc.h"

/* For what has no place: a file that the report has seen, one that describes a project first; "./"
 * when it has seen none. */
struct str anchor_of(const struct report_doc *doc);

#endif
