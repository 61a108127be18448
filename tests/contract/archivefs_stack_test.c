/* SPDX-License-Identifier: MIT */
/* archivefs from handles of the simulated system: one as its source, and more stacked over it. */
#include "fsdrivers/archivefs/wire.h"
#include "fsdrivers/copy.h"
#include "fsdrivers/registry.h"
#include "tests/contract/bed.h"
#include "tests/contract/pack.h"

#include <archive.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** A handle: a file of the host. */
struct handle {
    struct fs_source source;
    int fd;
    int64_t size; /* -1: the file's */
    int64_t fails_at;
    int closed;
};

static struct bed bed; /* each test has a process of its own */
static struct bed *const b = &bed;

static int64_t handle_read(void *user, const struct fs_caller *who, void *buf, size_t len,
                           int64_t off)
{
    const struct handle *h = user;

    (void)who;
    if (off >= h->fails_at)
        return -EIO;
    return pread(h->fd, buf, len, off);
}

static int64_t handle_size(void *user, const struct fs_caller *who)
{
    const struct handle *h = user;

    (void)who;
    return h->size >= 0 ? h->size : lseek(h->fd, 0, SEEK_END);
}

static void handle_close(void *user)
{
    ((struct handle *)user)->closed++;
}

/** Make a handle of what is in the bed's file now. */
static void make_handle(struct handle *h)
{
    *h = (struct handle){.source = {handle_read, NULL, handle_size, handle_close, h},
                         .fd = open(b->db, O_RDONLY | O_CLOEXEC),
                         .size = -1,
                         .fails_at = INT64_MAX};
    cr_assert(h->fd >= 0);
    IS(unlink(b->db), 0);
}

static int open_handle(struct handle *h, const char *opts)
{
    struct fs_open req = {.handle = &h->source, .opts = opts, .env = &b->env, .why = &b->why};

    why_done(&b->why);
    return registry_open("archivefs", &req, &b->fs);
}

/** Stack a handle, as the kernel does. */
static int stack(struct handle *h, const char *opts)
{
    struct fs_open req = {.handle = &h->source, .opts = opts, .env = &b->env, .why = &b->why};
    int err;

    why_done(&b->why);
    err = b->fs->ops->add_source(b->fs, &req);
    if (err != FS_WOULD_WAIT)
        return err;
    b->who.nowait = true;
    IS(FS(add_rest, &b->why), FS_WOULD_WAIT);
    b->who.nowait = false;
    return FS(add_rest, &b->why);
}

static void pack_lower(struct handle *h)
{
    struct archive *a = pack_begin(b->db, "pax", "gzip");

    pack_file(a, "both", S_IFREG | 0644, "lower", 5);
    pack_file(a, "dir", S_IFDIR | 0700, NULL, 0);
    pack_file(a, "dir/lower", S_IFREG | 0644, "1", 1);
    pack_file(a, "tree/in", S_IFREG | 0644, "2", 1);
    pack_end(a);
    make_handle(h);
}

static void pack_upper(struct handle *h)
{
    struct archive *a = pack_begin(b->db, "zip", "none");

    pack_file(a, "both", S_IFREG | 0600, "upper!", 6);
    pack_file(a, "dir", S_IFDIR | 0755, NULL, 0);
    pack_file(a, "dir/upper", S_IFREG | 0644, "3", 1);
    pack_file(a, "tree", S_IFREG | 0644, "4", 1);
    pack_end(a);
    make_handle(h);
}

static void begin(struct handle *lower)
{
    bed_init(b, "archivefs");
    pack_lower(lower);
    IS(open_handle(lower, NULL), 0);
}

static void end(void)
{
    bed_close(b);
    IS(b->taken, 0);
    IS(b->descriptors, 0);
    bed_done(b);
}

Test(archivefs_stack, a_handle_is_copied)
{
    struct handle h;

    begin(&h);
    IS(close(h.fd), 0); /* it is not looked at any more */
    h.fd = -1;
    IS(h.closed, 0);
    cr_assert_str_eq(names_of(b, "/"), " both dir tree");
    cr_assert(file_is(b, "/both", "lower", 5));
    end();
    IS(h.closed, 0);
}

Test(archivefs_stack, a_handle_that_fails)
{
    struct handle h;

    bed_init(b, "archivefs");
    pack_lower(&h);
    h.fails_at = 0;
    IS(open_handle(&h, NULL), -EIO);
    cr_assert(bed_why(b, "the source can't be copied"));
    h.fails_at = INT64_MAX;
    h.size = lseek(h.fd, 0, SEEK_END) / 2; /* cut short */
    IS(open_handle(&h, NULL), -EIO);
    cr_assert(bed_why(b, "damaged one"));
    h.size = lseek(h.fd, 0, SEEK_END);
    b->room = 400000;
    h.size = 500000;
    IS(open_handle(&h, NULL), -ENOSPC);
    cr_assert(bed_why(b, "no room for a copy of 500000 bytes"));
    end();
}

