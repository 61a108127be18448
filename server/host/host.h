/* SPDX-License-Identifier: MIT */
/*
 * host_ops.h over libuv: clocks, alarms, workers, and the host's files that may become filesystems.
 * Guests are started by the function that host_set_spawn() sets.
 */
#ifndef SERVER_HOST_HOST_H
#define SERVER_HOST_HOST_H

#include "server/host/config.h"
#include "server/kernel/host_ops.h"

#include <uv.h>

struct host;
struct descriptor_budget;

/** For machine_new(), with a struct host as the user pointer. */
extern const struct host_ops host_ops;

/** As host_ops.spawn, with its own @user. */
typedef int (*host_spawn_fn)(void *user, struct proc *proc, const struct exec_image *image,
                             struct why *why, struct executor **out);

/**
 * Make the host of a loop's machines.
 * @roots    directories that may hold sources; kept open; those that do not exist are skipped.
 * @kept     a directory that clients get no sources from, even below a root; or NULL.
 * @out      returned; host_close(), then host_free().
 * Returns   0; -ENOMEM, -EMFILE, -ENFILE; -errno if @kept can't be opened.
 */
int host_new(uv_loop_t *loop, const struct strings *roots, const char *kept, struct host **out);

/** Set the function that starts guests; without one every spawn is -ENOTSUP. */
void host_set_spawn(struct host *h, host_spawn_fn spawn, void *user);

/** Limit the descriptors of machines. @budget is copied; without one there is no limit. */
void host_set_budget(struct host *h, const struct descriptor_budget *budget);

/** Leave the loop. Every machine must be freed. The host must live until the loop has turned. */
void host_close(struct host *h);

/** Release a closed host. NULL is ignored. */
void host_free(struct host *h);

#endif
