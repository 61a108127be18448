/* SPDX-License-Identifier: MIT */
#include "client/cli/base/host_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

/* ---- opening ---- */

/** The kind of a file that is not regular, in words. */
static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISFIFO(mode))
        return "a FIFO";
    if (S_ISSOCK(mode))
        return "a socket";
    return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "no file";
}

/** Add why open() failed; for a socket, errno would say "no such device". Returns -errno. */
static int open_failed(const char *path, int err, struct why *why)
{
    struct stat st;

    if (err == ENXIO && stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        return why_add(why, -EINVAL, "it is a socket, not a regular file");
    if (err == ENXIO && stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
        return why_add(why, -err, "it is a FIFO without a reader");
    return why_add(why, -err, "%s", strerror(err));
}

/** Whether an open file may be read. Returns 0 or -errno. */
static int check_readable(const struct stat *st, int64_t max, int flags, struct why *why)
{
    if (S_ISDIR(st->st_mode) && (flags & HOST_DIR) != 0)
        return 0;
    if (!S_ISREG(st->st_mode))
        return why_add(why, S_ISDIR(st->st_mode) ? -EISDIR : -EINVAL,
                       "it is %s, not a regular file", kind_of(st->st_mode));
    if (max >= 0 && st->st_size > max)
        return why_add(why, -EFBIG, "it has %" PRId64 " bytes, and at most %" PRId64 " are read",
                       (int64_t)st->st_size, max);
    return 0;
}

int host_open(const char *path, int64_t max, int flags, struct stat *st, struct why *why)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat found;
    int err;

    if (fd < 0)
        return open_failed(path, errno, why);
    err = fstat(fd, &found) == 0 ? check_readable(&found, max, flags, why) : -errno;
    if (err < 0) {
        (void)close(fd);
        return err;
    }
    if (st != NULL)
        *st = found;
    return fd;
}

/** Append at most @max bytes. Returns 0, -EFBIG: there are more, or another -errno. */
static int read_all(int fd, size_t max, struct strbuf *out)
{
    char chunk[CHUNK];
    size_t total = 0;

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? 0 : -errno;
        if ((size_t)got > max - total)
            return -EFBIG;
        total += (size_t)got;
        if (strbuf_add(out, chunk, (size_t)got) < 0)
            return -ENOMEM;
    }
}

int host_read(const char *path, size_t max, struct strbuf *out, struct why *why)
{
    int fd = host_open(path, (int64_t)max, 0, NULL, why);
    int err;

    if (fd < 0)
        return fd;
    err = read_all(fd, max, out);
    (void)close(fd);
    if (err == -EFBIG)
        why_note(why, "it has more than %zu bytes", max);
    else if (err < 0)
        why_note(why, "%s", strerror(-err));
    return err;
}

int host_read_end(const char *path, size_t max, struct strbuf *out)
{
    struct stat st;
    int fd = host_open(path, -1, 0, &st, NULL);
    int err;

    if (fd < 0)
        return fd;
    if ((int64_t)st.st_size > (int64_t)max)
        (void)lseek(fd, st.st_size - (off_t)max, SEEK_SET);
    err = read_all(fd, max, out);
    (void)close(fd);
    return err;
}

int host_create(const char *path, int flags, struct why *why)
{
    int how = (flags & HOST_NEW) != 0 ? O_EXCL : (flags & HOST_APPEND) != 0 ? O_APPEND : 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | how,
                  (flags & HOST_APPEND) != 0 ? 0600 : 0666);
    struct stat st;
    int err = 0;

    if (fd < 0)
        return open_failed(path, errno, why);
    if (fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && how == 0 && ftruncate(fd, 0) != 0))
        err = why_add(why, -errno, "%s", strerror(errno));
    else if (!S_ISREG(st.st_mode) && (flags & HOST_STREAM) == 0)
        err = why_add(why, -EINVAL, "it is %s, not a regular file", kind_of(st.st_mode));
    if (err < 0) {
        (void)close(fd);
        return err;
    }
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
}

