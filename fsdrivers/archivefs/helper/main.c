/* SPDX-License-Identifier: MIT */
/*
 * scbox-archive: reads archives for archivefs, in a process of its own.
 *
 * An archive can be hostile, and what reads it is big. So the helper has nothing to lose: it gives up its
 * rights first (cage.h), has no files but the archives it gets, and what it says is checked by the
 * driver (wire.h). It ends when the driver's end of the socket is closed.
 */
#include "fsdrivers/archivefs/helper/answer.h"
#include "fsdrivers/archivefs/helper/cage.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/** Wait for a question. @fd the descriptor that came with it, -1 none. Returns whether there is one. */
static bool next_ask(struct wire_ask *out, int *fd)
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

    do
        got = recvmsg(ANSWER_SOCKET, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    *fd = -1;
    head = got == (ssize_t)sizeof(*out) ? CMSG_FIRSTHDR(&msg) : NULL;
    if (head != NULL && head->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(head), sizeof(*fd));
    return got == (ssize_t)sizeof(*out);
}

int main(void)
{
    static struct answers answers;
    struct wire_ask ask;
    int fd;
    int err;

    (void)setlocale(LC_CTYPE, ""); /* names of some formats are converted to it */
    tzset();
    err = cage_close();
    answer_hello(&answers, err);
    if (err < 0)
        return 1;
    while (next_ask(&ask, &fd)) {
        (void)alarm(CAGE_SILENCE_S);
        if (ask.op == WIRE_ADD)
            answer_add(&answers, &ask, fd);
        else
            answer_read(&answers, &ask);
        (void)alarm(0);
    }
    _exit(0);
}