Test(archivefs_stack, a_copy_has_a_size)
{
    struct handle h;

    bed_init(b, "archivefs");
    pack_lower(&h);
    h.size = (int64_t)COPY_SIZE_MAX;
    IS(open_handle(&h, NULL), 0); /* gzip ignores zeros behind its end */
    bed_close(b);
    h.size++;
    IS(open_handle(&h, NULL), -ENOSPC);
    cr_assert(bed_why(b, "is copied up to 536870912"));
    end();
}

/** A helper may keep what it was sent of an archive that is refused: nobody counts that any more. */
Test(archivefs_stack, a_copy_given_back_is_empty)
{
    struct handle h;
    struct fs_copy copy;
    struct fs_open req = {.handle = &h.source, .why = &b->why};
    struct stat st;
    int sent;

    bed_init(b, "archivefs");
    pack_lower(&h);
    IS(copy_make(&req, &b->env, &copy), 0);
    sent = dup(copy.fd);
    IS(ftruncate(sent, 1 << 20), -1); /* it can't grow */
    IS(write(sent, "x", 1), -1);
    copy_done(&copy, &b->env);
    IS(fstat(sent, &st), 0);
    IS(st.st_size, 0);
    IS(close(sent), 0);
    end();
}

Test(archivefs_stack, later_archives_shadow_earlier_ones)
{
    struct fs_file file = {.flags = FS_O_RDONLY};
    struct fs_file dir = {.flags = FS_O_RDONLY};
    struct handle lower;
    struct handle upper;
    struct fs_stat st;
    char text[7] = "";
    uint64_t tree;

    begin(&lower);
    IS(FS(open, "/both", &file), 0);
    IS(FS(opendir, "/tree", &dir), 0);
    tree = stat_of(b, "/tree").ino;
    pack_upper(&upper);
    IS(stack(&upper, NULL), 0);
    cr_assert_str_eq(names_of(b, "/"), " both dir tree");
    cr_assert_str_eq(names_of(b, "/dir"), " lower upper");
    IS(stat_of(b, "/dir").mode, S_IFDIR | 0755);
    cr_assert(file_is(b, "/both", "upper!", 6));
    cr_assert(file_is(b, "/dir/lower", "1", 1));
    cr_assert(file_is(b, "/dir/upper", "3", 1));
    cr_assert(file_is(b, "/tree", "4", 1));
    /* what was open stays */
    IS(bed_read(b, NULL, text, 7, 0, &file), 5);
    cr_assert_str_eq(text, "lower");
    IS(FS(readdir, NULL, NULL, NULL, &dir), 0);
    IS(FS(getattr, NULL, &st, &dir), 0);
    IS(st.nlink, 0);
    IS(FS(lookup, tree, &st, NULL), -ESTALE);
    IS(FS(close, NULL, &file), 0);
    IS(FS(closedir, NULL, &dir), 0);
    end();
}

/** A hard link to a file of an earlier archive brings it content: what was read before is not shown. */
Test(archivefs_stack, a_link_brings_content)
{
    struct handle lower;
    struct handle upper;
    FILE *f;

    begin(&lower);
    cr_assert(file_is(b, "/both", "lower", 5));
    f = fopen(b->db, "w");
    cr_assert(f != NULL);
    tar_put(f, (struct tar_head){.name = "pax", .type = 'x'}, "11 mtime=1\n", 11);
    tar_put(f, (struct tar_head){.name = "link", .type = '1', .link = "both"}, "upper!", 6);
    tar_end(f);
    make_handle(&upper);
    IS(stack(&upper, NULL), 0);
    cr_assert(file_is(b, "/both", "upper!", 6));
    cr_assert(file_is(b, "/link", "upper!", 6));
    end();
}

Test(archivefs_stack, a_refused_one_changes_nothing)
{
    struct handle lower;
    struct handle upper;
    uint64_t taken;

    begin(&lower);
    taken = b->taken;
    pack_upper(&upper);
    IS(stack(&upper, "x=1"), -EINVAL);
    upper.size = lseek(upper.fd, 0, SEEK_END) / 2;
    IS(stack(&upper, NULL), -EIO);
    IS(b->taken, taken);
    b->room = taken + 1000;
    upper.size = -1;
    IS(stack(&upper, NULL), -ENOSPC);
    IS(b->taken, taken);
    b->room = 0;
    cr_assert_str_eq(names_of(b, "/dir"), " lower");
    cr_assert(file_is(b, "/both", "lower", 5));
    IS(stack(&upper, ""), 0);
    cr_assert(file_is(b, "/both", "upper!", 6));
    end();
}

Test(archivefs_stack, archives_have_a_number)
{
    struct handle lower;
    struct handle upper;

    begin(&lower);
    pack_upper(&upper);
    upper.size = 100; /* what is refused does not count */
    for (int i = 0; i < WIRE_SOURCES_MAX; i++)
        IS(stack(&upper, NULL), -EIO);
    upper.size = -1;
    for (int i = 1; i < WIRE_ARCHIVES_MAX; i++)
        IS(stack(&upper, NULL), 0);
    IS(stack(&upper, NULL), -ENOSPC);
    cr_assert(bed_why(b, "stacks 64 archives at most"));
    cr_assert(file_is(b, "/both", "upper!", 6));
    end();
}
