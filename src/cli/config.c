#include "cli/config.h"

#include "base/limits.h"
#include "cli/describe.h"
#include "cli/paths.h"
#include "flow/errors.h"
#include "flow/yaml.h"
#include "sys/fs.h"
#include "sys/trust.h"

#include <stdlib.h>

struct reading {
	struct arena *a;
	struct config *c;
	struct flow_errors *errors;
};

static const char *text_of(struct reading *r, const struct yaml_node *node)
{
	struct str s;

	return yaml_read_text(node, r->errors, &s) ? arena_cstr(r->a, s) : NULL;
}

static void unknown_key(struct reading *r, const struct yaml_pair *p, const char *const *known)
{
	const char *near = nearest_word(p->key, known);

	flow_error_add(r->errors, p->at, "unknown key '%.*s'%s%s%s", STR_ARG(p->key),
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const char *key_from_file(struct reading *r, const struct yaml_pair *p)
{
	const char *path = text_of(r, p->value);
	struct str text;

	if (!path)
		return NULL;
	if (fs_read(r->a, path, KIB(4), &text) < 0) {
		flow_error_add(r->errors, p->value->at, "cannot read the key file %s", path);
		return NULL;
	}
	return arena_cstr(r->a, str_trim(text));
}

static const char *key_from_env(struct reading *r, const struct yaml_pair *p)
{
	const char *name = text_of(r, p->value), *value = name ? getenv(name) : NULL;

	if (name && !value)
		flow_error_add(r->errors, p->value->at, "the variable %s is not set", name);
	return value;
}

static void read_dialect(struct reading *r, const struct yaml_node *node)
{
	const char *name = text_of(r, node);

	if (name && !dialect_parse(str_from(name), &r->c->upstream.dialect))
		flow_error_add(r->errors, node->at,
		    "there is no dialect '%s'; it is chat, messages, responses or gemini", name);
}

static void read_model(struct reading *r, const struct yaml_node *node)
{
	static const char *const known[] = { "url", "name", "dialect", "key_env", "key_file",
		"parallel", NULL };
	struct upstream_config *u = &r->c->upstream;

	if (node->type != YAML_MAP) {
		flow_error_add(r->errors, node->at,
		    "model is a map: url, name, dialect, key_env, key_file, parallel");
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];

		if (str_is(p->key, "url"))
			u->url = text_of(r, p->value);
		else if (str_is(p->key, "name"))
			u->model = text_of(r, p->value);
		else if (str_is(p->key, "dialect"))
			read_dialect(r, p->value);
		else if (str_is(p->key, "key_env"))
			u->key = key_from_env(r, p);
		else if (str_is(p->key, "key_file"))
			u->key = key_from_file(r, p);
		else if (!str_is(p->key, "parallel"))
			unknown_key(r, p, known);
		else if (!yaml_read_uint(p->value, 1000, r->errors, &u->parallel))
			return;
	}
	u->name = "config";
}

/* How it is talked to: as it is run by hand, or over the Agent Client Protocol. */
static void read_protocol(
    struct reading *r, const struct yaml_node *node, const struct adapter_ops *ops, bool *ret)
{
	const char *word = text_of(r, node);
	bool acp = word && strcmp(word, "acp") == 0;

	if (word && !acp && strcmp(word, "cli") != 0)
		flow_error_add(r->errors, node->at, "protocol is cli or acp");
	else if (acp && !ops->acp)
		flow_error_add(r->errors, node->at, "agent '%s' does not speak acp", ops->name);
	else
		*ret = acp;
}

/* One that tutti knows. */
static void read_known(struct reading *r, const struct yaml_node *node,
    const struct adapter_ops *ops, struct program_hint *h)
{
	static const char *const known[] = { "path", "node", "protocol", NULL };

	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_pair *p = &node->pairs[i];

		if (str_is(p->key, "path"))
			h->path = text_of(r, p->value);
		else if (str_is(p->key, "node"))
			h->node = text_of(r, p->value);
		else if (str_is(p->key, "protocol"))
			read_protocol(r, p->value, ops, &h->acp);
		else
			unknown_key(r, p, known);
	}
}

/* One that a file describes; its path is relative to the configuration. */
static void read_described(struct reading *r, const struct yaml_pair *agent, struct program_hint *h)
{
	static const char *const known[] = { "file", NULL };
	const struct yaml_node *file = yaml_get(agent->value, "file");
	const char *path = text_of(r, file);

	for (size_t i = 0; i < agent->value->n; i++)
		if (!str_is(agent->value->pairs[i].key, "file"))
			unknown_key(r, &agent->value->pairs[i], known);
	if (!described_is_name(agent->key))
		flow_error_add(r->errors, agent->at,
		    "an agent is called by 1 to 32 of a-z, 0-9 and -, the first a letter");
	else if (path)
		h->described = describe_load(r->a, h->agent,
		    path[0] == '/' ? path : fs_join(r->a, paths_config(r->a), path), file->at,
		    r->errors);
}

