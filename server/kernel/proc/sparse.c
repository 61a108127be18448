/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/sparse.h"

#include "schema/calls.h"
#include "server/kernel/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct page {
    uint64_t number; /* address / SC_PAGE_SIZE */
    UT_hash_handle hh;
    unsigned char bytes[SC_PAGE_SIZE];
};

static struct page *find_page(const struct sparse *s, uint64_t number)
{
    struct page *page;

    HASH_FIND(hh, s->table, &number, sizeof(number), page);
    return page;
}

/** The page with a number, made if it does not exist; NULL: no memory. */
static struct page *get_page(struct sparse *s, uint64_t number)
{
    struct page *page = find_page(s, number);

    if (page != NULL)
        return page;
    page = calloc(1, sizeof(*page));
    if (page == NULL)
        return NULL;
    page->number = number;
    HASH_ADD(hh, s->table, number, sizeof(page->number), page);
    if (hash_added(page))
        return page;
    free(page);
    return NULL;
}

/** How many of @len bytes at @addr lie in its page. */
static size_t in_page(uint64_t addr, size_t len)
{
    size_t room = SC_PAGE_SIZE - (size_t)(addr % SC_PAGE_SIZE);

    return len < room ? len : room;
}

void sparse_read(const struct sparse *s, uint64_t addr, void *buf, size_t len)
{
    for (char *to = buf; len > 0;) {
        const struct page *page = find_page(s, addr / SC_PAGE_SIZE);
        size_t n = in_page(addr, len);

        if (page != NULL)
            memcpy(to, page->bytes + addr % SC_PAGE_SIZE, n);
        else
            memset(to, 0, n);
        to += n;
        addr += n;
        len -= n;
    }
}

int sparse_write(struct sparse *s, uint64_t addr, const void *buf, size_t len)
{
    for (const char *from = buf; len > 0;) {
        struct page *page = get_page(s, addr / SC_PAGE_SIZE);
        size_t n = in_page(addr, len);

        if (page == NULL)
            return -ENOMEM;
        memcpy(page->bytes + addr % SC_PAGE_SIZE, from, n);
        from += n;
        addr += n;
        len -= n;
    }
    return 0;
}

static void drop_page(struct sparse *s, struct page *page)
{
    HASH_DEL(s->table, page);
    free(page);
}

void sparse_drop(struct sparse *s, uint64_t addr, uint64_t size)
{
    uint64_t first = addr / SC_PAGE_SIZE;
    uint64_t count = size / SC_PAGE_SIZE;
    struct page *page;
    struct page *next;

    if (count > HASH_COUNT(s->table)) {
        HASH_ITER(hh, s->table, page, next) {
            if (page->number - first < count)
                drop_page(s, page);
        }
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        page = find_page(s, first + i);
        if (page != NULL)
            drop_page(s, page);
    }
}

void sparse_done(struct sparse *s)
{
    sparse_drop(s, 0, UINT64_MAX);
}
