/* SPDX-License-Identifier: MIT */
/* What calls give a guest: results, errors, transfers of every size, and children of its own. */
#include "cases.h"

#define BIG ((char *)0x40000000)

enum { PAGE = 4096, TRANSFER_MAX = 256 * 1024, STRING_MAX = 8 * 1024, CALLS = 128 };
enum { RW_MODES = FM_READ | FM_WRITE | FM_CREATE };

/** READ at the end of a file is 0, also after another call has failed. */
static int end_of_file(void)
{
    char byte;
    int fd = sc_open("home:/case", FM_READ);

    MUST(fd > 0);
    MUST(sc_read(fd, 1000, 1, &byte) == 0);
    MUST(sc_open("home:/nothing", FM_READ) == -ENOENT);
    MUST(sc_read(fd, 1000, 1, &byte) == 0);
    MUST(sc_write(fd, 0, 1, "x") == -EBADF);
    MUST(sc_read(fd, 1000, 1, &byte) == 0);
    MUST(sc_read(99, 0, 1, &byte) == -EBADF);
    return PASSED;
}

static int transfer_sizes(void)
{
    static const size_t sizes[] = {0, 1, PAGE - 1, PAGE, PAGE + 1, TRANSFER_MAX - 1, TRANSFER_MAX};
    char *copy = BIG + 2 * TRANSFER_MAX;
    int fd = sc_open("home:/transfer", RW_MODES);

    MUST(fd > 0);
    MUST(sc_mmap(BIG, 4 * TRANSFER_MAX, MM_READ | MM_WRITE) == 0);
    for (size_t i = 0; i < 2 * TRANSFER_MAX; i++)
        BIG[i] = (char)(i * 7 + i / 251);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        MUST(sc_write(fd, i, sizes[i], BIG) == (long)sizes[i]);
        memset(copy, 0, sizes[i]);
        MUST(sc_read(fd, i, sizes[i], copy) == (long)sizes[i]);
        MUST(memcmp(BIG, copy, sizes[i]) == 0);
    }
    MUST(sc_write(fd, 0, 2 * TRANSFER_MAX, BIG) == 2 * TRANSFER_MAX);
    MUST(sc_read(fd, 0, 2 * TRANSFER_MAX, copy) == 2 * TRANSFER_MAX);
    MUST(sc_close(fd) == 0);
    MUST(sc_delete("home:/transfer") == 0);
    return PASSED;
}

static int directory(void)
{
    struct sc_dirent entry;
    struct sc_stat st;
    int fd;

    MUST(sc_create("home:/d", FT_DIR) == 0);
    MUST(sc_create("home:/d/one", FT_REGULAR) == 0);
    MUST(sc_create("home:/d/one", FT_REGULAR) == -EEXIST);
    fd = sc_open("home:/d", FM_READDIR);
    MUST(fd > 0);
    MUST(sc_get_mode(fd) == FM_READDIR);
    MUST(sc_readdir(fd, 0, &entry) == 0);
    MUST(strcmp(entry.name, "one") == 0 && entry.type == FT_REGULAR && entry.size == 0);
    MUST(sc_readdir(fd, 1, &entry) == -ENOENT);
    MUST(sc_stat_open(fd, &st) == 0 && st.type == FT_DIR);
    MUST(sc_move("home:/d/one", "home:/d/two") == 0);
    MUST(sc_delete("home:/d/two") == 0);
    MUST(sc_close(fd) == 0);
    MUST(sc_delete("home:/d") == 0);
    return PASSED;
}

/** Make home:/d/xxx…, with a name of @len bytes; and delete it. */
static int long_name(int len, int make)
{
    char path[8 + 256] = "home:/d/";

    memset(path + 8, 'x', len);
    path[8 + len] = '\0';
    return make ? sc_create(path, FT_REGULAR) : sc_delete(path);
}

