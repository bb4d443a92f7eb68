#include "cli/sheet.h"

#include "adapter/described.h"
#include "base/json.h"
#include "base/limits.h"

/* --- how it is started ------------------------------------------------------------------- */

/* Where a program stands is not in its command: it sees itself below /opt. */
static const char *program_of(struct arena *a, const struct adapter_ops *ops)
{
	const struct agent_package *p = ops->package;

	if (ops->described)
		return ops->described->program;
	if (!p)
		return "/tutti";
	return arena_printf(a, "/%s/%s", p->name, p->script ? p->script : p->executables[0]);
}

/* A task of which nothing was asked for but the defaults. */
static int prepare(
    struct arena *a, const struct adapter_ops *ops, struct agent_launch *ret, struct err *err)
{
	const struct agent_task task = { .prompt = STR("PROMPT"),
		.repo = "/repo",
		.scratch = "/scratch",
		.home = "/scratch/home",
		.tmp = "/scratch/tmp",
		.port = 7771,
		.token = "TOKEN",
		.model = "MODEL",
		.effort = "",
		.temperature = -1,
		.program = program_of(a, ops),
		.interpreter = ops->described ? NULL : "/node",
		.described = ops->described };

	return ops->prepare(a, &task, ret, err);
}

/* --- as JSON ----------------------------------------------------------------------------- */

static json_t *words_json(const char *const *words)
{
	json_t *all = json_array();

	for (; words && *words; words++)
		json_array_append_new(all, json_cstr(*words));
	return all;
}

static json_t *files_json(const struct agent_launch *l)
{
	json_t *all = json_array();

	for (size_t i = 0; i < l->n_files; i++)
		json_array_append_new(all, json_cstr(l->files[i].path));
	return all;
}

json_t *sheet_json(struct arena *a, const struct adapter_ops *ops)
{
	const struct agent_traits *t = &ops->traits;
	struct agent_launch l = { 0 };
	struct err err = { 0 };
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b}", "name",
	    ops->name, "title", ops->title, "version",
	    ops->package     ? ops->package->version
	    : ops->described ? ""
			     : TUTTI_VERSION,
	    "package", ops->package ? ops->package->name : "", "mode", t->mode, "dialect",
	    t->dialect, "streams", t->streams, "thinks", t->thinks, "counts", t->counts, "strict",
	    t->strict);

	json_object_set_new(doc, "inner", t->inner ? json_string(t->inner) : json_null());
	json_object_set_new(doc, "shadows", words_json(t->shadows));
	json_object_set_new(doc, "environment", words_json(ops->env_names));
	if (prepare(a, ops, &l, &err) < 0)
		return doc;
	json_object_set_new(doc, "argv", words_json(l.argv));
	json_object_set_new(doc, "files", files_json(&l));
	return doc;
}

/* --- as Markdown ------------------------------------------------------------------------- */

static const char *yes(bool b)
{
	return b ? "yes" : "no";
}

static const char *runs_as(const struct adapter_ops *ops)
{
	if (!ops->package)
		return "part of tutti";
	return ops->package->script ? "a script for Node" : "a program";
}

static void add_row(struct buf *b, const struct adapter_ops *ops)
{
	const struct agent_traits *t = &ops->traits;

	buf_printf(b, "| `%s` | %s | %s | `%s` | %s | %s | %s | %s | %s | %s |\n", ops->name,
	    ops->package ? ops->package->version : "its own", runs_as(ops), t->mode, t->dialect,
	    yes(t->streams), yes(t->thinks), yes(t->counts), t->inner ? t->inner : "none",
	    yes(t->strict));
}

/* A word as a shell would take it. */
static void add_word(struct buf *b, const char *word)
{
	bool plain = word[0] != '\0';

	for (const char *p = word; *p; p++)
		plain &= (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			 (*p >= '0' && *p <= '9') || strchr("-_=/.,:@", *p) != NULL;
	buf_printf(b, plain ? "%s" : "'%s'", word);
}

static bool is_option(const char *word)
{
	return word[0] == '-' && (word[1] < '0' || word[1] > '9');
}

/* An option begins a line of its own, and takes along what belongs to it. */
static void add_command(struct buf *b, const char *const *argv)
{
	buf_adds(b, "```\n");
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buf_adds(b, is_option(argv[i]) ? " \\\n    " : " ");
		add_word(b, argv[i]);
	}
	buf_adds(b, "\n```\n\n");
}

static void add_names(struct buf *b, const char *what, const char *const *names)
{
	buf_printf(b, "- %s: ", what);
	for (size_t i = 0; names && names[i]; i++)
		buf_printf(b, "%s`%s`", i ? ", " : "", names[i]);
	buf_adds(b, names && names[0] ? "\n" : "nothing\n");
}

static void add_files(struct buf *b, const struct agent_launch *l)
{
	buf_adds(b, "- files that are written for it, below `/scratch`: ");
	for (size_t i = 0; i < l->n_files; i++)
		buf_printf(b, "%s`%s`", i ? ", " : "", l->files[i].path);
	buf_adds(b, l->n_files ? "\n" : "none\n");
}

static void add_chapter(struct arena *a, struct buf *b, const struct adapter_ops *ops)
{
	struct agent_launch l = { 0 };
	struct err err = { 0 };

	buf_printf(b, "\n### %s\n\n%s", ops->name, ops->title);
	if (ops->package)
		buf_printf(
		    b, ": `npm install -g %s@%s`", ops->package->name, ops->package->version);
	buf_adds(b, "\n\n");
	if (prepare(a, ops, &l, &err) == 0)
		add_command(b, l.argv);
	add_names(b, "environment", ops->env_names);
	add_files(b, &l);
	add_names(b, "settings of a repository that it would obey", ops->traits.shadows);
}

void sheet_all(struct arena *a, struct buf *b)
{
	const struct adapter_ops *const *all = adapter_all();

	buf_adds(b, "| agent | version | runs as | mode | speaks | streams | shows its thinking | "
		    "counts tokens | own sandbox | strict |\n"
		    "|---|---|---|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; all[i]; i++)
		add_row(b, all[i]);
	for (size_t i = 0; all[i]; i++)
		add_chapter(a, b, all[i]);
}
