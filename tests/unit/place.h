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
#include <sys/stat.h>
#include <unistd.h>

static struct {
	struct arena *arena;
	char top[64]; /* everything of this test */
	char dir[80]; /* in it: the repository */
} here;

static inline void place_make(void)
{
	here.arena = arena_create("test", MIB(64));
	snprintf(here.top, sizeof(here.top), "/tmp/tutti-test-XXXXXX");
	assert_non_null(mkdtemp(here.top));
	snprintf(here.dir, sizeof(here.dir), "%s/repo", here.top);
	assert_int_equal(mkdir(here.dir, 0755), 0);
}

static inline void place_remove(void)
{
	fs_remove_tree(here.top);
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

static inline void put_str(const char *path, struct str bytes)
{
	char *full = at(path), *slash = strrchr(full, '/');

	*slash = '\0';
	assert_int_equal(fs_mkdirs(full, 0755), 0);
	*slash = '/';
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
	close(fd);
}

static inline void put(const char *path, const char *cstr)
{
	put_str(path, str_from(cstr));
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
 * Runs SCRIPT in the repository. git knows neither the user nor the clock, so that hashes are the
 * same everywhere; MARKER is a file that nothing may make.
 */
static inline void sh(const char *script)
{
	static const char setting[] =
	    "export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=Ann "
	    "GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=Ann GIT_COMMITTER_EMAIL=a@b "
	    "GIT_AUTHOR_DATE=2024-01-02T03:04:05Z GIT_COMMITTER_DATE=2024-01-02T03:04:05Z";
	const char *line =
	    text("%s; export MARKER=%s/marker; cd %s && set -e && { %s\n} >/dev/null 2>&1", setting,
		here.top, here.dir, script);

	assert_int_equal(system(line), 0);
}

#endif
