/* SPDX-License-Identifier: MIT */
/* Fault rules: which calls they match, when they fire, what they do. */
#include "server/kernel/call/pause.h"
#include "tests/unit/kernel/spy.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

enum { RWC = FM_READ | FM_WRITE | FM_CREATE };

static struct world w;

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
}

static void teardown(void)
{
    fault_clear(w.m);
    world_close(&w);
}

TestSuite(fault, .init = setup, .fini = teardown, .timeout = 20);

/** Add a rule that must be one; its number. RULE(.nr = SC_OPEN, .error = -EIO). */
#define RULE(...) rule_add(&(struct fault_spec){.probability = 1, __VA_ARGS__})

static uint32_t rule_add(const struct fault_spec *spec)
{
    struct why why = WHY_INIT;
    uint32_t id = 0;

    cr_assert_eq(fault_add(w.m, spec, &why, &id), 0, "%s", why.count > 0 ? why.text[0] : "");
    cr_assert_gt(id, 0);
    return id;
}

/** Expect a rule to be refused with EINVAL and a sentence with @word in it. */
static void refuse(const struct fault_spec *spec, const char *word)
{
    struct why why = WHY_INIT;
    uint32_t id;

    cr_assert_eq(fault_add(w.m, spec, &why, &id), -EINVAL);
    cr_assert_eq(why.count, 1);
    cr_assert(strstr(why.text[0], word) != NULL, "%s", why.text[0]);
    why_done(&why);
}

static const struct fault_rule *rule_of(uint32_t id)
{
    for (const struct list *i = w.m->faults.rules.next; i != &w.m->faults.rules; i = i->next) {
        const struct fault_rule *rule = container_of(i, struct fault_rule, link);

        if (rule->id == id)
            return rule;
    }
    return NULL;
}

static struct proc *child_of(struct proc *p)
{
    struct proc *child;

    cr_assert_eq(proc_new(p, &child), 0);
    cr_assert_eq(proc_copy_names(p, child), 0);
    cr_assert_eq(proc_drive(child, "child"), 0);
    return child;
}

static void end(struct proc *p)
{
    p->detached = true;
    proc_end(p, PS_KILLED, 0, NULL);
}

static int stat_of(struct proc *p, const char *file)
{
    struct sc_stat stat;

    return w_stat(p, file, &stat);
}

