/* What this machine has and lacks, with what to do about it. */
#include "cli/house.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/paths.h"
#include "sys/fs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct line {
	const char *group, *text, *fix;
	bool ok;
};

struct doctor {
	struct arena *a;
	const struct globals *g;
	struct line lines[64];
	size_t n;
	unsigned agents;
	bool fence;
};

static void add(struct doctor *d, const char *group, bool ok, const char *text, const char *fix)
{
	if (d->n < sizeof(d->lines) / sizeof(d->lines[0]))
		d->lines[d->n++] = (struct line){ group, text, fix, ok };
}

static void look_at_repo(struct doctor *d)
{
	struct err err = { 0 };
	char *repo;

	if (paths_repo(d->a, d->g->repo, &repo, &err) < 0)
		add(d, "Repository", false, arena_printf(d->a, "%s", err.what), "--repo DIR");
	else
		add(d, "Repository", true,
		    arena_printf(d->a, "%s%s", repo,
			fs_exists(fs_join(d->a, repo, ".git")) ? "" : " (a plain directory)"),
		    NULL);
}

static void look_at_fence(struct doctor *d, struct sandbox *sb)
{
	enum fence_mode mode;
	json_t *doc = sandbox_probe(sb, &mode), *one;
	size_t i;

	d->fence = mode != FENCE_NONE;
	add(d, "Isolation", d->fence,
	    arena_printf(d->a, "mode %s, kernel %s, Landlock ABI %lld",
		json_get_cstr(doc, "mode", "?"), json_get_cstr(doc, "kernel", "?"),
		json_get_int(doc, "landlock_abi", 0)),
	    d->fence ? NULL : "tutti help read-only");
	json_array_foreach (json_get_array(doc, "modes"), i, one)
		if (!json_get_bool(one, "ok", true))
			add(d, "Isolation", false,
			    arena_printf(d->a, "mode %s: %s", json_get_cstr(one, "mode", ""),
				json_get_cstr(one, "why", "")),
			    NULL);
	json_array_foreach (json_get_array(doc, "fix"), i, one)
		add(d, "Isolation", false, "", arena_cstr(d->a, str_from(json_string_value(one))));
	json_decref(doc);
}

static void look_at_agents(
    struct doctor *d, const struct config *c, struct sandbox *sb, const char *self)
{
	struct programs p;

	house_programs(d->a, d->g, c, sb, self, &p);
	for (size_t i = 0; i < p.n; i++) {
		const struct program *one = &p.v[i];

		d->agents += one->status == 0;
		add(d, "Agents", one->status == 0,
		    one->status ? arena_printf(d->a, "%s: %s%s%s", one->ops->name, one->err.what,
				      one->err.why[0] ? ": " : "", one->err.why)
				: arena_printf(d->a, "%s %s%s%s", one->ops->name, one->version,
				      one->node ? ", by Node " : "", one->node ? one->node : ""),
		    one->status ? arena_cstr(d->a, str_from(one->err.fix)) : NULL);
	}
}

static void look_at_models(struct doctor *d, const struct config *c)
{
	struct upstream_config u = c->upstream;
	struct err err = { 0 };
	json_t *tried = NULL, *ids;

	if (!u.url && upstream_discover(d->a, &u, &tried) < 0) {
		add(d, "Models", false, "no model server was found",
		    "ollama serve, or OPENAI_BASE_URL=…, or --model rehearsal to see how it works");
		json_decref(tried);
		return;
	}
	json_decref(tried);
	ids = upstream_models(&u, &err);
	add(d, "Models", ids != NULL,
	    ids ? arena_printf(d->a, "%s  %zu models, default \"%s\"", u.url, json_array_size(ids),
		      u.model && u.model[0]  ? u.model
		      : json_array_size(ids) ? json_string_value(json_array_get(ids, 0))
					     : "")
		: arena_printf(d->a, "%s: %s", err.what, err.why),
	    ids ? NULL : "start it, or check its address and key");
}

