/* SPDX-License-Identifier: MIT */
/* A program that follows a null pointer. */
#include <sc.h>

int main(void)
{
    int *volatile nowhere = NULL;

    sc_printf("about to follow a null pointer\n");
    return *nowhere;
}
