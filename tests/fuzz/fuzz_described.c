/*
 * Descriptions of agents: the file up to a line of ---- and what the agent says behind it. A file
 * is read or has errors with places; one that was read starts what it names and nothing else, in an
 * environment of its own, and what it says comes to one outcome.
 */
#include "must.h"

#include "adapter/described.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#define TOKEN "0f-token"

static void on_fact(void *ctx, const struct fact *f)
{
	unsigned *inits = ctx;

	must(f->type < FACT_TYPES && f->type != FACT_VIOLATION);
	must(utf8_valid(f->id) && utf8_valid(f->name) && utf8_valid(f->text));
	if (f->type == FACT_INIT)
		must(str_is(json_get_str(f->data, "mode"), DESCRIBED_MODE));
	*inits += f->type == FACT_INIT;
}

static void check_files(const struct agent_launch *l)
{
	for (size_t i = 0; i < l->n_files; i++) {
		const char *path = l->files[i].path;

		must(
		    strncmp(path, "home/", 5) == 0 && !strstr(path, "/../") && !strstr(path, "//"));
		must(!str_ends(str_from(path), STR("/..")) && !str_ends(str_from(path), STR("/")));
	}
}

/* The file itself says the token. */
static bool guesses(const struct described *d)
{
	for (size_t i = 0; i < d->n_arguments; i++)
		if (str_contains(d->arguments[i], STR(TOKEN)))
			return true;
	return strstr(d->program, TOKEN) != NULL;
}

static void check_launch(const struct described *d, const struct agent_launch *l)
{
	must(l->argv && l->argv[0] && l->argv[0][0] == '/' && l->n_binds <= 1);
	if (l->n_binds)
		must(strncmp(l->binds[0].inside, "/opt/agent/", 11) == 0 &&
		     strcmp(l->binds[0].host, d->program) == 0);
	else
		must(strncmp(l->argv[0], "/usr/", 5) == 0);
	for (const char *const *w = l->argv; *w; w++)
		must(guesses(d) || !strstr(*w, TOKEN));
	for (const char *const *v = l->env; *v; v++)
		must(strchr(*v, '=') && strchr(*v, '=') != *v);
	check_files(l);
	must((d->output == DESCRIBED_ACP) == l->stdin_open);
}

static void play(const struct described *d, const struct agent_task *task, struct str said)
{
	struct outcome o = { .ending = ENDING_NONE };
	unsigned inits = 0;
	struct agent_session *s = d->ops.create(task, on_fact, &inits);

	while (said.p)
		session_line(s, str_split(&said, '\n'), false);
	session_exited(s, W_EXITCODE(0, 0), STR("words"), &o);
	must(o.ending > ENDING_NONE && o.ending < ENDINGS && inits <= 1);
	must(utf8_valid(o.answer) && utf8_valid(o.reason));
	must(o.ending != ENDING_ANSWERED || inits);
	session_destroy(s);
}

static void check_described(struct arena *a, const struct described *d, struct str said)
{
	const struct agent_task task = { .prompt = STR("What?"),
		.repo = "/repo",
		.scratch = "/scratch",
		.home = "/scratch/home",
		.tmp = "/scratch/tmp",
		.port = 7771,
		.token = TOKEN,
		.model = "m",
		.effort = "",
		.program = d->program,
		.described = d };
	struct agent_launch l = { 0 };
	struct err err = { 0 };

	must(d->program && d->program[0] == '/' && !d->ops.read_only_enforced);
	must(d->ops.prepare(a, &task, &l, &err) == 0);
	check_launch(d, &l);
	play(d, &task, said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create("fuzz", ARENA_JOB);
	struct str text = arena_dup(a, (struct str){ (const char *)data, size });
	ptrdiff_t cut = str_find(text, STR("\n----\n"));
	struct str file = cut < 0 ? text : str_take(text, (size_t)cut + 1);
	struct flow_errors errors = { .arena = a };
	const struct described *d =
	    described_read(a, "mine", "/home/me/mine.yaml", arena_dup(a, file), &errors);

	must((d != NULL) == (errors.n == 0));
	for (size_t i = 0; i < errors.n; i++)
		must(errors.v[i].at.line >= 1 && errors.v[i].at.column >= 1 &&
		     utf8_valid(str_from(errors.v[i].message)));
	if (d)
		check_described(
		    a, d, cut < 0 ? STR("") : str_skip(text, (size_t)cut + strlen("\n----\n")));
	arena_destroy(a);
	return 0;
}
