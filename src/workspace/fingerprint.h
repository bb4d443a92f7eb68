/*
 * What a directory is like, in one number: path, kind and mode, size and both times of everything
 * below it. Nothing is opened but directories, so no pipe or device can hold it up, and nothing
 * that stands in a file is read: whoever changes a byte changes the file's ctime, and that nobody
 * can set back without setting the machine's clock.
 *
 * Blocks for as long as the walk takes (a microsecond or two a file); for the thread pool.
 */
#ifndef WORKSPACE_FINGERPRINT_H
#define WORKSPACE_FINGERPRINT_H

#include "base/sha256.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct fingerprint {
	int error; /* negative errno: the directory cannot be looked at */
	dev_t dev; /* of the directory itself */
	ino_t ino;
	struct timespec mtime, ctime;	 /* of a program */
	unsigned long long count, bytes; /* of everything; of regular files */
	unsigned long long unread;	 /* directories that were not looked into */
	bool cut;			 /* more than FINGERPRINT_MAX entries: the rest is not in */
	/*
	 * Over the directory's own entry and those below it, a line each: path, mode (octal), size,
	 * mtime and ctime in nanoseconds, with a NUL behind the path and a newline behind the line.
	 * A directory's entries follow each other sorted by name, before those of any directory in
	 * it; the last directory of a list is the next one that is looked into.
	 */
	char sha256[SHA256_HEX]; /* "" after an error */
};

/*
 * PATH may be a link to a directory; no link and no mount below it is followed. What cannot be
 * looked into (permissions, other file systems, deeper than PATH_BYTES_MAX) is counted.
 */
void fingerprint_take(const char *path, struct fingerprint *ret);

struct fingerprint_limits {
	unsigned long long count, bytes;
};

/*
 * How much stands in PATH, which is no link, and nothing else: COUNT is every name and PATH itself,
 * BYTES what the disk holds for them (so not a hole), a file of several names as a share at each.
 * CUT: it is more than LIMITS, and was not looked at further. UNREAD are directories that are there
 * and cannot be looked into; what is moved or removed meanwhile may be missed, or seen twice.
 *
 * For a place that somebody hostile writes to at this moment: takes no more time and memory than
 * LIMITS->count entries and FINGERPRINT_NAMES_MAX bytes of paths do; more than those is CUT, too.
 */
void fingerprint_sizes(
    const char *path, const struct fingerprint_limits *limits, struct fingerprint *ret);
/*
 * Of the regular file PATH: SHA-256 over its bytes. RET is as an earlier call filled it, or zero;
 * what is the same file, unchanged since, is not read again.
 */
void fingerprint_program(const char *path, struct fingerprint *ret);

#endif
