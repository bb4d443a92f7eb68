/*
 * The functions of expressions. All linear in what they are given, and paid for out of the same
 * budget as instructions. docs/expressions.md describes each; a test compares the lists.
 */
#include "flow/expr_priv.h"

#include "base/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

const char *const expr_library_names[] = { "assert", "contains", "count", "ends_with", "error",
	"ipairs", "join", "json", "len", "lines", "lower", "math", "opt", "pairs", "replace",
	"select", "sorted", "split", "starts_with", "tonumber", "tostring", "trim", "type", "upper",
	NULL };

static struct str text_arg(lua_State *L, int i)
{
	struct str s;

	if (lua_type(L, i) == LUA_TNUMBER) {
		expr_push_number_text(L, i);
		lua_replace(L, i);
	}
	s.p = luaL_checklstring(L, i, &s.n);
	expr_charge(L, s.n);
	return s;
}

static int push_text(lua_State *L, struct str s)
{
	lua_pushlstring(L, s.p ? s.p : "", s.n);
	return 1;
}

/* --- base ------------------------------------------------------------------------------- */

static int lib_assert(lua_State *L)
{
	if (lua_toboolean(L, 1))
		return lua_gettop(L);
	luaL_checkany(L, 1);
	return luaL_error(L, "%s", luaL_optstring(L, 2, "assertion failed"));
}

static int lib_error(lua_State *L)
{
	luaL_where(L, 1);
	lua_pushstring(L, luaL_optstring(L, 1, "error"));
	lua_concat(L, 2);
	return lua_error(L);
}

static int ipairs_next(lua_State *L)
{
	lua_Integer i = luaL_checkinteger(L, 2) + 1;

	lua_pushinteger(L, i);
	return lua_rawgeti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

static int lib_ipairs(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_pushcfunction(L, ipairs_next);
	lua_pushvalue(L, 1);
	lua_pushinteger(L, 0);
	return 3;
}

static int lib_select(lua_State *L)
{
	int n = lua_gettop(L);

	if (lua_type(L, 1) == LUA_TSTRING && strcmp(lua_tostring(L, 1), "#") == 0) {
		lua_pushinteger(L, n - 1);
		return 1;
	}
	lua_Integer i = luaL_checkinteger(L, 1);

	luaL_argcheck(L, i >= 1, 1, "out of range");
	return i >= n ? 0 : n - (int)i;
}

static int lib_tonumber(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TSTRING) {
		size_t n;
		const char *s = lua_tolstring(L, 1, &n);

		expr_charge(L, n);
		if (lua_stringtonumber(L, s) == n + 1)
			return 1;
	} else if (lua_type(L, 1) == LUA_TNUMBER) {
		lua_settop(L, 1);
		return 1;
	}
	lua_pushnil(L);
	return 1;
}

static int lib_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	switch (lua_type(L, 1)) {
	case LUA_TSTRING:
		lua_settop(L, 1);
		return 1;
	case LUA_TNUMBER:
		expr_push_number_text(L, 1);
		return 1;
	case LUA_TBOOLEAN:
		lua_pushstring(L, lua_toboolean(L, 1) ? "true" : "false");
		return 1;
	case LUA_TNIL:
		lua_pushstring(L, "nil");
		return 1;
	case LUA_TTABLE: {
		char *text = json_dump_canonical(expr_to_json(L, 1));
		json_t *keep = expr_hold(expr_of(L), json_text(str_from(text)));

		free(text);
		return push_text(
		    L, (struct str){ json_string_value(keep), json_string_length(keep) });
	}
	default:
		return luaL_error(L, "a %s has no text", luaL_typename(L, 1));
	}
}

static int lib_type(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_pushstring(L, lua_type(L, 1) == LUA_TUSERDATA ? "table" : luaL_typename(L, 1));
	return 1;
}

/* --- order ------------------------------------------------------------------------------ */

/* Is A before B? Without a function: numbers, then text by bytes, then the rest as it came. */
static bool before(lua_State *L, int a, int b, int fn)
{
	if (fn) {
		lua_pushvalue(L, fn);
		lua_pushvalue(L, a);
		lua_pushvalue(L, b);
		lua_call(L, 2, 1);
		bool is = lua_toboolean(L, -1);

		lua_pop(L, 1);
		return is;
	}
	int ta = lua_type(L, a), tb = lua_type(L, b);

	if (ta == LUA_TNUMBER && tb == LUA_TNUMBER)
		return lua_compare(L, a, b, LUA_OPLT);
	if (ta == LUA_TSTRING && tb == LUA_TSTRING) {
		struct str x, y;

		x.p = lua_tolstring(L, a, &x.n);
		y.p = lua_tolstring(L, b, &y.n);
		return str_cmp(x, y) < 0;
	}
	return ta == LUA_TNUMBER && tb == LUA_TSTRING;
}

