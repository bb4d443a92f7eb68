#include "vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct vfs_file {
	sqlite3_file base;
	struct trace *trace; /* NULL: nobody is interested */
	uint32_t file;
	sqlite3_file *real; /* behind this one */
};

static sqlite3_vfs vfs, *real;
static struct trace *trace;
static const char *dir;
static struct rng rng;
static int (*open_directory)(const char *path, int *ret_fd);

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct vfs_file *)(void *)f)->real;
}

/* Of a file that is recorded; a connection that was left behind by a kill is not any more. */
static struct trace *trace_of(sqlite3_file *f)
{
	struct vfs_file *v = (struct vfs_file *)(void *)f;

	return v->trace && v->trace == trace ? trace : NULL;
}

static uint32_t file_of(sqlite3_file *f)
{
	return ((struct vfs_file *)(void *)f)->file;
}

/* --- what changes a file ------------------------------------------------------------------ */

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (trace_of(f))
		trace_write(trace, file_of(f), (uint64_t)at, p, (size_t)n);
	return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (trace_of(f))
		trace_truncate(trace, file_of(f), (uint64_t)size);
	return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

/* The directory's turn comes in it, at need: on_open_directory. */
static int on_sync(sqlite3_file *f, int flags)
{
	if (trace_of(f))
		trace_sync(trace, file_of(f));
	return real_of(f)->pMethods->xSync(real_of(f), flags);
}

/* --- what does not ------------------------------------------------------------------------ */

static int on_close(sqlite3_file *f)
{
	int rc = real_of(f)->pMethods->xClose(real_of(f));

	f->pMethods = NULL;
	return rc;
}

static int on_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int on_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), ret);
}

static int on_lock(sqlite3_file *f, int lock)
{
	return real_of(f)->pMethods->xLock(real_of(f), lock);
}

static int on_unlock(sqlite3_file *f, int lock)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), lock);
}

static int on_is_reserved(sqlite3_file *f, int *ret)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret);
}

static int on_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int on_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int on_traits(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int on_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, ret);
}

static int on_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int on_shm_unmap(sqlite3_file *f, int remove)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_is_reserved,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_traits,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

/* --- names -------------------------------------------------------------------------------- */

/* The name of PATH where it is recorded, else NULL. */
static const char *name_in_dir(const char *path)
{
	size_t n = dir ? strlen(dir) : 0;

	if (!trace || !path || strncmp(path, dir, n) != 0 || path[n] != '/')
		return NULL;
	return path + n + 1;
}

static int on_open(sqlite3_vfs *self, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
	struct vfs_file *v = (struct vfs_file *)(void *)f;
	const char *name = name_in_dir(path);
	bool was = name && access(path, F_OK) == 0;

	(void)self;
	*v = (struct vfs_file){ .real = (sqlite3_file *)(void *)(v + 1) };
	int rc = real->xOpen(real, path, v->real, flags, ret_flags);

	if (v->real->pMethods)
		f->pMethods = &methods;
	if (rc != SQLITE_OK || !name)
		return rc;
	unsigned number = trace_name(trace, name);

	if (!was)
		trace_create(trace, number);
	v->trace = trace;
	v->file = trace->current[number];
	return rc;
}

static int on_delete(sqlite3_vfs *self, const char *path, int sync_dir)
{
	const char *name = name_in_dir(path);

	(void)self;
	if (name && access(path, F_OK) == 0)
		trace_unlink(trace, trace_name(trace, name));
	return real->xDelete(real, path, sync_dir);
}

/* SQLite opens a directory only to wait for its names. */
static int on_open_directory(const char *path, int *ret_fd)
{
	if (name_in_dir(path))
		trace_sync_dir(trace);
	return open_directory(path, ret_fd);
}

static int on_randomness(sqlite3_vfs *self, int n, char *p)
{
	(void)self;
	for (int i = 0; i < n; i++)
		p[i] = (char)rng_next(&rng);
	return n;
}

void vfs_install(void)
{
	real = sqlite3_vfs_find(NULL);
	vfs = *real;
	vfs.zName = "power";
	vfs.szOsFile = (int)sizeof(struct vfs_file) + real->szOsFile;
	vfs.xOpen = on_open;
	vfs.xDelete = on_delete;
	vfs.xRandomness = on_randomness;
	memcpy(&open_directory,
	    &(sqlite3_syscall_ptr){ real->xGetSystemCall(real, "openDirectory") },
	    sizeof(open_directory));
	sqlite3_syscall_ptr ours;
	int (*fn)(const char *, int *) = on_open_directory;

	memcpy(&ours, &fn, sizeof(ours));
	if (!open_directory || real->xSetSystemCall(real, "openDirectory", ours) != SQLITE_OK ||
	    sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
		fprintf(stderr, "power: SQLite's files cannot be watched\n");
		abort();
	}
}

void vfs_record(struct trace *t, const char *where)
{
	trace = t;
	dir = where;
}

void vfs_seed(uint64_t seed)
{
	rng.state = seed;
	sqlite3_randomness(0, NULL); /* it draws a new seed of its own */
}
