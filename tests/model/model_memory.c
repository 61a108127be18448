/* SPDX-License-Identifier: MIT */
/* Regions of memory. */
#include "tests/model/model.h"

#include <errno.h>
#include <string.h>

enum { MODES = MM_READ | MM_WRITE | MM_EXEC };

/** Where the memory of a process ends. */
#define USER_LIMIT UINT64_C(0xC0000000)

static struct mregion *region_at(struct mproc *p, uint64_t addr)
{
    for (size_t i = 0; i < p->region_count; i++) {
        if (addr >= p->regions[i].addr && addr - p->regions[i].addr < p->regions[i].size)
            return &p->regions[i];
    }
    return NULL;
}

/** What speaks against mapping a region, whose size is one of whole pages. */
static void check_region(const struct mcall *c, const struct mregion *r)
{
    uint64_t mapped = 0;

    for (size_t i = 0; i < c->p->region_count; i++) {
        const struct mregion *other = &c->p->regions[i];

        mapped += other->size;
        if (r->addr < other->addr + other->size && other->addr < r->addr + r->size)
            refuse(c->v, EEXIST);
    }
    if (mapped + r->size > c->m->limits.memory || c->p->region_count >= c->m->limits.regions)
        refuse(c->v, ENOMEM);
}

/** Map what was checked. */
static void add_region(const struct mcall *c, const struct mregion *r)
{
    c->p->regions = model_grow(c->m, c->p->regions, c->p->region_count, sizeof(*r));
    c->p->regions[c->p->region_count++] = *r;
    if (r->file != NULL)
        r->file->refs++;
}

static void remove_region(struct mproc *p, struct mregion *r)
{
    struct mfile *f = r->file;

    p->region_count--;
    memmove(r, r + 1, (p->region_count - (size_t)(r - p->regions)) * sizeof(*r));
    if (f != NULL)
        model_unref(f);
}

void model_unmap_all(struct mproc *p)
{
    while (p->region_count > 0)
        remove_region(p, &p->regions[0]);
}

bool model_is_mapped(const struct model *m, const struct minode *i)
{
    for (size_t n = 0; n < m->proc_count; n++) {
        for (size_t r = 0; r < m->procs[n]->region_count; r++) {
            const struct mfile *f = m->procs[n]->regions[r].file;

            if (f != NULL && f->inode == i)
                return true;
        }
    }
    return false;
}

/** What MMAP and MMAP_FILE check alike; the size becomes one of whole pages. */
static void check_map(const struct mcall *c, uint64_t size, struct mregion *r)
{
    if (r->addr < SC_PAGE_SIZE || r->addr % SC_PAGE_SIZE != 0 || (r->mode & ~(uint32_t)MODES) != 0)
        refuse(c->v, EINVAL);
    if (size == 0 || r->addr > USER_LIMIT || size > USER_LIMIT - r->addr) {
        refuse(c->v, EINVAL);
        return;
    }
    r->size = (size + SC_PAGE_SIZE - 1) / SC_PAGE_SIZE * SC_PAGE_SIZE;
    check_region(c, r);
}

void rule_mmap(const struct mcall *c, const struct sc_mmap_args *a, struct sc_mmap_out *out)
{
    struct mregion r = {.addr = a->addr, .mode = a->mode};

    (void)out;
    check_map(c, a->size, &r);
    if (!refused(c->v))
        add_region(c, &r);
}

void rule_mmap_file(const struct mcall *c, const struct sc_mmap_file_args *a,
                    struct sc_mmap_file_out *out)
{
    uint32_t needs = FM_MMAP | FM_READ | ((a->mode & MM_WRITE) != 0 ? FM_WRITE : 0);
    struct mhandle *h = model_handle(c->p, a->fd);
    struct mregion r = {.addr = a->addr, .mode = a->mode, .offset = (uint64_t)a->offset};

