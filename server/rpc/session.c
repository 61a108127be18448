/* SPDX-License-Identifier: MIT */
#include "server/rpc/session.h"

#include "server/base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/** A token nobody can guess. Returns 0; -EAGAIN the host was started just now and has no randomness
 * yet. */
static int make_token(char out[SESSION_TOKEN_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[SESSION_TOKEN_LEN / 2];

    if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != (ssize_t)sizeof(bytes))
        return -EAGAIN;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[SESSION_TOKEN_LEN] = '\0';
    return 0;
}

static int enter_table(struct rpc *rpc, struct session *s)
{
    HASH_ADD_STR(rpc->sessions, token, s);
    return hash_added(s) ? 0 : -ENOMEM;
}

/** A new driven child of init with init's names. */
static int make_process(struct machine *m, const struct session_wish *wish, struct proc **out)
{
    struct proc *p;
    int err = proc_new(m->init, &p);

    if (err < 0)
        return err;
    err = proc_copy_names(m->init, p);
    if (err == 0)
        err = proc_drive(p, wish->name != NULL ? wish->name : "session");
    p->uid = wish->creds.uid;
    p->gid = wish->creds.gid;
    p->detached = true;
    if (err < 0)
        proc_end(p, PS_KILLED, 0, NULL);
    else
        *out = p;
    return err;
}

/** Hold or release a virtual clock, as the session thinks or waits. */
static void update_hold(struct session *s)
{
    bool hold = !session_is_over(s) && s->talkers > 0 && (s->waiting == 0 || s->unread > 0);

    if (hold == s->holding)
        return;
    s->holding = hold;
    if (hold)
        machine_hold(s->machine->m);
    else
        machine_release(s->machine->m);
}

static void on_grace_closed(uv_handle_t *handle)
{
    struct session *s = handle->data;

    (void)session_unref(s);
}

static void on_grace_over(uv_timer_t *timer)
{
    struct session *s = timer->data;

    rpc_log(s->rpc, "debug", "session of process %d: nobody came back", s->pid);
    session_end(s);
}

/** Whether there is room for one more, if need be in the place of one in grace. Returns 0, -1. */
static int check_room(const struct rpc *rpc, struct failure *f)
{
    if ((uint64_t)rpc->stats.sessions < rpc->limits.sessions || !list_empty(&rpc->in_grace))
        return 0;
    return fail(f, EAGAIN, NULL, "%llu sessions are open (limit sessions)",
                (unsigned long long)rpc->limits.sessions);
}

/** Past the limit, end the session that has been in grace longest. */
static void make_room(struct rpc *rpc)
{
    struct session *s;

    if ((uint64_t)rpc->stats.sessions <= rpc->limits.sessions)
        return;
    /* There were as many as the limit when check_room() saw one; making a process ends none. */
    CHECK(!list_empty(&rpc->in_grace));
    s = container_of(rpc->in_grace.next, struct session, in_grace);
    rpc_log(rpc, "debug", "session of process %d: a newcomer takes its place", s->pid);
    session_end(s);
}

/** A session with its token and process. Returns 0, -errno. */
static int make_session(struct rpc *rpc, struct rpc_machine *machine,
                        const struct session_wish *wish, struct session **out)
{
    struct session *s = calloc(1, sizeof(*s));
    int err;

    if (s == NULL)
        return -ENOMEM;
    err = make_token(s->token);
    if (err == 0)
        err = enter_table(rpc, s);
    if (err == 0)
        err = make_process(machine->m, wish, &s->proc);
    if (err < 0) {
        if (hash_added(s))
            HASH_DEL(rpc->sessions, s);
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

int session_open(struct rpc *rpc, struct rpc_machine *machine, const struct session_wish *wish,
                 struct session **out, struct failure *f)
{
    struct session *s;
    int err;

    if (check_room(rpc, f) < 0)
        return -1;
    err = make_session(rpc, machine, wish, &s);
    if (err < 0)
        return fail(f, err, NULL, "no process for the session on machine '%s'", machine->name);
    s->rpc = rpc;
    s->machine = machine;
    s->pid = s->proc->pid;
    s->proc->driver = s;
    s->unasked = wish->unasked;
    s->refs = 2; /* the caller's, and the timer's until it is closed */
    list_init(&s->in_machine);
    list_init(&s->in_grace);
    list_append(&machine->sessions, &s->in_machine);
    (void)uv_timer_init(rpc->loop, &s->grace);
    s->grace.data = s;
    rpc->stats.sessions++;
    rpc->stats.sessions_total++;
    make_room(rpc);
    *out = s;
    return 0;
}

struct session *session_find(struct rpc *rpc, const char *token)
{
    struct session *s;

    HASH_FIND_STR(rpc->sessions, token, s);
    return s;
}

struct session *session_ref(struct session *s)
{
    s->refs++;
    return s;
}

struct session *session_unref(struct session *s)
{
    if (s != NULL && --s->refs == 0)
        free(s);
    return NULL;
}

void session_leave(struct session *s)
{
    if (session_is_over(s))
        return;
    s->waiting = 0;
    if (s->holding)
        machine_release(s->machine->m);
    s->holding = false;
    HASH_DEL(s->rpc->sessions, s);
    list_del(&s->in_machine);
    list_del(&s->in_grace);
    s->machine = NULL;
    s->proc = NULL;
    s->rpc->stats.sessions--;
    uv_close((uv_handle_t *)&s->grace, on_grace_closed);
}

void session_end(struct session *s)
{
    if (session_is_over(s))
        return;
    proc_end(s->proc, PS_KILLED, 0, NULL); /* the machine's listener calls session_leave() */
}

void session_attach(struct session *s)
{
    s->conns++;
    s->talkers++;
    if (session_is_over(s))
        return;
    (void)uv_timer_stop(&s->grace);
    list_del(&s->in_grace);
    update_hold(s);
}

void session_mute(struct session *s)
{
    s->talkers--;
    update_hold(s);
}

void session_detach(struct session *s)
{
    uint64_t grace = s->unasked ? 0 : s->rpc->limits.grace_ms;

    s->conns--;
    if (session_is_over(s) || s->conns > 0)
        return;
    if (grace == 0) {
        session_end(s);
        return;
    }
    list_append(&s->rpc->in_grace, &s->in_grace);
    (void)uv_timer_start(&s->grace, on_grace_over, grace, 0);
}

void session_waits(struct session *s, bool waits)
{
    if (session_is_over(s))
        return;
    s->waiting = waits ? s->waiting + 1 : s->waiting - 1;
    update_hold(s);
}

void session_unread(struct session *s, bool unread)
{
    s->unread = unread ? s->unread + 1 : s->unread - 1;
    update_hold(s);
}

struct proc *session_actor(struct session *s, int32_t pid, struct failure *f)
{
    struct proc *p;

    if (pid == 0 || pid == s->pid)
        return s->proc;
    p = proc_find(s->machine->m, pid);
    if (p == NULL || !proc_is_below(p, s->proc)) {
        (void)fail(f, ESRCH, "as", "process %d is not below the session's own, %d", pid, s->pid);
        return NULL;
    }
    if (p->driver != s || p->state != PS_RUNNING) {
        (void)fail(f, EPERM, "as", "this session does not drive process %d; see proc.drive", pid);
        return NULL;
    }
    return p;
}
