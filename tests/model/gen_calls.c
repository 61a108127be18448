/* SPDX-License-Identifier: MIT */
/* What each call is given, and how often it is made. */
#include "tests/model/gen.h"

#include <string.h>

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
    a[0] = gen_number(times[gen_lean(g, COUNT(times))]);
}

static void fill_mmap(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t odd[] = {0, -1, INT64_C(0xC0000000), INT64_MAX};

    a[0] = gen_address(g, actor);
    a[1] = gen_one_in(g, 12) ? gen_number(odd[gen_draw(g, COUNT(odd))]) : gen_size(g);
    a[2] = gen_memory_mode(g);
}

static void fill_mmap_file(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_handle(g, actor, FM_MMAP | FM_READ | FM_WRITE);
    a[1] = gen_one_in(g, 16) ? gen_offset(g) : gen_number((int64_t)gen_draw(g, 4) * SC_PAGE_SIZE);
    fill_mmap(g, actor, a + 2);
}

static void fill_mchmap(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_address(g, actor);
    a[1] = gen_memory_mode(g);
}

static void fill_address(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_address(g, actor);
}

static void fill_create(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_NEW);
    a[1] = gen_number(gen_one_in(g, 20) ? 3 + gen_draw(g, 2) : gen_draw(g, 2));
}

static void fill_path(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_THERE);
}

static void fill_two_paths(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = gen_path(g, actor, GEN_NEW);
    if (!gen_one_in(g, 4)) { /* mostly below the same name */
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
    a[1] = gen_modes(g);
    a[0] =
        gen_path(g, actor, (a[1].num & FM_CREATE) != 0 && gen_one_in(g, 2) ? GEN_NEW : GEN_THERE);
}

static void fill_handle(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_handle(g, actor, 0);
}

static void fill_read(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_handle(g, actor, FM_READ);
    a[1] = gen_offset(g);
    a[2] = gen_size(g);
}

static void fill_write(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_handle(g, actor, FM_WRITE);
    a[1] = gen_offset(g);
    a[2] = gen_data(g);
}

static void fill_readdir(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_handle(g, actor, FM_READDIR);
    a[1] = gen_number(gen_one_in(g, 20) ? UINT32_MAX : gen_draw(g, 4));
}

static void fill_ioctl(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_handle(g, actor, FM_IOCTL);
    a[1] = gen_number(gen_one_in(g, 3) ? 38 + gen_draw(g, 4) : 0x5413 + gen_draw(g, 2));
    a[2] = gen_address(g, actor);
}

static void fill_make_fs(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_string(gen_one_in(g, 10) ? "nofs" : "ramfs");
    a[1] = gen_new_label(g);
    a[2] = gen_one_in(g, 12) ? gen_handle(g, actor, 0) : gen_number(0);
    a[3] = gen_string(gen_one_in(g, 15) ? "nokey=1" : "");
}

static void fill_fs_add_src(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_label(g, actor);
    a[1] = gen_handle(g, actor, 0);
    a[2] = gen_string("");
}

static void fill_subfs(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_new_label(g);
    a[1] = gen_label(g, actor);
    a[2] = gen_root_path(g, actor, a[1].text);
    a[3] = gen_view_modes(g);
}

static void fill_bind_subfs(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    fill_subfs(g, actor, a);
    a[4] = gen_one_in(g, 8) ? gen_number(0) : gen_child(g, actor);
}

static void fill_label(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_label(g, actor);
}

static void fill_bind_fs(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_child(g, actor);
    a[1] = gen_new_label(g);
    a[2] = gen_label(g, actor);
}

static void fill_bind_fd(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t odd[] = {0, -1, INT32_MIN, INT32_MAX};

    a[0] = gen_child(g, actor);
    a[1] = gen_number(gen_one_in(g, 30) ? odd[gen_draw(g, COUNT(odd))] : 1 + gen_draw(g, 20));
    a[2] = gen_handle(g, actor, 0);
}

static void fill_child(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_child(g, actor);
}

static void fill_exec(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_loading_child(g, actor);
    a[1] = gen_path(g, actor, GEN_THERE);
}

static void fill_fs_enum(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] =
        gen_number(gen_one_in(g, 20) ? UINT32_MAX : gen_draw(g, (uint32_t)actor->label_count + 1));
}

static void fill_rename(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    fill_two_paths(g, actor, a);
    if (gen_one_in(g, 2))
        a[1] = gen_path(g, actor, GEN_THERE);
    a[2] = gen_number(gen_draw(g, gen_one_in(g, 8) ? 5 : 3));
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
    a[1] = gen_number(gen_one_in(g, 2) ? gen_draw(g, 4) : 100);
}

