/* SPDX-License-Identifier: MIT */
/* MMAP, MCHMAP and MUNMAP as a program sees them: what the books say is what the pages do. */
#include "cases.h"

#define HEAP ((char *)0x40000000)
#define ALLOCATOR_PAGE ((char *)0xAFFFF000)

enum { PAGE = 4096, RW = MM_READ | MM_WRITE };

static int map_write_unmap(void)
{
    MUST(sc_mmap(HEAP, 3 * PAGE, RW) == 0);
    for (int i = 0; i < 3 * PAGE; i++)
        MUST(HEAP[i] == 0);
    memset(HEAP, 0x5A, 3 * PAGE);
    MUST(sc_munmap(HEAP + PAGE) == 0);
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    MUST(HEAP[0] == 0);
    return PASSED;
}

static int allocator_first_call(void)
{
    MUST(sc_mmap(ALLOCATOR_PAGE, PAGE, RW) == 0);
    ALLOCATOR_PAGE[PAGE - 1] = 1;
    MUST(sc_mmap(HEAP, 100, RW) == 0); /* no page multiple */
    HEAP[PAGE - 1] = 1;
    return PASSED;
}

static int refusals(void)
{
    MUST(sc_mmap(HEAP, 2 * PAGE, RW) == 0);
    MUST(sc_mmap(HEAP + PAGE, PAGE, RW) == -EEXIST);
    MUST(sc_mmap(HEAP + 1, PAGE, RW) == -EINVAL);
    MUST(sc_mmap(HEAP + 4 * PAGE, 0, RW) == -EINVAL);
    MUST(sc_mmap(HEAP + 4 * PAGE, (size_t)-1, RW) == -EINVAL);
    MUST(sc_mmap(HEAP + 4 * PAGE, PAGE, 0x80) == -EINVAL);
    MUST(sc_munmap(HEAP + 9 * PAGE) == -EFAULT);
    MUST(sc_mchmap(HEAP + 9 * PAGE, RW) == -EFAULT);
    MUST(sc_mmap(HEAP + 4 * PAGE, 0x70000000, RW) == -ENOMEM);
    return PASSED;
}

static int touch_after_unmap(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    HEAP[0] = 1;
    MUST(sc_munmap(HEAP) == 0);
    return HEAP[0];
}

static int write_after_protect(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    HEAP[0] = 1;
    MUST(sc_mchmap(HEAP, MM_READ) == 0);
    MUST(HEAP[0] == 1);
    HEAP[0] = 2;
    return 0;
}

static int write_again(void)
{
    MUST(sc_mmap(HEAP, PAGE, MM_READ) == 0);
    MUST(sc_mchmap(HEAP, RW) == 0);
    HEAP[0] = 1;
    MUST(HEAP[0] == 1);
    return PASSED;
}

static int run_mapped_code(void)
{
    static const unsigned char code[] = {0xB8, PASSED, 0, 0, 0, 0xC3}; /* mov $PASSED, %eax; ret */
    int (*function)(void) = (int (*)(void))(uintptr_t)HEAP;

    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    memcpy(HEAP, code, sizeof(code));
    return function();
}

/** The end of what a program may map, and where its own parts are. */
static int layout(void)
{
#ifdef __x86_64__
    char *limit = (char *)0x7FFF00000000;
#else
    char *limit = (char *)0xC0000000;
    char here;

    MUST(&here >= (char *)0xB8000000 && &here < (char *)0xB8020000);
    MUST(sc_mmap((char *)0xB801F000, PAGE, RW) == -EEXIST);
    MUST(sc_mmap((char *)0xB8020000, PAGE, RW) == 0);
    MUST(sc_mmap((char *)0xB7FFF000, PAGE, RW) == 0);
    MUST(sc_mmap((char *)0x100000, PAGE, RW) == -EEXIST);
#endif
    MUST(sc_mmap(limit, PAGE, RW) == -EINVAL);
    MUST(sc_mmap(limit - PAGE, PAGE + 1, RW) == -EINVAL);
    MUST(sc_mmap(limit - PAGE, PAGE, RW) == 0);
    limit[-1] = 1;
    MUST(sc_munmap(limit - 1) == 0);
    return PASSED;
}

/** The image's regions are regions: they can be made writable, and unmapped. */
static int write_image(void)
{
    char *code = (char *)(uintptr_t)layout;
    char first = *code;

    MUST(sc_mchmap(code, MM_READ | MM_WRITE | MM_EXEC) == 0);
    *(volatile char *)code = 1;
    MUST(*code == 1);
    *(volatile char *)code = first;
    MUST(sc_mchmap(code, MM_READ | MM_EXEC) == 0);
    *(volatile char *)code = 1;
    return 0;
}

static int unmap_image(void)
{
    (void)sc_munmap((void *)(uintptr_t)layout); /* there is no code to return to */
    return PASSED;
}

static int freeze_stack(void)
{
    volatile int here = 0;

    (void)sc_mchmap((void *)(uintptr_t)&here, MM_READ);
    here = 1;
    return PASSED;
}

static int unmap_stack(void)
{
    int here;

    (void)sc_munmap(&here); /* there is no stack to return on */
    return PASSED;
}

/** Map and unmap many regions: the limit is told, nothing breaks. */
static int many_regions(void)
{
    int mapped = 0;

    while (sc_mmap(HEAP + 2 * mapped * PAGE, PAGE, RW) == 0)
        mapped++;
    MUST(mapped > 1000);
    MUST(sc_mmap(HEAP + 2 * mapped * PAGE, PAGE, RW) == -ENOMEM);
    while (mapped-- > 0)
        MUST(sc_munmap(HEAP + 2 * mapped * PAGE) == 0);
    return PASSED;
}

static const struct guest_case cases[] = {
    CASE(map_write_unmap),
    CASE(allocator_first_call),
    CASE(refusals),
    CASE(touch_after_unmap),
    CASE(write_after_protect),
    CASE(write_again),
    CASE(run_mapped_code),
    CASE(unmap_stack),
    CASE(many_regions),
    CASE(layout),
    CASE(write_image),
    CASE(unmap_image),
    CASE(freeze_stack),
};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
