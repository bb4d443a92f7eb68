#include "cli/cli.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/flowtext.h"
#include "cli/paths.h"
#include "sys/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct flows_opts {
	bool expanded, markdown;
};

static const struct opt opts[] = {
	{ "expanded", 0, OPT_FLAG, NULL, "What", "show: the plain steps that a spine stands for",
	    offsetof(struct flows_opts, expanded) },
	{ "markdown", 0, OPT_FLAG, NULL, "What", "list: a table in Markdown, as in README.md",
	    offsetof(struct flows_opts, markdown) },
	{ 0 },
};

/* --- list
 * -------------------------------------------------------------------------------------------- */

static json_t *inputs_json(const struct flow *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_inputs; i++) {
		const struct flow_input *in = &f->inputs[i];

		json_array_append_new(list,
		    json_pack("{s:o, s:o, s:o, s:o, s:b}", "name", json_text(in->name), "label",
			json_text(in->label), "placeholder", json_text(in->placeholder), "type",
			json_text(in->type), "required", in->required));
	}
	return list;
}

static json_t *names_json(const struct strs *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(list, json_text(names->v[i]));
	return list;
}

/* What list and show have in common. */
static void add_about(json_t *doc, const struct flow *f)
{
	json_object_update_new(doc,
	    json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:{s:i, s:i, s:i}}", "title",
		json_text(f->title), "summary", json_text(f->summary), "when_to_use",
		json_text(f->when_to_use), "category", flow_category_name(f->category), "inputs",
		inputs_json(f), "next", names_json(&f->next), "agents", "small",
		(int)flowtext_agents(f, SIZE_SMALL), "medium", (int)flowtext_agents(f, SIZE_MEDIUM),
		"large", (int)flowtext_agents(f, SIZE_LARGE)));
}

static json_t *entry_json(const struct flow_entry *e)
{
	json_t *doc = json_pack("{s:o, s:s, s:s, s:b}", "name", json_text(e->name), "origin",
	    e->origin, "file", e->file, "valid", e->flow != NULL);

	if (e->flow)
		add_about(doc, e->flow);
	return doc;
}

static int list_json(const struct library *lib)
{
	json_t *all = json_array();

	for (size_t i = 0; i < library_count(lib); i++)
		json_array_append_new(all, entry_json(library_at(lib, i)));
	return cli_print_json(json_pack("{s:o}", "flows", all), EXIT_DONE);
}

static int list(const struct globals *g, const struct flows_opts *o, const struct library *lib)
{
	struct term t;
	struct buf b;

	if (g->json)
		return list_json(lib);
	term_init(&t, STDOUT_FILENO, g->color);
	buf_init(&b, MIB(4));
	if (o->markdown)
		flowtext_markdown(&b, lib);
	else
		flowtext_list(&b, &t, lib);
	int code = cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	return code;
}

/* --- show
 * --------------------------------------------------------------------------------------------- */

static json_t *step_json(const struct flow_step *s)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "id", json_text(s->id),
	    "label", json_text(s->label), "kind", step_kind_name(s->kind), "role",
	    step_role_name(s->role), "size", flow_size_name(s->size), "persona",
	    json_text(s->kind == KIND_AGENT ? s->agent.persona : (struct str){ "", 0 }), "if",
	    json_text(s->cond.text.p ? s->cond.text : (struct str){ "", 0 }), "needs",
	    names_json(&s->needs));
}

static int show_json(const struct flow *flow)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < flow->n_all; i++)
		json_array_append_new(steps, step_json(flow->all[i]));
	json_t *doc = json_pack("{s:o, s:o, s:o, s:o}", "name", json_text(flow->name), "text",
	    json_text(flow->text), "steps", steps, "sections", names_json(&flow->report_sections));

	add_about(doc, flow);
	return cli_print_json(doc, EXIT_DONE);
}

