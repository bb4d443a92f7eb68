/*
 * What a child holds in memory, all its processes together. No resource limit says that: they count
 * for each process, and what is shared counts for none; cgroups are rarely ours (cgroup.h). So the
 * launcher looks now and then, from outside, at what everybody may read.
 *
 * A page that several processes map is counted for each of them, and what a fork has not yet copied
 * for both: too much rather than too little.
 */
#include "sandbox/priv.h"
#include "sys/fs.h"

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

/* The file NAME of one thread; what is gone meanwhile has nothing. */
static bool read_thread(pid_t pid, const char *tid, const char *name, struct buf *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "task/%.20s/%s", tid, name);
	buf_init(ret, FENCE_PROC_MAX);
	return fence_proc_read(pid, path, ret) == 0;
}

/* Each thread has the children that it made. */
static void take_children(pid_t pid, const char *tid)
{
	struct buf text;

	if (read_thread(pid, tid, "children", &text))
		take_all(buf_str(&text));
	buf_fini(&text);
}

/* Also what was swapped out, and the tables, which lead to pages that count for nobody, too. */
static uint64_t bytes_of(pid_t pid, const char *tid)
{
	static const char *const keys[] = { "RssAnon", "RssShmem", "VmSwap", "VmPTE",
		"HugetlbPages" };
	unsigned long long kib;
	uint64_t bytes = 0;
	struct buf text;

	if (read_thread(pid, tid, "status", &text))
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			struct str value = fence_status_value(buf_str(&text), keys[i]);

			if (str_to_u64(str_split(&value, ' '), UINT32_MAX, &kib))
				bytes += kib << 10;
		}
	buf_fini(&text);
	return bytes;
}

/* Threads share their memory, but one that has ended does not tell, and the first may have. */
static uint64_t look_at(pid_t pid)
{
	uint64_t bytes = 0;
	struct dirent *e;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *threads = fs_dir(path);

	while (threads && (e = readdir(threads))) {
		if (e->d_name[0] == '.')
			continue;
		if (!bytes)
			bytes = bytes_of(pid, e->d_name);
		take_children(pid, e->d_name);
	}
	if (threads)
		closedir(threads);
	return bytes;
}

bool fence_has_child(pid_t init, pid_t main)
{
	char tid[16];

	snprintf(tid, sizeof(tid), "%d", (int)init);
	tree.n = 0;
	take_children(init, tid);
	for (size_t i = 0; i < tree.n; i++)
		if (tree.v[i] == main)
			return true;
	return false;
}

void fence_weigh(pid_t top, uint64_t *ret)
{
	tree.n = 0;
	tree.full = false;
	*ret = 0;
	take(top);
	for (size_t i = 0; i < tree.n; i++)
		*ret += look_at(tree.v[i]);
	if (tree.full) /* more than there can be: nobody knows how much */
		*ret = UINT64_MAX;
}