int host_create_stream(const char *path, int flags, FILE **out, struct why *why)
{
    int fd = host_create(path, flags, why);
    FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (fd < 0)
        return fd;
    if (stream == NULL) {
        (void)close(fd);
        return why_add(why, -ENOMEM, "out of memory");
    }
    *out = stream;
    return 0;
}

DIR *host_dir(const char *path)
{
    struct stat st;
    int fd = host_open(path, -1, HOST_DIR, &st, NULL);
    DIR *dir = fd >= 0 && S_ISDIR(st.st_mode) ? fdopendir(fd) : NULL;

    if (dir == NULL && fd >= 0)
        (void)close(fd);
    return dir;
}

int host_null(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

const char *host_reason(const struct why *why)
{
    return why->count > 0 ? why->text[0] : "out of memory";
}

/* ---- directories ---- */

/** A walk, with the directories that it is in, outermost first. */
struct walk {
    host_found_fn fn;
    void *user;
    struct why *why;
    size_t entries;
    struct stat above[HOST_LEVELS_MAX];
    size_t level;
};

bool host_is_loop(const struct stat *above, size_t count, const struct stat *st)
{
    for (size_t i = 0; i < count; i++) {
        if (above[i].st_dev == st->st_dev && above[i].st_ino == st->st_ino)
            return true;
    }
    return false;
}

static int walk_dir(struct walk *w, const char *path, const struct stat *st);

/** Enter a directory, or call the callback for another entry. */
static int walk_entry(struct walk *w, const char *path)
{
    struct strbuf problem = STRBUF_INIT;
    struct stat st;
    int code = 0;

    if (++w->entries > HOST_ENTRIES_MAX)
        return why_add(w->why, -E2BIG, "it has more than %d entries", HOST_ENTRIES_MAX);
    if (stat(path, &st) != 0)
        (void)strbuf_adds(&problem, strerror(errno));
    else if (S_ISDIR(st.st_mode) && host_is_loop(w->above, w->level, &st))
        (void)strbuf_adds(&problem, HOST_LOOP);
    else if (S_ISDIR(st.st_mode))
        return walk_dir(w, path, &st);
    else if (!S_ISREG(st.st_mode))
        (void)strbuf_addf(&problem, "it is %s, not a regular file", kind_of(st.st_mode));
    code = w->fn(w->user, path, problem.len > 0 ? strbuf_str(&problem) : NULL);
    strbuf_done(&problem);
    return code;
}

static int walk_dir(struct walk *w, const char *path, const struct stat *st)
{
    struct dirent *entry;
    DIR *dir;
    int code = 0;

    if (w->level == HOST_LEVELS_MAX)
        return why_add(w->why, -ELOOP, "its directories are nested more than %d deep",
                       HOST_LEVELS_MAX);
    dir = host_dir(path);
    if (dir == NULL)
        return w->level == 0 ? why_add(w->why, -errno, "%s", strerror(errno))
                             : w->fn(w->user, path, strerror(errno));
    w->above[w->level++] = *st;
    while (code == 0 && (entry = readdir(dir)) != NULL) {
        struct strbuf below = STRBUF_INIT;

        if (entry->d_name[0] == '.')
            continue;
        (void)strbuf_addf(&below, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/",
                          entry->d_name);
        code = walk_entry(w, strbuf_str(&below));
        strbuf_done(&below);
    }
    w->level--;
    (void)closedir(dir);
    return code;
}

int host_walk(const char *dir, host_found_fn fn, void *user, struct why *why)
{
    struct walk w = {.fn = fn, .user = user, .why = why};
    struct stat st;

    if (stat(dir, &st) != 0)
        return why_add(why, -errno, "%s", strerror(errno));
    return walk_dir(&w, dir, &st);
}
