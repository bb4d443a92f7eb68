#include "api/definitions.h"

#include "api/accept.h"
#include "api/flows.h"
#include "base/limits.h"
#include "base/map.h"

/* --- opening ------------------------------------------------------------------------------ */

static size_t count_accepted(const struct acceptances *all, const char *repo)
{
	size_t n = 0;

	for (size_t i = 0; repo && i < all->n; i++)
		n += str_is(all->v[i].repo, repo);
	return n;
}

int definitions_open(
    struct definitions *d, struct arena *a, const struct definitions_from *from, struct err *err)
{
	const struct flows_from base = { from->user, from->trust_repo ? from->repo : NULL };
	int rc = 0;

	*d = (struct definitions){
		.a = a, .user = from->user, .repo = from->repo, .trust_repo = from->trust_repo
	};
	if (!d->trust_repo && d->repo)
		rc = accept_load(a, d->user, &d->accepted, err);
	if (rc)
		return rc;
	d->n_accepted = count_accepted(&d->accepted, d->repo);
	d->base = flows_load(a, &base, err);
	return d->base ? 0 : err->code;
}

void definitions_leave(struct definitions *d, const struct library *lib)
{
	if (d->base != lib)
		library_destroy(d->base);
	if (d->whole != lib)
		library_destroy(d->whole);
	if (d->lib != lib)
		library_destroy(d->lib);
	*d = (struct definitions){ 0 };
}

void definitions_close(struct definitions *d)
{
	definitions_leave(d, NULL);
}

/* --- the repository's ---------------------------------------------------------------------- */

/* What accepting the flow in TEXT would be, and whether that was done. */
static void judge(struct definitions *d, const struct library_text *text, struct own_flow *ret)
{
	struct str repo = str_from(d->repo);
	int rc = -EINVAL;

	*ret = (struct own_flow){ .name = text->name, .file = text->file, .errors = text->errors };
	ret->before = acceptances_find(&d->accepted, repo, text->name);
	if (!text->errors)
		rc = acceptance_of(d->a, d->whole, repo, text->name, FLOWS_REPOSITORY, &ret->now);
	ret->trusted = !rc && ret->before && acceptance_holds(ret->before, &ret->now);
}

/* Flows of the repository that are SOUND and stand for their names; or those that are not. */
static void judge_those(struct definitions *d, bool sound)
{
	struct library_text t;

	for (size_t i = 0; i < library_texts(d->whole); i++) {
		library_text_at(d->whole, i, &t);
		if (t.kind != TEXT_FLOW || strcmp(t.origin, FLOWS_REPOSITORY) != 0)
			continue;
		if (sound ? !t.errors && t.wins : t.errors && !definitions_own(d, t.name))
			judge(d, &t, &d->flows[d->n_flows++]);
	}
}

/* Texts that trusted flows use, each in its place among those of the repository. */
static void add_trusted(struct definitions *d)
{
	struct map used;
	struct library_text *texts;

	map_init(&used, d->a);
	for (size_t i = 0; i < d->n_flows; i++) {
		size_t n = d->flows[i].trusted
			       ? library_uses(d->whole, d->a, d->flows[i].name, &texts)
			       : 0;

		for (size_t k = 0; k < n; k++)
			map_put(&used, str_from(texts[k].file), d);
	}
	for (size_t i = 0; i < d->own.n; i++) {
		const struct own_text *t = &d->own.v[i];

		if (map_get(&used, str_from(t->file)))
			if (library_add(d->lib, t->kind, t->file, FLOWS_REPOSITORY, t->text) < 0)
				continue; /* it is listed with its errors */
	}
}

/* The rest is listed. What was accepted and cannot be looked at is not silently another flow. */
static void withhold(struct definitions *d)
{
	for (size_t i = 0; i < d->n_flows; i++)
		if (!d->flows[i].trusted)
			library_withhold(d->lib, d->flows[i].name, d->flows[i].file,
			    d->flows[i].before ? WITHHELD_CHANGED : WITHHELD_NEW);
	for (size_t i = 0; d->own.refused && i < d->accepted.n; i++)
		if (str_is(d->accepted.v[i].repo, d->repo))
			library_withhold(
			    d->lib, d->accepted.v[i].flow, d->own.refused, WITHHELD_CHANGED);
}

void definitions_read(struct definitions *d)
{
	if (d->read || d->trust_repo)
		return;
	d->read = true;
	if (d->repo)
		own_read(d->a, d->repo, &d->own);
	if (!d->own.n && !d->own.refused)
		return;
	d->whole = flows_with(d->a, d->user, &d->own, NULL);
	d->flows = arena_array(d->a, OWN_FILES_MAX, sizeof(*d->flows));
	judge_those(d, true);
	judge_those(d, false);
	d->lib = flows_base(d->a, d->user, NULL);
	add_trusted(d);
	withhold(d);
	library_check(d->lib);
}

const struct library *definitions_view(struct definitions *d)
{
	definitions_read(d);
	return d->lib ? d->lib : d->base;
}

const struct own_flow *definitions_own(const struct definitions *d, struct str name)
{
	for (size_t i = 0; i < d->n_flows; i++)
		if (str_eq(d->flows[i].name, name))
			return &d->flows[i];
	return NULL;
}

/* --- looking up ---------------------------------------------------------------------------- */

/* Is what would run what was accepted? It is; this holds it against the library it runs from. */
static bool is_as_accepted(struct definitions *d, struct str name, struct err *err)
{
	const struct own_flow *own = definitions_own(d, name);
	struct acceptance now;

	if (own && own->trusted &&
	    acceptance_of(d->a, d->lib, str_from(d->repo), name, FLOWS_REPOSITORY, &now) == 0 &&
	    acceptance_holds(own->before, &now))
		return true;
	err_set(err, -EACCES, "flow '%.*s' would not be what you accepted", STR_ARG(name));
	err_fix(err, "tutti flows trust %.*s", STR_ARG(name));
	return false;
}

static bool is_repositorys(const struct library *lib, const struct flow *flow)
{
	for (size_t i = 0; i < library_count(lib); i++)
		if (library_at(lib, i)->flow == flow)
			return strcmp(library_at(lib, i)->origin, FLOWS_REPOSITORY) == 0;
	return false;
}

const struct flow *definitions_flow(
    struct definitions *d, struct str name, struct library **lib, struct err *err)
{
	const struct flow *flow = NULL;

	*lib = d->base;
	if (d->trust_repo || !d->n_accepted)
		flow = library_flow(d->base, name, err);
	if (flow || d->trust_repo)
		return flow;
	flow = library_flow(definitions_view(d), name, err);
	if (!flow && err->code == -ENOENT && d->own.refused)
		err_why(err, "%s: nothing of it was read", d->own.refused);
	if (!flow)
		return NULL;
	err_clear(err);
	if (!d->lib || !is_repositorys(d->lib, flow))
		return library_flow(d->base, flow->name, err);
	*lib = d->lib;
	return is_as_accepted(d, flow->name, err) ? flow : NULL;
}
