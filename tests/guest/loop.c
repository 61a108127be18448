/* SPDX-License-Identifier: MIT */
/* A program that never ends by itself. */
int main(void)
{
    for (;;)
        __asm__ volatile("pause");
}
