/* SPDX-License-Identifier: MIT */
#include "tests/contract/faults.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <string.h>

/* A file of ours; the real one lies behind it in memory. */
struct file {
    sqlite3_file base;
};

static int write_code;
static int sync_code;
static int syncs;

static sqlite3_vfs *real_vfs(void)
{
    return sqlite3_vfs_find("unix");
}

static sqlite3_file *real(sqlite3_file *f)
{
    return (sqlite3_file *)(void *)((struct file *)f + 1);
}

void faults_write(int code)
{
    write_code = code;
}

void faults_sync(int code)
{
    sync_code = code;
}

int faults_sync_count(void)
{
    return syncs;
}

static int file_close(sqlite3_file *f)
{
    return real(f)->pMethods->xClose(real(f));
}

static int file_read(sqlite3_file *f, void *buf, int len, sqlite3_int64 off)
{
    return real(f)->pMethods->xRead(real(f), buf, len, off);
}

static int file_write(sqlite3_file *f, const void *buf, int len, sqlite3_int64 off)
{
    return write_code != 0 ? write_code : real(f)->pMethods->xWrite(real(f), buf, len, off);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return real(f)->pMethods->xTruncate(real(f), size);
}

static int file_sync(sqlite3_file *f, int flags)
{
    syncs++;
    return sync_code != 0 ? sync_code : real(f)->pMethods->xSync(real(f), flags);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real(f)->pMethods->xFileSize(real(f), size);
}

static int file_lock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xLock(real(f), level);
}

static int file_unlock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xUnlock(real(f), level);
}

static int file_reserved(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int file_traits(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *f, int offset, int count, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int file_shm_unmap(sqlite3_file *f, int remove)
{
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    sqlite3_vfs *under = real_vfs();
    int rc = under->xOpen(under, name, real(f), flags, out);

    (void)vfs;
    f->pMethods = real(f)->pMethods != NULL ? &methods : NULL;
    return rc;
}

void faults_install(void)
{
    static sqlite3_vfs faulty;

    cr_assert(real_vfs() != NULL);
    faulty = *real_vfs();
    faulty.zName = "faulty";
    faulty.pNext = NULL;
    faulty.szOsFile += (int)sizeof(struct file);
    faulty.xOpen = vfs_open;
    cr_assert(sqlite3_vfs_register(&faulty, 1) == SQLITE_OK);
}
