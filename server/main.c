/* SPDX-License-Identifier: MIT */
/*
 * scboxd: puts the layers together and runs them on one loop.
 *
 *     settings -> socket bound -> host (clocks, source roots) -> bridge (ELF guests)
 *              -> rpc (sessions, machines) -> default machine -> socket open: ready
 *
 * An error after the loop was made ends the daemon as SIGTERM does: stop, run the loop until all
 * handles are closed, return the exit code.
 */
#include "fsdrivers/registry.h"
#include "server/bridge/bridge.h"
#include "server/host/capacity.h"
#include "server/host/host.h"
#include "server/host/options.h"
#include "server/host/record.h"
#include "server/host/socket.h"
#include "server/kernel/input.h"
#include "server/rpc/replay/replay.h"
#include "server/rpc/rpc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_CLEAN = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct daemon {
    struct config config;
    uv_loop_t loop;
    uv_signal_t sigterm;
    uv_signal_t sigint;
    uv_timer_t stop_soon; /* server.shutdown: not from inside the request */
    struct host *host;
    struct bridge *bridge; /* NULL: without guests */
    struct rpc *rpc;
    struct why refusals[ABI_COUNT]; /* as abis[]: why their guests can't run; empty when they can */
    struct listen_socket socket;
    bool has_socket;
    int record; /* the file of --record; -1: none */
    int inputs; /* of --inputs, likewise */
    bool stopping;
    int exit_code;
};

/** The daemon ends with its exit code, whatever signals still arrive: libuv resets their actions to the default
 * when it closes their handles. */
static void close_signals(struct daemon *d)
{
    sigset_t both;

    (void)sigemptyset(&both);
    (void)sigaddset(&both, SIGTERM);
    (void)sigaddset(&both, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &both, NULL);
    uv_close((uv_handle_t *)&d->sigterm, NULL);
    uv_close((uv_handle_t *)&d->sigint, NULL);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
}

static void on_bridge_closed(void *user)
{
    struct daemon *d = user;

    close_signals(d);
    uv_close((uv_handle_t *)&d->stop_soon, NULL);
}

/** Sessions and machines are freed, so every guest is at least dying. */
static void on_stopped(void *user)
{
    struct daemon *d = user;

    d->rpc = NULL;
    host_close(d->host);
    if (d->bridge != NULL)
        bridge_close(d->bridge, on_bridge_closed, d);
    else
        on_bridge_closed(d);
}

static void daemon_stop(struct daemon *d)
{
    if (d->stopping)
        return;
    d->stopping = true;
    rpc_stop(d->rpc, on_stopped, d);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    log_line(LOG_INFO, "%s: stopping", signum == SIGTERM ? "SIGTERM" : "SIGINT");
    daemon_stop(handle->data);
}

static void on_stop_soon(uv_timer_t *timer)
{
    log_line(LOG_INFO, "server.shutdown: stopping");
    daemon_stop(timer->data);
}

/* What the RPC layer asks of the daemon: struct rpc_daemon. */

static void daemon_stop_soon(void *user)
{
    struct daemon *d = user;

    (void)uv_timer_start(&d->stop_soon, on_stop_soon, 0, 0);
}

static const char *daemon_guest_refusal(void *user, const struct abi *abi)
{
    const struct daemon *d = user;
    size_t i = 0;

    while (abis[i] != abi)
        i++;
    return d->refusals[i].count > 0 ? d->refusals[i].text[0] : NULL;
}

static void daemon_log(void *user, const char *level, const char *line)
{
    (void)user;
    log_line(strcmp(level, "warn") == 0 ? LOG_WARN : LOG_DEBUG, "%s", line);
}

static void daemon_record(void *user, const char *line, size_t len)
{
    struct daemon *d = user;

    record_line(d->record, "the record", line, len);
}

static void daemon_inputs(void *user, const char *line, size_t len)
{
    struct daemon *d = user;

    record_line(d->inputs, "the log of inputs", line, len);
}

/** host_spawn_fn */
static int daemon_spawn(void *user, struct proc *proc, const struct exec_image *image,
                        struct why *why, struct executor **out)
{
    struct daemon *d = user;

    return bridge_spawn(d->bridge, proc, image, why, out);
}

