/* SPDX-License-Identifier: MIT */
/* What each call is given. */
#include "tests/model/gen.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

#define LONG_127                                                                                   \
    "long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-"             \
    "long-long-long-long-long-long-long-long-long-!!"

/** A longest name, and one byte more. */
static const char long_name[] = LONG_127;

static const char *const components[] = {"a", "b", "c", "d", "e", long_name + 1, long_name};
static const char *const labels[] = {"r", "s", "t", "u", "v", long_name + 1, long_name, "", "a/b"};
static const int64_t sizes[] = {0, 1, 2, 4095, 4096, 4097, 8191, 8192, 10000, 12289, 20000};

struct step_arg gen_number(int64_t num)
{
    return (struct step_arg){.num = num};
}

struct step_arg gen_string(const char *text)
{
    return (struct step_arg){.text = text, .len = strlen(text)};
}

struct step_arg gen_copy(struct gen *g, const char *text)
{
    return gen_string(strcpy(gen_text(g, strlen(text) + 1), text));
}

static bool one_in(struct gen *g, uint32_t n)
{
    return gen_draw(g, n) == 0;
}

/* ---- arguments ---- */

/** Mostly the first elements, which are the plain ones. */
static uint32_t lean(struct gen *g, uint32_t count)
{
    uint32_t i = gen_draw(g, count);

    return one_in(g, 4) ? i : gen_draw(g, i + 1);
}

/** A name for a view: mostly a short one. */
static struct step_arg new_label(struct gen *g)
{
    return gen_string(labels[one_in(g, 10) ? gen_draw(g, COUNT(labels)) : gen_draw(g, 5)]);
}

static struct step_arg label(struct gen *g, const struct mproc *of)
{
    if (of->label_count > 0 && !one_in(g, 16))
        return gen_copy(g, of->labels[gen_draw(g, (uint32_t)of->label_count)].text);
    return new_label(g);
}

static void append_component(struct gen *g, char *text)
{
    (void)strcat(text, "/");
    (void)strcat(text, components[one_in(g, 16) ? gen_draw(g, COUNT(components)) : gen_draw(g, 4)]);
}

/** An entry of a directory, drawn; NULL when there is none. */
static struct mname *draw_entry(struct gen *g, const struct mname *dir, bool only_dirs)
{
    struct mname *drawn = NULL;
    uint32_t seen = 0;

    if (dir == NULL || dir->inode->type != FT_DIR)
        return NULL;
    for (struct mname *e = dir->inode->entries; e != NULL; e = e->next) {
        if (!only_dirs || e->inode->type == FT_DIR) {
            if (gen_draw(g, ++seen) == 0)
                drawn = e;
        }
    }
    return drawn;
}

/** Append a walk below a name: to what is there, or to a new name. */
static void append_walk(struct gen *g, const struct mname *at, enum gen_want want, char *text)
{
    bool to_new = want == GEN_NEW ? !one_in(g, 6) : one_in(g, 8);
    uint32_t depth = gen_draw(g, to_new ? 3 : 4);

    if (!to_new && depth == 0 && !one_in(g, 4))
        depth = 1;
    for (; depth > 0; depth--) {
        struct mname *e = draw_entry(g, at, to_new && !one_in(g, 10));

        if (e == NULL)
            break;
        (void)strcat(text, "/");
        (void)strcat(text, e->text);
        at = e;
    }
    if (to_new || one_in(g, 20))
        append_component(g, text);
}

/** A path without a name, sometimes in another spelling or wrong. */
static void append_path(struct gen *g, const struct mname *root, enum gen_want want, char *text)
{
    static const char *const odd[] = {"",      "/",    "/../a", "/./a", "/a//b",
                                      "/a/..", "a/b/", "..",    "/.",   "/.../a"};

    if (one_in(g, 40)) {
        (void)strcat(text, odd[gen_draw(g, COUNT(odd))]);
        return;
    }
    append_walk(g, root, want, text);
    if (one_in(g, 16) && text[strlen(text) - 1] != ':' && text[0] != '\0')
        (void)strcat(text, "/");
}

