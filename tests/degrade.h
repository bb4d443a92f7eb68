/*
 * Poorer machines, emulated: a seccomp filter around everything that follows takes away what a
 * kernel or a container may lack. It cannot be taken off again. The first letter of a word is the
 * mode that the fence must then come to.
 */
#ifndef TESTS_DEGRADE_H
#define TESTS_DEGRADE_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Without namespaces: those that a container's runtime refuses, or a limit that was reached. */
#define DEGRADE_NEW \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

#define DEGRADE_ERRNO(e) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (e))
#define DEGRADE_ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define DEGRADE_NR BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define DEGRADE_ARG0 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]))
/* Call NR fails with E. */
#define DEGRADE_CALL(nr, e) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), DEGRADE_ERRNO(e)
/* Call NR with any of BITS in its first argument fails with E. */
#define DEGRADE_BITS(nr, bits, e)                                      \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 4), DEGRADE_ARG0, \
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, 1), DEGRADE_ERRNO(e), DEGRADE_NR
/* Call NR with first argument VALUE fails with E. */
#define DEGRADE_VALUE(nr, value, e)                                    \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 4), DEGRADE_ARG0, \
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), DEGRADE_ERRNO(e), DEGRADE_NR

static inline int degrade_install(const struct sock_filter *code, size_t n)
{
	const struct sock_fprog prog = { (unsigned short)n, (struct sock_filter *)(size_t)code };

	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
}

static inline int degrade_landlock(unsigned error)
{
	const struct sock_filter code[] = { DEGRADE_NR, DEGRADE_CALL(444, error),
		DEGRADE_CALL(445, error), DEGRADE_CALL(446, error), DEGRADE_ALLOW };

	return degrade_install(code, sizeof(code) / sizeof(code[0]));
}

static inline int degrade_namespaces(unsigned error)
{
	const struct sock_filter code[] = { DEGRADE_NR, DEGRADE_BITS(SYS_clone, DEGRADE_NEW, error),
		DEGRADE_BITS(SYS_unshare, DEGRADE_NEW, error), DEGRADE_CALL(SYS_clone3, ENOSYS),
		DEGRADE_CALL(SYS_setns, EPERM), DEGRADE_CALL(SYS_mount, EPERM),
		DEGRADE_CALL(SYS_open_tree, EPERM), DEGRADE_ALLOW };

	return degrade_install(code, sizeof(code) / sizeof(code[0]));
}

static inline int degrade_seccomp(unsigned error)
{
	const struct sock_filter code[] = { DEGRADE_NR,
		DEGRADE_VALUE(SYS_seccomp, SECCOMP_SET_MODE_FILTER, error),
		DEGRADE_VALUE(SYS_prctl, PR_SET_SECCOMP, error), DEGRADE_ALLOW };

	return degrade_install(code, sizeof(code) / sizeof(code[0]));
}

/* A container whose root has no other user to become. */
static inline int degrade_users(unsigned error)
{
	const struct sock_filter code[] = { DEGRADE_NR, DEGRADE_CALL(SYS_setresuid, error),
		DEGRADE_BITS(SYS_clone, CLONE_NEWUSER, error), DEGRADE_ALLOW };

	return degrade_install(code, sizeof(code) / sizeof(code[0]));
}

static const struct degrade_word {
	const char *word, *lacks;
	int (*landlock)(unsigned), (*namespaces)(unsigned), (*more)(unsigned);
	unsigned error;
} degrade_words[] = {
	{ "A", "nothing", NULL, NULL, NULL, 0 },
	{ "B", "Landlock (ENOSYS)", degrade_landlock, NULL, NULL, ENOSYS },
	{ "B-eperm", "Landlock (EPERM)", degrade_landlock, NULL, NULL, EPERM },
	{ "C", "namespaces (EPERM)", NULL, degrade_namespaces, NULL, EPERM },
	{ "C-enospc", "namespaces (ENOSPC)", NULL, degrade_namespaces, NULL, ENOSPC },
	{ "D", "both", degrade_landlock, degrade_namespaces, NULL, EPERM },
	{ "D-seccomp", "seccomp filters", NULL, NULL, degrade_seccomp, EINVAL },
	{ "D-users", "a user to become, for root", NULL, NULL, degrade_users, EINVAL },
};

/* -ENOENT: no such word. */
static inline int degrade_enter(const char *word)
{
	for (size_t i = 0; i < sizeof(degrade_words) / sizeof(degrade_words[0]); i++) {
		const struct degrade_word *w = &degrade_words[i];
		int rc = 0;

		if (strcmp(w->word, word) != 0)
			continue;
		if (w->landlock)
			rc = w->landlock(w->error);
		if (!rc && w->namespaces)
			rc = w->namespaces(w->error);
		if (!rc && w->more)
			rc = w->more(w->error);
		return rc;
	}
	return -ENOENT;
}

#endif