/** Log a failure with its reasons on one line. Returns -1. */
static int fail_start(struct daemon *d, const char *what, int err, struct why *why)
{
    struct strbuf line = STRBUF_INIT;

    (void)strbuf_addf(&line, "%s: %s", what, strerror(-err));
    for (size_t i = 0; why != NULL && i < why->count; i++)
        (void)strbuf_addf(&line, "; %s", why->text[i]);
    log_line(LOG_ERROR, "%s", strbuf_str(&line));
    strbuf_done(&line);
    if (why != NULL)
        why_done(why);
    d->exit_code = EXIT_FAILED;
    return -1;
}

/** Give the default machine's init its names: io and root. */
static int mount_names(struct daemon *d, struct machine *m)
{
    struct strbuf opts = STRBUF_INIT;
    struct why why = WHY_INIT;
    struct input io = {
        .kind = INPUT_MOUNT, .why = &why, .mount = {.fs_name = "io", .driver = "devfs"}};
    struct input root = {
        .kind = INPUT_MOUNT, .why = &why, .mount = {.fs_name = "root", .driver = "sqlitefs"}};
    int err = machine_input(m, &io);

    if (err < 0)
        return fail_start(d, "the default machine's io", err, &why);
    (void)strbuf_addf(&opts, "source=%s/root.db,quota=%s", d->config.state,
                      d->config.root_quota != NULL ? d->config.root_quota : "auto");
    root.mount.opts = strbuf_str(&opts);
    err = machine_input(m, &root);
    strbuf_done(&opts);
    if (err < 0)
        return fail_start(d, "the default machine's root", err, &why);
    for (size_t i = 0; i < why.count; i++)
        log_line(LOG_WARN, "%s", why.text[i]);
    why_done(&why);
    return 0;
}

static int boot_default_machine(struct daemon *d)
{
    struct rpc_machine_request request = {
        .name = RPC_DEFAULT_MACHINE, .clock = CLOCK_REAL, .uid = geteuid()};
    struct why why = WHY_INIT;
    struct machine *m;
    int err;

    if (!d->config.default_machine)
        return 0;
    if (getrandom(&request.seed, sizeof(request.seed), 0) < 0)
        return fail_start(d, "random numbers", -errno, NULL);
    err = rpc_add_machine(d->rpc, &request, &why, &m);
    if (err < 0)
        return fail_start(d, "the default machine", err, &why);
    return mount_names(d, m);
}

static int prepare_state(struct daemon *d)
{
    struct strbuf error = STRBUF_INIT;
    int err = 0;

    if (strchr(d->config.state, ',') != NULL) {
        (void)strbuf_addf(&error, "%s: the state directory's name must not contain ','",
                          d->config.state);
        err = -EINVAL;
    }
    if (err == 0)
        err = make_private_dir(d->config.state, &error);
    if (err < 0) {
        log_line(LOG_ERROR, "%s", strbuf_str(&error));
        d->exit_code = EXIT_FAILED;
    }
    strbuf_done(&error);
    return err;
}

/** Bind before anything else is touched: a daemon that runs already keeps its files to itself. */
static int bind_socket(struct daemon *d)
{
    struct strbuf error = STRBUF_INIT;
    int err = listen_socket_open(&d->socket, d->config.socket, &error);

    d->has_socket = err == 0;
    if (err < 0) {
        log_line(LOG_ERROR, "%s", strbuf_str(&error));
        d->exit_code = EXIT_FAILED;
    }
    strbuf_done(&error);
    return err;
}

static int start_listening(struct daemon *d)
{
    int err = rpc_listen(d->rpc, d->socket.fd);

    if (err < 0)
        return fail_start(d, d->config.socket, err, NULL);
    d->socket.fd = -1; /* the loop's now */
    (void)fprintf(stderr, "scboxd ready: %s\n", d->config.socket);
    return 0;
}

/** Find out once which guests can run here. */
static void probe_guests(struct daemon *d)
{
    for (size_t i = 0; i < ABI_COUNT; i++) {
        struct why *why = &d->refusals[i];
        int err;

        if (d->bridge == NULL) {
            (void)why_add(why, -ENOTSUP, "ELF guests are disabled in this daemon (--no-guests)");
            continue;
        }
        err = bridge_probe(d->bridge, abis[i], why);
        if (err < 0 && why->count == 0)
            (void)why_add(why, err, "%s", strerror(-err));
        if (err < 0)
            log_line(LOG_WARN, "%s guests can't run: %s", abis[i]->name,
                     why->count > 0 ? why->text[0] : "out of memory");
    }
}

