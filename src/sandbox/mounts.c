/*
 * The new root: a small tmpfs that holds what policy.c lists and nothing else. Every tree is set
 * read-only while it is still detached, so there is no moment at which it could be written to;
 * then it is attached, the root is changed, and the old one is let go with everything in it.
 */
#include "sandbox/priv.h"

#include "sys/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define QUIET (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define ROOT_BYTES MIB(4)
#define ROOT_INODES 1024
#define BAIT_BYTES KIB(16)
#define BAIT_INODES 8
/* Any directory does: what is mounted on it goes when the old root goes. */
#define STAGING "/proc"

uint64_t fence_attrs_repo(void)
{
	if (FENCE_HOLE("repo-writable"))
		return QUIET | MOUNT_ATTR_NOEXEC;
	if (FENCE_HOLE("repo-exec"))
		return MOUNT_ATTR_RDONLY | QUIET;
	return MOUNT_ATTR_RDONLY | QUIET | MOUNT_ATTR_NOEXEC;
}

uint64_t fence_attrs_writable(void)
{
	return QUIET | MOUNT_ATTR_NOEXEC;
}

uint64_t fence_attrs_bind(const struct fence_bind *bind)
{
	return MOUNT_ATTR_RDONLY | QUIET | (bind->data ? MOUNT_ATTR_NOEXEC : 0);
}

int fence_tree_open(const char *path, uint64_t attrs)
{
	/* private: a mount that the host makes below PATH later must not appear here */
	struct mount_attr attr = { .attr_set = attrs, .propagation = MS_PRIVATE };
	int tree =
	    open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (unsigned)AT_RECURSIVE);

	if (tree < 0)
		return -errno;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0) {
		int rc = -errno;

		close(tree);
		return rc;
	}
	return tree;
}

/* A detached file system; OPTIONS are name, value, …, NULL. */
static int make_fs(const char *type, const char *const *options, uint64_t attrs)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC), rc = 0;

	if (fs < 0)
		return -errno;
	for (; *options && !rc; options += 2)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options[0], options[1], 0) < 0)
			rc = -errno;
	if (!rc && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		rc = -errno;
	if (!rc) {
		rc = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attrs);
		if (rc < 0)
			rc = -errno;
	}
	close(fs);
	return rc;
}

static int make_tmpfs(size_t bytes, size_t inodes, const char *mode, uint64_t attrs)
{
	char size[32], nr[32];
	const char *const options[] = { "size", size, "nr_inodes", nr, "mode", mode, NULL };

	snprintf(size, sizeof(size), "%zu", bytes);
	snprintf(nr, sizeof(nr), "%zu", inodes);
	return make_fs("tmpfs", options, attrs);
}

