/*
 * Values across the border. A JSON array becomes a table that is marked as one, so that an empty
 * list stays a list; an object is marked, too. A table that a text made is an array when its keys
 * are 1..n (the empty one is an array), an object when all keys are text, an error otherwise.
 */
#include "flow/expr_priv.h"

#include "base/unconst.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>

static const char array_key, object_key;

void expr_open_values(lua_State *L)
{
	lua_createtable(L, 0, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
	lua_createtable(L, 0, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &object_key);
}

static void mark(lua_State *L, const char *key)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, key);
	lua_setmetatable(L, -2);
}

static bool marked(lua_State *L, int index, const char *key)
{
	if (!lua_getmetatable(L, index))
		return false;
	lua_rawgetp(L, LUA_REGISTRYINDEX, key);
	bool is = lua_rawequal(L, -1, -2);

	lua_pop(L, 2);
	return is;
}

static void push_array(lua_State *L, const json_t *value)
{
	size_t n = json_array_size(value);

	luaL_checkstack(L, 4, "a value is nested too deeply");
	lua_createtable(L, (int)n, 0);
	for (size_t i = 0; i < n; i++) {
		expr_push(L, json_array_get(value, i));
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	mark(L, &array_key);
}

static void push_object(lua_State *L, const json_t *value)
{
	const char *key;
	json_t *v;

	luaL_checkstack(L, 4, "a value is nested too deeply");
	lua_createtable(L, 0, (int)json_object_size(value));
	json_object_foreach (unconst(value), key, v) {
		lua_pushstring(L, key);
		expr_push(L, v);
		lua_rawset(L, -3);
	}
	mark(L, &object_key);
}

/* As deep as JSON_DEPTH_MAX: everything that comes here was parsed or made by us. */
void expr_push(lua_State *L, const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		push_object(L, value);
		break;
	case JSON_ARRAY:
		push_array(L, value);
		break;
	case JSON_STRING:
		lua_pushlstring(L, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		lua_pushinteger(L, json_integer_value(value));
		break;
	case JSON_REAL:
		lua_pushnumber(L, json_real_value(value));
		break;
	case JSON_TRUE:
		lua_pushboolean(L, 1);
		break;
	case JSON_FALSE:
		lua_pushboolean(L, 0);
		break;
	case JSON_NULL:
		lua_pushnil(L);
		break;
	}
}

void expr_push_number_text(lua_State *L, int index)
{
	char text[64];

	if (lua_isinteger(L, index)) {
		snprintf(text, sizeof(text), "%lld", (long long)lua_tointeger(L, index));
	} else {
		double d = lua_tonumber(L, index);

		if (d == floor(d) && fabs(d) < 9007199254740992.0) {
			snprintf(text, sizeof(text), "%.0f", d == 0 ? 0.0 : d);
		} else {
			for (int digits = 15; digits <= 17; digits++) {
				snprintf(text, sizeof(text), "%.*g", digits, d);
				if (strtod(text, NULL) == d)
					break;
			}
		}
	}
	lua_pushstring(L, text);
}

/* --- out -------------------------------------------------------------------------------- */

static json_t *value_at(lua_State *L, int index, unsigned depth);

static json_t *number_at(lua_State *L, int index)
{
	if (lua_isinteger(L, index))
		return json_integer(lua_tointeger(L, index));
	double d = lua_tonumber(L, index);

	if (!isfinite(d))
		luaL_error(L, "a number that is not finite has no JSON");
	if (d == floor(d) && fabs(d) < 9007199254740992.0)
		return json_integer((json_int_t)d);
	return json_real(d);
}

static json_t *array_at(lua_State *L, int index, size_t n, unsigned depth)
{
	json_t *out = expr_hold(expr_of(L), json_array());

	for (size_t i = 1; i <= n; i++) {
		lua_rawgeti(L, index, (lua_Integer)i);
		json_array_append(out, value_at(L, lua_gettop(L), depth));
		lua_pop(L, 1);
	}
	return out;
}

static json_t *object_at(lua_State *L, int index, unsigned depth)
{
	json_t *out = expr_hold(expr_of(L), json_object());

	for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
		size_t n;

		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "a table with both text and other keys has no JSON");
		const char *key = lua_tolstring(L, -2, &n);

		if (!utf8_valid((struct str){ key, n }) || strlen(key) != n)
			luaL_error(L, "a key is not valid text");
		json_object_set(out, key, value_at(L, lua_gettop(L), depth));
	}
	return out;
}

static bool is_sequence(lua_State *L, int index, size_t n)
{
	size_t keys = 0;

	for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
		if (++keys > n) {
			lua_pop(L, 2);
			return false;
		}
	return keys == n;
}

static json_t *table_at(lua_State *L, int index, unsigned depth)
{
	size_t n = lua_rawlen(L, index);

	if (depth > EXPR_DEPTH_MAX)
		luaL_error(L, "a value is nested deeper than %d", EXPR_DEPTH_MAX);
	luaL_checkstack(L, 8, "a value is nested too deeply");
	expr_charge(L, 16 * (n + 1));
	if (marked(L, index, &object_key) && n == 0)
		return object_at(L, index, depth + 1);
	if (marked(L, index, &array_key) || is_sequence(L, index, n))
		return array_at(L, index, n, depth + 1);
	return object_at(L, index, depth + 1);
}

static json_t *value_at(lua_State *L, int index, unsigned depth)
{
	struct expr_vm *vm = expr_of(L);
	size_t n;
	const char *p;

	switch (lua_type(L, index)) {
	case LUA_TNIL:
		return json_null();
	case LUA_TBOOLEAN:
		return json_boolean(lua_toboolean(L, index));
	case LUA_TNUMBER:
		return expr_hold(vm, number_at(L, index));
	case LUA_TSTRING:
		p = lua_tolstring(L, index, &n);
		expr_charge(L, n);
		return expr_hold(vm, json_text((struct str){ p, n }));
	case LUA_TTABLE:
		return table_at(L, index, depth);
	default:
		luaL_error(L, "a %s is no value", luaL_typename(L, index));
		return NULL;
	}
}

json_t *expr_to_json(lua_State *L, int index)
{
	return value_at(L, lua_absindex(L, index), 0);
}
