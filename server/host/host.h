/* SPDX-License-Identifier: MIT */
/*
 * The kernel's window to the outside (host_ops.h) over libuv: clocks, one alarm a machine, and
 * which files of the host may become filesystems. Starting guests is somebody else's:
 * host_set_spawn().
 */
#ifndef SERVER_HOST_HOST_H
#define SERVER_HOST_HOST_H

#include "server/host/config.h"
#include "server/kernel/host_ops.h"

#include <uv.h>

struct host;
struct descriptor_budget;

/** For machine_new(), with a struct host. */
extern const struct host_ops host_ops;

/** As host_ops.spawn, with its own @user. */
typedef int (*host_spawn_fn)(void *user, struct proc *proc, const struct exec_image *image,
                             struct why *why, struct executor **out);

/**
 * @roots    directories below which sources may be; held open; those that do not exist are
 *           skipped.
 * @kept     a directory whose files are no sources of clients, also below a root; or NULL.
 * @out      returned; host_close(), then host_free().
 * Returns   0; -ENOMEM, -EMFILE, -ENFILE, -errno @kept can't be opened.
 */
int host_new(uv_loop_t *loop, const struct strings *roots, const char *kept, struct host **out);

/** Who starts guests; without it every spawn is -ENOTSUP. */
void host_set_spawn(struct host *h, host_spawn_fn spawn, void *user);

/** How machines share the daemon's descriptors. @budget copied; without it they have no bound. */
void host_set_budget(struct host *h, const struct descriptor_budget *budget);

/** Every machine was freed: leave the loop. The host stays until the loop has turned. */
void host_close(struct host *h);

/** Release a closed host. NULL is ignored. */
void host_free(struct host *h);

#endif
