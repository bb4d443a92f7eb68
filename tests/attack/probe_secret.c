/* What must not be seen: keys, homes, the environment of others, the daemon's own data. */
#include "probe.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

/* --- files ---------------------------------------------------------------------------------- */

static int read_file(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	int rc = tried(read(fd, &byte, 1));

	close(fd);
	return rc > 0 ? 0 : rc < 0 ? rc : -ENODATA;
}

#define READS(name, path)               \
	static int name(void)           \
	{                               \
		return read_file(path); \
	}

READS(key, in_secrets("key"))
READS(ssh_key, in_secrets(".ssh/id_ed25519"))
READS(aws_key, in_secrets(".aws/credentials"))
READS(gcloud_key, in_secrets(".config/gcloud/application_default_credentials.json"))
READS(azure_key, in_secrets(".azure/msal_token_cache.json"))
READS(kube_key, in_secrets(".kube/config"))
READS(docker_key, in_secrets(".docker/config.json"))
READS(npm_key, in_secrets(".npmrc"))
READS(git_key, in_secrets(".git-credentials"))
READS(net_key, in_secrets(".netrc"))
READS(gpg_key, in_secrets(".gnupg/private-keys-v1.d/key"))
READS(history, in_secrets(".bash_history"))
READS(qwen_login, in_secrets(".qwen/oauth_creds.json"))
READS(claude_login, in_secrets(".claude/.credentials.json"))
READS(codex_login, in_secrets(".codex/auth.json"))
READS(gemini_login, in_secrets(".gemini/oauth_creds.json"))
READS(opencode_login, in_secrets(".local/share/opencode/auth.json"))
READS(configuration, in_secrets(".config/tutti/config.yaml"))
READS(shadow, "/etc/shadow")
READS(sudoers, "/etc/sudoers")
READS(host_key, "/etc/ssh/ssh_host_ed25519_key")
READS(host_name, "/etc/hostname")
READS(machine_id, "/etc/machine-id")
READS(mail, "/var/mail/root")
READS(packages, "/var/lib/dpkg/status")
READS(private_certificate, "/etc/ssl/private/ssl-cert-snakeoil.key")
READS(database, world.data)
READS(sibling_token, world.sibling)

/* --- ways to a file --------------------------------------------------------------------------- */

static int by_climbing(void)
{
	char path[9000] = "";

	if (chdir(world.repo) < 0)
		return -errno;
	for (int i = 0; i < 40; i++)
		strcat(path, "../");
	strcat(path, in_secrets("key") + 1);
	return read_file(path);
}

static int by_link(void)
{
	return read_file(in_repo("secret-link"));
}

static int by_own_link(void)
{
	if (symlink(in_secrets("key"), in_scratch("secret-link")) < 0)
		return -errno;
	return read_file(in_scratch("secret-link"));
}

static int by_hard_link(void)
{
	if (link(in_secrets("key"), in_scratch("secret-hard")) < 0)
		return -errno;
	return read_file(in_scratch("secret-hard"));
}

static int through(pid_t pid, const char *root)
{
	char path[5000];

	snprintf(path, sizeof(path), "/proc/%d/%s%s", (int)pid, root, in_secrets("key"));
	return read_file(path);
}

static int by_first_root(void)
{
	return through(1, "root");
}

static int by_parent_root(void)
{
	return through(getppid(), "root");
}

static int by_daemon_root(void)
{
	return through(world.daemon, "root");
}

static int by_mapping(void)
{
	int fd = open(in_secrets("key"), O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	return p == MAP_FAILED ? -errno : 0;
}

static int by_path_descriptor(void)
{
	char self[64];
	int fd = open(in_secrets("key"), O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return read_file(self);
}

/* --- names, sizes, times ------------------------------------------------------------------------
 */

static int stat_file(void)
{
	struct stat st;

	return tried(stat(in_secrets("key"), &st));
}

static int statx_file(void)
{
	struct statx st;

	return tried(statx(AT_FDCWD, in_secrets("key"), 0, STATX_ALL, &st));
}

static int ask_access(void)
{
	return tried(access(in_secrets("key"), F_OK));
}

static int read_name(void)
{
	char target[16];

	return tried(readlink(in_secrets("link"), target, sizeof(target)));
}

static int change_directory(void)
{
	return tried(chdir(world.secrets));
}

static int list_names(const char *path)
{
	DIR *d = opendir(path);

	if (!d)
		return -errno;
	closedir(d);
	return 0;
}

static int list_secrets(void)
{
	return list_names(world.secrets);
}

static int list_any(const char *const *dirs)
{
	int rc = -ENOENT;

	for (; *dirs && rc < 0; dirs++)
		rc = list_names(*dirs);
	return rc;
}

static int list_homes(void)
{
	static const char *const dirs[] = { "/home", "/root", NULL };

	return list_any(dirs);
}

static int list_system(void)
{
	static const char *const dirs[] = { "/var", "/run", "/srv", "/mnt", "/media", "/boot",
		"/var/tmp", "/run/user", "/sys", "/dev/shm", "/dev/pts", NULL };

	return list_any(dirs);
}

/* --- processes
 * ------------------------------------------------------------------------------------ */

/* Anybody who is not of this family: this process, and the probe that made it. */
static int see_others(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int rc = -ESRCH;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]) && atoi(e->d_name) != getpid() &&
		    atoi(e->d_name) != getppid())
			rc = 0;
	closedir(d);
	return rc;
}