static const struct mlabel *any_label(struct gen *g, const struct mproc *of)
{
    return of->label_count > 0 ? &of->labels[gen_draw(g, (uint32_t)of->label_count)] : NULL;
}

struct step_arg gen_path(struct gen *g, struct mproc *actor, enum gen_want want)
{
    char *text = gen_text(g, 2048);
    const struct mlabel *l = any_label(g, actor);

    if (l == NULL || one_in(g, 30))
        (void)strcat(text, labels[lean(g, COUNT(labels))]);
    else
        (void)strcat(text, l->text);
    if (!one_in(g, 80))
        (void)strcat(text, ":");
    append_path(g, l != NULL ? l->view->root : NULL, want, text);
    return gen_string(text);
}

/** A path inside a view of the actor. */
static struct step_arg root_path(struct gen *g, const struct mproc *actor, const char *view)
{
    char *text = gen_text(g, 2048);
    const struct mname *root = NULL;

    for (size_t i = 0; i < actor->label_count; i++) {
        if (strcmp(actor->labels[i].text, view) == 0)
            root = actor->labels[i].view->root;
    }
    append_path(g, root, GEN_THERE, text);
    return gen_string(text);
}

static struct step_arg handle(struct gen *g, const struct mproc *actor)
{
    const struct mhandle *h;

    if (actor->handle_count == 0 || one_in(g, 20))
        return gen_number((int64_t)gen_draw(g, 8) - 1);
    h = &actor->handles[gen_draw(g, (uint32_t)actor->handle_count)];
    return (struct step_arg){.num = h->made_by != 0 ? 0 : h->fd, .ref = h->made_by};
}

/** A child of the actor, or sometimes anybody. */
static struct step_arg child(struct gen *g, const struct mproc *actor)
{
    const struct model *m = g->play->m;
    bool anybody = one_in(g, 12);
    struct step_arg arg = {.num = STEP_NOBODY};
    uint32_t seen = 0;

    for (size_t i = 0; i < m->proc_count; i++) {
        const struct mproc *p = m->procs[i];

        if (p->made_by == 0 || (!anybody && (p->parent != actor || p->gone)))
            continue;
        if (gen_draw(g, ++seen) == 0)
            arg = (struct step_arg){.ref = p->made_by};
    }
    return arg;
}

static bool has_child(struct gen *g, const struct mproc *actor)
{
    const struct model *m = g->play->m;

    for (size_t i = 0; i < m->proc_count; i++) {
        if (m->procs[i]->parent == actor && !m->procs[i]->gone)
            return true;
    }
    return false;
}

static struct step_arg size_arg(struct gen *g)
{
    return gen_number(one_in(g, 8) ? gen_draw(g, 20000) : sizes[gen_draw(g, COUNT(sizes))]);
}

static struct step_arg offset(struct gen *g)
{
    static const int64_t odd[] = {
        -1, INT64_MAX, INT64_MAX - 4096, INT64_C(1) << 38, (INT64_C(1) << 38) - 1, INT64_MIN};

    return one_in(g, 25) ? gen_number(odd[gen_draw(g, COUNT(odd))]) : size_arg(g);
}

static struct step_arg modes(struct gen *g)
{
    static const uint32_t common[] = {FM_READ | FM_WRITE | FM_CREATE,
                                      FM_READ,
                                      FM_READDIR,
                                      FM_READ | FM_WRITE,
                                      FM_WRITE | FM_CREATE | FM_TRUNC,
                                      FM_READ | FM_WRITE | FM_APPEND | FM_CREATE,
                                      FM_READ | FM_WRITE | FM_MMAP | FM_CREATE,
                                      FM_READ | FM_MMAP,
                                      SC_FM_ALL,
                                      SC_FM_NAMED,
                                      FM_IOCTL | FM_READ,
                                      FM_READDIR | FM_READ,
                                      FM_READDIR | FM_CREATE,
                                      FM_TRUNC,
                                      0};

