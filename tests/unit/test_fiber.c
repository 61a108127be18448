/* SPDX-License-Identifier: MIT */
/* server/base/fiber: functions on stacks of their own. */
#include "server/base/fiber.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK = 256 * 1024, FRAME = 4096 };

static struct fiber *make(void)
{
    struct fiber *f;

    cr_assert_eq(fiber_new(STACK, &f), 0);
    return f;
}

/** A function that adds to a sum, and is suspended before each. */
struct adder {
    struct fiber *f;
    int rounds;
    int sum;
    double half; /* kept in a register across the switch, if the compiler likes */
};

static void add_up(void *arg)
{
    struct adder *a = arg;
    double x = 0.5;

    for (int i = 1; i <= a->rounds; i++) {
        fiber_suspend(a->f);
        a->sum += i;
        x /= 2;
    }
    a->half = x;
}

Test(fiber, runs_to_its_end)
{
    struct adder a = {.f = make(), .rounds = 0};

    cr_assert_not(fiber_is_running(a.f));
    cr_assert_not(fiber_is_here(a.f));
    cr_assert_eq(fiber_start(a.f, add_up, &a), FIBER_ENDED);
    cr_assert_eq(a.half, 0.5);
    fiber_free(a.f);
}

Test(fiber, goes_on_where_it_was_suspended)
{
    struct adder a = {.f = make(), .rounds = 3};

    cr_assert_eq(fiber_start(a.f, add_up, &a), FIBER_SUSPENDED);
    cr_assert_eq(a.sum, 0);
    cr_assert_eq(fiber_resume(a.f), FIBER_SUSPENDED);
    cr_assert_eq(fiber_resume(a.f), FIBER_SUSPENDED);
    cr_assert_eq(a.sum, 3);
    cr_assert_eq(fiber_resume(a.f), FIBER_ENDED);
    cr_assert_eq(a.sum, 6);
    cr_assert_eq(a.half, 0.0625);
    fiber_free(a.f);
}

Test(fiber, is_used_again)
{
    struct adder a = {.f = make(), .rounds = 1};

    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(fiber_start(a.f, add_up, &a), FIBER_SUSPENDED);
        cr_assert_eq(fiber_resume(a.f), FIBER_ENDED);
    }
    cr_assert_eq(a.sum, 1000);
    fiber_free(a.f);
}

Test(fiber, many_interleave)
{
    struct adder a[16];

    for (int i = 0; i < 16; i++) {
        a[i] = (struct adder){.f = make(), .rounds = i + 1};
        cr_assert_eq(fiber_start(a[i].f, add_up, &a[i]), FIBER_SUSPENDED);
    }
    for (int round = 1; round <= 16; round++) {
        for (int i = round - 1; i < 16; i++)
            cr_assert_eq(fiber_resume(a[i].f), round == i + 1 ? FIBER_ENDED : FIBER_SUSPENDED);
    }
    for (int i = 0; i < 16; i++) {
        cr_assert_eq(a[i].sum, (i + 1) * (i + 2) / 2);
        fiber_free(a[i].f);
    }
}

/** One that starts another, and is suspended itself while that one is. */
struct nest {
    struct fiber *outer;
    struct adder inner;
    bool both_ran;
};

static void start_inner(void *arg)
{
    struct nest *n = arg;

    cr_assert_eq(fiber_start(n->inner.f, add_up, &n->inner), FIBER_SUSPENDED);
    n->both_ran = fiber_is_running(n->outer) && !fiber_is_running(n->inner.f) &&
                  fiber_is_here(n->outer) && !fiber_is_here(n->inner.f);
    fiber_suspend(n->outer);
    cr_assert_eq(fiber_resume(n->inner.f), FIBER_ENDED);
}

Test(fiber, starts_another)
{
    struct nest n = {.outer = make(), .inner = {.f = make(), .rounds = 1}};

    cr_assert_eq(fiber_start(n.outer, start_inner, &n), FIBER_SUSPENDED);
    cr_assert(n.both_ran);
    cr_assert_not(fiber_is_running(n.outer));
    cr_assert_eq(fiber_resume(n.outer), FIBER_ENDED);
    cr_assert_eq(n.inner.sum, 1);
    fiber_free(n.outer);
    fiber_free(n.inner.f);
}

static void round_down(void *arg)
{
    struct adder *a = arg;

    cr_assert_eq(fesetround(FE_DOWNWARD), 0);
    fiber_suspend(a->f);
    a->sum = fegetround();
}

Test(fiber, the_rounding_mode_stays_on_each_side)
{
    struct adder a = {.f = make()};

    cr_assert_eq(fiber_start(a.f, round_down, &a), FIBER_SUSPENDED);
    cr_assert_eq(fegetround(), FE_TONEAREST);
    cr_assert_eq(fiber_resume(a.f), FIBER_ENDED);
    cr_assert_eq(a.sum, FE_DOWNWARD);
    fiber_free(a.f);
}

static void *resume_here(void *arg)
{
    struct adder *a = arg;

    while (fiber_resume(a->f) == FIBER_SUSPENDED)
        continue;
    return NULL;
}

Test(fiber, goes_on_on_another_thread)
{
    struct adder a = {.f = make(), .rounds = 100};
    pthread_t other;

    cr_assert_eq(fiber_start(a.f, add_up, &a), FIBER_SUSPENDED);
    cr_assert_eq(pthread_create(&other, NULL, resume_here, &a), 0);
    cr_assert_eq(pthread_join(other, NULL), 0);
    cr_assert_eq(a.sum, 5050);
    fiber_free(a.f);
}

/** Use about @size bytes of stack. Returns something that depends on all of them. */
__attribute__((noinline)) static int dig(size_t size)
{
    volatile char frame[FRAME];

    memset((char *)frame, (int)(size & 0x7F), sizeof(frame));
    if (size > sizeof(frame))
        return frame[size % FRAME] + dig(size - sizeof(frame)) + frame[0];
    return frame[1];
}

struct digger {
    size_t size;
    int sum;
};

static void dig_down(void *arg)
{
    struct digger *d = arg;

    d->sum = dig(d->size);
}

Test(fiber, has_the_stack_it_was_promised)
{
    struct digger d = {.size = STACK / 2};
    struct fiber *f = make();

    cr_assert_eq(fiber_start(f, dig_down, &d), FIBER_ENDED);
    fiber_free(f);
}

Test(fiber, past_its_stack_SIGSEGV)
{
    struct digger d = {.size = STACK + FRAME};
    struct fiber *f = make();
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        (void)fiber_start(f, dig_down, &d);
        _exit(0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    /* A sanitizer ends the process by itself. */
    cr_assert((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) ||
              (WIFEXITED(status) && WEXITSTATUS(status) != 0));
    fiber_free(f);
}

Test(fiber, without_memory_ENOMEM)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct fiber *f = NULL;

    cr_assert_eq(fiber_new(SIZE_MAX / 2 / page * page, &f), -ENOMEM);
    cr_assert_null(f);
    fiber_free(NULL);
}
