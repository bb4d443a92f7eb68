/*
 * Scratch space: a tmpfs of its own where there are mounts, else a private directory of the host.
 * home and tmp in it are the child's; what a caller puts beside them in place can only be read.
 */
#include "sandbox/priv.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int fence_put_file(int dir, const char *path, struct str text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0) {
			int rc = -errno;

			close(fd);
			return rc;
		}
		text = str_skip(text, (size_t)n);
	}
	close(fd);
	return 0;
}

/* The directories of PATH, then the file. */
static int put_deep_file(int dir, const char *path, struct str text)
{
	char part[PATH_BYTES_MAX];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - path);

		memcpy(part, path, n);
		part[n] = '\0';
		if (mkdirat(dir, part, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return fence_put_file(dir, path, text);
}

int fence_scratch_fill(int dir, const struct fence_spec *spec, struct fence_fault *f)
{
	if (mkdirat(dir, "home", 0700) < 0 || mkdirat(dir, "tmp", 0700) < 0)
		return fence_fail(f, STAGE_SCRATCH, -errno, "/scratch");
	for (size_t i = 0; i < spec->n_files; i++) {
		int rc = put_deep_file(dir, spec->files[i].path, spec->files[i].text);

		if (rc)
			return fence_fail(f, STAGE_SCRATCH, rc, spec->files[i].path);
	}
	return 0;
}

/* Ours alone, or somebody could have put something into it. */
static int open_scratch(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (dir < 0)
		return -errno;
	int rc = fstat(dir, &st) < 0 ? -errno : 0;

	if (!rc && (st.st_uid != geteuid() || (st.st_mode & 07777) != 0700))
		rc = -EPERM;
	if (!rc)
		return dir;
	close(dir);
	return rc;
}

int fence_put_bait(int dir)
{
	int rc = mkdirat(dir, "dir", 0700) < 0 ? -errno : 0;

	if (!rc)
		rc = fence_put_file(dir, "file", STR("canary\n"));
	if (!rc)
		rc = fence_put_file(dir, "secret", STR("canary\n"));
	if (!rc && fchmodat(dir, "file", 0700, 0) < 0)
		rc = -errno;
	return rc;
}

static int put_bait_below(int scratch)
{
	int dir = mkdirat(scratch, FENCE_BAIT, 0700) < 0
		      ? -1
		      : openat(scratch, FENCE_BAIT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	int rc = fence_put_bait(dir);

	close(dir);
	return rc;
}

int fence_scratch_in_place(const struct fence_spec *spec, struct fence_fault *f)
{
	if (!spec->place)
		return fence_fail(f, STAGE_SCRATCH, -EINVAL, "no place");
	int dir = open_scratch(spec->place->scratch);

	if (dir < 0) /* not reached, or not ours */
		return fence_fail(f, STAGE_TREE, dir, spec->place->scratch);
	int rc = put_bait_below(dir);

	rc = rc ? fence_fail(f, STAGE_SCRATCH, rc, FENCE_BAIT) : fence_scratch_fill(dir, spec, f);
	close(dir);
	return rc;
}