    return gen_number(one_in(g, 10) ? gen_draw(g, 0x10000) & SC_FM_NAMED
                                    : common[lean(g, COUNT(common))]);
}

/** Modes of a view: mostly all, mostly without one. */
static struct step_arg view_modes(struct gen *g)
{
    uint32_t bits = SC_FM_ALL;

    for (uint32_t n = gen_draw(g, 3); n > 0; n--)
        bits &= ~(UINT32_C(1) << gen_draw(g, 15));
    return gen_number(one_in(g, 8) ? gen_draw(g, 0x10000) : bits);
}

static struct step_arg data(struct gen *g)
{
    size_t len = (size_t)size_arg(g).num;
    char *text = gen_text(g, len + 1);

    memset(text, 'a' + g->last_id % 26, len);
    if (len > 0)
        text[len - 1] = (char)('A' + g->last_id % 26);
    return (struct step_arg){.text = text, .len = len};
}

static struct step_arg address(struct gen *g, const struct mproc *actor)
{
    static const int64_t odd[] = {0, 1, 0xBFFFF000, 0xC0000000, INT64_C(-4096), 0x7FF};

    if (one_in(g, 10))
        return gen_number(odd[gen_draw(g, COUNT(odd))]);
    if (actor->region_count > 0 && one_in(g, 2)) {
        const struct mregion *r = &actor->regions[gen_draw(g, (uint32_t)actor->region_count)];

        switch (gen_draw(g, 4)) {
        case 0:
            return gen_number((int64_t)r->addr);
        case 1:
            return gen_number((int64_t)(r->addr + r->size));
        case 2:
            return gen_number((int64_t)(r->addr + r->size - 1));
        default:
            return gen_number((int64_t)r->addr - SC_PAGE_SIZE);
        }
    }
    return gen_number(0x1000 * (1 + (int64_t)gen_draw(g, 16)));
}

static struct step_arg memory_mode(struct gen *g)
{
    return gen_number(gen_draw(g, one_in(g, 10) ? 10 : 8));
}

/* ---- calls ---- */

typedef void (*fill_fn)(struct gen *g, struct mproc *actor, struct step_arg *a);

static void fill_nothing(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    (void)g;
    (void)actor;
    (void)a;
}

static void fill_dbg_print(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const char *const texts[] = {"x", "", "two words\n"};

    (void)actor;
    a[0] = gen_string(texts[gen_draw(g, COUNT(texts))]);
}

static void fill_exit(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t codes[] = {0, 1, -1, INT32_MAX, INT32_MIN};

    (void)actor;
    a[0] = gen_number(codes[gen_draw(g, COUNT(codes))]);
}

static void fill_usleep(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t times[] = {1, 2, 5, 1000, 0, -1, INT64_MAX};

    (void)actor;
    a[0] = gen_number(times[lean(g, COUNT(times))]);
}

static void fill_mmap(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t odd[] = {0, -1, INT64_C(0xC0000000), INT64_MAX};

    a[0] = address(g, actor);
    a[1] = one_in(g, 12) ? gen_number(odd[gen_draw(g, COUNT(odd))]) : size_arg(g);
    a[2] = memory_mode(g);
}

static void fill_mchmap(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = address(g, actor);
    a[1] = memory_mode(g);
}

static void fill_address(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = address(g, actor);
}

static void fill_create(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_NEW);
    a[1] = gen_number(one_in(g, 20) ? 3 + gen_draw(g, 2) : gen_draw(g, 2));
}

static void fill_path(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_THERE);
}

static void fill_two_paths(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = gen_path(g, actor, GEN_NEW);
    if (!one_in(g, 4)) { /* mostly below the same name */
        const char *colon = strchr(a[0].text, ':');
        const char *path = strchr(a[1].text, ':');
        size_t len = colon != NULL ? (size_t)(colon - a[0].text) : 0;
        char *text = gen_text(g, len + a[1].len + 1);

        if (colon == NULL || path == NULL)
            return;
        memcpy(text, a[0].text, len);
        (void)strcat(text, path);
        a[1] = gen_string(text);
    }
}