static void read_agent(struct reading *r, const struct yaml_pair *agent)
{
	const struct adapter_ops *ops = adapter_find(agent->key);
	struct program_hint *h = &r->c->hints[r->c->n_hints];

	if (r->c->n_hints == CONFIG_AGENTS_MAX) {
		flow_error_add(r->errors, agent->at, "more than %d agents", CONFIG_AGENTS_MAX);
		return;
	}
	h->agent = arena_cstr(r->a, agent->key);
	r->c->n_hints++;
	if (agent->value->type != YAML_MAP)
		flow_error_add(r->errors, agent->value->at,
		    "an agent is a map: path, node, protocol, or file");
	else if (ops)
		read_known(r, agent->value, ops, h);
	else if (yaml_get(agent->value, "file"))
		read_described(r, agent, h);
	else
		flow_error_add(r->errors, agent->at,
		    "there is no agent '%.*s'; one of your own needs a file that describes it",
		    STR_ARG(agent->key));
}

static void read_agents(struct reading *r, const struct yaml_node *node)
{
	if (node->type != YAML_MAP)
		flow_error_add(r->errors, node->at, "agents is a map of names");
	for (size_t i = 0; node->type == YAML_MAP && i < node->n; i++)
		read_agent(r, &node->pairs[i]);
}

static bool is_agent(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->c->n_hints; i++)
		if (strcmp(r->c->hints[i].agent, name) == 0)
			return true;
	return adapter_find(str_from(name)) != NULL;
}

/* Once all of them are read. */
static void read_default_agent(struct reading *r, const struct yaml_node *node)
{
	const char *name = node ? text_of(r, node) : NULL;

	if (name && !is_agent(r, name))
		flow_error_add(r->errors, node->at, "there is no agent '%s'", name);
	else if (name)
		r->c->agent = name;
}

static void read_all(struct reading *r, const struct yaml_node *root)
{
	static const char *const known[] = { "model", "agent", "agents", "parallel", NULL };

	if (root->type != YAML_MAP) {
		flow_error_add(r->errors, root->at, "the configuration is a map");
		return;
	}
	for (size_t i = 0; i < root->n; i++) {
		const struct yaml_pair *p = &root->pairs[i];

		if (str_is(p->key, "model"))
			read_model(r, p->value);
		else if (str_is(p->key, "agents"))
			read_agents(r, p->value);
		else if (str_is(p->key, "agent"))
			continue;
		else if (!str_is(p->key, "parallel"))
			unknown_key(r, p, known);
		else if (!yaml_read_uint(p->value, 256, r->errors, &r->c->parallel))
			return;
	}
	read_default_agent(r, yaml_get(root, "agent"));
}

static int report(const struct flow_errors *errors, struct err *err)
{
	char text[sizeof(err->why)] = "";
	size_t n = 0;

	for (size_t i = 0; i < errors->n && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s:%u:%u: %s", i ? "\n" : "",
		    errors->v[i].at.file, errors->v[i].at.line, errors->v[i].at.column,
		    errors->v[i].message);
	err_set(err, -EINVAL, "the configuration has errors");
	err_why(err, "%s", text);
	err_fix(err, "edit %s", errors->v[0].at.file);
	return -EINVAL;
}

/* Nothing but comments: as good as no file. */
static bool says_nothing(struct str text)
{
	while (text.p) {
		struct str line = str_trim(str_line(&text));

		if (line.n && line.p[0] != '#')
			return false;
	}
	return true;
}

int config_load(struct arena *a, struct config *ret, struct err *err)
{
	struct flow_errors errors = { .arena = a };
	struct reading r = { a, ret, &errors };
	const char *dir = paths_config(a);
	struct yaml_node *root;
	struct str text;

	*ret = (struct config){ .agent = "native" };
	if (!dir)
		return 0;
	char *file = fs_join(a, dir, "config.yaml");
	int rc = fs_read(a, file, FLOW_FILE_MAX, &text);

	if (rc == -ENOENT)
		return 0;
	if (rc)
		return err_set(err, rc, "cannot read %s: %s", file, err_name(rc));
	ret->file = file;
	rc = trust_file("the configuration", file, err); /* it names programs and keys */
	if (rc || says_nothing(text))
		return rc;
	root = yaml_parse(a, file, text, &errors);
	if (root)
		read_all(&r, root);
	return errors.n ? report(&errors, err) : 0;
}
