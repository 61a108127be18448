/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/add.h"

#include "fsdrivers/archivefs/take.h"
#include "fsdrivers/hostfs/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** The helper's sentence, which can hold anything. @out WIRE_TEXT_MAX + 1 bytes. */
static const char *sentence(const struct helper_packet *p, char *out)
{
    const size_t len = p->len < WIRE_TEXT_MAX ? p->len : WIRE_TEXT_MAX;

    for (size_t i = 0; i < len; i++)
        out[i] = (char)(p->bytes[i] >= ' ' && p->bytes[i] <= '~' ? p->bytes[i] : '?');
    out[len] = '\0';
    return out;
}

/** All names of a layer were taken. Returns as take_finish(). */
static int next_layer(struct take *t)
{
    const int err = take_finish(t);

    strbuf_reset(&t->links);
    index_begin(t->ix);
    return err;
}

/** Whether a name is one that an OCI layout has: "index.json", "blobs/ALGORITHM/DIGEST". */
static bool is_layout_name(const char *name)
{
    if (strcmp(name, "index.json") == 0)
        return true;
    return strncmp(name, "blobs/", 6) == 0 && strstr(name, "..") == NULL &&
           strstr(name, "//") == NULL;
}

/** Open a file of a layout. Returns a descriptor; -1: nobody may have it. */
static int open_layout_file(const struct hostfile *layout, const struct helper_packet *p)
{
    char path[WIRE_NAME_MAX + 2] = "/";
    struct stat st;
    int found;
    int fd;

    if (layout == NULL || p->len > WIRE_NAME_MAX || memchr(p->bytes, '\0', p->len) != NULL)
        return -1;
    memcpy(path + 1, p->bytes, p->len);
    found = is_layout_name(path + 1) ? beneath_find(layout->file, path, false) : -1;
    if (found < 0)
        return -1;
    fd = fstat(found, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= SOURCE_SIZE_MAX
             ? beneath_reopen(found, O_RDONLY)
             : -1;
    (void)close(found);
    return fd < 0 ? -1 : fd;
}

/** Send the file that the helper wants. @layout NULL: none. Returns 0; -EIO. */
static int send_file(struct archivefs *a, const struct hostfile *layout)
{
    const int fd = open_layout_file(layout, &a->packet);
    struct wire_ask ask = {.op = WIRE_FILE};
    const int err = helper_tell(&a->helper, &ask, fd);

    if (fd >= 0)
        (void)close(fd);
    return err;
}

/** Take the entries of the source that was sent last. @percent of it that were read. Returns 0; -EIO the
 * helper broke the protocol or is dead, or it says so: then the packet is WIRE_DONE; -ETIMEDOUT; -ENOMEM; -ENOSPC. */
static int take_entries(struct archivefs *a, struct take *t, const struct hostfile *layout,
                        int64_t deadline, uint32_t *percent)
{
    int err;

    do {
        err = helper_next(&a->helper, deadline, &a->packet);
        if (err == 0 && a->packet.head.kind == WIRE_ENTRIES)
            err = take_records(t, a->packet.bytes, a->packet.len);
        else if (err == 0 && a->packet.head.kind == WIRE_PROGRESS)
            *percent = a->packet.head.more;
        else if (err == 0 && a->packet.head.kind == WIRE_LAYER)
            err = next_layer(t);
        else if (err == 0 && a->packet.head.kind == WIRE_WANT)
            err = send_file(a, layout);
        else if (err == 0 && a->packet.head.kind != WIRE_DONE)
            err = -EPROTO;
    } while (err == 0 && a->packet.head.kind != WIRE_DONE);
    if (err == 0 && a->packet.head.err == 0)
        return take_finish(t);
    return err == -EPROTO ? helper_kill(&a->helper) : err < 0 ? err : -EIO;
}

/** Say why a source is refused. Returns @err, or -EIO. */
static int explain(const struct archivefs *a, const struct take *t, uint32_t percent, int err,
                   struct why *why)
{
    char text[WIRE_TEXT_MAX + 1];

    if (err == -ENOMEM || err == -EINTR)
        return err;
    if (err == -ENOSPC)
        return why_add(why, err, "the index of the archive is too big: after %" PRIu32 " names",
                       t->ix->named);
    if (err == -ETIMEDOUT)
        return why_add(why, -EIO,
                       "the archive was not read in time (option timeout): %" PRIu32
                       " per cent, %" PRIu32 " names",
                       percent < 100 ? percent : 100, t->ix->named);
    if (a->helper.fd < 0)
        return why_add(why, -EIO, "the helper of archivefs ended while it read the archive");
    return why_add(why, -EIO, "it is no archive, or a damaged one: %s", sentence(&a->packet, text));
}

int add_archive(struct archivefs *a, int fd, const struct hostfile *layout, struct why *why)
{
    const int64_t deadline = helper_deadline(a->patience_ms);
    struct wire_ask ask = {.op = layout == NULL ? WIRE_ADD : WIRE_ADD_LAYOUT};
    uint32_t percent = 0;
    struct index merged;
    struct take t;
    int err = index_copy(&a->index, &merged);

    index_begin(&merged);
    take_init(&t, &merged);
    if (err == 0)
        err = helper_ask(&a->helper, &ask, fd);
    if (err == 0)
        err = take_entries(a, &t, layout, deadline, &percent);
    take_done(&t);
    if (err < 0) {
        err = explain(a, &t, percent, err, why);
        index_done(&merged);
        return err;
    }
    index_done(&a->index);
    a->index = merged;
    a->bytes = index_bytes(&merged);
    a->held_file = INDEX_NONE; /* a link may have brought new content */
    a->archives++;
    a->left_out += t.left_out;
    a->encrypted += t.encrypted;
    return 0;
}
