/* SPDX-License-Identifier: MIT */
/*
 * A small driver for fuzz targets where no libFuzzer is: runs every file of a corpus folder as it is, then
 * seeded mutations of them. Deterministic: the same count and seed try the same inputs.
 *
 *     fuzz_elf tests/fuzz/corpus/elf [MUTATIONS [SEED]]
 *
 * An input that ends the program, or does not end, is left in a file: fuzz_elf.PID.input. Put it into the
 * corpus when it is repaired: fuzz_elf FOLDER 0 runs a folder without mutations.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536, INPUTS_MAX = 256, CHANGES_MAX = 8, MUTATIONS = 20000 };

struct input {
    uint8_t *bytes;
    size_t size;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int read_input(const char *folder, const char *name, struct input *out)
{
    char path[4096];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "rb");
    if (f == NULL)
        return -1;
    out->bytes = malloc(INPUT_MAX);
    out->size = out->bytes != NULL ? fread(out->bytes, 1, INPUT_MAX, f) : 0;
    (void)fclose(f);
    return out->bytes != NULL ? 0 : -1;
}

static size_t read_corpus(const char *folder, struct input *inputs)
{
    size_t count = 0;
    struct dirent *entry;
    DIR *dir = opendir(folder);

    if (dir == NULL)
        return 0;
    while (count < INPUTS_MAX && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.' && read_input(folder, entry->d_name, &inputs[count]) == 0)
            count++;
    }
    (void)closedir(dir);
    return count;
}

/** Change one thing: flip a bit, set a byte or a word to an edge value, cut, or double a stretch. */
static size_t change(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const uint32_t edges[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFF000, 0xFFFF};
    uint64_t r = next_random(state);
    size_t at = size > 0 ? (size_t)(r >> 8) % size : 0;
    size_t len = (size_t)(r >> 40) % 16;

    if (size == 0)
        return 0;
    switch (r % 5) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << (r >> 60 & 7));
        return size;
    case 1:
        bytes[at] = (uint8_t)(r >> 32);
        return size;
    case 2:
        len = size - at < 4 ? size - at : 4;
        memcpy(bytes + at, &edges[(r >> 32) % 7], len);
        return size;
    case 3:
        return at;
    default:
        if (size + len > INPUT_MAX || at + len > size)
            return size;
        memmove(bytes + at + len, bytes + at, size - at);
        return size + len;
    }
}

/** Run an input, which is in the file @kept meanwhile. */
static void run(int kept, const uint8_t *bytes, size_t size)
{
    if (pwrite(kept, bytes, size, 0) != (ssize_t)size || ftruncate(kept, (off_t)size) < 0) {
        perror("the file of the input");
        exit(2);
    }
    (void)LLVMFuzzerTestOneInput(bytes, size);
}

int main(int argc, char **argv)
{
    static struct input inputs[INPUTS_MAX];
    static uint8_t bytes[INPUT_MAX];
    char path[4096];
    int kept;
    unsigned long mutations = argc > 2 ? strtoul(argv[2], NULL, 10) : MUTATIONS;
    uint64_t state = argc > 3 ? strtoull(argv[3], NULL, 10) | 1 : UINT64_C(0x5C0B0C5);
    size_t count = argc > 1 ? read_corpus(argv[1], inputs) : 0;

    if (count == 0) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER [MUTATIONS [SEED]]\n", argv[0]);
        return 2;
    }
    (void)snprintf(path, sizeof(path), "%s.%d.input", argv[0], (int)getpid());
    kept = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    for (size_t i = 0; i < count; i++)
        run(kept, inputs[i].bytes, inputs[i].size);
    for (unsigned long n = 0; n < mutations; n++) {
        const struct input *in = &inputs[next_random(&state) % count];
        size_t size = in->size;

        memcpy(bytes, in->bytes, size);
        for (uint64_t k = next_random(&state) % CHANGES_MAX + 1; k > 0; k--)
            size = change(bytes, size, &state);
        run(kept, bytes, size);
    }
    (void)close(kept);
    (void)unlink(path);
    for (size_t i = 0; i < count; i++)
        free(inputs[i].bytes);
    (void)printf("%zu inputs, %lu mutations\n", count, mutations);
    return 0;
}
