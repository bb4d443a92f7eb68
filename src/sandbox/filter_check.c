/*
 * The filter is not believed either: before every start the code that the child was given is run,
 * here, over a call of each row, and over some that must stay possible. What libseccomp made of
 * the rows, and whether a row is missing, shows.
 */
#include "sandbox/priv.h"

#include "sandbox/kernel.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Of classic BPF, what seccomp admits and libseccomp uses. Anything else: not allowed. */
static uint32_t evaluate(const struct fence_filter *filter, const struct seccomp_data *data)
{
	uint32_t acc = 0;

	for (size_t at = 0; at < filter->n; at++) {
		const struct sock_filter *i = &filter->code[at];
		bool taken;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k > sizeof(*data) - sizeof(acc))
				return SECCOMP_RET_KILL_PROCESS;
			memcpy(&acc, (const char *)data + i->k, sizeof(acc));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= i->k;
			continue;
		case BPF_JMP | BPF_JA:
			at += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			taken = acc == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			taken = acc > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			taken = acc >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			taken = acc & i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return SECCOMP_RET_KILL_PROCESS;
		}
		at += taken ? i->jt : i->jf;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* A call that nothing but its number could make a filter deny. */
static struct seccomp_data harmless(int nr, uint32_t arch)
{
	struct seccomp_data data = { .nr = nr, .arch = arch };

	if (nr == SYS_socket || nr == SYS_socketpair) {
		data.args[0] = nr == SYS_socket ? AF_INET : AF_UNIX;
		data.args[1] = SOCK_STREAM;
	}
	return data;
}

static uint64_t value_of(const struct fence_row *row)
{
	switch ((enum scmp_compare)row->op) {
	case SCMP_CMP_GT:
	case SCMP_CMP_NE:
		return row->a + 1;
	case SCMP_CMP_MASKED_EQ:
		return row->b;
	case SCMP_CMP_EQ:
	case SCMP_CMP_GE:
	case SCMP_CMP_LE:
	case SCMP_CMP_LT:
	case _SCMP_CMP_MIN:
	case _SCMP_CMP_MAX:
		break;
	}
	return row->a;
}

struct check {
	const struct fence_filter *filter;
	struct fence_fault *fault;
};

static int doubt(struct check *c, int nr)
{
	char detail[64];

	snprintf(detail, sizeof(detail), "seccomp, call %d", nr);
	return fence_fail(c->fault, STAGE_PROOF, -EPERM, detail);
}

static int check_row(void *ctx, const struct fence_row *row)
{
	struct check *c = ctx;
	struct seccomp_data data = harmless(row->nr, FENCE_ARCH);
	uint32_t want = SECCOMP_RET_ERRNO | (uint32_t)row->error;

	if (row->arg >= 0)
		data.args[row->arg] = value_of(row);
	if (evaluate(c->filter, &data) != want)
		return doubt(c, row->nr);
	/* what the kernel does not look at must not make a difference */
	if (row->arg >= 0 && row->op == SCMP_CMP_MASKED_EQ) {
		data.args[row->arg] |= 1ull << 40;
		if (evaluate(c->filter, &data) != want)
			return doubt(c, row->nr);
	}
	return 0;
}

/* Another architecture's calls have other numbers, and a newer kernel's are not known. */
static int check_rest(struct check *c)
{
	static const int possible[] = { SYS_read, SYS_write, SYS_openat, SYS_connect, SYS_socket,
		SYS_socketpair, SYS_clone, SYS_execve, SYS_exit_group };
	struct seccomp_data data = harmless(SYS_read, FENCE_ARCH ^ 1);

	if (evaluate(c->filter, &data) != SECCOMP_RET_KILL_PROCESS)
		return doubt(c, -1);
	data = harmless(CALL_LAST_KNOWN + 1, FENCE_ARCH);
	if (evaluate(c->filter, &data) != (SECCOMP_RET_ERRNO | ENOSYS))
		return doubt(c, CALL_LAST_KNOWN + 1);
	for (size_t i = 0; i < sizeof(possible) / sizeof(possible[0]); i++) {
		data = harmless(possible[i], FENCE_ARCH);
		if (evaluate(c->filter, &data) != SECCOMP_RET_ALLOW)
			return doubt(c, possible[i]);
	}
	return 0;
}

int fence_filter_check(
    enum fence_mode mode, const struct fence_filter *filter, struct fence_fault *f)
{
	static char
	    passed[SHA256_HEX]; /* the launcher's; a filter is not changed once it is built */
	struct check c = { filter, f };

	if (filter->sha256[0] && strcmp(passed, filter->sha256) == 0)
		return 0;
	int rc = fence_filter_rows(mode, check_row, &c);

	if (!rc)
		rc = check_rest(&c);
	if (!rc)
		memcpy(passed, filter->sha256, sizeof(passed));
	return rc;
}
