/* SPDX-License-Identifier: MIT */
#include "tests/contract/bed.h"

#include "fsdrivers/registry.h"
#include "tests/contract/alloc.h"

#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NAMES_MAX = 4096, BED_START_S = 1000000000 };

/* Beds that are not done, and the allocations before the first of them. */
static int beds;
static long allocations;

static uint64_t bed_now(void *user)
{
    struct bed *b = user;

    return b->clock++;
}

static void bed_random(void *user, void *buf, size_t len)
{
    (void)user;
    fill(buf, len, 7);
}

static void bed_console(void *user, const struct fs_caller *who, const char *bytes, size_t len)
{
    struct bed *b = user;

    (void)who;
    (void)strbuf_add(&b->console, bytes, len);
}

static int64_t bed_input(void *user, const struct fs_caller *who, char *buf, size_t len)
{
    struct bed *b = user;
    size_t count = b->typed != NULL ? strnlen(b->typed, len) : 0;

    (void)who;
    if (b->typed == NULL)
        return -EAGAIN;
    memcpy(buf, b->typed, count);
    b->typed += count;
    return (int64_t)count;
}

static bool bed_input_ready(void *user, const struct fs_caller *who)
{
    (void)who;
    return ((struct bed *)user)->typed != NULL;
}

static size_t bed_input_count(void *user, const struct fs_caller *who)
{
    const struct bed *b = user;

    (void)who;
    return b->typed != NULL ? strlen(b->typed) : 0;
}

static void bed_window(void *user, const struct fs_caller *who, struct fs_window *out)
{
    (void)who;
    *out = ((struct bed *)user)->window;
}

static int bed_set_window(void *user, const struct fs_caller *who, const struct fs_window *in)
{
    (void)who;
    ((struct bed *)user)->window = *in;
    return 0;
}

static void bed_mix(void *user, const void *bytes, size_t len)
{
    (void)strbuf_add(&((struct bed *)user)->mixed, bytes, len);
}

static bool bed_take(void *user, uint64_t bytes)
{
    struct bed *b = user;

    if (b->room != 0 && bytes > b->room - b->taken)
        return false;
    b->taken += bytes;
    return true;
}

static void bed_give(void *user, uint64_t bytes)
{
    struct bed *b = user;

    b->taken -= bytes;
}

enum { BED_CALLER = 5, BED_CHILD = 12 };

static int bed_each_proc(void *user, const struct fs_caller *who, fs_proc_fn fn, void *fn_user)
{
    int result = fn(fn_user, who->pid);

    (void)user;
    return result != 0 ? result : fn(fn_user, BED_CHILD);
}

static int bed_proc_text(void *user, const struct fs_caller *who, int32_t pid,
                         enum fs_proc_item item, struct strbuf *out)
{
    struct bed *b = user;

    (void)who;
    return strbuf_addf(out, "%d %d %d\n", (int)pid, (int)item, b->told++);
}

static int bed_take_descriptors(void *user, uint32_t count, struct why *why)
{
    struct bed *b = user;

    if (count > BED_DESCRIPTORS - b->descriptors)
        return why_add(why, -EMFILE, "the bed has no descriptors left");
    b->descriptors += count;
    return 0;
}

static void bed_give_descriptors(void *user, uint32_t count)
{
    ((struct bed *)user)->descriptors -= count;
}

/* The first request for a writable layer is for the first of them. */
static int bed_lower(void *user, const char *name, bool write, struct fs **out, struct why *why)
{
    struct bed *b = user;

    for (unsigned i = 0; i < b->layers; i++) {
        if (name == NULL || strcmp(b->layer[i].name, name) != 0)
            continue;
        *out = b->layer[i].fs;
        b->layer[i].written = write;
        return 0;
    }
    return why_add(why, -ENODEV, "the bed has no layer %s", name != NULL ? name : "of a handle");
}

static void bed_give_lower(void *user, struct fs *lower)
{
    (void)user;
    (void)lower;
}

struct fs *bed_add_layer(struct bed *b, const char *name, const char *opts)
{
    struct bed_layer *l = &b->layer[b->layers++];
    const struct fs_open req = {.opts = opts, .env = &b->env, .why = &b->why};

