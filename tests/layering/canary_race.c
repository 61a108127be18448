/* SPDX-License-Identifier: MIT */
/* Two threads write the same without a lock; ThreadSanitizer must say so. */
#include <pthread.h>
#include <stddef.h>

static int shared;

static void *write_it(void *unused)
{
    (void)unused;
    shared++;
    return NULL;
}

int main(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, write_it, NULL) != 0)
        return 1;
    shared++;
    return pthread_join(thread, NULL);
}
