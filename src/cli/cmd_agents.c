/* The programs that do the work: which of them this machine has, and how each is held. */
#include "cli/check_agent.h"
#include "cli/house.h"

#include "base/json.h"
#include "base/limits.h"
#include "cli/paths.h"
#include "cli/sheet.h"

#include <stdlib.h>
#include <unistd.h>

struct agents_opts {
	bool markdown;
};

static const struct opt opts[] = {
	{ "markdown", 0, OPT_FLAG, NULL, "Output",
	    "what is known of all of them, as docs/agents.md",
	    offsetof(struct agents_opts, markdown) },
	{ 0 },
};

/* --- list -------------------------------------------------------------------------------- */

static const char *verdict_of(const struct program *p)
{
	if (!p->status)
		return "ready";
	return p->path ? "refused" : "missing";
}

static json_t *program_json(const struct program *p)
{
	json_t *doc = json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "name", p->ops->name,
	    "title", p->ops->title, "version", json_cstr(p->version), "verdict", verdict_of(p),
	    "what", json_cstr(p->status ? p->err.what : ""), "why",
	    json_cstr(p->status ? p->err.why : ""), "fix", json_cstr(p->status ? p->err.fix : ""));

	json_object_set_new(doc, "path", p->path ? json_cstr(p->path) : json_null());
	bool by_node = p->interpreter && !p->ops->described;

	json_object_set_new(doc, "node", by_node ? json_cstr(p->interpreter) : json_null());
	json_object_set_new(doc, "node_version", p->node ? json_cstr(p->node) : json_null());
	return doc;
}

static void add_program(struct buf *b, const struct term *t, const struct program *p)
{
	term_addf(b, t, STYLE_BOLD, "%-10s", p->ops->name);
	term_addf(b, t, STYLE_PLAIN, "%-14s", p->version[0] ? p->version : "-");
	term_addf(b, t, p->status ? STYLE_BAD : STYLE_GOOD, "%-9s", verdict_of(p));
	term_addf(b, t, STYLE_PLAIN, "%-20s ", p->ops->title);
	term_addf(b, t, STYLE_DIM, "%s", p->path ? p->path : "");
	buf_addc(b, '\n');
	if (p->interpreter) {
		if (p->ops->described)
			term_addf(b, t, STYLE_DIM, "%24sby %s", "", p->interpreter);
		else
			term_addf(b, t, STYLE_DIM, "%24sby Node %s  %s", "",
			    p->node ? p->node : "?", p->interpreter);
		buf_addc(b, '\n');
	}
	if (!p->status)
		return;
	term_addf(b, t, STYLE_PLAIN, "%24s%s%s%s", "", p->err.what, p->err.why[0] ? ": " : "",
	    p->err.why);
	buf_addc(b, '\n');
	term_addf(b, t, STYLE_WARN, "%24sfix: %s", "", p->err.fix);
	buf_addc(b, '\n');
}

static int list(const struct globals *g, const struct programs *p)
{
	json_t *all = json_array();
	struct term t;
	struct buf b;

	term_init(&t, STDOUT_FILENO, g->color);
	buf_init(&b, MIB(1));
	term_addf(&b, &t, STYLE_DIM, "%-10s%-14s%-9s%-20s %s", "agent", "version", "verdict",
	    "title", "program");
	buf_addc(&b, '\n');
	for (size_t i = 0; i < p->n; i++) {
		add_program(&b, &t, &p->v[i]);
		json_array_append_new(all, program_json(&p->v[i]));
	}
	int code = g->json ? cli_print_json(json_pack("{s:O}", "agents", all), EXIT_DONE)
			   : cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	json_decref(all);
	return code;
}

/* --- show -------------------------------------------------------------------------------- */

