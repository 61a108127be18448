/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/helper/entries.h"

#include "fsdrivers/whiteout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define NS_PER_S INT64_C(1000000000)

/** A time in ns, within what 64 bits hold. */
static int64_t stamp(bool is_set, time_t s, long ns)
{
    int64_t all;

    if (!is_set || ns < 0 || ns >= NS_PER_S)
        ns = 0;
    if (!is_set || __builtin_mul_overflow((int64_t)s, NS_PER_S, &all) ||
        __builtin_add_overflow(all, (int64_t)ns, &all))
        return 0;
    return all;
}

static uint32_t id(int64_t value)
{
    return value >= 0 && value <= UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/** Fill in all but the strings. */
static void describe(struct wire_entry *out, struct archive_entry *e, bool is_link)
{
    const int64_t mtime =
        stamp(archive_entry_mtime_is_set(e), archive_entry_mtime(e), archive_entry_mtime_nsec(e));
    const bool has_ctime = archive_entry_ctime_is_set(e);
    const int64_t size = archive_entry_size(e);

    *out = (struct wire_entry){
        .mode = archive_entry_mode(e) & (S_IFMT | 07777u),
        .uid = id(archive_entry_uid(e)),
        .gid = id(archive_entry_gid(e)),
        .rdev = archive_entry_rdev(e),
        .bytes = (uint64_t)size,
        .mtime = mtime,
        .atime = archive_entry_atime_is_set(e)
                     ? stamp(true, archive_entry_atime(e), archive_entry_atime_nsec(e))
                     : mtime,
        .ctime =
            has_ctime ? stamp(true, archive_entry_ctime(e), archive_entry_ctime_nsec(e)) : mtime,
        .btime = archive_entry_birthtime_is_set(e)
                     ? stamp(true, archive_entry_birthtime(e), archive_entry_birthtime_nsec(e))
                     : mtime,
    };
    if (archive_entry_is_data_encrypted(e))
        out->flags |= WIRE_ENCRYPTED;
    if (!is_link)
        return;
    out->flags |= WIRE_HARDLINK;
    if (archive_entry_size_is_set(e) && size > 0)
        out->flags |= WIRE_CONTENT;
}

/** Add a record to the packet. Names that are too long for it are too long for the driver: they are left
 * out there, as the record is of no type. */
static void put(struct answers *a, struct wire_entry *record, const char *path, const char *target)
{
    const size_t most = WIRE_PACKET_MAX - sizeof(struct wire_head) - sizeof(*record) - 8;
    size_t len = path != NULL ? strlen(path) : 0;
    size_t target_len = target != NULL ? strlen(target) : 0;
    char *at;

    if (path == NULL || len > most || target_len > most - len) {
        len = target_len = 0;
        record->mode = 0;
        record->flags = 0;
    }
    record->path_len = (uint32_t)len;
    record->target_len = (uint32_t)target_len;
    record->size = (uint32_t)((sizeof(*record) + len + target_len + 7) / 8 * 8);
    if (record->size > WIRE_PACKET_MAX - a->len)
        answer_flush(a, WIRE_ENTRIES, 0, 0);
    at = a->packet + a->len;
    memset(at, 0, record->size);
    memcpy(at, record, sizeof(*record));
    if (len > 0)
        memcpy(at + sizeof(*record), path, len);
    if (target_len > 0)
        memcpy(at + sizeof(*record) + len, target, target_len);
    a->len += record->size;
}

/** Count content whose size the archive does not state. */
static uint64_t count_bytes(struct cursor *c)
{
    static char buf[BLOCK_SIZE];
    int64_t got;

    do
        got = cursor_read(c, buf, sizeof(buf));
    while (got > 0);
    return got < 0 ? UINT64_MAX : (uint64_t)c->off;
}

typedef const char *(*string_fn)(struct archive_entry *);

/** A string of an entry, as it is in the archive; where that is no text of the locale, as UTF-8. */
static const char *string(struct archive_entry *e, string_fn get, string_fn get_utf8)
{
    const char *text = get(e);

    return text != NULL ? text : get_utf8(e);
}

/** What a name means that hides names of the layers below. @path is cut to what is hidden, or to the directory
 * in which all is. Returns flags; 0 it is a file. */
static uint32_t read_whiteout(char *path)
{
    char *slash = strrchr(path, '/');
    char *name = slash != NULL ? slash + 1 : path;
    const size_t hides = strlen(WHITEOUT);

    if (strcmp(name, WHITEOUT_OPAQUE) == 0) {
        *(slash != NULL ? slash : path) = '\0';
        return WIRE_OPAQUE;
    }
    if (strncmp(name, WHITEOUT, hides) != 0)
        return 0;
    memmove(name, name + hides, strlen(name + hides) + 1);
    return WIRE_WHITEOUT;
}

/** Send a name of a layer that hides others. Returns whether it was one. */
static bool put_whiteout(struct answers *a, const char *path)
{
    struct wire_entry record = {0};
    char *copy = strdup(path);

    if (copy == NULL)
        return false;
    record.flags = read_whiteout(copy);
    if (record.flags != 0)
        put(a, &record, copy, NULL);
    free(copy);
    return record.flags != 0;
}

static void put_entry(struct answers *a, struct cursor *c, struct archive_entry *e, bool layer)
{
    const char *path = string(e, archive_entry_pathname, archive_entry_pathname_utf8);
    const char *file = string(e, archive_entry_hardlink, archive_entry_hardlink_utf8);
    const char *target = string(e, archive_entry_symlink, archive_entry_symlink_utf8);
    struct wire_entry record;

    if (layer && path != NULL && put_whiteout(a, path))
        return;
    describe(&record, e, file != NULL);
    record.source = (uint32_t)(c->source - a->sources);
    record.number = c->next - 1;
    if (S_ISREG(record.mode) && file == NULL && !archive_entry_size_is_set(e))
        record.bytes = count_bytes(c);
    put(a, &record, path, file != NULL ? file : target);
}

/** Report how much of the source was read. */
static void report(struct answers *a, const struct cursor *c)
{
    const int64_t part = c->source->size / 100;
    const int percent = part > 0 ? (int)(c->pos / part) : 0;

    if (percent <= a->percent)
        return;
    if (a->len > sizeof(struct wire_head))
        answer_flush(a, WIRE_ENTRIES, 0, 0);
    a->percent = percent;
    answer_flush(a, WIRE_PROGRESS, 0, (uint32_t)percent);
}

/** Whether entries can be read without those before them. */
static bool can_jump(struct archive *reader)
{
    const int format = archive_format(reader) & ARCHIVE_FORMAT_BASE_MASK;

    return archive_filter_code(reader, 0) == ARCHIVE_FILTER_NONE &&
           (format == ARCHIVE_FORMAT_TAR || format == ARCHIVE_FORMAT_CPIO);
}

/** Send all entries. Returns 0; -EIO; -ENOMEM. */
static int send_all(struct answers *a, struct source *s, struct cursor *c, bool layer)
{
    struct archive_entry *e;
    int found;

    while ((found = cursor_next(c, &e)) != 0) {
        if (found < 0 && found != -EAGAIN)
            return found;
        if (can_jump(c->reader) && source_note(s, archive_read_header_position(c->reader)) < 0)
            return -ENOMEM;
        if (found > 0)
            put_entry(a, c, e, layer);
        report(a, c);
    }
    if (a->len > sizeof(struct wire_head))
        answer_flush(a, WIRE_ENTRIES, 0, 0);
    s->jumps = can_jump(c->reader);
    return 0;
}

int entries_send(struct answers *a, struct source *s, bool layer)
{
    struct cursor *c = answer_cursor(a);
    int err = cursor_open(c, s, 0);

    if (err == 0)
        err = send_all(a, s, c, layer);
    if (err < 0)
        (void)answer_fails(a, cursor_error(c));
    cursor_close(c);
    return err;
}
