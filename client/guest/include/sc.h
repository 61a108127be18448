/* SPDX-License-Identifier: MIT */
/*
 * The guest SDK: what a program needs to run as a process of scbox.
 *
 *     #include <sc.h>
 *
 *     int main(void)
 *     {
 *         sc_printf("hello\n");
 *         return 0;
 *     }
 *
 *     scbox-cc -o hello hello.c                  an x86_64 guest
 *     scbox-cc -m32 -o hello32 hello.c           an i386 guest
 *
 * Every call of the system is one function, sc_open() for SC_OPEN and so on. It returns 0 or a
 * value >= 0 on success and a negative errno on failure, on both kinds of guests. There is no C
 * library behind it; what is declared here is all there is.
 *
 * main() may be one of
 *
 *     int main(void)
 *     int main(int argc, char **argv)
 *     int main(int argc, char **argv, char **envp)
 *
 * and returns the exit code. `scbox run prog a b` gives "prog", "a", "b"; a process whose parent set no
 * arguments has argc 0, and argv[0] is NULL. Functions with the attributes constructor and destructor are
 * called before main() and when it has returned; sc_exit() ends at once. A process has one thread:
 * scbox-cc makes plain variables of thread-local ones.
 */
#ifndef SC_H
#define SC_H

#include <stddef.h>
#include <stdint.h>

#include <sc_syscalls.h>

/** Print to the debug log, as printf() does: d i u o x X c s p f e g %, with flags, width, precision and
 * lengths. %a, %n and wide characters are not supported, and say so. Returns 0, -errno. */
int sc_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The environment, NAME=VALUE each, ended by NULL; and the value of a name, NULL none. */
extern char **environ;
char *getenv(const char *name);

/** Give a child that is LOADING its arguments and environment, each array ended by NULL; @envp may be
 * NULL. At most 4096 bytes with all NULs, else -E2BIG: sc_set_args() takes more. Returns 0, -errno. */
int sc_set_argv(int pid, char *const *argv, char *const *envp);

/** Read a line typed at io:/tty, waiting for it: at most @size - 1 bytes, the newline if there was room,
 * and a NUL. Returns how many without the NUL, 0 at the end of the input, -errno. */
long sc_read_line(char *line, size_t size);

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
