#include "check.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "flow/output.h"
#include "flow/pattern.h"
#include "flow/template.h"

#include <stdio.h>
#include <stdlib.h>

static struct expr_vm *vm;
static struct arena *a;

static json_t *name(void *ctx, struct str n)
{
	(void)ctx;
	if (str_is(n, "question"))
		return json_string("why?");
	if (str_is(n, "item"))
		return json_pack("{s:i, s:[], s:{}}", "n", 7, "empty", "object");
	if (str_is(n, "inject"))
		return json_string("{{ question }} >>>");
	return NULL;
}

static json_t *step(void *ctx, struct str id, struct str field)
{
	(void)ctx;
	if (str_is(id, "a-b") && str_is(field, "output"))
		return json_string("text of a");
	if (str_is(id, "a-b") && str_is(field, "json"))
		return json_pack("{s:[i,i,i]}", "list", 3, 1, 2);
	return NULL;
}

static const struct scope scope = { NULL, name, step };

static int setup(void **state)
{
	(void)state;
	vm = expr_create();
	a = arena_create("test", MIB(64));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	expr_destroy(vm);
	arena_destroy(a);
	return 0;
}

static struct source source(const char *text)
{
	return (struct source){ str_from(text), { "f.yaml", 12, 5 } };
}

/* The value of TEXT as compact JSON, or "error: …". */
static const char *eval(const char *text)
{
	const struct source src = source(text);
	json_t *value;
	struct err err;

	if (expr_eval(vm, &src, &scope, &value, &err) < 0)
		return arena_printf(
		    a, "%s%s", err.code == -E2BIG ? "budget: " : "error: ", err.what);
	char *dump = json_dump(value);
	char *out = arena_cstr(a, str_from(dump));

	free(dump);
	json_decref(value);
	return out;
}

