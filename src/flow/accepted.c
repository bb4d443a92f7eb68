#include "flow/accepted.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdlib.h>

#define SCHEMA "tutti.trusted/1"

/* --- digests ------------------------------------------------------------------------------ */

static json_t *text_json(const struct accepted_text *t)
{
	return json_pack("{s:s, s:o, s:s}", "kind", text_kind_name(t->kind), "name",
	    json_text(t->name), "sha256", t->sha256);
}

static json_t *texts_json(const struct acceptance *one)
{
	json_t *all = json_array();

	for (size_t i = 0; i < one->n; i++)
		json_array_append_new(all, text_json(&one->texts[i]));
	return all;
}

/* Over JSON, so that no name can be mistaken for two. */
static void digest(struct acceptance *one)
{
	json_t *texts = texts_json(one);
	char *text = json_dump_canonical(texts);

	sha256_of(str_from(text), one->sha256);
	free(text);
	json_decref(texts);
}

/* --- reading ------------------------------------------------------------------------------ */

static int broken(struct err *err, const char *what)
{
	return err_set(err, -EINVAL, "%s", what);
}

static bool is_digest(struct str s)
{
	bool good = s.n == SHA256_HEX - 1;

	for (size_t i = 0; good && i < s.n; i++)
		good = s.p[i] && strchr("0123456789abcdef", s.p[i]);
	return good;
}

static int read_text(struct arena *a, const json_t *doc, struct accepted_text *ret, struct err *err)
{
	struct str digest_text = json_get_str(doc, "sha256");
	int kind = text_kind_parse(json_get_str(doc, "kind"));

	if (kind < 0)
		return broken(err, "a text is of no kind that there is");
	ret->kind = (enum text_kind)kind;
	ret->name = arena_dup(a, json_get_str(doc, "name"));
	if (!ret->name.n)
		return broken(err, "a text has no name");
	if (!is_digest(digest_text))
		return broken(err, "a text has no SHA-256");
	memcpy(ret->sha256, digest_text.p, SHA256_HEX - 1);
	return 0;
}

static int read_texts(struct arena *a, const json_t *texts, struct acceptance *ret, struct err *err)
{
	int rc = 0;

	ret->n = json_array_size(texts);
	if (!ret->n)
		return broken(err, "a flow has no texts");
	ret->texts = arena_array(a, ret->n, sizeof(*ret->texts));
	for (size_t i = 0; i < ret->n && !rc; i++)
		rc = read_text(a, json_array_get(texts, i), &ret->texts[i], err);
	return rc;
}

static int read_one(struct arena *a, const json_t *doc, struct acceptance *ret, struct err *err)
{
	int rc = read_texts(a, json_get_array(doc, "texts"), ret, err);

	if (rc)
		return rc;
	ret->repo = arena_dup(a, json_get_str(doc, "repository"));
	ret->flow = arena_dup(a, json_get_str(doc, "flow"));
	if (!str_starts(ret->repo, STR("/")))
		return broken(err, "a repository is no absolute path");
	if (ret->texts[0].kind != TEXT_FLOW || !str_eq(ret->texts[0].name, ret->flow))
		return broken(err, "the first text of a flow is not the flow");
	digest(ret);
	if (!str_is(json_get_str(doc, "sha256"), ret->sha256))
		return broken(err, "a flow's SHA-256 is not that of its texts");
	return 0;
}

static int read_all(struct arena *a, const json_t *doc, struct acceptances *ret, struct err *err)
{
	const json_t *flows = json_get_array(doc, "flows");
	int rc = 0;

	if (!str_is(json_get_str(doc, "schema"), SCHEMA))
		return broken(err, "its schema is not " SCHEMA);
	if (!flows)
		return broken(err, "it has no list of flows");
	ret->n = ret->cap = json_array_size(flows);
	if (ret->n > TRUSTED_FLOWS_MAX)
		return broken(err, "it has too many flows");
	ret->v = arena_array(a, ret->n + 1, sizeof(*ret->v));
	for (size_t i = 0; i < ret->n && !rc; i++)
		rc = read_one(a, json_array_get(flows, i), &ret->v[i], err);
	for (size_t i = 0; i < ret->n && !rc; i++)
		if (acceptances_find(ret, ret->v[i].repo, ret->v[i].flow) != &ret->v[i])
			rc = broken(err, "it has a flow twice");
	return rc;
}

int acceptances_parse(struct arena *a, struct str text, struct acceptances *ret, struct err *err)
{
	json_t *doc = json_parse(text, err);
	int rc = doc ? read_all(a, doc, ret, err) : -EINVAL;

	json_decref(doc);
	if (rc)
		*ret = (struct acceptances){ 0 };
	return rc;
}

/* --- writing ------------------------------------------------------------------------------ */

int acceptances_print(
    struct arena *a, const struct acceptances *all, struct str *ret, struct err *err)
{
	struct buf b;
	int rc;

