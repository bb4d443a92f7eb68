#include "store/pages.h"

#include "base/arena.h"
#include "base/unconst.h"
#include "store/files.h"
#include "store/pages_sum.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define VFS_NAME "tutti"
#define HAVE_SUMS 0x74757474 /* an operation of ours; SQLite's own are small numbers */

struct page_file {
	sqlite3_file base;
	struct page_layout layout;
	struct watched watched;
	sqlite3_file *real; /* behind us, in the memory that SQLite gives */
};

static sqlite3_vfs *real_vfs;

static struct page_file *self(sqlite3_file *f)
{
	return (struct page_file *)(void *)f;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
	return self(f)->real;
}

/* --- what is not only handed on ----------------------------------------------------------- */

static int page_read(sqlite3_file *f, void *p, int n, sqlite3_int64 off)
{
	sqlite3_file *real = real_of(f);
	int rc = real->pMethods->xRead(real, p, n, off);

	if (rc == SQLITE_OK && off == 0 && n >= PAGE_HEADER && !self(f)->watched.log)
		self(f)->layout = page_layout(p);
	return rc;
}

/*
 * The reserved bytes of a page are ours, also in SQLite's own memory: it neither reads them nor
 * relies on them, so the sum is put where the page is.
 */
static int page_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 off)
{
	struct page_file *file = self(f);
	sqlite3_file *real = file->real;

	if (!watched_may_write(&file->watched, real, off))
		return SQLITE_IOERR_WRITE;
	if (off == 0 && n >= PAGE_HEADER && !file->watched.log)
		file->layout = page_layout(p);
	if (file->layout.sums && n == (int)file->layout.size && off % n == 0)
		page_seal(unconst(p), (size_t)n, (uint32_t)(off / n + 1));
	int rc = real->pMethods->xWrite(real, p, n, off);

	if (rc == SQLITE_OK)
		watched_written(&file->watched, off + n);
	return rc;
}

/* --- what is ------------------------------------------------------------------------------ */

static int page_close(sqlite3_file *f)
{
	sqlite3_file *real = real_of(f);

	return real->pMethods->xClose(real);
}

static int page_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = real_of(f)->pMethods->xTruncate(real_of(f), size);

	if (rc == SQLITE_OK)
		watched_truncated(&self(f)->watched, size);
	return rc;
}

static int page_sync(sqlite3_file *f, int flags)
{
	return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int page_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), ret);
}

static int page_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int page_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int page_reserved_lock(sqlite3_file *f, int *ret)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret);
}

static int page_control(sqlite3_file *f, int op, void *arg)
{
	if (op == HAVE_SUMS) {
		*(bool *)arg = self(f)->layout.sums || !self(f)->layout.size;
		return SQLITE_OK;
	}
	if (op == FILES_WATCHED) {
		*(struct watched **)arg = &self(f)->watched;
		return SQLITE_OK;
	}
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int page_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int page_traits(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int page_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **ret)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend, ret);
}

static int page_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void page_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int page_shm_unmap(sqlite3_file *f, int remove)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

/* Version 2: no mappings of the file, in which pages would come past us. */
static const sqlite3_io_methods methods = { .iVersion = 2,
	.xClose = page_close,
	.xRead = page_read,
	.xWrite = page_write,
	.xTruncate = page_truncate,
	.xSync = page_sync,
	.xFileSize = page_size,
	.xLock = page_lock,
	.xUnlock = page_unlock,
	.xCheckReservedLock = page_reserved_lock,
	.xFileControl = page_control,
	.xSectorSize = page_sector,
	.xDeviceCharacteristics = page_traits,
	.xShmMap = page_shm_map,
	.xShmLock = page_shm_lock,
	.xShmBarrier = page_shm_barrier,
	.xShmUnmap = page_shm_unmap };

/* --- the VFS ------------------------------------------------------------------------------ */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
	struct page_file *file = self(f);
	int rc;

	(void)vfs;
	if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
		return real_vfs->xOpen(real_vfs, path, f, flags, ret_flags);
	*file = (struct page_file){ .real = (sqlite3_file *)(void *)(file + 1) };
	rc = real_vfs->xOpen(real_vfs, path, file->real, flags, ret_flags);
	if (file->real->pMethods)
		file->base.pMethods = &methods;
	watched_begin(&file->watched, path, (flags & SQLITE_OPEN_WAL) != 0, file->real);
	return rc;
}

static void vfs_register(void)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	if (!real_vfs) /* it could not even begin */
		out_of_memory("SQLite", 0);
	vfs = *real_vfs; /* everything else is its own, asked with its own data */
	vfs.pNext = NULL;
	vfs.zName = VFS_NAME;
	vfs.szOsFile = (int)sizeof(struct page_file) + real_vfs->szOsFile;
	vfs.xOpen = vfs_open;
	if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
		out_of_memory("SQLite", 0);
}

const char *pages_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, vfs_register);
	return VFS_NAME;
}

bool pages_have_sums(void *db)
{
	bool have = true;

	return sqlite3_file_control(db, "main", HAVE_SUMS, &have) != SQLITE_OK || have;
}
