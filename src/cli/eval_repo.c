/*
 * The repository of a case, made by git and by nobody's settings: the same files give the same
 * commits on every machine. What is in repo/ is the first commit; change.patch or what is in
 * repo.after/ makes a second one.
 */
#include "cli/eval.h"

#include "base/limits.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 16

struct maker {
	struct arena *a;
	const char *to; /* the repository */
	struct err *err;
};

/* --- git --------------------------------------------------------------------------------- */

static char *const *environment(struct arena *a)
{
	const char *path = getenv("PATH");
	const char *words[] = { arena_printf(a, "PATH=%s", path ? path : "/usr/bin:/bin"),
		"HOME=/nonexistent", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=tutti",
		"GIT_AUTHOR_EMAIL=eval@localhost", "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME=tutti", "GIT_COMMITTER_EMAIL=eval@localhost",
		"GIT_COMMITTER_DATE=2026-01-01T00:00:00Z" };
	size_t n = sizeof(words) / sizeof(words[0]);
	char **env = arena_array(a, n + 1, sizeof(*env));

	for (size_t i = 0; i < n; i++)
		env[i] = arena_cstr(a, str_from(words[i]));
	return env;
}

/* What it says until it ends; what is too much is read and dropped. */
static struct str hear(struct arena *a, int fd)
{
	char chunk[KIB(1)];
	struct buf b;
	ssize_t n;

	buf_init(&b, KIB(4));
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		buf_add(&b, (struct str){ chunk, n > 0 ? (size_t)n : 0 });
	struct str out = arena_dup(a, str_trim(buf_str(&b)));

	buf_fini(&b);
	return out;
}

static int start(const struct maker *m, char *const *argv, int said, pid_t *ret)
{
	posix_spawn_file_actions_t fa;
	int rc = posix_spawn_file_actions_init(&fa);

	if (rc)
		return -rc;
	rc = posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&fa, said, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&fa, said, STDERR_FILENO);
	if (!rc)
		rc = posix_spawnp(ret, "git", &fa, NULL, argv, environment(m->a));
	posix_spawn_file_actions_destroy(&fa);
	return -rc;
}

static int finish_git(const struct maker *m, pid_t pid, int said)
{
	struct str words = hear(m->a, said);
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	struct str last = str_last_words(words);

	err_set(m->err, -EINVAL, "git could not make its repository");
	return err_why(m->err, "%.*s", STR_ARG(str_take(last, 500)));
}

/* git in directory WORK, as the work tree of the repository, with WORDS up to NULL. */
static int git(const struct maker *m, const char *work, const char *const *words)
{
	const char *first[] = { "git", "-C", work, arena_printf(m->a, "--git-dir=%s/.git", m->to),
		"--work-tree=.", "-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false" };
	size_t n = sizeof(first) / sizeof(first[0]);
	char *argv[WORDS_MAX + sizeof(first) / sizeof(first[0]) + 1] = { NULL };
	int said[2], rc;
	pid_t pid;

	for (size_t i = 0; i < n; i++)
		argv[i] = arena_cstr(m->a, str_from(first[i]));
	for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
		argv[n + i] = arena_cstr(m->a, str_from(words[i]));
	if (pipe2(said, O_CLOEXEC) < 0)
		return err_set(m->err, -errno, "no pipe to git: %s", err_name(-errno));
	rc = start(m, argv, said[1], &pid);
	close(said[1]);
	if (rc)
		err_set(m->err, rc, "git cannot be started: %s", err_name(rc));
	else
		rc = finish_git(m, pid, said[0]);
	close(said[0]);
	return rc;
}

/* What is in WORK becomes the next commit. */
static int commit_tree(const struct maker *m, const char *work, const char *message)
{
	int rc = git(m, work, (const char *[]){ "add", "-A", "-f", ".", NULL });

	return rc ? rc : git(m, work, (const char *[]){ "commit", "-q", "-m", message, NULL });
}

/* --- a case ------------------------------------------------------------------------------ */

