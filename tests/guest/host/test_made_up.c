/* SPDX-License-Identifier: MIT */
/* Results that a person makes up for a held call fit where the gate expects them. */
#include "server/kernel/call/pause.h"
#include "server/kernel/proc/proc.h"
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <string.h>

static struct lab l;

static void setup(void)
{
    lab_open(&l);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(made_up, .init = setup, .fini = teardown);

/** As much as the gate takes; a sanitizer or the host's memory sees when that is a lie. */
static void make_up(struct call *call)
{
    struct sc_buf *target = &call->out.readlink.target;

    if (call->nr == SC_READLINK) {
        memset(target->ptr, 'x', target->cap);
        target->len = target->cap;
        call->out.readlink.length = target->cap;
    } else {
        call->out.stat_open.stat = (struct sc_stat){FT_REGULAR, FM_READ, 7};
    }
    pause_answer(call, 0);
}

/** Run a case, and make up the result of its call of a number. */
static void run(const struct abi *abi, const char *which, int nr)
{
    struct proc *p;
    int made_up = 0;
    int pid;

    lab_install(&l, "made_up", abi, "home:/program");
    lab_put(&l, "home:/case", which, strlen(which));
    pid = lab_start(&l, "home:/program");
    cr_assert_gt(pid, 0);
    p = proc_find(l.m, pid);
    pause_proc(p);
    while (!proc_has_ended(p)) {
        struct call *call = pause_held(l.m, pid);

        if (call != NULL && call->nr == nr) {
            make_up(call);
            made_up++;
        } else if (call != NULL) {
            pause_step(call);
        }
        (void)uv_run(&l.loop, UV_RUN_NOWAIT);
    }
    lab_expect(&l, which, lab_wait(&l, pid), PS_DONE, LAB_PASSED);
    cr_assert_eq(made_up, 1);
}

Test(made_up, the_largest_result_beside_the_longest_path)
{
    for (size_t g = 0; g < 2; g++)
        run(abis[g], "long_readlink", SC_READLINK);
}

Test(made_up, no_result_through_a_bad_pointer)
{
    for (size_t g = 0; g < 2; g++)
        run(abis[g], "bad_pointer", SC_STAT_OPEN);
}
