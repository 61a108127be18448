/* SPDX-License-Identifier: MIT */
#include "tests/contract/script.h"

#include "tests/contract/digest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PATH_ROOM = 64, DEPTH_MAX = 3, REACH = 200000, PIECE_MAX = 70000 };

/* splitmix64 */
static uint64_t draw(struct script *s)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t below(struct script *s, uint64_t bound)
{
    return draw(s) % bound;
}

static void draw_path(struct script *s, char *out)
{
    static const char *const names[] = {"a", "b", "c", "d\xff"};
    uint64_t depth = 1 + below(s, DEPTH_MAX);

    out[0] = '\0';
    while (depth-- > 0) {
        (void)strcat(out, "/");
        (void)strcat(out, names[below(s, 4)]);
    }
}

void script_init(struct script *s, uint64_t seed)
{
    *s = (struct script){.seed = seed};
}

__attribute__((format(printf, 2, 3))) static void say(struct script *s, const char *format, ...)
{
    size_t len = strlen(s->text);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(s->text + len, sizeof(s->text) - len, format, args);
    va_end(args);
}

/* ---- Content ---- */

static int64_t draw_place(struct script *s)
{
    return below(s, 2) == 0 ? (int64_t)below(s, 300) : (int64_t)below(s, REACH);
}

static size_t draw_size(struct script *s)
{
    return below(s, 3) == 0 ? (size_t)below(s, PIECE_MAX) : (size_t)below(s, 100);
}

static int64_t do_write(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    static char bytes[PIECE_MAX];
    size_t len = draw_size(s);
    int64_t off = draw_place(s);
    bool zeros = below(s, 5) == 0;

    if (zeros)
        memset(bytes, 0, len);
    else
        fill(bytes, len, (unsigned)draw(s));
    say(s, "write %zu%s bytes at %d", len, zeros ? " zero" : "", (int)off);
    return bed_write(b, path, bytes, len, off, file);
}

static int64_t do_read(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    static char bytes[PIECE_MAX];
    size_t len = draw_size(s);
    int64_t off = draw_place(s);
    int64_t count = bed_read(b, path, bytes, len, off, file);

    say(s, "read %zu bytes at %d", len, (int)off);
    return count > 0 ? digest_sum(bytes, (size_t)count) : count;
}

static int64_t do_truncate(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    uint64_t size = below(s, REACH);

    say(s, "truncate to %d", (int)size);
    return FS(truncate, path, size, file);
}

/* ---- Names ---- */

static int64_t do_rename(struct script *s, struct bed *b, const char *path, const char *other)
{
    static const char *const words[] = {"", " NOREPLACE", " EXCHANGE"};
    uint64_t type = below(s, 3);

    say(s, "rename to %s%s", other, words[type]);
    return FS(rename, path, other, (enum fs_rename_type)type);
}

static int64_t do_names(struct script *s, struct bed *b, const char *path)
{
    char other[PATH_ROOM];

    draw_path(s, other);
    switch (below(s, 8)) {
    case 0:
    case 1:
        say(s, "mknod");
        return FS(mknod, path, S_IFREG | 0644);
    case 2:
        say(s, "mkdir");
        return FS(mkdir, path, 0755);
    case 3:
        say(s, "unlink");
        return FS(unlink, path);
    case 4:
        say(s, "rmdir");
        return FS(rmdir, path);
    case 5:
        say(s, "symlink to %s", other);
        return FS(symlink, other, path);
    case 6:
        say(s, "link from %s", other);
        return FS(link, other, path);
    default:
        return do_rename(s, b, path, other);
    }
}

/* ---- Attributes, and what can be asked ---- */

static int64_t do_chmod(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    uint32_t mode = (uint32_t)below(s, 01000);

    say(s, "chmod 0%o", mode);
    return FS(chmod, path, mode, file);
}

static int64_t do_chown(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    uint32_t uid = (uint32_t)below(s, 9);

    say(s, "chown %u", uid);
    return FS(chown, path, uid, (uint32_t)-1, file);
}

