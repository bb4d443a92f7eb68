/*
 * SQLite's way to files, with everything written down that changes one below a directory. It stands
 * in front of the one that SQLite has for this system and becomes the one that stores find; files
 * elsewhere it leaves alone.
 */
#ifndef TESTS_POWER_VFS_H
#define TESTS_POWER_VFS_H

#include "disk.h"

/* Once, before the first store is opened. */
void vfs_install(void);
/* From here on what happens below DIR goes into T. NULL: nothing does. DIR is kept. */
void vfs_record(struct trace *t, const char *dir);
/* What SQLite takes for random repeats from here on. */
void vfs_seed(uint64_t seed);

#endif
