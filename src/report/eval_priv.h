/* What the files of evaluations share. */
#ifndef REPORT_EVAL_PRIV_H
#define REPORT_EVAL_PRIV_H

#include "base/str.h"

/* Does TEXT say WORD, which is not empty, as the rule has it? */
bool eval_says(struct str text, struct str word);

#endif
