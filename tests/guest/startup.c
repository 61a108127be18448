/* SPDX-License-Identifier: MIT */
/* What is there before main(), and after it: constructors, destructors, thread-local variables. */
#include <sc.h>

static _Thread_local int step = 40;
static __thread int zero[10];

static void tell(const char *what)
{
    step++;
    sc_printf("[%-6s%+4d%6.2f]\n", what, step, step / 8.0);
}

__attribute__((constructor(202))) static void second(int argc, char **argv, char **envp)
{
    tell(argc == 0 && argv[0] == NULL && envp == environ ? "second" : "wrong");
}

__attribute__((constructor(201))) static void first(void)
{
    tell("first");
}

__attribute__((destructor(201))) static void last(void)
{
    tell("last");
}

__attribute__((destructor(202))) static void end(void)
{
    tell("end");
}

int main(void)
{
    tell("main");
    zero[9] = step;
    return zero[9] + zero[0];
}
