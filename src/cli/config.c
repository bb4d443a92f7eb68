#include "cli/config.h"

#include "base/limits.h"
#include "cli/paths.h"
#include "flow/errors.h"
#include "flow/yaml.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

	if (!word)
		return;
	*ret = strcmp(word, "acp") == 0;
	if (!*ret && strcmp(word, "cli") != 0)
		flow_error_add(r->errors, node->at, "protocol is cli or acp");
	else if (*ret && !ops->acp)
		flow_error_add(r->errors, node->at, "agent '%s' does not speak acp", ops->name);
}

static void read_agent(struct reading *r, const struct yaml_pair *agent)
{
	static const char *const known[] = { "path", "node", "protocol", NULL };
	const struct adapter_ops *ops = adapter_find(agent->key);
	struct program_hint *h = &r->c->hints[r->c->n_hints];

	if (r->c->n_hints == sizeof(r->c->hints) / sizeof(r->c->hints[0]))
		return;
	if (!ops) {
		flow_error_add(
		    r->errors, agent->at, "there is no agent '%.*s'", STR_ARG(agent->key));
		return;
	}
	h->agent = arena_cstr(r->a, agent->key);
	r->c->n_hints++;
	if (agent->value->type != YAML_MAP)
		flow_error_add(
		    r->errors, agent->value->at, "an agent is a map: path, node, protocol");
	for (size_t i = 0; agent->value->type == YAML_MAP && i < agent->value->n; i++) {
		const struct yaml_pair *p = &agent->value->pairs[i];

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

static void read_agents(struct reading *r, const struct yaml_node *node)
{
	if (node->type != YAML_MAP)
		flow_error_add(r->errors, node->at, "agents is a map of names");
	for (size_t i = 0; node->type == YAML_MAP && i < node->n; i++)
		read_agent(r, &node->pairs[i]);
}

static void read_default_agent(struct reading *r, const struct yaml_node *node)
{
	const char *name = text_of(r, node);

	if (name && !adapter_find(str_from(name)))
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
			read_default_agent(r, p->value);
		else if (!str_is(p->key, "parallel"))
			unknown_key(r, p, known);
		else if (!yaml_read_uint(p->value, 256, r->errors, &r->c->parallel))
			return;
	}
}

static int report(const struct config *c, const struct flow_errors *errors, struct err *err)
{
	char text[sizeof(err->why)] = "";
	size_t n = 0;

	for (size_t i = 0; i < errors->n && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s:%u:%u: %s", i ? "\n" : "",
		    c->file, errors->v[i].at.line, errors->v[i].at.column, errors->v[i].message);
	err_set(err, -EINVAL, "the configuration has errors");
	err_why(err, "%s", text);
	err_fix(err, "edit %s", c->file);
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

/* It names programs and places of keys, so nobody else may write to it. */
static int check_writers(const char *file, struct err *err)
{
	struct stat st;

	if (stat(file, &st) < 0)
		return err_set(err, -errno, "cannot look at %s: %s", file, err_name(-errno));
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		err_set(err, -EPERM, "the configuration %s belongs to somebody else", file);
		return err_fix(err, "chown %u %s", (unsigned)geteuid(), file);
	}
	if (st.st_mode & 022) {
		err_set(err, -EPERM, "others may write to the configuration %s", file);
		return err_fix(err, "chmod go-w %s", file);
	}
	return 0;
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
	rc = check_writers(file, err);
	if (rc || says_nothing(text))
		return rc;
	root = yaml_parse(a, file, text, &errors);
	if (root)
		read_all(&r, root);
	return errors.n ? report(ret, &errors, err) : 0;
}
