/* SPDX-License-Identifier: MIT */
#include "server/bridge/tracee/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

int notify_init(struct notify *n)
{
    struct seccomp_notif_sizes sizes = {0, 0, 0};

    (void)syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    n->request_size = larger(sizes.seccomp_notif, sizeof(*n->request));
    n->response_size = larger(sizes.seccomp_notif_resp, sizeof(*n->response));
    n->request = calloc(1, n->request_size);
    n->response = calloc(1, n->response_size);
    return n->request != NULL && n->response != NULL ? 0 : -ENOMEM;
}

void notify_done(struct notify *n)
{
    free(n->request);
    free(n->response);
}

int notify_receive(struct notify *n, int listener)
{
    memset(n->request, 0, n->request_size);
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, n->request) < 0 ? -errno : 0;
}

int notify_answer(struct notify *n, int listener, uint64_t id, int64_t result)
{
    struct seccomp_notif_resp *r = n->response;
    int err;

    memset(r, 0, n->response_size);
    r->id = id;
    r->val = result;
    do
        err = ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, r) < 0 ? -errno : 0;
    while (err == -EINTR);
    return err;
}
