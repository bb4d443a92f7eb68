#include "sandbox/priv.h"

#include "sandbox/kernel.h"

#include <assert.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *const fence_namespaces[FENCE_NAMESPACES] = { "user", "mnt", "pid", "net", "ipc", "uts",
	"cgroup" };

/* --- what exists inside ------------------------------------------------------------------ */

/*
 * Programs and their libraries, and of /etc what programs need to run at all. Host names, users,
 * name servers and private keys are not among it; fence_texts stands in where a file must exist.
 */
const struct fence_tree_row fence_trees[] = {
	{ "/usr", false },
	{ "/bin", false },
	{ "/sbin", false },
	{ "/lib", false },
	{ "/lib32", false },
	{ "/lib64", false },
	{ "/libx32", false },
	{ "/etc/alternatives", false },
	{ "/etc/ca-certificates", false },
	{ "/etc/ssl/certs", false },
	{ "/etc/ssl/openssl.cnf", false },
	{ "/etc/pki/ca-trust/extracted", false },
	{ "/etc/pki/tls/certs", false },
	{ "/etc/ld.so.cache", false },
	{ "/etc/ld.so.conf", false },
	{ "/etc/ld.so.conf.d", false },
	{ "/etc/localtime", false },
	{ "/etc/os-release", false },
	{ "/dev/null", true },
	{ "/dev/zero", true },
	{ "/dev/full", true },
	{ "/dev/random", true },
	{ "/dev/urandom", true },
};
const size_t fence_n_trees = COUNT(fence_trees);

const char *const fence_skeleton[] = { "/dev", "/etc", "/etc/ssl", "/etc/pki", "/etc/pki/ca-trust",
	"/etc/pki/tls", "/proc", "/repo", "/scratch" };
const size_t fence_n_skeleton = COUNT(fence_skeleton);

const struct fence_link_row fence_links[] = {
	{ "/tmp", "/scratch/tmp" },
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};
const size_t fence_n_links = COUNT(fence_links);

const struct fence_text_row fence_texts[] = {
	{ "/etc/hosts", "127.0.0.1 localhost\n" },
	{ "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n" },
	{ "/etc/resolv.conf", "# no name server can be reached from here\n" },
};
const size_t fence_n_texts = COUNT(fence_texts);

/*
 * Of /proc: what tells of the machine's boot, of the keys a user has, and of other people's locks.
 * They cannot be opened.
 */
const char *const fence_masks[] = { "/proc/cmdline", "/proc/keys", "/proc/key-users", "/proc/kcore",
	"/proc/locks", "/proc/timer_list" };
const size_t fence_n_masks = COUNT(fence_masks);

/* --- what may be done with it ------------------------------------------------------------ */

#define READ (LL_FS_READ_FILE | LL_FS_READ_DIR)
#define RUN (READ | LL_FS_EXECUTE)
#define WRITE (LL_FS_ALL & ~(LL_FS_MAKE_CHAR | LL_FS_MAKE_BLOCK | LL_FS_EXECUTE))

/*
 * READ_DIR of "/" itself, WRITE_FILE of /dev/zero and everything about the bait are refused by
 * Landlock alone; the canary counts on these.
 */
static const struct fence_rule base_rules[] = {
	{ "/usr", RUN, false },
	{ "/bin", RUN, true },
	{ "/sbin", RUN, true },
	{ "/lib", RUN, true },
	{ "/lib32", RUN, true },
	{ "/lib64", RUN, true },
	{ "/libx32", RUN, true },
	{ "/etc", READ, false },
	{ "/proc", READ, false },
	{ "/repo", READ, false },
	{ "/scratch", WRITE | LL_FS_EXECUTE, false },
	{ FENCE_BAIT_INSIDE "/file", LL_FS_READ_FILE, false },
	{ "/dev/null", LL_FS_READ_FILE | LL_FS_WRITE_FILE | LL_FS_TRUNCATE | LL_FS_IOCTL_DEV,
	    false },
	{ "/dev/zero", LL_FS_READ_FILE, false },
	{ "/dev/full", LL_FS_READ_FILE, true },
	{ "/dev/random", LL_FS_READ_FILE, true },
	{ "/dev/urandom", LL_FS_READ_FILE, false },
};
static_assert(COUNT(base_rules) < 48, "FENCE_RULES_MAX leaves room for our own");

