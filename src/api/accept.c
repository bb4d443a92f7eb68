#include "api/accept.h"

#include "base/limits.h"
#include "sys/fs.h"
#include "sys/trust.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define FILE_NAME "trusted.json"

static int is_broken(const char *file, struct err *err)
{
	struct err why = *err;

	err_set(
	    err, -EINVAL, "%s cannot be understood, so no flow of a repository is trusted", file);
	err_why(err, "%s%s%s", why.what, why.why[0] ? ": " : "", why.why);
	return err_fix(err, "remove it and accept flows again: rm %s; tutti flows trust", file);
}

static int load(struct arena *a, const char *file, struct acceptances *ret, struct err *err)
{
	struct str text;
	int rc = trust_read(a, "the list of trusted flows", file, TRUSTED_MAX, &text, err);

	*ret = (struct acceptances){ 0 };
	if (rc == -ENOENT)
		return 0;
	if (rc)
		return rc;
	return acceptances_parse(a, text, ret, err) < 0 ? is_broken(file, err) : 0;
}

int accept_load(struct arena *a, const char *user, struct acceptances *ret, struct err *err)
{
	*ret = (struct acceptances){ 0 };
	return user ? load(a, fs_join(a, user, FILE_NAME), ret, err) : 0;
}

static int change_file(struct arena *a, const char *file,
    int (*change)(void *ctx, struct acceptances *all, struct err *err), void *ctx, struct err *err)
{
	struct acceptances all;
	struct str text;
	int rc = load(a, file, &all, err);

	if (!rc)
		rc = change(ctx, &all, err);
	if (!rc)
		rc = acceptances_print(a, &all, &text, err);
	return rc ? rc : fs_write(file, text, 0600, err);
}

int accept_change(struct arena *a, const char *dir,
    int (*change)(void *ctx, struct acceptances *all, struct err *err), void *ctx, struct err *err)
{
	if (!dir) {
		err_set(err, -ENOENT, "there is no place to remember it: no home directory");
		return err_fix(err, "set HOME or XDG_CONFIG_HOME");
	}
	int rc = fs_mkdirs(dir, 0700);
	int fd = rc ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!rc && fd < 0)
		rc = -errno;
	if (rc) {
		err_set(err, rc, "cannot make %s: %s", dir, err_name(rc));
		return rc;
	}
	/* the directory is the lock: the file itself is replaced */
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			rc = err_set(err, -errno, "cannot lock %s: %s", dir, err_name(-errno));
			break;
		}
	if (!rc)
		rc = change_file(a, fs_join(a, dir, FILE_NAME), change, ctx, err);
	close(fd);
	return rc;
}
