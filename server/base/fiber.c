/* SPDX-License-Identifier: MIT */
#include "server/base/fiber.h"

#include "server/base/check.h"
#include "server/base/fiber_switch.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/** A stack that can be switched to: the fiber's own, or the one that entered it. */
struct side {
    void *sp; /* the saved stack pointer, while another stack runs */
#ifdef FIBER_ASAN
    const void *bottom;
    size_t size;
    void *fake; /* AddressSanitizer's fake stack, while another stack runs */
#endif
#ifdef FIBER_TSAN
    void *tsan;
#endif
};

struct fiber {
    struct side own;
    struct side outer; /* the stack that started or resumed the fiber, while it runs */
    char *map;         /* the guard page, then the stack */
    size_t map_size;
    fiber_fn fn;
    void *arg;
    enum fiber_state state;
    bool running;
};

/** Switch to another stack. Returns when something switches back. */
static void switch_sides(struct side *from, struct side *to)
{
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(&from->fake, to->bottom, to->size);
#endif
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
    fiber_switch(&from->sp, to->sp);
}

/** The fiber was entered and now runs on its own stack. */
static void arrive(struct fiber *f)
{
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(f->own.fake, &f->outer.bottom, &f->outer.size);
#else
    (void)f;
#endif
}

/** Run the fiber. Returns its state when it leaves. */
static enum fiber_state enter(struct fiber *f)
{
    f->running = true;
#ifdef FIBER_TSAN
    f->outer.tsan = __tsan_get_current_fiber();
#endif
    switch_sides(&f->outer, &f->own);
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(f->outer.fake, NULL, NULL);
#endif
    f->running = false;
    return f->state;
}

/** Return to the stack that entered the fiber. Returns when the fiber is entered again. */
static void leave(struct fiber *f, enum fiber_state state)
{
    f->state = state;
    switch_sides(&f->own, &f->outer);
    arrive(f);
}

/** The first function on a fiber's stack: runs one fiber_fn after the other. */
static void run(void *arg)
{
    struct fiber *f = arg;

    arrive(f);
    for (;;) {
        f->fn(f->arg);
        leave(f, FIBER_ENDED);
    }
}

/** Map the guard page and the stack. */
static int make_stack(struct fiber *f, size_t stack_size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK;

    f->map_size = page + stack_size;
    f->map = mmap(NULL, f->map_size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (f->map == MAP_FAILED)
        return -ENOMEM;
    if (mprotect(f->map, page, PROT_NONE) < 0) {
        (void)munmap(f->map, f->map_size);
        return -ENOMEM;
    }
    f->own.sp = fiber_prepare(f->map + f->map_size, run, f);
#ifdef FIBER_ASAN
    f->own.bottom = f->map + page;
    f->own.size = stack_size;
#endif
#ifdef FIBER_TSAN
    f->own.tsan = __tsan_create_fiber(0);
#endif
    return 0;
}

int fiber_new(size_t stack_size, struct fiber **out)
{
    struct fiber *f;
    int err;

    if (!FIBER_SWITCH)
        return -ENOTSUP;
    f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -ENOMEM;
    err = make_stack(f, stack_size);
    if (err < 0) {
        free(f);
        return err;
    }
    *out = f;
    return 0;
}

void fiber_free(struct fiber *f)
{
    if (f == NULL)
        return;
    /* The stack of a suspended fiber may own things; nothing else could free them. */
    CHECK(!f->running && f->state == FIBER_ENDED);
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(f->own.tsan);
#endif
    (void)munmap(f->map, f->map_size);
    free(f);
}

enum fiber_state fiber_start(struct fiber *f, fiber_fn fn, void *arg)
{
    CHECK(!f->running && f->state == FIBER_ENDED); /* one function at a time */
    f->fn = fn;
    f->arg = arg;
    return enter(f);
}

enum fiber_state fiber_resume(struct fiber *f)
{
    CHECK(!f->running && f->state == FIBER_SUSPENDED);
    return enter(f);
}

void fiber_suspend(struct fiber *f)
{
    CHECK(f->running && fiber_is_here(f)); /* only the fiber itself may suspend it */
    leave(f, FIBER_SUSPENDED);
}

bool fiber_is_running(const struct fiber *f)
{
    return f->running;
}

bool fiber_is_here(const struct fiber *f)
{
    const char *here = __builtin_frame_address(0);

    return here >= f->map && here < f->map + f->map_size;
}