static int show(struct arena *a, const struct globals *g, const struct flows_opts *o,
    const struct library *lib, const char *name)
{
	struct err err = { 0 };
	const struct flow *flow = library_flow(lib, str_from(name), &err);
	struct term t;
	struct buf b;

	if (!flow)
		return cli_fail(g, &err, err.code == -ENOENT ? EXIT_NOT_FOUND : EXIT_INVALID);
	if (g->json)
		return show_json(flow);
	if (o->expanded)
		return cli_print(flow_print_expanded(a, flow), EXIT_DONE);
	term_init(&t, STDOUT_FILENO, g->color);
	buf_init(&b, MIB(4));
	flowtext_show(&b, &t, flow);
	int code = cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	return code;
}

/* --- validate
 * ------------------------------------------------------------------------------------------ */

struct findings {
	struct buf text;
	json_t *errors;
	size_t n;
};

static void add_error(struct findings *f, const char *file, const struct flow_error *e)
{
	buf_printf(&f->text, "%s:%u:%u: %s\n", file, e->at.line, e->at.column, e->message);
	json_array_append_new(
	    f->errors, json_pack("{s:s, s:i, s:i, s:o}", "file", file, "line", (int)e->at.line,
			   "column", (int)e->at.column, "message", json_cstr(e->message)));
	f->n++;
}

/* Checked as part of everything else, because a flow names personas, contracts and other flows. */
static int validate_one(
    struct arena *a, const struct globals *g, struct findings *f, const char *file)
{
	struct library *lib = cli_library(a, g);
	struct str text;
	int rc = fs_read(a, file, FLOW_FILE_MAX, &text);
	size_t before = f->n;

	if (rc) {
		struct flow_error e = { { file, 1, 1 },
			arena_printf(a, "cannot be read: %s", err_name(rc)) };

		add_error(f, file, &e);
		library_destroy(lib);
		return rc;
	}
	(void)library_add(lib, TEXT_FLOW, file, "file", text); /* its errors are kept in it */
	library_check(lib);
	for (size_t i = 0; i < library_count(lib); i++) {
		const struct flow_entry *e = library_at(lib, i);

		/* the same file may be one of the user's own flows as well */
		if (strcmp(e->file, file) != 0 || strcmp(e->origin, "file") != 0 || !e->errors)
			continue;
		for (size_t k = 0; k < e->errors->n; k++)
			add_error(f, file, &e->errors->v[k]);
		if (e->errors->more)
			buf_printf(&f->text, "%s: and more\n", file);
	}
	library_destroy(lib);
	return f->n > before ? -EINVAL : 0;
}

static int validate(struct arena *a, const struct globals *g, const char **files, size_t n)
{
	struct findings f = { .errors = json_array() };
	int code = EXIT_DONE;

	buf_init(&f.text, MIB(16));
	for (size_t i = 0; i < n; i++)
		if (validate_one(a, g, &f, files[i]) < 0)
			code = EXIT_INVALID;
	if (g->json) {
		code = cli_print_json(
		    json_pack("{s:b, s:O}", "valid", code == EXIT_DONE, "errors", f.errors), code);
	} else if (f.n) {
		term_write(STDERR_FILENO, buf_str(&f.text));
		dprintf(STDERR_FILENO, "%zu error%s\n", f.n, f.n == 1 ? "" : "s");
	} else {
		code = cli_print(STR("valid\n"), code);
	}
	json_decref(f.errors);
	buf_fini(&f.text);
	return code;
}

/* --- new
 * -------------------------------------------------------------------------------------------------
 */

