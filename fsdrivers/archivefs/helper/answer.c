/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/helper/answer.h"

#include "fsdrivers/archivefs/helper/entries.h"
#include "fsdrivers/archivefs/helper/oci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Packets ---- */

void answer_flush(struct answers *a, uint32_t kind, int err, uint32_t more)
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

int answer_fails(struct answers *a, const char *text)
{
    (void)strncpy(a->error, text, WIRE_TEXT_MAX);
    return -EIO;
}

static void done(struct answers *a, int err, const char *text)
{
    size_t len = text != NULL ? strnlen(text, WIRE_TEXT_MAX) : 0;

    if (len > 0)
        memcpy(a->packet + sizeof(struct wire_head), text, len);
    a->len = sizeof(struct wire_head) + len;
    answer_flush(a, WIRE_DONE, err, 0);
}

void answer_hello(struct answers *a, int err)
{
    a->len = sizeof(struct wire_head);
    answer_flush(a, err < 0 ? WIRE_DONE : WIRE_HELLO, err, WIRE_VERSION);
}

bool answer_next(struct answers *a, struct wire_ask *out, int *fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec bytes = {out, sizeof(*out)};
    struct msghdr msg = {.msg_iov = &bytes,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    const struct cmsghdr *head;
    ssize_t got;

    *fd = -1;
    if (a->early.op != 0) {
        *out = a->early;
        a->early.op = 0;
        return true;
    }
    do
        got = recvmsg(ANSWER_SOCKET, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    head = got == (ssize_t)sizeof(*out) ? CMSG_FIRSTHDR(&msg) : NULL;
    if (head != NULL && head->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(head), sizeof(*fd));
    return got == (ssize_t)sizeof(*out);
}

/* ---- Cursors ---- */

struct cursor *answer_cursor(struct answers *a)
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
        answer_flush(a, WIRE_BYTES, 0, 0);
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
        c = answer_cursor(a);
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

/* ---- Sources ---- */

struct source *answer_source(struct answers *a)
{
    return a->count < WIRE_SOURCES_MAX ? &a->sources[a->count++] : NULL;
}

/** Add a source that is an archive or an image in one. Returns 0; -EIO; -ENOMEM. */
static int add(struct answers *a, int fd)
{
    struct source *s = answer_source(a);
    struct oci oci;
    int found;
    int err;

    if (s == NULL) {
        (void)close(fd);
        return answer_fails(a, "the helper has no room for another source");
    }
    *s = (struct source){.fd = fd};
    s->size = lseek(fd, 0, SEEK_END); /* the cage has no fstat() */
    if (s->size < 0)
        return answer_fails(a, "the helper has got no source");
    found = oci_find(a, s, &oci);
    err = found > 0 ? oci_send(a, &oci) : entries_send(a, s, false);
    oci_done(&oci);
    return err;
}

/** Forget the sources of an archive that is refused. */
static void forget(struct answers *a, uint32_t first)
{
    for (size_t i = 0; i < CURSORS_MAX; i++) {
        if (a->cursors[i].reader != NULL && a->cursors[i].source >= &a->sources[first])
            cursor_close(&a->cursors[i]);
    }
    while (a->count > first) {
        struct source *s = &a->sources[--a->count];

        if (s->fd >= 0 && (a->count == first || s->fd != a->sources[first].fd))
            (void)close(s->fd);
        free(s->places);
        *s = (struct source){.fd = -1};
    }
}

void answer_add(struct answers *a, const struct wire_ask *ask, int fd)
{
    const uint32_t first = a->count;
    struct oci oci = {.directory = true};
    int err;

    a->seq = ask->seq;
    a->percent = 0;
    a->error[0] = '\0';
    err = ask->op == WIRE_ADD ? add(a, fd) : oci_send(a, &oci);
    if (err < 0)
        forget(a, first);
    done(a, err, err < 0 ? a->error : NULL);
}