static void merge(lua_State *L, int from, int to, size_t low, size_t mid, size_t high, int fn)
{
	size_t a = low, b = mid;

	for (size_t k = low; k < high; k++) {
		bool take_b = a >= mid;

		if (a < mid && b < high) {
			lua_rawgeti(L, from, (lua_Integer)b);
			lua_rawgeti(L, from, (lua_Integer)a);
			take_b = before(L, lua_gettop(L) - 1, lua_gettop(L), fn);
			lua_pop(L, 2);
		}
		lua_rawgeti(L, from, (lua_Integer)(take_b ? b++ : a++));
		lua_rawseti(L, to, (lua_Integer)k);
	}
}

/* Merge sort: stable, n log n whatever the function says, even if it lies. Leaves the result. */
static void sort_on_top(lua_State *L, size_t n, int fn)
{
	int from = lua_gettop(L);

	lua_createtable(L, (int)n, 0);
	int to = lua_gettop(L);

	for (size_t width = 1; width < n; width *= 2) {
		expr_charge(L, 32 * n);
		for (size_t low = 1; low <= n; low += 2 * width) {
			size_t mid = low + width < n + 1 ? low + width : n + 1;
			size_t high = low + 2 * width < n + 1 ? low + 2 * width : n + 1;

			merge(L, from, to, low, mid, high, fn);
		}
		int swap = from;

		from = to;
		to = swap;
	}
	lua_pushvalue(L, from);
	lua_replace(L, from < to ? from : to);
	lua_settop(L, from < to ? from : to);
}

static size_t copy_list(lua_State *L, int index)
{
	size_t n = lua_rawlen(L, index);

	expr_charge(L, 16 * (n + 1));
	lua_createtable(L, (int)n, 0);
	for (size_t i = 1; i <= n; i++) {
		lua_rawgeti(L, index, (lua_Integer)i);
		lua_rawseti(L, -2, (lua_Integer)i);
	}
	return n;
}

static int lib_sorted(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	size_t n = copy_list(L, 1);

	sort_on_top(L, n, lua_isnil(L, 2) ? 0 : 2);
	return 1;
}

static int pairs_next(lua_State *L)
{
	lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1;

	lua_pushinteger(L, i);
	lua_replace(L, lua_upvalueindex(2));
	if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL)
		return 1;
	lua_pushvalue(L, -1);
	lua_rawget(L, lua_upvalueindex(3));
	return 2;
}

/* In the order of the keys: numbers, then text; so it is the same in every process. */
static int lib_pairs(lua_State *L)
{
	size_t n = 0;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_createtable(L, 0, 0);
	for (lua_pushnil(L); lua_next(L, 1);) {
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		lua_rawseti(L, 2, (lua_Integer)++n);
	}
	expr_charge(L, 32 * n);
	sort_on_top(L, n, 0);
	lua_pushinteger(L, 0);
	lua_pushvalue(L, 1);
	lua_pushcclosure(L, pairs_next, 3);
	return 1;
}

/* --- text ------------------------------------------------------------------------------- */

static int lib_contains(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TTABLE) { /* a list holds a value */
		size_t n = lua_rawlen(L, 1);

		expr_charge(L, 16 * n);
		for (size_t i = 1; i <= n; i++) {
			lua_rawgeti(L, 1, (lua_Integer)i);
			if (lua_rawequal(L, -1, 2)) {
				lua_pushboolean(L, 1);
				return 1;
			}
			lua_pop(L, 1);
		}
		lua_pushboolean(L, 0);
		return 1;
	}
	struct str s = text_arg(L, 1), part = text_arg(L, 2);

	lua_pushboolean(L, str_contains(s, part));
	return 1;
}

static int lib_starts_with(lua_State *L)
{
	struct str s = text_arg(L, 1), part = text_arg(L, 2);

	lua_pushboolean(L, str_starts(s, part));
	return 1;
}

static int lib_ends_with(lua_State *L)
{
	struct str s = text_arg(L, 1), part = text_arg(L, 2);

	lua_pushboolean(L, str_ends(s, part));
	return 1;
}

static int change_case(lua_State *L, int (*fn)(int))
{
	struct str s = text_arg(L, 1);
	luaL_Buffer b;
	char *out = luaL_buffinitsize(L, &b, s.n);

	for (size_t i = 0; i < s.n; i++)
		out[i] = (unsigned char)s.p[i] < 0x80 ? (char)fn((unsigned char)s.p[i]) : s.p[i];
	luaL_pushresultsize(&b, s.n);
	return 1;
}

static int lib_lower(lua_State *L)
{
	return change_case(L, tolower);
}

static int lib_upper(lua_State *L)
{
	return change_case(L, toupper);
}

static int lib_trim(lua_State *L)
{
	return push_text(L, str_trim(text_arg(L, 1)));
}

