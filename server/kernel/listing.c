/* SPDX-License-Identifier: MIT */
/*
 * READDIR: a directory as it was when its listing was taken.
 *
 * A listing is memory that a process makes the machine hold, as long as the handle is open: all of
 * a machine count against its limit `listings`.
 */
#include "server/kernel/listing.h"

#include "server/kernel/machine.h"
#include "server/kernel/node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SNAPSHOT_FIRST = 16 };

/** A listing that is being taken. */
struct listing {
    struct open_file *file;
    struct dir_snapshot snapshot;
    struct path dir; /* for entries the driver gives no stat of */
    struct why *why;
};

/** Give a snapshot room for @cap entries, which the machine's books follow. -ENOMEM. */
static int set_room(struct machine *m, struct dir_snapshot *s, size_t cap, struct why *why)
{
    uint64_t others = m->listings - s->cap * sizeof(*s->at);
    struct sc_dirent *at;

    if (cap * sizeof(*at) > m->limits.listings - others)
        return why_add(why, -ENOMEM,
                       "the listings of the machine's open directories hold %" PRIu64 " of %" PRIu64
                       " bytes",
                       m->listings, m->limits.listings);
    at = realloc(s->at, cap * sizeof(*at));
    if (at == NULL)
        return -ENOMEM;
    m->listings = others + cap * sizeof(*at);
    s->at = at;
    s->cap = cap;
    return 0;
}

static void snapshot_drop(struct machine *m, struct dir_snapshot *s)
{
    m->listings -= s->cap * sizeof(*s->at);
    free(s->at);
    *s = (struct dir_snapshot){0};
}

void listing_drop(struct open_file *f)
{
    snapshot_drop(f->mount->machine, &f->listing);
}

/** Look up what the driver did not tell. */
static int entry_stat(struct listing *l, const char *name, struct fs_stat *out)
{
    struct fs *fs = l->file->mount->fs;
    struct path path = l->dir;
    int err = path_push(&path, name, strlen(name));

    return err < 0 ? err : fs->ops->getattr(fs, path.str, out, NULL);
}

static int on_entry(void *user, const char *name, const struct fs_stat *stat)
{
    struct listing *l = user;
    struct dir_snapshot *s = &l->snapshot;
    struct sc_dirent *entry;
    struct sc_stat st;
    struct fs_stat own;
    size_t len = strlen(name);
    int err = 0;

    if (len >= SC_DIR_MAX)
        return 0; /* a name this ABI can't spell can't be opened either */
    if (stat == NULL) {
        err = entry_stat(l, name, &own);
        if (err == -ENOENT)
            return 0; /* it went away meanwhile */
        if (err < 0)  /* whoever opens it is told */
            own = (struct fs_stat){.mode = S_IFREG};
        err = 0;
        stat = &own;
    }
    if (s->count == s->cap)
        err =
            set_room(l->file->mount->machine, s, s->cap != 0 ? s->cap * 2 : SNAPSHOT_FIRST, l->why);
    if (err < 0)
        return err;
    entry = &s->at[s->count++];
    vfs_stat(l->file->mount, stat, l->file->view_modes, &st);
    memset(&entry->name, 0, sizeof(entry->name));
    memcpy(entry->name.bytes, name, len);
    entry->type = st.type;
    entry->access = st.access;
    entry->size = st.size;
    return 0;
}

static int take_snapshot(struct open_file *f, struct why *why)
{
    struct machine *m = f->mount->machine;
    struct listing l = {.file = f, .why = why};
    struct fs *fs = f->mount->fs;
    int err = node_path(f->node, &l.dir);

    if (err < 0)
        return err;
    err = fs->ops->readdir(fs, (fs->caps & FS_CAP_NO_OPEN) != 0 ? l.dir.str : NULL, on_entry, &l,
                           &f->file);
    if (err < 0) {
        snapshot_drop(m, &l.snapshot);
        return err;
    }
    if (l.snapshot.count > 0)
        (void)set_room(m, &l.snapshot, l.snapshot.count, NULL); /* what is not needed goes back */
    snapshot_drop(m, &f->listing);
    f->listing = l.snapshot;
    f->listed = true;
    return 0;
}

int vfs_readdir(struct open_file *f, uint32_t n, struct why *why, struct sc_dirent *out)
{
    if (n == 0 || !f->listed) {
        int err = take_snapshot(f, why);

        if (err < 0)
            return err;
    }
    if (n >= f->listing.count)
        return why_add(why, -ENOENT, "the directory has %zu entries, counted from 0",
                       f->listing.count);
    *out = f->listing.at[n];
    return 0;
}
