/* SPDX-License-Identifier: MIT */
/*
 * What a call costs that stops the guest, beside as many sleeping guests as the argument says: prints the
 * ticks of the processor's clock for one. Starts itself from root:/stops, with "asleep".
 */
#include <sc.h>

enum { CALLS = 4000, PAGE = 4096, SLEEP_USECS = 1000000000 };

#define HEAP ((char *)0x40000000)

static int start_sleeper(void)
{
    char name[] = "stops";
    char how[] = "asleep";
    char *argv[] = {name, how, NULL};
    const int pid = sc_new_proc();

    return pid > 0 && sc_bind_fs(pid, "root", "root") == 0 && sc_set_argv(pid, argv, NULL) == 0 &&
           sc_proc_exec(pid, "root:/stops") == 0;
}

int main(int argc, char **argv)
{
    int sleepers = 0;
    uint64_t start;

    if (argc < 2)
        return 1;
    if (strcmp(argv[1], "asleep") == 0)
        return sc_usleep(SLEEP_USECS);
    for (const char *digit = argv[1]; *digit != '\0'; digit++)
        sleepers = sleepers * 10 + (*digit - '0');
    for (int i = 0; i < sleepers; i++) {
        if (!start_sleeper()) {
            sc_printf("no guest %d\n", i);
            return 1;
        }
    }
    (void)sc_usleep(1000000); /* until they sleep */
    start = __builtin_ia32_rdtsc();
    for (int i = 0; i < CALLS / 2; i++) {
        if (sc_mmap(HEAP, PAGE, MM_READ | MM_WRITE) != 0 || sc_munmap(HEAP) != 0)
            return 1;
    }
    sc_printf("%llu\n", (unsigned long long)((__builtin_ia32_rdtsc() - start) / CALLS));
    return 0;
}
