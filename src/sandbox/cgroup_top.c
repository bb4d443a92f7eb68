/* The group that children's groups are made in: found, judged, swept and taken (cgroup.h). */
#include "sandbox/cgroup.h"

#include "base/json.h"
#include "sandbox/priv.h"
#include "sys/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NOTE_MAX KIB(64)

/* --- files ------------------------------------------------------------------------------- */

int cgroup_read(int dir, const char *name, struct buf *ret)
{
	char bytes[4096];
	ssize_t n;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(ret, (struct str){ bytes, (size_t)n });
	int rc = n < 0 ? -errno : buf_status(ret);

	close(fd);
	return rc;
}

int cgroup_write(int dir, const char *name, const char *text)
{
	size_t n = strlen(text);
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = write(fd, text, n) == (ssize_t)n ? 0 : -errno;

	close(fd);
	return rc;
}

/* The names in the directory DIR, one a line. */
static void list(int dir, struct buf *ret)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fs_dir_of(fd);
	struct dirent *e;

	while (d && (e = readdir(d)))
		buf_printf(ret, "%s\n", e->d_name);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

/* --- not used ---------------------------------------------------------------------------- */

void cgroups_off(struct cgroups *cg, const char *why, int code)
{
	cg->used = false;
	cg->controllers = cg->rows = 0;
	snprintf(cg->why, sizeof(cg->why), code ? "%s: %s" : "%s", why, code ? err_name(code) : "");
}

/* --- leftovers --------------------------------------------------------------------------- */

static unsigned long long start_of(unsigned long long pid)
{
	unsigned long long start = 0;
	struct buf stat;

	buf_init(&stat, FENCE_PROC_MAX);
	if (pid && pid <= INT32_MAX && fence_proc_read((pid_t)pid, "stat", &stat) == 0)
		start = cgroup_start_of(buf_str(&stat));
	buf_fini(&stat);
	return start;
}

static bool sweep_one(const struct cgroups *cg, struct str name)
{
	char path[NAME_MAX + 1];
	struct cgroup_owner whose;

	if (!cgroup_name_read(name, &whose) ||
	    !cgroup_is_left(&whose, cg->owner.ns, start_of(whose.pid)))
		return false;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(name));
	int dir = openat(cg->top, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return false;
	cgroup_kill(dir);
	close(dir);
	return unlinkat(cg->top, path, AT_REMOVEDIR) == 0;
}

unsigned cgroups_sweep(const struct cgroups *cg)
{
	unsigned n = 0;
	struct buf names;

	buf_init(&names, CGROUP_LIST_MAX);
	list(cg->top, &names);
	for (struct str rest = buf_str(&names); rest.p;)
		n += sweep_one(cg, str_line(&rest));
	buf_fini(&names);
	return n;
}

/* --- taken ------------------------------------------------------------------------------- */

/* The daemon and this process leave TOP for a group of their own. */
static int move(const struct cgroups *cg, pid_t daemon)
{
	const pid_t both[] = { daemon, getpid() };
	char name[CGROUP_NAME_MAX], text[16];
	int rc = 0;

	cgroup_name(&cg->owner, "house", name);
	if (mkdirat(cg->top, name, 0755) < 0)
		return -errno;
	int dir = openat(cg->top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]) && !rc; i++) {
		snprintf(text, sizeof(text), "%d", (int)both[i]);
		rc = cgroup_write(dir, "cgroup.procs", text);
	}
	close(dir);
	return rc;
}

/* Each for itself: what one lacks the other may have. */
static int enable(const struct cgroups *cg, unsigned bits)
{
	char text[32];
	int rc = 0;

	for (unsigned i = 0; cgroup_controllers[i]; i++) {
		if (!(bits & 1u << i))
			continue;
		snprintf(text, sizeof(text), "+%s", cgroup_controllers[i]);
		int one = cgroup_write(cg->top, "cgroup.subtree_control", text);

		rc = one ? one : rc;
	}
	return rc;
}

static void use_controllers(struct cgroups *cg, pid_t daemon, const struct cgroup_plan *plan)
{
	int rc = plan->move ? move(cg, daemon) : 0;
	struct buf text;

	if (!rc)
		rc = enable(cg, plan->enable);
	if (rc)
		snprintf(cg->why, sizeof(cg->why), "controllers: %s", err_name(rc));
	buf_init(&text, NOTE_MAX);
	if (cgroup_read(cg->top, "cgroup.subtree_control", &text) == 0)
		cg->controllers = cgroup_bits(buf_str(&text));
	buf_fini(&text);
}

/* A first group shows whether one can be made, and which files it has. */
static void try_one(struct cgroups *cg)
{
	struct cgroup g;
	struct buf names;

	int rc = cgroup_make(cg, &g);

	if (rc) {
		cgroups_off(cg, "no group can be made in its own", rc);
		return;
	}
	buf_init(&names, CGROUP_LIST_MAX);
	list(g.fd, &names);
	cg->rows = cgroup_rows_of(buf_str(&names));
	buf_fini(&names);
	rc = cgroup_write_rows(g.fd, cg->rows);

	cgroup_remove(cg, &g);
	if (rc)
		cgroups_off(cg, "its limits cannot be set", rc);
}