static int set_attrs(int mount, uint64_t attrs)
{
	struct mount_attr attr = { .attr_set = attrs };

	return mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

/* Attaches TREE at PATH (absolute inside) below ROOT. */
static int attach(int tree, int root, const char *path)
{
	return move_mount(tree, "", root, path + 1, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* --- what every child gets --------------------------------------------------------------- */

static int put_link(int root, const char *path)
{
	char target[PATH_BYTES_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, root, path + 1) < 0 ? -errno : 0;
}

static int put_mount_point(int root, const char *path, bool is_dir)
{
	int rc = is_dir ? mkdirat(root, path, 0755) : mknodat(root, path, S_IFREG | 0600, 0);

	return rc < 0 ? -errno : 0;
}

static int put_tree(int root, const struct fence_tree_row *row)
{
	const uint64_t attrs = row->device
				   ? MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC
				   : MOUNT_ATTR_RDONLY | QUIET;
	struct stat st;

	if (lstat(row->path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (S_ISLNK(st.st_mode))
		return put_link(root, row->path);
	int tree = fence_tree_open(
	    row->path, FENCE_HOLE("usr-writable") ? attrs & ~(uint64_t)MOUNT_ATTR_RDONLY : attrs);

	if (tree < 0)
		return tree;
	int rc = put_mount_point(root, row->path + 1, S_ISDIR(st.st_mode));

	if (!rc)
		rc = attach(tree, root, row->path);
	close(tree);
	return rc;
}

static int put_texts(const struct fence_host *host, int root, struct fence_fault *f)
{
	int rc = fence_put_file(root, "etc/passwd", str_from(host->passwd));

	if (!rc)
		rc = fence_put_file(root, "etc/group", str_from(host->group));
	for (size_t i = 0; i < fence_n_texts && !rc; i++)
		rc = fence_put_file(root, fence_texts[i].path + 1, str_from(fence_texts[i].text));
	return rc ? fence_fail(f, STAGE_ROOT, rc, "/etc") : 0;
}

static int put_base(const struct fence_plan *p, int root, struct fence_fault *f)
{
	for (size_t i = 0; i < fence_n_skeleton; i++)
		if (mkdirat(root, fence_skeleton[i] + 1, 0755) < 0)
			return fence_fail(f, STAGE_ROOT, -errno, fence_skeleton[i]);
	for (size_t i = 0; i < fence_n_trees; i++) {
		int rc = put_tree(root, &fence_trees[i]);

		if (rc)
			return fence_fail(f, STAGE_ROOT, rc, fence_trees[i].path);
	}
	for (size_t i = 0; i < fence_n_links; i++)
		if (symlinkat(fence_links[i].target, root, fence_links[i].path + 1) < 0)
			return fence_fail(f, STAGE_ROOT, -errno, fence_links[i].path);
	return put_texts(p->host, root, f);
}

/*
 * The limit of user namespaces below ours becomes 0: what seccomp denies cannot be had in any
 * other way either. Where the kernel has no such switch the denial stands alone.
 */
static bool close_nested(int proc)
{
	int fd = openat(proc, "sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, "0", 1) == 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* A device on a mount that allows none: whoever opens it is refused. */
static int put_masks(int root)
{
	int rc = 0;

	for (size_t i = 0; i < fence_n_masks && !rc; i++) {
		int tree =
		    fence_tree_open("/dev/null", MOUNT_ATTR_RDONLY | QUIET | MOUNT_ATTR_NOEXEC);

		if (tree < 0)
			return tree;
		rc = attach(tree, root, fence_masks[i]);
		close(tree);
		if (rc == -ENOENT)
			rc = 0; /* not with this kernel */
	}
	return rc;
}

/* Must come before the old root goes: the kernel grants a new /proc to whoever saw a whole one. */
static int put_proc(int root, bool *nested_closed, struct fence_fault *f)
{
	/* "ptraceable" shows a process only to those who may trace it: stage 1 is never seen */
	static const char *const options[] = { "hidepid", "ptraceable", NULL };
	static const char *const open_options[] = { NULL };
	int proc = make_fs(
	    "proc", FENCE_HOLE("proc-open") ? open_options : options, QUIET | MOUNT_ATTR_NOEXEC);

	if (proc < 0)
		return fence_fail(f, STAGE_PROC, proc, NULL);
	*nested_closed = close_nested(proc);
	int rc = set_attrs(proc, MOUNT_ATTR_RDONLY);

	if (!rc)
		rc = attach(proc, root, "/proc");
	if (!rc)
		rc = put_masks(root);
	close(proc);
	return rc ? fence_fail(f, STAGE_PROC, rc, NULL) : 0;
}

/* --- scratch ----------------------------------------------------------------------------- */

static int put_scratch(const struct fence_spec *spec, int root, struct fence_fault *f)
{
	size_t bytes = spec->scratch_bytes ? spec->scratch_bytes : FENCE_SCRATCH;
	int fs = make_tmpfs(bytes, FENCE_SCRATCH_INODES, "0700", QUIET);

	if (fs < 0)
		return fence_fail(f, STAGE_SCRATCH, fs, "/scratch");
	int rc = attach(fs, root, "/scratch");

	rc = rc ? fence_fail(f, STAGE_SCRATCH, rc, "/scratch") : fence_scratch_fill(fs, spec, f);
	close(fs);
	return rc;
}

/* Where Landlock is, and nothing else, so that the canary sees Landlock (canary.c). */
static int put_bait(const struct fence_plan *p, int root, struct fence_fault *f)
{
	if (p->mode != FENCE_A)
		return 0;
	int rc = mkdirat(root, &FENCE_BAIT_INSIDE[1], 0700) < 0 ? -errno : 0;
	int fs = rc ? rc : make_tmpfs(BAIT_BYTES, BAIT_INODES, "0700", QUIET);

	if (fs >= 0) {
		rc = fence_put_bait(fs);
		if (!rc)
			rc = attach(fs, root, FENCE_BAIT_INSIDE);
		close(fs);
	}
	return rc || fs < 0 ? fence_fail(f, STAGE_ROOT, rc ? rc : fs, FENCE_BAIT_INSIDE) : 0;
}

/* --- what the caller asked for ----------------------------------------------------------- */

static int open_inside(int root, const char *path)
{
	return fs_open_below(
	    root, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* Creates PATH and what is above it where it is missing; a descriptor of PATH. */
static int make_inside(int root, const char *path, bool is_dir)
{
	char part[PATH_BYTES_MAX];
	int at = -EINVAL;

	for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		size_t n = slash ? (size_t)(slash - path) : strlen(path);

		memcpy(part, path, n);
		part[n] = '\0';
		at = open_inside(root, part);
		if (at == -ENOENT) {
			int rc = put_mount_point(root, part + 1, slash || is_dir);

			at = rc ? rc : open_inside(root, part);
		}
		if (at < 0 || !slash)
			return at;
		close(at);
	}
}

/* Attaches TREE (taken) at PATH. */
static int put_at(int tree, int root, const char *path, struct fence_fault *f)
{
	struct stat st;
	int rc = fstat(tree, &st) < 0 ? -errno : 0;
	int at = rc ? rc : make_inside(root, path, S_ISDIR(st.st_mode));

	if (at >= 0) {
		rc =
		    move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		rc = rc < 0 ? -errno : 0;
		close(at);
	}
	close(tree);
	return rc || at < 0 ? fence_fail(f, STAGE_ROOT, rc ? rc : at, path) : 0;
}

/* TREE was opened by the launcher, or is opened here from HOST. */
static int put_given(
    int tree, const char *host, uint64_t attrs, int root, const char *path, struct fence_fault *f)
{
	if (tree < 0)
		tree = fence_tree_open(host, attrs);
	if (tree < 0)
		return fence_fail(f, STAGE_TREE, tree, host);
	return put_at(tree, root, path, f);
}

static int put_asked(const struct fence_plan *p, int root, struct fence_fault *f)
{
	const struct fence_spec *spec = &p->spec;
	int rc = 0;

	if (spec->repo)
		rc = put_given(p->repo_tree, spec->repo, fence_attrs_repo(), root, "/repo", f);
	if (!rc && spec->writable)
		rc = put_given(
		    p->writable_tree, spec->writable, fence_attrs_writable(), root, "/out", f);
	for (size_t i = 0; i < spec->n_binds && !rc; i++) {
		const struct fence_bind *b = &spec->binds[i];

		rc = put_given(p->bind_trees[i], b->host, fence_attrs_bind(b), root, b->inside, f);
	}
	return rc;
}

/* --- together ---------------------------------------------------------------------------- */

static int change_root(int root, struct fence_fault *f)
{
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return fence_fail(f, STAGE_ROOT, -errno, "pivot_root");
	/* the old root now lies upon the new one; off it comes, with everything below */
	if (!FENCE_HOLE("old-root") && umount2(".", MNT_DETACH) < 0)
		return fence_fail(f, STAGE_ROOT, -errno, "umount");
	if (chdir("/") < 0)
		return fence_fail(f, STAGE_ROOT, -errno, "chdir");
	int rc = FENCE_HOLE("root-writable") ? 0 : set_attrs(root, MOUNT_ATTR_RDONLY);

	return rc ? fence_fail(f, STAGE_ROOT, rc, "read-only") : 0;
}

int fence_mounts(const struct fence_plan *p, struct fence_entry *entry, struct fence_fault *f)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fence_fail(f, STAGE_ROOT, -errno, "private");
	int root = make_tmpfs(ROOT_BYTES, ROOT_INODES, "0755", QUIET | MOUNT_ATTR_NOEXEC);

	if (root < 0)
		return fence_fail(f, STAGE_ROOT, root, "tmpfs");
	int rc = 0;

	if (move_mount(root, "", AT_FDCWD, STAGING, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		rc = fence_fail(f, STAGE_ROOT, -errno, "staging");
	if (!rc)
		rc = put_base(p, root, f);
	if (!rc)
		rc = put_proc(root, &entry->nested_closed, f);
	if (!rc)
		rc = put_scratch(&p->spec, root, f);
	if (!rc)
		rc = put_bait(p, root, f);
	if (!rc)
		rc = put_asked(p, root, f);
	if (!rc)
		rc = fence_shadows(&p->spec, root, &entry->shadowed, f);
	if (!rc)
		rc = change_root(root, f);
	close(root);
	return rc;
}
