/*
 * git_log, git_diff, git_blame, git_show. git runs behind the fence like us, on the bare directory
 * that the snapshot brought along, never on the repository's own configuration.
 */
#include "agent/priv.h"

#include "base/unconst.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_DEFAULT 30
#define LOG_MAX 200
#define BLAME_DEFAULT 100

/* A revision a person would write; nothing that git could take for an option. */
static bool is_revision(struct str s)
{
	if (!s.n || s.n > 200 || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

static void child(const struct root *root, const char *const *argv, int out)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8",
		"HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_PAGER=cat",
		"GIT_NO_LAZY_FETCH=1", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, 0);
	dup2(out, 1);
	dup2(null, 2);
	if (fchdir(root->fd) < 0)
		_exit(126);
	execve("/usr/bin/git", unconst(argv), unconst(env));
	_exit(127);
}

/* Reads until the end or the ceiling is reached; then the child is killed. */
static bool drain(struct tool_call *call, int fd)
{
	char chunk[KIB(8)];
	ssize_t n = 1;

	while (n > 0 && call->out->n <= TOOL_RESULT_MAX) {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(call->out, (struct str){ chunk, (size_t)n });
	}
	return n == 0;
}

static int run_git(struct tool_call *call, const char *const *args)
{
	const char *git = call->root->git;
	const char *argv[32] = { "git", arena_printf(call->arena, "--git-dir=%s", git),
		"--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c",
		"core.quotePath=false", "-c", "log.showSignature=false" };
	size_t n = 11;
	int ends[2], status = 0;

	while (*args && n < 31)
		argv[n++] = *args++;
	if (access(arena_printf(call->arena, "%s/HEAD", git), R_OK) < 0)
		return tool_fail(call, "there is no git history in this snapshot");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return tool_fail(call, "no pipe: %s", err_name(-errno));
	pid_t pid = fork();

	if (pid == 0)
		child(call->root, argv, ends[1]);
	close(ends[1]);
	bool whole = pid > 0 && drain(call, ends[0]);

	close(ends[0]);
	if (pid > 0 && !whole)
		kill(pid, SIGKILL);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (pid < 0 || (whole && status != 0))
		return tool_fail(call, "git could not do that (is the revision or path right?)");
	call->summary = arena_printf(call->arena, "%zu bytes", call->out->n);
	if (!call->out->n)
		buf_adds(call->out, "(nothing)\n");
	return 0;
}

/* One more than N was asked for, so as to know whether there is more. */
static void keep_lines(struct tool_call *call, size_t n, const char *what)
{
	struct str rest = buf_str(call->out);

	for (size_t i = 0; i < n && rest.p; i++)
		str_line(&rest);
	if (!rest.n)
		return;
	call->out->n -= rest.n;
	buf_printf(call->out, "(first %zu %s; there are more)\n", n, what);
}

static const char *text_arg(struct tool_call *call, const char *key)
{
	return arena_cstr(call->arena, json_get_str(call->args, key));
}

int tool_git_log(struct tool_call *call)
{
	long long max = json_get_int(call->args, "max", LOG_DEFAULT);
	const char *path = text_arg(call, "path");

	max = max < 1 ? LOG_DEFAULT : max < LOG_MAX ? max : LOG_MAX;
	int rc = run_git(
	    call, (const char *const[]){ "log", "--no-ext-diff", "--no-textconv",
		      arena_printf(call->arena, "-n%lld", max + 1), "--date=short",
		      "--format=%h %ad %an: %s", "HEAD", "--", path[0] ? path : ".", NULL });

	if (!rc)
		keep_lines(call, (size_t)max, "commits");
	return rc;
}

int tool_git_diff(struct tool_call *call)
{
	struct str from = json_get_str(call->args, "from"), to = json_get_str(call->args, "to");
	const char *path = text_arg(call, "path");

	if (!to.n)
		to = STR("HEAD");
	if (!is_revision(from) || !is_revision(to))
		return tool_fail(call, "from (and to) must be commits");
	return run_git(call, (const char *const[]){ "diff", "--no-ext-diff", "--no-textconv",
				 "--stat", "--patch", arena_cstr(call->arena, from),
				 arena_cstr(call->arena, to), "--", path[0] ? path : ".", NULL });
}

int tool_git_blame(struct tool_call *call)
{
	long long from = json_get_int(call->args, "from", 1);
	long long to = json_get_int(call->args, "to", from + BLAME_DEFAULT);

	if (from < 1 || to < from || to > from + TOOL_READ_LINES)
		return tool_fail(call, "from and to must be lines, at most 400 apart");
	int rc = run_git(call, (const char *const[]){ "blame", "--no-textconv", "--date=short",
				   arena_printf(call->arena, "-L%lld,%lld", from, to), "HEAD", "--",
				   text_arg(call, "path"), NULL });

	if (!rc && !json_is_number(json_object_get(call->args, "to")))
		keep_lines(call, BLAME_DEFAULT, "lines");
	return rc;
}

int tool_git_show(struct tool_call *call)
{
	struct str commit = json_get_str(call->args, "commit");

	if (!is_revision(commit))
		return tool_fail(call, "commit must be a commit");
	return run_git(
	    call, (const char *const[]){ "show", "--no-ext-diff", "--no-textconv", "--stat",
		      "--patch", "--date=short", arena_cstr(call->arena, commit), "--", NULL });
}
