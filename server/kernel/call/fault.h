/* SPDX-License-Identifier: MIT */
/*
 * Fault rules: what a tester has a machine do to calls.
 *
 *     call  ->  does it match?  ->  is the rule due?  ->  fire
 *               call, pid, path     nth, every,           error: it is not carried out
 *                                   probability, times    delay: it waits first
 *                                                         transfer: it moves fewer bytes
 *
 * All rules of a machine are asked about each call, in the order they were added; a rule counts
 * what matches it, whatever the others do. Of several that fire for one call the delays add up, the
 * first error is the call's, and the smallest transfer holds. Each firing is told as EVENT_FAULT
 * and adds a reason to the call.
 *
 * An error need not be one that the call's row in syscalls.def lists: what the tester wants to see
 * happens. Rules go with their machine. Chance has a stream of random numbers of its own, so rules
 * do not change what processes draw.
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

/** What a rule says. A member of 0 says nothing. */
struct fault_spec {
    /* Which calls match. */
    int nr;           /* SC_*, or FAULT_ANY_CALL */
    int32_t pid;      /* of this process and those below it */
    const char *path; /* glob.h: a path they are given, or that a handle they use was opened by,
                         as name:/path; NULL: any */
    /* When it fires; at most one of nth and every. */
    uint64_t nth;       /* for the nth match only */
    uint64_t every;     /* for each every-th match */
    uint64_t times;     /* until it has fired so often */
    double probability; /* 0 < probability <= 1: by chance, when the above agree */
    /* What it does; at least one. */
    int error;         /* -errno: the call is not carried out and fails so */
    uint64_t delay_us; /* on the machine's clock, before anything else happens */
    uint64_t transfer; /* most bytes that READ, WRITE and DBG_PRINT move; others do not match */
};

struct fault_rule {
    struct list link; /* in fault_table.rules */
    uint32_t id;
    struct fault_spec spec;
    char *path;       /* owned: spec.path */
    uint64_t matches; /* calls that matched */
    uint64_t hits;    /* how often it fired */
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
 * @why      gets the reasons of a refusal.
 * @out_id   its number, from 1, never used twice in a machine.
 * Returns   0; -EINVAL a rule that contradicts itself or does nothing, -EAGAIN FAULT_RULES_MAX are
 *           set, -ENOMEM.
 */
int fault_add(struct machine *m, const struct fault_spec *spec, struct why *why, uint32_t *out_id);

/** Remove a rule. Calls it delays go on as it wanted. Returns 0, -ENOENT. */
int fault_remove(struct machine *m, uint32_t id);

/** Remove all rules. */
void fault_clear(struct machine *m);

/** Whether a call moves bytes that a rule can cut: READ, WRITE and DBG_PRINT. */
bool fault_can_cut(int nr);

/** For call.c, the step of a call: 0 with call->refusal and transfer_max set; SC_PENDING: it is
 * delayed; -ENOMEM no memory for the delay. */
int fault_before(struct call *call);

#endif