static void add_words(struct buf *b, const struct term *t, const char *key, const json_t *words)
{
	const json_t *word;
	size_t i;

	term_addf(b, t, STYLE_DIM, "%-14s", key);
	json_array_foreach (words, i, word)
		term_addf(b, t, STYLE_PLAIN, "%s%s", i ? " " : "",
		    json_string_value(word)[0] ? json_string_value(word) : "''");
	buf_addc(b, '\n');
}

static void add_value(struct buf *b, const struct term *t, const char *key, const json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_array(value)) {
		add_words(b, t, key, value);
		return;
	}
	term_addf(b, t, STYLE_DIM, "%-14s", key);
	term_addf(b, t, STYLE_PLAIN, "%s",
	    json_is_true(value)	   ? "yes"
	    : json_is_false(value) ? "no"
	    : text && text[0]	   ? text
				   : "-");
	buf_addc(b, '\n');
}

static int show(struct arena *a, const struct globals *g, const struct program *p)
{
	json_t *doc = sheet_json(a, p->ops), *value;
	const char *key;
	struct term t;
	struct buf b;

	if (g->json) {
		json_object_set_new(doc, "found", program_json(p));
		return cli_print_json(doc, EXIT_DONE);
	}
	term_init(&t, STDOUT_FILENO, g->color);
	buf_init(&b, MIB(1));
	json_object_foreach (doc, key, value)
		add_value(&b, &t, key, value);
	add_program(&b, &t, p);
	int code = cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	json_decref(doc);
	return code;
}

/* --- */

static int markdown(struct arena *a)
{
	struct buf b;

	buf_init(&b, MIB(1));
	sheet_all(a, &b);
	int code = cli_print(buf_str(&b), EXIT_DONE);

	buf_fini(&b);
	return code;
}

static int wrong(const struct globals *g, const char *what)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "%s", what);
	err_fix(&err, "tutti agents list, tutti agents show NAME, tutti agents check NAME");
	err_more(&err, "agents");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int no_such(
    struct arena *a, const struct globals *g, const struct programs *all, const char *name)
{
	struct err err = { 0 };

	err_set(&err, -ENOENT, "there is no agent \"%s\"", name);
	err_why(&err, "tutti knows: %s", programs_names(a, all));
	err_fix(&err, "tutti agents list");
	return cli_fail(g, &err, EXIT_NOT_FOUND);
}

static int look(struct arena *a, const struct globals *g, const char *name)
{
	struct sandbox *sb = NULL;
	struct programs all;
	struct config config;
	struct err err = { 0 };
	const char *self;

	if (config_load(a, &config, &err) < 0)
		return cli_fail(g, &err, EXIT_USAGE);
	if (sandbox_start(&sb, &err) < 0 || paths_behind(a, &self, &err) < 0)
		return cli_fail(g, &err, EXIT_NOT_READY);
	house_programs(a, g, &config, sb, self, &all);
	sandbox_stop(sb);
	const struct program *p = name ? programs_get(&all, str_from(name)) : NULL;

	if (name && !p)
		return no_such(a, g, &all, name);
	return p ? show(a, g, p) : list(g, &all);
}

static int run(struct arena *a, const struct globals *g, void *values, const char **words, size_t n)
{
	const struct agents_opts *o = values;
	const char *verb = n ? words[0] : "list";

	if (strcmp(verb, "show") == 0)
		return n == 2 ? look(a, g, words[1]) : wrong(g, "which agent?");
	if (strcmp(verb, "check") == 0)
		return n == 2 ? check_agent(a, g, words[1]) : wrong(g, "which agent?");
	if (strcmp(verb, "list") != 0 || n > 1)
		return wrong(g, "agents does not know that");
	return o->markdown ? markdown(a) : look(a, g, NULL);
}

static const char *const examples[] = { "tutti agents", "tutti agents show claude",
	"tutti agents check mytool", NULL };

const struct cmd cmd_agents = { "agents", "agents list | show NAME | check NAME",
	"the programs that do the work, and how each is held", opts, examples, run,
	sizeof(struct agents_opts), false };
