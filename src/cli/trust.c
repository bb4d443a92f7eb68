#include "cli/trust.h"

#include <sys/stat.h>
#include <unistd.h>

int trust_file(const char *what, const char *file, struct err *err)
{
	struct stat st;

	if (stat(file, &st) < 0)
		return err_set(err, -errno, "cannot look at %s: %s", file, err_name(-errno));
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		err_set(err, -EPERM, "%s %s belongs to somebody else", what, file);
		return err_fix(err, "chown %u %s", (unsigned)geteuid(), file);
	}
	if (st.st_mode & 022) {
		err_set(err, -EPERM, "others may write to %s %s", what, file);
		return err_fix(err, "chmod go-w %s", file);
	}
	return 0;
}