static int64_t do_utimens(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    int64_t mtime = (int64_t)below(s, REACH);

    say(s, "utimens %d", (int)mtime);
    return FS(utimens, path, INT64_MIN, mtime, file);
}

static int64_t do_getattr(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    struct fs_stat st;
    int err = FS(getattr, path, &st, file);

    say(s, "getattr");
    return err < 0 ? err : (int64_t)(digest_stat(DIGEST_START, &st) >> 1) | 1;
}

static int64_t do_readlink(struct script *s, struct bed *b, const char *path)
{
    char target[PATH_ROOM] = "";
    size_t size = 1 + (size_t)below(s, PATH_ROOM);
    int64_t result = FS(readlink, path, target, size);

    say(s, "readlink into %zu bytes", size);
    return result != 0 ? result : digest_sum(target, sizeof(target));
}

static int add_name(void *user, const char *name, const struct fs_stat *stat)
{
    uint64_t *sum = user;

    (void)stat;
    *sum += digest_bytes(DIGEST_START, name, strlen(name)); /* in any order */
    return 0;
}

static int64_t do_readdir(struct script *s, struct bed *b, const char *path)
{
    uint64_t sum = 0;
    int err = FS(readdir, path, add_name, &sum, NULL);

    say(s, "readdir");
    return err < 0 ? err : (int64_t)(sum >> 1) | 1;
}

/* ---- A step ---- */

static int64_t do_open(struct script *s, struct bed *b, const char *path, size_t at)
{
    struct fs_file *f = &s->files[at];
    int64_t result;

    f->flags = FS_O_RDWR | (below(s, 2) == 0 ? FS_O_APPEND : 0u);
    say(s, "open%s as %zu", (f->flags & FS_O_APPEND) != 0 ? " APPEND" : "", at);
    result = FS(open, path, f);
    s->open[at] = result == 0;
    return result;
}

static int64_t do_close(struct script *s, struct bed *b, size_t at)
{
    say(s, "close");
    s->open[at] = false;
    return FS(close, NULL, &s->files[at]);
}

/** What can be done by path and by handle. */
static int64_t do_either(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    switch (below(s, 8)) {
    case 0:
        return do_truncate(s, b, path, file);
    case 1:
        return do_chmod(s, b, path, file);
    case 2:
        return do_chown(s, b, path, file);
    case 3:
        return do_utimens(s, b, path, file);
    case 4:
        return do_getattr(s, b, path, file);
    case 5:
        return do_read(s, b, path, file);
    default:
        return do_write(s, b, path, file);
    }
}

int64_t script_step(struct script *s, struct bed *b, int step)
{
    char path[PATH_ROOM];
    size_t at;

    s->state = s->seed * 1000003 + (uint64_t)step;
    s->text[0] = '\0';
    draw_path(s, path);
    at = (size_t)below(s, SCRIPT_HANDLES);
    switch (below(s, 8)) {
    case 0:
    case 1:
    case 2:
        say(s, "%s: ", path);
        return do_names(s, b, path);
    case 3:
    case 4:
        say(s, "%s: ", path);
        return do_either(s, b, path, NULL);
    case 5:
        say(s, "%s: ", path);
        return below(s, 2) == 0 ? do_readlink(s, b, path) : do_readdir(s, b, path);
    default:
        if (!s->open[at]) {
            say(s, "%s: ", path);
            return do_open(s, b, path, at);
        }
        say(s, "handle %zu: ", at);
        return below(s, 4) == 0 ? do_close(s, b, at) : do_either(s, b, NULL, &s->files[at]);
    }
}

void script_done(struct script *s, struct bed *b)
{
    for (size_t i = 0; i < SCRIPT_HANDLES; i++) {
        if (s->open[i])
            IS(FS(close, NULL, &s->files[i]), 0);
        s->open[i] = false;
    }
}
