/* What the files of the expression machine share. */
#ifndef FLOW_EXPR_PRIV_H
#define FLOW_EXPR_PRIV_H

#include "base/json.h"
#include "base/limits.h"
#include "flow/expr.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

#define EXPR_CHURN_MAX MIB(256) /* bytes allocated in one evaluation, freed or not */
#define EXPR_DEPTH_MAX 64	/* of a value that crosses the border */
#define EXPR_HOOK_EVERY 1000	/* instructions */
#define EXPR_CPU_MAX_MS 2000	/* a net below the instruction count: comparing giant strings */

struct expr_vm {
	lua_State *L;
	size_t bytes, churn; /* held now; handed out in this evaluation */
	long instructions;
	long long cpu_until; /* 0: the first thousand instructions are not over */
	bool spent;	     /* a budget ran out: the state is thrown away */
	const char *spent_why;
	const struct scope *scope;
	json_t **held; /* references to drop after the evaluation */
	size_t n_held, cap_held;
};

/* lib.c */
/* Leaves a table with the functions and `math` on the stack. */
void expr_open_library(lua_State *L);

/* value.c */
/* Registers the metatables that mark arrays and objects. */
void expr_open_values(lua_State *L);
/* Pushes VALUE (borrowed) as Lua. May raise. */
void expr_push(lua_State *L, const json_t *value);
/* The value at INDEX as JSON: a new reference held by the machine. Raises on what has no JSON. */
json_t *expr_to_json(lua_State *L, int index);
/* Pushes the text of the number at INDEX: no digit lost, the same everywhere. */
void expr_push_number_text(lua_State *L, int index);

/* expr.c */
struct expr_vm *expr_of(lua_State *L);
/* Pays for N bytes of work in C. Raises when the budget is spent. */
void expr_charge(lua_State *L, size_t n);
/* Keeps a reference until the evaluation is over. Returns VALUE. */
json_t *expr_hold(struct expr_vm *vm, json_t *value);

#endif
