/* The roles that agents play: which there are, where each comes from, and writing one's own. */
#include "cli/cli.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/paths.h"
#include "cli/starter.h"
#include "flow/persona.h"
#include "sys/fs.h"

#include <stdio.h>
#include <unistd.h>

/* --- list ---------------------------------------------------------------------------------- */

/* A persona of the repository belongs to the flows that use it; these are the trusted ones. */
static json_t *users_of(struct definitions *d, const struct library_text *t)
{
	json_t *all = json_array();
	struct library_text *used;

	for (size_t i = 0; i < d->n_flows; i++) {
		size_t n =
		    d->flows[i].trusted ? library_uses(d->whole, d->a, d->flows[i].name, &used) : 0;

		for (size_t k = 0; k < n; k++)
			if (used[k].kind == TEXT_PERSONA && strcmp(used[k].file, t->file) == 0)
				json_array_append_new(all, json_text(d->flows[i].name));
	}
	return all;
}

static json_t *persona_json(struct definitions *d, const struct library_text *t, bool own)
{
	json_t *doc = json_pack("{s:o, s:o, s:s, s:o, s:b}", "name", json_text(t->name), "title",
	    json_text(t->persona ? t->persona->title : STR("")), "origin", t->origin, "file",
	    json_cstr(t->file), "valid", t->errors == NULL);

	json_object_set_new(doc, "temperature",
	    t->persona && t->persona->temperature >= 0 ? json_real(t->persona->temperature)
						       : json_null());
	if (t->errors)
		json_object_set_new(doc, "error",
		    json_cstr(arena_printf(d->a, "%u:%u: %s", t->errors->v[0].at.line,
			t->errors->v[0].at.column, t->errors->v[0].message)));
	json_t *users = own ? users_of(d, t) : NULL;

	json_object_set_new(doc, "trusted", json_boolean(!own || json_array_size(users)));
	if (own)
		json_object_set_new(doc, "used_by", users);
	return doc;
}

/* Those of LIB that stand for their names, and the broken ones; OWN: of the repository's only. */
static void add_those(struct definitions *d, const struct library *lib, bool own, json_t *all)
{
	struct library_text t;

	for (size_t i = 0; lib && i < library_texts(lib); i++) {
		library_text_at(lib, i, &t);
		if (t.kind != TEXT_PERSONA || !(t.wins || t.errors))
			continue;
		if (!own || strcmp(t.origin, "repository") == 0)
			json_array_append_new(all, persona_json(d, &t, own));
	}
}

static void add_state(struct buf *b, const struct term *t, const json_t *p)
{
	const json_t *users = json_get_array(p, "used_by"), *user;
	size_t i;

	if (!json_get_bool(p, "valid", false)) {
		term_addf(b, t, STYLE_BAD, "  has errors: %s", json_get_cstr(p, "error", ""));
		return;
	}
	if (!json_get_bool(p, "trusted", true))
		term_addf(b, t, STYLE_WARN, "  no flow that is trusted uses it");
	json_array_foreach (users, i, user)
		term_addf(
		    b, t, STYLE_DIM, "%s%s", i ? ", " : "  only in ", json_string_value(user));
}

static void add_persona(struct buf *b, const struct term *t, const json_t *p)
{
	const char *origin = json_get_cstr(p, "origin", "");

	term_addf(b, t, STYLE_BOLD, "%-30s ", json_get_cstr(p, "name", ""));
	term_addf(b, t, STYLE_PLAIN, "%-30s ", json_get_cstr(p, "title", ""));
	term_addf(b, t, STYLE_DIM, "%s", origin);
	if (strcmp(origin, "built in") != 0)
		term_addf(b, t, STYLE_DIM, "  %s", json_get_cstr(p, "file", ""));
	add_state(b, t, p);
	buf_addc(b, '\n');
}

static int list(const struct globals *g, struct definitions *d)
{
	json_t *all = json_array(), *p;
	struct term t;
	struct buf b;
	size_t i;

	definitions_read(d);
	add_those(d, d->base, false, all);
	add_those(d, d->whole, true, all);
	if (g->json)
		return cli_print_json(json_pack("{s:o}", "personas", all), EXIT_DONE);
	term_init(&t, STDOUT_FILENO, g->color);
	buf_init(&b, MIB(4));
	json_array_foreach (all, i, p)
		add_persona(&b, &t, p);
	int code = cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	json_decref(all);
	return code;
}

/* --- show ---------------------------------------------------------------------------------- */

