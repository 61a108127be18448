/* SPDX-License-Identifier: MIT */
/*
 * READDIR: a directory as it was when its listing was made.
 *
 * A process makes the machine keep a listing while the handle is open: all listings of a machine
 * count against its limit `listings`.
 */
#include "server/kernel/fs/listing.h"

#include "server/kernel/door/driver.h"
#include "server/kernel/fs/node.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SNAPSHOT_FIRST = 16, NAMES_FIRST = 512 };

/** A listing that is being made. */
struct listing {
    struct open_file *file;
    const struct fs_caller *who;
    struct dir_snapshot snapshot;
    struct path dir; /* for entries that the driver gives no status of */
    struct why *why;
};

static uint64_t room_of(const struct dir_snapshot *s)
{
    return s->cap * sizeof(*s->at) + s->names_cap;
}

/** Resize a snapshot to @cap entries and @names_cap bytes of names, and the machine's books.
 * -ENOMEM. */
static int set_room(struct machine *m, struct dir_snapshot *s, size_t cap, size_t names_cap,
                    struct why *why)
{
    uint64_t others = m->listings - room_of(s);
    struct dir_entry *at;
    char *names;

    if (cap * sizeof(*at) + names_cap > m->limits.listings - others)
        return why_add(why, -ENOMEM,
                       "the listings of the machine's open directories hold %" PRIu64 " of %" PRIu64
                       " bytes",
                       m->listings, m->limits.listings);
    at = realloc(s->at, cap * sizeof(*at));
    if (at == NULL)
        return -ENOMEM;
    s->at = at;
    names = realloc(s->names, names_cap);
    if (names == NULL)
        return -ENOMEM; /* the books are unchanged */
    s->names = names;
    s->cap = cap;
    s->names_cap = names_cap;
    m->listings = others + room_of(s);
    return 0;
}

/** Make room for one more entry, with a name of @size bytes. -ENOMEM. */
static int make_room(struct machine *m, struct dir_snapshot *s, size_t size, struct why *why)
{
    size_t cap = s->cap;
    size_t names_cap = s->names_cap;

    if (s->count == cap)
        cap = cap != 0 ? cap * 2 : SNAPSHOT_FIRST;
    if (size > names_cap - s->names_size)
        names_cap = names_cap != 0 ? names_cap * 2 : NAMES_FIRST;
    if (cap == s->cap && names_cap == s->names_cap)
        return 0;
    return set_room(m, s, cap, names_cap, why);
}

static void snapshot_drop(struct machine *m, struct dir_snapshot *s)
{
    m->listings -= room_of(s);
    free(s->at);
    free(s->names);
    *s = (struct dir_snapshot){0};
}

void listing_drop(struct open_file *f)
{
    snapshot_drop(f->mount->machine, &f->listing);
}

/** Get the status that the driver's readdir() did not give. */
static int entry_stat(struct listing *l, const char *name, struct fs_stat *out)
{
    struct path path = l->dir;
    int err = path_push(&path, name, strlen(name));

    return err < 0 ? err : driver_getattr(l->file->mount, l->who, path.str, out, NULL);
}

/** Put an entry into a snapshot that has room for it. */
static void add_entry(struct dir_snapshot *s, const char *name, size_t len,
                      const struct sc_stat *st)
{
    struct dir_entry *last = &s->at[s->count++];

    *last = (struct dir_entry){
        .name_off = s->names_size, .size = st->size, .type = st->type, .access = st->access};
    memcpy(s->names + s->names_size, name, len + 1);
    s->names_size += len + 1;
    if (len < SC_DIR_MAX) { /* before those with longer names */
        struct dir_entry *to = &s->at[s->guest_count++];
        struct dir_entry longer = *to;

        *to = *last;
        *last = longer;
    }
}

static int on_entry(void *user, const char *name, const struct fs_stat *stat)
{
    struct listing *l = user;
    struct sc_stat st;
    struct fs_stat own;
    size_t len = strlen(name);
    int err;

    if (len > SC_COMPONENT_MAX)
        return 0; /* no path can name such an entry */
    if (stat == NULL) {
        err = entry_stat(l, name, &own);
        if (err == -ENOENT)
            return 0; /* deleted meanwhile */
        if (err < 0)  /* opening it reports the error */
            own = (struct fs_stat){.mode = S_IFREG};
        err = 0;
        stat = &own;
    }
    err = make_room(l->file->mount->machine, &l->snapshot, len + 1, l->why);
    if (err < 0)
        return err;
    vfs_stat(l->file->mount, stat, l->file->view_modes, &st);
    add_entry(&l->snapshot, name, len, &st);
    return 0;
}

static int take_snapshot(struct open_file *f, const struct fs_caller *who, struct why *why)
{
    struct machine *m = f->mount->machine;
    struct listing l = {.file = f, .who = who, .why = why};
    const struct fs *fs = f->mount->fs;
    int err = node_path(f->node, &l.dir);

    if (err < 0)
        return err;
    err = driver_readdir(f->mount, who, (fs->caps & FS_CAP_NO_OPEN) != 0 ? l.dir.str : NULL,
                         on_entry, &l, &f->file);
    if (err < 0) {
        snapshot_drop(m, &l.snapshot);
        return err;
    }
    if (l.snapshot.count > 0)
        (void)set_room(m, &l.snapshot, l.snapshot.count, l.snapshot.names_size,
                       NULL); /* give back what is not needed */
    snapshot_drop(m, &f->listing);
    f->listing = l.snapshot;
    f->listed = true;
    return 0;
}

int vfs_readdir(struct open_file *f, const struct fs_caller *who, uint32_t n, bool for_guest,
                struct why *why, struct sc_dirent *out)
{
    const struct dir_snapshot *s = &f->listing;
    const struct dir_entry *entry;
    size_t count;

    if (n == 0 || !f->listed) {
        int err = take_snapshot(f, who, why);

        if (err < 0)
            return err;
    }
    count = for_guest ? s->guest_count : s->count;
    if (n >= count && count < s->count)
        return why_add(why, -ENOENT,
                       "the directory has %zu entries, counted from 0, and %zu with names of more "
                       "than %d bytes, too long for a guest's dirent",
                       count, s->count - count, SC_DIR_MAX - 1);
    if (n >= count)
        return why_add(why, -ENOENT, "the directory has %zu entries, counted from 0", count);
    entry = &s->at[n];
    *out = (struct sc_dirent){.type = entry->type, .access = entry->access, .size = entry->size};
    memcpy(out->name.bytes, s->names + entry->name_off, strlen(s->names + entry->name_off) + 1);
    return 0;
}
