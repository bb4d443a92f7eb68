/*
 * The fence, for real: every test here starts processes behind it and looks at what they can do.
 * The same tests run on emulated poorer machines (../degrade.h): DEGRADED says on which, and its
 * first letter what the fence must come to there. Scripts find their places in R (the repository),
 * S (scratch), O (what may be written to), HOME and TMPDIR.
 */
#include "fence.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct world {
	struct sandbox *sandbox;
	enum fence_mode mode;
	struct arena *arena;
	struct fence_place place; /* of the last child */
	char dir[64];		  /* everything of this test */
	char repo[80];		  /* shown at /repo */
	char out[80];		  /* shown at /out */
};

struct outcome {
	struct fence_child *child;
	bool ready, over, hold; /* hold: do not say go */
	bool keep;		/* the proof */
	enum fence_event last;
	int status, listener;
	json_t *proof;
	struct err err;
	char text[16384]; /* stdout and stderr */
};

static int set_up(void **state)
{
	struct world *w = xalloc(sizeof(*w));
	struct err err;

	assert_int_equal(sandbox_start(&w->sandbox, &err), 0);
	w->mode = sandbox_mode(w->sandbox);
	if (w->mode != wanted_mode())
		fail_msg("%s", json_dump(sandbox_probe(w->sandbox, &w->mode)));
	w->arena = arena_create("test", MIB(4));
	snprintf(w->dir, sizeof(w->dir), "/tmp/tutti-fence-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->repo, sizeof(w->repo), "%s/repo", w->dir);
	snprintf(w->out, sizeof(w->out), "%s/out", w->dir);
	/* in place a root's workers see what everybody sees */
	bool open = w->mode == FENCE_C;

	assert_int_equal(sandbox_set_base(w->sandbox, w->dir, &err), 0);
	assert_int_equal(mkdir(w->repo, open ? 0755 : 0700), 0);
	assert_int_equal(mkdir(w->out, 0700), 0);
	assert_int_equal(
	    fs_write(fs_join(w->arena, w->repo, "file"), STR("hello\n"), open ? 0644 : 0600, &err),
	    0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	sandbox_stop(w->sandbox);
	sandbox_leave(&w->place);
	fs_remove_tree(w->dir);
	arena_destroy(w->arena);
	free(w);
	return 0;
}

static void on_report(void *ctx, const struct fence_report *r)
{
	struct outcome *o = ctx;

	o->last = r->event;
	if (r->event == FENCE_READY) {
		o->ready = true;
		o->listener = r->listener;
		o->proof = json_deep_copy(r->proof);
		if (!o->hold)
			sandbox_go(o->child);
		return;
	}
	o->over = true;
	o->status = r->status;
	if (r->event == FENCE_REFUSED)
		o->err = *r->err;
}

static void wait_until(struct world *w, const bool *flag, const bool *or_this)
{
	while (!*flag && !*or_this) {
		struct pollfd p = { sandbox_fd(w->sandbox), POLLIN, 0 };

		poll(&p, 1, -1);
		assert_int_equal(sandbox_turn(w->sandbox), 0);
	}
}

static const char **env_of(const struct world *w)
{
	bool in_place = w->place.in_place;
	const char *const env[] = { "PATH=/usr/bin:/bin",
		arena_printf(w->arena, "HOME=%s", w->place.home),
		arena_printf(w->arena, "TMPDIR=%s", w->place.tmp),
		arena_printf(w->arena, "R=%s", in_place ? w->repo : "/repo"),
		arena_printf(w->arena, "O=%s", in_place ? w->out : "/out"),
		arena_printf(w->arena, "S=%s", w->place.scratch), NULL };
	const char **copy = arena_alloc(w->arena, sizeof(env));

	memcpy(copy, env, sizeof(env));
	return copy;
}

/* In a place of its own; that of the child before is gone. */
static struct fence_spec spec_of(struct world *w, enum fence_purpose purpose)
{
	struct err err;

	sandbox_leave(&w->place);
	if (sandbox_place(w->sandbox, w->arena, purpose, &w->place, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
	return (struct fence_spec){ .purpose = purpose,
		.place = &w->place,
		.repo = w->repo,
		.writable = purpose == FENCE_SNAPSHOT ? w->out : NULL,
		.env = env_of(w),
		.port = w->place.port,
		.in = -1,
		.out = -1,
		.err = -1 };
}

static void begin(struct world *w, struct fence_spec *spec, struct outcome *o)
{
	struct err err;

	if (sandbox_spawn(w->sandbox, spec, on_report, o, &o->child, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
}

static void run(struct world *w, struct fence_spec *spec, struct outcome *o)
{
	int ends[2];
	ssize_t n;
	size_t at = 0;

	o->listener = -1;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spec->out = spec->err = ends[1];
	begin(w, spec, o);
	close(ends[1]);
	wait_until(w, &o->over, &o->over);
	while ((n = read(ends[0], o->text + at, sizeof(o->text) - 1 - at)) > 0)
		at += (size_t)n;
	close(ends[0]);
	if (o->listener >= 0)
		close(o->listener);
	if (!o->keep)
		json_decref(o->proof);
}

/* What SCRIPT prints behind the fence; it must have been started. */
static const char *script(struct world *w, enum fence_purpose purpose, const char *text)
{
	const char *argv[] = { "/bin/sh", "-c", text, NULL };
	struct fence_spec spec = spec_of(w, purpose);
	struct outcome *o = arena_new(w->arena, struct outcome);

	spec.argv = argv;
	run(w, &spec, o);
	if (o->last == FENCE_REFUSED)
		fail_msg("refused: %s", o->err.why);
	assert_true(o->ready);
	return o->text;
}

/* --- what it can do ---------------------------------------------------------------------- */

static void test_reads(void **state)
{
	struct world *w = *state;
	const char *got = script(w, FENCE_COMMAND, "cat $R/file; pwd; cat ./file");

	assert_string_equal(got,
	    arena_printf(w->arena, "hello\n%s\nhello\n", w->mode == FENCE_C ? w->repo : "/repo"));
}

static void test_has_scratch(void **state)
{
	struct world *w = *state;

	assert_string_equal(
	    script(w, FENCE_COMMAND,
		"echo a >$S/tmp/x && cat $TMPDIR/x && echo b >$HOME/y && cat $HOME/y"),
	    "a\nb\n");
	if (w->mode != FENCE_C)
		assert_string_equal(
		    script(w, FENCE_COMMAND, "echo a >$TMPDIR/x && cat /tmp/x"), "a\n");
}

static void test_tools_work(void **state)
{
	const char *got = script(*state, FENCE_COMMAND,
	    "git init -q $TMPDIR/r && cd $TMPDIR/r && echo x >f && git add f && git -c "
	    "user.name=a -c user.email=b commit -qm m && git log --format=%s; cd $R; find . -type "
	    "f | sort");

	assert_string_equal(got, "m\n./file\n");
}

static void test_snapshot_writes_out(void **state)
{
	struct world *w = *state;
	struct str text;

	script(w, FENCE_SNAPSHOT, "cp $R/file $O/copy");
	assert_int_equal(fs_read(w->arena, fs_join(w->arena, w->out, "copy"), 100, &text), 0);
	assert_str(text, "hello\n");
}

static void test_files_and_binds(void **state)
{
	struct world *w = *state;
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	const char *given = w->mode == FENCE_C ? w->out : "/given";
	const char *argv[] = { "/bin/sh", "-c",
		arena_printf(w->arena,
		    "cat $HOME/.qwen/settings.json %s/file; (echo x >%s/file) 2>/dev/null || echo "
		    "no",
		    given, given),
		NULL };
	const struct fence_file file = { "home/.qwen/settings.json", STR("{}\n") };
	const struct fence_bind bind = { w->out, given, true };
	struct outcome o = { 0 };
	struct err err;

	assert_int_equal(chmod(w->out, 0755), 0);
	assert_int_equal(
	    fs_write(fs_join(w->arena, w->out, "file"), STR("given\n"), 0644, &err), 0);
	spec.argv = argv;
	spec.files = &file;
	spec.n_files = 1;
	spec.binds = &bind;
	spec.n_binds = 1;
	run(w, &spec, &o);
	assert_string_equal(o.text, "{}\ngiven\nno\n");
}

/* --- what it cannot ---------------------------------------------------------------------- */

static void test_cannot_write(void **state)
{
	struct world *w = *state;
	struct str text;
	const char *got = script(w, FENCE_COMMAND,
	    "for c in 'echo x >$R/file' 'rm $R/file' 'mkdir $R/d' 'mv $R/file $R/g' "
	    "'ln $R/file $TMPDIR/l' 'mkfifo $R/p' 'echo x >/etc/passwd' 'echo x >/usr/x' "
	    "'echo x >/x' 'truncate -s 0 $R/file' 'mv $TMPDIR/y $R/' 'ln -s x $R/l' "
	    "'chown $(id -u) $R/file'; do (eval \"$c\") 2>/dev/null && echo \"DONE $c\"; done; "
	    "chmod 777 $R/file; touch -d 1980-01-01 $R/file; chmod 4755 $R; echo end");

	got = strstr(got, "end\n") ? "end\n" : got;
	assert_string_equal(got, "end\n");
	assert_int_equal(fs_read(w->arena, fs_join(w->arena, w->repo, "file"), 100, &text), 0);
	assert_str(text, "hello\n");
}

static void test_sees_nothing_else(void **state)
{
	struct world *w = *state;
	const char *got = script(w, FENCE_COMMAND,
	    "ls /root /home /var /run /sys / 2>/dev/null; cat /etc/shadow 2>/dev/null; "
	    "cat /proc/1/environ 2>/dev/null; ls -A /dev/shm 2>/dev/null; echo end");
	const char *root = "bin\n";

	if (w->mode == FENCE_B) { /* what is listed in it stands in the mounts, and it is all */
		assert_non_null(strstr(got, root));
		assert_null(strstr(got, "home"));
		assert_null(strstr(got, "root"));
		assert_null(strstr(got, "var"));
		return;
	}
	assert_string_equal(got, "end\n");
}

static void test_environment_and_descriptors(void **state)
{
	struct world *w = *state;

	/* nobody but itself, looked at without another process; three descriptors, and that of the
	 * listing */
	if (w->mode != FENCE_C)
		assert_string_equal(script(w, FENCE_COMMAND,
					"set -- /proc/[0-9]*; echo $#; ls /proc/self/fd | wc -l"),
		    "1\n4\n");
	assert_string_equal(script(w, FENCE_COMMAND,
				"for i in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "
				"(eval \"true <&$i\") 2>/dev/null && echo $i; done; env | cut -d= "
				"-f1 | sort | tr '\\n' ' '"),
	    "HOME O PATH PWD R S TMPDIR ");
}

static void test_no_network(void **state)
{
	struct world *w = *state;

	/* no route, and of sockets only the heading */
	if (w->mode != FENCE_C)
		assert_string_equal(
		    script(w, FENCE_COMMAND, "wc -l </proc/net/route; wc -l </proc/net/tcp"),
		    "0\n1\n");
	const char *argv[] = { "/bin/bash", "-c",
		"for p in 22 80 443 7771; do (echo >/dev/tcp/127.0.0.1/$p) 2>/dev/null && echo $p; "
		"(echo >/dev/udp/127.0.0.1/$p) 2>/dev/null && echo udp $p; done; echo end",
		NULL };
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	struct outcome o = { 0 };

	spec.argv = argv;
	run(w, &spec, &o);
	assert_string_equal(o.text, "end\n");
}

static void test_no_exec_in_repo(void **state)
{
	struct world *w = *state;
	struct err err;

	assert_int_equal(
	    fs_write(fs_join(w->arena, w->repo, "run"), STR("#!/bin/sh\necho ran\n"), 0755, &err),
	    0);
	assert_null(strstr(script(w, FENCE_COMMAND, "$R/run; true"), "ran"));
}

static void test_runs_as_nobody(void **state)
{
	struct world *w = *state;

	assert_null(strstr(script(w, FENCE_COMMAND, "id -u"), "\n0\n"));
	if (w->mode == FENCE_C)
		return; /* no /proc; the proof has read it */
	const char *got = script(
	    w, FENCE_COMMAND, "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status");

	assert_non_null(strstr(got, "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"));
	assert_non_null(strstr(got, "NoNewPrivs:\t1\nSeccomp:\t2\n"));
}

/* --- shadows ----------------------------------------------------------------------------- */

/* What is said of shadow NAME: "existed covered", each 0 or 1. */
static const char *shadow(struct world *w, const json_t *proof, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_get_array(proof, "shadows"), i, one)
		if (strcmp(json_get_cstr(one, "name", ""), name) == 0)
			return arena_printf(w->arena, "%d%d", json_get_bool(one, "existed", false),
			    json_get_bool(one, "covered", false));
	return "none";
}

static void lay_out_settings(struct world *w)
{
	char *script = arena_printf(w->arena,
	    "cd %s && mkdir -p .qwen/deep real sub && echo s >.qwen/deep/x && echo s >.env && "
	    "echo t >target && ln -s target LINK.md && ln -s real DIR && echo s >real/settings && "
	    "ln -s nowhere DANGLING && echo s >sub/settings && chmod -R a+rX .",
	    w->repo);

	assert_int_equal(system(script), 0);
}

static void test_shadows(void **state)
{
	static const char *const names[] = { ".qwen", ".env", "LINK.md", "DIR/settings", "DANGLING",
		"sub/settings", "sub/none", ".none", ".none/deep", NULL };
	struct world *w = *state;
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	const char *argv[] = { "/bin/sh", "-c",
		"cd $R; find .qwen; cat .env LINK.md DIR/settings DANGLING sub/settings "
		"2>/dev/null; "
		"(echo mine >.none) 2>/dev/null; cat .none 2>/dev/null; cat target real/settings",
		NULL };
	struct outcome o = { .keep = true };

	lay_out_settings(w);
	spec.argv = argv;
	spec.shadows = names;
	run(w, &spec, &o);
	bool in_place = w->mode == FENCE_C;

	assert_string_equal(o.text,
	    in_place ? ".qwen\n.qwen/deep\n.qwen/deep/x\ns\nt\ns\ns\nt\ns\n" : ".qwen\nt\ns\n");
	for (size_t i = 0; names[i]; i++)
		assert_string_equal(shadow(w, o.proof, names[i]), i > 5	     ? "00"
								  : in_place ? "10"
									     : "11");
	json_decref(o.proof);
}

/* --- listener and proof ------------------------------------------------------------------ */

static void test_listener(void **state)
{
	struct world *w = *state;
	struct fence_spec spec = spec_of(w, FENCE_AGENT);
	const char *argv[] = { "/bin/bash", "-c",
		arena_printf(w->arena,
		    "exec 3<>/dev/tcp/127.0.0.1/%u; echo ping >&3; cat <&3; (echo "
		    ">/dev/tcp/127.0.0.1/80) 2>&1 | grep -o 'Permission denied$\\|refused$' | tail "
		    "-n1",
		    spec.port),
		NULL };
	struct outcome o = { .listener = -1 };
	char word[6] = "";
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spec.argv = argv;
	spec.out = ends[1];
	begin(w, &spec, &o);
	close(ends[1]);
	wait_until(w, &o.ready, &o.over);
	assert_true(o.listener >= 0);
	int conn = accept4(o.listener, NULL, NULL, SOCK_CLOEXEC);

	assert_int_equal(recv(conn, word, 5, MSG_WAITALL), 5);
	assert_string_equal(word, "ping\n");
	assert_int_equal(send(conn, "pong\n", 5, 0), 5);
	close(conn);
	wait_until(w, &o.over, &o.over);
	ssize_t n = read(ends[0], o.text, sizeof(o.text) - 1);

	assert_true(n > 0);
	assert_string_equal(
	    o.text, w->mode == FENCE_B ? "pong\nrefused\n" : "pong\nPermission denied\n");
	close(ends[0]);
	close(o.listener);
	json_decref(o.proof);
}

static void test_proof(void **state)
{
	struct world *w = *state;
	const char *argv[] = { "/bin/true", NULL };
	struct fence_spec spec = spec_of(w, FENCE_AGENT);
	struct outcome o = { .listener = -1 };

	spec.argv = argv;
	begin(w, &spec, &o);
	wait_until(w, &o.over, &o.over);
	assert_int_equal(o.last, FENCE_EXITED);
	assert_int_equal(o.status, 0);
	assert_string_equal(json_get_cstr(o.proof, "mode", ""), fence_mode_name(w->mode));
	json_t *canary = json_get_object(o.proof, "canary");

	assert_int_equal(json_get_int(canary, "tried", 0), 11);
	assert_int_equal(json_get_int(canary, "mask", -1), 0);
	assert_int_equal(json_array_size(json_get_array(o.proof, "descriptors")), 3);
	if (w->mode != FENCE_B)
		assert_true(json_get_int(json_get_object(o.proof, "landlock"), "abi", 0) >= 4);
	if (w->mode != FENCE_C)
		assert_int_equal(json_object_size(json_get_object(o.proof, "namespaces")), 7);
	bool weaker = strstr(json_get_cstr(o.proof, "egress", ""), "weaker") != NULL;

	assert_int_equal(weaker, w->mode == FENCE_C);
	json_decref(o.proof);
	close(o.listener);
}

static void test_probe(void **state)
{
	struct world *w = *state;
	enum fence_mode mode;
	json_t *doc = sandbox_probe(w->sandbox, &mode);

	assert_int_equal(mode, wanted_mode());
	assert_string_equal(json_get_cstr(doc, "mode", ""), fence_mode_name(mode));
	assert_int_equal(json_array_size(json_get_array(doc, "probes")), 9);
	/* those that failed, and what to do about it, and then the one that holds */
	json_t *modes = json_get_array(doc, "modes"), *one;
	size_t i, failed = 0;

	json_array_foreach (modes, i, one) {
		failed += !json_get_bool(one, "ok", true);
		assert_true(json_get_bool(one, "ok", true) || json_get_cstr(one, "why", "")[0]);
	}
	assert_int_equal(failed, FENCE_A - mode);
	assert_int_equal(json_array_size(modes), failed + (mode != FENCE_NONE));
	assert_int_equal(json_array_size(json_get_array(doc, "fix")) > 0, failed > 0);
	json_decref(doc);
}

/* --- refusals ---------------------------------------------------------------------------- */

static void refused(struct world *w, const char *program, const char *why)
{
	const char *argv[] = { program, NULL };
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	struct outcome o = { 0 };

	spec.argv = argv;
	run(w, &spec, &o);
	assert_int_equal(o.last, FENCE_REFUSED);
	assert_false(o.ready);
	if (!strstr(o.err.why, why))
		fail_msg("\"%s\" is not in: %s", why, o.err.why);
}

static void test_refuses(void **state)
{
	struct world *w = *state;
	struct err err;

	const char *file = w->mode == FENCE_C ? fs_join(w->arena, w->repo, "file") : "/repo/file";

	refused(w, "/no/such/program", "/no/such/program");
	refused(w, file, file);
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	struct outcome o = { 0 };
	const char *argv[] = { "/bin/true", NULL };

	spec.argv = argv;
	spec.repo = "/no/such/directory";
	run(w, &spec, &o);
	assert_int_equal(o.last, FENCE_REFUSED);
	assert_non_null(strstr(o.err.why, "/no/such/directory"));

	spec.repo = w->repo;
	spec.writable = w->out; /* a command has none */
	assert_int_equal(sandbox_spawn(w->sandbox, &spec, on_report, &o, &o.child, &err), -EINVAL);
}

/* In mode D: whoever asks hears why. */
static void test_refuses_all(void **state)
{
	struct world *w = *state;

	for (enum fence_purpose p = FENCE_AGENT; p <= FENCE_SNAPSHOT; p++) {
		const char *argv[] = { "/bin/true", NULL };
		struct fence_spec spec = spec_of(w, p);
		struct outcome o = { 0 };

		spec.argv = argv;
		run(w, &spec, &o);
		assert_int_equal(o.last, FENCE_REFUSED);
		assert_false(o.ready);
		assert_true(o.err.why[0] && o.err.fix[0]);
	}
}

/* --- death ------------------------------------------------------------------------------- */

/* Processes of this machine whose command line holds WORD. */
static int count_processes(const char *word)
{
	struct dirent *e;
	DIR *proc = opendir("/proc");
	int n = 0;

	while ((e = readdir(proc))) {
		char path[300], line[4096] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		ssize_t got = read(fd, line, sizeof(line) - 1);

		close(fd);
		for (ssize_t i = 0; i < got - 1; i++)
			if (!line[i])
				line[i] = ' ';
		n += strstr(line, word) != NULL;
	}
	closedir(proc);
	return n;
}

/* The word that processes of this test carry, and of no other that runs beside it. */
static const char *tagged(const struct world *w, unsigned tag)
{
	return arena_printf(w->arena, "sleep 1000.%u%d", tag, (int)getpid());
}

static const char *stubborn(const struct world *w, const char *word)
{
	return arena_printf(w->arena,
	    "trap '' TERM HUP; (setsid sh -c 'trap \"\" TERM HUP; %s' &) ; %s & %s", word, word,
	    word);
}

static void test_kill_empties(void **state)
{
	struct world *w = *state;
	const char *word = tagged(w, 31);
	const char *argv[] = { "/bin/sh", "-c", stubborn(w, word), NULL };
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	struct outcome o = { 0 };

	spec.argv = argv;
	begin(w, &spec, &o);
	wait_until(w, &o.ready, &o.over);
	while (count_processes(word) < 3)
		usleep(1000);
	sandbox_kill(o.child, true);
	usleep(20000);
	assert_true(count_processes(word) >= 3);
	sandbox_kill(o.child, false);
	wait_until(w, &o.over, &o.over);
	assert_int_equal(count_processes(word), 0);
	assert_true(WIFSIGNALED(o.status));
	json_decref(o.proof);
}

/* The process called NAME that is a grandchild of this one, or 0. */
static pid_t find_process(const char *name)
{
	char command[200];
	pid_t pid = 0;

	snprintf(command, sizeof(command),
	    "for l in $(pgrep -P %d); do pgrep -P $l -x %s; done 2>/dev/null", (int)getpid(), name);
	FILE *f = popen(command, "re");

	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		pclose(f);
	return pid;
}

/* Whoever kills the warden (nobody inside can) does not free what it watches. */
static void test_a_killed_warden_is_replaced(void **state)
{
	struct world *w = *state;
	const char *word = tagged(w, 34);
	const char *argv[] = { "/bin/sh", "-c", stubborn(w, word), NULL };
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	struct outcome o = { 0 };

	if (w->mode != FENCE_C)
		return;
	spec.argv = argv;
	begin(w, &spec, &o);
	wait_until(w, &o.ready, &o.over);
	while (count_processes(word) < 3)
		usleep(1000);
	pid_t warden = find_process("tutti-warden");

	assert_true(warden > 0);
	assert_int_equal(kill(warden, SIGKILL), 0);
	wait_until(w, &o.over, &o.over);
	assert_int_equal(count_processes(word), 0);
	json_decref(o.proof);
}

static void test_main_ends_all_end(void **state)
{
	struct world *w = *state;
	const char *word = tagged(w, 32);

	script(w, FENCE_COMMAND,
	    arena_printf(w->arena, "(setsid %s >/dev/null 2>&1 &); echo done", word));
	assert_int_equal(count_processes(word), 0);
}

/* Whoever stops hears of an end that waits to be read, and does not wait for another. */
static void test_stops_behind_the_last_end(void **state)
{
	struct world *w = *state;
	const char *argv[] = { "/bin/true", NULL };
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	struct outcome o = { 0 };

	spec.argv = argv;
	begin(w, &spec, &o);
	wait_until(w, &o.ready, &o.over);
	struct pollfd p = { sandbox_fd(w->sandbox), POLLIN, 0 };

	poll(&p, 1, -1);
	sandbox_stop(w->sandbox);
	w->sandbox = NULL;
	assert_true(o.over);
	json_decref(o.proof);
}

static void count_loss(void *ctx)
{
	++*(int *)ctx;
}

static pid_t launcher_of(void)
{
	int pid = 0;
	FILE *f = fopen("/proc/thread-self/children", "re");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	return pid;
}

/* That is no reason to refuse a child: what it means is for whoever owns the fence to say. */
static void test_who_asks_a_dead_launcher_says_so(void **state)
{
	struct world *w = *state;
	const char *argv[] = { "/bin/sleep", "60", NULL };
	struct fence_spec spec = spec_of(w, FENCE_COMMAND);
	struct outcome first = { 0 }, second = { 0 };
	pid_t launcher = launcher_of();
	struct fence_child *child;
	siginfo_t info;
	struct err err;
	int lost = 0;

	spec.argv = argv;
	sandbox_on_loss(w->sandbox, count_loss, &lost);
	begin(w, &spec, &first);
	wait_until(w, &first.ready, &first.over);
	kill(launcher, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)launcher, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(
	    sandbox_spawn(w->sandbox, &spec, on_report, &second, &child, &err), -EPIPE);
	assert_int_equal(lost, 1);
	assert_true(first.over);
	assert_int_equal(
	    sandbox_spawn(w->sandbox, &spec, on_report, &second, &child, &err), -EPIPE);
	assert_int_equal(lost, 1);
	json_decref(first.proof);
}

/* Processes of this program that lost their parent; those of tests beside this one have theirs. */
static int count_orphans(void)
{
	struct stat own, st;
	struct dirent *e;
	DIR *proc = opendir("/proc");
	int n = 0;

	assert_int_equal(stat("/proc/self/exe", &own), 0);
	while ((e = readdir(proc))) {
		char path[300];
		int parent = 0;

		snprintf(path, sizeof(path), "/proc/%s/exe", e->d_name);
		if (stat(path, &st) < 0 || st.st_ino != own.st_ino || st.st_dev != own.st_dev)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		FILE *f = fopen(path, "re");

		if (f && fscanf(f, "%*d (%*[^)]) %*c %d", &parent) == 1)
			n += parent == 1;
		if (f)
			fclose(f);
	}
	closedir(proc);
	return n;
}

/* A daemon that is killed at any moment leaves nothing. */
static void test_daemon_dies(void **state)
{
	struct world *w = *state;
	const char *word = tagged(w, 33);

	for (useconds_t wait = 0; wait < 12000; wait += 500) {
		pid_t pid = fork();

		if (pid == 0) {
			struct world mine = *w;
			struct outcome o = { 0 };
			const char *argv[] = { "/bin/sh", "-c", stubborn(w, word), NULL };
			struct fence_spec spec = spec_of(w, FENCE_COMMAND);
			struct err err;

			if (sandbox_start(&mine.sandbox, &err) < 0)
				_exit(1);
			spec.argv = argv;
			begin(&mine, &spec, &o);
			wait_until(&mine, &o.over, &o.over);
			_exit(0);
		}
		usleep(wait);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		/* one may still begin while its launcher has not noticed: it is looked for again
		 * below */
		int alive = count_processes(word);

		for (int i = 0; i < 2000 && alive > 0; i++) {
			usleep(1000);
			alive = count_processes(word);
		}
		assert_int_equal(alive, 0);
	}
	/* a warden (mode C) has five seconds; tests beside this one have such moments, too */
	int left = count_orphans();

	for (int i = 0; i < 6000 && left > 0; i++) {
		usleep(1000);
		left = count_orphans();
	}
	assert_int_equal(left, 0);
	assert_int_equal(count_processes(word), 0);
}

int main(void)
{
	const struct CMUnitTest refusing[] = {
		cmocka_unit_test_setup_teardown(test_probe, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refuses_all, set_up, tear_down),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_has_scratch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tools_work, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_snapshot_writes_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files_and_binds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cannot_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sees_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_environment_and_descriptors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_network, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_exec_in_repo, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_runs_as_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shadows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_listener, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_proof, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probe, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kill_empties, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_killed_warden_is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_main_ends_all_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stops_behind_the_last_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_who_asks_a_dead_launcher_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_daemon_dies, set_up, tear_down),
	};

	if (wanted_mode() == FENCE_NONE)
		return cmocka_run_group_tests_name("sandbox", refusing, NULL, NULL);
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
