/*
 * Sums over the pages of a database file. SQLite leaves the last PAGES_RESERVED bytes of each page
 * to us; whenever a page is written to the file, the sum over the rest of it and its number goes
 * there. So a byte that the disk, or anybody else, changed is found wherever it is, also in parts
 * of a page that no table uses. Reading does not look at the sums: another program (the sqlite3
 * shell) may have checkpointed for us without keeping them, and nothing is wrong then. `tutti db
 * verify` looks, and `tutti db backup`.
 *
 * The sum is the one that SQLite's log has for its frames (sqlite.org/fileformat2.html, 4.2): no
 * change of a single word leaves it as it was.
 */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define PAGES_RESERVED 8

/* The VFS that keeps them, over the default one of SQLite: its name, for sqlite3_open_v2. */
const char *pages_vfs(void);

/* Whether the pages of an open database have sums, or there are none yet. DB is a sqlite3. */
bool pages_have_sums(void *db);

struct pages_found {
	unsigned long long pages; /* of the file */
	unsigned long long log;	  /* frames of the log, PATH-wal, that count */
	unsigned long long torn;  /* pages that do not fit, and that the log has: no flaws */
};

/* WHERE: "page 17"; WHAT is wrong with it. */
typedef void (*pages_flaw_fn)(void *ctx, const char *where, const char *what);

/*
 * Holds all pages of the database file PATH and all frames of its log against their sums. A page
 * that was being written when the power went is in the log, and comes from there; a database that
 * was just being made has none yet. Another process may be writing meanwhile: what does not fit is
 * looked at again for a while. This process must not have it open: closing the file here would drop
 * the locks of SQLite on it (POSIX). 0, whatever was found; negative: the file cannot be read.
 */
MUST_CHECK int pages_check(
    const char *path, pages_flaw_fn flaw, void *ctx, struct pages_found *ret, struct err *err);

#endif
