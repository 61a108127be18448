/* SPDX-License-Identifier: MIT */
/*
 * Makes tracees: host processes without access to the host.
 *
 * A new tracee has no fd, no host memory (vdso, stack and auxv are unmapped), a seccomp filter that
 * lets nothing through, and dies with the daemon. It only has the trampoline, through which load.c
 * builds its address space.
 */
#ifndef SERVER_BRIDGE_TRACEE_SPAWN_H
#define SERVER_BRIDGE_TRACEE_SPAWN_H

#include "server/base/why.h"
#include "server/bridge/tracee/filter.h"
#include "server/bridge/tracee/jail.h"
#include "server/bridge/tracee/tracee.h"

/** Makes all tracees with one filter. */
struct spawner {
    const struct arch *arch;
    int stub_fd; /* sealed ELF image that the host executes */
    void *stack; /* of a child until it executes the stub; NULL: not made yet */
    struct filter filter;
    const struct jail *jail;
    int ends;
};

/**
 * Prepare.
 * @add      as filter_build() takes it.
 * @jail     borrowed by the spawner.
 * @ends     the epoll set for tracee_watch_end(); borrowed by the spawner.
 * Returns   0; -ENOTSUP, -ENOMEM with the reason.
 */
int spawner_init(struct spawner *s, const struct arch *arch, void (*add)(struct filter *),
                 const struct jail *jail, int ends, struct why *why);

void spawner_done(struct spawner *s);

/**
 * Make a tracee. Waits for the child, some 100 µs.
 * @out           AT_EXIT in the trampoline; owned; tracee_kill(), then tracee_done() when it has ended.
 * @out_listener  the fd on which its calls arrive; owned, close-on-exec.
 * Returns        0; -ENOTSUP this host can't, -EAGAIN, -ENOMEM, with the reason.
 */
int spawn_tracee(struct spawner *s, struct tracee *out, int *out_listener, struct why *why);

#endif
