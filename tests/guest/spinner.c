/* SPDX-License-Identifier: MIT */
/*
 * Children that spin while their parent sleeps to kill them: without arguments the parent, which starts
 * itself from root:/spinner; with "yields" or "computes" a child.
 */
#include <sc.h>

#include <stdbool.h>

enum { NAP_USECS = 100000 };

static bool start(const char *how, int *out_pid)
{
    char *argv[] = {"spinner", (char *)(uintptr_t)how, NULL};
    const int pid = sc_new_proc();

    *out_pid = pid;
    return pid > 0 && sc_bind_fs(pid, "root", "root") == 0 && sc_set_argv(pid, argv, NULL) == 0 &&
           sc_proc_exec(pid, "root:/spinner") == 0;
}

/** Sleep while so many children spin, then kill them. */
static bool kill_spinners(const char *how, int count)
{
    struct sc_proc_status status;
    int pids[3];

    for (int i = 0; i < count; i++) {
        if (!start(how, &pids[i]))
            return false;
    }
    if (sc_usleep(NAP_USECS) != 0)
        return false;
    for (int i = 0; i < count; i++) {
        if (sc_proc_kill(pids[i], &status) != 0 || status.state != PS_KILLED)
            return false;
    }
    sc_printf("%d killed: %s\n", count, how);
    return true;
}

int main(int argc, char **argv)
{
    const bool computes = argc > 1 && strcmp(argv[1], "computes") == 0;

    while (argc > 1 && !computes)
        (void)sc_yield();
    while (computes)
        __asm__ volatile("pause");
    return kill_spinners("yields", 1) && kill_spinners("yields", 3) &&
                   kill_spinners("computes", 1) && kill_spinners("yields", 2)
               ? 0
               : 1;
}
