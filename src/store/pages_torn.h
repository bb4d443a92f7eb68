/*
 * What the power leaves when it goes, and what looks like damage and is none. Files are only read,
 * by their own descriptors; see pages_check() for who may do that.
 */
#ifndef STORE_PAGES_TORN_H
#define STORE_PAGES_TORN_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * The database PATH, of SIZE bytes, was just being made: its journal says that there was nothing
 * before, and whoever opens it next begins again (sqlite.org/fileformat2.html, 3).
 */
bool torn_beginning(const char *path, off_t size);

/*
 * The header of the log of database PATH does not hold; is all that its frames were told to have in
 * the database? A log is begun again only when that is so, and until its header was waited for
 * there is nothing else in it (4.3, 4.4). Without the header sums of frames cannot be held against
 * anything: it is their pages that are.
 */
bool torn_log_header(const char *path);

#endif
