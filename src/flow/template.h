/*
 * Templates: text with {{ expression }}. One pass: what an expression yields is a value and is
 * never expanded again. A missing value (nil) is an error with file and line; opt(…) gives an
 * empty text on purpose.
 */
#ifndef FLOW_TEMPLATE_H
#define FLOW_TEMPLATE_H

#include "flow/expr.h"

enum template_use {
	TEMPLATE_PLAIN,	 /* titles, argv: the value as it is */
	TEMPLATE_PROMPT, /* text of steps, items, repository and web stands in a fence of its own */
};

/*
 * Renders SRC. Under TEMPLATE_PROMPT a hole that names steps, item, items, repo, signals, change,
 * chunk or an `as` name is inserted as fenced data: a line with a delimiter that does not occur in
 * the text, the text, the delimiter again. Short one-line scalars (numbers, booleans, at most 80
 * bytes without line breaks from repo, signals or change) are inserted plainly, and so is an empty
 * text. The result lives in A and holds at most MAX bytes (-E2BIG).
 */
MUST_CHECK int template_render(struct arena *a, struct expr_vm *vm, const struct source *src,
    const struct scope *scope, enum template_use use, size_t max, struct str *ret, struct err *err);
/*
 * The same under TEMPLATE_PROMPT, with at most EACH bytes of every fenced text: the rest of one
 * that is longer is left out, and a line inside its fence says how much. *RET_CUT: how many were
 * cut.
 */
MUST_CHECK int template_render_cut(struct arena *a, struct expr_vm *vm, const struct source *src,
    const struct scope *scope, size_t max, size_t each, struct str *ret, unsigned *ret_cut,
    struct err *err);
/* Syntax of the text and of each expression; errors carry line and column of the hole. */
int template_check(struct arena *a, const struct source *src, struct flow_errors *errors);
/* As expr_names, over all holes. */
void template_names(
    struct arena *a, struct str text, struct strs *ret_steps, struct strs *ret_names);
/* TEXT between delimiter lines that do not occur in it, with LABEL in the opening line. */
struct str template_fence(struct arena *a, struct str label, struct str text);

#endif