static void expressions_give_values(void **state)
{
	static const char *const cases[][2] = {
		{ "1 + 2", "3" },
		{ "6 / 2", "3" },
		{ "1 / 3", "0.33333333333333331" },
		{ "tostring(1/3)", "\"0.3333333333333333\"" },
		{ "tostring(2^53)", "\"9007199254740992\"" },
		{ "9007199254740993", "9007199254740993" },
		{ "question", "\"why?\"" },
		{ "nothing", "null" },
		{ "steps[\"a-b\"].output", "\"text of a\"" },
		{ "steps[\"a-b\"].json.list[2]", "1" },
		{ "steps.unknown.output", "null" },
		{ "steps.unknown.status == nil", "true" },
		{ "item.empty", "[]" },
		{ "item.object", "{}" },
		{ "{}", "[]" },
		{ "{1, 2, {x = 1}}", "[1,2,{\"x\":1}]" },
		{ "sorted({3, 1, 2})", "[1,2,3]" },
		{ "sorted({3, 1, 2}, function(x, y) return x > y end)", "[3,2,1]" },
		{ "sorted({3, 1, 2}, function() return true end)", "[2,1,3]" },
		{ "count({1, 2, 3}, function(x) return x > 1 end)", "2" },
		{ "count(\"abcabc\", \"bc\")", "2" },
		{ "split(\"a,b,,c\", \",\")", "[\"a\",\"b\",\"\",\"c\"]" },
		{ "lines(\"a\\nb\\n\")", "[\"a\",\"b\"]" },
		{ "lines(\"\")", "[]" },
		{ "join({\"a\", 1, 2.5}, \"-\")", "\"a-1-2.5\"" },
		{ "replace(\"aXbX\", \"X\", \"--\")", "\"a--b--\"" },
		{ "len(\"h\\xc3\\xa9\")", "2" },
		{ "len({a = 1, b = 2})", "2" },
		{ "upper(\"abc\") .. lower(\"DEF\") .. trim(\"  x \")", "\"ABCdefx\"" },
		{ "contains(\"abc\", \"bc\") and contains({1, 2}, 2)", "true" },
		{ "starts_with(\"abc\", \"ab\") and not ends_with(\"abc\", \"ab\")", "true" },
		{ "json({b = 1, a = {2}})", "\"{\\\"a\\\":[2],\\\"b\\\":1}\"" },
		{ "opt(steps.x.json.y.z)", "\"\"" },
		{ "opt(question)", "\"why?\"" },
		{ "math.max(1, 5, 3) + math.floor(2.7)", "7" },
		{ "tonumber(\"12\") + tonumber(\"0.5\")", "12.5" },
		{ "tonumber(\"x\")", "null" },
		{ "local t = {}\nfor k, v in pairs({b = 1, a = 2, [3] = 4}) do t[#t + 1] = k "
		  "end\nreturn t",
		    "[3,\"a\",\"b\"]" },
		{ "x = 1\nreturn x + 1", "2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(eval(cases[i][0]), cases[i][1]);
}

static void errors_name_file_and_line(void **state)
{
	(void)state;
	assert_string_equal(eval("1 +"), "error: f.yaml:12: unexpected symbol near <eof>");
	assert_string_equal(eval("local x = 1\nreturn x.y.z"),
	    "error: f.yaml:13: attempt to index a number value (local 'x')");
	assert_string_equal(eval("steps[\"a-b\"].json.nope.deeper"),
	    "error: f.yaml:12: attempt to index a nil value (field 'nope')");
	assert_string_equal(eval("error(\"said so\")"), "error: f.yaml:12: said so");
	assert_string_equal(eval("function() end"), "error: f.yaml:12: a function is no value");
}

static void nothing_leaks_from_one_evaluation_to_the_next(void **state)
{
	(void)state;
	eval("leak = 1\nmath2 = math\nreturn 1");
	assert_string_equal(eval("leak"), "null");
	assert_string_equal(eval("math.pi = 3"), "error: f.yaml:12: math cannot be changed");
	assert_string_equal(eval("steps.x = 1"), "error: f.yaml:12: this value cannot be changed");
	eval("opt(x.y)");
	assert_string_equal(
	    eval("x.y"), "error: f.yaml:12: attempt to index a nil value (global 'x')");
	eval("pairs = nil\nlen = 5\nreturn 1");
	assert_string_equal(eval("len(\"ab\")"), "2");
}

static void hostile_scripts_end_with_an_error(void **state)
{
	static const char *const scripts[] = {
		"while true do end",
		"repeat until false",
		"::x:: goto x",
		"local function f() return f() end\nreturn f()",
		"local function f() return 1 + f() end\nreturn f()",
		"local t = {}\nwhile true do t[#t + 1] = {} end",
		"local s = \"x\"\nwhile true do s = s .. s end",
		"local s = \"x\"\nfor i = 1, 22 do s = s .. s end\nwhile true do local t = s .. "
		"\"y\" end",
		"local s = \"x\"\nfor i = 1, 20 do s = s .. s end\nwhile true do replace(s, \"x\", "
		"\"yy\") end",
		"local s = \"x\"\nfor i = 1, 20 do s = s .. s end\nwhile true do split(s, \"x\") "
		"end",
		"local s = \"x\"\nfor i = 1, 20 do s = s .. s end\nwhile true do upper(s) end",
		"local s = \"x\"\nfor i = 1, 20 do s = s .. s end\nwhile true do len(s) end",
		"local s = \"x\"\nfor i = 1, 20 do s = s .. s end\nwhile true do contains(s, "
		"\"y\") end",
		"local t = {}\nfor i = 1, 300000 do t[i] = i end\nwhile true do sorted(t) end",
		"local t = {}\nfor i = 1, 100000 do t[i] = i end\nwhile true do for k in pairs(t) "
		"do break end end",
		"return sorted({3, 2, 1}, function() while true do end end)",
		"return count({1}, function() while true do end end)",
		"local t = {}\nt.t = t\nreturn t",
		"local t = {}\nfor i = 1, 100 do t = {t} end\nreturn t",
		"return {function() end}",
		"return 0/0",
		"return 1/0",
		"return {[1] = 1, x = 2}",
		"return {[1.5] = 1}",
		"pcall(function() end)",
		"return string.rep(\"x\", 1e9)",
		"return (\"x\"):rep(1e9)",
		"return load(\"return 1\")()",
		"return setmetatable({}, {})",
		"return rawget({}, 1)",
		"return coroutine.create(function() end)",
		"return os.exit(0)",
		"return io.open(\"/etc/passwd\")",
		"return require(\"os\")",
		"return debug.getregistry()",
		"return collectgarbage()",
		"return next({})",
		"return tostring(len)",
		"return math.random()",
		"return json(steps.x)",
		"error({})",
		"error(nil)",
		"assert(false)",
		"\x1bLua\x54\x00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		const char *got = eval(scripts[i]);

		if (strncmp(got, "error: ", 7) != 0 && strncmp(got, "budget: ", 8) != 0)
			fail_msg("%s gave %s", scripts[i], got);
		assert_string_equal(eval("1 + 1"), "2"); /* the machine lives on */
	}
}

static void names_are_found_without_running(void **state)
{
	struct strs steps, names;
	struct buf b;

	(void)state;
	expr_names(a,
	    STR("local x, y = steps.one.output, steps[\"two-b\"].json -- steps.no\n"
		"local function f(p, q) return p.item + q end\n"
		"for i, v in ipairs(item.list) do z = { key = v, [k] = \"steps.nope\" } end\n"
		"return focus .. x.steps.hidden .. [[ steps.nope2 ]]"),
	    &steps, &names);
	buf_init(&b, KIB(1));
	for (size_t i = 0; i < steps.n; i++)
		buf_printf(&b, "%.*s ", STR_ARG(steps.v[i]));
	buf_adds(&b, "| ");
	for (size_t i = 0; i < names.n; i++)
		buf_printf(&b, "%.*s ", STR_ARG(names.v[i]));
	assert_str(buf_str(&b), "one two-b | steps ipairs item z k focus ");
	buf_fini(&b);
}

/* --- templates -------------------------------------------------------------------------- */

static const char *render(const char *text, enum template_use use)
{
	const struct source src = source(text);
	struct str out;
	struct err err;

	if (template_render(a, vm, &src, &scope, use, KIB(64), &out, &err) < 0)
		return arena_printf(a, "error: %s", err.what);
	return arena_cstr(a, out);
}

static void templates_insert_values_once(void **state)
{
	(void)state;
	assert_string_equal(render("Q: {{ question }}!", TEMPLATE_PLAIN), "Q: why?!");
	assert_string_equal(render("{{ inject }}", TEMPLATE_PLAIN), "{{ question }} >>>");
	assert_string_equal(render("{{ {a = {1}} }}", TEMPLATE_PLAIN), "{\"a\":[1]}");
	assert_string_equal(render("{{ \"}}\" }}", TEMPLATE_PLAIN), "}}");
	assert_string_equal(render("a {{{{ b }}", TEMPLATE_PLAIN), "a {{ b }}");
	assert_string_equal(render("x\n{{ nothing }}", TEMPLATE_PLAIN),
	    "error: f.yaml:13: {{ nothing }} has no value");
	assert_string_equal(
	    render("{{ question", TEMPLATE_PLAIN), "error: f.yaml:12: `{{` without its `}}`");
	assert_string_equal(render("{{ opt(nothing) }}", TEMPLATE_PLAIN), "");
}

static void foreign_text_stands_in_a_fence(void **state)
{
	const char *got = render("See:\n{{ steps[\"a-b\"].output }}\nend", TEMPLATE_PROMPT);
	const char *again = render("See:\n{{ steps[\"a-b\"].output }}\nend", TEMPLATE_PROMPT);

	(void)state;
	assert_string_equal(got, again);
	assert_non_null(strstr(got, "See:\n<<<DATA-"));
	assert_non_null(strstr(got, "\ntext of a\nDATA-"));
	assert_string_equal(render("{{ question }}", TEMPLATE_PROMPT), "why?");
	assert_string_equal(render("{{ item.n }}", TEMPLATE_PROMPT), "7");
}

static void long_texts_lose_their_ends_where_it_says_so(void **state)
{
	const struct source src = source("{{ question }}\n{{ steps[\"a-b\"].output }}\n");
	struct str out;
	struct err err;
	unsigned cut = 7;

	(void)state;
	assert_int_equal(template_render_cut(a, vm, &src, &scope, KIB(1), 4, &out, &cut, &err), 0);
	assert_int_equal(cut, 1);
	assert_true(str_starts(out, STR("why?\n<<<DATA-")));
	assert_true(str_contains(out, STR("\ntext\n[cut here: 5 more bytes are left out]\nDATA-")));
	assert_int_equal(
	    template_render_cut(a, vm, &src, &scope, KIB(1), 400, &out, &cut, &err), 0);
	assert_int_equal(cut, 0);
	assert_int_equal(template_render_cut(a, vm, &src, &scope, 8, 4, &out, &cut, &err), -E2BIG);
}

static void a_fence_cannot_be_closed_from_inside(void **state)
{
	struct str inner = STR("text"), once = template_fence(a, STR("x"), inner);
	struct str forged = arena_dup(a, once);

	(void)state;
	for (int i = 0; i < 20; i++) { /* text that holds the fence of itself, again and again */
		struct str rest = template_fence(a, STR("x"), forged), line = str_line(&rest);
		struct str delimiter = str_skip(line, 3);

		str_split(&line, ' ');
		delimiter.n -= line.n + 1;
		assert_false(str_contains(forged, delimiter));
		forged = template_fence(a, STR("x"), forged);
	}
}

/* --- answers ---------------------------------------------------------------------------- */

static void json_is_found_in_answers(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"a\":1}", "{\"a\":1}" },
		{ "text {\"a\":1} and {\"b\":2} done.", "{\"b\":2}" },
		{ "```json\n{\"a\": [1, {\"b\": \"}\"}]}\n```\nThat is all.",
		    "{\"a\":[1,{\"b\":\"}\"}]}" },
		{ "an open { brace, then\n{\"a\":1}", "{\"a\":1}" },
		{ "only [prose] here", NULL },
		{ "{\"a\":1", NULL },
		{ "[1,2]", "[1,2]" },
		{ "{'a': 1} {\"ok\":true} {broken", "{\"ok\":true}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *v = output_extract(str_from(cases[i][0]));
		char *got = v ? json_dump(v) : NULL;

		if (cases[i][1])
			assert_string_equal(got ? got : "(none)", cases[i][1]);
		else
			assert_null(got);
		free(got);
		json_decref(v);
	}
}

static void hostile_answers_take_linear_time(void **state)
{
	static const char *const units[] = { "[", "{\"a\":", "]", "{\"", "\n{", "[1],", "```\n{" };
	char *text = xalloc(MIB(2));

	(void)state;
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		size_t n = 0, len = strlen(units[u]);

		while (n + len < MIB(2)) {
			memcpy(text + n, units[u], len);
			n += len;
		}
		json_decref(output_extract((struct str){ text, n }));
	}
	free(text);
}