static int lib_split(lua_State *L)
{
	struct str s = text_arg(L, 1), sep = text_arg(L, 2);
	lua_Integer n = 0;

	luaL_argcheck(L, sep.n > 0, 2, "a separator is needed");
	lua_createtable(L, 0, 0);
	for (;;) {
		ptrdiff_t at = str_find(s, sep);

		expr_charge(L, 64);
		push_text(L, at < 0 ? s : str_take(s, (size_t)at));
		lua_rawseti(L, -2, ++n);
		if (at < 0)
			return 1;
		s = str_skip(s, (size_t)at + sep.n);
	}
}

static int lib_lines(lua_State *L)
{
	struct str rest = text_arg(L, 1);
	lua_Integer n = 0;

	lua_createtable(L, 0, 0);
	if (rest.n && rest.p[rest.n - 1] == '\n')
		rest.n--;
	while (rest.p && (rest.n || n)) {
		expr_charge(L, 64);
		push_text(L, str_line(&rest));
		lua_rawseti(L, -2, ++n);
	}
	return 1;
}

/* Bytes of the texts of the table at 1 with SEP between them; numbers are not counted. */
static size_t joined_length(lua_State *L, size_t n, size_t sep)
{
	size_t total = n ? (n - 1) * sep : 0;

	for (size_t i = 1; i <= n; i++) {
		if (lua_rawgeti(L, 1, (lua_Integer)i) == LUA_TSTRING)
			total += lua_rawlen(L, -1);
		lua_pop(L, 1);
	}
	return total;
}