    l->name = name;
    IS(registry_open("ramfs", &req, &l->fs), 0);
    return l->fs;
}

static void say_endless(int number)
{
    static const char text[] = "the test below is over BED_CPU_S: an endless loop?\n";

    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)raise(number);
}

/* End an endless loop, so that Criterion says which test it was. */
static void limit_time(void)
{
    const struct rlimit limit = {BED_CPU_S, BED_CPU_S + 1};
    const struct sigaction say = {.sa_handler = say_endless, .sa_flags = (int)SA_RESETHAND};

    if (!bed_is_long() && (sigaction(SIGXCPU, &say, NULL) < 0 || setrlimit(RLIMIT_CPU, &limit) < 0))
        cr_assert_fail("no limit of processor time: %s", strerror(errno));
}

void bed_init(struct bed *b, const char *driver)
{
    const char *tmp = getenv("TMPDIR");

    *b = (struct bed){
        .driver = driver, .who = {.pid = BED_CALLER}, .clock = (uint64_t)BED_START_S * 1000000000};
    b->env = (struct fs_env){.now_ns = bed_now,
                             .random = bed_random,
                             .mix = bed_mix,
                             .console = bed_console,
                             .input = bed_input,
                             .input_ready = bed_input_ready,
                             .input_count = bed_input_count,
                             .window = bed_window,
                             .set_window = bed_set_window,
                             .each_proc = bed_each_proc,
                             .proc_text = bed_proc_text,
                             .take = bed_take,
                             .give = bed_give,
                             .take_descriptors = bed_take_descriptors,
                             .give_descriptors = bed_give_descriptors,
                             .lower = bed_lower,
                             .give_lower = bed_give_lower,
                             .user = b};
    if (beds++ == 0)
        allocations = alloc_live();
    limit_time();
    if (strcmp(driver, "unionfs") == 0) {
        (void)bed_add_layer(b, "top", NULL);
        (void)bed_add_layer(b, "base", NULL);
    }
    b->hosted = strcmp(driver, "hostfs") == 0;
    if (!b->hosted && strcmp(driver, "sqlitefs") != 0 && strcmp(driver, "archivefs") != 0)
        return;
    (void)snprintf(b->dir, sizeof(b->dir) - 16, "%s/scbox-contract-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    cr_assert(mkdtemp(b->dir) != NULL, "no directory for the test: %s", strerror(errno));
    (void)snprintf(b->db, sizeof(b->db), "%.200s/test.db", b->dir);
    cr_assert(!b->hosted || mkdir(b->db, 0755) == 0);
}

int bed_open(struct bed *b, const char *opts)
{
    char all[BED_PATH_MAX * 2] = "write";
    size_t len = strlen(all);
    struct fs_open req = {.opts = b->hosted || b->layers > 0 ? all : opts,
                          .env = &b->env,
                          .who = {.uid = b->uid, .gid = b->gid},
                          .why = &b->why};

    if (b->layers > 0)
        len = 0;
    for (unsigned i = 0; i < b->layers; i++)
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%slayer=%s", i > 0 ? "," : "",
                                b->layer[i].name);
    (void)snprintf(all + len, sizeof(all) - len, "%s%s", opts != NULL ? "," : "",
                   opts != NULL ? opts : "");
    why_done(&b->why);
    req.source = b->db[0] != '\0' ? b->db : NULL;
    return registry_open(b->driver, &req, &b->fs);
}

void bed_close(struct bed *b)
{
    if (b->fs != NULL)
        b->fs->ops->destroy(b->fs, &b->why);
    b->fs = NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    (void)remove(path);
    return 0;
}