/* In place there is no /proc, and of /etc only what is listed. */
static const struct fence_rule rules_in_place[] = {
	{ "/usr", RUN, false },
	{ "/bin", RUN, true },
	{ "/sbin", RUN, true },
	{ "/lib", RUN, true },
	{ "/lib32", RUN, true },
	{ "/lib64", RUN, true },
	{ "/libx32", RUN, true },
	{ "/etc/passwd", READ, true },
	{ "/etc/gitconfig", READ, true }, /* that it may not be read is the end of git */
	{ "/etc/group", READ, true },
	{ "/etc/hosts", READ, true },
	{ "/etc/nsswitch.conf", READ, true },
	{ "/etc/resolv.conf", READ, true },
	{ "/dev/null", LL_FS_READ_FILE | LL_FS_WRITE_FILE | LL_FS_TRUNCATE | LL_FS_IOCTL_DEV,
	    false },
	{ "/dev/zero", LL_FS_READ_FILE, false },
	{ "/dev/full", LL_FS_READ_FILE, true },
	{ "/dev/random", LL_FS_READ_FILE, true },
	{ "/dev/urandom", LL_FS_READ_FILE, false },
};
static_assert(COUNT(rules_in_place) + COUNT(fence_trees) + 5 < 48, "FENCE_RULES_MAX has room");

static void add_rule(struct fence_rules *ret, const char *path, uint64_t rights, bool optional)
{
	ret->v[ret->n++] = (struct fence_rule){ path, rights, optional };
}

/* Scratch itself is read-only in place, so that the canary has something to try there. */
static void add_rules_in_place(const struct fence_spec *spec, struct fence_rules *ret)
{
	const char *scratch = spec->place->scratch;

	for (size_t i = 0; i < COUNT(rules_in_place); i++)
		ret->v[ret->n++] = rules_in_place[i];
	for (size_t i = 0; i < fence_n_trees; i++)
		if (strncmp(fence_trees[i].path, "/etc/", 5) == 0)
			add_rule(ret, fence_trees[i].path, READ, true);
	if (spec->repo)
		add_rule(ret, spec->repo, READ, false);
	add_rule(ret, scratch, READ, false);
	snprintf(ret->home, sizeof(ret->home), "%s/home", scratch);
	snprintf(ret->tmp, sizeof(ret->tmp), "%s/tmp", scratch);
	add_rule(ret, ret->home, WRITE | LL_FS_EXECUTE, false);
	add_rule(ret, ret->tmp, WRITE | LL_FS_EXECUTE, false);
	if (spec->writable)
		add_rule(ret, spec->writable, WRITE, false);
}

static void add_rules(const struct fence_spec *spec, struct fence_rules *ret)
{
	for (size_t i = 0; i < COUNT(base_rules); i++)
		ret->v[ret->n++] = base_rules[i];
	if (spec->writable)
		add_rule(ret, "/out", WRITE, false);
}

void fence_rules(enum fence_mode mode, const struct fence_spec *spec, struct fence_rules *ret)
{
	ret->n = 0;
	if (mode == FENCE_C)
		add_rules_in_place(spec, ret);
	else
		add_rules(spec, ret);
	for (size_t i = 0; i < spec->n_binds; i++) {
		const struct fence_bind *b = &spec->binds[i];

		add_rule(ret, mode == FENCE_C ? b->host : b->inside, b->data ? READ : RUN, false);
	}
}

/*
 * The limit on processes counts those of a user, in a user namespace of its own from zero. In
 * place the user's other processes count, too.
 */
void fence_limits(
    enum fence_mode mode, const struct fence_spec *spec, unsigned cores, struct fence_limit *ret)
{
	rlim_t cpu = spec->wall > 0 ? (rlim_t)(spec->wall + 999) / 1000 * cores : FENCE_CPU_SECONDS;
	const struct fence_limit limits[FENCE_LIMITS] = {
		/* not 0: a core for a program of the host (core_pattern "|…") minds only a 1 */
		{ "core", "Max core file size", RLIMIT_CORE, 1 },
		{ "cpu_seconds", "Max cpu time", RLIMIT_CPU, cpu },
		{ "data_bytes", "Max data size", RLIMIT_DATA, FENCE_DATA_SIZE },
		{ "file_bytes", "Max file size", RLIMIT_FSIZE, FENCE_FILE_SIZE },
		{ "open_files", "Max open files", RLIMIT_NOFILE, FENCE_OPEN_FILES },
		{ "processes", "Max processes", RLIMIT_NPROC,
		    mode == FENCE_C ? FENCE_PROCESSES_SHARED : FENCE_PROCESSES },
		{ "locked_bytes", "Max locked memory", RLIMIT_MEMLOCK, MIB(8) },
		{ "queue_bytes", "Max msgqueue size", RLIMIT_MSGQUEUE, 0 },
		{ "nice", "Max nice priority", RLIMIT_NICE, 0 },
		{ "realtime", "Max realtime priority", RLIMIT_RTPRIO, 0 },
	};

	memcpy(ret, limits, sizeof(limits));
}
