#include "sandbox/priv.h"

#include "sandbox/kernel.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int create_ruleset(const struct ll_ruleset_attr *attr, size_t size, unsigned flags)
{
	long rc = syscall(SYS_landlock_create_ruleset, attr, size, flags);

	return rc < 0 ? -errno : (int)rc;
}

int fence_landlock_abi(int *errata)
{
	int abi = create_ruleset(NULL, 0, LL_CREATE_VERSION);

	*errata = 0;
	if (abi >= 7) {
		int bits = create_ruleset(NULL, 0, LL_CREATE_ERRATA);

		*errata = bits < 0 ? 0 : bits;
	}
	return abi;
}

/* Everything this kernel can refuse is refused unless a rule grants it. */
static struct ll_ruleset_attr handled(int abi)
{
	struct ll_ruleset_attr attr = {
		.fs = LL_FS_ALL,
		.net = LL_NET_BIND_TCP | LL_NET_CONNECT_TCP,
		.scoped = LL_SCOPE_ABSTRACT_UNIX | LL_SCOPE_SIGNAL,
	};

	if (abi < 5)
		attr.fs &= ~LL_FS_IOCTL_DEV;
	if (abi < 6 || FENCE_HOLE("landlock-scopes"))
		attr.scoped = 0;
	attr.fs &= ~(uint64_t)FENCE_HOLE_BITS("landlock-fs");
	attr.net &= ~(uint64_t)FENCE_HOLE_BITS("landlock-net");
	return attr;
}

/* /bin -> usr/bin: the rule of what a link points to is the one that counts, but in place there
 * may be no other. */
static int add_path(int ruleset, const struct fence_rule *rule, uint64_t all, bool follow)
{
	struct ll_path_beneath beneath = { .rights = rule->rights & all };
	struct stat st;

	beneath.fd = open(rule->path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (beneath.fd < 0)
		return errno == ENOENT && rule->optional ? 0 : -errno;
	int rc = fstat(beneath.fd, &st) < 0 ? -errno : 0;

	if (!S_ISDIR(st.st_mode))
		beneath.rights &= LL_FS_OF_FILES;
	if (!rc && !S_ISLNK(st.st_mode) &&
	    syscall(SYS_landlock_add_rule, ruleset, LL_RULE_PATH_BENEATH, &beneath, 0) < 0)
		rc = -errno;
	close(beneath.fd);
	return rc;
}

static int add_port(int ruleset, unsigned port)
{
	const struct ll_net_port rule = { .rights = LL_NET_CONNECT_TCP, .port = port };

	if (!port || FENCE_HOLE_BITS("landlock-net"))
		return 0;
	return syscall(SYS_landlock_add_rule, ruleset, LL_RULE_NET_PORT, &rule, 0) < 0 ? -errno : 0;
}

static int fill(int ruleset, const struct fence_plan *p, uint64_t all, struct fence_fault *f)
{
	struct fence_rules rules;

	fence_rules(p->mode, &p->spec, &rules);
	for (size_t i = 0; i < rules.n; i++) {
		int rc = add_path(ruleset, &rules.v[i], all, p->mode == FENCE_C);

		if (rc)
			return fence_fail(
			    f, rc == -EACCES ? STAGE_TREE : STAGE_LANDLOCK, rc, rules.v[i].path);
	}
	int rc = add_port(ruleset, p->spec.port);

	return rc ? fence_fail(f, STAGE_LANDLOCK, rc, "port") : 0;
}

int fence_landlock_scope(struct fence_fault *f)
{
	const struct ll_ruleset_attr attr = { .scoped = LL_SCOPE_SIGNAL };
	int ruleset = create_ruleset(&attr, sizeof(attr), 0);

	if (ruleset < 0)
		return fence_fail(f, STAGE_LANDLOCK, ruleset, "signal scope");
	int rc = syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;

	close(ruleset);
	return rc ? fence_fail(f, STAGE_LANDLOCK, rc, "signal scope") : 0;
}

int fence_landlock(const struct fence_plan *p, struct fence_fault *f)
{
	struct ll_ruleset_attr attr = handled(p->host->landlock_abi);
	int ruleset = create_ruleset(&attr, sizeof(attr), 0);

	if (FENCE_HOLE("landlock")) {
		close(ruleset);
		return 0;
	}
	if (ruleset < 0)
		return fence_fail(f, STAGE_LANDLOCK, ruleset, "ruleset");
	int rc = fill(ruleset, p, attr.fs, f);

	if (!rc && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		rc = fence_fail(f, STAGE_LANDLOCK, -errno, "restrict");
	close(ruleset);
	return rc;
}

void fence_landlock_digest(const struct fence_plan *p, char hex[SHA256_HEX])
{
	struct ll_ruleset_attr attr = handled(p->host->landlock_abi);
	char line[PATH_BYTES_MAX + 64];
	struct fence_rules rules;
	struct sha256 sha;

	fence_rules(p->mode, &p->spec, &rules);
	sha256_begin(&sha);
	snprintf(line, sizeof(line), "handled fs=%llx net=%llx scoped=%llx\n",
	    (unsigned long long)attr.fs, (unsigned long long)attr.net,
	    (unsigned long long)attr.scoped);
	sha256_add(&sha, str_from(line));
	for (size_t i = 0; i < rules.n; i++) {
		snprintf(line, sizeof(line), "fs=%llx %s\n",
		    (unsigned long long)(rules.v[i].rights & attr.fs), rules.v[i].path);
		sha256_add(&sha, str_from(line));
	}
	if (p->spec.port) {
		snprintf(line, sizeof(line), "connect=%u\n", p->spec.port);
		sha256_add(&sha, str_from(line));
	}
	sha256_end(&sha, hex);
}
