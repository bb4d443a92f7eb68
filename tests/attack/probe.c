#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_EACH 60

struct world world;

/* --- what attacks share ------------------------------------------------------------------ */

static const char *join(const char *dir, const char *path)
{
	static char buffers[8][4352];
	static unsigned next;
	char *to = buffers[next++ % 8];

	snprintf(to, sizeof(buffers[0]), "%s/%s", dir, path);
	return to;
}

const char *in_repo(const char *path)
{
	return join(world.repo, path);
}

const char *in_scratch(const char *path)
{
	return join(world.tmp, path);
}

const char *in_program(const char *path)
{
	return join(world.program, path);
}

const char *in_secrets(const char *path)
{
	return join(world.secrets, path);
}

const char *in_sockets(const char *path)
{
	return join(world.sockets, path);
}

const char *in_group(const char *path)
{
	return join(world.group, path);
}

int tried(long rc)
{
	return rc < 0 ? -errno : (int)rc;
}

int opened(long fd)
{
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

int called(long nr, long a, long b, long c, long d, long e)
{
	return tried(syscall(nr, a, b, c, d, e, 0));
}

int reached(long nr, long a, long b, long c, long d, long e)
{
	int rc = called(nr, a, b, c, d, e);

	return rc == -EPERM || rc == -EACCES || rc == -ENOSYS || rc == -EAFNOSUPPORT ? rc : 0;
}

int child_status(void (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		run();
		_exit(0);
	}
	return waitpid(pid, &status, 0) < 0 ? -errno : status;
}

bool file_has(const char *path, const char *text)
{
	char got[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	if (fd >= 0)
		close(fd);
	return n >= 0 && strncmp(got, text, strlen(text)) == 0;
}

const char *scratch_file(const char *name, const char *text)
{
	const char *path = in_scratch(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		perror(path);
	if (fd >= 0)
		close(fd);
	return path;
}

/* --- the world --------------------------------------------------------------------------- */

static const char *text_of(const char *name)
{
	const char *value = getenv(name);

	if (value)
		return value;
	fprintf(stderr, "%s is not set\n", name);
	exit(2);
}

static int number_of(const char *name)
{
	return atoi(text_of(name));
}

static void learn(void)
{
	world = (struct world){ .mode = text_of("ATTACK_MODE")[0],
		.repo = text_of("ATTACK_REPO"),
		.scratch = text_of("ATTACK_SCRATCH"),
		.home = text_of("HOME"),
		.tmp = text_of("TMPDIR"),
		.program = text_of("ATTACK_PROGRAM"),
		.sockets = text_of("ATTACK_SOCKETS"),
		.secrets = text_of("ATTACK_SECRETS"),
		.canary = text_of("ATTACK_CANARY"),
		.data = text_of("ATTACK_DATA"),
		.group = text_of("ATTACK_GROUP"),
		.port = (unsigned)number_of("ATTACK_PORT"),
		.tcp = (unsigned)number_of("ATTACK_TCP"),
		.udp = (unsigned)number_of("ATTACK_UDP"),
		.daemon = number_of("ATTACK_DAEMON"),
		.sibling = text_of("ATTACK_SIBLING"),
		.listener = number_of("ATTACK_LISTENER"),
		.victim = number_of("ATTACK_VICTIM") };
}

/*
 * In front of the fence attacks do harm; the next one finds the files whole again. Calls, since
 * programs would take longer than all the attacks.
 */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static bool empty(const char *dir)
{
	DIR *d = opendir(dir);
	bool ok = d != NULL;

	for (const struct dirent *e; ok && (e = readdir(d));)
		if (e->d_name[0] != '.')
			ok = nftw(join(dir, e->d_name), remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0;
	if (d)
		closedir(d);
	return ok;
}

static bool put(const char *path, const char *bytes, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, bytes, n) == (ssize_t)n && fchmod(fd, mode) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool put_text(const char *name, const char *text, mode_t mode)
{
	return put(in_repo(name), text, strlen(text), mode);
}

static bool put_binary(const char *name)
{
	static char bytes[1 << 20];
	int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, sizeof(bytes));

	close(fd);
	return n > 0 && put(in_repo(name), bytes, (size_t)n, 0644);
}

static bool put_files(void)
{
	return mkdir(in_repo("dir"), 0755) == 0 && put_text("file", "hello\n", 0644) &&
	       put_text("other", "other\n", 0644) && put_text("dir/inner", "inner\n", 0644) &&
	       symlink("file", in_repo("link")) == 0 && put_text("run", "#!/bin/sh\n", 0755) &&
	       put_binary("binary") && symlink(in_secrets("key"), in_repo("secret-link")) == 0;
}

static bool put_head(void)
{
	return access(in_repo(".git/HEAD"), F_OK) == 0 ||
	       rename(in_repo(".git/HEAD2"), in_repo(".git/HEAD")) == 0;
}

static void restore(void)
{
	unlink(in_repo(".git/index.lock"));
	mkdir(world.tmp, 0755);
	if (chmod(world.repo, 0755) == 0 && empty(world.repo) && put_files() && put_head() &&
	    empty(world.tmp))
		return;
	perror("the files cannot be made whole again");
	exit(2);
}

/* --- running ----------------------------------------------------------------------------- */

static void attack_child(const struct attack *a, int out)
{
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(SECONDS_EACH);
	rc = a->run();
	if (write(out, &rc, sizeof(rc)) != sizeof(rc))
		_exit(1);
	_exit(0);
}

/* What came of it; a process that was killed was refused. *RET_SIGNAL: by what. */
static int run_one(const struct attack *a, int *ret_signal)
{
	int ends[2], rc = 0, status = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		exit(2);
	pid_t pid = fork();

	if (pid < 0)
		exit(2);
	if (pid == 0)
		attack_child(a, ends[1]);
	close(ends[1]);
	bool told = read(ends[0], &rc, sizeof(rc)) == sizeof(rc);

	close(ends[0]);
	waitpid(pid, &status, 0);
	*ret_signal = !told && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return told ? rc : -EINTR;
}

static bool is_expected(const struct attack *a)
{
	switch (world.mode) {
	case 'A':
		return a->through & IN_A;
	case 'B':
		return a->through & IN_B;
	case 'C':
		return a->through & IN_C;
	default:
		return a->through & OUT;
	}
}

static void report(const struct attack *a)
{
	int sig, rc = run_one(a, &sig);
	const char *got = rc >= 0 ? "through" : "refused";

	printf("%s\t%s\t%s\t%s\n", a->name, got,
	    sig ? sigabbrev_np(sig) : strerrorname_np(rc < 0 ? -rc : 0),
	    is_expected(a) ? "through" : "refused");
	fflush(stdout);
}

static void report_all(const struct attack *attacks, const char *only)
{
	for (; attacks->name; attacks++) {
		if (only && !strstr(attacks->name, only))
			continue;
		if (world.mode == 'O')
			restore();
		report(attacks);
	}
}

int main(int argc, char **argv)
{
	const struct attack *const themes[] = { attacks_files, attacks_paths, attacks_meta,
		attacks_space, attacks_process, attacks_kernel, attacks_net, attacks_unix,
		attacks_secret, attacks_limits };

	if (argc > 1 && strcmp(argv[1], "euid") == 0) /* a set-uid copy of this program */
		return geteuid() == getuid() ? 0 : 1;
	learn();
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(themes) / sizeof(themes[0]); i++)
		report_all(themes[i], argc > 1 ? argv[1] : NULL);
	return 0;
}
