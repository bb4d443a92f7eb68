/*
 * Settings of a repository that an agent would obey, covered in its view: an empty file or an empty
 * directory lies over each that exists. One that does not exist cannot appear: the snapshot is
 * frozen, and the view of it read-only. Links are covered themselves, not what they lead to.
 */
#include "sandbox/priv.h"

#include "sys/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_FILE ".no-file" /* of the new root; nothing is in them */
#define NO_DIR ".no-dir"
#define COVER (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* The thing itself, also when it is a link; nothing above it may be one. */
static int open_name(int root, const char *name)
{
	char path[PATH_BYTES_MAX];

	snprintf(path, sizeof(path), "repo/%s", name);
	return fs_open_below(root, path, O_PATH | O_NOFOLLOW,
	    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static int cover(int root, int at, bool is_dir)
{
	struct mount_attr attr = { .attr_set = COVER, .propagation = MS_PRIVATE };
	int tree = open_tree(root, is_dir ? NO_DIR : NO_FILE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0)
		return -errno;
	int rc = mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ? -errno : 0;

	if (!rc &&
	    move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		rc = -errno;
	close(tree);
	return rc;
}

/* Covers PART when it is all of a name or a link. 1: done, 0: there is none, else go on. */
enum { GO_ON = 2 };

static int cover_part(int root, const char *part, bool last)
{
	int at = open_name(root, part);
	struct stat st;

	if (at < 0)
		return at == -ENOENT || at == -ENOTDIR ? 0 : at;
	int rc = fstat(at, &st) < 0 ? -errno : GO_ON;

	if (rc > 0 && (last || S_ISLNK(st.st_mode))) {
		rc = cover(root, at, S_ISDIR(st.st_mode));
		rc = rc ? rc : 1;
	}
	close(at);
	return rc;
}

static int cover_name(int root, const char *name)
{
	char part[PATH_BYTES_MAX];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(part, name, (size_t)(slash - name));
		part[slash - name] = '\0';
		int rc = cover_part(root, part, false);

		if (rc != GO_ON)
			return rc;
	}
	return cover_part(root, name, true);
}

int fence_shadows(const struct fence_spec *spec, int root, uint64_t *ret, struct fence_fault *f)
{
	*ret = 0;
	if (!spec->repo || !spec->shadows || !spec->shadows[0] || FENCE_HOLE("shadows"))
		return 0;
	if (mkdirat(root, NO_DIR, 0755) < 0 || mknodat(root, NO_FILE, S_IFREG | 0444, 0) < 0)
		return fence_fail(f, STAGE_ROOT, -errno, NO_DIR);
	for (size_t i = 0; spec->shadows[i]; i++) {
		int rc = cover_name(root, spec->shadows[i]);

		if (rc < 0)
			return fence_fail(f, STAGE_ROOT, rc, spec->shadows[i]);
		*ret |= (uint64_t)rc << i;
	}
	return 0;
}