static int no_such(const struct globals *g, const struct library *lib, struct str name)
{
	struct err err = { 0 };
	struct library_text t;
	unsigned best = 4;
	char near[STEP_ID_MAX + 1] = "";

	for (size_t i = 0; i < library_texts(lib); i++) {
		library_text_at(lib, i, &t);
		if (t.kind != TEXT_PERSONA || str_distance(t.name, name) >= best)
			continue;
		best = str_distance(t.name, name);
		snprintf(near, sizeof(near), "%.*s", STR_ARG(t.name));
	}
	err_set(&err, -ENOENT, "no persona is called '%.*s'", STR_ARG(str_take(name, 64)));
	err_fix(&err, "%s%s%stutti personas list", near[0] ? "did you mean " : "", near,
	    near[0] ? "?\n" : "");
	return cli_fail(g, &err, EXIT_NOT_FOUND);
}

/* Those that a built-in or user's flow gets; a repository's are read in its flows. */
static int show(const struct globals *g, struct definitions *d, struct str name)
{
	const struct persona *p = library_persona(d->base, name);
	struct buf b;

	if (!p)
		return no_such(g, d->base, name);
	if (g->json)
		return cli_print_json(
		    json_pack("{s:o, s:o, s:s, s:o, s:o}", "name", json_text(p->name), "title",
			json_text(p->title), "origin", p->origin, "file", json_cstr(p->file),
			"text", json_text(p->body)),
		    EXIT_DONE);
	buf_init(&b, MIB(1));
	buf_add_terminal(&b, p->body);
	buf_addc(&b, '\n');
	int code = cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	return code;
}

/* --- validate ------------------------------------------------------------------------------ */

static void check_file(struct arena *a, const char *file, struct flow_errors *errors)
{
	struct persona p;
	struct str text;
	int rc = fs_read(a, file, PERSONA_FILE_MAX, &text);

	if (rc == 0 && persona_parse(a, file, text, &p, errors) <= 0)
		return; /* what is wrong with it stands in ERRORS */
	*errors = (struct flow_errors){ .arena = a, .n = 1 };
	errors->v[0] = (struct flow_error){ { file, 1, 1 },
		rc == -E2BIG ? arena_printf(a, "a persona is at most %zu bytes", PERSONA_FILE_MAX)
			     : arena_printf(a, "cannot be read: %s", err_name(rc)) };
}

static int validate(struct arena *a, const struct globals *g, const char **files, size_t n)
{
	json_t *all = json_array();
	struct buf b;

	buf_init(&b, MIB(16));
	for (size_t i = 0; i < n; i++) {
		struct flow_errors errors;

		check_file(a, files[i], &errors);
		for (size_t k = 0; k < errors.n; k++) {
			const struct flow_error *e = &errors.v[k];

			buf_printf(
			    &b, "%s:%u:%u: %s\n", files[i], e->at.line, e->at.column, e->message);
			json_array_append_new(
			    all, json_pack("{s:o, s:i, s:i, s:o}", "file", json_cstr(files[i]),
				     "line", (int)e->at.line, "column", (int)e->at.column,
				     "message", json_cstr(e->message)));
		}
	}
	int code = b.n ? EXIT_INVALID : EXIT_DONE;

	if (g->json)
		code = cli_print_json(json_pack("{s:b, s:O}", "valid", !b.n, "errors", all), code);
	else if (b.n)
		term_write(STDERR_FILENO, buf_str(&b));
	else
		code = cli_print(STR("valid\n"), code);
	json_decref(all);
	buf_fini(&b);
	return code;
}

/* --- dispatch ------------------------------------------------------------------------------ */

static int wrong(const struct globals *g, const char *what)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "%s", what);
	err_fix(&err, "tutti personas list\ntutti personas show NAME\n"
		      "tutti personas validate FILE…\ntutti personas new NAME");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int look(struct arena *a, const struct globals *g, const char *name)
{
	struct definitions d;
	struct err err = { 0 };
	int code;

	if (cli_definitions(&d, a, g, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	code = name ? show(g, &d, str_from(name)) : list(g, &d);
	definitions_close(&d);
	return code;
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const char *verb = n ? words[0] : "list";

	(void)values;
	if (strcmp(verb, "list") == 0)
		return n < 2 ? look(a, g, NULL) : wrong(g, "list takes no name");
	if (strcmp(verb, "show") == 0)
		return n == 2 ? look(a, g, words[1]) : wrong(g, "which persona?");
	if (strcmp(verb, "validate") == 0)
		return n > 1 ? validate(a, g, words + 1, n - 1) : wrong(g, "which file?");
	if (strcmp(verb, "new") == 0)
		return n == 2 ? starter_persona(a, g, words[1]) : wrong(g, "which name?");
	return wrong(g, "personas does not know that");
}

static const char *const examples[] = { "tutti personas list",
	"tutti personas show adversarial-validator", "tutti personas new our-reviewer", NULL };

const struct cmd cmd_personas = { "personas",
	"personas list | show NAME | validate FILE… | new NAME",
	"the roles that agents play, and writing your own", NULL, examples, run, 0, false };