static void fill_chmod(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t perms[] = {06777, 01777, 0700, 04755, 02644, 0600,
                                    0070,  0007,  0,    0111,  010000};

    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = gen_number(perms[gen_lean(g, COUNT(perms))]);
}

static int64_t user(struct gen *g)
{
    return gen_one_in(g, 3) ? UINT32_MAX : gen_draw(g, 3);
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
    a[1] = gen_one_in(g, 20) ? gen_number(INT64_C(1) << (38 + gen_draw(g, 20))) : gen_size(g);
}

static void fill_fsync(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    a[0] = gen_handle(g, actor, 0);
    a[1] = gen_number(gen_draw(g, gen_one_in(g, 8) ? 3 : 2));
}

static void fill_utimes(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t times[] = {0, 1, -1, INT64_MIN, INT64_C(1700000000000000001)};

    a[0] = gen_path(g, actor, GEN_THERE);
    a[1] = gen_number(times[gen_draw(g, COUNT(times))]);
    a[2] = gen_number(times[gen_draw(g, COUNT(times))]);
}

static void fill_mk_channel(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    (void)actor;
    a[0] = gen_number(gen_one_in(g, 10) ? FM_READ : gen_one_in(g, 3) ? 0 : FM_BLOCKING);
}

static void fill_select(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const int64_t times[] = {-1, 0, 1, 2, 1000, INT64_MIN, INT64_MAX};
    struct step_arg *list = gen_memory(g, STEP_FDS_MAX * sizeof(*list));

    a[0].list = list;
    a[0].list_count = gen_one_in(g, 16) ? 0 : 1 + gen_draw(g, STEP_FDS_MAX);
    for (size_t i = 0; i < a[0].list_count; i++)
        list[i] = gen_handle(g, actor, FM_READ);
    a[1] = gen_number(times[gen_lean(g, COUNT(times))]);
}

static void fill_args(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    (void)actor;
    a[0] = gen_number(gen_one_in(g, 2) ? gen_draw(g, 10) : 100);
}

static void fill_set_args(struct gen *g, struct mproc *actor, struct step_arg *a)
{
    static const struct {
        const char *bytes;
        size_t len;
    } args[] = {{"0", 2}, {"1\0a", 4}, {"2\0a\0\0X=1", 9}, {"0\0X=", 5}, {"1\0", 2}, {"3\0a", 4},
                {"x", 2}, {"", 0},     {"1\0a", 3},        {"-1\0a", 5}};
    uint32_t i = gen_lean(g, COUNT(args));

    a[0] = gen_loading_child(g, actor);
    a[1] = (struct step_arg){.text = args[i].bytes, .len = args[i].len};
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
    {SC_MMAP_FILE, 24, fill_mmap_file},
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
    {SC_MK_CHANNEL, 5, fill_mk_channel},
    {SC_SELECT, 14, fill_select},
    {SC_ARGS, 4, fill_args},
    {SC_SET_ARGS, 6, fill_set_args},
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

/** Whether the actor has a handle with these rights. */
static bool has_handle(const struct mproc *actor, uint32_t mode)
{
    for (size_t i = 0; i < actor->handle_count; i++) {
        if ((actor->handles[i].file->mode & mode) == mode)
            return true;
    }
    return false;
}

/** The right a call needs on its handle. */
static uint32_t mode_for(int nr)
{
    switch (nr) {
    case SC_READ:
        return FM_READ;
    case SC_WRITE:
        return FM_WRITE;
    case SC_READDIR:
        return FM_READDIR;
    case SC_MMAP_FILE:
        return FM_MMAP;
    case SC_IOCTL:
        return FM_IOCTL;
    default:
        return 0;
    }
}

/** Whether the actor has what a call is about; calls that must fail for want of it are rare. */
static bool has_what_it_takes(struct gen *g, const struct mproc *actor, int nr)
{
    const struct sc_field_info *arg = sc_call_by_nr(nr)->args;

    if (nr == SC_MAKE_FS || gen_one_in(g, 10))
        return true;
    for (; arg->name != NULL; arg++) {
        if (arg->kind == SC_K_fd && !has_handle(actor, mode_for(nr)))
            return false;
        if ((arg->kind == SC_K_path || arg->kind == SC_K_name) && actor->label_count == 0)
            return false;
        if (arg->kind == SC_K_pid && !gen_has_child(g, actor))
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
