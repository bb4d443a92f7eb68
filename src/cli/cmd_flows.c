#include "cli/cli.h"

#include "api/flow_doc.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/cmd_trust.h"
#include "cli/flowtext.h"
#include "cli/paths.h"
#include "cli/starter.h"
#include "sys/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct flows_opts {
	bool expanded, markdown, yes, all;
};

static const struct opt opts[] = {
	{ "expanded", 0, OPT_FLAG, NULL, "What", "show: the plain steps that a spine stands for",
	    offsetof(struct flows_opts, expanded) },
	{ "markdown", 0, OPT_FLAG, NULL, "What", "list: a table in Markdown, as in README.md",
	    offsetof(struct flows_opts, markdown) },
	{ "yes", 0, OPT_FLAG, NULL, "What", "trust: without asking",
	    offsetof(struct flows_opts, yes) },
	{ "all", 0, OPT_FLAG, NULL, "What", "untrust: every flow of the repository",
	    offsetof(struct flows_opts, all) },
	{ 0 },
};

/* --- list
 * -------------------------------------------------------------------------------------------- */

static json_t *entry_json(const struct flow_entry *e)
{
	char fix[FLOWTEXT_FIX];
	json_t *doc = flow_doc_entry(e);

	if (e->withheld)
		json_object_set_new(doc, "fix", json_cstr(flowtext_fix(fix, e)));
	return doc;
}

static int list_json(const struct definitions *d, const struct library *lib)
{
	json_t *all = json_array(), *doc;

	for (size_t i = 0; i < library_count(lib); i++)
		json_array_append_new(all, entry_json(library_at(lib, i)));
	doc = json_pack("{s:o}", "flows", all);
	if (d->own.refused)
		json_object_set_new(doc, "not_read", json_cstr(d->own.refused));
	return cli_print_json(doc, EXIT_DONE);
}

static int list(const struct globals *g, const struct flows_opts *o, struct definitions *d)
{
	const struct library *lib = definitions_view(d);
	struct term t;
	struct buf b;

	if (g->json)
		return list_json(d, lib);
	term_init(&t, STDOUT_FILENO, g->color);
	buf_init(&b, MIB(4));
	if (o->markdown)
		flowtext_markdown(&b, lib);
	else
		flowtext_list(&b, &t, lib);
	if (d->own.refused && !o->markdown) {
		buf_addc(&b, '\n');
		term_addf(&b, &t, STYLE_WARN, "%s: nothing of it was read", d->own.refused);
		buf_addc(&b, '\n');
	}
	int code = cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	return code;
}

/* --- show
 * --------------------------------------------------------------------------------------------- */

static int show(struct arena *a, const struct globals *g, const struct flows_opts *o,
    struct definitions *d, const char *name)
{
	struct err err = { 0 };
	struct library *lib;
	const struct flow *flow = definitions_flow(d, str_from(name), &lib, &err);
	struct term t;
	struct buf b;

	if (!flow)
		return cli_fail(g, &err, cli_flow_code(&err));
	if (g->json)
		return cli_print_json(flow_doc(flow), EXIT_DONE);
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

/* A file of the repository may name what else is there; to check it, nothing is run. */
static struct library *library_for(
    struct arena *a, const struct globals *g, const char *file, struct err *err)
{
	struct globals whole = *g;
	char *real = fs_real(file), *repo;

	if (real && paths_repo(a, g->repo, &repo, err) == 0 &&
	    str_starts(str_from(real), str_from(fs_join(a, repo, ".tutti/"))))
		whole.trust_repo = true;
	free(real);
	return cli_library(a, &whole, err);
}

/* Checked as part of everything else, because a flow names personas, contracts and other flows. */
static int validate_one(
    struct arena *a, const struct globals *g, struct findings *f, const char *file)
{
	struct err err = { 0 };
	struct library *lib = library_for(a, g, file, &err);
	struct str text;
	int rc = lib ? fs_read(a, file, FLOW_FILE_MAX, &text) : err.code;
	size_t before = f->n;

	if (rc) {
		struct flow_error e = { { file, 1, 1 },
			lib ? arena_printf(a, "cannot be read: %s", err_name(rc)) : err.what };

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

/* --- dispatch
 * ---------------------------------------------------------------------------------------------- */

static int wrong(const struct globals *g, const char *what)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "%s", what);
	err_fix(&err, "tutti flows list\ntutti flows show FLOW\ntutti flows validate FILE…\n"
		      "tutti flows new NAME\ntutti flows trust [FLOW…]\n"
		      "tutti flows untrust FLOW… | --all");
	err_more(&err, "trust");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int look(
    struct arena *a, const struct globals *g, const struct flows_opts *o, const char *name)
{
	struct definitions d;
	struct err err = { 0 };
	int code;

	if (cli_definitions(&d, a, g, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	code = name ? show(a, g, o, &d, name) : list(g, o, &d);
	definitions_close(&d);
	return code;
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const struct flows_opts *o = values;
	const char *verb = n ? words[0] : "list";

	if (strcmp(verb, "list") == 0)
		return n < 2 ? look(a, g, o, NULL) : wrong(g, "list takes no name");
	if (strcmp(verb, "show") == 0)
		return n == 2 ? look(a, g, o, words[1]) : wrong(g, "which flow?");
	if (strcmp(verb, "validate") == 0)
		return n > 1 ? validate(a, g, words + 1, n - 1) : wrong(g, "which file?");
	if (strcmp(verb, "new") == 0)
		return n == 2 ? starter_flow(a, g, words[1]) : wrong(g, "which name?");
	if (strcmp(verb, "trust") == 0)
		return trust_flows(a, g, o->yes, words + 1, n - 1);
	if (strcmp(verb, "untrust") == 0)
		return n > 1 || o->all ? untrust_flows(a, g, o->all, words + 1, n - 1)
				       : wrong(g, "which flow?");
	return wrong(g, "flows does not know that");
}

static const char *const examples[] = { "tutti flows list",
	"tutti flows show architectural-analysis --expanded", "tutti flows trust", NULL };

const struct cmd cmd_flows = { "flows",
	"flows list | show FLOW | validate FILE… | new NAME | trust [FLOW…] | untrust FLOW…",
	"the flows there are, checking your own, trusting a repository's", opts, examples, run,
	sizeof(struct flows_opts), false };
