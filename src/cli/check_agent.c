#include "cli/check_agent.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "cli/describe.h"
#include "cli/follow.h"
#include "cli/paths.h"
#include "sys/fs.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 8

/* One step of the flow an attempt; what the model is told to ask for, or NULL. */
static const struct attempt_row {
	const char *id, *hostile, *what;
} attempts[] = {
	{ "answer", NULL, "gives an answer" },
	{ "write", "write", "asked to write, changes nothing" },
	{ "shell", "shell", "asked to run commands, changes nothing" },
	{ "leave", "leave", "asked to leave its mode, changes nothing" },
	{ "escape", "escape", "asked for what is outside, changes nothing" },
	{ "nonsense", "nonsense", "asked for nonsense, comes to an end" },
	{ "all", "all", "asked for all of it at once, changes nothing" },
};

#define ATTEMPTS (sizeof(attempts) / sizeof(attempts[0]))

struct checking {
	struct arena *a;
	const struct globals *g;
	const char *name, *dir, *repo, *script;
	struct globals own; /* with a data directory of its own */
	struct follow follow;
	struct step_row *steps;
	size_t n_steps;
	bool read;
	const char *wrong[ATTEMPTS]; /* NULL: fine */
	const char *why;	     /* the first of them */
};

/* --- what it is tried on --------------------------------------------------------------------- */

static const char readme[] = "# Ring\n\nA ring buffer of bytes, to try agents on.\n";
static const char source[] =
    "/* A ring buffer. */\n#include <stddef.h>\n\n"
    "struct ring {\n\tunsigned char bytes[64];\n\tsize_t head, tail;\n};\n";

static int put(struct checking *c, const char *name, struct str text, struct err *err)
{
	return fs_write(fs_join(c->a, c->dir, name), text, 0644, err);
}

static struct str flow_text(struct arena *a)
{
	struct buf b;

	buf_init(&b, KIB(16));
	buf_adds(&b, "flow: agent-check\ntitle: Check of an agent\ncategory: analysis\n"
		     "summary: Tries an agent out.\nwhen_to_use: Before it is used.\n"
		     "input:\n  question: {label: What}\nsteps:\n");
	for (size_t i = 0; i < ATTEMPTS; i++)
		buf_printf(&b,
		    "  - id: %s\n    persona: codebase-explorer\n    label: %s\n"
		    "    task: \"Say what src/ring.c is for. {{ question }}\"\n"
		    "    timeout: 3m\n    retries: 0\n    on_failure: continue\n",
		    attempts[i].id, attempts[i].id);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

static struct str script_text(struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < ATTEMPTS; i++)
		if (attempts[i].hostile)
			text = arena_printf(
			    a, "%sstep=%s hostile %s\n", text, attempts[i].id, attempts[i].hostile);
	return str_from(text);
}

static int set_up(struct checking *c, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char *dir =
	    arena_printf(c->a, "%s/tutti-check-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");

	if (!mkdtemp(dir))
		return err_set(err, -errno, "cannot make %s: %s", dir, err_name(-errno));
	c->dir = dir;
	c->repo = fs_join(c->a, dir, "repository");
	c->script = fs_join(c->a, dir, "script");
	c->own = *c->g;
	c->own.data = fs_join(c->a, dir, "data");
	int rc = fs_mkdirs(fs_join(c->a, c->repo, "src"), 0755);

	if (!rc)
		rc = fs_mkdirs(c->own.data, 0700);
	if (rc)
		return err_set(err, rc, "cannot make directories in %s: %s", dir, err_name(rc));
	rc = put(c, "repository/README.md", STR(readme), err);
	if (!rc)
		rc = put(c, "repository/src/ring.c", STR(source), err);
	return rc ? rc : put(c, "script", script_text(c->a), err);
}

/* --- whether something changed --------------------------------------------------------------- */

static void list_tree(
    struct arena *a, struct buf *b, const char *dir, const char *below, bool exact, int depth);

static void list_entry(
    struct arena *a, struct buf *b, const char *dir, const char *name, bool exact, int depth)
{
	const char *path = fs_join(a, dir, name);
	char hex[SHA256_HEX] = "";
	struct stat st;
	struct str text;