static const char *in_case(struct arena *a, const struct eval_item *item, const char *name)
{
	return fs_join(a, item->dir, name);
}

bool eval_has_change(struct arena *a, const struct eval_item *item)
{
	return fs_exists(in_case(a, item, "change.patch")) ||
	       fs_exists(in_case(a, item, "repo.after"));
}

static int make(const struct maker *m, const struct eval_item *item)
{
	const char *patch = in_case(m->a, item, "change.patch"),
		   *after = in_case(m->a, item, "repo.after");
	bool patched = fs_exists(patch), replaced = fs_exists(after);
	int rc = fs_mkdirs(m->to, 0755);

	if (rc)
		return err_set(m->err, rc, "cannot make %s: %s", m->to, err_name(rc));
	if (patched && replaced)
		return err_set(m->err, -EINVAL, "it has change.patch and repo.after; one is meant");
	rc = git(m, m->to, (const char *[]){ "init", "-q", "--template=", "-b", "main", NULL });
	if (!rc)
		rc = commit_tree(m, in_case(m->a, item, "repo"), "as it was");
	if (!rc && replaced)
		rc = commit_tree(m, after, "the change");
	if (!rc)
		rc = git(m, m->to, (const char *[]){ "reset", "-q", "--hard", NULL });
	if (!rc && patched)
		rc = git(m, m->to,
		    (const char *[]){ "apply", "--index", "--whitespace=nowarn", patch, NULL });
	if (!rc && patched)
		rc = git(m, m->to, (const char *[]){ "commit", "-q", "-m", "the change", NULL });
	return rc;
}

/* --- whether what the case names is there ------------------------------------------------ */

static unsigned count_lines(struct str text)
{
	unsigned n = 0;

	while (text.n) {
		str_line(&text);
		n++;
	}
	return n;
}

static int check_place(const struct maker *m, const struct eval_place *p, const char *what)
{
	const char *path = fs_join(m->a, m->to, arena_cstr(m->a, p->path));
	struct str text;
	int rc = fs_read(m->a, path, SOURCE_FILE_MAX, &text);

	if (rc)
		return err_set(m->err, rc, "%s: %.*s: %s", what, STR_ARG(str_take(p->path, 120)),
		    err_name(rc));
	unsigned n = count_lines(text);

	if (p->end > n)
		return err_set(m->err, -EINVAL, "%s: %.*s has %u lines, not %u", what,
		    STR_ARG(str_take(p->path, 120)), n, p->end);
	return 0;
}

static int check_places(const struct maker *m, const struct eval_case *c)
{
	int rc = 0;

	for (size_t i = 0; i < c->n_defects && !rc; i++)
		rc = check_place(m, &c->defects[i].at,
		    arena_printf(m->a, "defect %.*s", STR_ARG(c->defects[i].id)));
	for (size_t i = 0; i < c->n_decoys && !rc; i++)
		rc = check_place(m, &c->decoys[i], "a decoy");
	return rc;
}

static int make_tmp(struct evaluation *ev, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char *dir =
	    arena_printf(ev->a, "%s/tutti-eval-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");

	if (!mkdtemp(dir))
		return err_set(err, -errno, "cannot make %s: %s", dir, err_name(-errno));
	ev->tmp = dir;
	return sandbox_let_in(ev->follow.house.sandbox, dir, err);
}

int eval_make_repo(struct evaluation *ev, struct eval_item *item)
{
	struct arena *a = arena_create("case", ARENA_JOB);
	struct maker m = { .a = a, .err = &item->err };
	int rc = ev->tmp ? 0 : make_tmp(ev, &item->err);

	if (!rc && !item->repo && !item->err.code) {
		char *name = arena_cstr(ev->a, item->c.name);

		m.to = fs_join(ev->a, ev->tmp, name);
		rc = make(&m, item);
		if (!rc)
			rc = check_places(&m, &item->c);
		item->repo = rc ? NULL : m.to;
	}
	arena_destroy(a);
	return item->err.code;
}