void cgroups_take(struct cgroups *cg, int top, pid_t daemon, const struct cgroup_plan *plan)
{
	struct stat ns;

	*cg = (struct cgroups){ .used = plan->use, .top = top, .kind = plan->kind };
	snprintf(cg->why, sizeof(cg->why), "%s", plan->why ? plan->why : "");
	if (stat("/proc/self/ns/pid", &ns) == 0)
		cg->owner = (struct cgroup_owner){ ns.st_ino, (unsigned long long)daemon,
			start_of((unsigned long long)daemon) };
	if (!plan->use || !cg->owner.start) {
		cgroups_off(cg, plan->use ? "/proc does not say who tutti is" : plan->why, 0);
		return;
	}
	cgroups_sweep(cg);
	try_one(cg); /* before anybody is moved */
	if (!cg->used)
		return;
	use_controllers(cg, daemon, plan);
	try_one(cg);
}

/* --- judged ------------------------------------------------------------------------------ */

/* Whether all of cgroup.procs are the two of us, and this process is among them. */
static bool are_alone(struct str pids, pid_t daemon, bool *ret_here)
{
	unsigned long long pid;
	bool alone = true;

	*ret_here = false;
	for (struct str rest = str_trim(pids); rest.n;) {
		bool ok = str_to_u64(str_line(&rest), INT32_MAX, &pid);

		*ret_here |= ok && (pid_t)pid == getpid();
		alone &= ok && ((pid_t)pid == getpid() || (pid_t)pid == daemon);
	}
	return alone && *ret_here;
}

/* systemd marks what it handed over; the first name is readable for everybody, since 251. */
static bool is_marked(int top)
{
	static const char *const marks[] = { "user.delegate", "trusted.delegate" };
	char value[8];

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (fgetxattr(top, marks[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	return false;
}

/* Points into TEXTS, which the caller has. */
static struct cgroup_facts learn(int top, pid_t daemon, struct buf texts[4], bool *ret_here)
{
	static const char *const names[4] = { "cgroup.procs", "cgroup.type", "cgroup.controllers",
		"cgroup.subtree_control" };
	struct cgroup_facts facts = { .marked = is_marked(top) };
	int rc[4];

	for (size_t i = 0; i < 4; i++) {
		buf_init(&texts[i], CGROUP_LIST_MAX);
		rc[i] = cgroup_read(top, names[i], &texts[i]);
	}
	facts.root = faccessat(top, "cgroup.events", F_OK, 0) < 0;
	facts.domain = rc[1] == 0 && str_is(str_trim(buf_str(&texts[1])), "domain");
	facts.managed = access("/run/systemd/system", F_OK) == 0; /* as sd_booted(3) */
	facts.alone = are_alone(buf_str(&texts[0]), daemon, ret_here) && rc[0] == 0;
	facts.has = buf_str(&texts[2]);
	facts.enabled = buf_str(&texts[3]);
	return facts;
}

static void judge(struct cgroups *cg, int top, pid_t daemon)
{
	struct buf texts[4];
	bool here;
	const struct cgroup_facts facts = learn(top, daemon, texts, &here);
	const struct cgroup_plan plan = cgroup_decide(&facts);

	if (here) {
		cgroups_take(cg, top, daemon, &plan);
	} else { /* something else is mounted over it, or a namespace shows another */
		close(top);
		cgroups_off(cg, "what is mounted does not show its group", 0);
	}
	for (size_t i = 0; i < 4; i++)
		buf_fini(&texts[i]);
}

/* --- found ------------------------------------------------------------------------------- */

static int find(char path[PATH_BYTES_MAX])
{
	struct buf self, mounts;

	buf_init(&self, FENCE_PROC_MAX);
	buf_init(&mounts, MIB(4));
	int rc = fence_proc_read(0, "self/cgroup", &self);

	if (!rc)
		rc = fence_proc_read(0, "self/mountinfo", &mounts);
	if (!rc)
		rc = cgroup_path(buf_str(&self), buf_str(&mounts), path);
	buf_fini(&self);
	buf_fini(&mounts);
	return rc;
}

void cgroups_begin(struct cgroups *cg, pid_t daemon)
{
	char path[PATH_BYTES_MAX];
	struct statfs fs;
	int rc = find(path), top;

	*cg = (struct cgroups){ .top = -1 };
	if (rc) {
		cgroups_off(cg, "no cgroup v2 is mounted here", 0);
		return;
	}
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top >= 0 && fstatfs(top, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		judge(cg, top, daemon);
		return;
	}
	if (top >= 0)
		close(top);
	cgroups_off(cg, "its group cannot be opened", top < 0 ? -errno : 0);
}

/* --- told -------------------------------------------------------------------------------- */

json_t *cgroups_names(const struct cgroups *cg)
{
	json_t *list_of = json_array();

	for (unsigned i = 0; cgroup_controllers[i]; i++)
		if (cg->controllers & 1u << i)
			json_array_append_new(list_of, json_string(cgroup_controllers[i]));
	return list_of;
}

json_t *cgroups_describe(const struct cgroups *cg)
{
	return json_pack("{s:b, s:o, s:o, s:o}", "used", cg->used, "kind",
	    cg->used ? json_string(cg->kind) : json_null(), "controllers", cgroups_names(cg), "why",
	    json_cstr(cg->why));
}
