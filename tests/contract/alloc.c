/* SPDX-License-Identifier: MIT */
#include "tests/contract/alloc.h"

#include <stddef.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void __real_free(void *ptr);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
void __wrap_free(void *ptr);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t len);

static long live;
static long until_failure = -1;
static bool failed;

long alloc_live(void)
{
    return live;
}

void alloc_fail_after(long count)
{
    until_failure = count;
    failed = false;
}

bool alloc_failed(void)
{
    return failed;
}

static bool refused(void)
{
    if (until_failure < 0)
        return false;
    failed = until_failure-- == 0;
    return failed;
}

static void *counted(void *ptr)
{
    live += ptr != NULL ? 1 : 0;
    return ptr;
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *ptr, size_t size)
{
    if (refused())
        return NULL;
    return ptr == NULL ? counted(__real_realloc(ptr, size)) : __real_realloc(ptr, size);
}

void __wrap_free(void *ptr)
{
    live -= ptr != NULL ? 1 : 0;
    __real_free(ptr);
}

char *__wrap_strndup(const char *s, size_t len)
{
    size_t used = strnlen(s, len);
    char *copy = __wrap_malloc(used + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, s, used);
    copy[used] = '\0';
    return copy;
}

char *__wrap_strdup(const char *s)
{
    return __wrap_strndup(s, strlen(s));
}
