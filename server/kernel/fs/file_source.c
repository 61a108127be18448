/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/file_source.h"

#include <errno.h>

static int64_t source_read(void *user, const struct fs_caller *who, void *buf, size_t len,
                           int64_t off)
{
    struct open_file *f = user;
    int64_t count = (f->mode & FM_READ) != 0 ? vfs_read(f, who, buf, len, off) : -EBADF;

    return count != -EAGAIN ? count : -EIO; /* an image on a terminal is not waited for */
}

/** Writing an image is not a user's write: the file keeps its set-id bits. */
static int64_t source_write(void *user, const struct fs_caller *who, const void *buf, size_t len,
                            int64_t off)
{
    const struct fs_caller as_root = {.pid = who->pid};
    struct open_file *f = user;

    return (f->mode & FM_WRITE) != 0 ? vfs_write(f, &as_root, buf, len, off) : -EBADF;
}

static int64_t source_size(void *user, const struct fs_caller *who)
{
    struct fs_stat st;
    int err = vfs_fstat(user, who, &st);

    return err < 0 ? err : (int64_t)st.size;
}

static void source_close(void *user)
{
    struct open_file *f = user;

    f->mount->stood_on--;
    (void)open_file_unref(f);
}

void file_source_init(struct fs_source *source, struct open_file *f)
{
    f->mount->stood_on++;
    *source =
        (struct fs_source){source_read, source_write, source_size, source_close, open_file_ref(f)};
}
