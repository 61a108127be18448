/* SPDX-License-Identifier: MIT */
/* scbox ns: what a process can reach, as the calls that make it so, or drawn. */
#include "client/cli/base/cmd.h"
#include "client/cli/base/json.h"
#include "client/cli/base/show.h"
#include "client/cli/ns/ns.h"
#include "client/cli/reach/reach.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char cmd_ns_help[] =
    "Usage: scbox ns [OPTION…] [PID]\n"
    "       scbox ns [OPTION…] --graph\n"
    "\n"
    "Show the namespace of a process as lines of the scenario language that rebuild\n"
    "it in another process: which filesystems, which views of them, with which\n"
    "rights. Without PID: the namespace of a new session.\n"
    "\n"
    "  -g, --graph         instead, a graph in the DOT language, for `dot -Tsvg`: all\n"
    "                      processes of the machine, their names and their views\n"
    "  -m, --machine NAME  the machine; default: the daemon's default machine\n"
    "  -s, --socket PATH   the daemon's socket; default: $SCBOX_SOCKET, or the user's\n"
    "                      own\n"
    "  -h, --help          this page\n"
    "\n"
    "Exit status: 0; 1 the daemon refused: no such process; 2 wrong usage; 125 no\n"
    "daemon.\n"
    "\n"
    "Examples:\n"
    "  scbox ns 3\n"
    "  scbox ns --graph | dot -Tsvg >machine.svg\n";

enum { NS_CALL_MS = 10000 };

struct ns_options {
    const char *machine;
    const char *socket;
    bool graph;
    int32_t pid; /* 0: the session's own */
};

static int take_pid(struct ns_options *o, const char *text)
{
    o->pid = option_pid(text);
    if (o->pid == 0)
        return complain(OPTION_WRONG, "ns", "'%s' is not the number of a process", text);
    if (o->graph)
        return complain(OPTION_WRONG, "ns", "--graph shows all processes; leave out %s", text);
    return 0;
}

static int parse_options(int argc, char **argv, struct ns_options *o)
{
    static const struct option longs[] = {
        {"graph", no_argument, NULL, 'g'},
        {"machine", required_argument, NULL, 'm'},
        {"socket", required_argument, NULL, 's'},
        {0},
    };
    int found = 0;

    while ((found = option_next("ns", cmd_ns_help, argc, argv, "gm:s:", longs)) != -1) {
        if (found == OPTION_HELP || found == OPTION_WRONG)
            return found;
        if (found == 'g')
            o->graph = true;
        else if (found == 'm')
            o->machine = optarg;
        else
            o->socket = optarg;
    }
    if (argc - optind > 1)
        return complain(OPTION_WRONG, "ns", "one process at a time; see `scbox help ns`");
    return optind < argc ? take_pid(o, argv[optind]) : 0;
}

/* Ask for all processes, or for o->pid: that of a new session when it is 0. Returns SCBOX_OK or what went
 * wrong. */
static int ask(struct ns_options *o, struct scbox_conn *conn, cJSON **out,
               struct scbox_error *error)
{
    bool opens = !o->graph && o->pid == 0; /* else the session's process would be in the picture */
    cJSON *session = NULL;
    cJSON *params;
    int status = SCBOX_OK;

    if (opens)
        status = scbox_call_tree(conn, "session.open", json_object("machine:s", o->machine),
                                 NS_CALL_MS, &session, error);
    if (status != SCBOX_OK)
        return status;
    if (opens)
        o->pid = json_int(session, "pid");
    cJSON_Delete(session);
    params = json_object("machine:s", o->machine);
    if (!o->graph)
        (void)cJSON_AddNumberToObject(params, "pid", o->pid);
    status = scbox_call_tree(conn, "ns.tree", params, NS_CALL_MS, out, error);
    if (opens)
        (void)scbox_call_tree(conn, "session.close", NULL, NS_CALL_MS, NULL, NULL);
    return status;
}

int cmd_ns(int argc, char **argv)
{
    struct ns_options o = {0};
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct reach_spec spec = {.command = "ns", .joins = true};
    struct reach reach = {0};
    cJSON *answer = NULL;
    int found = parse_options(argc, argv, &o);
    int status;

    if (found != 0)
        return found == OPTION_HELP ? CMD_OK : CMD_USAGE;
    spec.socket = o.socket;
    if (reach_open(&spec, &reach) != 0)
        return CMD_DAEMON;
    status = ask(&o, reach.conn, &answer, &error);
    if (status != SCBOX_OK)
        show_error(stderr, "ns", &error);
    else if (!ns_show("ns", answer, o.pid))
        status = SCBOX_REFUSED;
    scbox_error_done(&error);
    reach_done(&reach);
    return status == SCBOX_OK ? CMD_OK : status == SCBOX_REFUSED ? CMD_FAILED : CMD_DAEMON;
}
