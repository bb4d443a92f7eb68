/* Files and directories. Paths are ours (configuration, state), never a repository's. */
#ifndef SYS_FS_H
#define SYS_FS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/sha256.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

/* The whole of a regular file of at most MAX bytes, with a NUL behind it, in A. */
MUST_CHECK int fs_read(struct arena *a, const char *path, size_t max, struct str *ret);
/* The same of what is open as FD, which stays open. -EISDIR, -EINVAL: no regular file. */
MUST_CHECK int fs_read_fd(struct arena *a, int fd, size_t max, struct str *ret);
/*
 * PATH is TEXT, whole or not at all: written beside it, synced, renamed, directory synced. A device
 * or a pipe is written to and stays, and so is what a link in /dev or /proc leads to; any other
 * link is replaced, wherever it leads. -ENXIO: a pipe that nobody reads.
 */
MUST_CHECK int fs_write(const char *path, struct str text, unsigned mode, struct err *err);
/* Removes what fs_write was writing beside files of DIR in processes that are gone. Best effort. */
void fs_sweep(const char *dir);
/* Creates PATH and its parents with MODE; an existing directory is fine. */
MUST_CHECK int fs_mkdirs(const char *path, unsigned mode);
/* Removes a tree without following links, also where permissions are in the way. Best effort. */
void fs_remove_tree(const char *path);
bool fs_exists(const char *path);
/* SHA-256 of all of FD, which is a file, from its beginning; where FD stands stays the same. */
MUST_CHECK int fs_digest_fd(int fd, char hex[SHA256_HEX]);
/* The same of the file PATH, which is no link. */
MUST_CHECK int fs_digest(const char *path, char hex[SHA256_HEX]);
/*
 * openat2(2) below DIR, CLOEXEC: a descriptor or negative errno. The kernel gives up on a ".." with
 * EAGAIN whenever anything is renamed or mounted meanwhile, anywhere; it is asked again then, a
 * bounded number of times.
 */
MUST_CHECK int fs_open_below(int dir, const char *path, unsigned flags, uint64_t resolve);
/*
 * As opendir and fdopendir; but a directory is not empty because there is no memory to read it:
 * then the process ends.
 */
DIR *fs_dir(const char *path);
DIR *fs_dir_of(int fd);
/* As scandir of all names, sorted, in the same way. */
int fs_scan(const char *path, struct dirent ***ret);
/* As fopen to read and realpath(PATH, NULL), in the same way. */
FILE *fs_file(const char *path);
char *fs_real(const char *path);
/* Absolute path of the running binary, in A. */
MUST_CHECK int fs_self(struct arena *a, char **ret);
/* "DIR/NAME" in A. */
char *fs_join(struct arena *a, const char *dir, const char *name);
/* The absolute path of program NAME in PATH (absolute entries only), in A, or NULL. */
char *fs_which(struct arena *a, const char *name);

#endif
