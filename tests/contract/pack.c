/* SPDX-License-Identifier: MIT */
#include "tests/contract/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

enum { TAR_BLOCK = 512, STAMP_S = 86400, OWNER = 1000, GROUP = 100 };

struct archive *pack_begin(const char *path, const char *format, const char *filter)
{
    struct archive *a = archive_write_new();

    cr_assert(archive_write_set_format_by_name(a, format) == ARCHIVE_OK, "%s",
              archive_error_string(a));
    cr_assert(strcmp(filter, "none") == 0 ||
                  archive_write_add_filter_by_name(a, filter) == ARCHIVE_OK,
              "%s", archive_error_string(a));
    if (strcmp(format, "iso9660") == 0) /* modes as they are */
        cr_assert(archive_write_set_options(a, "rockridge=strict") == ARCHIVE_OK);
    cr_assert(archive_write_open_filename(a, path) == ARCHIVE_OK, "%s", archive_error_string(a));
    return a;
}

static struct archive_entry *new_entry(const char *name, uint32_t mode)
{
    struct archive_entry *e = archive_entry_new();

    archive_entry_set_pathname(e, name);
    archive_entry_set_mode(e, mode);
    archive_entry_set_uid(e, OWNER);
    archive_entry_set_gid(e, GROUP);
    archive_entry_set_mtime(e, STAMP_S, 0);
    return e;
}

static void add(struct archive *a, struct archive_entry *e)
{
    cr_assert(archive_write_header(a, e) >= ARCHIVE_WARN, "%s", archive_error_string(a));
    archive_entry_free(e);
}

void pack_file(struct archive *a, const char *name, uint32_t mode, const void *bytes, size_t len)
{
    struct archive_entry *e = new_entry(name, mode);

    archive_entry_set_size(e, (int64_t)len);
    add(a, e);
    if (len > 0)
        cr_assert(archive_write_data(a, bytes, len) == (la_ssize_t)len);
}

void pack_link(struct archive *a, const char *name, const char *target, int hard)
{
    struct archive_entry *e = new_entry(name, (hard ? S_IFREG : S_IFLNK) | 0644u);

    archive_entry_set_size(e, 0);
    if (hard)
        archive_entry_set_hardlink(e, target);
    else
        archive_entry_set_symlink(e, target);
    add(a, e);
}

void pack_end(struct archive *a)
{
    cr_assert(archive_write_close(a) == ARCHIVE_OK, "%s", archive_error_string(a));
    (void)archive_write_free(a);
}

void tar_put(FILE *to, struct tar_head head, const void *bytes, size_t len)
{
    static const char zeros[TAR_BLOCK];
    char block[TAR_BLOCK + 1] = "";
    unsigned sum = 0;

    (void)strncpy(block, head.name, 100);
    (void)snprintf(block + 100, 8, "%07o", head.mode != 0 ? head.mode : 0644);
    (void)snprintf(block + 108, 8, "%07o", OWNER);
    (void)snprintf(block + 116, 8, "%07o", GROUP);
    (void)snprintf(block + 124, 12, "%011zo", len);
    if (head.size != NULL)
        memcpy(block + 124, head.size, 12);
    (void)snprintf(block + 136, 12, "%011o", STAMP_S);
    block[156] = head.type != '\0' ? head.type : '0';
    if (head.link != NULL)
        (void)strncpy(block + 157, head.link, 100);
    memcpy(block + 257, "ustar\00000", 8);
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)block[i];
    (void)snprintf(block + 148, 8, "%06o", sum);
    cr_assert(fwrite(block, TAR_BLOCK, 1, to) == 1);
    cr_assert(len == 0 || fwrite(bytes, len, 1, to) == 1);
    if (len % TAR_BLOCK != 0)
        cr_assert(fwrite(zeros, TAR_BLOCK - len % TAR_BLOCK, 1, to) == 1);
}

void tar_end(FILE *to)
{
    static const char zeros[TAR_BLOCK * 2];

    cr_assert(fwrite(zeros, sizeof(zeros), 1, to) == 1);
    cr_assert(fclose(to) == 0);
}
