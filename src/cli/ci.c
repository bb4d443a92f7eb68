#include "cli/ci.h"

#include "base/limits.h"
#include "cli/term.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool on_github(void)
{
	const char *v = getenv("GITHUB_ACTIONS");

	return v && strcmp(v, "true") == 0;
}

bool ci_listens(int fd)
{
	struct stat st;

	return on_github() && !(fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
}

static int say_no(const char *path, const char *why)
{
	struct err err = { 0 };

	err_set(&err, -EIO, "no job summary was written");
	err_why(&err, "%.200s: %s", path, why);
	err_fix(&err, "tutti runs export last --as github");
	return term_error(&err, 0, false);
}

/* What is there of the step stays: the file is the step's, and appended to. */
static bool append(const char *path, struct str text)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);

	if (fd < 0 || fstat(fd, &st) < 0) {
		say_no(path, err_name(-errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	bool room = S_ISREG(st.st_mode) && (size_t)st.st_size + text.n <= GITHUB_STEP_SUMMARY_MAX;
	int rc = room ? term_write(fd, text) : 0;

	close(fd);
	if (!room)
		say_no(path, S_ISREG(st.st_mode) ? "GitHub takes 1 MiB of a step, and it is full"
						 : "it is no regular file");
	else if (rc)
		say_no(path, err_name(rc));
	return room && !rc;
}

bool ci_tell(struct arena *a, const struct export_facts *x)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	bool written = path && *path && append(path, github_summary(a, x));

	if (on_github())
		term_write_command(STDERR_FILENO, github_annotations(a, x));
	return written;
}
