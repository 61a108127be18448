/* SPDX-License-Identifier: MIT */
/*
 * What a guest in lockstep may learn of the host's processor: nothing that differs from run to run.
 *
 * The host traps two instructions if it is asked to, and they are answered here:
 *
 *     rdtsc, rdtscp   the machine's clock, counted in ns, plus CPU_TSC_STEP for each earlier reading
 *                     of this guest, so that who waits for it to pass gets on; processor 0
 *     cpuid           a plain x86-64 processor: SSE2, and nothing of chance or of many cores. Hosts
 *                     without CPUID faulting (Intel has it since Ivy Bridge) show their own
 *
 * rdrand, rdseed and rdpid can't be trapped; cpuid does not offer them.
 */
#ifndef SERVER_BRIDGE_TRACEE_CPU_H
#define SERVER_BRIDGE_TRACEE_CPU_H

#include "server/bridge/tracee/tracee.h"

struct machine;

/** What a reading of the time stamp counter adds to the next one of the same guest, in ns. */
enum { CPU_TSC_STEP = 1000 };

/** Have the trappable instructions of a tracee that can be injected into trap. Returns 0; -ESRCH,
 * -EIO. */
int cpu_hide(struct tracee *t);

/**
 * Answer the instruction that a tracee AT_SIGNAL stands at, if it is one of these: changes t->regs.
 * @readings  of the time stamp counter; counted.
 * Returns    whether it is one.
 */
bool cpu_emulate(struct tracee *t, const struct machine *m, uint64_t *readings);

#endif
