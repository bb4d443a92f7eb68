#include "api/launch.h"

#include "api/definitions.h"
#include "api/flows.h"
#include "api/several.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"
#include "flow/errors.h"
#include "sys/fs.h"
#include "workspace/workspace.h"

#include <stdlib.h>
#include <sys/stat.h>

/* What a request says, of the right types; texts that are not there are empty. */
struct wish {
	struct str flow, question, size, focus, repo, at, base, agent, model, provided;
	const json_t *inputs;
	struct strs models;
	long long validators, budget, timeout;
	bool fast, trust;
};

/* --- reading ------------------------------------------------------------------------------ */

enum member_type { TEXT, NUMBER, FLAG, TEXTS, OBJECT };

static const struct member {
	const char *name;
	enum member_type type;
	size_t offset;
	long long most; /* bytes of a text, a number's value, how many texts */
} members[] = {
	{ "flow", TEXT, offsetof(struct wish, flow), 2 * STEP_ID_MAX },
	{ "question", TEXT, offsetof(struct wish, question), QUESTION_MAX },
	{ "inputs", OBJECT, offsetof(struct wish, inputs), 0 },
	{ "size", TEXT, offsetof(struct wish, size), 16 },
	{ "focus", TEXT, offsetof(struct wish, focus), QUESTION_MAX },
	{ "fast", FLAG, offsetof(struct wish, fast), 0 },
	{ "repo", TEXT, offsetof(struct wish, repo), PATH_BYTES_MAX },
	{ "at", TEXT, offsetof(struct wish, at), PATH_BYTES_MAX },
	{ "base", TEXT, offsetof(struct wish, base), PATH_BYTES_MAX },
	{ "agent", TEXT, offsetof(struct wish, agent), 256 },
	{ "model", TEXT, offsetof(struct wish, model), 1024 },
	{ "validators", NUMBER, offsetof(struct wish, validators), VALIDATORS_MAX },
	{ "validator_models", TEXTS, offsetof(struct wish, models), 1024 },
	{ "budget", NUMBER, offsetof(struct wish, budget), INT64_MAX },
	{ "timeout_ms", NUMBER, offsetof(struct wish, timeout), SPAN_MAX_MS },
	{ "trust_repo", FLAG, offsetof(struct wish, trust), 0 },
	{ "provided", TEXT, offsetof(struct wish, provided), 64 },
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static const char *const type_names[] = { "a text", "a number", "true or false", "a list of texts",
	"an object" };

static int wrong_type(const struct member *m, struct err *err)
{
	return err_set(err, -EINVAL, "%s is %s", m->name, type_names[m->type]);
}

static int take_text(const struct member *m, const json_t *value, struct str *ret, struct err *err)
{
	if (!json_is_string(value))
		return wrong_type(m, err);
	*ret = (struct str){ json_string_value(value), json_string_length(value) };
	if (ret->n <= (size_t)m->most)
		return 0;
	if (m->most == QUESTION_MAX)
		return err_set(err, -EINVAL, "the %s is longer than 64 KiB", m->name);
	return err_set(err, -EINVAL, "%s is longer than %lld bytes", m->name, m->most);
}

static int take_number(const struct member *m, const json_t *value, long long *ret, struct err *err)
{
	if (!json_is_integer(value))
		return wrong_type(m, err);
	*ret = json_integer_value(value);
	if (*ret >= 0 && *ret <= m->most)
		return 0;
	return err_set(err, -EINVAL, "%s is a number from 0 to %lld", m->name, m->most);
}

static int take_texts(
    struct arena *a, const struct member *m, const json_t *value, struct strs *ret, struct err *err)
{
	int rc = json_is_array(value) ? 0 : wrong_type(m, err);

	if (rc || json_array_size(value) > VALIDATORS_MAX)
		return rc ? rc
			  : err_set(
				err, -EINVAL, "there are at most %d validators", VALIDATORS_MAX);
	ret->v = arena_array(a, json_array_size(value), sizeof(*ret->v));
	for (size_t i = 0; !rc && i < json_array_size(value); i++)
		rc = take_text(m, json_array_get(value, i), &ret->v[ret->n++], err);
	return rc;
}

static int take(
    struct arena *a, const struct member *m, const json_t *value, struct wish *w, struct err *err)
{
	void *at = (char *)w + m->offset;

	switch (m->type) {
	case TEXT:
		return take_text(m, value, at, err);
	case NUMBER:
		return take_number(m, value, at, err);
	case TEXTS:
		return take_texts(a, m, value, at, err);
	case FLAG:
		if (!json_is_boolean(value))
			return wrong_type(m, err);
		*(bool *)at = json_is_true(value);
		return 0;
	case OBJECT:
		break;
	}
	if (!json_is_object(value))
		return wrong_type(m, err);
	*(const json_t **)at = value;
	return 0;
}

static int unknown_member(const char *key, struct err *err)
{
	const char *names[MEMBERS + 1] = { NULL };

	for (size_t i = 0; i < MEMBERS; i++)
		names[i] = members[i].name;
	const char *near = nearest_word(str_from(key), names);

	err_set(err, -EINVAL, "a launch has no \"%.100s\"", key);
	return near ? err_fix(err, "did you mean \"%s\"?", near) : err->code;
}

static int read_wish(struct arena *a, const json_t *request, struct wish *w, struct err *err)
{
	const char *key;
	json_t *value;
	int rc = json_is_object(request) ? 0 : err_set(err, -EINVAL, "a launch is a JSON object");

	json_object_foreach (unconst(request), key, value) {
		const struct member *m = NULL;

		for (size_t i = 0; i < MEMBERS; i++)
			if (strcmp(key, members[i].name) == 0)
				m = &members[i];
		if (!rc && !m)
			rc = unknown_member(key, err);
		if (!rc && !json_is_null(value))
			rc = take(a, m, value, w, err);
	}
	return rc;
}

/* --- the request -------------------------------------------------------------------------- */

static int no_input(const struct flow *flow, const char *name, struct err *err)
{
	char names[sizeof(err->fix)] = "";
	size_t n = 0;

	for (size_t i = 0; i < flow->n_inputs && n < sizeof(names); i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%.*s", i ? ", " : "",
		    STR_ARG(flow->inputs[i].name));
	err_set(err, -EINVAL, "%.*s has no input \"%.100s\"", STR_ARG(flow->name), name);
	err_why(err, "its inputs are: %s", names);
	return err_fix(err, "tutti flows show %.*s", STR_ARG(flow->name));
}

static int add_inputs(const struct flow *flow, const json_t *inputs, json_t *input, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (unconst(inputs), key, value) {
		if (!flow_find_input(flow, str_from(key)) || strcmp(key, "question") == 0)
			return no_input(flow, key, err);
		if (!json_is_string(value))
			return err_set(err, -EINVAL, "the input %.100s is a text", key);
		if (json_string_length(value) > QUESTION_MAX)
			return err_set(err, -EINVAL, "the input %.100s is longer than 64 KiB", key);
		json_object_set(input, key, value);
	}
	return 0;
}

/* What the flow cannot do without was given. */
static int check_required(const struct flow *flow, const json_t *input, struct err *err)
{
	const struct flow_input *in = flow_missing_input(flow, input);

	if (!in)
		return 0;
	err_set(err, -EINVAL, "%.*s needs %.*s", STR_ARG(flow->name), STR_ARG(in->name));
	err_why(err, "%.*s: without it this flow has nothing to rest on", STR_ARG(in->label));
	return err_fix(err, "tutti run %.*s \"…\" %.*s=\"%.*s\"", STR_ARG(flow->name),
	    STR_ARG(in->name), STR_ARG(in->placeholder.n ? in->placeholder : STR("…")));
}

static int make_input(const struct flow *flow, const struct wish *w, json_t **ret, struct err *err)
{
	*ret = json_object();
	if (!str_trim(w->question).n) {
		err_set(err, -EINVAL, "%.*s needs a question", STR_ARG(flow->name));
		return err_fix(err, "tutti run %.*s \"%.*s\"", STR_ARG(flow->name),
		    STR_ARG(
			flow->inputs[0].placeholder.n ? flow->inputs[0].placeholder : STR("…")));
	}
	json_object_set_new(*ret, "question", json_text(w->question));
	if (w->base.n && flow_find_input(flow, STR("base")))
		json_object_set_new(*ret, "base", json_text(w->base));
	int rc = add_inputs(flow, w->inputs, *ret, err);

	return rc ? rc : check_required(flow, *ret, err);
}

/* --- to repeat it ------------------------------------------------------------------------- */

static void add_option(struct buf *b, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_printf(b, " --%s ", name);
	buf_add_shell(b, value);
}

static void add_number(struct buf *b, const char *name, long long value)
{
	if (value)
		buf_printf(b, " --%s %lld", name, value);
}

static struct str command_of(struct arena *a, const struct wish *w, const struct order *o)
{
	struct buf b;
	const char *key;
	const json_t *value;

	buf_init(&b, MIB(4));
	buf_printf(&b, "tutti run %.*s ", STR_ARG(o->flow->name));
	buf_add_shell(&b, json_get_str(o->launch.input, "question"));
	json_object_foreach (o->launch.input, key, value) {
		if (strcmp(key, "question") == 0)
			continue;
		buf_printf(&b, " %s=", key);
		buf_add_shell(&b, str_from(json_string_value(value)));
	}
	add_option(&b, "repo", o->launch.repo);
	add_option(&b, "size", w->size);
	add_option(&b, "focus", w->focus);
	add_option(&b, "at", w->at);
	add_option(&b, "base", w->base);
	add_option(&b, "agent", w->agent);
	add_option(&b, "model", w->model);
	add_number(&b, "validators", w->validators);
	for (size_t i = 0; i < w->models.n; i++)
		add_option(&b, "validator-model", w->models.v[i]);
	add_number(&b, "budget", w->budget);
	buf_adds(&b, w->fast ? " --fast" : "");
	buf_adds(&b, w->trust ? " --trust-repo" : "");
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

/* --- together ----------------------------------------------------------------------------- */

int order_repo(struct arena *a, struct str repo, struct str *ret, struct err *err)
{
	const char *dir = arena_cstr(a, repo);
	struct stat st;

	if (!repo.n || dir[0] != '/') {
		err_set(err, -EINVAL, "the repository \"%.200s\" is no absolute path", dir);
		return err_fix(err, "give the path of its directory, beginning with /");
	}
	char *real = fs_real(dir);

	if (!real) {
		int rc = -errno;

		err_set(err, rc, "the repository %.200s cannot be opened", dir);
		err_why(err, "%s", err_name(rc));
		return err_fix(err, "name a directory that exists: --repo DIR");
	}
	*ret = arena_dup(a, str_from(real));
	free(real);
	if (stat(ret->p, &st) < 0 || !S_ISDIR(st.st_mode)) {
		err_set(err, -ENOTDIR, "%.200s is not a directory", ret->p);
		return err_fix(err, "name the directory around it: --repo DIR");
	}
	return 0;
}

/* Whether anything of FLOW, or of the flows it uses, is an agent's; what is not known may be one.
 */
static bool has_agents(const struct library *lib, const struct flow *flow, unsigned depth)
{
	struct err err;

	if (!flow || depth > FLOW_NEST_MAX)
		return true;
	for (size_t i = 0; i < flow->n_all; i++) {
		const struct flow_step *s = flow->all[i];

		if (s->kind == KIND_AGENT)
			return true;
		if (s->kind == KIND_FLOW &&
		    has_agents(lib, library_flow(lib, s->flow.use, &err), depth + 1))
			return true;
	}
	return false;
}

static enum order_fault no_flow(const struct err *err)
{
	return err->code == -ENOENT   ? ORDER_NO_FLOW
	       : err->code == -EACCES ? ORDER_UNTRUSTED
				      : ORDER_BAD_FLOW;
}

/* Its flow, with as many validators as it shall have. */
static enum order_fault find_flow(
    struct arena *a, const char *user, const struct wish *w, struct order *o, struct err *err)
{
	struct definitions_from from = { .user = user, .trust_repo = w->trust };
	struct err ignored; /* a flow that needs the repository says so */
	struct definitions d;
	struct str repo = { 0 };

	if (!w->flow.n) {
		err_set(err, -EINVAL, "which flow?");
		err_fix(err, "tutti flows list");
		return ORDER_BAD;
	}
	if (w->repo.n && order_repo(a, w->repo, &repo, &ignored) == 0)
		from.repo = repo.p;
	if (definitions_open(&d, a, &from, err) < 0)
		return flows_gap(err->code) ? ORDER_NOT_READY : ORDER_UNTRUSTED;
	o->flow = definitions_flow(&d, w->flow, &o->lib, err);
	if (!o->flow)
		o->lib = NULL;
	definitions_leave(&d, o->lib);
	if (!o->flow)
		return no_flow(err);
	int rc = several_validators(
	    &o->lib, &o->flow, (unsigned)w->validators, &w->models, &o->launch.validators, err);

	return !rc ? ORDER_SOUND : rc == -E2BIG ? ORDER_BAD_FLOW : ORDER_BAD;
}

static int read_size(const struct wish *w, enum flow_size *ret, struct err *err)
{
	int size = w->size.n ? flow_size_parse(w->size) : SIZE_AUTO;

	if (size < 0)
		return err_set(err, -EINVAL, "size is small, medium, large or auto, not \"%.*s\"",
		    STR_ARG(w->size));
	*ret = (enum flow_size)size;
	return 0;
}

/* What does not depend on anything but the wish. */
static void take_plain(struct arena *a, const struct wish *w, struct launch *l)
{
	l->focus = arena_dup(a, w->focus);
	l->fast = w->fast;
	l->agent = arena_dup(a, w->agent);
	l->model = arena_dup(a, w->model);
	l->at = arena_dup(a, w->at);
	l->base = arena_dup(a, w->base);
	l->provided = arena_dup(a, w->provided);
	l->budget = w->budget;
	l->timeout = w->timeout;
}

static enum order_fault fill(struct arena *a, const struct order_from *from, const struct wish *w,
    struct order *o, struct err *err)
{
	struct launch *l = &o->launch;

	take_plain(a, w, l);
	if (read_size(w, &l->size, err) < 0 || make_input(o->flow, w, &l->input, err) < 0)
		return ORDER_BAD;
	l->repo = STR("");
	if (o->flow->uses_repo && (order_repo(a, w->repo, &l->repo, err) < 0 ||
				      workspace_place(from->data, l->repo.p, err) < 0))
		return ORDER_NO_REPO;
	l->frozen = library_freeze(o->lib, o->flow->name, err);
	if (!l->frozen)
		return ORDER_BAD_FLOW;
	/* as an option, or as an input of the flow: the same thing */
	if (!l->base.n && flow_find_input(o->flow, STR("base")))
		l->base = json_get_str(l->input, "base");
	l->flow = o->flow->name;
	l->command = command_of(a, w, o);
	o->agents = has_agents(o->lib, o->flow, 0);
	return ORDER_SOUND;
}

enum order_fault order_make(struct arena *a, const struct order_from *from, const json_t *request,
    struct order *ret, struct err *err)
{
	struct wish w = { 0 };
	enum order_fault fault;

	*ret = (struct order){ 0 };
	if (read_wish(a, request, &w, err) < 0)
		return ORDER_BAD;
	if (from->repo)
		w.repo = str_from(from->repo);
	fault = find_flow(a, from->user, &w, ret, err);
	return fault == ORDER_SOUND ? fill(a, from, &w, ret, err) : fault;
}

void order_free(struct order *o)
{
	json_decref(unconst(o->launch.frozen));
	json_decref(o->launch.input);
	if (o->lib)
		library_destroy(o->lib);
	*o = (struct order){ 0 };
}
