/* SPDX-License-Identifier: MIT */
/* The registry: finding drivers, splitting options, reasons for refusals; and generic around a
 * thin driver. */
#include "fsdrivers/devfs/device.h"
#include "fsdrivers/generic/generic.h"
#include "fsdrivers/options.h"
#include "fsdrivers/registry.h"
#include "schema/drivers.h"
#include "tests/contract/bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What opening answers; a success is closed again. */
static int try_open(struct bed *b, const char *driver, const char *opts)
{
    int err;

    b->driver = driver;
    err = bed_open(b, opts);
    bed_close(b);
    return err;
}

Test(registry, lists_drivers)
{
    size_t count = 0;

    while (registry_at(count) != NULL) {
        cr_assert(registry_at(count)->name != NULL && registry_at(count)->doc != NULL);
        count++;
    }
    cr_assert(count >= 2);
}

/* What is told of the drivers by `scbox help` is what they are. */
Test(registry, drivers_are_those_of_the_schema)
{
    static const struct {
        const char *name, *alias, *doc;
    } rows[] = {
#define ROW(name, alias, doc, OPTIONS) {name, alias, doc},
        FS_DRIVERS(ROW)
#undef ROW
    };
    size_t count = 0;

    for (; registry_at(count) != NULL; count++) {
        const struct fs_driver *driver = registry_at(count);

        cr_assert_lt(count, sizeof rows / sizeof rows[0],
                     "%s has no row of FS_DRIVERS in schema/drivers.h", driver->name);
        cr_assert_str_eq(driver->name, rows[count].name,
                         "driver %zu of registry.c is %s, but of FS_DRIVERS %s: one order", count,
                         driver->name, rows[count].name);
        cr_assert_str_eq(driver->alias != NULL ? driver->alias : "", rows[count].alias);
        cr_assert_str_eq(driver->doc, rows[count].doc);
    }
    cr_assert_eq(count, sizeof rows / sizeof rows[0]);
}

Test(registry, unknown_driver_ENODEV)
{
    struct bed b;

    bed_init(&b, "ramfs");
    IS(try_open(&b, "ramfsx", NULL), -ENODEV);
    cr_assert(bed_why(&b, "ramfsx") && bed_why(&b, "devfs"));
    IS(try_open(&b, "", NULL), -ENODEV);
    IS(try_open(&b, "nullfs", NULL), 0);
    bed_done(&b);
}

Test(registry, bad_options_EINVAL)
{
    static const char *const bad[] = {
        "sise=1",
        "size=",
        "size=1X",
        "size=-1",
        "size= 1",
        "size=1KK",
        "size",
        "setuid=x",
        "setuid=4294967296",
        "fmask=8",
        "readonly=1",
        ",",
        "c,",
        "=1",
        "c,c",
        "c=1",
        "size=99999999T",
        "quota_bytes=0x1",
        "quota_inodes=1.5",
        "timeout=0",
        "timeout=3601",
        "timeout",
        "c,size=1M,c",
    };
    struct bed b;

    bed_init(&b, "ramfs");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert(try_open(&b, "ramfs", bad[i]) == -EINVAL, "%s", bad[i]);
        cr_assert(b.why.count > 0, "%s: no reason", bad[i]);
    }
    IS(try_open(&b, "ramfs", "sise=1"), -EINVAL);
    cr_assert(bed_why(&b, "sise") && bed_why(&b, "size") && bed_why(&b, "quota_bytes"));
    IS(try_open(&b, "devfs", "size=1"), -EINVAL);
    IS(try_open(&b, "ramfs", ""), 0);
    IS(try_open(&b, "ramfs", "timeout=1"), 0);
    IS(try_open(&b, "ramfs", "timeout=3600"), 0);
    IS(try_open(&b, "ramfs", "c,m,d,size=1M,setuid=1,setgid=2,fmask=0,dmask=777,readonly"), 0);
    bed_done(&b);
}

