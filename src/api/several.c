#include "api/several.h"

#include "base/limits.h"
#include "flow/multiply.h"

static int judge(const struct flow *flow, unsigned many, const struct strs *models, struct err *err)
{
	if (models->n > VALIDATORS_MAX)
		return err_set(err, -EINVAL, "there are at most %d validators", VALIDATORS_MAX);
	if (models->n > many)
		return err_set(err, -EINVAL, "%zu models, but %u validator%s", models->n, many,
		    many == 1 ? "" : "s");
	for (size_t i = 0; i < models->n; i++)
		if (!models->v[i].n)
			return err_set(err, -EINVAL, "--validator-model wants a name");
	if (flow_validators(flow, SIZE_LARGE))
		return 0;
	err_set(err, -EINVAL, "flow '%.*s' has no validator", STR_ARG(flow->name));
	return err_fix(err, "leave out --validators and --validator-model");
}

int several_validators(struct library **lib, const struct flow **flow, unsigned n,
    const struct strs *models, unsigned *ret_n, struct err *err)
{
	struct str name = (*flow)->name;
	struct library *many;

	*ret_n = n ? n : (unsigned)models->n;
	if (!*ret_n)
		return 0;
	int rc = judge(*flow, *ret_n, models, err);

	if (!rc)
		rc = library_multiply(*lib, *ret_n, models, &many, err);
	if (rc)
		return rc;
	*flow = library_flow(many, name, err);
	library_destroy(*lib);
	*lib = many;
	return *flow ? 0 : err->code;
}

/* --- the roster --------------------------------------------------------------------------- */

/* SURE: without those that a condition may leave out, or a list may ask for each of its items. */
static unsigned count_agents(const struct flow *flow, enum flow_size size, bool sure)
{
	unsigned n = 0;

	for (size_t i = 0; i < flow->n_all; i++) {
		const struct flow_step *s = flow->all[i];

		n += s->kind == KIND_AGENT && flow_step_exists(s, size) &&
		     !(sure && (s->parent || s->cond.text.p));
	}
	return n;
}

static const char *one_size(struct arena *a, const struct flow *flow, enum flow_size size)
{
	unsigned n = count_agents(flow, size, false), judges = flow_validators(flow, size);

	return arena_printf(a, "%s %u agents, %u of them validators, at least %u model calls",
	    flow_size_name(size), n, judges, count_agents(flow, size, true));
}

const char *several_roster(struct arena *a, const struct flow *flow, enum flow_size size)
{
	const char *text = arena_printf(a, "%.*s: ", STR_ARG(flow->name));

	for (int s = SIZE_SMALL; s <= SIZE_LARGE; s++)
		if (size == SIZE_AUTO || (int)size == s)
			text = arena_printf(a, "%s%s%s", text,
			    s > SIZE_SMALL && size == SIZE_AUTO ? "; " : "",
			    one_size(a, flow, (enum flow_size)s));
	return text;
}