    (void)out;
    if (h == NULL)
        refuse(c->v, EBADF);
    else if ((h->file->mode & needs) != needs || h->file->channel != NULL)
        refuse(c->v, EACCES);
    if (a->offset < 0 || a->offset % SC_PAGE_SIZE != 0 ||
        a->size > (uint64_t)(INT64_MAX / SC_PAGE_SIZE * SC_PAGE_SIZE - a->offset))
        refuse(c->v, EINVAL);
    check_map(c, a->size, &r);
    if (refused(c->v))
        return;
    r.file = h->file;
    if ((a->mode & MM_WRITE) != 0)
        model_drop_ids(c, r.file->inode);
    add_region(c, &r);
}

void rule_mchmap(const struct mcall *c, const struct sc_mchmap_args *a, struct sc_mchmap_out *out)
{
    struct mregion *r = region_at(c->p, a->addr);

    (void)out;
    if (r == NULL)
        refuse(c->v, EFAULT);
    if ((a->mode & ~(uint32_t)MODES) != 0)
        refuse(c->v, EINVAL);
    if (r != NULL && r->file != NULL && (a->mode & MM_WRITE) != 0 &&
        (r->file->mode & FM_WRITE) == 0)
        refuse(c->v, EACCES);
    if (refused(c->v))
        return;
    r->mode = a->mode;
    if (r->file != NULL && (a->mode & MM_WRITE) != 0)
        model_drop_ids(c, r->file->inode);
}

void rule_munmap(const struct mcall *c, const struct sc_munmap_args *a, struct sc_munmap_out *out)
{
    struct mregion *r = region_at(c->p, a->addr);

    (void)out;
    if (r == NULL)
        refuse(c->v, EFAULT);
    else
        remove_region(c->p, r);
}

/* ---- touches ---- */

/** Which failure a touch of a bad address is. */
static int32_t fail_code(uint64_t addr)
{
    if (addr >= USER_LIMIT)
        return FAIL_EXCEPTION;
    return addr < SC_PAGE_SIZE ? FAIL_ZEROPTR : FAIL_SEGFAULT;
}

bool model_may_touch(struct mproc *p, uint32_t mode, uint64_t addr, uint64_t size)
{
    const struct mregion *r = region_at(p, addr);

    return size == 0 || (r != NULL && (r->mode & mode) != 0 && size <= r->addr + r->size - addr);
}

/** Where the byte of an address is: in the pages of memory, or in those of a file. */
static struct minode *bytes_at(struct mregion *r, uint64_t addr, uint64_t *out_off)
{
    *out_off = r->offset + (addr - r->addr);
    return r->file != NULL ? r->file->inode : &r->bytes;
}

bool model_is_past_end(struct model *m, int32_t pid, uint64_t addr, size_t size)
{
    for (; size > 0; size--, addr++) {
        struct mregion *r = region_at(model_proc(m, pid), addr);

        if (r != NULL && r->file != NULL && r->offset + (addr - r->addr) >= r->file->inode->size)
            return true;
    }
    return false;
}

int model_touch(struct model *m, int32_t pid, uint32_t way, uint64_t addr, char *buf, size_t size)
{
    struct mproc *p = model_proc(m, pid);

    for (size_t i = 0; i < size; i++) {
        struct mregion *r = region_at(p, addr + i);
        struct minode *bytes;
        uint64_t off;

        if (r == NULL || (way == MM_WRITE && (r->mode & MM_WRITE) == 0)) {
            model_end(m, p, PS_FAILURE, fail_code(addr + i));
            model_settle(m);
            return -EFAULT;
        }
        bytes = bytes_at(r, addr + i, &off);
        if (way == MM_READ && r->file != NULL && off >= bytes->size)
            buf[i] = '\0';
        else if (way == MM_READ)
            model_read_bytes(m, bytes, off, &buf[i], 1);
        else
            model_write_bytes(m, bytes, off, (struct sc_str){&buf[i], 1});
    }
    return 0;
}