Test(registry, source_where_none_is_taken_ENOTSUP)
{
    struct bed b;

    bed_init(&b, "ramfs");
    IS(try_open(&b, "ramfs", "source=/tmp/x"), -ENOTSUP);
    IS(try_open(&b, "devfs", "source=x=y"), -ENOTSUP);
    IS(try_open(&b, "ramfs", "source=//host/share"), -ENOTSUP);
    cr_assert(bed_why(&b, "no driver for network targets yet"));
    IS(try_open(&b, "hostfs", "source=/dev/null"), -ENOTBLK);
    IS(try_open(&b, "hostfs", "source=own"), -ENOTSUP);
    cr_assert(b.why.count == 1);
    bed_done(&b);
}

Test(registry, options_at_their_most_bytes_and_past_them)
{
    static char text[OPTIONS_LEN_MAX + 2] = "a=";
    struct options o;

    memset(text + 2, 'x', OPTIONS_LEN_MAX - 2);
    IS(options_split(text, NULL, &o, NULL), 0);
    options_done(&o);
    text[OPTIONS_LEN_MAX] = 'x';
    IS(options_split(text, NULL, &o, NULL), -EINVAL);
}

Test(registry, options_at_their_most_and_past_it)
{
    char text[OPTIONS_MAX * 8 + 8] = "k0";
    struct options o;

    for (int i = 1; i < OPTIONS_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), ",k%d", i);
    IS(options_split(text, NULL, &o, NULL), 0);
    IS(o.count, OPTIONS_MAX);
    options_done(&o);
    (void)strcat(text, ",more");
    IS(options_split(text, NULL, &o, NULL), -EINVAL);
}

Test(registry, options_split_values_in_quotes)
{
    struct options o;

    IS(options_split("a=\"b,c=d\",e=\"\",f=\"x\\\"y\\\\z\\n\",g=\"h\"", NULL, &o, NULL), 0);
    IS(o.count, 4);
    cr_assert_str_eq(option_get(o.at, "a"), "b,c=d");
    cr_assert_str_eq(option_get(o.at, "e"), "");
    cr_assert_str_eq(option_get(o.at, "f"), "x\"y\\z\\n");
    cr_assert_str_eq(option_get(o.at, "g"), "h");
    options_done(&o);
    IS(options_split("a=b\"c\",d", NULL, &o, NULL), 0); /* only where the value begins */
    cr_assert_str_eq(option_get(o.at, "a"), "b\"c\"");
    options_done(&o);
}

Test(registry, options_split_bad_quotes_EINVAL)
{
    static const char *const bad[] = {"a=\"",     "a=\"b",       "a=\"b\\\"", "a=\"b\"c",
                                      "a=\"b\"=", "a=\"b\",a=1", "=\"b\"",    "a=\"b\","};
    struct options o;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        IS(options_split(bad[i], NULL, &o, NULL), -EINVAL);
}

Test(registry, options_split_one_key_may_be_repeated)
{
    struct options o;

    IS(options_split("a=1,b=2,a=3", "a", &o, NULL), 0);
    IS(o.count, 3);
    cr_assert_str_eq(o.at[0].value, "1");
    cr_assert_str_eq(o.at[2].value, "3");
    options_done(&o);
    IS(options_split("a=1,b=2,b=3", "a", &o, NULL), -EINVAL);
}

Test(registry, options_split_values_with_equals)
{
    struct options o;

    IS(options_split("a=b=c,d,e=", NULL, &o, NULL), 0);
    IS(o.count, 3);
    cr_assert_str_eq(option_get(o.at, "a"), "b=c");
    cr_assert_str_eq(option_get(o.at, "d"), "");
    cr_assert_str_eq(option_get(o.at, "e"), "");
    cr_assert(option_get(o.at, "f") == NULL);
    options_done(&o);
}

/* ---- Grants of ramfs ---- */

Test(ramfs, grants_EACCES)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, "nullfs");
    IS(bed_open(b, "c"), 0);
    put_file(b, "/f", "", 0);
    IS(FS(unlink, "/f"), -EACCES);
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), -EACCES);
    IS(FS(unlink, "/no"), -ENOENT);
    bed_close(b);
    IS(bed_open(b, "m,d"), 0);
    IS(FS(mknod, "/f", S_IFREG), -EACCES);
    IS(FS(mkdir, "/f", 0755), -EACCES);
    IS(FS(symlink, "x", "/f"), -EACCES);
    IS(FS(rmdir, "/f"), -ENOENT);
    bed_done(b);
}

