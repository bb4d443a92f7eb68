/*
 * Where a child in place (mode C) has its own: a new directory of the host for scratch, and a
 * listener on the loopback whose port nobody else has. Both end with the child.
 */
#include "sandbox/priv.h"

#include "sys/fs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 128

/* Any free port: the rule that lets the child through names this one. */
static int listen_anywhere(unsigned *ret_port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&addr, n) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &n) < 0)
		rc = -errno;
	*ret_port = ntohs(addr.sin_port);
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

static int make_dir(const char *dir)
{
	bool root = geteuid() == 0;

	if (root && lchown(dir, WORKER_UID, WORKER_UID) < 0) {
		int rc = -errno;

		rmdir(dir);
		return rc;
	}
	return 0;
}

int fence_place_make(
    struct arena *a, const char *base, bool network, struct fence_place *ret, struct err *err)
{
	char *dir = arena_printf(a, "%s/scratch-XXXXXX", base);
	int rc = mkdtemp(dir) ? make_dir(dir) : -errno;

	*ret = (struct fence_place){ .in_place = true,
		.scratch = dir,
		.home = arena_printf(a, "%s/home", dir),
		.tmp = arena_printf(a, "%s/tmp", dir),
		.listener = -1 };
	if (rc) {
		err_set(err, rc, "there is no place for scratch space");
		return err_why(err, "%s: %s", base, err_name(rc));
	}
	if (!network)
		return 0;
	ret->listener = listen_anywhere(&ret->port);
	if (ret->listener >= 0)
		return 0;
	rc = ret->listener;
	sandbox_leave(ret);
	err_set(err, rc, "there is no port to listen on");
	return err_why(err, "127.0.0.1: %s", err_name(rc));
}

void sandbox_leave(struct fence_place *place)
{
	if (!place->in_place)
		return;
	fs_remove_tree(place->scratch);
	if (place->listener >= 0)
		close(place->listener);
	*place = (struct fence_place){ .listener = -1 };
}

int fence_let_in(const char *dir, struct err *err)
{
	struct stat st;

	if (geteuid() != 0 || stat(dir, &st) < 0 || (st.st_mode & S_IXOTH))
		return 0;
	if (chown(dir, (uid_t)-1, WORKER_UID) == 0 &&
	    chmod(dir, (st.st_mode & 07777 & ~(mode_t)S_IRWXG) | S_IXGRP) == 0)
		return 0;
	int rc = -errno;

	err_set(err, rc, "workers cannot pass through %.200s", dir);
	return err_why(err, "%s", err_name(rc));
}
