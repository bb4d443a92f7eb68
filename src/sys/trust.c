#include "sys/trust.h"

#include "sys/fs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int judge(const char *what, const char *file, const struct stat *st, struct err *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0) {
		err_set(err, -EPERM, "%s %s belongs to somebody else", what, file);
		return err_fix(err, "chown %u %s", (unsigned)geteuid(), file);
	}
	if (st->st_mode & 022) {
		err_set(err, -EPERM, "others may write to %s %s", what, file);
		return err_fix(err, "chmod go-w %s", file);
	}
	return 0;
}

int trust_file(const char *what, const char *file, struct err *err)
{
	struct stat st;

	if (stat(file, &st) < 0)
		return err_set(err, -errno, "cannot look at %s: %s", file, err_name(-errno));
	return judge(what, file, &st, err);
}

static int read_open(struct arena *a, const char *what, const char *file, int fd, size_t max,
    struct str *ret, struct err *err)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "cannot look at %s: %s", file, err_name(-errno));
	rc = judge(what, file, &st, err);
	if (rc)
		return rc;
	rc = fs_read_fd(a, fd, max, ret);
	if (rc) {
		err_set(err, rc, "cannot read %s: %s", file, err_name(rc));
		err_fix(err, "move it away: mv %s %s.old", file, file);
	}
	return rc;
}

int trust_read(struct arena *a, const char *what, const char *file, size_t max, struct str *ret,
    struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return err_set(err, -errno, "cannot read %s: %s", file, err_name(-errno));
	int rc = read_open(a, what, file, fd, max, ret, err);

	close(fd);
	return rc;
}
