#include "cli/trusttext.h"

#include "base/json.h"
#include "base/limits.h"

const char *trusttext_state(const struct own_flow *f)
{
	return f->errors ? "broken" : f->trusted ? "trusted" : f->before ? "changed" : "new";
}

/* --- as JSON ------------------------------------------------------------------------------ */

static bool is_own(const struct library_text *t)
{
	return strcmp(t->origin, "repository") == 0;
}

/* Where the text comes from that T takes the place of; NULL when there is none. */
static const char *replaced(const struct library *base, const struct library_text *t)
{
	struct library_text other;

	for (size_t i = 0; i < library_texts(base); i++) {
		library_text_at(base, i, &other);
		if (other.wins && other.kind == t->kind && str_eq(other.name, t->name))
			return other.origin;
	}
	return NULL;
}

static json_t *file_json(const struct definitions *d, const struct library_text *t)
{
	char hex[SHA256_HEX];
	json_t *doc;
	const char *origin = replaced(d->base, t);

	sha256_of(t->text, hex);
	doc = json_pack("{s:s, s:o, s:o, s:I, s:s}", "kind", text_kind_name(t->kind), "name",
	    json_text(t->name), "file", json_cstr(t->file), "bytes", (json_int_t)t->text.n,
	    "sha256", hex);
	json_object_set_new(doc, "replaces", origin ? json_cstr(origin) : json_null());
	return doc;
}

static json_t *command_json(const struct library_text *t, const struct flow_step *s)
{
	json_t *argv = json_array();

	for (size_t i = 0; i < s->command.n_argv; i++)
		json_array_append_new(argv, json_text(s->command.argv[i].text));
	return json_pack("{s:o, s:o, s:b, s:o}", "flow", json_text(t->name), "step",
	    json_text(s->id), "shell", s->command.is_shell, "argv", argv);
}

static json_t *agent_json(
    const struct library *lib, const struct library_text *t, const struct flow_step *s)
{
	const struct agent_spec *agent = &s->agent;
	const struct persona *p = library_persona(lib, agent->persona);

	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:b}", "flow", json_text(t->name), "step",
	    json_text(s->id), "persona", json_text(agent->persona), "origin", p ? p->origin : "",
	    "agent", json_text(agent->agent), "model", json_text(agent->model), "web",
	    agent->web != WEB_NONE);
}

static void add_steps(const struct library *lib, const struct library_text *t, json_t *doc)
{
	for (size_t i = 0; t->flow && i < t->flow->n_all; i++) {
		const struct flow_step *s = t->flow->all[i];

		if (s->kind == KIND_COMMAND)
			json_array_append_new(json_object_get(doc, "commands"), command_json(t, s));
		if (s->kind == KIND_AGENT)
			json_array_append_new(
			    json_object_get(doc, "agents"), agent_json(lib, t, s));
	}
}

static void add_errors(const struct flow_errors *errors, json_t *doc)
{
	for (size_t i = 0; errors && i < errors->n; i++)
		json_array_append_new(json_object_get(doc, "errors"),
		    json_pack("{s:i, s:i, s:o}", "line", (int)errors->v[i].at.line, "column",
			(int)errors->v[i].at.column, "message", json_cstr(errors->v[i].message)));
}

json_t *trusttext_json(struct definitions *d, const struct own_flow *f, bool accepted)
{
	struct library_text *used;
	size_t n = f->errors ? 0 : library_uses(d->whole, d->a, f->name, &used);
	json_t *doc = json_pack("{s:o, s:o, s:o, s:s, s:b, s:s, s:[], s:[], s:[], s:[]}", "name",
	    json_text(f->name), "repository", json_cstr(d->repo), "file", json_cstr(f->file),
	    "state", trusttext_state(f), "trusted", accepted, "sha256", f->now.sha256, "files",
	    "commands", "agents", "errors");

	json_object_set_new(doc, "changes",
	    f->before && !f->errors ? json_cstr(acceptance_differs(d->a, f->before, &f->now))
				    : json_cstr(""));
	if (n)
		json_object_set_new(doc, "summary", json_text(used[0].flow->summary));
	for (size_t i = 0; i < n; i++) {
		if (is_own(&used[i]))
			json_array_append_new(
			    json_object_get(doc, "files"), file_json(d, &used[i]));
		add_steps(d->whole, &used[i], doc);
	}
	add_errors(f->errors, doc);
	return doc;
}

/* --- to read ------------------------------------------------------------------------------ */

static void add_field(struct buf *b, const struct term *t, const char *key, const char *value)
{
	if (!value[0])
		return;
	term_addf(b, t, STYLE_DIM, "  %-11s", key);
	term_add(b, t, STYLE_PLAIN, str_from(value));
	buf_addc(b, '\n');
}