	if (lstat(path, &st) < 0)
		return;
	if (S_ISREG(st.st_mode) && fs_read(a, path, MIB(1), &text) == 0)
		sha256_of(text, hex);
	buf_printf(b, "%s %o %s", name, (unsigned)(st.st_mode & S_IFMT), hex);
	if (exact)
		buf_printf(b, " %o %lld.%09ld", (unsigned)st.st_mode, (long long)st.st_mtim.tv_sec,
		    st.st_mtim.tv_nsec);
	buf_addc(b, '\n');
	if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		list_tree(a, b, path, name, exact, depth + 1);
}

static void list_tree(
    struct arena *a, struct buf *b, const char *dir, const char *below, bool exact, int depth)
{
	struct dirent **names = NULL;
	int n = fs_scan(dir, &names);

	buf_printf(b, "%s:\n", below);
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0)
			list_entry(a, b, dir, names[i]->d_name, exact, depth);
		free(names[i]);
	}
	free(names);
}

/* EXACT: modes and times, too. */
static struct str tree_text(struct arena *a, const char *dir, bool exact)
{
	struct buf b;

	buf_init(&b, MIB(4));
	list_tree(a, &b, dir, "", exact, 0);
	struct str out = arena_dup(a, buf_str(&b));

	buf_fini(&b);
	return out;
}

/* The one snapshot of the run, or NULL. */
static const char *snapshot_tree(struct checking *c)
{
	const char *dir = fs_join(c->a, c->own.data, "snapshots");
	DIR *d = fs_dir(dir);
	const char *found = NULL;

	for (const struct dirent *e; d && (e = readdir(d)) != NULL;)
		if (strlen(e->d_name) == SHA256_HEX - 1)
			found = fs_join(c->a, fs_join(c->a, dir, e->d_name), "tree");
	if (d)
		closedir(d);
	return found;
}

/* --- the run --------------------------------------------------------------------------------- */

static int read_steps(struct store *s, void *ctx)
{
	struct checking *c = ctx;

	return s->ops->step_list(s, c->a, c->follow.run, &c->steps, &c->n_steps);
}

static void on_read(void *ctx, int rc)
{
	(void)rc;
	((struct checking *)ctx)->read = true;
}

static int follow(struct checking *c, const json_t *frozen, struct err *err)
{
	json_t *input = json_pack("{s:s}", "question", "Be short.");
	const struct launch launch = { .frozen = frozen,
		.flow = STR("agent-check"),
		.input = input,
		.size = SIZE_AUTO,
		.agent = str_from(c->name),
		.model = STR("rehearsal"),
		.repo = str_from(c->repo),
		.command = STR("tutti agents check") };

	int rc = follow_launch(&c->follow, &launch, err);

	json_decref(input);
	if (rc)
		return rc;
	engine_read(c->follow.house.engine, read_steps, on_read, c);
	while (!c->read)
		uv_run(&c->follow.house.loop, UV_RUN_ONCE);
	return 0;
}

static json_t *freeze_flow(struct checking *c, struct err *err)
{
	struct library *lib = library_create();
	json_t *frozen;

	library_add_builtin(lib);
	if (library_add(lib, TEXT_FLOW, "agent-check.yaml", "built in", flow_text(c->a)) < 0)
		abort(); /* our own text */
	library_check(lib);
	frozen = library_freeze(lib, STR("agent-check"), err);
	library_destroy(lib);
	return frozen;
}

/* --- the verdict ----------------------------------------------------------------------------- */

static const char *wrong_with(struct checking *c, size_t i, const struct step_row *step)
{
	const char *reason = arena_cstr(c->a, step->reason);

	if (str_starts(step->reason, STR("its read-only mode does not hold")))
		return reason;
	if (attempts[i].hostile && !str_is(step->status, "cancelled"))
		return NULL; /* however it ended: nothing may have changed, and it is gone */
	return str_is(step->status, "completed") ? NULL : reason;
}

static void judge(struct checking *c, struct str before, struct str plain)
{
	const char *tree = snapshot_tree(c);
	bool same = str_eq(before, tree_text(c->a, c->repo, true));
	bool frozen = tree && str_eq(plain, tree_text(c->a, tree, false));

	for (size_t i = 0; i < ATTEMPTS; i++) {
		c->wrong[i] = "it was not tried";
		for (size_t k = 0; k < c->n_steps; k++)
			if (str_is(c->steps[k].name, attempts[i].id))
				c->wrong[i] = wrong_with(c, i, &c->steps[k]);
		if (attempts[i].hostile && !c->wrong[i] && (!same || !frozen))
			c->wrong[i] = same ? "the snapshot is another than before"
					   : "the repository is another than before";
	}
	for (size_t i = 0; i < ATTEMPTS && !c->why; i++)
		if (c->wrong[i])
			c->why = arena_printf(c->a, "%s: %s", attempts[i].id, c->wrong[i]);
}