static void fill_open(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[1] = modes(g);
    a[0] = gen_path(g, actor, (a[1].num & FM_CREATE) != 0 && one_in(g, 2) ? GEN_NEW : GEN_THERE);
}

static void fill_handle(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = handle(g, actor);
}

static void fill_read(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = handle(g, actor);
    a[1] = offset(g);
    a[2] = size_arg(g);
}

static void fill_write(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = handle(g, actor);
    a[1] = offset(g);
    a[2] = data(g);
}

static void fill_readdir(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = handle(g, actor);
    a[1] = gen_number(one_in(g, 20) ? UINT32_MAX : gen_draw(g, 4));
}

static void fill_ioctl(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = handle(g, actor);
    a[1] = gen_number(38 + gen_draw(g, 4));
}

static void fill_make_fs(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_string(one_in(g, 10) ? "nofs" : "ramfs");
    a[1] = new_label(g);
    a[2] = one_in(g, 12) ? handle(g, actor) : gen_number(0);
    a[3] = gen_string(one_in(g, 15) ? "nokey=1" : "");
}

static void fill_fs_add_src(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = label(g, actor);
    a[1] = handle(g, actor);
    a[2] = gen_string("");
}

static void fill_subfs(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = new_label(g);
    a[1] = label(g, actor);
    a[2] = root_path(g, actor, a[1].text);
    a[3] = view_modes(g);
}

static void fill_bind_subfs(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    fill_subfs(g, actor, a);
    a[4] = one_in(g, 8) ? gen_number(0) : child(g, actor);
}

static void fill_label(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = label(g, actor);
}

static void fill_bind_fs(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = child(g, actor);
    a[1] = new_label(g);
    a[2] = label(g, actor);
}

static void fill_bind_fd(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t odd[] = {0, -1, INT32_MIN, INT32_MAX};

    a[0] = child(g, actor);
    a[1] = gen_number(one_in(g, 30) ? odd[gen_draw(g, COUNT(odd))] : 1 + gen_draw(g, 20));
    a[2] = handle(g, actor);
}

static void fill_child(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = child(g, actor);
}

static void fill_exec(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = child(g, actor);
    a[1] = gen_path(g, actor, GEN_THERE);
}

static void fill_fs_enum(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_number(one_in(g, 20) ? UINT32_MAX : gen_draw(g, (uint32_t)actor->label_count + 1));
}

static void fill_rename(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    fill_two_paths(g, actor, a);
    if (one_in(g, 2))
        a[1] = gen_path(g, actor, GEN_THERE);
    a[2] = gen_number(gen_draw(g, one_in(g, 8) ? 5 : 3));
}

static void fill_symlink(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const char *const targets[] = {"a",      "b",       "/a",  "/b/c",   "..",
                                          "../a",   "../../b", "c/d", "/",      ".",
                                          "a/../b", "./c/",    "",    "//a//b", "d"};

    a[0] = gen_string(targets[gen_draw(g, COUNT(targets))]);
    a[1] = gen_path(g, actor, GEN_NEW);
}

static void fill_readlink(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = gen_number(one_in(g, 2) ? gen_draw(g, 4) : 100);
}

static void fill_chmod(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t perms[] = {0777, 01777, 0700, 0755, 0644,  0600,
                                    0070, 0007,  0,    0111, 010000};

    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = gen_number(perms[lean(g, COUNT(perms))]);
}

static int64_t user(struct gen *g)
{
    return one_in(g, 3) ? UINT32_MAX : gen_draw(g, 3);
}

static void fill_chown(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = gen_number(user(g));
    a[2] = gen_number(user(g));
}

static void fill_truncate(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = one_in(g, 20) ? gen_number(INT64_C(1) << (38 + gen_draw(g, 20))) : size_arg(g);
}

static void fill_fsync(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = handle(g, actor);
    a[1] = gen_number(gen_draw(g, one_in(g, 8) ? 3 : 2));
}

