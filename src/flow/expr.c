/*
 * The machine: a bare state, an allocator that counts, a hook that counts, an environment that is
 * new for each evaluation. Nothing a text does can be caught by it (there is no pcall), so running
 * out of a budget always ends the evaluation.
 */
#include "flow/expr_priv.h"

#include "flow/scan.h"

#include <stdlib.h>
#include <time.h>

static const char environment_key, steps_key, library_key, nil_key, chunks_key;

static long long cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- budgets ---------------------------------------------------------------------------- */

static void *count_alloc(void *ud, void *p, size_t old, size_t size)
{
	struct expr_vm *vm = ud;

	if (!p)
		old = 0; /* then it is a type, not a size */
	if (size == 0) {
		vm->bytes -= old;
		free(p);
		return NULL;
	}
	if (size > old &&
	    (vm->bytes - old + size > EXPR_MEMORY_MAX || vm->churn > EXPR_CHURN_MAX)) {
		vm->spent = true;
		vm->spent_why = "used more than 16 MiB of memory";
		return NULL;
	}
	void *q = xrealloc(p, size);

	vm->bytes = vm->bytes - old + size;
	vm->churn += size > old ? size - old : 0;
	return q;
}

_Noreturn static void spend(lua_State *L, const char *why)
{
	struct expr_vm *vm = expr_of(L);

	vm->spent = true;
	vm->spent_why = why;
	luaL_error(L, "%s", why);
	abort();
}

static void on_count(lua_State *L, lua_Debug *ar)
{
	struct expr_vm *vm = expr_of(L);

	(void)ar;
	vm->instructions += EXPR_HOOK_EVERY;
	if (!vm->cpu_until) /* most texts never come here, and asking costs a system call */
		vm->cpu_until = cpu_ms() + EXPR_CPU_MAX_MS;
	if (vm->instructions > EXPR_INSTRUCTIONS_MAX || cpu_ms() > vm->cpu_until)
		spend(L, "ran for more than 1,000,000 instructions");
}

void expr_charge(lua_State *L, size_t n)
{
	struct expr_vm *vm = expr_of(L);

	vm->instructions += (long)(n / 16) + 1; /* a byte of work is far less than an instruction */
	if (vm->instructions > EXPR_INSTRUCTIONS_MAX)
		spend(L, "ran for more than 1,000,000 instructions");
}

struct expr_vm *expr_of(lua_State *L)
{
	void *ud;

	lua_getallocf(L, &ud);
	return ud;
}

json_t *expr_hold(struct expr_vm *vm, json_t *value)
{
	if (vm->n_held == vm->cap_held) {
		vm->cap_held = vm->cap_held ? 2 * vm->cap_held : 16;
		vm->held = xrealloc(vm->held, vm->cap_held * sizeof(json_t *));
	}
	vm->held[vm->n_held++] = value;
	return value;
}

/* --- names ------------------------------------------------------------------------------ */

static int steps_field(lua_State *L)
{
	struct expr_vm *vm = expr_of(L);
	const char *id = lua_touserdata(L, 1);
	size_t n;
	const char *field = luaL_checklstring(L, 2, &n);
	json_t *value =
	    id ? vm->scope->step(vm->scope->ctx, str_from(id), (struct str){ field, n }) : NULL;

	expr_push(L, value ? expr_hold(vm, value) : NULL);
	return 1;
}

static int steps_index(lua_State *L)
{
	size_t n;
	const char *id = luaL_checklstring(L, 2, &n);
	char *copy = lua_newuserdatauv(L, n + 1, 0);

	memcpy(copy, id, n + 1);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &steps_key);
	lua_setmetatable(L, -2);
	return 1;
}

static int refuse_write(lua_State *L)
{
	return luaL_error(L, "this value cannot be changed");
}

static void push_steps(lua_State *L)
{
	lua_createtable(L, 0, 0);
	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, steps_index);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_write);
	lua_setfield(L, -2, "__newindex");
	lua_setmetatable(L, -2);
}

/* A name that the text has not set: ours, or the run's. What was found stays for this evaluation.
 */
static int environment_index(lua_State *L)
{
	struct expr_vm *vm = expr_of(L);
	size_t n;

	if (lua_type(L, 2) != LUA_TSTRING)
		return 0;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
	lua_pushvalue(L, 2);
	if (lua_rawget(L, -2) != LUA_TNIL)
		return 1;
	const char *name = lua_tolstring(L, 2, &n);

	if (!vm->scope)
		return 0;
	if (strcmp(name, "steps") == 0) {
		push_steps(L);
	} else {
		json_t *value = vm->scope->name(vm->scope->ctx, (struct str){ name, n });

		expr_push(L, value ? expr_hold(vm, value) : NULL);
	}
	lua_pushvalue(L, 2);
	lua_pushvalue(L, -2);
	lua_rawset(L, 1);
	return 1;
}

