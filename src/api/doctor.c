#include "api/doctor.h"

#include "base/json.h"
#include "store/store.h"
#include "sys/fs.h"

#include <sys/stat.h>

bool doctor_ready(const struct doctor *d)
{
	return d->fence && d->agents > 0;
}

void doctor_add(struct doctor *d, const char *group, bool ok, const char *text, const char *fix)
{
	if (d->n < sizeof(d->lines) / sizeof(d->lines[0]))
		d->lines[d->n++] = (struct doctor_line){ group, text, fix, ok };
}

void doctor_repo(struct doctor *d, const char *repo, const struct err *err)
{
	if (!repo)
		doctor_add(
		    d, "Repository", false, arena_printf(d->a, "%s", err->what), "--repo DIR");
	else
		doctor_add(d, "Repository", true,
		    arena_printf(d->a, "%s%s", repo,
			fs_exists(fs_join(d->a, repo, ".git")) ? "" : " (a plain directory)"),
		    NULL);
}

/* "memory, pids and cpu" */
static const char *controllers_of(struct arena *a, const json_t *cgroup)
{
	const json_t *list = json_get_array(cgroup, "controllers"), *one;
	const char *text = "without controllers";
	size_t i, n = json_array_size(list);

	json_array_foreach (list, i, one)
		text = !i ? arena_printf(a, "with %s", json_string_value(one))
			  : arena_printf(a, "%s%s%s", text, i + 1 < n ? ", " : " and ",
				json_string_value(one));
	return text;
}

/* Good to have, and nothing that anybody has to have: never a reason not to be ready. */
static void add_cgroup(struct doctor *d, const json_t *doc)
{
	const json_t *cgroup = json_get_object(doc, "cgroup");
	bool used = json_get_bool(cgroup, "used", false);
	const char *why = json_get_cstr(cgroup, "why", "");
	const char *user = json_get_bool(doc, "root", false) ? "" : "--user ";

	if (cgroup)
		doctor_add(d, "Isolation", true,
		    arena_printf(d->a, "cgroup v2: %s%s%s",
			used ? controllers_of(d->a, cgroup) : "not used", why[0] ? ": " : "", why),
		    used ? NULL
			 : arena_printf(d->a,
			       "systemd-run %s--scope -p Delegate=yes tutti \xe2\x80\xa6", user));
}

void doctor_fence(struct doctor *d, const json_t *probe, enum fence_mode mode)
{
	json_t *one;
	size_t i;

	d->fence = mode != FENCE_NONE;
	doctor_add(d, "Isolation", d->fence,
	    arena_printf(d->a, "mode %s, kernel %s, Landlock ABI %lld",
		json_get_cstr(probe, "mode", "?"), json_get_cstr(probe, "kernel", "?"),
		json_get_int(probe, "landlock_abi", 0)),
	    d->fence ? NULL : "tutti help read-only");
	json_array_foreach (json_get_array(probe, "modes"), i, one)
		if (!json_get_bool(one, "ok", true))
			doctor_add(d, "Isolation", false,
			    arena_printf(d->a, "mode %s: %s", json_get_cstr(one, "mode", ""),
				json_get_cstr(one, "why", "")),
			    NULL);
	json_array_foreach (json_get_array(probe, "fix"), i, one)
		doctor_add(
		    d, "Isolation", false, "", arena_cstr(d->a, str_from(json_string_value(one))));
	if (d->fence)
		add_cgroup(d, probe);
}

void doctor_agents(struct doctor *d, const struct programs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct program *one = &p->v[i];

		d->agents += one->status == 0;
		doctor_add(d, "Agents", one->status == 0,
		    one->status ? arena_printf(d->a, "%s: %s%s%s", one->ops->name, one->err.what,
				      one->err.why[0] ? ": " : "", one->err.why)
				: arena_printf(d->a, "%s %s%s%s", one->ops->name, one->version,
				      one->node ? ", by Node " : "", one->node ? one->node : ""),
		    one->status ? arena_cstr(d->a, str_from(one->err.fix)) : NULL);
	}
}

void doctor_models(struct doctor *d, const struct upstream_config *upstream)
{
	struct upstream_config u = *upstream;
	struct err err = { 0 };
	json_t *tried = NULL, *ids;

	if (!u.url && upstream_discover(d->a, &u, &tried) < 0) {
		doctor_add(d, "Models", false, "no model server was found",
		    "ollama serve, or OPENAI_BASE_URL=…, or --model rehearsal to see how it works");
		json_decref(tried);
		return;
	}
	json_decref(tried);
	ids = upstream_models(&u, &err);
	doctor_add(d, "Models", ids != NULL,
	    ids ? arena_printf(d->a, "%s  %zu models, default \"%s\"", u.url, json_array_size(ids),
		      u.model && u.model[0]  ? u.model
		      : json_array_size(ids) ? json_string_value(json_array_get(ids, 0))
					     : "")
		: arena_printf(d->a, "%s: %s", err.what, err.why),
	    ids ? NULL : "start it, or check its address and key");
	json_decref(ids);
}

void doctor_store(struct doctor *d, const char *data, const struct err *err)
{
	struct stat st;

	if (!data) {
		doctor_add(d, "Store", false, arena_printf(d->a, "%s", err->what),
		    arena_printf(d->a, "%s", err->fix));
		return;
	}
	long owner = store_owner(data);
	const char *db = fs_join(d->a, data, "tutti.db");
	long long kib = stat(db, &st) == 0 ? (long long)st.st_size / 1024 : 0;

	doctor_add(d, "Store", true,
	    owner ? arena_printf(d->a, "%s  %lld KiB, in use by process %ld", db, kib, owner)
		  : arena_printf(d->a, "%s  %lld KiB", db, kib),
	    NULL);
}

json_t *doctor_json(const struct doctor *d)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(
		    lines, json_pack("{s:s, s:b, s:o, s:o}", "group", d->lines[i].group, "ok",
			       d->lines[i].ok, "text", json_cstr(d->lines[i].text), "fix",
			       json_cstr(d->lines[i].fix ? d->lines[i].fix : "")));
	return json_pack(
	    "{s:b, s:i, s:o}", "ready", doctor_ready(d), "agents", (int)d->agents, "checks", lines);
}
