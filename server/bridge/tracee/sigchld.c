/* SPDX-License-Identifier: MIT */
#include "server/bridge/tracee/sigchld.h"

#include "server/base/check.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { PENDING_MAX = 2 }; /* the thread's and the process's */

/** All that are open in this process. */
static struct list all = {&all, &all};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static sigset_t only_sigchld(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    return set;
}

/** The daemon may have inherited SIGCHLD as ignored: none would arrive. */
static void set_default(int flags)
{
    const struct sigaction act = {.sa_handler = SIG_DFL, .sa_flags = flags};

    (void)sigaction(SIGCHLD, &act, NULL);
}

int sigchld_open(struct sigchld *s)
{
    const sigset_t set = only_sigchld();
    sigset_t old;

    *s = (struct sigchld){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC),
                          .thread = pthread_self()};
    if (s->fd < 0)
        return -errno;
    set_default(0);
    (void)pthread_sigmask(SIG_BLOCK, &set, &old);
    s->was_blocked = sigismember(&old, SIGCHLD) == 1;
    (void)pthread_mutex_lock(&lock);
    for (const struct list *i = all.next; i != &all; i = i->next)
        CHECK(!pthread_equal(container_of(i, struct sigchld, link)->thread, s->thread));
    list_append(&all, &s->link);
    (void)pthread_mutex_unlock(&lock);
    return 0;
}

void sigchld_close(struct sigchld *s)
{
    const sigset_t set = only_sigchld();

    bool is_last;

    (void)pthread_mutex_lock(&lock);
    list_del(&s->link);
    is_last = list_empty(&all);
    (void)pthread_mutex_unlock(&lock);
    (void)close(s->fd);
    if (is_last && !s->was_blocked) /* else it would take what is meant for another */
        (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void pass_on(const struct sigchld *s)
{
    (void)pthread_mutex_lock(&lock);
    for (const struct list *i = all.next; i != &all; i = i->next) {
        if (i != &s->link)
            (void)pthread_kill(container_of(i, struct sigchld, link)->thread, SIGCHLD);
    }
    (void)pthread_mutex_unlock(&lock);
}

void sigchld_read(const struct sigchld *s)
{
    struct signalfd_siginfo info[PENDING_MAX];
    const ssize_t size = read(s->fd, info, sizeof(info));

    for (ssize_t i = 0; i * (ssize_t)sizeof(*info) < size; i++) {
        if (info[i].ssi_code != SI_TKILL) /* pthread_kill() */
            pass_on(s);
    }
}

void sigchld_again(const struct sigchld *s)
{
    (void)pthread_kill(s->thread, SIGCHLD);
}

void sigchld_drop_orphans(void)
{
    int is_subreaper = 0;

    (void)prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
    if (getpid() == 1 || is_subreaper != 0)
        set_default(SA_NOCLDWAIT);
}