static int nil_index(lua_State *L)
{
	(void)L;
	return 0;
}

/* --- state ------------------------------------------------------------------------------ */

static void forget_chunks(lua_State *L)
{
	lua_createtable(L, 0, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &chunks_key);
}

static int open_state(lua_State *L)
{
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, environment_index);
	lua_setfield(L, -2, "__index");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &environment_key);

	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, steps_field);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_write);
	lua_setfield(L, -2, "__newindex");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &steps_key);

	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, nil_index);
	lua_setfield(L, -2, "__index");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &nil_key);

	forget_chunks(L);
	expr_open_values(L);
	expr_open_library(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &library_key);
	return 0;
}

static void vm_open(struct expr_vm *vm)
{
	vm->bytes = vm->churn = 0;
	vm->spent = false;
	vm->L = lua_newstate(count_alloc, vm);
	lua_pushcfunction(vm->L, open_state);
	if (!vm->L || lua_pcall(vm->L, 0, 0, 0) != LUA_OK)
		abort(); /* 100 KB out of 16 MiB */
	lua_gc(vm->L, LUA_GCGEN, 0, 0);
}

struct expr_vm *expr_create(void)
{
	struct expr_vm *vm = xalloc(sizeof(*vm));

	vm_open(vm);
	return vm;
}

void expr_destroy(struct expr_vm *vm)
{
	if (!vm)
		return;
	lua_close(vm->L);
	free(vm->held);
	free(vm);
}

/* --- compiling -------------------------------------------------------------------------- */

struct reading {
	struct str parts[3];
	unsigned next;
};

static const char *read_part(lua_State *L, void *ud, size_t *n)
{
	struct reading *r = ud;

	(void)L;
	while (r->next < 3 && r->parts[r->next].n == 0)
		r->next++;
	if (r->next == 3) {
		*n = 0;
		return NULL;
	}
	*n = r->parts[r->next].n;
	return r->parts[r->next++].p;
}

/* Empty lines in front make Lua count as the author's file does. */
static int load(lua_State *L, const struct source *src, const char *prefix)
{
	static char newlines[4096];
	unsigned skip = src->at.line > 1 ? src->at.line - 1 : 0;

	if (!newlines[0])
		memset(newlines, '\n', sizeof(newlines));
	if (skip > sizeof(newlines))
		skip = sizeof(newlines);
	struct reading r = { .parts = { { newlines, skip }, str_from(prefix), src->text } };

	return lua_load(L, read_part, &r, "=?", "t");
}

static bool begins_as_chunk(struct str text)
{
	static const char *const words[] = { "return", "local", "if", "for", "while", "repeat",
		"do", "function", "goto", NULL };
	struct scanner s = { text, 0 };
	struct token t = scan_next(&s);

	for (const char *const *w = words; t.type == TOKEN_NAME && *w; w++)
		if (str_is(t.text, *w))
			return true;
	return false;
}

/* As an expression; else as a chunk. The error is that of the form it looks like. */
static int compile(lua_State *L, const struct source *src)
{
	bool chunk = begins_as_chunk(src->text);
	int rc = load(L, src, chunk ? "" : "return ");

	if (rc != LUA_ERRSYNTAX)
		return rc;
	int other = load(L, src, chunk ? "return " : "");

	if (other == LUA_OK) {
		lua_remove(L, -2);
		return LUA_OK;
	}
	lua_pop(L, 1);
	return rc;
}

/*
 * The same texts come again with every run of a flow: what was compiled stays until the machine is
 * tidied up. The line is part of the name, because errors tell it.
 */
static int compile_once(lua_State *L, const struct source *src)
{
	int chunks = lua_gettop(L) + 1, name = chunks + 1;

	lua_rawgetp(L, LUA_REGISTRYINDEX, &chunks_key);
	lua_pushfstring(L, "%d:", (int)src->at.line);
	lua_pushlstring(L, src->text.p, src->text.n);
	lua_concat(L, 2);
	lua_pushvalue(L, name);
	if (lua_rawget(L, chunks) == LUA_TFUNCTION)
		return LUA_OK;
	lua_pop(L, 1);
	int rc = compile(L, src);

	if (rc != LUA_OK)
		return rc;
	lua_pushvalue(L, name);
	lua_pushvalue(L, -2);
	lua_rawset(L, chunks);
	return LUA_OK;
}

