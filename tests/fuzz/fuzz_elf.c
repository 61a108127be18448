/* SPDX-License-Identifier: MIT */
/* ELF images: whatever is accepted must keep the promises of exec_image. */
#include "server/base/check.h"
#include "server/kernel/proc/elf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segment(const struct exec_segment *s, const struct exec_image *image,
                          const char *bytes, size_t size)
{
    const char *from = s->data;

    CHECK(s->size > 0 && s->addr % SC_PAGE_SIZE == 0 && s->size % SC_PAGE_SIZE == 0);
    CHECK(s->addr < image->abi->user_limit && s->size <= image->abi->user_limit - s->addr);
    CHECK(s->data_addr >= s->addr && s->data_addr - s->addr + s->data_size <= s->size);
    CHECK(from >= bytes && from + s->data_size <= bytes + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exec_image image;
    struct why why = WHY_INIT;
    char *bytes = malloc(size > 0 ? size : 1); /* exact, so that a sanitizer sees one too many */

    CHECK(bytes != NULL);
    if (size > 0)
        memcpy(bytes, data, size);
    if (elf_parse(bytes, size, &image, &why) == 0) {
        for (size_t i = 0; i < image.segment_count; i++)
            check_segment(&image.segment[i], &image, bytes, size);
    } else {
        CHECK(why.count > 0);
    }
    why_done(&why);
    free(bytes);
    return 0;
}
