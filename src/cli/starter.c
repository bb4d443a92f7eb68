#include "cli/starter.h"

#include "api/own.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/paths.h"
#include "sys/fs.h"

static const char flow_text[] =
    "# tutti flows validate FILE checks it; docs/flows.md describes every key, docs/personas.md "
    "how\n"
    "# to write a persona of your own. tutti personas lists those there are.\n"
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

static const char persona_text[] =
    "---\n"
    "# Between these lines: `persona` is the name that flows use, `title` what people read, and\n"
    "# `temperature`, from 0 to 2, how free the model is. docs/personas.md describes the rest.\n"
    "persona: %s\n"
    "title: %s\n"
    "temperature: 0.2\n"
    "---\n"
    "You are somebody who … (who this is, and what such a person notices before others do).\n"
    "\n"
    "Words of your trade: …\n"
    "\n"
    "How you work:\n"
    "1. Find the places that the question is about, and read them whole.\n"
    "2. Follow each one to where it is used.\n"
    "3. Write down only what you can quote.\n"
    "\n"
    "What you leave to others: style, names, and whatever is not in the question.\n"
    "\n"
    "How you write:\n"
    "- One heading per finding, `### S1: title`, then its place as `path:line` with the quoted "
    "line.\n"
    "- What it leads to, in one sentence, and how sure you are.\n"
    "- When there is nothing, say what you looked at. Invent nothing to fill the page.\n";

/* --- files -------------------------------------------------------------------------------- */

static int wrong_name(const struct globals *g, const char *name, const char *kind)
{
	struct err err = { 0 };

	err_set(&err, -EINVAL, "\"%s\" cannot name a %s", name, kind);
	err_why(&err, "a name is 1 to 64 lower-case letters, digits and hyphens");
	return cli_fail(g, &err, EXIT_USAGE);
}

static int make(struct arena *a, const struct globals *g, enum text_kind kind, const char *name,
    const char *text)
{
	const char *base = paths_config(a);
	struct err err = { 0 };

	if (!base) {
		err_set(&err, -ENOENT, "there is no place for it: no home directory");
		err_fix(&err, "set HOME or XDG_CONFIG_HOME");
		return cli_fail(g, &err, EXIT_NOT_READY);
	}
	char *dir = fs_join(a, base, own_kinds[kind].dir);
	char *file = arena_printf(a, "%s/%s%s", dir, name, own_kinds[kind].suffix);

	if (fs_exists(file)) {
		err_set(&err, -EEXIST, "%s is there already", file);
		err_fix(&err, "choose another name");
		return cli_fail(g, &err, EXIT_USAGE);
	}
	int rc = fs_mkdirs(dir, 0755);

	if (rc || fs_write(file, str_from(text), 0644, &err) < 0) {
		if (!err.code)
			err_set(&err, rc, "cannot make %s: %s", dir, err_name(rc));
		return cli_fail(g, &err, EXIT_NOT_READY);
	}
	if (g->json)
		return cli_print_json(json_pack("{s:s}", "file", file), EXIT_DONE);
	return cli_print(str_from(arena_printf(a, "%s\n", file)), EXIT_DONE);
}

int starter_flow(struct arena *a, const struct globals *g, const char *name)
{
	if (!flow_is_slug(str_from(name)))
		return wrong_name(g, name, "flow");
	return make(a, g, TEXT_FLOW, name, arena_printf(a, flow_text, name, name, name, name));
}

int starter_persona(struct arena *a, const struct globals *g, const char *name)
{
	if (!flow_is_slug(str_from(name)))
		return wrong_name(g, name, "persona");
	return make(a, g, TEXT_PERSONA, name, arena_printf(a, persona_text, name, name));
}
