/*
 * Everything a tree is: names, types, modes, owners, sizes, times of change, inodes, extended
 * attributes, targets of links and content. Two equal fingerprints mean that nothing was changed,
 * not even back again: the time of an inode's change cannot be set.
 */
#ifndef ATTACK_FINGERPRINT_H
#define ATTACK_FINGERPRINT_H

#include "../unit/check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/sha256.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define WHOLE_TREE_MAX MIB(64)

static inline void fingerprint_content(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	static char bytes[65536];
	char hex[SHA256_HEX];
	struct sha256 sha;
	ssize_t n;

	assert_true(fd >= 0);
	sha256_begin(&sha);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		sha256_add(&sha, (struct str){ bytes, (size_t)n });
	sha256_end(&sha, hex);
	close(fd);
	buf_printf(out, " %s", hex);
}

static inline void fingerprint_attributes(const char *path, struct buf *out)
{
	char names[4096], value[4096];
	ssize_t n = llistxattr(path, names, sizeof(names));

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = lgetxattr(path, names + at, value, sizeof(value));

		buf_printf(out, " %s=", names + at);
		for (ssize_t i = 0; i < size; i++)
			buf_printf(out, "%02x", (unsigned char)value[i]);
	}
}

static inline void fingerprint_tree(const char *path, struct buf *out);

static inline void fingerprint_entries(const char *path, struct buf *out)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		char below[8192];

		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0) {
			snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
			fingerprint_tree(below, out);
		}
		free(entries[i]);
	}
	free(entries);
}

static inline void fingerprint_tree(const char *path, struct buf *out)
{
	char target[4096] = "";
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	buf_printf(out, "%s %o %u:%u %lld %lld.%09ld %lld.%09ld %llu", path, st.st_mode, st.st_uid,
	    st.st_gid, S_ISDIR(st.st_mode) ? 0LL : (long long)st.st_size,
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
	    st.st_ctim.tv_nsec, (unsigned long long)st.st_ino);
	if (S_ISLNK(st.st_mode) && readlink(path, target, sizeof(target) - 1) > 0)
		buf_printf(out, " -> %s", target);
	if (S_ISREG(st.st_mode))
		fingerprint_content(path, out);
	fingerprint_attributes(path, out);
	buf_printf(out, "\n");
	if (S_ISDIR(st.st_mode))
		fingerprint_entries(path, out);
}

/* The fingerprint of what is at PATH and below; the caller frees it. */
static inline char *fingerprint(const char *path)
{
	struct buf out;
	char *copy;

	buf_init(&out, WHOLE_TREE_MAX);
	fingerprint_tree(path, &out);
	copy = xstrndup(out.p, out.n);
	buf_fini(&out);
	return copy;
}

/* Fails with the first line that differs. */
static inline void fingerprint_same(const char *before, const char *after)
{
	while (*before && *before == *after) {
		before++;
		after++;
	}
	if (*before == *after)
		return;
	fail_msg("changed: was …%.200s\nis …%.200s", before, after);
}

#endif