/** A dirent has room for 127 bytes: longer names are left out, and nothing behind them is. */
static int long_names(void)
{
    struct sc_dirent entry;
    int lengths = 0;
    int fd;

    MUST(sc_create("home:/d", FT_DIR) == 0);
    MUST(long_name(255, 1) == 0 && long_name(127, 1) == 0);
    MUST(long_name(128, 1) == 0 && long_name(1, 1) == 0);
    fd = sc_open("home:/d", FM_READDIR);
    for (int n = 0; n < 2; n++) {
        MUST(sc_readdir(fd, n, &entry) == 0);
        lengths += (int)strlen(entry.name);
    }
    MUST(lengths == 127 + 1);
    MUST(sc_readdir(fd, 2, &entry) == -ENOENT);
    MUST(sc_close(fd) == 0);
    MUST(long_name(255, 0) == 0 && long_name(127, 0) == 0);
    MUST(long_name(128, 0) == 0 && long_name(1, 0) == 0);
    MUST(sc_delete("home:/d") == 0);
    return PASSED;
}

/** The raw result register of each kind of call, as the binary interface has it. */
static int raw_results(void)
{
#ifdef __x86_64__
    MUST(sc_call(SC_OPEN, (long)"nobody:/", 8, FM_READ, 0, 0) == -ENODEV);
    MUST(sc_call(SC_YIELD, 0, 0, 0, 0, 0) == 0);
    MUST(sc_call(SC_USLEEP, -1, 0, 0, 0, 0) == -EINVAL);
    MUST(sc_call(SC_CLOSE, 99, 0, 0, 0, 0) == -EBADF);
    MUST(sc_call(SC_RM_FS, (long)"nobody", 6, 0, 0, 0) == -ENODEV);
    MUST(sc_call(SC_MUNMAP, 8, 0, 0, 0, 0) == -EFAULT);
    MUST(sc_call(SC_IOCTL, 99, 0, 0, 0, 0) == -EBADF);
#else
    MUST(sc_call(SC_OPEN, (long)"nobody:/", 8, FM_READ, 0, 0) == 0);
    MUST(sc_call(SC_ERRNO, 0, 0, 0, 0, 0) == ENODEV);
    MUST(sc_call(SC_YIELD, 0, 0, 0, 0, 0) == 0);
    MUST(sc_call(SC_USLEEP, -1, 0, 0, 0, 0) == 0);
    MUST(sc_call(SC_ERRNO, 0, 0, 0, 0, 0) == EINVAL);
    MUST(sc_call(SC_CLOSE, 99, 0, 0, 0, 0) == 0);
    MUST(sc_call(SC_RM_FS, (long)"nobody", 6, 0, 0, 0) == 1);
    MUST(sc_call(SC_MUNMAP, 8, 0, 0, 0, 0) == 0);
    MUST(sc_call(SC_IOCTL, 99, 0, 0, 0, 0) == -EBADF);
#endif
    return PASSED;
}

/** A command's bytes come from the guest's memory, and its answer goes there. */
static int commands(void)
{
    struct sc_window window = {50, 132, 0, 1};
    unsigned count = 1;
    int fd;

    MUST(sc_make_fs("devfs", "io", 0, "") == 0);
    fd = sc_open("io:/tty", FM_IOCTL);
    MUST(fd > 0);
    MUST(sc_ioctl(fd, IOCTL_TTY_SET_WINDOW, &window) == 0);
    memset(&window, 0, sizeof(window));
    MUST(sc_ioctl(fd, IOCTL_TTY_GET_WINDOW, &window) == 0);
    MUST(window.rows == 50 && window.columns == 132 && window.width == 0 && window.height == 1);
    MUST(sc_ioctl(fd, IOCTL_TTY_GET_TYPED, &count) == 0 && count == 0);
    MUST(sc_ioctl(fd, IOCTL_RANDOM_MIX, NULL) == -EFAULT);
    MUST(sc_ioctl(fd, IOCTL_TTY_GET_WINDOW, NULL) == -EFAULT);
    MUST(sc_ioctl(fd, IOCTL_TTY_SET_WINDOW, (void *)-4L) == -EFAULT);
    MUST(sc_mmap(BIG, PAGE, MM_READ) == 0);
    MUST(sc_ioctl(fd, IOCTL_TTY_GET_WINDOW, BIG) == -EFAULT);
    MUST(sc_ioctl(fd, IOCTL_TTY_SET_WINDOW, BIG + PAGE - 7) == -EFAULT);
    MUST(sc_ioctl(fd, IOCTL_TTY_SET_WINDOW, BIG + PAGE - 8) == 0);
    MUST(sc_ioctl(fd, IOCTL_RANDOM_MIX, BIG) == -ENOTTY);
    MUST(sc_ioctl(fd, 41, NULL) == -ENOTTY);
    MUST(sc_close(fd) == 0);
    return PASSED;
}

