/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/helper/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

/* ---- Packets ---- */

/** Send the packet. Without the driver there is nothing left to do. */
static void flush(struct answers *a, uint32_t kind, int err, uint32_t more)
{
    const struct wire_head head = {.kind = kind, .seq = a->seq, .err = err, .more = more};
    struct iovec bytes = {a->packet, a->len};
    const struct msghdr msg = {.msg_iov = &bytes, .msg_iovlen = 1};

    memcpy(a->packet, &head, sizeof(head));
    while (sendmsg(ANSWER_SOCKET, &msg, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR)
            _exit(0);
    }
    a->len = sizeof(head);
}

static void done(struct answers *a, int err, const char *text)
{
    size_t len = text != NULL ? strnlen(text, WIRE_TEXT_MAX) : 0;

    if (len > 0)
        memcpy(a->packet + sizeof(struct wire_head), text, len);
    a->len = sizeof(struct wire_head) + len;
    flush(a, WIRE_DONE, err, 0);
}

void answer_hello(struct answers *a, int err)
{
    a->len = sizeof(struct wire_head);
    flush(a, err < 0 ? WIRE_DONE : WIRE_HELLO, err, WIRE_VERSION);
}

/* ---- Cursors ---- */

/** A cursor for another place: an unused one, or the one that was used longest ago. */
static struct cursor *free_cursor(struct answers *a)
{
    struct cursor *oldest = &a->cursors[0];

    for (size_t i = 0; i < CURSORS_MAX; i++) {
        struct cursor *c = &a->cursors[i];

        if (c->reader == NULL)
            return c;
        if (c->used < oldest->used)
            oldest = c;
    }
    cursor_close(oldest);
    return oldest;
}

/** The cursor that is nearest before a place; NULL: none is before it. */
static struct cursor *nearest(struct answers *a, const struct source *s, uint64_t entry,
                              int64_t off)
{
    struct cursor *best = NULL;

    for (size_t i = 0; i < CURSORS_MAX; i++) {
        struct cursor *c = &a->cursors[i];
        const bool here = c->next == entry + 1 && c->off <= off;

        if (c->reader == NULL || c->source != s || (!here && (s->jumps || c->next > entry)))
            continue;
        if (best == NULL || c->next > best->next || (c->next == best->next && c->off > best->off))
            best = c;
    }
    return best;
}

/** Go to a place. Returns 0; -EIO. @c is to be closed after an error. */
static int go_to(struct cursor *c, uint64_t entry, int64_t off)
{
    static char skipped[BLOCK_SIZE];
    struct archive_entry *e;

    while (c->next <= entry) {
        const int found = cursor_next(c, &e);

        if (found == 0 || (found < 0 && found != -EAGAIN))
            return -EIO;
    }
    while (c->off < off) {
        const int64_t left = off - c->off;
        const int64_t got = cursor_read(c, skipped, left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE);

        if (got <= 0)
            return -EIO;
    }
    return 0;
}

/* ---- Content ---- */

/** Send content from a cursor's place on. Returns 0; -EIO. */
static int send_bytes(struct answers *a, struct cursor *c, size_t len)
{
    while (len > 0) {
        const size_t room = WIRE_PACKET_MAX - sizeof(struct wire_head);
        const int64_t got =
            cursor_read(c, a->packet + sizeof(struct wire_head), len < room ? len : room);

        if (got <= 0)
            return -EIO;
        a->len = sizeof(struct wire_head) + (size_t)got;
        flush(a, WIRE_BYTES, 0, 0);
        len -= (size_t)got;
    }
    return 0;
}

void answer_read(struct answers *a, const struct wire_ask *ask)
{
    const struct source *s = &a->sources[ask->source % WIRE_SOURCES_MAX];
    const int64_t off = (int64_t)ask->off;
    struct cursor *c = nearest(a, s, ask->entry, off);
    int err = 0;

    a->seq = ask->seq;
    if (c == NULL) {
        c = free_cursor(a);
        err = cursor_open(c, s, ask->entry);
    }
    c->used = ++a->turn;
    if (err == 0)
        err = go_to(c, ask->entry, off);
    if (err == 0)
        err = send_bytes(a, c, ask->count);
    done(a, err, err < 0 ? cursor_error(c) : NULL);
    if (err < 0)
        cursor_close(c);
}

/* ---- Entries ---- */

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
        flush(a, WIRE_ENTRIES, 0, 0);
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

static void put_entry(struct answers *a, struct cursor *c, struct archive_entry *e)
{
    const char *path = string(e, archive_entry_pathname, archive_entry_pathname_utf8);
    const char *file = string(e, archive_entry_hardlink, archive_entry_hardlink_utf8);
    const char *target = string(e, archive_entry_symlink, archive_entry_symlink_utf8);
    struct wire_entry record;

    describe(&record, e, file != NULL);
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
        flush(a, WIRE_ENTRIES, 0, 0);
    a->percent = percent;
    flush(a, WIRE_PROGRESS, 0, (uint32_t)percent);
}

/** Whether entries can be read without those before them. */
static bool can_jump(struct archive *reader)
{
    const int format = archive_format(reader) & ARCHIVE_FORMAT_BASE_MASK;

    return archive_filter_code(reader, 0) == ARCHIVE_FILTER_NONE &&
           (format == ARCHIVE_FORMAT_TAR || format == ARCHIVE_FORMAT_CPIO);
}

/** Send all entries. Returns 0; -EIO; -ENOMEM. */
static int send_entries(struct answers *a, struct source *s, struct cursor *c)
{
    struct archive_entry *e;
    int found;

    while ((found = cursor_next(c, &e)) != 0) {
        if (found < 0 && found != -EAGAIN)
            return found;
        if (can_jump(c->reader) && source_note(s, archive_read_header_position(c->reader)) < 0)
            return -ENOMEM;
        if (found > 0)
            put_entry(a, c, e);
        report(a, c);
    }
    if (a->len > sizeof(struct wire_head))
        flush(a, WIRE_ENTRIES, 0, 0);
    s->jumps = can_jump(c->reader);
    return 0;
}

void answer_add(struct answers *a, const struct wire_ask *ask, int fd)
{
    struct source *s = &a->sources[a->count];
    struct cursor *c;
    struct stat st;
    int err;

    a->seq = ask->seq;
    if (a->count == WIRE_SOURCES_MAX || fd < 0 || fstat(fd, &st) < 0) {
        done(a, -EIO, "the helper got no source");
        return;
    }
    a->count++;
    a->percent = 0;
    *s = (struct source){.fd = fd, .size = st.st_size};
    c = free_cursor(a);
    err = cursor_open(c, s, 0);
    if (err == 0)
        err = send_entries(a, s, c);
    done(a, err, err < 0 ? cursor_error(c) : NULL);
    cursor_close(c);
}
