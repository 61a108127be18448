/* SPDX-License-Identifier: MIT */
/* Notifications of guests' filters: seccomp_unotify(2). */
#ifndef SERVER_BRIDGE_TRACEE_NOTIFY_H
#define SERVER_BRIDGE_TRACEE_NOTIFY_H

#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

/** One notification and its response, with the sizes that the host's kernel needs. */
struct notify {
    struct seccomp_notif *request; /* the last one of notify_receive() */
    struct seccomp_notif_resp *response;
    size_t request_size;
    size_t response_size;
};

/** Returns 0; -ENOMEM. Either way notify_done() frees it. */
int notify_init(struct notify *n);
void notify_done(struct notify *n);

/**
 * Take the notification that made @listener readable, into n->request. Does not wait: a notification
 * that was withdrawn, because the guest was killed, is still counted.
 * Returns   0; -ENOENT it was withdrawn; another -errno of the host.
 */
int notify_receive(struct notify *n, int listener);

/**
 * Answer a notification with a result.
 * Returns   0; -ENOENT the guest was killed; another -errno of the host.
 */
int notify_answer(struct notify *n, int listener, uint64_t id, int64_t result);

#endif
