/* The group of one child: made, attested, ended, removed (cgroup.h). */
#include "sandbox/cgroup.h"

#include "base/json.h"
#include "sandbox/priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_MAX KIB(64)
#define WAIT_TRIES 100 /* after a kill, a fifth of a second */
#define WAIT_US 2000

/* --- made -------------------------------------------------------------------------------- */

int cgroup_write_rows(int fd, unsigned rows)
{
	char text[24];
	int rc = 0;

	for (unsigned i = 0; i < cgroup_n_rows && !rc; i++) {
		if (!(rows & 1u << i))
			continue;
		snprintf(text, sizeof(text), "%llu", (unsigned long long)cgroup_rows[i].value);
		rc = cgroup_write(fd, cgroup_rows[i].file, text);
	}
	return rc;
}

/* Each is new: what was killed by cgroup.kill once would kill who comes next. */
int cgroup_make(struct cgroups *cg, struct cgroup *ret)
{
	char number[16];

	*ret = (struct cgroup){ .fd = -1 };
	if (!cg->used)
		return -ENOTSUP;
	snprintf(number, sizeof(number), "%u", ++cg->next);
	cgroup_name(&cg->owner, number, ret->name);
	if (mkdirat(cg->top, ret->name, 0755) < 0) {
		ret->name[0] = '\0';
		return -errno;
	}
	ret->fd = openat(cg->top, ret->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = ret->fd < 0 ? -errno : cgroup_write_rows(ret->fd, cg->rows);

	if (rc)
		cgroup_remove(cg, ret);
	return rc;
}

/* --- attested ---------------------------------------------------------------------------- */

static bool is_in(const struct cgroup *g, pid_t pid)
{
	struct buf text;

	buf_init(&text, FENCE_PROC_MAX);
	int rc = fence_proc_read(pid, "cgroup", &text);
	struct str path = rc ? (struct str){ NULL, 0 } : cgroup_of(buf_str(&text));
	size_t n = strlen(g->name);
	bool is = path.n > n && path.p[path.n - n - 1] == '/' && str_ends(path, str_from(g->name));

	buf_fini(&text);
	return is;
}

static bool number_in(int fd, const char *file, unsigned long long *ret)
{
	struct buf text;

	buf_init(&text, NOTE_MAX);
	bool ok =
	    cgroup_read(fd, file, &text) == 0 && str_to_u64(str_trim(buf_str(&text)), ~0ull, ret);

	buf_fini(&text);
	return ok;
}

static unsigned long long keyed(
    int fd, const char *file, const char *key, unsigned long long fallback)
{
	unsigned long long n = fallback;
	struct buf text;

	buf_init(&text, NOTE_MAX);
	if (cgroup_read(fd, file, &text) == 0)
		n = cgroup_number(buf_str(&text), key, fallback);
	buf_fini(&text);
	return n;
}

static bool limits_hold(const struct cgroups *cg, const struct cgroup *g, json_t *limits)
{
	unsigned long long now;

	for (unsigned i = 0; i < cgroup_n_rows; i++) {
		if (!(cg->rows & 1u << i))
			continue;
		if (!number_in(g->fd, cgroup_rows[i].file, &now) || now != cgroup_rows[i].value)
			return false;
		json_object_set_new(limits, cgroup_rows[i].file, json_integer((json_int_t)now));
	}
	return true;
}

json_t *cgroup_attest(const struct cgroups *cg, const struct cgroup *g, pid_t pid)
{
	json_t *limits;

	if (g->fd < 0 || !is_in(g, pid) || keyed(g->fd, "cgroup.events", "populated", 0) != 1)
		return NULL;
	limits = json_object();
	if (!limits_hold(cg, g, limits)) {
		json_decref(limits);
		return NULL;
	}
	return json_pack("{s:s, s:o, s:o, s:i}", "kind", cg->kind, "controllers", cgroups_names(cg),
	    "limits", limits, "populated", 1);
}

/* --- ended ------------------------------------------------------------------------------- */

bool cgroup_kill(int dir)
{
	int rc = cgroup_write(dir, "cgroup.kill", "1"); /* what it does is seen below */

	for (int i = 0; i < WAIT_TRIES && !rc; i++) {
		if (keyed(dir, "cgroup.events", "populated", 1) == 0)
			return true;
		usleep(WAIT_US);
	}
	return keyed(dir, "cgroup.events", "populated", 1) == 0;
}

enum fence_group cgroup_end(const struct cgroup *g)
{
	if (g->fd < 0)
		return FENCE_GROUP_NONE;
	return cgroup_kill(g->fd) ? FENCE_GROUP_EMPTY : FENCE_GROUP_POPULATED;
}

long long cgroup_oom_kills(const struct cgroup *g)
{
	return g->fd < 0 ? -1 : (long long)keyed(g->fd, "memory.events", "oom_kill", ~0ull);
}

void cgroup_remove(const struct cgroups *cg, struct cgroup *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
	if (g->name[0])
		unlinkat(cg->top, g->name, AT_REMOVEDIR);
	g->name[0] = '\0';
}
