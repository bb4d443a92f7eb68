/* Which agents a machine has: trees as npm and people make them, and programs that are asked. */
#include "place.h"

#include "adapter/launch.h"
#include "worker/probe.h"
#include "worker/programs.h"

#include <string.h>

#define PLATFORM "@anthropic-ai/claude-code-linux-" NPM_PROCESSOR
#define CLAUDE adapter_claude.package->version
#define QWEN adapter_qwen.package->version

static struct sandbox *sandbox;

static int begin(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(sandbox_start(&sandbox, &err), 0);
	place_make();
	chmod(here.top, 0755); /* in place, a program is somebody else */
	setenv("PATH", text("%s/bin:/usr/bin:/bin", here.top), 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sandbox_stop(sandbox);
	place_remove();
	return 0;
}

/* --- trees ------------------------------------------------------------------------------ */

static const char *in_top(const char *path)
{
	return fs_join(here.arena, here.top, path);
}

/* A file with its directories. */
static const char *make(const char *path, const char *content, unsigned mode)
{
	char *full = fs_join(here.arena, here.top, path);
	struct err err;

	*strrchr(full, '/') = '\0';
	assert_int_equal(fs_mkdirs(full, 0755), 0);
	full[strlen(full)] = '/';
	assert_int_equal(fs_write(full, str_from(content), mode, &err), 0);
	assert_int_equal(chmod(full, mode), 0);
	return full;
}

static void make_package(const char *dir, const char *name, const char *version)
{
	make(text("%s/package.json", dir),
	    text("{\"name\":\"%s\",\"version\":\"%s\"}", name, version), 0644);
}

/* A copy of tests/unit/says.c that does what WORDS say there. */
static const char *make_program(const char *path, const char *words)
{
	struct str binary;
	char *all;
	struct err err;

	assert_int_equal(fs_read(here.arena, program("SAYS"), MIB(4), &binary), 0);
	size_t n = binary.n + 600;

	all = arena_alloc(here.arena, n);
	memset(all, 0, n);
	memcpy(all, binary.p, binary.n);
	snprintf(all + n - 512, 512, "@@%s", words);
	const char *full = make(path, "", 0755);

	assert_int_equal(fs_write(full, (struct str){ all, n }, 0755, &err), 0);
	assert_int_equal(chmod(full, 0755), 0);
	return full;
}

/* It prints LINE. */
static const char *make_speaker(const char *path, const char *line)
{
	return make_program(path, text("p0 %s", line));
}

static void link_bin(const char *name, const char *to)
{
	assert_int_equal(fs_mkdirs(in_top("bin"), 0755), 0);
	assert_int_equal(symlink(in_top(to), in_top(text("bin/%s", name))), 0);
}

static const struct program *look(const char *agent, const char *path, const char *node)
{
	const struct program_hint hint = { agent, path, node };
	const struct programs_spec spec = { .self = "/usr/bin/tutti",
		.hints = &hint,
		.n_hints = 1,
		.sandbox = sandbox,
		.kept = in_top("kept.json") };
	struct programs *all = arena_new(here.arena, struct programs);

	programs_find(here.arena, &spec, all);
	return programs_get(all, str_from(agent));
}

/* --- npm -------------------------------------------------------------------------------- */

#define MODULES "lib/node_modules/"

static void the_program_beside_its_package_is_taken(void **state)
{
	(void)state;
	make_package(MODULES "@anthropic-ai/claude-code", "@anthropic-ai/claude-code", CLAUDE);
	make(MODULES "@anthropic-ai/claude-code/bin/claude.exe", "placeholder", 0755);
	const char *proper = make_speaker(MODULES PLATFORM "/claude", "not asked");

	link_bin("claude", MODULES "@anthropic-ai/claude-code/bin/claude.exe");
	const struct program *p = look("claude", NULL, NULL);

	assert_int_equal(p->status, 0);
	assert_string_equal(p->path, proper);
	assert_string_equal(p->version, CLAUDE);
	assert_null(p->interpreter);
}

/* npm puts an optional package there when another version of it stands outside. */
static void the_program_within_its_package_is_taken(void **state)
{
	const char *launcher;

	(void)state;
	make_package(MODULES "@anthropic-ai/claude-code", "@anthropic-ai/claude-code", CLAUDE);
	launcher = make(MODULES "@anthropic-ai/claude-code/bin/claude.exe", "placeholder", 0755);
	const char *proper = make_speaker(
	    MODULES "@anthropic-ai/claude-code/node_modules/" PLATFORM "/claude", "not asked");
	const struct program *p = look("claude", launcher, NULL);

	assert_int_equal(p->status, 0);
	assert_string_equal(p->path, proper);
}

static void a_package_without_its_program_is_told(void **state)
{
	const char *launcher;

	(void)state;
	make_package(MODULES "@anthropic-ai/claude-code", "@anthropic-ai/claude-code", CLAUDE);
	launcher = make(MODULES "@anthropic-ai/claude-code/bin/claude.exe", "placeholder", 0755);
	/* not for execution: not the program */
	make(MODULES PLATFORM "/claude", "x", 0644);
	const struct program *p = look("claude", launcher, NULL);

	assert_int_equal(p->status, -ENOENT);
	assert_string_equal(p->err.what, "agent \"claude\" is not complete");
	assert_non_null(strstr(p->err.why, "has no program for this machine"));
	assert_string_equal(p->err.fix,
	    text("npm install -g --include=optional @anthropic-ai/claude-code@%s", CLAUDE));
}

static void another_version_of_a_package_is_refused(void **state)
{
	(void)state;
	make_package(MODULES "@anthropic-ai/claude-code", "@anthropic-ai/claude-code", "2.1.999");
	make_speaker(MODULES PLATFORM "/claude", CLAUDE); /* what it says does not matter here */
	link_bin("claude", MODULES PLATFORM "/claude");
	const char *launcher =
	    make(MODULES "@anthropic-ai/claude-code/bin/claude.exe", "placeholder", 0755);
	const struct program *p = look("claude", launcher, NULL);

	assert_int_equal(p->status, -ENOTSUP);
	assert_string_equal(p->err.what, "claude 2.1.999 is not admitted");
	assert_string_equal(
	    p->err.fix, text("npm install -g @anthropic-ai/claude-code@%s", CLAUDE));
}

/* A package.json of another package around it says nothing. */
static void the_package_of_somebody_else_is_not_its_own(void **state)
{
	(void)state;
	make_package("project", "my-project", CLAUDE);
	const char *path = make_program("project/claude", "p3 it fell over");
	const struct program *p = look("claude", path, NULL);

	assert_int_equal(p->status, -EIO);
	assert_string_equal(p->version, "");
	assert_non_null(strstr(p->err.why, "exit status 3: it fell over"));
	assert_string_equal(
	    p->err.fix, text("npm install -g @anthropic-ai/claude-code@%s", CLAUDE));
}

/* --- by themselves ---------------------------------------------------------------------- */

static void a_program_alone_is_asked(void **state)
{
	const char *path;

	(void)state;
	path = make_speaker("share/claude/versions/program", text("%s (Claude Code)", CLAUDE));
	link_bin("claude", "share/claude/versions/program");
	const struct program *p = look("claude", NULL, NULL);

	assert_int_equal(p->status, 0);
	assert_string_equal(p->path, path);
	assert_string_equal(p->version, CLAUDE);
}

static void a_program_that_says_another_version_is_refused(void **state)
{
	const char *path;

	(void)state;
	path = make_speaker("claude", "2.1.331 (Claude Code)");
	const struct program *p = look("claude", path, NULL);

	assert_int_equal(p->status, -ENOTSUP);
	assert_string_equal(p->err.what, "claude 2.1.331 is not admitted");
	assert_string_equal(p->version, "2.1.331");
}

static void a_program_that_says_nothing_is_refused(void **state)
{
	const char *path;

	(void)state;
	path = make_speaker("claude", "hello");
	const struct program *p = look("claude", path, NULL);

	assert_int_equal(p->status, -ENOENT);
	assert_string_equal(p->err.why, "\"--version\" prints none");
	assert_true(p->err.fix[0]);
}

/* The version stands in it, but what does not end is no answer. */
static void a_program_that_does_not_end_is_killed(void **state)
{
	const char *path;

	(void)state;
	path = make_program("claude", "w0 ");
	const struct program *p = look("claude", path, NULL);

	assert_int_equal(p->status, -E2BIG);
	assert_string_equal(p->version, "");
	assert_string_equal(p->err.why, "\"--version\" prints more than a version");
}

/* It is behind the fence: files of this machine cannot be read, and none appears. */
static void who_is_asked_sees_nothing(void **state)
{
	const char *path;

	(void)state;
	make("secret", "x", 0644);
	path = make_program("claude", text("f0 %s %s", in_top("secret"), CLAUDE));
	assert_string_equal(look("claude", path, NULL)->version, CLAUDE);
	path = make_program("claude", text("f0 %s %s", in_top("written"), CLAUDE));
	assert_string_equal(look("claude", path, NULL)->version, CLAUDE);
	assert_false(fs_exists(in_top("written")));
}

/* What is no program but a script of somebody's could not be started, either. */
static void a_wrapper_is_refused(void **state)
{
	const char *path;

	(void)state;
	path = make("claude", text("#!/bin/sh\necho %s\n", CLAUDE), 0755);
	const struct program *p = look("claude", path, NULL);

	assert_true(p->status < 0);
	assert_string_equal(p->version, "");
	assert_true(p->err.why[0] && p->err.fix[0]);
}

/* What is kept is believed as long as the program is the same file; nonsense is not believed. */
static void what_was_said_is_kept_while_the_file_stays(void **state)
{
	const char *path;
	json_t *kept;
	struct err err;
	struct str all;

	(void)state;
	path = make_speaker("claude", CLAUDE);
	assert_string_equal(look("claude", path, NULL)->version, CLAUDE);
	assert_int_equal(fs_read(here.arena, in_top("kept.json"), KIB(64), &all), 0);
	kept = json_parse(all, NULL);
	json_object_set_new(json_get_object(kept, path), "version", json_string("7.7.7"));
	assert_int_equal(fs_write(in_top("kept.json"), str_from(dump(kept)), 0600, &err), 0);
	json_decref(kept);
	assert_string_equal(look("claude", path, NULL)->version, "7.7.7");

	make_speaker("claude", "3.0.0");
	assert_string_equal(look("claude", path, NULL)->version, "3.0.0");
	make("kept.json", "[\"nonsense\"]", 0600);
	assert_string_equal(look("claude", path, NULL)->version, "3.0.0");
}

/* --- scripts ---------------------------------------------------------------------------- */

static const char *make_qwen(void)
{
	make_package(MODULES "@qwen-code/qwen-code", "@qwen-code/qwen-code", QWEN);
	return make(MODULES "@qwen-code/qwen-code/cli.js", "", 0644);
}

static void a_script_needs_a_node_that_is_new_enough(void **state)
{
	const char *script, *node;

	(void)state;
	script = make_qwen();
	node = make_speaker("node/bin/node", "v22.3.1");
	const struct program *p = look("qwen", script, node);

	assert_int_equal(p->status, 0);
	assert_string_equal(p->path, script);
	assert_string_equal(p->interpreter, node);
	assert_string_equal(p->node, "22.3.1");

	node = make_speaker("node/bin/node", "v18.19.0");
	p = look("qwen", script, node);
	assert_int_equal(p->status, -ENOTSUP);
	assert_string_equal(p->err.what, "agent \"qwen\" needs Node 22 or newer");
	assert_string_equal(p->err.why, text("%s is version 18.19.0", node));
	assert_non_null(strstr(p->err.fix, "install Node 22 or newer"));
}

static void a_node_that_is_none_is_told(void **state)
{
	const char *script, *node;

	(void)state;
	script = make_qwen();
	node = make_program("node/bin/node", "k0 ");
	const struct program *p = look("qwen", script, node);

	assert_int_equal(p->status, -EIO);
	assert_non_null(strstr(p->err.why, "ended by signal 9"));
	p = look("qwen", script, in_top("nowhere"));
	assert_int_equal(p->status, -ENOENT);
	assert_string_equal(p->err.what, "agent \"qwen\" needs Node, and there is none");
}

static void a_script_without_its_package_is_not_known(void **state)
{
	(void)state;
	make_package("project", "my-project", QWEN);
	const struct program *p = look("qwen", make_speaker("project/qwen", QWEN), NULL);

	assert_int_equal(p->status, -ENOENT);
	assert_string_equal(p->version, "");
	assert_non_null(strstr(p->err.why, "is not in the npm package @qwen-code/qwen-code"));
	assert_string_equal(p->err.fix, text("npm install -g @qwen-code/qwen-code@%s", QWEN));
}

static void nothing_is_found_where_nothing_is(void **state)
{
	const char *nowhere;

	(void)state;
	assert_string_equal(look("claude", NULL, NULL)->err.why, "it is not in PATH");
	nowhere = in_top("nowhere");
	assert_string_equal(
	    look("claude", nowhere, NULL)->err.why, text("cannot read %s", nowhere));
	assert_string_equal(look("native", NULL, NULL)->path, "/usr/bin/tutti");
}

/* --- what they print -------------------------------------------------------------------- */

static void a_version_is_the_first_word_that_is_one(void **state)
{
	static const char *const rows[][2] = { { "2.1.330 (Claude Code)\n", "2.1.330" },
		{ "codex-cli 0.169.0\n", "0.169.0" }, { "v22.23.3\n", "22.23.3" },
		{ "warning: 3 old\n1.18.33", "1.18.33" },
		{ "0.61.0-nightly.2+x y", "0.61.0-nightly.2+x" }, { "", "" }, { "hello", "" },
		{ "12", "" }, { "1.", "" }, { ".5", "" }, { "v", "" }, { "1.x", "" },
		{ "1.2/3", "" }, { "1.2\xff", "" },
		{ "1.00000000000000000000000000000000000000000000000", "" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_str(probe_parse(str_from(rows[i][0])), rows[i][1]);
	assert_str(probe_parse(STR("1.2\0003")), "");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(the_program_beside_its_package_is_taken),
		T(the_program_within_its_package_is_taken),
		T(a_package_without_its_program_is_told),
		T(another_version_of_a_package_is_refused),
		T(the_package_of_somebody_else_is_not_its_own),
		T(a_program_alone_is_asked),
		T(a_program_that_says_another_version_is_refused),
		T(a_program_that_says_nothing_is_refused),
		T(a_program_that_does_not_end_is_killed),
		T(who_is_asked_sees_nothing),
		T(a_wrapper_is_refused),
		T(what_was_said_is_kept_while_the_file_stays),
		T(a_script_needs_a_node_that_is_new_enough),
		T(a_node_that_is_none_is_told),
		T(a_script_without_its_package_is_not_known),
		T(nothing_is_found_where_nothing_is),
		T(a_version_is_the_first_word_that_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
