/* SPDX-License-Identifier: MIT */
/*
 * A host process can only map what it has an fd of, and guests have none. So one is lent:
 *
 *     trampoline it enters sched_yield, which the filter notifies, and continues
 *     notified   SECCOMP_IOCTL_NOTIF_ADDFD puts the fd into the tracee and answers, in one step
 *     AT_EXIT    the fd is the call's result: mmap() is injected, then close_range() of all
 *
 * The tracee can be killed before each of these steps, and a signal from outside can end the wait
 * for the notification; so the daemon never waits for the one thing alone.
 */
#include "server/bridge/tracee/share.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <uv.h>

enum {
    ATTEMPTS_MAX = 100, /* each fails of a signal from outside */
    WAIT_MS = 1,        /* for a notification, until the next look at the tracee */
    NS_PER_MS = 1000000,
};

/** Wait for the notification of a running tracee. Returns 0; -EINTR a signal ended the call, and it
 * is AT_EXIT; -ESRCH, -EIO. */
static int await_notification(struct tracee *t, int listener)
{
    const uint64_t end = uv_hrtime() + (uint64_t)TRACEE_DEADLINE_MS * NS_PER_MS;

    do {
        struct pollfd state = {listener, POLLIN, 0};
        int err;

        if (poll(&state, 1, WAIT_MS) > 0 && (state.revents & POLLIN) != 0)
            return 0;
        err = tracee_look(t);
        if (err < 0)
            return err;
        if (t->at == AT_EXIT)
            return -EINTR;
    } while (uv_hrtime() < end);
    return -EIO;
}

/**
 * Take the notification, put the fd into the tracee and let it go on. NOTIF_RECV does not wait, for
 * the notification was counted. ADDFD waits for the tracee, which sleeps inside of the host's kernel
 * and installs the fd before it sees any memory again: it needs a CPU and nothing else.
 * Returns   0; -EAGAIN there is no notification any more; another -errno: the call is not answered.
 */
static int send_fd(const struct share *share, int fd)
{
    struct seccomp_notif_addfd add = {.flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (__u32)fd};

    if (notify_receive(share->notify, share->listener) < 0)
        return -EAGAIN;
    add.id = share->notify->request->id;
    return ioctl(share->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? -errno : 0;
}

/** send_fd(), between whose steps no signal of the daemon's may come: the call would end without
 * the fd. */
static int send_fd_undisturbed(const struct share *share, int fd)
{
    sigset_t all;
    sigset_t old;
    int result;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    result = send_fd(share, fd);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return result;
}

/** Copy an fd to the tracee. Returns its number there; -EINTR not this time; -ESRCH, -EIO. */
static int try_lend(struct tracee *t, const struct share *share, int fd)
{
    int err = tracee_proceed(t, t->arch->host_nr[HOST_SCHED_YIELD]);

    if (err < 0)
        return err;
    do {
        err = await_notification(t, share->listener);
        if (err < 0)
            return err;
        err = send_fd_undisturbed(share, fd);
    } while (err == -EAGAIN);
    if (err < 0) { /* it was killed, or the host is short of something: its call has no answer */
        tracee_kill(t);
        do
            err = tracee_wait(t);
        while (err == 0);
        return err;
    }
    err = tracee_wait_for(t, PTRACE_SYSCALL, AT_EXIT);
    return err < 0 ? err : (int)tracee_result(t);
}

static int lend(struct tracee *t, const struct share *share, int fd)
{
    int result = -EINTR;

    for (int i = 0; i < ATTEMPTS_MAX && result == -EINTR; i++)
        result = try_lend(t, share, fd);
    return result == -EINTR ? -EIO : result;
}

int share_map(struct tracee *t, const struct share *share, const struct share_part *part)
{
    const uint64_t none[6] = {0, UINT32_MAX, 0};
    const uint64_t flags = MAP_SHARED | MAP_FIXED_NOREPLACE;
    uint64_t map[6] = {part->addr, part->size, part->prot,
                       flags,      0,          part->offset / t->arch->map_offset_unit};
    int result = lend(t, share, part->fd);
    int err;

    if (result < 0)
        return result;
    map[4] = (uint64_t)result;
    result = tracee_inject(t, HOST_MMAP, map);
    if (result == -ESRCH || result == -EIO)
        return result;
    err = tracee_inject(t, HOST_CLOSE_RANGE, none);
    return err < 0 ? (err == -ESRCH ? err : -EIO) : result;
}
