/* SPDX-License-Identifier: MIT */
/*
 * Hides the host's processor from guests in lockstep: they see nothing that differs from run to run.
 *
 * The host can trap these instructions, and they are emulated here:
 *
 *     rdtsc, rdtscp   the machine's clock in ns, plus CPU_TSC_STEP for each earlier reading of this
 *                     guest, so that a loop that waits for it to pass ends; processor 0
 *     cpuid           a plain x86-64 processor with SSE2: no random numbers, one core. Hosts without
 *                     CPUID faulting (Intel has it since Ivy Bridge) show their own
 *
 * rdrand, rdseed and rdpid can't be trapped; cpuid does not report them.
 */
#ifndef SERVER_BRIDGE_TRACEE_CPU_H
#define SERVER_BRIDGE_TRACEE_CPU_H

#include "server/bridge/tracee/tracee.h"

struct machine;

/** The ns by which each reading of the time stamp counter advances the guest's next one. */
enum { CPU_TSC_STEP = 1000 };

/** Make these instructions trap in a tracee that can be injected into. Returns 0; -ESRCH, -EIO. */
int cpu_hide(struct tracee *t);

/**
 * Emulate the instruction of a tracee AT_SIGNAL, if it is one of these: changes t->regs.
 * @readings  of the time stamp counter so far; incremented.
 * Returns    whether it is one.
 */
bool cpu_emulate(struct tracee *t, const struct machine *m, uint64_t *readings);

#endif
