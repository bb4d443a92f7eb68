#define _GNU_SOURCE
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Runs as root. DIR is a directory that every user may write to. */
int report_open(const char *dir, const char *name)
{
	char path[4096];

	if (strchr(name, '/') || (size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return -EINVAL;
	if (access(path, F_OK) == 0)
		return -EEXIST;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

/* A scratch file in DIR that has no name once it is open. */
int report_scratch(const char *dir)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/scratch-XXXXXX", dir) >= sizeof(path))
		return -ENAMETOOLONG;
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}