static void answers_are_checked_with_exact_paths(void **state)
{
	json_t *schema = json_parse(
	    STR("{\"type\":\"object\",\"required\":[\"n\",\"list\"],\"additionalProperties\":false,"
		"\"properties\":{\"n\":{\"type\":\"integer\"},\"list\":{\"type\":\"array\","
		"\"minItems\":1,"
		"\"items\":{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{\"id\":{"
		"\"type\":"
		"\"string\",\"pattern\":\"^S%d+$\"},\"k\":{\"enum\":[\"a\",\"b\"]}}}}}}"),
	    NULL);
	json_t *bad = json_parse(
	    STR("{\"n\":1.5,\"list\":[{\"id\":\"S1\"},{\"id\":\"X\",\"k\":\"c\"},{}],\"more\":1}"),
	    NULL);
	json_t *good = json_parse(STR("{\"n\":1,\"list\":[{\"id\":\"S12\",\"k\":\"b\"}]}"), NULL);
	struct str errors;

	(void)state;
	assert_int_equal(output_check(a, schema, good, &errors), 0);
	assert_int_equal(output_check(a, schema, bad, &errors), -EINVAL);
	assert_str(errors, "n: must be an integer, is number\n"
			   "list[1].id: does not match ^S%d+$\n"
			   "list[1].k: must be one of \"a\", \"b\"\n"
			   "list[2].id: required\n"
			   "more: not expected");
	json_decref(schema);
	json_decref(bad);
	json_decref(good);
}

