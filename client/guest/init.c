/* SPDX-License-Identifier: MIT */
/* Constructors and destructors, as the linker lists them. A linker script of the program's own may
 * leave the lists out. */
#include "client/guest/start.h"

#include <stddef.h>

typedef void constructor_fn(int argc, char **argv, char **envp);
typedef void destructor_fn(void);

#define WEAK __attribute__((weak, visibility("hidden")))

extern constructor_fn *const __preinit_array_start[] WEAK;
extern constructor_fn *const __preinit_array_end[] WEAK;
extern constructor_fn *const __init_array_start[] WEAK;
extern constructor_fn *const __init_array_end[] WEAK;
extern destructor_fn *const __fini_array_start[] WEAK;
extern destructor_fn *const __fini_array_end[] WEAK;

void sc_construct(int argc, char **argv, char **envp)
{
    for (constructor_fn *const *f = __preinit_array_start; f != __preinit_array_end; f++)
        (*f)(argc, argv, envp);
    for (constructor_fn *const *f = __init_array_start; f != __init_array_end; f++)
        (*f)(argc, argv, envp);
}

void sc_destruct(void)
{
    for (destructor_fn *const *f = __fini_array_end; f != __fini_array_start;)
        (*--f)();
}
