/* SPDX-License-Identifier: MIT */
/* The calls that change an address space: first the books, then the guest's memory. */
#include "server/kernel/call/late.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/mapped.h"
#include "server/kernel/proc/memory.h"
#include "server/kernel/sc/find.h"

#include <errno.h>
#include <sys/stat.h>

/** Map a region of the books in a guest's memory; on failure remove it from the books. */
static int map_in_guest(struct call *call, const struct region *r)
{
    struct executor *x = call->task->executor;
    const struct mapping *map = r->mapping;
    const uint64_t addr = r->addr;
    int err = 0;

    if (x != NULL && map != NULL)
        err = x->ops->map_shared(x, addr, r->size, r->mode, map->in->memory->fd, map->off);
    else if (x != NULL)
        err = x->ops->map(x, addr, r->size, r->mode);
    if (x != NULL)
        err = (int)machine_answer(call->machine, err, NULL, 0);
    if (err < 0 && call->proc != NULL) /* the process may have ended */
        memory_drop(call->proc, aspace_find(&call->proc->memory, addr));
    return err;
}

/** Make room for a region by storing late mappings, a part at a time. @of_file: it needs a mapped
 * file, too. Returns 0; SC_PENDING. */
static int wait_for_room(struct call *call, uint64_t size, bool of_file)
{
    const struct machine *m = call->machine;
    const struct aspace_pool *pool = &m->memory;
    const bool fits = size <= pool->bytes_max - pool->bytes;
    const bool has_file = !of_file || m->census.mapped < m->limits.mapped;

    return (fits && has_file) || size > pool->bytes_max ? 0 : late_wait(call);
}

int sc_mmap(struct call *call, const struct sc_mmap_args *args, struct sc_mmap_out *out)
{
    struct region wanted = {
        .addr = args->addr, .size = args->size, .mode = args->mode, .kind = REGION_MEMORY};
    const struct region *r;
    int err = wait_for_room(call, args->size, false);

    (void)out;
    if (err == 0)
        err = aspace_add(&call->proc->memory, &wanted, &call->why, &r);
    return err != 0 ? err : map_in_guest(call, r);
}

/** The open file of an fd, if it may be mapped with this mode. */
static int get_mappable(struct call *call, const struct sc_mmap_file_args *args,
                        struct open_file **out)
{
    const struct fs_caller who = proc_caller(call->proc);
    const uint32_t writes = (args->mode & MM_WRITE) != 0 ? FM_WRITE : 0;
    const uint32_t need = FM_MMAP | FM_READ | writes;
    struct open_file *f;
    char names[VFS_MODES_MAX];
    struct fs_stat st;
    int err = find_file(call, args->fd, &f);

    if (err < 0)
        return err;
    if ((f->mode & need) != need)
        return call_why(call, -EACCES, "file descriptor %d, %s, lacks %s", args->fd, f->label,
                        vfs_mode_names(need & ~f->mode, names));
    err = vfs_fstat(f, &who, &st);
    if (err < 0)
        return err;
    if (!S_ISREG(st.mode))
        return call_why(call, -EACCES, "%s is not a regular file", f->label);
    *out = f;
    return 0;
}

/** Check a position in a file, and that a mapping there ends within the range of offsets. */
static int check_offset(struct call *call, int64_t offset, uint64_t size)
{
    const int64_t end = INT64_MAX / SC_PAGE_SIZE * SC_PAGE_SIZE;

    if (offset < 0 || offset % SC_PAGE_SIZE != 0)
        return call_why(call, -EINVAL, "offset %lld is not a multiple of %d", (long long)offset,
                        SC_PAGE_SIZE);
    if (size > (uint64_t)(end - offset))
        return call_why(call, -EINVAL, "offset + size overflows");
    return 0;
}

/** A writable mapping may be written at any time, so it clears set-id bits as WRITE does. */
static int before_writing(struct call *call, const struct region *r, uint32_t mode)
{
    const struct fs_caller who = proc_caller(call->proc);
    int err = 0;

    if (r->mapping != NULL && (mode & MM_WRITE) != 0)
        err = vfs_before_change(r->mapping->file, &who);
    if (err < 0)
        return call_why(call, -EIO, "clearing the set-id bits of %s failed: %s",
                        r->mapping->file->label, sc_errno_name(err));
    return 0;
}

int sc_mmap_file(struct call *call, const struct sc_mmap_file_args *args,
                 struct sc_mmap_file_out *out)
{
    struct region wanted = {
        .addr = args->addr, .size = args->size, .mode = args->mode, .kind = REGION_FILE};
    struct aspace *memory = &call->proc->memory;
    const struct region *booked;
    struct region *r;
    struct open_file *f;
    int err = get_mappable(call, args, &f);

    (void)out;
    if (err == 0)
        err = check_offset(call, args->offset, args->size);
    if (err == 0)
        err = wait_for_room(call, args->size, true);
    if (err == 0)
        err = aspace_add(memory, &wanted, &call->why, &booked);
    if (err != 0)
        return err;
    r = aspace_find(memory, booked->addr);
    err = mapping_new(f, (uint64_t)args->offset, r->size, (args->mode & MM_WRITE) != 0, &call->why,
                      &r->mapping);
    if (err < 0) {
        aspace_remove(memory, r);
        return err;
    }
    err = before_writing(call, r, args->mode);
    if (err == 0)
        return map_in_guest(call, r);
    memory_drop(call->proc, r);
    return err;
}

/** The region that contains an address, or -EFAULT. */
static int find_region(struct call *call, uint64_t addr, struct region **out)
{
    struct region *r = aspace_find(&call->proc->memory, addr);

    if (r == NULL)
        return call_why(call, -EFAULT, "no region contains 0x%llx", (unsigned long long)addr);
    *out = r;
    return 0;
}

/** Refuse a writable mode for a file's mapping whose handle can't write. */
static int check_write(struct call *call, const struct region *r, uint32_t mode)
{
    if (r->mapping == NULL || (mode & MM_WRITE) == 0 || (r->mapping->file->mode & FM_WRITE) != 0)
        return 0;
    return call_why(call, -EACCES, "the handle of %s lacks WRITE", r->mapping->file->label);
}

int sc_mchmap(struct call *call, const struct sc_mchmap_args *args, struct sc_mchmap_out *out)
{
    struct proc *p = call->proc;
    struct region *r;
    int err = find_region(call, args->addr, &r);

    (void)out;
    if (err < 0)
        return err;
    err = aspace_check_mode(args->mode, &call->why);
    if (err == 0)
        err = check_write(call, r, args->mode);
    if (err == 0)
        err = before_writing(call, r, args->mode);
    if (err == 0 && p->task.executor != NULL)
        err = (int)machine_answer(
            p->machine,
            p->task.executor->ops->protect(p->task.executor, r->addr, r->size, args->mode), NULL,
            0);
    if (err < 0)
        return err;
    r->mode = args->mode;
    if (r->mapping != NULL && (args->mode & MM_WRITE) != 0)
        r->mapping->writer = true;
    return 0;
}

int sc_munmap(struct call *call, const struct sc_munmap_args *args, struct sc_munmap_out *out)
{
    struct proc *p = call->proc;
    struct region *r;
    int err = find_region(call, args->addr, &r);

    (void)out;
    if (err < 0)
        return err;
    if (p->task.executor != NULL)
        err = (int)machine_answer(
            p->machine, p->task.executor->ops->unmap(p->task.executor, r->addr, r->size), NULL, 0);
    if (err == 0)
        memory_drop(p, r);
    return err;
}
