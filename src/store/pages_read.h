/* The files of a database, read past SQLite; see pages_check() for who may do that. */
#ifndef STORE_PAGES_READ_H
#define STORE_PAGES_READ_H

#include <stddef.h>
#include <sys/types.h>

/* PATH with SUFFIX ("", "-wal", "-journal"), to be read and closed. A descriptor, or negative
 * errno. */
int pages_open(const char *path, const char *suffix);
/* Exactly N bytes at OFF: 0, -ENODATA when there are not so many, or negative errno. */
int pages_read(int fd, unsigned char *p, size_t n, off_t off);

#endif