void bed_done(struct bed *b)
{
    bed_close(b);
    while (b->layers > 0) {
        struct fs *layer = b->layer[--b->layers].fs;

        layer->ops->destroy(layer, &b->why);
    }
    if (b->dir[0] != '\0')
        (void)nftw(b->dir, remove_one, BED_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
    why_done(&b->why);
    strbuf_done(&b->console);
    strbuf_done(&b->mixed);
    if (--beds > 0)
        return;
    IS(alloc_live(), allocations);
    IS(sqlite3_memory_used(), 0);
}

bool bed_why(const struct bed *b, const char *text)
{
    for (size_t i = 0; i < b->why.count; i++) {
        if (strstr(b->why.text[i], text) != NULL)
            return true;
    }
    return false;
}

void bed_is(const char *file, int line, const char *what, int64_t got, int64_t want)
{
    cr_assert(got == want, "%s:%d: %s is %lld%s%s, not %lld", file, line, what, (long long)got,
              got < 0 && got > -200 ? " " : "",
              got < 0 && got > -200 ? strerrorname_np((int)-got) : "", (long long)want);
}

int64_t bed_read(struct bed *b, const char *path, void *buf, size_t len, int64_t off,
                 struct fs_file *file)
{
    return FS(read, path, (struct fs_buf){buf, len}, off, file);
}

int64_t bed_ioctl(struct bed *b, const char *path, uint32_t command, void *data,
                  struct fs_file *file)
{
    const struct fs_command *c = fs_command_find(b->fs, command);

    return FS(ioctl, path, command, (struct fs_buf){data, c != NULL ? fs_command_size(c) : 0},
              file);
}

int64_t bed_write(struct bed *b, const char *path, const void *bytes, size_t len, int64_t off,
                  struct fs_file *file)
{
    return FS(write, path, (struct fs_bytes){bytes, len}, off, file);
}

struct fs_stat stat_of(struct bed *b, const char *path)
{
    struct fs_stat st;
    int err = FS(getattr, path, &st, NULL);

    cr_assert(err == 0, "getattr of %s: %d", path, err);
    return st;
}

int stat_error(struct bed *b, const char *path)
{
    struct fs_stat st;

    return FS(getattr, path, &st, NULL);
}

void put_file(struct bed *b, const char *path, const void *bytes, size_t len)
{
    int err = FS(mknod, path, S_IFREG | 0644);
    size_t done = 0;

    cr_assert(err == 0, "mknod of %s: %d", path, err);
    while (done < len) {
        size_t part = len - done < FS_IO_MAX ? len - done : FS_IO_MAX;
        int64_t put = bed_write(b, path, (const char *)bytes + done, part, (int64_t)done, NULL);

        cr_assert(put == (int64_t)part, "write to %s: %lld", path, (long long)put);
        done += part;
    }
}

bool file_is(struct bed *b, const char *path, const void *bytes, size_t len)
{
    char *buf = malloc(len + 1);
    size_t done = 0;
    int64_t got = 0;
    bool same;

    cr_assert(buf != NULL);
    do {
        size_t part = len + 1 - done < FS_IO_MAX ? len + 1 - done : FS_IO_MAX;

        got = bed_read(b, path, buf + done, part, (int64_t)done, NULL);
        cr_assert(got >= 0, "read of %s: %lld", path, (long long)got);
        done += (size_t)got;
    } while (got > 0 && done <= len);
    same = done == len && memcmp(buf, bytes, len) == 0;
    free(buf);
    return same;
}

void open_file(struct bed *b, const char *path, uint32_t flags, struct fs_file *out)
{
    int err;

    *out = (struct fs_file){.flags = flags};
    err = FS(open, path, out);
    cr_assert(err == 0, "open of %s: %d", path, err);
}

struct names {
    char *at[NAMES_MAX];
    size_t count;
};

static int take_name(void *user, const char *name, const struct fs_stat *stat)
{
    struct names *n = user;

    (void)stat;
    cr_assert(n->count < NAMES_MAX);
    n->at[n->count++] = strdup(name);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *names_of(struct bed *b, const char *path)
{
    static char text[NAMES_MAX * 16];
    struct names n = {.count = 0};
    size_t len = 0;

    IS(FS(readdir, path, take_name, &n, NULL), 0);
    qsort(n.at, n.count, sizeof(n.at[0]), compare_names);
    text[0] = '\0';
    for (size_t i = 0; i < n.count; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, " %s", n.at[i]);
        free(n.at[i]);
        cr_assert(len < sizeof(text));
    }
    return text;
}

bool bed_is_long(void)
{
    return getenv("SC_CONTRACT_LONG") != NULL;
}

void fill(void *buf, size_t len, unsigned seed)
{
    unsigned char *at = buf;
    unsigned state = seed * 2654435761u + 1;

    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        at[i] = (unsigned char)((state >> 24) | 1u);
    }
}
