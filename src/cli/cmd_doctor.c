/* What this machine has and lacks, with what to do about it. */
#include "cli/house.h"

#include "api/doctor.h"
#include "base/limits.h"
#include "cli/paths.h"

#include <unistd.h>

/* --- saying
 * ---------------------------------------------------------------------------------------------- */

static int code_of(const struct doctor *d)
{
	return !d->fence ? EXIT_NO_FENCE : doctor_ready(d) ? EXIT_DONE : EXIT_NOT_READY;
}

static int print_lines(const struct globals *g, const struct doctor *d)
{
	bool ready = doctor_ready(d);
	struct term t;
	struct buf b;
	const char *group = "";

	term_init(&t, STDOUT_FILENO, g->color);
	buf_init(&b, MIB(1));
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_line *l = &d->lines[i];

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
	int code = cli_print(buf_str(&b), code_of(d));

	buf_fini(&b);
	return code;
}

/* --- looking
 * --------------------------------------------------------------------------------------------- */

static void look_at_repo(struct doctor *d, const struct globals *g)
{
	struct err err = { 0 };
	char *repo;

	doctor_repo(d, paths_repo(d->a, g->repo, &repo, &err) < 0 ? NULL : repo, &err);
}

static void look_at_store(struct doctor *d, const struct globals *g)
{
	struct err err = { 0 };
	char *data;

	doctor_store(d, paths_data(d->a, g->data, &data, &err) < 0 ? NULL : data, &err);
}

static void look_at_fence(struct doctor *d, struct sandbox *sb)
{
	enum fence_mode mode;
	json_t *probe = sandbox_probe(sb, &mode);

	doctor_fence(d, probe, mode);
	json_decref(probe);
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	struct doctor *d = arena_new(a, struct doctor);
	struct sandbox *sb = NULL;
	struct programs programs;
	struct config config;
	struct err err = { 0 };
	const char *self;

	(void)values;
	(void)words;
	(void)n;
	d->a = a;
	if (sandbox_start(&sb, &err) < 0 || paths_behind(a, &self, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	look_at_repo(d, g);
	look_at_fence(d, sb);
	if (config_load(a, &config, &err) < 0)
		doctor_add(d, "Settings", false, arena_printf(a, "%s: %s", err.what, err.why),
		    arena_printf(a, "%s", err.fix));
	else if (config.file)
		doctor_add(d, "Settings", true, config.file, NULL);
	house_programs(a, g, &config, sb, self, &programs);
	doctor_agents(d, &programs);
	sandbox_stop(sb);
	doctor_models(d, &config.upstream);
	look_at_store(d, g);
	return g->json ? cli_print_json(doctor_json(d), code_of(d)) : print_lines(g, d);
}

const struct cmd cmd_doctor = { "doctor", "doctor", "what this machine has and lacks for runs",
	NULL, NULL, run, 0, false };
