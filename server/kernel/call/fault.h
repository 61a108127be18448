/* SPDX-License-Identifier: MIT */
/*
 * Fault rules: what a tester wants to happen to calls.
 *
 *     call  ->  does it match?  ->  is the rule due?  ->  fire
 *               call, pid, path     nth, every,           error: the handler is skipped
 *                                   probability, times    delay: the call waits first
 *                                                         transfer: fewer bytes are moved
 *
 * Every rule of the machine sees each call, in the order in which the rules were added, and counts
 * its matches whatever the others do. If several fire for one call, the delays add up, the first
 * error is the call's, and the smallest transfer holds. Each firing emits EVENT_FAULT and adds a
 * reason to the call.
 *
 * An error need not be in the call's row of syscalls.def. Rules are freed with their machine.
 * Chance has a separate stream of random numbers, so rules do not affect those of processes.
 */
#ifndef SERVER_KERNEL_CALL_FAULT_H
#define SERVER_KERNEL_CALL_FAULT_H

#include "server/base/list.h"
#include "server/base/why.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct machine;

enum {
    FAULT_ANY_CALL = -1,
    FAULT_RULES_MAX = 64, /* of one machine */
};

/** A rule. Members of 0 are not set. */
struct fault_spec {
    /* Which calls match. */
    int nr;           /* SC_*, or FAULT_ANY_CALL */
    int32_t pid;      /* of this process and those below it */
    const char *path; /* glob.h: matches a path argument, or the name:/path that the handle
                         argument was opened by; NULL: any */
    /* When it fires; at most one of nth and every. */
    uint64_t nth;       /* the nth match only */
    uint64_t every;     /* each every-th match */
    uint64_t times;     /* the most firings */
    double probability; /* 0 < probability <= 1: the chance to fire, if the above agree */
    /* What it does; at least one. */
    int error;         /* -errno: the call fails with it, and its handler is skipped */
    uint64_t delay_us; /* on the machine's clock, before anything else happens */
    uint64_t transfer; /* the most bytes of READ, WRITE and DBG_PRINT; others do not match */
};

struct fault_rule {
    struct list link; /* in fault_table.rules */
    uint32_t id;
    struct fault_spec spec;
    char *path;       /* owned: spec.path */
    uint64_t matches; /* calls that matched */
    uint64_t hits;    /* firings */
};

/** The rules of a machine. */
struct fault_table {
    struct list rules; /* struct fault_rule.link, in the order they were added */
    uint32_t count;
    uint32_t last_id;
    uint64_t random_state;
};

void fault_table_init(struct fault_table *t, uint64_t seed);

/**
 * Add a rule.
 * @spec     borrowed; its path is copied.
 * @why      receives the reasons of a refusal.
 * @out_id   its number, from 1, never reused in a machine.
 * Returns   0; -EINVAL the rule contradicts itself or does nothing, -EAGAIN FAULT_RULES_MAX are
 *           set, -ENOMEM.
 */
int fault_add(struct machine *m, const struct fault_spec *spec, struct why *why, uint32_t *out_id);

/** Remove a rule. The calls that it delays keep their delay. Returns 0, -ENOENT. */
int fault_remove(struct machine *m, uint32_t id);

/** Remove all rules. */
void fault_clear(struct machine *m);

/** Whether a call moves bytes that a rule can limit: READ, WRITE and DBG_PRINT. */
bool fault_can_cut(int nr);

/** For call.c, STEP_FAULTS: 0 with call->refusal and transfer_max set; SC_PENDING: the call is
 * delayed; -ENOMEM no memory for the delay. */
int fault_before(struct call *call);

#endif