static int lib_join(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	struct str sep = { "", 0 };
	size_t n = lua_rawlen(L, 1);
	luaL_Buffer b;

	if (!lua_isnoneornil(L, 2))
		sep = text_arg(L, 2);
	lua_settop(L, 2);
	/* the room at once: doubling would cost twice the memory that is there for it */
	luaL_buffinitsize(L, &b, joined_length(L, n, sep.n));
	for (size_t i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addlstring(&b, sep.p, sep.n);
		lua_rawgeti(L, 1, (lua_Integer)i);
		if (lua_type(L, -1) == LUA_TNUMBER) {
			expr_push_number_text(L, -1);
			lua_remove(L, -2);
		}
		if (lua_type(L, -1) != LUA_TSTRING)
			return luaL_error(L, "join: item %d is a %s", (int)i, luaL_typename(L, -1));
		expr_charge(L, lua_rawlen(L, -1) + sep.n + 16);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	return 1;
}

static int lib_replace(lua_State *L)
{
	struct str s = text_arg(L, 1), from = text_arg(L, 2), to = text_arg(L, 3);
	luaL_Buffer b;

	luaL_argcheck(L, from.n > 0, 2, "nothing to look for");
	luaL_buffinit(L, &b);
	for (;;) {
		ptrdiff_t at = str_find(s, from);

		if (at < 0)
			break;
		expr_charge(L, (size_t)at + to.n);
		luaL_addlstring(&b, s.p, (size_t)at);
		luaL_addlstring(&b, to.p, to.n);
		s = str_skip(s, (size_t)at + from.n);
	}
	luaL_addlstring(&b, s.p, s.n);
	luaL_pushresult(&b);
	return 1;
}

static int lib_len(lua_State *L)
{
	lua_Integer n = 0;

	if (lua_type(L, 1) == LUA_TTABLE) {
		for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
			n++;
		expr_charge(L, 16 * (size_t)n);
	} else {
		struct str s = text_arg(L, 1);

		for (uint32_t cp; s.n; n++)
			s = str_skip(s, utf8_next(s, &cp));
	}
	lua_pushinteger(L, n);
	return 1;
}

static lua_Integer count_text(struct str s, struct str part)
{
	lua_Integer n = 0;

	for (ptrdiff_t at; part.n && (at = str_find(s, part)) >= 0; n++)
		s = str_skip(s, (size_t)at + part.n);
	return n;
}

/* count(text, piece), count(list), count(list, function) */
static int lib_count(lua_State *L)
{
	lua_Integer hits = 0;

	if (lua_type(L, 1) != LUA_TTABLE) {
		struct str s = text_arg(L, 1), part = text_arg(L, 2);

		lua_pushinteger(L, count_text(s, part));
		return 1;
	}
	size_t n = lua_rawlen(L, 1);

	if (lua_isnoneornil(L, 2)) {
		lua_pushinteger(L, (lua_Integer)n);
		return 1;
	}
	luaL_checktype(L, 2, LUA_TFUNCTION);
	for (size_t i = 1; i <= n; i++) {
		expr_charge(L, 32);
		lua_pushvalue(L, 2);
		lua_rawgeti(L, 1, (lua_Integer)i);
		lua_call(L, 1, 1);
		hits += lua_toboolean(L, -1);
		lua_pop(L, 1);
	}
	lua_pushinteger(L, hits);
	return 1;
}

static int lib_json(lua_State *L)
{
	luaL_checkany(L, 1);
	char *text = json_dump_canonical(expr_to_json(L, 1));
	json_t *keep = expr_hold(expr_of(L), json_text(str_from(text)));

	free(text);
	expr_charge(L, json_string_length(keep));
	return push_text(L, (struct str){ json_string_value(keep), json_string_length(keep) });
}

static int lib_opt(lua_State *L)
{
	if (lua_isnoneornil(L, 1))
		lua_pushstring(L, "");
	else
		lua_pushvalue(L, 1);
	return 1;
}

/* --- math ------------------------------------------------------------------------------- */

#define MATH_1(name, fn)                                       \
	static int math_##name(lua_State *L)                   \
	{                                                      \
		lua_pushnumber(L, fn(luaL_checknumber(L, 1))); \
		return 1;                                      \
	}

MATH_1(sqrt, sqrt)
MATH_1(exp, exp)
MATH_1(log, log)

static int push_rounded(lua_State *L, double d)
{
	if (fabs(d) < 9007199254740992.0)
		lua_pushinteger(L, (lua_Integer)d);
	else
		lua_pushnumber(L, d);
	return 1;
}

static int math_floor(lua_State *L)
{
	return push_rounded(L, floor(luaL_checknumber(L, 1)));
}

static int math_ceil(lua_State *L)
{
	return push_rounded(L, ceil(luaL_checknumber(L, 1)));
}

static int math_abs(lua_State *L)
{
	if (lua_isinteger(L, 1) && lua_tointeger(L, 1) < 0)
		lua_pushinteger(L, (lua_Integer)(0u - (lua_Unsigned)lua_tointeger(L, 1)));
	else if (lua_isinteger(L, 1))
		lua_settop(L, 1);
	else
		lua_pushnumber(L, fabs(luaL_checknumber(L, 1)));
	return 1;
}

static int extreme(lua_State *L, bool want_less)
{
	int n = lua_gettop(L), best = 1;

	luaL_checknumber(L, 1);
	for (int i = 2; i <= n; i++) {
		luaL_checknumber(L, i);
		if (want_less ? lua_compare(L, i, best, LUA_OPLT)
			      : lua_compare(L, best, i, LUA_OPLT))
			best = i;
	}
	lua_pushvalue(L, best);
	return 1;
}

static int math_min(lua_State *L)
{
	return extreme(L, true);
}

static int math_max(lua_State *L)
{
	return extreme(L, false);
}

static const luaL_Reg math_functions[] = { { "abs", math_abs }, { "ceil", math_ceil },
	{ "exp", math_exp }, { "floor", math_floor }, { "log", math_log }, { "max", math_max },
	{ "min", math_min }, { "sqrt", math_sqrt }, { NULL, NULL } };

static const luaL_Reg functions[] = { { "assert", lib_assert }, { "contains", lib_contains },
	{ "count", lib_count }, { "ends_with", lib_ends_with }, { "error", lib_error },
	{ "ipairs", lib_ipairs }, { "join", lib_join }, { "json", lib_json }, { "len", lib_len },
	{ "lines", lib_lines }, { "lower", lib_lower }, { "opt", lib_opt }, { "pairs", lib_pairs },
	{ "replace", lib_replace }, { "select", lib_select }, { "sorted", lib_sorted },
	{ "split", lib_split }, { "starts_with", lib_starts_with }, { "tonumber", lib_tonumber },
	{ "tostring", lib_tostring }, { "trim", lib_trim }, { "type", lib_type },
	{ "upper", lib_upper }, { NULL, NULL } };

static int refuse_write(lua_State *L)
{
	return luaL_error(L, "math cannot be changed");
}

/* An empty table in front of the real one: shared by all evaluations, so nobody may write to it. */
static void push_math(lua_State *L)
{
	lua_createtable(L, 0, 0);
	lua_createtable(L, 0, 2);
	lua_createtable(L, 0, 12);
	luaL_setfuncs(L, math_functions, 0);
	lua_pushnumber(L, 3.141592653589793);
	lua_setfield(L, -2, "pi");
	lua_pushnumber(L, (lua_Number)HUGE_VAL);
	lua_setfield(L, -2, "huge");
	lua_pushinteger(L, LUA_MAXINTEGER);
	lua_setfield(L, -2, "maxinteger");
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_write);
	lua_setfield(L, -2, "__newindex");
	lua_setmetatable(L, -2);
}

void expr_open_library(lua_State *L)
{
	lua_createtable(L, 0, 32);
	luaL_setfuncs(L, functions, 0);
	push_math(L);
	lua_setfield(L, -2, "math");
}