static bool calls_opt(struct str text)
{
	struct scanner s = { text, 0 };
	struct token t;

	if (!str_contains(text, STR("opt")))
		return false;
	while ((t = scan_next(&s)).type != TOKEN_END)
		if (t.type == TOKEN_NAME && str_is(t.text, "opt"))
			return true;
	return false;
}

/* --- evaluating ------------------------------------------------------------------------- */

struct evaluation {
	const struct source *src;
	json_t *value; /* held by the machine */
	bool truth;
};

static void set_lenient(lua_State *L, bool on)
{
	lua_pushnil(L);
	if (on)
		lua_rawgetp(L, LUA_REGISTRYINDEX, &nil_key);
	else
		lua_pushnil(L);
	lua_setmetatable(L, -2); /* of all nils */
	lua_pop(L, 1);
}

static int evaluate(lua_State *L)
{
	struct evaluation *ev = lua_touserdata(L, 1);
	int rc = compile_once(L, ev->src);

	if (rc != LUA_OK)
		return lua_error(L);
	lua_createtable(L, 0, 4);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &environment_key);
	lua_setmetatable(L, -2);
	lua_setupvalue(L, -2, 1); /* _ENV */
	set_lenient(L, calls_opt(ev->src->text));
	lua_call(L, 0, 1);
	set_lenient(L, false);
	ev->truth = lua_toboolean(L, -1);
	ev->value = expr_to_json(L, -1);
	return 0;
}

/* "?:12: message" -> the author's file and line. */
static int describe(struct expr_vm *vm, const struct source *src, struct err *err)
{
	struct str text = str_from(luaL_tolstring(vm->L, -1, NULL));
	unsigned long long line = src->at.line;
	int rc = vm->spent ? -E2BIG : -EINVAL;

	if (str_starts(text, STR("?:"))) {
		text = str_skip(text, 2);
		str_to_u64(str_split(&text, ':'), 1000000, &line);
		text = str_trim(text);
	}
	if (vm->spent)
		text = str_from(vm->spent_why);
	return err_set(err, rc, "%s:%llu: %.*s", src->at.file ? src->at.file : "expression", line,
	    (int)(text.n < 200 ? text.n : 200), text.p);
}

static void finish(struct expr_vm *vm)
{
	for (size_t i = 0; i < vm->n_held; i++)
		json_decref(vm->held[i]);
	vm->n_held = 0;
	vm->scope = NULL;
	if (vm->spent) {
		lua_close(vm->L);
		vm_open(vm);
		return;
	}
	lua_sethook(vm->L, NULL, 0, 0);
	lua_settop(vm->L, 0);
	if (vm->bytes > MIB(1)) {
		forget_chunks(vm->L);
		lua_gc(vm->L, LUA_GCCOLLECT);
	}
}

static int run(
    struct expr_vm *vm, struct evaluation *ev, const struct scope *scope, struct err *err)
{
	if (ev->src->text.n > EXPR_SOURCE_MAX)
		return err_set(err, -E2BIG, "%s:%u: the expression is longer than %zu bytes",
		    ev->src->at.file ? ev->src->at.file : "expression", ev->src->at.line,
		    EXPR_SOURCE_MAX);
	vm->scope = scope;
	vm->instructions = 0;
	vm->churn = 0;
	vm->cpu_until = 0;
	lua_sethook(vm->L, on_count, LUA_MASKCOUNT, EXPR_HOOK_EVERY);
	lua_pushcfunction(vm->L, evaluate);
	lua_pushlightuserdata(vm->L, ev);
	int rc = lua_pcall(vm->L, 1, 0, 0);

	if (rc == LUA_OK)
		return 0;
	set_lenient(vm->L, false);
	return describe(vm, ev->src, err);
}

int expr_eval(struct expr_vm *vm, const struct source *src, const struct scope *scope, json_t **ret,
    struct err *err)
{
	struct evaluation ev = { .src = src };
	int rc = run(vm, &ev, scope, err);

	if (rc == 0)
		*ret = json_incref(ev.value);
	finish(vm);
	return rc;
}

int expr_test(struct expr_vm *vm, const struct source *src, const struct scope *scope, bool *ret,
    struct err *err)
{
	struct evaluation ev = { .src = src };
	int rc = run(vm, &ev, scope, err);

	if (rc == 0)
		*ret = ev.truth;
	finish(vm);
	return rc;
}

int expr_check(const struct source *src, struct err *err)
{
	struct expr_vm *vm = expr_create();
	int rc = 0;

	if (compile(vm->L, src) != LUA_OK)
		rc = describe(vm, src, err);
	expr_destroy(vm);
	return rc;
}