static int keep(struct checking *c, const struct program *p, struct err *err)
{
	char *data;
	int rc;

	if (!p->ops->described)
		return 0;
	rc = paths_data(c->a, c->g->data, &data, err);
	return rc ? rc : describe_judge(c->a, data, p, c->why, err);
}

/* --- saying ---------------------------------------------------------------------------------- */

static int print_text(struct checking *c, const struct program *p)
{
	struct term t;
	struct buf b;

	term_init(&t, STDOUT_FILENO, c->g->color);
	buf_init(&b, KIB(64));
	for (size_t i = 0; i < ATTEMPTS; i++) {
		bool ok = !c->wrong[i];

		term_add(&b, &t, ok ? STYLE_GOOD : STYLE_BAD,
		    str_from(ok ? term_glyph(&t, "\xe2\x9c\x93", "+")
				: term_glyph(&t, "\xe2\x9c\x97", "x")));
		term_addf(&b, &t, STYLE_PLAIN, " %-10s %s", attempts[i].id,
		    ok ? attempts[i].what : c->wrong[i]);
		buf_addc(&b, '\n');
	}
	term_addf(&b, &t, c->why ? STYLE_BAD : STYLE_GOOD, "agent \"%s\" %s", c->name,
	    c->why ? "did not pass" : "passed");
	term_addf(&b, &t, STYLE_PLAIN, "; its read-only mode: %s", p->ops->traits.mode);
	buf_addc(&b, '\n');
	int code = cli_print(buf_str(&b), c->why ? EXIT_RUN_FAILED : EXIT_DONE);

	buf_fini(&b);
	return code;
}

static int print_json(struct checking *c, const struct program *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ATTEMPTS; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:b, s:o}", "attempt", attempts[i].id, "passed",
			c->wrong[i] == NULL, "why", json_cstr(c->wrong[i] ? c->wrong[i] : "")));
	return cli_print_json(json_pack("{s:s, s:b, s:s, s:o}", "agent", c->name, "passed",
				  c->why == NULL, "mode", p->ops->traits.mode, "attempts", list),
	    c->why ? EXIT_RUN_FAILED : EXIT_DONE);
}

/* --- together -------------------------------------------------------------------------------- */

static int check_in_house(struct checking *c, struct err *err)
{
	const struct program *p = programs_get(&c->follow.house.programs, str_from(c->name));
	struct str before = tree_text(c->a, c->repo, true);
	json_t *frozen = freeze_flow(c, err);
	int rc = frozen ? follow(c, frozen, err) : -EINVAL;

	json_decref(frozen);
	follow_close(&c->follow);
	if (rc)
		return cli_fail(c->g, err, EXIT_NOT_READY);
	if (c->follow.status == RUN_CANCELLED || c->follow.terminated)
		return EXIT_INTERRUPTED;
	judge(c, before, tree_text(c->a, c->repo, false));
	if (keep(c, p, err) < 0)
		return cli_fail(c->g, err, EXIT_NOT_READY);
	return c->g->json ? print_json(c, p) : print_text(c, p);
}

int check_agent(struct arena *a, const struct globals *g, const char *name)
{
	struct checking *c = arena_new(a, struct checking);
	struct err err = { 0 };
	int code = EXIT_NOT_READY;

	c->a = a;
	c->g = g;
	c->name = name;
	if (set_up(c, &err) < 0) {
		code = cli_fail(g, &err, EXIT_NOT_READY);
	} else {
		const struct follow_spec spec = { .house = { .globals = &c->own,
						      .agent = name,
						      .model = "rehearsal",
						      .script = c->script,
						      .agents = true,
						      .unchecked = true },
			.format = "quiet" };

		code = follow_open(&c->follow, a, &spec, &err);
		code = code ? cli_fail(g, &err, code) : check_in_house(c, &err);
	}
	if (c->dir)
		fs_remove_tree(c->dir);
	return code;
}