/* Another attempt runs beside this one; its scratch and its token are its own. */
static int read_sibling(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int rc = -ESRCH;

	if (!d)
		return -errno;
	while (rc < 0 && (e = readdir(d))) {
		static const char *const parts[] = { "environ", "root/scratch/tmp/token", "maps" };

		if (!isdigit((unsigned char)e->d_name[0]) || atoi(e->d_name) == getpid() ||
		    atoi(e->d_name) == getppid())
			continue;
		for (size_t i = 0; i < 3 && rc < 0; i++) {
			char path[320];

			snprintf(path, sizeof(path), "/proc/%s/%s", e->d_name, parts[i]);
			rc = read_file(path);
		}
	}
	closedir(d);
	return rc;
}

/* --- the canary
 * ------------------------------------------------------------------------------------- */

/* Handed over backwards, so that what hands it over is not what is found. */
static const char *canary(void)
{
	static char text[128];
	size_t n = strlen(world.canary);

	for (size_t i = 0; i < n && i < sizeof(text) - 1; i++)
		text[i] = world.canary[n - 1 - i];
	return text;
}

static int in_environment(void)
{
	for (char **e = environ; *e; e++)
		if (strstr(*e, canary()))
			return 0;
	return -ENOENT;
}

static bool found;

static void search(const char *path)
{
	static char bytes[262144];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	if (n > 0 && memmem(bytes, (size_t)n, canary(), strlen(canary())))
		found = true;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)where;
	if (type == FTW_F && S_ISREG(st->st_mode))
		search(path);
	return found;
}

/* Whatever lies about that is small and can be read. */
static int in_any_file(void)
{
	static const char *const tops[] = { "/etc", "/opt", "/scratch", "/dev", "/tmp",
		"/proc/self", "/run", "/var/tmp" };

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]) && !found; i++)
		nftw(tops[i], visit, 16, FTW_PHYS);
	nftw(world.repo, visit, 16, FTW_PHYS);
	nftw(world.scratch, visit, 16, FTW_PHYS);
	return found ? 0 : -ENOENT;
}

static int in_users(void)
{
	return file_has("/etc/passwd", "root:") ? 0 : -ENOENT;
}

/* The kernel tells every process where its mounts come from. */
static int host_paths(void)
{
	char line[8192];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int rc = -ENOENT;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		char root[4096] = "", point[4096] = "";

		if (sscanf(line, "%*d %*d %*s %4095s %4095s", root, point) == 2 &&
		    strcmp(point, world.repo) == 0 && strlen(root) > 1)
			rc = 0;
	}
	fclose(f);
	return rc;
}

const struct attack attacks_secret[] = {
	{ "secret: a key", key, OUT },
	{ "secret: ssh", ssh_key, OUT },
	{ "secret: aws", aws_key, OUT },
	{ "secret: gcloud", gcloud_key, OUT },
	{ "secret: azure", azure_key, OUT },
	{ "secret: kubernetes", kube_key, OUT },
	{ "secret: docker", docker_key, OUT },
	{ "secret: npm", npm_key, OUT },
	{ "secret: git", git_key, OUT },
	{ "secret: netrc", net_key, OUT },
	{ "secret: gpg", gpg_key, OUT },
	{ "secret: history of the shell", history, OUT },
	{ "secret: login of qwen", qwen_login, OUT },
	{ "secret: login of claude", claude_login, OUT },
	{ "secret: login of codex", codex_login, OUT },
	{ "secret: login of gemini", gemini_login, OUT },
	{ "secret: login of opencode", opencode_login, OUT },
	{ "secret: our configuration", configuration, OUT },
	{ "secret: our database", database, OUT },
	{ "secret: /etc/shadow", shadow, 0 },
	{ "secret: /etc/sudoers", sudoers, 0 },
	{ "secret: the host's ssh key", host_key, 0 },
	{ "secret: the host's name", host_name, OUT },
	{ "secret: the machine's id", machine_id, 0 },
	{ "secret: mail", mail, 0 },
	{ "secret: installed packages", packages, 0 },
	{ "secret: private certificates", private_certificate, 0 },
	{ "secret: users of the host", in_users, IN_C | OUT },
	{ "way: climbing", by_climbing, OUT },
	{ "way: a link of the repository", by_link, OUT },
	{ "way: a link in scratch", by_own_link, OUT },
	{ "way: a hard link in scratch", by_hard_link, 0 },
	{ "way: the root of process 1", by_first_root, 0 },
	{ "way: the root of the parent", by_parent_root, OUT },
	{ "way: the root of the daemon", by_daemon_root, 0 },
	{ "way: a mapping", by_mapping, OUT },
	{ "way: an O_PATH descriptor", by_path_descriptor, OUT },
	{ "name: stat", stat_file, IN_C | OUT },
	{ "name: statx", statx_file, IN_C | OUT },
	{ "name: access", ask_access, IN_C | OUT },
	{ "name: readlink", read_name, IN_C | OUT },
	{ "name: chdir", change_directory, IN_C | OUT },
	{ "name: list the secrets", list_secrets, OUT },
	{ "name: list homes", list_homes, OUT },
	{ "name: list the system", list_system, OUT },
	{ "name: where the repository is on the host", host_paths, SPACES },
	{ "process: see others", see_others, OUT },
	{ "process: read another attempt", read_sibling, 0 },
	{ "process: read another attempt's scratch", sibling_token, 0 },
	{ "canary: in the environment", in_environment, 0 },
	{ "canary: in any file", in_any_file, 0 },
	{ NULL, NULL, 0 },
};
