#include "store/pages_read.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int pages_open(const char *path, const char *suffix)
{
	char name[PATH_MAX + 16];
	int n = snprintf(name, sizeof(name), "%s%s", path, suffix);

	if (n < 0 || (size_t)n >= sizeof(name))
		return -ENAMETOOLONG;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int pages_read(int fd, unsigned char *p, size_t n, off_t off)
{
	ssize_t got = pread(fd, p, n, off);

	if (got < 0)
		return -errno;
	return (size_t)got == n ? 0 : -ENODATA;
}
