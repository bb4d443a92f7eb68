/* What a flow uses, and keeping it: the texts as they are now, for a run that may last. */
#include "flow/library_priv.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/unconst.h"

#include <stdlib.h>

/* --- what is used ----------------------------------------------------------------------- */

struct using
{
	const struct library *lib;
	const struct text *done[RUN_STEPS_MAX];
	size_t n;
};

static bool use_text(struct using *f, enum text_kind kind, struct str name)
{
	const struct text *t = map_get(&f->lib->by_name[kind], name);

	for (size_t i = 0; i < f->n; i++)
		if (f->done[i] == t)
			return false;
	if (!t || f->n == RUN_STEPS_MAX)
		return false;
	f->done[f->n++] = t;
	return true;
}

static void use_flow(struct using *f, struct str name)
{
	const struct text *t = map_get(&f->lib->by_name[TEXT_FLOW], name);

	if (!t || !use_text(f, TEXT_FLOW, name))
		return;
	for (size_t i = 0; i < t->flow->contracts.n; i++)
		use_text(f, TEXT_CONTRACT, t->flow->contracts.v[i]);
	for (size_t i = 0; i < t->flow->n_all; i++)
		if (t->flow->all[i]->kind == KIND_AGENT)
			use_text(f, TEXT_PERSONA, t->flow->all[i]->agent.persona);
}

/* Flows that those use, until nothing new comes in. Each is taken once. */
static void use_used(struct using *f)
{
	for (size_t k = 0; k < f->n; k++) {
		const struct flow *flow = f->done[k]->flow;

		for (size_t i = 0; flow && i < flow->n_all; i++)
			if (flow->all[i]->kind == KIND_FLOW)
				use_flow(f, flow->all[i]->flow.use);
	}
}

/* NAME and everything it uses. free() it. */
static struct using *uses_of(const struct library *lib, struct str name)
{
	struct using *f = xalloc(sizeof(*f));

	f->lib = lib;
	use_flow(f, name);
	use_used(f);
	return f;
}

size_t library_uses(
    const struct library *lib, struct arena *a, struct str name, struct library_text **ret)
{
	const struct text *t = map_get(&lib->by_name[TEXT_FLOW], name);

	*ret = NULL;
	if (!t || t->errors.n)
		return 0;
	struct using *f = uses_of(lib, name);
	size_t n = f->n;

	*ret = arena_array(a, n, sizeof(**ret));
	for (size_t i = 0; i < n; i++)
		text_tell(lib, f->done[i], &(*ret)[i]);
	free(f);
	return n;
}

/* --- freezing --------------------------------------------------------------------------- */

static void hash_of(json_t *frozen, char hex[SHA256_HEX])
{
	char *text = json_dump_canonical(frozen);

	sha256_of(str_from(text), hex);
	free(text);
}

json_t *library_freeze(const struct library *lib, struct str name, struct err *err)
{
	const struct flow *flow = library_flow(lib, name, err);
	char hex[SHA256_HEX];

	if (!flow)
		return NULL;
	struct using *f = uses_of(lib, flow->name);
	json_t *texts = json_array();

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(
		    texts, json_pack("{s:s, s:s, s:o}", "kind", text_kind_name(f->done[i]->kind),
			       "file", f->done[i]->file, "text", json_text(f->done[i]->text)));
	json_t *frozen = json_pack("{s:o, s:o}", "flow", json_text(flow->name), "texts", texts);

	free(f);
	hash_of(frozen, hex);
	json_object_set_new(frozen, "sha256", json_cstr(hex));
	return frozen;
}

static int check_hash(const json_t *frozen, struct err *err)
{
	json_t *copy = json_copy(unconst(frozen));
	char hex[SHA256_HEX];

	json_object_del(copy, "sha256");
	hash_of(copy, hex);
	json_decref(copy);
	if (str_is(json_get_str(frozen, "sha256"), hex))
		return 0;
	return err_set(err, -EPROTO, "the run's frozen definition was changed: its hash differs");
}

int library_thaw(const json_t *frozen, struct library **ret, struct err *err)
{
	int rc = check_hash(frozen, err);
	json_t *texts = json_get_array(frozen, "texts"), *one;
	size_t i;

	if (rc)
		return rc;
	struct library *lib = library_create();

	json_array_foreach (texts, i, one) {
		int kind = text_kind_parse(json_get_str(one, "kind"));

		if (kind >= 0 && !rc)
			rc = library_add(lib, (enum text_kind)kind, json_get_cstr(one, "file", "?"),
			    "run", json_get_str(one, "text"));
	}
	if (rc) {
		library_destroy(lib);
		return err_set(err, rc, "the run's frozen definition cannot be read by this tutti");
	}
	*ret = lib;
	return 0;
}
