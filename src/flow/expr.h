/*
 * Expressions: Lua 5.4 in a bare state (flow-language §1.2). Same names, same values: same result,
 * on every machine. One evaluation gets EXPR_INSTRUCTIONS_MAX instructions and EXPR_MEMORY_MAX
 * bytes, then a clear error. Values cross the border as JSON.
 *
 * A machine is used by one thread and may be used again and again; nothing one evaluation did can
 * be seen by the next.
 */
#ifndef FLOW_EXPR_H
#define FLOW_EXPR_H

#include "flow/flow.h"

/*
 * What names mean. Both functions return a new reference, or NULL for "no such thing", which Lua
 * sees as nil. They are asked only for what the text really touches.
 */
struct scope {
	void *ctx;
	/* question, input, size, fast, focus, repo, signals, change, chunk, item, items, or the
	 * `as` name */
	json_t *(*name)(void *ctx, struct str name);
	/* FIELD is output, json, status, reason, label or findings; `steps[ID]` itself is always
	 * a table, so unknown ids show as fields that are nil */
	json_t *(*step)(void *ctx, struct str id, struct str field);
};

struct expr_vm;

struct expr_vm *expr_create(void);
void expr_destroy(struct expr_vm *vm);

/*
 * Evaluates an expression (or, with a leading `return`/statements, a chunk) and converts its first
 * result to JSON: nil -> null. A new reference in *RET. Errors name file and line of SRC:
 * -EINVAL syntax or run-time error, -E2BIG budget.
 */
MUST_CHECK int expr_eval(struct expr_vm *vm, const struct source *src, const struct scope *scope,
    json_t **ret, struct err *err);
/* As above for conditions: nil and false are false, all else true. */
MUST_CHECK int expr_test(struct expr_vm *vm, const struct source *src, const struct scope *scope,
    bool *ret, struct err *err);
/* Syntax only. */
MUST_CHECK int expr_check(const struct source *src, struct err *err);
/*
 * Ids of steps that the text names as steps.ID or steps["ID"], and top-level names it reads, as
 * far as a scan of the tokens can tell. Used for the ancestor check and for uses_repo. Both
 * arrays live in A; either result pointer may be NULL.
 */
void expr_names(struct arena *a, struct str text, struct strs *ret_steps, struct strs *ret_names);

/* Functions (and math) that every text may use, NULL-terminated. */
extern const char *const expr_library_names[];

#endif