static void add_file(struct buf *b, const struct term *t, const json_t *f)
{
	const char *origin = json_get_cstr(f, "replaces", NULL);

	term_addf(b, t, STYLE_PLAIN, "  %-8s %s", json_get_cstr(f, "kind", ""),
	    json_get_cstr(f, "file", ""));
	term_addf(b, t, STYLE_DIM, "  %lld bytes", json_get_int(f, "bytes", 0));
	buf_addc(b, '\n');
	term_addf(b, t, STYLE_DIM, "           sha256 %s", json_get_cstr(f, "sha256", ""));
	buf_addc(b, '\n');
	if (origin) {
		term_addf(b, t, STYLE_WARN, "           in place of the %s '%s' that is %s",
		    json_get_cstr(f, "kind", ""), json_get_cstr(f, "name", ""),
		    strcmp(origin, "user") == 0 ? "yours" : origin);
		buf_addc(b, '\n');
	}
}

/* Whole, on as many lines as it has: what is not shown was not accepted. */
static void add_command(struct buf *b, const struct term *t, const json_t *c)
{
	const json_t *argv = json_get_array(c, "argv"), *word;
	struct buf line;
	size_t i;

	buf_init(&line, 4 * FLOW_FILE_MAX + KIB(4)); /* with every character quoted */
	if (json_get_bool(c, "shell", false))
		buf_add(&line, str_from(json_string_value(json_array_get(argv, 2))));
	else
		json_array_foreach (argv, i, word) {
			buf_adds(&line, i ? " " : "");
			buf_add_shell(&line, str_from(json_string_value(word)));
		}
	struct str rest = buf_str(&line);
	const char *left = json_get_cstr(c, "step", "");

	while (rest.p) {
		struct str one = str_line(&rest);

		term_addf(b, t, STYLE_DIM, "  %-20s ", left);
		term_add(b, t, STYLE_BOLD, one);
		buf_addc(b, '\n');
		left = "";
	}
	buf_fini(&line);
}

static void add_agent(struct buf *b, const struct term *t, const json_t *s)
{
	const char *agent = json_get_cstr(s, "agent", ""), *model = json_get_cstr(s, "model", "");

	term_addf(b, t, STYLE_DIM, "  %-20s ", json_get_cstr(s, "step", ""));
	term_addf(b, t, STYLE_PLAIN, "%s, %s%s%s%s%s%s", json_get_cstr(s, "persona", ""),
	    json_get_cstr(s, "origin", ""), agent[0] ? ", by " : "", agent,
	    model[0] ? ", model " : "", model,
	    json_get_bool(s, "web", false) ? ", with the web and without the repository" : "");
	buf_addc(b, '\n');
}

static void add_error(struct buf *b, const struct term *t, const json_t *e)
{
	term_addf(b, t, STYLE_BAD, "  %lld:%lld: %s", json_get_int(e, "line", 0),
	    json_get_int(e, "column", 0), json_get_cstr(e, "message", ""));
	buf_addc(b, '\n');
}

static void add_list(struct buf *b, const struct term *t, const char *heading, const json_t *doc,
    const char *key, void (*add)(struct buf *b, const struct term *t, const json_t *one))
{
	const json_t *list = json_get_array(doc, key), *one;
	size_t i;

	if (!json_array_size(list))
		return;
	term_add(b, t, STYLE_BOLD, str_from(heading));
	buf_addc(b, '\n');
	json_array_foreach (list, i, one)
		add(b, t, one);
}

void trusttext_add(struct buf *b, const struct term *t, const json_t *doc)
{
	const char *state = json_get_cstr(doc, "state", "");

	term_add(b, t, STYLE_BOLD, json_get_str(doc, "name"));
	buf_addc(b, '\n');
	add_field(b, t, "repository", json_get_cstr(doc, "repository", ""));
	add_field(b, t, "summary", json_get_cstr(doc, "summary", ""));
	add_field(b, t, "state",
	    strcmp(state, "changed") == 0 ? "changed since you accepted it"
	    : strcmp(state, "new") == 0	  ? "not trusted"
					  : state);
	add_field(b, t, "changes", json_get_cstr(doc, "changes", ""));
	add_field(b, t, "sha256", json_get_cstr(doc, "sha256", ""));
	add_list(b, t, "Files of the repository", doc, "files", add_file);
	add_list(b, t, "Commands, run behind the fence: read-only, without network", doc,
	    "commands", add_command);
	add_list(b, t, "Agents", doc, "agents", add_agent);
	add_list(b, t, "Errors", doc, "errors", add_error);
}
