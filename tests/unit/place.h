/* A directory of a test's own, and quick ways to fill it: files with any bytes, repositories. */
#ifndef TESTS_PLACE_H
#define TESTS_PLACE_H

#include "check.h"

#include "base/json.h"
#include "base/limits.h"
#include "sys/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
	struct arena *arena;
	char top[128]; /* everything of this test */
	char dir[160]; /* in it: the repository */
} here;

static inline void place_make(void)
{
	here.arena = arena_create("test", MIB(64));
	snprintf(here.top, sizeof(here.top), "%s/tutti-test-XXXXXX",
	    getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(here.top));
	snprintf(here.dir, sizeof(here.dir), "%s/repo", here.top);
	assert_int_equal(mkdir(here.dir, 0755), 0);
}

static inline void place_remove(void)
{
	fs_remove_tree(here.top);
	assert_false(fs_exists(here.top));
	arena_destroy(here.arena);
}

static inline const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* As printf, in the arena of this test. */
static inline const char *text(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = arena_vprintf(here.arena, fmt, ap);

	va_end(ap);
	return s;
}

/* PATH in the repository, absolute. */
static inline char *at(const char *path)
{
	return fs_join(here.arena, here.dir, path);
}

static inline void write_file(const char *path, struct str bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
	close(fd);
}

static inline void put_str(const char *path, struct str bytes)
{
	char *full = at(path), *slash = strrchr(full, '/');

	*slash = '\0';
	assert_int_equal(fs_mkdirs(full, 0755), 0);
	*slash = '/';
	write_file(full, bytes);
}

static inline void put(const char *path, const char *cstr)
{
	put_str(path, str_from(cstr));
}

static inline void put_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = (size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", at(path));

	assert_true(n < sizeof(addr.sun_path));
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(sock);
}

/* The built program that meson names in this variable. */
static inline const char *program(const char *variable)
{
	const char *path = getenv(variable);

	if (!path)
		fail_msg("%s is not set; meson test does", variable);
	return path;
}

/* VALUE as text. */
static inline const char *dump(const json_t *value)
{
	char *s = json_dump(value);
	const char *copy = arena_cstr(here.arena, str_from(s));

	free(s);
	return copy;
}

/* UNIT, N times. */
static inline struct str many(const char *unit, size_t n)
{
	size_t len = strlen(unit);
	char *all = arena_alloc(here.arena, n * len + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(all + i * len, unit, len);
	return (struct str){ all, n * len };
}

/*
 * Runs SCRIPT (bash) in the repository; it must succeed. git knows neither the user nor the clock,
 * so that hashes are the same everywhere; $MARKER is a file that nothing may make.
 */
static inline void sh(const char *script)
{
	static const char setting[] =
	    "export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=Ann "
	    "GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=a@b "
	    "GIT_AUTHOR_DATE=2024-01-02T03:04:05Z GIT_COMMITTER_DATE=2024-01-02T03:04:05Z";
	struct str errors;

	write_file(text("%s/script", here.top),
	    str_from(text("set -e\n%s\nexport MARKER=%s/marker\ncd %s\n%s\n", setting, here.top,
		here.dir, script)));
	if (system(text("bash %s/script >/dev/null 2>%s/errors", here.top, here.top)) == 0)
		return;
	assert_int_equal(fs_read(here.arena, text("%s/errors", here.top), MIB(1), &errors), 0);
	fail_msg("%s\nfailed: %s", script, errors.p);
}

#endif
