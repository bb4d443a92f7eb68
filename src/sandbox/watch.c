/*
 * What a child holds in memory, all its processes together. No resource limit says that: they count
 * for each process, and what is shared counts for none; cgroups are rarely ours to use. So the
 * launcher looks now and then, from outside, at what everybody may read.
 *
 * A page that several processes map is counted for each of them, and what a fork has not yet copied
 * for both: too much rather than too little.
 */
#include "sandbox/priv.h"

#include <dirent.h>
#include <stdio.h>

/* The tree, breadth first. Its limit on processes holds for each child; the launcher has one
 * thread. */
static struct {
	pid_t v[FENCE_PROCESSES_SHARED];
	size_t n;
	bool full;
} tree;

static void take(pid_t pid)
{
	if (tree.n < sizeof(tree.v) / sizeof(tree.v[0]))
		tree.v[tree.n++] = pid;
	else
		tree.full = true;
}

/* "12 13 14 " */
static void take_all(struct str pids)
{
	unsigned long long pid;

	while (pids.p)
		if (str_to_u64(str_split(&pids, ' '), INT32_MAX, &pid) && pid)
			take((pid_t)pid);
}

/* Each thread has the children that it made. Who is gone meanwhile has none. */
static void take_children(pid_t pid)
{
	char path[64];
	struct dirent *e;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);

	while (threads && (e = readdir(threads))) {
		struct buf text;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "task/%.20s/children", e->d_name);
		buf_init(&text, FENCE_PROC_MAX);
		if (fence_proc_read(pid, path, &text) == 0)
			take_all(buf_str(&text));
		buf_fini(&text);
	}
	if (threads)
		closedir(threads);
}

/* Also what was swapped out, and the tables themselves, which pages of nothing but zeros fill, too.
 */
static uint64_t bytes_of(pid_t pid)
{
	static const char *const keys[] = { "RssAnon", "RssShmem", "VmSwap", "VmPTE",
		"HugetlbPages" };
	unsigned long long kib;
	uint64_t bytes = 0;
	struct buf text;

	buf_init(&text, FENCE_PROC_MAX);
	if (fence_proc_read(pid, "status", &text) == 0)
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			struct str value = fence_status_value(buf_str(&text), keys[i]);

			if (str_to_u64(str_split(&value, ' '), UINT32_MAX, &kib))
				bytes += kib << 10;
		}
	buf_fini(&text);
	return bytes;
}

bool fence_weigh(pid_t top, pid_t main, uint64_t *ret)
{
	bool found = false;

	tree.n = 0;
	tree.full = false;
	*ret = 0;
	take(top);
	for (size_t i = 0; i < tree.n; i++) {
		found |= tree.v[i] == main;
		*ret += bytes_of(tree.v[i]);
		take_children(tree.v[i]);
	}
	if (tree.full) /* more than there can be: nobody knows how much */
		*ret = UINT64_MAX;
	return found;
}
