/* What is made of groups: functions of what was read (cgroup.h). */
#include "sandbox/cgroup.h"

#include "sandbox/priv.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- where it stands --------------------------------------------------------------------- */

struct str cgroup_of(struct str self)
{
	for (struct str rest = self; rest.p;) {
		struct str line = str_line(&rest);

		if (str_starts(line, STR("0::/")))
			return str_skip(line, 3);
	}
	return (struct str){ NULL, 0 };
}

/* What of PATH is below ROOT, with its "/"; false when it is not below. */
static bool below(struct str path, struct str root, struct str *ret)
{
	size_t n = str_is(root, "/") ? 0 : root.n;

	if (!str_starts(path, str_take(root, n)))
		return false;
	*ret = str_skip(path, n);
	return !ret->n || str_starts(*ret, STR("/"));
}

/* "36 35 0:30 ROOT AT options… - cgroup2 source options" */
static bool is_mount(struct str line, struct str *root, struct str *at)
{
	ptrdiff_t type = str_find(line, STR(" - cgroup2 "));

	for (int i = 0; i < 3; i++)
		str_split(&line, ' ');
	*root = str_split(&line, ' ');
	*at = str_split(&line, ' ');
	/* a name with a blank is written with a backslash; nobody mounts groups there */
	return type > 0 && at->n && at->p[0] == '/' && str_chr(*at, '\\') < 0 &&
	       str_chr(*root, '\\') < 0;
}

int cgroup_path(struct str self, struct str mounts, char ret[PATH_BYTES_MAX])
{
	struct str path = cgroup_of(self), root, at, rest_of;

	if (!path.n || str_ends(path, STR(" (deleted)")))
		return -ENOENT;
	/* outside of what this namespace shows */
	if (str_starts(path, STR("/..")))
		return -ENXIO;
	for (struct str rest = mounts; rest.p;) {
		if (!is_mount(str_line(&rest), &root, &at) || !below(path, root, &rest_of))
			continue;
		int n = snprintf(ret, PATH_BYTES_MAX, "%.*s%.*s", STR_ARG(at), STR_ARG(rest_of));

		return n < PATH_BYTES_MAX ? 0 : -ENAMETOOLONG;
	}
	return -ENXIO;
}

/* --- whether, and with what -------------------------------------------------------------- */

/*
 * A test compiles this again with a controller that is none of ours, on machines whose others are
 * taken by version 1.
 */
const char *const cgroup_controllers[] = { "memory", "pids", "cpu",
#ifdef FENCE_CONTROLLER
	FENCE_CONTROLLER,
#endif
	NULL };

unsigned cgroup_bits(struct str words)
{
	unsigned bits = 0;

	for (struct str rest = str_trim(words); rest.p;) {
		struct str word = str_split(&rest, ' ');

		for (unsigned i = 0; cgroup_controllers[i]; i++)
			if (str_is(word, cgroup_controllers[i]))
				bits |= 1u << i;
	}
	return bits;
}

static const char *objection(const struct cgroup_facts *f)
{
	if (f->root)
		return "tutti runs in the root of all groups, which is the system's";
	if (!f->domain)
		return "its group is one of threads";
	if (f->managed && !f->marked)
		return "its group belongs to systemd, which did not hand it over";
	if (!f->marked && !f->alone)
		return "other processes are in its group";
	return NULL;
}

struct cgroup_plan cgroup_decide(const struct cgroup_facts *f)
{
	struct cgroup_plan plan = { .why = objection(f) };
	unsigned has = cgroup_bits(f->has), missing = has & ~cgroup_bits(f->enabled);

	if (plan.why)
		return plan;
	plan.use = true;
	plan.kind = f->marked ? "delegated" : "own";
	if (!has)
		plan.why = "its group has none of them";
	else if (missing && !f->alone)
		plan.why = "other processes are in its group";
	/* the kernel lets no group have both processes and controllers for groups below */
	plan.move = missing && f->alone;
	plan.enable = plan.move ? missing : 0;
	return plan;
}

/* --- what a child's has ------------------------------------------------------------------ */

/*
 * Memory: as much as the launcher's own ceiling, and what may be in scratch, which the kernel
 * counts here and not there. So whatever is within the ceiling is never stopped by this; what is
 * not seen between two looks, or by them at all, is. A child's share of the processor is half of
 * what the daemon has.
 */
const struct cgroup_row cgroup_rows[] = {
	{ "memory.max", FENCE_CEILING + FENCE_SCRATCH },
	{ "memory.swap.max", 0 },
	{ "memory.oom.group", 1 },
	{ "pids.max", FENCE_PROCESSES + 1 }, /* init or warden */
	{ "cpu.weight", 50 },
#ifdef FENCE_CONTROLLER
	{ FENCE_CONTROLLER_FILE, 0 },
#endif
};
const size_t cgroup_n_rows = COUNT(cgroup_rows);
static_assert(COUNT(cgroup_rows) <= CGROUP_ROWS_MAX, "a bit for each");

unsigned cgroup_rows_of(struct str names)
{
	unsigned rows = 0;

	for (struct str rest = names; rest.p;) {
		struct str name = str_line(&rest);

		for (unsigned i = 0; i < cgroup_n_rows; i++)
			if (str_is(name, cgroup_rows[i].file))
				rows |= 1u << i;
	}
	return rows;
}

unsigned long long cgroup_number(struct str text, const char *key, unsigned long long fallback)
{
	unsigned long long n;

	for (struct str rest = text; rest.p;) {
		struct str line = str_line(&rest);

		if (str_is(str_split(&line, ' '), key) && str_to_u64(line, ~0ull, &n))
			return n;
	}
	return fallback;
}

/* --- names ------------------------------------------------------------------------------- */

void cgroup_name(const struct cgroup_owner *owner, const char *last, char ret[CGROUP_NAME_MAX])
{
	snprintf(ret, CGROUP_NAME_MAX, "tutti-%llu-%llu-%llu-%s", owner->ns, owner->pid,
	    owner->start, last);
}

bool cgroup_name_read(struct str name, struct cgroup_owner *ret)
{
	unsigned long long n, *const to[3] = { &ret->ns, &ret->pid, &ret->start };

	if (!str_is(str_split(&name, '-'), "tutti"))
		return false;
	for (size_t i = 0; i < COUNT(to); i++)
		if (!str_to_u64(str_split(&name, '-'), ~0ull, to[i]))
			return false;
	return str_is(name, "house") || str_to_u64(name, UINT32_MAX, &n);
}

unsigned long long cgroup_start_of(struct str stat)
{
	unsigned long long start;
	size_t at = stat.n;

	while (at > 0 && stat.p[at - 1] != ')') /* a name may hold anything, brackets too */
		at--;
	struct str rest = str_skip(stat, at + 1); /* field 3 */

	for (int i = 3; i < 22; i++)
		str_split(&rest, ' ');
	return at && rest.p && str_to_u64(str_split(&rest, ' '), ~0ull, &start) ? start : 0;
}

bool cgroup_is_left(const struct cgroup_owner *whose, unsigned long long ns, unsigned long long now)
{
	/* of a number in another namespace nobody knows here who lives */
	return ns && whose->ns == ns && now != whose->start;
}