static bool runs_guests(const struct daemon *d)
{
    bool any = false;

    for (size_t i = 0; i < ABI_COUNT; i++)
        any = any || d->refusals[i].count == 0;
    return any;
}

/** Log once what guests' processes keep of the host if it can't be taken from them. */
static void note_root(struct daemon *d)
{
    if (runs_guests(d) && !bridge_has_root(d->bridge))
        log_line(LOG_INFO, "guests' processes keep this daemon's root directory: it may neither "
                           "change the root nor make a user namespace here");
}

/** Choose where the loop runs while there are guests. */
static void choose_cpu(struct daemon *d)
{
    if (d->config.cpu_affinity && runs_guests(d) && bridge_choose_cpu(d->bridge))
        log_line(LOG_DEBUG, "the loop keeps to one CPU while guests run");
}

static void handle_signals(struct daemon *d)
{
    (void)uv_signal_init(&d->loop, &d->sigterm);
    (void)uv_signal_init(&d->loop, &d->sigint);
    (void)uv_timer_init(&d->loop, &d->stop_soon);
    d->sigterm.data = d;
    d->sigint.data = d;
    d->stop_soon.data = d;
    (void)uv_signal_start(&d->sigterm, on_signal, SIGTERM);
    (void)uv_signal_start(&d->sigint, on_signal, SIGINT);
}

static int open_record(struct daemon *d)
{
    char *name;
    int err = record_name(d->config.record, &name);

    if (err == 0 && name != NULL) {
        d->record = record_open(name, false);
        err = d->record < 0 ? d->record : 0;
    }
    if (err < 0)
        (void)fail_start(d, name != NULL ? name : "the record", err, NULL);
    free(name);
    if (err == 0 && d->config.inputs != NULL) {
        d->inputs = record_open(d->config.inputs, true);
        err = d->inputs < 0 ? fail_start(d, d->config.inputs, d->inputs, NULL) : 0;
    }
    return err;
}

/** Share out what this host has: descriptors to connections and machines, memory to machines. */
static void share_capacity(struct daemon *d, struct descriptor_budget *budget,
                           struct machine_limits *ceilings)
{
    struct rpc_limits *limits = &d->config.limits;
    struct capacity have;

    capacity_look(&have);
    capacity_share(&have, limits->connections, budget);
    capacity_ceilings(&have, budget, ceilings);
    if (budget->connections < limits->connections)
        log_line(LOG_WARN,
                 "limit connections is %llu, not %llu: the daemon may have %llu files open "
                 "(ulimit -n)",
                 (unsigned long long)budget->connections, (unsigned long long)limits->connections,
                 (unsigned long long)have.descriptors);
    limits->connections = budget->connections;
}

static int make_bridge(struct daemon *d)
{
    int err = bridge_new(&d->loop, &d->bridge);

    if (err < 0)
        return err;
    bridge_set_patching(d->bridge, d->config.patch_gates);
    host_set_spawn(d->host, daemon_spawn, d);
    return 0;
}

/** Make the loop, the host, the bridge and the RPC layer: nothing can be seen from outside yet. */
static int make_layers(struct daemon *d)
{
    struct descriptor_budget budget;
    struct rpc_options options = {
        .machine_limits = d->config.machine_limits,
        .uids = d->config.allow_uids,
        .uid_count = d->config.allow_uid_count,
        .daemon = {.ops = &host_ops,
                   .fs_open = registry_open,
                   .fs_waits = registry_waits,
                   .fs_helps = registry_helps,
                   .stop = daemon_stop_soon,
                   .guest_refusal = daemon_guest_refusal,
                   .log = daemon_log,
                   .record = d->record >= 0 ? daemon_record : NULL,
                   .inputs = d->inputs >= 0 ? daemon_inputs : NULL,
                   .user = d},
    };
    const char *state = d->config.state;
    int err = 0;

    /* With a default machine its disk is in the directory, so no file there may be a source. */
    if (!d->config.default_machine)
        err = strings_add(&d->config.source_roots, state);

    share_capacity(d, &budget, &options.ceilings);
    options.limits = d->config.limits;
    if (err == 0)
        err = uv_loop_init(&d->loop);
    if (err == 0)
        err = host_new(&d->loop, &d->config.source_roots, d->config.default_machine ? state : NULL,
                       &d->host);
    if (err == 0 && d->config.guests)
        err = make_bridge(d);
    if (err < 0)
        return fail_start(d, "start", err, NULL);
    host_set_budget(d->host, &budget);
    options.daemon.host = d->host;
    err = rpc_new(&d->loop, &options, &d->rpc);
    if (err < 0)
        return fail_start(d, "start", err, NULL);
    handle_signals(d);
    return 0;
}