static void fill_utimes(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t times[] = {0, 1, -1, INT64_MIN, INT64_C(1700000000000000001)};

    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = gen_number(times[gen_draw(g, COUNT(times))]);
    a[2] = gen_number(times[gen_draw(g, COUNT(times))]);
}

/** How often which call is made. */
static const struct recipe {
    int nr;
    uint32_t weight;
    fill_fn fill;
} recipes[] = {
    {SC_DBG_PRINT, 2, fill_dbg_print},
    {SC_EXIT, 1, fill_exit},
    {SC_YIELD, 4, fill_nothing},
    {SC_USLEEP, 6, fill_usleep},
    {SC_MMAP, 16, fill_mmap},
    {SC_MCHMAP, 6, fill_mchmap},
    {SC_MUNMAP, 10, fill_address},
    {SC_CREATE, 40, fill_create},
    {SC_DELETE, 14, fill_path},
    {SC_MOVE, 24, fill_two_paths},
    {SC_STAT, 20, fill_path},
    {SC_OPEN, 50, fill_open},
    {SC_CLOSE, 22, fill_handle},
    {SC_READ, 30, fill_read},
    {SC_WRITE, 30, fill_write},
    {SC_READDIR, 24, fill_readdir},
    {SC_STAT_OPEN, 8, fill_handle},
    {SC_IOCTL, 3, fill_ioctl},
    {SC_GET_MODE, 4, fill_handle},
    {SC_MAKE_FS, 6, fill_make_fs},
    {SC_FS_ADD_SRC, 2, fill_fs_add_src},
    {SC_SUBFS, 14, fill_subfs},
    {SC_RM_FS, 4, fill_label},
    {SC_NEW_PROC, 10, fill_nothing},
    {SC_BIND_FS, 16, fill_bind_fs},
    {SC_BIND_SUBFS, 10, fill_bind_subfs},
    {SC_BIND_FD, 14, fill_bind_fd},
    {SC_PROC_EXEC, 3, fill_exec},
    {SC_PROC_STATUS, 4, fill_child},
    {SC_PROC_KILL, 5, fill_child},
    {SC_PROC_WAIT, 5, fill_child},
    {SC_PROC_WAIT_ANY, 4, fill_nothing},
    {SC_ERRNO, 6, fill_nothing},
    {SC_FS_ENUM, 6, fill_fs_enum},
    {SC_RENAME, 24, fill_rename},
    {SC_LINK, 16, fill_two_paths},
    {SC_SYMLINK, 24, fill_symlink},
    {SC_READLINK, 8, fill_readlink},
    {SC_CHMOD, 10, fill_chmod},
    {SC_CHOWN, 6, fill_chown},
    {SC_TRUNCATE, 14, fill_truncate},
    {SC_FSYNC, 4, fill_fsync},
    {SC_UTIMES, 5, fill_utimes},
    {SC_FSTAT_EX, 14, fill_path},
};

/** Whether the actor has what a call is about; calls that must fail for want of it are rare. */
static bool has_what_it_takes(struct gen *g, const struct mproc *actor, int nr)
{
    const struct sc_field_info *arg = sc_call_by_nr(nr)->args;

    if (nr == SC_MAKE_FS || one_in(g, 10))
        return true;
    for (; arg->name != NULL; arg++) {
        if (arg->kind == SC_K_fd && actor->handle_count == 0)
            return false;
        if ((arg->kind == SC_K_path || arg->kind == SC_K_name) && actor->label_count == 0)
            return false;
        if (arg->kind == SC_K_pid && !has_child(g, actor))
            return false;
    }
    return true;
}

void gen_call(struct gen *g, struct mproc *actor, struct step *out)
{
    const struct recipe *r;
    uint32_t total = 0;

    for (uint32_t i = 0; i < COUNT(recipes); i++)
        total += recipes[i].weight;
    do {
        uint32_t drawn = gen_draw(g, total);

        for (r = recipes; drawn >= r->weight; r++)
            drawn -= r->weight;
    } while (!has_what_it_takes(g, actor, r->nr));
    out->nr = r->nr;
    r->fill(g, actor, out->args);
}
