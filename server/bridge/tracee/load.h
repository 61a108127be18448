/* SPDX-License-Identifier: MIT */
/* The memory of a guest on the host: its image at the start, its mappings later. */
#ifndef SERVER_BRIDGE_TRACEE_LOAD_H
#define SERVER_BRIDGE_TRACEE_LOAD_H

#include "server/base/why.h"
#include "server/bridge/tracee/share.h"
#include "server/kernel/executor.h"

/**
 * Fill the empty memory of a tracee that has stopped in its trampoline.
 * @t        afterwards AT_EXIT, without trampoline, its registers set to the program's first
 *           instruction: tracee_resume() starts it.
 * @image    borrowed for the call.
 * Returns   0; -ENOMEM, -ENOTSUP, -ESRCH, with the reason.
 */
int load_image(struct tracee *t, const struct exec_image *image, struct why *why);

/** Map zeroed memory into a tracee that can be injected into. @mode MM_*. Returns 0; -ENOMEM, -ESRCH,
 * -EIO. */
int load_map(struct tracee *t, uint64_t addr, uint64_t size, uint32_t mode);

/** Map shared memory into a tracee with a trampoline. @part all but prot is set. Returns as
 * load_map(). */
int load_map_shared(struct tracee *t, const struct share *share, struct share_part *part,
                    uint32_t mode);

/** Unmap memory. Returns 0; -ESRCH, -EIO. */
int load_unmap(struct tracee *t, uint64_t addr, uint64_t size);

/** Change the access to memory. Returns 0; -ENOMEM, -ESRCH, -EIO. */
int load_protect(struct tracee *t, uint64_t addr, uint64_t size, uint32_t mode);

#endif