static const char template[] =
    "# tutti flows validate FILE checks it; docs/flows.md describes every key.\n"
    "flow: %s\n"
    "title: %s\n"
    "category: analysis                  # analysis, discovery, planning, authoring, review\n"
    "summary: What comes out, in one sentence.\n"
    "contracts: [evidence]               # rules that every agent of the flow gets\n"
    "\n"
    "input:\n"
    "  question: {label: Question, placeholder: \"what to look at\"}\n"
    "\n"
    "# The usual shape: angles look at the question side by side, one agent recommends, another\n"
    "# one attacks what they found. tutti flows show %s --expanded prints the plain steps.\n"
    "spine:\n"
    "  angles:\n"
    "    - id: structure\n"
    "      persona: structural-analyst\n"
    "      label: Structure\n"
    "      task: |\n"
    "        Analyse the structure of: {{ question }}\n"
    "\n"
    "    - id: behaviour\n"
    "      persona: behavioral-analyst\n"
    "      label: Behaviour\n"
    "      task: |\n"
    "        Analyse the runtime behaviour of: {{ question }}\n"
    "\n"
    "    - id: concurrency\n"
    "      persona: concurrency-analyst\n"
    "      label: Concurrency\n"
    "      size: medium                  # not at --size small\n"
    "      if: signals.concurrency       # and only where there is any\n"
    "      task: |\n"
    "        Analyse what happens at the same time in: {{ question }}\n"
    "\n"
    "  synthesizer:\n"
    "    persona: software-architect\n"
    "    label: Recommendation\n"
    "    task: |\n"
    "      Recommend what to change about: {{ question }}\n"
    "\n"
    "  validator: default\n"
    "\n"
    "report:\n"
    "  title: \"%s: {{ question }}\"\n"
    "  sections: [recommendation, structure, behaviour, concurrency]\n";

static bool is_slug(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s) && *s != '-';
}

static int make_new(struct arena *a, const struct globals *g, const char *name)
{
	const char *dir = paths_config(a);
	struct err err = { 0 };

	if (!is_slug(name)) {
		err_set(&err, -EINVAL, "\"%s\" cannot name a flow", name);
		err_why(&err, "a name is lower-case letters, digits and hyphens");
		return cli_fail(g, &err, EXIT_USAGE);
	}
	char *flows = fs_join(a, dir ? dir : ".", "flows");
	char *file = fs_join(a, flows, arena_printf(a, "%s.yaml", name));

	if (fs_exists(file)) {
		err_set(&err, -EEXIST, "%s is there already", file);
		err_fix(&err, "choose another name");
		return cli_fail(g, &err, EXIT_USAGE);
	}
	char *text = arena_printf(a, template, name, name, name, name);
	int rc = fs_mkdirs(flows, 0755);

	if (rc || fs_write(file, str_from(text), 0644, &err) < 0) {
		if (!err.code)
			err_set(&err, rc, "cannot make %s: %s", flows, err_name(rc));
		return cli_fail(g, &err, EXIT_NOT_READY);
	}
	if (g->json)
		return cli_print_json(json_pack("{s:s}", "file", file), EXIT_DONE);
	return cli_print(str_from(arena_printf(a, "%s\n", file)), EXIT_DONE);
}

/* --- dispatch
 * ---------------------------------------------------------------------------------------------- */

static int wrong(const struct globals *g, const char *what)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "%s", what);
	err_fix(&err, "tutti flows list\ntutti flows show FLOW\ntutti flows validate FILE…\n"
		      "tutti flows new NAME");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const char *verb = n ? words[0] : "list";
	struct library *lib;
	int code;

	if (strcmp(verb, "validate") == 0)
		return n > 1 ? validate(a, g, words + 1, n - 1) : wrong(g, "which file?");
	if (strcmp(verb, "new") == 0)
		return n == 2 ? make_new(a, g, words[1]) : wrong(g, "which name?");
	if (strcmp(verb, "show") != 0 && strcmp(verb, "list") != 0)
		return wrong(g, "flows does not know that");
	if (strcmp(verb, "show") == 0 && n != 2)
		return wrong(g, "which flow?");
	lib = cli_library(a, g);
	code = strcmp(verb, "show") == 0 ? show(a, g, values, lib, words[1]) : list(g, values, lib);
	library_destroy(lib);
	return code;
}

static const char *const examples[] = { "tutti flows list",
	"tutti flows show architectural-analysis --expanded", NULL };

const struct cmd cmd_flows = { "flows", "flows list | show FLOW | validate FILE… | new NAME",
	"the flows there are, and checking your own", opts, examples, run,
	sizeof(struct flows_opts), false };