static void look_at_store(struct doctor *d)
{
	struct err err = { 0 };
	struct stat st;
	char *data;

	if (paths_data(d->a, d->g->data, &data, &err) < 0) {
		add(d, "Store", false, arena_printf(d->a, "%s", err.what),
		    arena_printf(d->a, "%s", err.fix));
		return;
	}
	long owner = store_owner(data);
	const char *db = fs_join(d->a, data, "tutti.db");
	long long kib = stat(db, &st) == 0 ? (long long)st.st_size / 1024 : 0;

	add(d, "Store", true,
	    owner ? arena_printf(d->a, "%s  %lld KiB, in use by process %ld", db, kib, owner)
		  : arena_printf(d->a, "%s  %lld KiB", db, kib),
	    NULL);
}

/* --- saying
 * ---------------------------------------------------------------------------------------------- */

static int code_of(const struct doctor *d, bool ready)
{
	return !d->fence ? EXIT_NO_FENCE : ready ? EXIT_DONE : EXIT_NOT_READY;
}

static int print_lines(struct doctor *d, bool ready)
{
	struct term t;
	struct buf b;
	const char *group = "";

	term_init(&t, STDOUT_FILENO, d->g->color);
	buf_init(&b, MIB(1));
	for (size_t i = 0; i < d->n; i++) {
		const struct line *l = &d->lines[i];

		term_addf(&b, &t, STYLE_BOLD, "%-12s ", strcmp(l->group, group) ? l->group : "");
		term_add(&b, &t, l->ok ? STYLE_GOOD : STYLE_BAD,
		    str_from(l->ok ? term_glyph(&t, "\xe2\x9c\x93", "+")
				   : term_glyph(&t, "\xe2\x9c\x97", "x")));
		term_addf(&b, &t, STYLE_PLAIN, " %s", l->text);
		if (l->fix && l->fix[0])
			term_addf(&b, &t, STYLE_WARN, "%sfix: %s", l->text[0] ? "   " : "", l->fix);
		buf_addc(&b, '\n');
		group = l->group;
	}
	term_addf(&b, &t, ready ? STYLE_GOOD : STYLE_BAD,
	    ready ? "Ready: %u agent%s. " : "Not ready: %u agent%s. ", d->agents,
	    d->agents == 1 ? "" : "s");
	term_addf(&b, &t, STYLE_PLAIN, "Try: tutti run architectural-analysis \"…\"%s",
	    ready ? "" : " --model rehearsal");
	buf_addc(&b, '\n');
	int code = cli_print(buf_str(&b), code_of(d, ready));

	buf_fini(&b);
	return code;
}

static int print_json(struct doctor *d, bool ready)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(
		    lines, json_pack("{s:s, s:b, s:o, s:o}", "group", d->lines[i].group, "ok",
			       d->lines[i].ok, "text", json_cstr(d->lines[i].text), "fix",
			       json_cstr(d->lines[i].fix ? d->lines[i].fix : "")));
	return cli_print_json(
	    json_pack("{s:b, s:i, s:o}", "ready", ready, "agents", (int)d->agents, "checks", lines),
	    code_of(d, ready));
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	struct doctor *d = arena_new(a, struct doctor);
	struct sandbox *sb = NULL;
	struct config config;
	struct err err = { 0 };
	const char *self;

	(void)values;
	(void)words;
	(void)n;
	d->a = a;
	d->g = g;
	if (sandbox_start(&sb, &err) < 0 || paths_behind(a, &self, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	look_at_repo(d);
	look_at_fence(d, sb);
	if (config_load(a, &config, &err) < 0)
		add(d, "Settings", false, arena_printf(a, "%s: %s", err.what, err.why),
		    arena_printf(a, "%s", err.fix));
	else if (config.file)
		add(d, "Settings", true, config.file, NULL);
	look_at_agents(d, &config, sb, self);
	sandbox_stop(sb);
	look_at_models(d, &config);
	look_at_store(d);
	bool ready = d->fence && d->agents > 0;

	return g->json ? print_json(d, ready) : print_lines(d, ready);
}

const struct cmd cmd_doctor = { "doctor", "doctor", "what this machine has and lacks for runs",
	NULL, NULL, run, 0, false };