static void patterns_match_as_in_lua_but_in_linear_time(void **state)
{
	char *text = xalloc(200001);

	(void)state;
	assert_true(pattern_match(STR("^%a+%-%d+$"), STR("SEC-001")));
	assert_false(pattern_match(STR("^%a+%-%d+$"), STR("SEC001")));
	assert_true(pattern_match(STR("b?c"), STR("xxc")));
	assert_true(pattern_match(STR("^[^%s]*$"), STR("no-blank")));
	assert_false(pattern_match(STR("^[^%s]*$"), STR("a blank")));
	assert_true(pattern_match(STR("[a-c]x"), STR("..bx..")));
	assert_true(pattern_match(STR(""), STR("any")));
	memset(text, 'a', 200000);
	assert_false(pattern_match(STR("a*a*a*a*a*a*a*a*a*a*b$"), (struct str){ text, 200000 }));
	assert_non_null(pattern_check(STR("(a)")));
	assert_non_null(pattern_check(STR("%b()")));
	assert_non_null(pattern_check(STR("[abc")));
	free(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(expressions_give_values),
		T(errors_name_file_and_line),
		T(nothing_leaks_from_one_evaluation_to_the_next),
		T(hostile_scripts_end_with_an_error),
		T(names_are_found_without_running),
		T(templates_insert_values_once),
		T(foreign_text_stands_in_a_fence),
		T(long_texts_lose_their_ends_where_it_says_so),
		T(a_fence_cannot_be_closed_from_inside),
		T(json_is_found_in_answers),
		T(hostile_answers_take_linear_time),
		T(answers_are_checked_with_exact_paths),
		T(patterns_match_as_in_lua_but_in_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
