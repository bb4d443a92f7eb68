#include "worker/programs.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"

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
	char *real = realpath(path, NULL);
	char *out = arena_cstr(a, str_from(real ? real : path));

	free(real);
	return out;
}

static char *parent_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_cstr(a, (struct str){ path, slash ? (size_t)(slash - path) : 0 });
}

/* Version out of the package.json beside or above the program, without running anything. */
static const char *package_version(struct arena *a, const char *program)
{
	char *dir = parent_of(a, program);

	for (int up = 0; up < 3 && *dir; up++, dir = parent_of(a, dir)) {
		struct str text;

		if (fs_read(a, fs_join(a, dir, "package.json"), PACKAGE_MAX, &text) < 0)
			continue;
		json_t *doc = json_parse(text, NULL);
		const char *version = arena_cstr(a, str_from(json_get_cstr(doc, "version", "")));

		json_decref(doc);
		return version;
	}
	return "";
}

/* npm's launcher script stands beside the program proper. */
static char *main_script(struct arena *a, char *path)
{
	char *cli = fs_join(a, parent_of(a, path), "cli.js");

	return fs_exists(cli) ? cli : path;
}

static void find_node(struct arena *a, const struct program_hint *hint, struct program *p)
{
	const char *node = hint && hint->node ? hint->node : fs_which(a, "node");

	if (node && access(node, X_OK) == 0) {
		p->interpreter = resolve(a, node);
		return;
	}
	p->status =
	    err_set(&p->err, -ENOENT, "agent \"%s\" needs Node, and there is none", p->ops->name);
	err_fix(&p->err, "install Node %d or newer", NODE_LEAST);
}

static void find_other(struct arena *a, const struct program_hint *hint, struct program *p)
{
	char *found =
	    hint && hint->path ? arena_cstr(a, str_from(hint->path)) : fs_which(a, p->ops->name);

	if (!found || access(found, R_OK) < 0) {
		p->status = err_set(&p->err, -ENOENT, "agent \"%s\" was not found", p->ops->name);
		err_why(
		    &p->err, found ? "cannot read %s" : "it is not in PATH%s", found ? found : "");
		p->ops->admit("", &p->err); /* knows the command that installs it */
		return;
	}
	p->path = resolve(a, found);
	if (p->ops->needs_interpreter) {
		p->path = main_script(a, resolve(a, found));
		find_node(a, hint, p);
		if (p->status)
			return;
	}
	p->version = package_version(a, p->path);
	p->status = p->ops->admit(p->version, &p->err);
}

void programs_find(struct arena *a, const char *self, const struct program_hint *hints,
    size_t n_hints, struct programs *ret)
{
	const struct adapter_ops *const *all = adapter_all();
	size_t n = 0;

	while (all[n])
		n++;
	ret->v = arena_array(a, n, sizeof(*ret->v));
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		struct program *p = &ret->v[i];

		*p = (struct program){ .ops = all[i], .version = "" };
		if (all[i] == &adapter_native) {
			p->path = self;
			p->version = TUTTI_VERSION;
		} else {
			find_other(a, hint_for(hints, n_hints, all[i]->name), p);
		}
	}
}

const struct program *programs_get(const struct programs *p, struct str name)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_is(name, p->v[i].ops->name))
			return &p->v[i];
	return NULL;
}