Test(fault, an_error_is_the_calls_and_the_call_does_nothing)
{
    struct call c;
    uint32_t id = RULE(.nr = SC_CREATE, .error = -ENXIO);

    cr_assert_eq(BEGIN(&c, w.p, CREATE, create, S("root:/a"), FT_REGULAR), -ENXIO);
    cr_assert_eq(c.fault, id);
    cr_assert(c.imposed);
    cr_assert_str_eq(c.why.text[0], "fault rule 1 set this error");
    cr_assert_eq(w.p->task.last_errno, ENXIO);
    call_done(&c);
    cr_assert_eq(stat_of(w.p, "root:/a"), -ENOENT);
    cr_assert_eq(fault_remove(w.m, id), 0);
    cr_assert_eq(fault_remove(w.m, id), -ENOENT);
    cr_assert_eq(w_create(w.p, "root:/a", FT_REGULAR), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(fault, a_rule_without_a_call_is_for_all_but_exit)
{
    struct proc *child = child_of(w.p);

    RULE(.nr = FAULT_ANY_CALL, .error = -EIO);
    cr_assert_eq(w_open(w.p, "root:/a", RWC), -EIO);
    cr_assert_eq(w_new_proc(w.p), -EIO);
    child->detached = true;
    cr_assert_eq(w_exit(child, 0), 0);
}

Test(fault, pid_means_the_process_and_those_below_it)
{
    struct proc *child = child_of(w.p);
    struct proc *grandchild = child_of(child);

    RULE(.nr = SC_STAT, .pid = child->pid, .error = -EIO);
    cr_assert_eq(stat_of(w.p, "root:/"), 0);
    cr_assert_eq(stat_of(child, "root:/"), -EIO);
    cr_assert_eq(stat_of(grandchild, "root:/"), -EIO);
    end(child);
}

Test(fault, path_is_any_path_that_is_given_however_it_is_spelled)
{
    uint32_t id = RULE(.nr = FAULT_ANY_CALL, .path = "root:/d/*", .error = -EIO);

    cr_assert_eq(stat_of(w.p, "root:/d/x"), -EIO);
    cr_assert_eq(stat_of(w.p, "root:d/x/"), -EIO);
    cr_assert_eq(stat_of(w.p, "root:/d"), -ENOENT);
    cr_assert_eq(stat_of(w.p, "root:/dx"), -ENOENT);
    cr_assert_eq(stat_of(w.p, "root"), -EINVAL, "no path at all");
    cr_assert_eq(w_move(w.p, "root:/a", "root:/d/x"), -EIO, "the second one counts, too");
    cr_assert_eq(rule_of(id)->matches, 3);
    fault_clear(w.m);
    RULE(.nr = SC_STAT, .path = "root:d/?", .error = -EIO);
    cr_assert_eq(stat_of(w.p, "root:/d/x"), -EIO, "a pattern may be spelled both ways, too");
    RULE(.nr = SC_STAT, .path = "nonsense", .error = -EIO);
    cr_assert_eq(stat_of(w.p, "nonsense"), -EIO);
}

Test(fault, path_is_what_a_handle_was_opened_by)
{
    int fd = w_open(w.p, "root:f", RWC);
    int other = w_open(w.p, "root:/g", RWC);
    struct proc *child;
    struct call c;
    int32_t fds[] = {other, fd};

    cr_assert_eq(w_new_proc(w.p), 3);
    child = proc_find(w.m, 3);
    RULE(.nr = FAULT_ANY_CALL, .path = "root:/f", .error = -EDQUOT);
    cr_assert_eq(w_write(w.p, fd, 0, "x"), -EDQUOT);
    cr_assert_eq(w_write(w.p, other, 0, "x"), 1);
    cr_assert_eq(w_bind_fd(w.p, 3, 9, fd), -EDQUOT);
    cr_assert_eq(w_bind_fd(w.p, 3, fd, other), 0,
                 "a number in the child is no handle of the caller");
    cr_assert_eq(BEGIN(&c, w.p, SELECT, select, {(char *)fds, sizeof(fds)}, 0), -EDQUOT);
    call_done(&c);
    cr_assert_eq(w_close(w.p, 77), -EBADF);
    fault_clear(w.m);
    end(child);
    w_close(w.p, fd);
    w_close(w.p, other);
    w_delete(w.p, "root:/f");
    w_delete(w.p, "root:/g");
}

Test(fault, nth_every_and_times_count_matches)
{
    static const int expected[] = {0, 0, -EIO, 0, -EPERM, 0, 0, 0, 0, -EPERM, 0};
    uint32_t nth = RULE(.nr = SC_STAT, .nth = 3, .error = -EIO);
    uint32_t every = RULE(.nr = SC_STAT, .every = 5, .times = 2, .error = -EPERM);

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        cr_assert_eq(stat_of(w.p, "root:/"), expected[i], "number %zu", i + 1);
        cr_assert_eq(w_close(w.p, 9), -EBADF, "no match does not count");
    }
    for (int i = 0; i < 20; i++)
        cr_assert_eq(stat_of(w.p, "root:/"), 0);
    cr_assert_eq(rule_of(nth)->matches, 31);
    cr_assert_eq(rule_of(nth)->hits, 1);
    cr_assert_eq(rule_of(every)->hits, 2);
}

/** Which of 64 calls a rule by chance hits, as a mask. */
static uint64_t hits_of(double probability)
{
    uint32_t id =
        rule_add(&(struct fault_spec){.nr = SC_STAT, .probability = probability, .error = -EIO});
    uint64_t hits = 0;

    for (int i = 0; i < 64; i++)
        hits = hits << 1 | (stat_of(w.p, "root:/") == -EIO);
    cr_assert_eq(fault_remove(w.m, id), 0);
    return hits;
}

Test(fault, chance_follows_from_the_seed_and_disturbs_nobody)
{
    uint64_t first = hits_of(0.5);
    uint64_t drawn[2];

    cr_assert(first != 0 && first != UINT64_MAX);
    cr_assert_neq(hits_of(0.5), first, "it goes on");
    cr_assert_eq(hits_of(1), UINT64_MAX);
    machine_random(w.m, &drawn[0], sizeof(drawn[0]));
    teardown();
    setup();
    cr_assert_eq(hits_of(0.5), first, "same seed, same chance");
    teardown();
    setup();
    machine_random(w.m, &drawn[1], sizeof(drawn[1]));
    cr_assert_eq(drawn[0], drawn[1], "chance has a stream of its own");
}

Test(fault, a_delay_waits_on_the_machines_clock_and_then_acts)
{
    struct call c;
    struct sc_stat stat;

    RULE(.nr = SC_CREATE, .delay_us = 1500);
    RULE(.nr = SC_CREATE, .delay_us = 500, .nth = 1);
    cr_assert_eq(BEGIN(&c, w.p, CREATE, create, S("root:/a"), FT_REGULAR), SC_PENDING);
    cr_assert_eq(w_stat(w.p, "root:/a", &stat), -ENOENT);
    world_run(&w);
    cr_assert_eq(c.user, &c);
    cr_assert_eq(c.status, 0);
    cr_assert_eq(machine_now_ns(w.m), 2000000, "delays add up");
    cr_assert(!c.imposed);
    cr_assert_eq(c.fault, 1);
    call_done(&c);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(fault, a_delayed_error_comes_late)
{
    struct call c;

    RULE(.nr = SC_STAT, .delay_us = 10, .error = -EIO);
    cr_assert_eq(BEGIN(&c, w.p, STAT, stat, S("root:/")), SC_PENDING);
    world_run(&w);
    cr_assert_eq(c.status, -EIO);
    cr_assert_eq(c.why.count, 2);
    call_done(&c);
}

Test(fault, a_delayed_call_may_be_cancelled_or_killed)
{
    struct call cancelled;
    struct call killed;
    struct proc *child = child_of(w.p);

    RULE(.nr = SC_CREATE, .delay_us = 1000);
    cr_assert_eq(BEGIN(&cancelled, w.p, CREATE, create, S("root:/a"), FT_REGULAR), SC_PENDING);
    cr_assert_eq(BEGIN(&killed, child, CREATE, create, S("root:/b"), FT_REGULAR), SC_PENDING);
    call_cancel(&cancelled, -ECANCELED);
    end(child);
    world_run(&w);
    cr_assert_eq(cancelled.status, -ECANCELED);
    cr_assert_eq(killed.status, -ECANCELED);
    cr_assert_eq(stat_of(w.p, "root:/a"), -ENOENT);
    cr_assert_eq(stat_of(w.p, "root:/b"), -ENOENT);
    call_done(&cancelled);
    call_done(&killed);
}

Test(fault, a_rule_that_is_removed_meanwhile_has_fired)
{
    struct call c;

    RULE(.nr = SC_STAT, .delay_us = 10, .error = -EIO);
    cr_assert_eq(BEGIN(&c, w.p, STAT, stat, S("root:/")), SC_PENDING);
    fault_clear(w.m);
    world_run(&w);
    cr_assert_eq(c.status, -EIO);
    call_done(&c);
}

Test(fault, an_endless_delay_ends_by_cancelling)
{
    struct call c;

    RULE(.nr = SC_STAT, .delay_us = UINT64_MAX);
    RULE(.nr = SC_STAT, .delay_us = 5);
    cr_assert_eq(BEGIN(&c, w.p, STAT, stat, S("root:/")), SC_PENDING);
    world_run(&w);
    cr_assert_null(c.user);
    call_cancel(&c, -ECANCELED);
    call_done(&c);
}

Test(fault, short_cuts_what_is_transferred)
{
    char buf[16];
    int fd = w_open(w.p, "root:/f", RWC);

    RULE(.nr = FAULT_ANY_CALL, .transfer = 3);
    cr_assert_eq(w_write(w.p, fd, 0, "abcdef"), 3);
    cr_assert_eq(w_write(w.p, fd, 3, "de"), 2, "less stays less");
    cr_assert_eq(w_read(w.p, fd, 0, buf, sizeof(buf)), 3);
    RULE(.nr = SC_READ, .transfer = 1);
    cr_assert_eq(w_read(w.p, fd, 0, buf, sizeof(buf)), 1, "the smallest counts");
    fault_clear(w.m);
    cr_assert_eq(w_read(w.p, fd, 0, buf, sizeof(buf)), 5);
    RULE(.nr = SC_DBG_PRINT, .transfer = 2);
    {
        struct call c;

        cr_assert_eq(BEGIN(&c, w.p, DBG_PRINT, dbg_print, S("hello")), 0);
        cr_assert_str_eq(w.log, "he");
        call_done(&c);
    }
    w_close(w.p, fd);
    w_delete(w.p, "root:/f");
}

Test(fault, the_first_error_counts_and_each_rule_that_fires_is_told)
{
    static struct spy spy;
    struct call c;

    RULE(.nr = SC_STAT, .delay_us = 1);
    RULE(.nr = SC_STAT, .error = -EIO);
    RULE(.nr = SC_STAT, .error = -EPERM);
    spy_start(&spy, w.m, 0);
    cr_assert_eq(BEGIN(&c, w.p, STAT, stat, S("root:/")), SC_PENDING);
    world_run(&w);
    cr_assert_eq(c.status, -EIO);
    cr_assert_eq(c.fault, 2, "the rule whose error it is");
    spy_expect(&spy, "+1:STAT@2 !1:STAT@2#1 !1:STAT@2#2 !1:STAT@2#3 -1:STAT@2=EIO ");
    spy_stop(&spy);
    call_done(&c);
}

Test(fault, a_paused_call_meets_the_rules_when_it_goes_on)
{
    static struct spy spy;
    struct call stepped;
    struct call answered;
    uint32_t id = RULE(.nr = SC_ERRNO, .error = -EIO);

    spy_start(&spy, w.m, 0);
    pause_proc(w.p);
    cr_assert_eq(BEGIN(&stepped, w.p, ERRNO, last_errno, 0), SC_PENDING);
    cr_assert_eq(BEGIN(&answered, w.p, ERRNO, last_errno, 0), SC_PENDING);
    cr_assert_eq(rule_of(id)->matches, 0);
    pause_step(&stepped);
    pause_answer(&answered, 0);
    world_run(&w);
    cr_assert_eq(stepped.status, -EIO);
    cr_assert_eq(answered.status, 0, "what is not carried out meets no rule");
    cr_assert_eq(rule_of(id)->matches, 1);
    spy_expect(&spy, "+1:ERRNO@2 ?1:ERRNO@2 +2:ERRNO@2 ?2:ERRNO@2 !1:ERRNO@2#1 -1:ERRNO@2=EIO "
                     "-2:ERRNO@2=0 ");
    resume_proc(w.p);
    spy_stop(&spy);
    call_done(&stepped);
    call_done(&answered);
}

Test(fault, rules_that_make_no_sense_are_refused)
{
    refuse(&(struct fault_spec){.nr = SC_OPEN, .probability = 1}, "does nothing");
    refuse(&(struct fault_spec){.nr = SC_OPEN, .probability = 0, .error = -EIO}, "probability");
    refuse(&(struct fault_spec){.nr = SC_OPEN, .probability = 1.1, .error = -EIO}, "probability");
    refuse(
        &(struct fault_spec){.nr = SC_OPEN, .probability = 1, .nth = 1, .every = 1, .error = -EIO},
        "nth and every");
    refuse(&(struct fault_spec){.nr = SC_OPEN, .probability = 1, .transfer = 1}, "SC_OPEN");
    refuse(&(struct fault_spec){.nr = SC_READ, .probability = 1, .transfer = 1, .error = -EIO},
           "error and short");
    refuse(&(struct fault_spec){.nr = SC_EXIT, .probability = 1, .error = -EIO}, "EXIT");
    refuse(&(struct fault_spec){.nr = SC_OPEN, .probability = 1, .path = "a[", .error = -EIO},
           "a[");
    cr_assert_eq(w.m->faults.count, 0);
    RULE(.nr = SC_EXIT, .delay_us = 1);
}

Test(fault, rules_have_a_limit)
{
    struct why why = WHY_INIT;
    uint32_t id;

    for (uint32_t i = 1; i <= FAULT_RULES_MAX; i++)
        cr_assert_eq(RULE(.nr = SC_OPEN, .error = -EIO, .path = "*"), i);
    cr_assert_eq(fault_add(w.m,
                           &(struct fault_spec){.nr = SC_OPEN, .probability = 1, .error = -EIO},
                           &why, &id),
                 -EAGAIN);
    why_done(&why);
    cr_assert_eq(fault_remove(w.m, 3), 0);
    cr_assert_eq(RULE(.nr = SC_OPEN, .error = -EIO), FAULT_RULES_MAX + 1, "no number twice");
}

Test(fault, a_call_of_an_ended_process_meets_no_rule)
{
    struct proc *child = child_of(w.p);
    struct sc_proc_status status;
    struct call c;
    uint32_t id = RULE(.nr = SC_ERRNO, .delay_us = 5);

    w_exit(child, 0);
    cr_assert_eq(BEGIN(&c, child, ERRNO, last_errno, 0), -ECANCELED);
    cr_assert_eq(rule_of(id)->matches, 0);
    call_done(&c);
    w_kill(w.p, child->pid, &status);
}