	buf_init(&b, TRUSTED_MAX);
	buf_adds(&b, "{\"schema\":\"" SCHEMA "\",\"flows\":[");
	for (size_t i = 0; i < all->n; i++) {
		const struct acceptance *one = &all->v[i];
		json_t *doc = json_pack("{s:o, s:o, s:s, s:o}", "repository", json_text(one->repo),
		    "flow", json_text(one->flow), "sha256", one->sha256, "texts", texts_json(one));

		buf_adds(&b, i ? ",\n" : "\n");
		buf_add_value(&b, doc);
		json_decref(doc);
	}
	buf_adds(&b, "\n]}\n");
	rc = buf_status(&b);
	if (rc)
		err_set(err, rc, "more than %zu MiB of accepted flows", TRUSTED_MAX >> 20);
	else
		*ret = arena_dup(a, buf_str(&b));
	buf_fini(&b);
	return rc;
}

/* --- what there is now -------------------------------------------------------------------- */

int acceptance_of(struct arena *a, const struct library *lib, struct str repo, struct str name,
    const char *origin, struct acceptance *ret)
{
	struct library_text *used;
	size_t n = library_uses(lib, a, name, &used);

	*ret = (struct acceptance){ .repo = arena_dup(a, repo), .flow = arena_dup(a, name) };
	if (!n || strcmp(used[0].origin, origin) != 0)
		return -ENOENT;
	ret->texts = arena_array(a, n, sizeof(*ret->texts));
	for (size_t i = 0; i < n; i++) {
		struct accepted_text *t = &ret->texts[ret->n];

		if (strcmp(used[i].origin, origin) != 0)
			continue;
		t->kind = used[i].kind;
		t->name = arena_dup(a, used[i].name);
		sha256_of(used[i].text, t->sha256);
		ret->n++;
	}
	digest(ret);
	return 0;
}

/* --- the list ----------------------------------------------------------------------------- */

static bool is_for(const struct acceptance *one, struct str repo, struct str name)
{
	return str_eq(one->repo, repo) && str_eq(one->flow, name);
}

const struct acceptance *acceptances_find(
    const struct acceptances *all, struct str repo, struct str name)
{
	for (size_t i = 0; i < all->n; i++)
		if (is_for(&all->v[i], repo, name))
			return &all->v[i];
	return NULL;
}

static int not_utf8(struct err *err)
{
	err_set(err, -EINVAL, "the repository's path is not UTF-8, so it cannot be remembered");
	return err_fix(err, "use its flows for once: tutti --trust-repo …");
}

int acceptances_put(
    struct arena *a, struct acceptances *all, const struct acceptance *one, struct err *err)
{
	if (!str_starts(one->repo, STR("/")) || !utf8_valid(one->repo))
		return not_utf8(err);
	acceptances_drop(all, one->repo, one->flow);
	if (all->n == TRUSTED_FLOWS_MAX)
		return err_set(err, -E2BIG, "%d flows are accepted", TRUSTED_FLOWS_MAX);
	if (all->n == all->cap) {
		struct acceptance *more = arena_array(a, 2 * all->cap + 8, sizeof(*more));

		if (all->n)
			memcpy(more, all->v, all->n * sizeof(*more));
		all->cap = 2 * all->cap + 8;
		all->v = more;
	}
	all->v[all->n++] = *one;
	return 0;
}

size_t acceptances_drop(struct acceptances *all, struct str repo, struct str name)
{
	size_t kept = 0, before = all->n;

	for (size_t i = 0; i < before; i++)
		if (!str_eq(all->v[i].repo, repo) || (name.n && !str_eq(all->v[i].flow, name)))
			all->v[kept++] = all->v[i];
	all->n = kept;
	return before - kept;
}

/* --- comparing ---------------------------------------------------------------------------- */

bool acceptance_holds(const struct acceptance *accepted, const struct acceptance *now)
{
	return is_for(accepted, now->repo, now->flow) && strcmp(accepted->sha256, now->sha256) == 0;
}

static const struct accepted_text *text_of(
    const struct acceptance *one, enum text_kind kind, struct str name)
{
	for (size_t i = 0; i < one->n; i++)
		if (one->texts[i].kind == kind && str_eq(one->texts[i].name, name))
			return &one->texts[i];
	return NULL;
}

static void add_difference(struct buf *b, const struct accepted_text *t, const char *what)
{
	buf_printf(b, "%s%s '%.*s' %s", b->n ? ", " : "", text_kind_name(t->kind),
	    STR_ARG(str_take(t->name, 64)), what);
}

const char *acceptance_differs(
    struct arena *a, const struct acceptance *accepted, const struct acceptance *now)
{
	struct buf b;

	buf_init(&b, KIB(64));
	for (size_t i = 0; i < now->n; i++) {
		const struct accepted_text *t = &now->texts[i],
					   *before = text_of(accepted, t->kind, t->name);

		if (!before)
			add_difference(&b, t, "is new");
		else if (strcmp(before->sha256, t->sha256) != 0)
			add_difference(&b, t, "changed");
	}
	for (size_t i = 0; i < accepted->n; i++)
		if (!text_of(now, accepted->texts[i].kind, accepted->texts[i].name))
			add_difference(&b, &accepted->texts[i], "is no longer part of it");
	char *text = arena_cstr(a, buf_str(&b));

	buf_fini(&b);
	return text;
}
