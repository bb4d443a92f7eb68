/*
 * Kernel interfaces that are newer than the headers of Debian 12. All numbers are part of the
 * kernel's ABI and never change; from 424 on they are the same on every architecture.
 */
#ifndef SANDBOX_KERNEL_H
#define SANDBOX_KERNEL_H

#include <linux/audit.h>
#include <stdint.h>

#if defined(__x86_64__)
#define FENCE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FENCE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define FENCE_ARCH AUDIT_ARCH_RISCV64
#else
#error "the fence has not been built for this architecture: see filter.c"
#endif

/* System calls after 450. A call beyond the last one we know does not exist inside (filter.c). */
enum kernel_call {
	CALL_FCHMODAT2 = 452,
	CALL_SETXATTRAT = 463,
	CALL_REMOVEXATTRAT = 466,
	CALL_OPEN_TREE_ATTR = 467,
	CALL_FILE_SETATTR = 469,
	CALL_LAST_KNOWN = 469, /* 6.18 */
};

/* Landlock (5.13); the header of 6.1 ends at REFER. */
#define LL_FS_EXECUTE (1ull << 0)
#define LL_FS_WRITE_FILE (1ull << 1)
#define LL_FS_READ_FILE (1ull << 2)
#define LL_FS_READ_DIR (1ull << 3)
#define LL_FS_MAKE_CHAR (1ull << 6)
#define LL_FS_MAKE_BLOCK (1ull << 11)
#define LL_FS_REFER (1ull << 13)
#define LL_FS_TRUNCATE (1ull << 14)  /* ABI 3, 6.2 */
#define LL_FS_IOCTL_DEV (1ull << 15) /* ABI 5, 6.10 */
#define LL_FS_ALL ((1ull << 16) - 1)
/* Of these, what can be said of something that is no directory. */
#define LL_FS_OF_FILES \
	(LL_FS_EXECUTE | LL_FS_WRITE_FILE | LL_FS_READ_FILE | LL_FS_TRUNCATE | LL_FS_IOCTL_DEV)

#define LL_NET_BIND_TCP (1ull << 0) /* ABI 4, 6.7 */
#define LL_NET_CONNECT_TCP (1ull << 1)
#define LL_SCOPE_ABSTRACT_UNIX (1ull << 0) /* ABI 6, 6.12 */
#define LL_SCOPE_SIGNAL (1ull << 1)

#define LL_RULE_PATH_BENEATH 1
#define LL_RULE_NET_PORT 2
#define LL_CREATE_VERSION (1u << 0)
#define LL_CREATE_ERRATA (1u << 1) /* ABI 7, 6.15 */

struct ll_ruleset_attr {
	uint64_t fs, net, scoped;
};

struct ll_path_beneath {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

struct ll_net_port {
	uint64_t rights, port;
};

/* pidfd_send_signal (6.9): the whole process group of the process. */
#define KERNEL_SIGNAL_PROCESS_GROUP (1u << 2)

#endif
