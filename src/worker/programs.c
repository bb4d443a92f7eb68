#include "worker/programs.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"
#include "worker/probe.h"

#include <stdlib.h>
#include <unistd.h>

#define PACKAGE_MAX MIB(1)
#define NODE_LEAST 22

static const struct program_hint *hint_for(
    const struct program_hint *hints, size_t n, const char *agent)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(hints[i].agent, agent) == 0)
			return &hints[i];
	return NULL;
}

/* Where PATH finally leads, without links; the name itself when it leads nowhere. */
static char *resolve(struct arena *a, const char *path)
{
	char *real = fs_real(path);
	char *out = arena_cstr(a, str_from(real ? real : path));

	free(real);
	return out;
}

static char *parent_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_cstr(a, (struct str){ path, slash ? (size_t)(slash - path) : 0 });
}

/* The package.json that PROGRAM belongs to, or NULL; *DIR: where it stands. */
static json_t *package_of(struct arena *a, const char *program, char **dir)
{
	*dir = parent_of(a, program);
	for (int up = 0; up < 3 && **dir; up++, *dir = parent_of(a, *dir)) {
		struct str text;

		if (fs_read(a, fs_join(a, *dir, "package.json"), PACKAGE_MAX, &text) == 0)
			return json_parse(text, NULL);
	}
	return NULL;
}

/* The node_modules that holds package NAME, whose directory is DIR. */
static char *modules_of(struct arena *a, char *dir, const char *name)
{
	for (; name; name = strchr(name, '/')) {
		name += *name == '/';
		dir = parent_of(a, dir);
	}
	return dir;
}

/* The first of the package's executables that is there: beside the package, or within it. */
static char *find_executable(struct arena *a, char *dir, const struct agent_package *package)
{
	char *tops[] = { modules_of(a, dir, package->name), fs_join(a, dir, "node_modules") };

	for (const char *const *e = package->executables; *e; e++)
		for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
			char *path = fs_join(a, tops[i], *e);

			if (access(path, X_OK) == 0)
				return resolve(a, path);
		}
	return NULL;
}

/* npm's launcher script belongs to a package; what is started is the program proper. */
static void use_package(struct arena *a, struct program *p, char *dir, const json_t *doc)
{
	const struct agent_package *package = p->ops->package;
	char *proper =
	    package->script ? fs_join(a, dir, package->script) : find_executable(a, dir, package);

	p->version = arena_cstr(a, str_from(json_get_cstr(doc, "version", "")));
	if (proper && fs_exists(proper)) {
		p->path = proper;
		return;
	}
	p->status = err_set(&p->err, -ENOENT, "agent \"%s\" is not complete", p->ops->name);
	err_why(&p->err, "%s has no program for this machine", dir);
	err_fix(
	    &p->err, "npm install -g --include=optional %s@%s", package->name, package->version);
}

/* A program by itself says its version; a script without its package cannot be told from others. */
static void use_alone(struct probe *probe, struct program *p)
{
	const struct adapter_ops *ops = p->ops;

	if (ops->package->executables && ops->version_arg)
		p->status = probe_version(probe, p->path, ops->version_arg, &p->version, &p->err);
	else
		p->status = err_set(&p->err, -ENOENT, "agent \"%s\" was not found", ops->name);
	if (!p->status)
		return;
	if (!p->err.why[0])
		err_why(&p->err, "%s is not in the npm package %s", p->path, ops->package->name);
	p->version = "";
}

static void find_version(struct arena *a, struct probe *probe, struct program *p)
{
	char *dir;
	json_t *doc = package_of(a, p->path, &dir);

	if (strcmp(json_get_cstr(doc, "name", ""), p->ops->package->name) == 0)
		use_package(a, p, dir, doc);
	else
		use_alone(probe, p);
	json_decref(doc);
	if (!p->status)
		p->status = adapter_admit(p->ops, p->version, &p->err);
	else if (!p->err.fix[0])
		adapter_admit(p->ops, "", &p->err); /* knows the command that installs it */
}

