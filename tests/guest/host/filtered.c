/* SPDX-License-Identifier: MIT */
/*
 * Run a command as a container would: under a seccomp filter that refuses (EPERM) the i386 calls
 * that containers refuse, of those whose numbers our calls share. Usage: filtered COMMAND [ARG…]
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { SKIPPED = 77, NOT_RUN = 126 };

/* i386: mount, umount, stty, gtty, ftime, acct, umount2, lock, mpx, ulimit, oldolduname. */
#define REFUSE(nr)                                                                                 \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),                                                 \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    REFUSE(21),
    REFUSE(22),
    REFUSE(31),
    REFUSE(32),
    REFUSE(35),
    REFUSE(51),
    REFUSE(52),
    REFUSE(53),
    REFUSE(56),
    REFUSE(58),
    REFUSE(59),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

int main(int argc, char **argv)
{
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    if (argc < 2)
        return NOT_RUN;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
        (void)printf("skipped: this host lets nobody set a seccomp filter: %s\n", strerror(errno));
        return SKIPPED;
    }
    (void)execv(argv[1], argv + 1);
    perror(argv[1]);
    return NOT_RUN;
}
