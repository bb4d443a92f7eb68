#include "cli/ready.h"

#include "base/json.h"

int ready_fence(struct house *h, struct err *err)
{
	enum fence_mode mode;
	json_t *doc = sandbox_probe(h->sandbox, &mode), *one;
	size_t i, n = 0, m = 0;
	char fix[sizeof(err->fix)] = "", why[sizeof(err->why)] = "";

	if (mode == FENCE_NONE) {
		err_set(err, -EPERM, "agents cannot be held to reading on this machine");
		json_array_foreach (json_get_array(doc, "modes"), i, one)
			m += (size_t)snprintf(why + m, m < sizeof(why) ? sizeof(why) - m : 0,
			    "%smode %s: %s", m ? "; " : "", json_get_cstr(one, "mode", ""),
			    json_get_cstr(one, "why", ""));
		json_array_foreach (json_get_array(doc, "fix"), i, one)
			n += (size_t)snprintf(fix + n, n < sizeof(fix) ? sizeof(fix) - n : 0,
			    "%s%s", n ? "\n" : "", json_string_value(one));
		err_why(err, "%s", why);
		err_fix(err, "%s", fix);
		err_more(err, "read-only");
	}
	json_decref(doc);
	return mode == FENCE_NONE ? EXIT_NO_FENCE : 0;
}

/* Without namespaces only agents run that were seen to be held that way. */
static int check_strict(struct house *h, const struct program *p, struct err *err)
{
	if (sandbox_mode(h->sandbox) != FENCE_C || p->ops->traits.strict)
		return 0;
	err_set(err, -EPERM, "agent \"%s\" may not run on this machine", p->ops->name);
	err_why(err, "there are no namespaces here (mode C), and it was not admitted to that mode");
	err_fix(err, "tutti run … --agent native\nor allow namespaces: tutti doctor says how");
	err_more(err, "read-only");
	return EXIT_NOT_READY;
}

int ready_agent(struct house *h, const char *name, struct err *err)
{
	const struct program *p = programs_get(&h->programs, str_from(name));

	if (!p) {
		err_set(err, -ENOENT, "there is no agent \"%s\"", name);
		err_why(err, "tutti knows: %s", programs_names(h->arena, &h->programs));
		err_fix(err, "tutti run … --agent native");
		err_more(err, "agents");
		return EXIT_NOT_READY;
	}
	if (!p->status)
		return check_strict(h, p, err);
	*err = p->err;
	if (!err->why[0])
		err_why(err, "%s", err_name(p->status));
	size_t n = strlen(err->fix);

	snprintf(err->fix + n, sizeof(err->fix) - n, "\nor: tutti run … --agent native");
	err_more(err, "agents");
	return EXIT_NOT_READY;
}

static int no_model(struct err *err)
{
	err_set(err, -ENOENT, "no model server was found");
	err_why(err,
	    "OPENAI_BASE_URL is not set, and nothing answers where Ollama (11434), llama.cpp "
	    "(8080), vLLM (8000) and LM Studio (1234) usually listen");
	err_fix(err, "ollama serve\n"
		     "OPENAI_BASE_URL=http://HOST:PORT/v1 OPENAI_API_KEY=… tutti run …\n"
		     "tutti run … --model rehearsal    (no language model, to see how it works)");
	err_more(err, "models");
	return EXIT_NOT_READY;
}

static int add_upstream(struct house *h, struct upstream_config *u, struct err *err)
{
	if (!u->model || !u->model[0]) {
		json_t *ids = upstream_models(u, err);
		const char *first = json_string_value(json_array_get(ids, 0));

		u->model = first ? arena_cstr(h->arena, str_from(first)) : NULL;
		json_decref(ids);
	}
	if (!u->model) {
		err_set(err, -EIO, "the model server %s names no model", u->url);
		if (!err->fix[0])
			err_fix(err, "start it, or name a model: --model NAME");
		err_more(err, "models");
		return EXIT_NOT_READY;
	}
	if (gateway_add_upstream(h->gateway, u, err) < 0)
		return EXIT_NOT_READY;
	h->upstream = arena_cstr(h->arena, str_from(u->name));
	return 0;
}

static int find_server(struct house *h, const struct house_spec *spec, struct err *err)
{
	struct upstream_config u = h->config.upstream;

	if (!u.url && upstream_discover(h->arena, &u, NULL) < 0)
		return spec->agents ? no_model(err) : 0;
	if (spec->model)
		u.model = spec->model;
	int code = add_upstream(h, &u, err);

	return spec->agents ? code : 0;
}

int ready_model(struct house *h, const struct house_spec *spec, struct err *err)
{
	struct upstream_config rehearsal = { .name = "rehearsal",
		.url = arena_printf(h->arena, "rehearsal:%s", spec->script ? spec->script : "") };

	if (gateway_add_upstream(h->gateway, &rehearsal, err) < 0)
		return EXIT_NOT_READY;
	if (spec->model && strcmp(spec->model, "rehearsal") == 0)
		return 0;
	return find_server(h, spec, err);
}

int house_ready(struct house *h, const char *agent, const char *model, struct err *err)
{
	const struct house_spec spec = { .model = model, .agents = true };
	int code = ready_fence(h, err);

	if (!code)
		code = ready_agent(h, agent ? agent : h->agent, err);
	if (!code && !h->upstream && !(model && strcmp(model, "rehearsal") == 0))
		code = find_server(h, &spec, err);
	return code;
}
