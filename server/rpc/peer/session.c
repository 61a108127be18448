/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/session.h"

#include "server/rpc/peer/marks.h"
#include "server/rpc/peer/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/** Make a random token. Returns 0; -EAGAIN the host was started just now and has no randomness
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
static int make_process(struct machine *m, const struct session_spec *spec, struct session *s)
{
    struct input in = {.kind = INPUT_SESSION,
                       .session = {.program = spec->name != NULL ? spec->name : "session",
                                   .uid = spec->creds.uid,
                                   .gid = spec->creds.gid,
                                   .driver = s}};
    int err = machine_input(m, &in);

    s->proc = in.session.proc;
    return err;
}

/** Whether a virtual clock shall be held: the session thinks. */
static bool thinks(const struct session *s)
{
    return !session_is_over(s) && s->talkers > 0 && (s->waiting == 0 || s->unread > 0);
}

/** entry.run: hold or release the clock. */
static void apply_hold(struct entry *in)
{
    struct session *s = container_of(in, struct session, hold);
    const bool hold = thinks(s);

    if (hold == s->holding)
        return;
    s->holding = hold;
    if (hold)
        machine_input_plain(s->machine->m, INPUT_HOLD);
    else
        machine_input_plain(s->machine->m, INPUT_RELEASE);
}

/** See to the clock, in turn: whether a call has a filesystem wait makes no difference to it. */
static void update_hold(struct session *s)
{
    if (thinks(s) != s->holding && !entry_waits(&s->hold))
        (void)stack_enter(s->machine->m, &s->hold, apply_hold);
}

static void on_grace_closed(uv_handle_t *handle)
{
    struct session *s = handle->data;

    (void)session_unref(s);
}

static void on_grace_over(uv_timer_t *timer)
{
    struct session *s = timer->data;

    rpc_log(s->rpc, "debug", "session of process %d: the grace time has passed", s->pid);
    session_end(s);
}

/** The session longest in grace that a newcomer of @peer may end; NULL: none. @own: only one that the
 * peer opened itself, else one of its user. */
static struct session *find_victim(const struct rpc *rpc, const struct peer *peer, bool own)
{
    for (const struct list *i = rpc->in_grace.next; i != &rpc->in_grace; i = i->next) {
        struct session *s = container_of(i, struct session, in_grace);

        if (own ? s->opener == peer : s->uid == peer->uid)
            return s;
    }
    return NULL;
}

/**
 * Whether there is room for one more, if need be in the place of one in grace.
 * @victim   set to that one, or NULL.
 * Returns   0, -1.
 */
static int check_room(const struct rpc *rpc, const struct peer *peer, struct session **victim,
                      struct failure *f)
{
    const struct rpc_limits *l = &rpc->limits;
    bool full = (uint64_t)rpc->stats.sessions >= l->sessions;
    bool peer_full = peer->opened_count >= l->conn_sessions;

    *victim = full || peer_full ? find_victim(rpc, peer, true) : NULL;
    if (*victim != NULL || (!full && !peer_full))
        return 0;
    if (peer_full)
        return fail(f, EAGAIN, NULL, "this connection has %llu sessions (limit conn_sessions)",
                    (unsigned long long)l->conn_sessions);
    *victim = find_victim(rpc, peer, false);
    if (*victim != NULL)
        return 0;
    return fail(f, EAGAIN, NULL, "%llu sessions are open (limit sessions)",
                (unsigned long long)l->sessions);
}