Test(ramfs, rename_over_a_name_deletes_it_EACCES)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, "ramfs");
    IS(bed_open(b, "c,m"), 0);
    put_file(b, "/f", "", 0);
    put_file(b, "/g", "", 0);
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), -EACCES);
    IS(FS(rename, "/f", "/g", FS_RENAME_EXCHANGE), 0);
    IS(FS(rename, "/f", "/h", FS_RENAME_REPLACE), 0);
    bed_done(b);
}

/* ---- Devices in ramfs ---- */

Test(ramfs, devices_are_beside_files)
{
    struct bed bed;
    struct bed *b = &bed;
    struct fs_file f;
    struct fs_statfs st;
    char buf[4] = "abc";
    char path[BED_PATH_MAX];

    bed_init(b, "ramfs");
    IS(bed_open(b, "devices"), 0);
    put_file(b, "/f", "12345", 5);
    for (size_t i = 0; i < device_count; i++) {
        (void)snprintf(path, sizeof(path), "/%s", device_table[i].name);
        IS(stat_of(b, path).mode, S_IFCHR | DEVICE_MODE);
    }
    IS(stat_of(b, "/tty").mode, S_IFCHR | 0666);
    IS(stat_of(b, "/tty").rdev, 0x500);
    open_file(b, "/tty", FS_O_RDWR, &f);
    IS(f.nonseekable, true);
    IS(FS(poll, NULL, true, &f), true);
    IS(FS(poll, NULL, false, &f), false);
    IS(bed_read(b, NULL, buf, 3, 9, &f), -EAGAIN);
    b->typed = "hello";
    IS(FS(poll, NULL, false, &f), true);
    IS(bed_read(b, NULL, buf, 3, 9, &f), 3);
    IS(FS(unlink, "/tty"), 0);
    IS(bed_write(b, NULL, "end", 3, 0, &f), 3);
    IS(FS(close, NULL, &f), 0);
    cr_assert_str_eq(strbuf_str(&b->console), "end");
    IS(FS(truncate, "/null", 7, NULL), 0);
    IS(FS(mknod, "/tty", S_IFCHR | 0666), -EINVAL);
    IS(FS(statfs, &st), 0);
    IS(st.inodes_used, 1);
    IS(st.bytes_used, 5);
    bed_done(b);
}

Test(ramfs, devices_bad_or_without_room)
{
    struct bed b;

    bed_init(&b, "ramfs");
    IS(try_open(&b, "ramfs", "devices=all"), -EINVAL);
    IS(try_open(&b, "ramfs", "devices,size=1K"), -ENOSPC);
    cr_assert(bed_why(&b, "size"));
    IS(try_open(&b, "nullfs", "cd,devices"), 0);
    bed_done(&b);
}

/* ---- The old form of nullfs: a set of letters ---- */

/** Which of c, m, d an instance grants. */
static const char *grants_of(struct bed *b, const char *opts, char out[4])
{
    struct fs_statfs st;
    size_t len = 0;

    IS(bed_open(b, opts), 0);
    IS(FS(statfs, &st), 0);
    IS(FS(mknod, "/f", S_IFREG), st.readonly ? -EROFS : st.no_create == NULL ? 0 : -EACCES);
    if (st.no_create == NULL)
        out[len++] = 'c';
    if (st.no_move == NULL)
        out[len++] = 'm';
    if (st.no_delete == NULL)
        out[len++] = 'd';
    out[len] = '\0';
    bed_close(b);
    return out;
}

Test(nullfs, letters)
{
    static const char *const forms[][2] = {
        {"cmd", "cmd"},     {"dmc", "cmd"},  {"c", "c"},           {"md", "md"},
        {"cc", "c"},        {"", ""},        {"cd,size=1M", "cd"}, {"c,m", "cm"},
        {"size=1M", "cmd"}, {"cm,d", "cmd"}, {"readonly,d", "d"},  {NULL, "cmd"},
    };
    struct bed bed;
    char got[4];

    bed_init(&bed, "nullfs");
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        cr_expect_str_eq(grants_of(&bed, forms[i][0], got), forms[i][1], "%s", forms[i][0]);
    bed_done(&bed);
}

