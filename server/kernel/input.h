/* SPDX-License-Identifier: MIT */
/*
 * Inputs: the only way into a machine.
 *
 * Everything from outside that changes a machine is a row of inputs.def and goes through
 * machine_input(). A machine does nothing by itself, so its inputs, in order and with the host's
 * time of each, are enough to make the same machine again:
 *
 *     gate, session, person, clock, bridge  -->  machine_input()  -->  the function of the row
 *                                                     |
 *                                          machine_spec.on_input(): a log
 *
 * While a machine carries out an input, it calls back: done() of calls, run() of guests, listeners.
 * An input that a callback makes is nested in the first: it is carried out at once, and the log has
 * its place as the number of callbacks before it (machine.input.callbacks).
 *
 * While a machine stands still (stack.h), CALL, CANCEL, END, CRASH and TICK wait for their turn, and are
 * logged then. Those that come from outside of requests (marks that are undone, listeners that leave, notes
 * of guests …) are carried out at once. The log holds their place as the slot that the machine stands still
 * for (machine.stand.slots). SLOT says that this slot did not end by its driver.
 *
 *     struct input in = {.kind = INPUT_PAUSE, .pause = {.pid = 7}};
 *     err = machine_input(m, &in);
 */
#ifndef SERVER_KERNEL_INPUT_H
#define SERVER_KERNEL_INPUT_H

#include "server/kernel/call/call.h"
#include "server/kernel/clock.h"
#include "server/kernel/machine.h"
#include "server/kernel/turn.h"

enum input_kind {
#define INPUT(name, UPPER, doc, MEMBERS) INPUT_##UPPER,
#define IN(type, member)
#define LOCAL(ctype, member)
#define NOTHING
#include "server/kernel/inputs.def"
    INPUT_COUNT
};

/* The types of members, as inputs.def names them. */
typedef int32_t input_pid;
typedef int32_t input_i32;
typedef uint32_t input_u32;
typedef uint64_t input_u64;
typedef bool input_flag;
typedef double input_real;
typedef const char *input_str;
typedef struct sc_str input_bytes;

#define INPUT(name, UPPER, doc, MEMBERS)                                                           \
    struct input_##name {                                                                          \
        MEMBERS                                                                                    \
    };
#define IN(type, member) input_##type member;
#define LOCAL(ctype, member) ctype member;
#define NOTHING char nothing;
#include "server/kernel/inputs.def"

struct input {
    enum input_kind kind;
    struct why *why; /* borrowed; receives the reasons of a refusal; or NULL */
    union {
#define INPUT(name, UPPER, doc, MEMBERS) struct input_##name name;
#define IN(type, member)
#define LOCAL(ctype, member)
#define NOTHING
#include "server/kernel/inputs.def"
    };
};

enum input_type {
    INPUT_TYPE_pid,
    INPUT_TYPE_i32,
    INPUT_TYPE_u32,
    INPUT_TYPE_i64,
    INPUT_TYPE_u64,
    INPUT_TYPE_flag,
    INPUT_TYPE_real,
    INPUT_TYPE_str,
    INPUT_TYPE_bytes
};

/** A member that a log holds. */
struct input_member {
    const char *name; /* NULL at the end */
    enum input_type type;
    size_t offset; /* in the row's struct */
};

/** The name of a kind, which the log uses; and its members, borrowed. */
const char *input_name(enum input_kind kind);
const struct input_member *input_members(enum input_kind kind);

/**
 * Carry an input out.
 * @in       borrowed for the call; its LOCAL results are filled in.
 * Returns   0, or the -errno of the function that input.c calls for the row; -ESRCH there is no
 *           such process. CALL as call_begin(); CONSOLE how many bytes were taken.
 */
int machine_input(struct machine *m, struct input *in);

/** For entries of a machine with its own stack: log an input that is about to be carried out. */
void input_tell(struct machine *m, const struct input *in);

/** Carry out an input without members. */
static inline void machine_input_plain(struct machine *m, enum input_kind kind)
{
    struct input in = {.kind = kind};

    (void)machine_input(m, &in);
}

/** LISTEN and UNLISTEN. */
void input_listen(struct machine *m, struct listener *l);
void input_unlisten(struct machine *m, struct listener *l);

/** CALL. @turn the guest's; NULL for a driven process. */
static inline int input_call(struct call *call, struct turn *turn)
{
    struct input in; /* only the row's members are set, as this runs for every call */

    in.kind = INPUT_CALL;
    in.why = NULL;
    in.call = (struct input_call){call, turn};
    return machine_input(call->machine, &in);
}

#endif