/** ERRNO is of the last finished call, and ERRNO itself does not count. */
static int last_errors(void)
{
    static char name[STRING_MAX + 1];

    memset(name, 'n', sizeof(name));
    MUST(sc_open("nobody:/", FM_READ) == -ENODEV);
    MUST(sc_last_errno() == ENODEV && sc_last_errno() == ENODEV);
    MUST(sc_yield() == 0 && sc_last_errno() == 0);
    (void)sc_call(SC_DELETE, (long)name, sizeof(name), 0, 0, 0); /* refused by the gate itself */
    MUST(sc_last_errno() == ENAMETOOLONG);
    MUST(sc_usleep(1) == 0 && sc_last_errno() == 0);
    MUST(sc_call(CALLS - 1, 0, 0, 0, 0, 0) != 0 && sc_last_errno() == ENOSYS);
#ifndef __x86_64__
    MUST(sc_call(CALLS, 0, 0, 0, 0, 0) == CALLS); /* no call at all */
    MUST(sc_last_errno() == ENOSYS);
#endif
    MUST(sc_yield() == 0 && sc_last_errno() == 0);
    return PASSED;
}

/** Every register but the result is kept, on i386 by the binary interface. */
static int registers_kept(void)
{
#ifndef __x86_64__
    unsigned a, b, c, d, si, di;

    for (int i = 0; i < 3; i++) {
        __asm__ volatile("int $0x40"
                         : "=a"(a), "=b"(b), "=c"(c), "=d"(d), "=S"(si), "=D"(di)
                         : "0"(SC_YIELD), "1"(0x11111111), "2"(0x22222222), "3"(0x33333333),
                           "4"(0x44444444), "5"(0x55555555)
                         : "memory");
        MUST(a == 0 && b == 0x11111111 && c == 0x22222222 && d == 0x33333333);
        MUST(si == 0x44444444 && di == 0x55555555);
    }
#endif
    return PASSED;
}

/** A child that runs home:/child: its exit code comes back. */
static int run_child(void)
{
    struct sc_proc_status status;
    int pid = sc_new_proc();

    MUST(pid > 0);
    MUST(sc_bind_fs(pid, "home", "home") == 0);
    MUST(sc_proc_exec(pid, "home:/child") == 0);
    MUST(sc_proc_exec(pid, "home:/child") == -EBUSY);
    MUST(sc_proc_wait(pid, &status) == 0);
    MUST(status.pid == pid && status.state == PS_DONE && status.return_code == 42);
    MUST(sc_proc_wait(pid, &status) == -ESRCH);
    MUST(sc_proc_wait_any(&status) == -ECHILD);
    return PASSED;
}

/** Exit while children run: they end as well. */
static int leave_children(void)
{
    for (int i = 0; i < 3; i++) {
        int pid = sc_new_proc();

        MUST(pid > 0);
        MUST(sc_proc_exec(pid, "home:/child") == 0);
    }
    return PASSED;
}

static int kill_child(void)
{
    struct sc_proc_status status;
    int pid = sc_new_proc();

    MUST(sc_proc_exec(pid, "home:/child") == 0);
    MUST(sc_proc_status(pid, &status) == 0 && status.state == PS_RUNNING);
    MUST(sc_yield() == 0);
    MUST(sc_proc_kill(pid, &status) == 0 && status.state == PS_KILLED);
    return PASSED;
}

static int exit_code(void)
{
    sc_exit(-2);
}

static const struct guest_case cases[] = {
    CASE(end_of_file), CASE(transfer_sizes), CASE(directory),      CASE(long_names),
    CASE(raw_results), CASE(last_errors),    CASE(registers_kept), CASE(run_child),
    CASE(kill_child),  CASE(leave_children), CASE(exit_code),      CASE(commands),
};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
