/* SPDX-License-Identifier: MIT */
/*
 * scbox-archive: reads archives for archivefs, in a process of its own.
 *
 * An archive can be hostile, and what reads it is big. So the helper has nothing to lose: it gives up its
 * rights first (cage.h), has no files but the archives it gets, and what it says is checked by the
 * driver (wire.h). It ends when the driver's end of the socket is closed.
 */
#include "fsdrivers/archivefs/helper/answer.h"
#include "fsdrivers/archivefs/helper/cage.h"

#include <locale.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    static struct answers answers;
    struct wire_ask ask;
    int fd;
    int err;

    (void)setlocale(LC_CTYPE, ""); /* names of some formats are converted to it */
    tzset();
    err = cage_close();
    answer_hello(&answers, err);
    if (err < 0)
        return 1;
    while (answer_next(&answers, &ask, &fd)) {
        (void)alarm(CAGE_SILENCE_S);
        if (ask.op == WIRE_READ)
            answer_read(&answers, &ask);
        else
            answer_add(&answers, &ask, fd);
        (void)alarm(0);
    }
    _exit(0);
}