Test(nullfs, a_bad_letter_EINVAL)
{
    struct bed b;

    bed_init(&b, "nullfs");
    IS(try_open(&b, "nullfs", "cxd"), -EINVAL);
    cr_assert(bed_why(&b, ": x"));
    IS(try_open(&b, "nullfs", "cmd,sise=1"), -EINVAL);
    cr_assert(bed_why(&b, "sise"));
    IS(try_open(&b, "ramfs", "cmd"), -EINVAL);
    IS(try_open(&b, "ramfs", ""), 0);
    bed_done(&b);
}

Test(ramfs, size_ENOSPC)
{
    static char bytes[FS_IO_MAX];
    struct bed bed;
    struct bed *b = &bed;

    fill(bytes, sizeof(bytes), 1);
    bed_init(b, "ramfs");
    IS(bed_open(b, "size=1M"), 0);
    put_file(b, "/f", bytes, 1000000);
    IS(bed_write(b, "/f", bytes, 100000, 1000000, NULL), -ENOSPC);
    IS(stat_of(b, "/f").size, 1000000);
    IS(stat_of(b, "/f").blocks, 1003520 / 512);
    cr_assert(file_is(b, "/f", bytes, 1000000));
    IS(FS(truncate, "/f", 0, NULL), 0);
    IS(bed_write(b, "/f", bytes, 1000000, 0, NULL), 1000000);
    bed_done(b);
}

/* ---- generic over a driver with no open files and hardly a slot ---- */

static int thin_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                        struct fs_stat *out, struct fs_file *file)
{
    (void)fs;
    (void)who;
    (void)file;
    *out = (struct fs_stat){.ino = 1, .mode = S_IFDIR | 0755u};
    if (strcmp(path, "/") == 0)
        return 0;
    *out = (struct fs_stat){.ino = 2, .mode = S_IFREG | 0644u, .size = 3};
    return strcmp(path, "/f") == 0 ? 0 : -ENOENT;
}

static void thin_destroy(struct fs *fs, struct why *why)
{
    (void)why;
    free(fs);
}

static const struct fs_ops thin_ops = {.getattr = thin_getattr, .destroy = thin_destroy};
static const struct fs_driver thin_driver = {.name = "thin", .doc = "two slots"};

Test(generic, empty_slots_ENOSYS)
{
    struct bed bed;
    struct bed *b = &bed;
    struct fs_file f = {.flags = FS_O_RDONLY};
    struct fs_config config = {.readonly = false};
    struct fs_open req = {.env = &bed.env, .why = &bed.why};
    struct generic *g;
    struct fs *thin;
    char byte = '#';

    bed_init(b, "thin");
    thin = calloc(1, sizeof(*thin));
    *thin = (struct fs){.ops = &thin_ops, .driver = &thin_driver, .caps = FS_CAP_NO_OPEN};
    IS(generic_new(&config, &thin_driver, &req, &g), 0);
    b->fs = generic_wrap(g, thin);
    IS(FS(open, "/f", &f), 0);
    IS(FS(close, "/f", &f), 0);
    IS(FS(open, "/", &f), -EISDIR);
    IS(FS(opendir, "/", &f), 0);
    IS(FS(closedir, "/", &f), 0);
    IS(FS(opendir, "/f", &f), -ENOTDIR);
    IS(bed_read(b, "/f", &byte, 1, 0, NULL), -ENOSYS);
    IS(byte, 0);
    IS(bed_write(b, "/f", "x", 1, 0, NULL), -ENOSYS);
    IS(FS(mknod, "/g", 0), -ENOSYS);
    IS(FS(readdir, "/", NULL, NULL, NULL), -ENOSYS);
    IS(FS(fsync, "/f", false, NULL), -ENOSYS);
    IS(FS0(sync), -ENOSYS);
    IS(b->fs->ops->add_source(b->fs, &req), -ENOTSUP);
    bed_done(b);
}
