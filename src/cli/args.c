#include "cli/args.h"

#include "flow/yaml.h"

#include <stdio.h>
#include <string.h>

struct cursor {
	int argc, at;
	char **argv;
};

static const struct opt *find_name(const struct opt *const *tables, struct str name)
{
	for (; *tables; tables++)
		for (const struct opt *o = *tables; o->name; o++)
			if (str_is(name, o->name))
				return o;
	return NULL;
}

static const struct opt *find_letter(const struct opt *const *tables, char letter)
{
	for (; *tables; tables++)
		for (const struct opt *o = *tables; o->name; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

static int unknown(const struct opt *const *tables, struct str name, struct err *err)
{
	const char *near = NULL;
	unsigned best = 3;

	for (; *tables; tables++) {
		for (const struct opt *o = *tables; o->name; o++) {
			unsigned d = str_distance(name, str_from(o->name));

			if (d < best) {
				best = d;
				near = o->name;
			}
		}
	}
	err_set(err, -EINVAL, "unknown option --%.*s", STR_ARG(name));
	if (near)
		err_fix(err, "did you mean --%s?", near);
	return -EINVAL;
}

static bool is_choice(const char *choices, struct str value)
{
	struct str rest = str_from(choices);

	while (rest.p)
		if (str_eq(str_split(&rest, '|'), value))
			return true;
	return false;
}

static int add_text(const struct opt *o, struct opt_texts *all, const char *value, struct err *err)
{
	if (all->n == OPT_TEXTS_MAX)
		return err_set(err, -E2BIG, "--%s more than %d times", o->name, OPT_TEXTS_MAX);
	all->v[all->n++] = value;
	return 0;
}

static int store(const struct opt *o, const char *value, void *values, struct err *err)
{
	void *slot = (char *)values + o->offset;
	unsigned long long n;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)slot = true;
		return 0;
	case OPT_TEXT:
		*(const char **)slot = value;
		return 0;
	case OPT_TEXTS:
		return add_text(o, slot, value, err);
	case OPT_NUMBER:
		if (!str_to_u64(str_from(value), 1000000000000ull, &n))
			return err_set(
			    err, -EINVAL, "--%s wants a number, not '%s'", o->name, value);
		*(long long *)slot = (long long)n;
		return 0;
	case OPT_SPAN:
		if (span_parse(str_from(value), slot))
			return 0;
		err_set(err, -EINVAL, "--%s wants a time, not '%s'", o->name, value);
		return err_fix(err, "for example 90s, 5m or 1h");
	case OPT_CHOICE:
		*(const char **)slot = value;
		if (is_choice(o->value, str_from(value)))
			return 0;
		err_set(err, -EINVAL, "--%s cannot be '%s'", o->name, value);
		return err_fix(err, "one of: %s", o->value);
	}
	return -EINVAL;
}

static int take_value(
    struct cursor *c, const struct opt *o, const char *inline_value, void *values, struct err *err)
{
	if (o->type == OPT_FLAG) {
		if (inline_value)
			return err_set(err, -EINVAL, "--%s takes no value", o->name);
		return store(o, NULL, values, err);
	}
	if (!inline_value && c->at + 1 >= c->argc)
		return err_set(err, -EINVAL, "--%s wants a value: %s", o->name, o->value);
	return store(o, inline_value ? inline_value : c->argv[++c->at], values, err);
}

static int long_option(
    struct cursor *c, const struct opt *const *tables, void *values, struct err *err)
{
	struct str rest = str_from(c->argv[c->at] + 2);
	struct str name = str_split(&rest, '=');
	const struct opt *o = find_name(tables, name);

	return o ? take_value(c, o, rest.p, values, err) : unknown(tables, name, err);
}

static int short_options(
    struct cursor *c, const struct opt *const *tables, void *values, struct err *err)
{
	for (const char *p = c->argv[c->at] + 1; *p; p++) {
		const struct opt *o = find_letter(tables, *p);

		if (!o)
			return err_set(err, -EINVAL, "unknown option -%c", *p);
		if (o->type != OPT_FLAG)
			return take_value(c, o, p[1] ? p + 1 : NULL, values, err);
		int rc = store(o, NULL, values, err);

		if (rc)
			return rc;
	}
	return 0;
}

int args_parse(struct arena *a, const struct opt *const *tables, int argc, char **argv,
    void *values, const char ***ret_words, size_t *ret_n, struct err *err)
{
	const char **words = arena_array(a, (size_t)argc + 1, sizeof(*words));
	struct cursor c = { argc, 0, argv };
	bool only_words = false;
	size_t n = 0;

	for (; c.at < argc; c.at++) {
		const char *arg = argv[c.at];
		int rc = 0;

		if (only_words || arg[0] != '-' || !arg[1])
			words[n++] = arg;
		else if (strcmp(arg, "--") == 0)
			only_words = true;
		else if (arg[1] == '-')
			rc = long_option(&c, tables, values, err);
		else
			rc = short_options(&c, tables, values, err);
		if (rc)
			return rc;
	}
	*ret_words = words;
	*ret_n = n;
	return 0;
}