/** Run until everything is closed. */
static void run(struct daemon *d)
{
    probe_guests(d);
    note_root(d);
    choose_cpu(d);
    if (boot_default_machine(d) < 0 || start_listening(d) < 0)
        daemon_stop(d);
    (void)uv_run(&d->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&d->loop) != 0) {
        log_line(LOG_ERROR, "handles are left open at the end");
        d->exit_code = EXIT_FAILED;
    }
    host_free(d->host);
    for (size_t i = 0; i < ABI_COUNT; i++)
        why_done(&d->refusals[i]);
}

/** What the process itself needs: no SIGPIPE and SIGXFSZ, private files, as many descriptors as it may
 * have. */
static void set_up_process(void)
{
    struct rlimit files;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a write past the host's limit is EFBIG */
    (void)umask(077);
    (void)prctl(PR_SET_DUMPABLE, 0); /* no process of the same uid may attach, or read its memory */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/** replay_host.write */
static void print_line(void *user, const char *line, size_t len)
{
    struct daemon *d = user;

    if (fwrite(line, 1, len, stdout) != len)
        d->exit_code = EXIT_FAILED;
}

/** A whole file, owned; NULL with errno set. */
static char *read_file(const char *name, size_t *len)
{
    struct strbuf text = STRBUF_INIT;
    char part[65536];
    FILE *f = fopen(name, "re");
    size_t n;

    if (f == NULL)
        return NULL;
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        (void)strbuf_add(&text, part, n);
    *len = text.len;
    if (ferror(f) != 0)
        errno = EIO;
    else if (strbuf_failed(&text))
        errno = ENOMEM;
    n = (size_t)ferror(f);
    (void)fclose(f);
    if (n == 0)
        return strbuf_take(&text);
    strbuf_done(&text);
    return NULL;
}

/** --replay: play a log of inputs, and nothing else. Returns the exit code. */
static int replay_file(struct daemon *d)
{
    const struct replay_host host = {
        .ops = &host_ops, .fs_open = registry_open, .write = print_line, .user = d};
    struct strbuf error = STRBUF_INIT;
    size_t len;
    char *log = read_file(d->config.replay, &len);

    if (log == NULL)
        (void)strbuf_adds(&error, strerror(errno));
    if (log == NULL || replay(log, len, &host, &error) < 0) {
        log_line(LOG_ERROR, "%s: %s", d->config.replay, strbuf_str(&error));
        d->exit_code = EXIT_FAILED;
    }
    if (fflush(stdout) != 0) {
        log_line(LOG_ERROR, "stdout: %s", strerror(errno));
        d->exit_code = EXIT_FAILED;
    }
    free(log);
    strbuf_done(&error);
    config_done(&d->config);
    return d->exit_code;
}

int main(int argc, char **argv)
{
    struct daemon d = {.exit_code = EXIT_CLEAN, .record = -1, .inputs = -1};
    enum options_result result;

    config_init(&d.config);
    result = options_read(argc, argv, &d.config);
    if (result != OPTIONS_RUN) {
        config_done(&d.config);
        return result == OPTIONS_USAGE ? EXIT_USAGE : EXIT_CLEAN;
    }
    log_set_level(d.config.log_level);
    if (d.config.replay != NULL)
        return replay_file(&d);
    set_up_process();
    if (bind_socket(&d) == 0 && prepare_state(&d) == 0 && open_record(&d) == 0 &&
        make_layers(&d) == 0)
        run(&d);
    if (d.record >= 0)
        (void)close(d.record);
    if (d.inputs >= 0)
        (void)close(d.inputs);
    if (d.has_socket)
        listen_socket_close(&d.socket);
    if (d.exit_code == EXIT_CLEAN)
        log_line(LOG_INFO, "stopped");
    config_done(&d.config);
    return d.exit_code;
}