static void check_node(struct probe *probe, struct program *p)
{
	p->status = probe_version(probe, p->interpreter, "--version", &p->node, &p->err);
	if (!p->status && strtoul(p->node, NULL, 10) >= NODE_LEAST)
		return;
	if (!p->status) {
		p->status = err_set(&p->err, -ENOTSUP, "agent \"%s\" needs Node %d or newer",
		    p->ops->name, NODE_LEAST);
		err_why(&p->err, "%s is version %s", p->interpreter, p->node);
	}
	err_fix(&p->err,
	    "install Node %d or newer, or name one in config.yaml: agents: {%s: "
	    "{node: /path/to/node}}",
	    NODE_LEAST, p->ops->name);
}

static void find_node(
    struct arena *a, struct probe *probe, const struct program_hint *hint, struct program *p)
{
	const char *node = hint && hint->node ? hint->node : fs_which(a, "node");

	p->interpreter_found = !(hint && hint->node);
	if (node && access(node, X_OK) == 0) {
		p->interpreter = resolve(a, node);
		check_node(probe, p);
		return;
	}
	p->status =
	    err_set(&p->err, -ENOENT, "agent \"%s\" needs Node, and there is none", p->ops->name);
	if (node)
		err_why(&p->err, "cannot execute %s", node);
	err_fix(&p->err, "install Node %d or newer", NODE_LEAST);
}

static void find_other(
    struct arena *a, struct probe *probe, const struct program_hint *hint, struct program *p)
{
	const char *command = p->ops->command ? p->ops->command : p->ops->name;
	char *found =
	    hint && hint->path ? arena_cstr(a, str_from(hint->path)) : fs_which(a, command);

	p->path_found = !(hint && hint->path);
	if (!found || access(found, R_OK) < 0) {
		p->status = err_set(&p->err, -ENOENT, "agent \"%s\" was not found", p->ops->name);
		err_why(
		    &p->err, found ? "cannot read %s" : "it is not in PATH%s", found ? found : "");
		adapter_admit(p->ops, "", &p->err); /* knows the command that installs it */
		return;
	}
	p->path = resolve(a, found);
	find_version(a, probe, p);
	if (!p->status && p->ops->package->script)
		find_node(a, probe, hint, p);
}

void programs_find(struct arena *a, const struct programs_spec *spec, struct programs *ret)
{
	const struct adapter_ops *const *all = adapter_all();
	struct probe probe;
	size_t n = 0;

	while (all[n])
		n++;
	ret->v = arena_array(a, n + spec->n_hints, sizeof(*ret->v));
	ret->n = n;
	probe_open(&probe, a, spec->sandbox, spec->kept);
	for (size_t i = 0; i < n; i++) {
		struct program *p = &ret->v[i];
		const struct program_hint *hint =
		    hint_for(spec->hints, spec->n_hints, all[i]->name);

		*p = (struct program){ .ops = all[i], .version = "" };
		if (hint && hint->acp)
			p->ops = all[i]->acp;
		if (all[i] == &adapter_native) {
			p->path = spec->self;
			p->version = TUTTI_VERSION;
		} else {
			find_other(a, &probe, hint, p);
		}
	}
	for (size_t i = 0; i < spec->n_hints; i++)
		if (spec->hints[i].described)
			program_described(a, spec->hints[i].described, &ret->v[ret->n++]);
	probe_close(&probe);
}

const struct program *programs_get(const struct programs *p, struct str name)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_is(name, p->v[i].ops->name))
			return &p->v[i];
	return NULL;
}

char *programs_names(struct arena *a, const struct programs *p)
{
	char *names = arena_cstr(a, (struct str){ "", 0 });

	for (size_t i = 0; i < p->n; i++)
		names = arena_printf(a, "%s%s%s", names, i ? ", " : "", p->v[i].ops->name);
	return names;
}