/** A session with its token and process. Returns 0, -errno. */
static int make_session(struct rpc *rpc, struct rpc_machine *machine,
                        const struct session_spec *spec, struct session **out)
{
    struct session *s = calloc(1, sizeof(*s));
    int err;

    if (s == NULL)
        return -ENOMEM;
    err = make_token(s->token);
    if (err == 0)
        err = enter_table(rpc, s);
    if (err == 0)
        err = make_process(machine->m, spec, s);
    if (err < 0) {
        if (hash_added(s))
            HASH_DEL(rpc->sessions, s);
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

int session_open(struct rpc *rpc, struct rpc_machine *machine, const struct session_spec *spec,
                 struct session **out, struct failure *f)
{
    struct session *victim;
    struct session *s;
    int err;

    if (check_room(rpc, spec->opener, &victim, f) < 0)
        return -1;
    err = make_session(rpc, machine, spec, &s);
    if (err < 0)
        return fail(f, err, NULL, "no process for the session on machine '%s'", machine->name);
    s->rpc = rpc;
    s->machine = machine;
    s->pid = s->proc->pid;
    s->unasked = spec->unasked;
    s->machine_id = machine->id;
    (void)strcpy(s->machine_name, machine->name);
    s->uid = spec->opener->uid;
    s->opener = spec->opener;
    s->refs = 2; /* the caller's, and the timer's until it is closed */
    list_init(&s->hold.link);
    list_init(&s->in_machine);
    list_init(&s->in_grace);
    list_init(&s->in_opener);
    list_init(&s->marks);
    list_append(&machine->sessions, &s->in_machine);
    list_append(&s->opener->opened, &s->in_opener);
    s->opener->opened_count++;
    (void)uv_timer_init(rpc->loop, &s->grace);
    s->grace.data = s;
    rpc->stats.sessions++;
    rpc->stats.sessions_total++;
    if (victim != NULL) {
        rpc_log(rpc, "debug", "session of process %d: ended in grace for a new one", victim->pid);
        session_end(victim);
    }
    *out = s;
    return 0;
}

struct session *session_find(struct rpc *rpc, const char *token, uint32_t uid, struct failure *f)
{
    struct session *s;

    HASH_FIND_STR(rpc->sessions, token, s);
    if (s != NULL && machine_is_visible(s->machine, uid))
        return s;
    (void)fail(f, RPC_E_NO_SESSION, "session", "no session has this token");
    return NULL;
}

/** Remove it from its opener's list. */
static void leave_opener(struct session *s)
{
    if (s->opener != NULL)
        s->opener->opened_count--;
    s->opener = NULL;
    list_del(&s->in_opener);
}

void sessions_orphan(struct peer *peer)
{
    while (!list_empty(&peer->opened))
        leave_opener(container_of(peer->opened.next, struct session, in_opener));
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
        machine_input_plain(s->machine->m, INPUT_RELEASE);
    s->holding = false;
    entry_withdraw(&s->hold);
    marks_undo(&s->marks, MARK_PAUSE | MARK_FAULT);
    leave_opener(s);
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
    struct input in = {.kind = INPUT_END, .end = {.pid = s->pid, .state = PS_KILLED}};

    if (session_is_over(s))
        return;
    (void)machine_input(s->machine->m, &in); /* the machine's listener calls session_leave() */
}

void session_attach(struct session *s)
{
    s->peers++;
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

/** No connection is attached: its grace begins. */
static void begin_grace(struct session *s)
{
    list_append(&s->rpc->in_grace, &s->in_grace);
    (void)uv_timer_start(&s->grace, on_grace_over, s->unasked ? 0 : s->rpc->limits.grace_ms, 0);
}

void session_detach(struct session *s)
{
    s->peers--;
    if (session_is_over(s) || s->peers > 0)
        return;
    marks_undo(&s->marks, MARK_PAUSE);
    if (s->visits > 0)
        return;
    if (s->unasked || s->rpc->limits.grace_ms == 0)
        session_end(s);
    else
        begin_grace(s);
}

void session_visit(struct session *s)
{
    s->visits++;
    if (session_is_over(s))
        return;
    (void)uv_timer_stop(&s->grace);
    list_del(&s->in_grace);
}

void session_unvisit(struct session *s)
{
    s->visits--;
    if (!session_is_over(s) && s->peers == 0 && s->visits == 0)
        begin_grace(s);
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
