/* SPDX-License-Identifier: MIT */
/*
 * sqlitefs is killed in the middle of a random script. Whatever the moment: the file opens, every
 * rule of FORMAT.md holds, and the tree is the one after some prefix of the script that is no
 * shorter than what was fsynced.
 */
#include "tests/contract/dbcheck.h"
#include "tests/contract/digest.h"
#include "tests/contract/script.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 12, STEPS_MAX = 20000, FSYNC_EVERY = 37, COMMIT_EVERY = 11, ACKS_MAX = 60 };

/* The victim: do the script, and tell through the pipe how many steps are durable. Never
 * returns. */
static void victim(struct bed *b, uint64_t seed, int out)
{
    struct script s;

    if (bed_open(b, NULL) < 0)
        _exit(1);
    script_init(&s, seed);
    for (int step = 1; step <= STEPS_MAX; step++) {
        (void)script_step(&s, b, step);
        if (step % COMMIT_EVERY == 0 && FS0(commit) < 0)
            _exit(2);
        if (step % FSYNC_EVERY != 0)
            continue;
        if (FS(fsync, "/", true, NULL) < 0 || write(out, &step, sizeof(step)) != sizeof(step))
            _exit(3);
    }
    _exit(0);
}

/* Let the victim run until some of its acknowledgements came, then a little longer, and kill it.
 * Returns the steps that are durable for certain. */
static int run_and_kill(struct bed *b, uint64_t seed)
{
    int wanted = 1 + (int)(seed * 7919 % ACKS_MAX);
    int durable = 0;
    int fds[2];
    int step;
    pid_t pid;

    IS(pipe(fds), 0);
    pid = fork();
    cr_assert(pid >= 0);
    if (pid == 0) {
        (void)close(fds[0]);
        victim(b, seed, fds[1]);
    }
    (void)close(fds[1]);
    while (wanted-- > 0 && read(fds[0], &step, sizeof(step)) == sizeof(step))
        durable = step;
    (void)usleep((useconds_t)(seed * 104729 % 3000));
    (void)kill(pid, SIGKILL);
    while (read(fds[0], &step, sizeof(step)) == sizeof(step))
        durable = step;
    (void)close(fds[0]);
    IS(waitpid(pid, NULL, 0), pid);
    return durable;
}

/* Whether the tree is the one after a prefix of at least @durable steps, by doing the script
 * again. */
static bool is_prefix(uint64_t seed, int durable, uint64_t digest)
{
    struct script s;
    struct bed b;
    bool found = false;

    bed_init(&b, "ramfs");
    IS(bed_open(&b, NULL), 0);
    script_init(&s, seed);
    for (int step = 0; !found && step <= durable + 2 * FSYNC_EVERY; step++) {
        if (step >= durable)
            found = digest_tree(b.fs, &b.who) == digest;
        (void)script_step(&s, &b, step + 1);
    }
    script_done(&s, &b);
    bed_done(&b);
    return found;
}

static void crash_once(struct bed *b, uint64_t seed)
{
    int durable = run_and_kill(b, seed);

    cr_assert(durable > 0);
    db_check(b->db);
    IS(bed_open(b, NULL), 0);
    cr_assert(is_prefix(seed, durable, digest_tree(b->fs, &b->who)), "seed %d, %d steps durable",
              (int)seed, durable);
    IS(FS(mkdir, "/after", 0755), 0);
    bed_close(b);
    db_check(b->db);
    IS(db_number(b->db, "SELECT count(*) FROM orphan"), 0);
}

Test(crash, killed_leaves_a_prefix)
{
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct bed b;

        bed_init(&b, "sqlitefs");
        crash_once(&b, seed);
        bed_done(&b);
    }
}
