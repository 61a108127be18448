/* SPDX-License-Identifier: MIT */
/* scbox call: one request to the daemon, its result on stdout. */
#include "client/cli/base/cmd.h"
#include "client/cli/base/show.h"
#include "client/cli/help/page.h"
#include "client/cli/reach/reach.h"
#include "client/cli/scenario/scn_words.h"
#include "schema/calls.h"
#include "server/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 80, NESTING_MAX = 32 };

const char cmd_call_help[] =
    "Usage: scbox call [OPTION…] METHOD [JSON]\n"
    "\n"
    "Send one request to a running daemon and print its result as JSON.\n"
    "\n"
    "METHOD is a call of the simulated system (open or SC_OPEN) or another method of\n"
    "the daemon (ns.list, machine.info, server.shutdown, rpc.discover …). JSON is its\n"
    "parameters, an object by argument name or an array by position; - reads them\n"
    "from stdin. Each `scbox call` is a session of its own on the default machine:\n"
    "its handles and children end with it. `scbox shell` keeps them.\n"
    "\n"
    "  -s, --socket PATH   the daemon's socket; default: $SCBOX_SOCKET, or the user's\n"
    "                      own\n"
    "  -p, --pretty        indent the result; the default on a terminal\n"
    "  -c, --compact       print it on one line; the default elsewhere\n"
    "  -h, --help          this page\n"
    "\n"
    "Exit status: 0 a result; 1 an error of the daemon, with name, reasons and hint\n"
    "on stderr; 2 wrong usage; 125 no daemon.\n"
    "\n"
    "Examples:\n"
    "  scbox call stat '{\"file\": \"root:/\"}'\n"
    "  scbox call create '[\"root:/home\", \"DIR\"]'\n"
    "  echo '{\"machine\": \"default\"}' | scbox call machine.info -\n";

struct call_options {
    const char *socket;
    bool pretty;
    const char *method;
    const char *json; /* NULL: no parameters */
};

static int parse_options(int argc, char **argv, struct call_options *out)
{
    static const struct option longs[] = {
        {"socket", required_argument, NULL, 's'},
        {"pretty", no_argument, NULL, 'p'},
        {"compact", no_argument, NULL, 'c'},
        {0},
    };
    int found = 0;

    out->pretty = isatty(STDOUT_FILENO) != 0;
    while ((found = option_next("call", cmd_call_help, argc, argv, "s:pc", longs)) != -1) {
        if (found == OPTION_HELP || found == OPTION_WRONG)
            return found;
        if (found == 's')
            out->socket = optarg;
        else
            out->pretty = found == 'p';
    }
    if (optind == argc)
        return complain(OPTION_WRONG, "call",
                        "a METHOD is missing, e.g. `scbox call stat '{\"file\": "
                        "\"root:/\"}'`; see `scbox help call`");
    if (argc - optind > 2)
        return complain(OPTION_WRONG, "call",
                        "more arguments than METHOD and JSON: quote the JSON for your shell");
    out->method = argv[optind];
    out->json = argv[optind + 1];
    return 0;
}

/* Read all of stdin. NULL after a complaint. */
static char *read_stdin(void)
{
    struct strbuf text = STRBUF_INIT;
    char buf[4096];
    size_t got = 0;

    while ((got = fread(buf, 1, sizeof buf, stdin)) > 0) {
        if (text.len + got > SCBOX_MESSAGE_MAX) {
            complain(0, "call", "the JSON on stdin is larger than %d bytes", SCBOX_MESSAGE_MAX);
            strbuf_done(&text);
            return NULL;
        }
        (void)strbuf_add(&text, buf, got);
    }
    if (strlen(strbuf_str(&text)) != text.len) {
        complain(0, "call", "the JSON on stdin contains a NUL byte");
        strbuf_done(&text);
        return NULL;
    }
    return strbuf_take(&text);
}

/*
 * Parameters for the request, or NULL after a complaint. They are checked here and sent as they
 * were written: a cJSON number is a double and would damage 64-bit values.
 */
static cJSON *parse_params(char *text)
{
    static const struct json_limits limits = {NESTING_MAX, SIZE_MAX};
    struct json_span value = json_trim((struct json_span){text, strlen(text)});
    struct json_error error = {0};
    size_t line = 0;
    size_t column = 0;

    if (json_check(text, strlen(text), &limits, &error) < 0) {
        json_position(text, error.at, &line, &column);
        complain(0, "call", "invalid JSON at line %zu, column %zu: %s", line, column, error.what);
        return NULL;
    }
    if (*value.ptr != '{' && *value.ptr != '[') {
        complain(0, "call", "the parameters must be an object {…} or an array […], not %.20s",
                 text);
        return NULL;
    }
    cJSON_Minify(text); /* a request is one line */
    return cJSON_CreateRaw(text);
}

/* @out_params stays NULL when there are none. Returns 0 or CMD_USAGE. */
static int load_params(const struct call_options *opts, cJSON **out_params)
{
    char *text = NULL;

    if (opts->json == NULL)
        return 0;
    text = strcmp(opts->json, "-") == 0 ? read_stdin() : strdup(opts->json);
    if (text == NULL)
        return CMD_USAGE;
    *out_params = parse_params(text);
    free(text);
    return *out_params != NULL ? 0 : CMD_USAGE;
}

static void print_result(const cJSON *result, bool pretty)
{
    struct strbuf text = STRBUF_INIT;

    show_json(&text, result, pretty ? COLUMNS : 0);
    puts(strbuf_str(&text));
    strbuf_done(&text);
}

/* The call or method whose name is nearest to an unknown one; NULL: none is near. */
static const char *nearest_method(const char *name)
{
    enum { NAMES_MAX = 64 };
    const char *names[NAMES_MAX] = {0};

    for (size_t i = 0; i + 1 < NAMES_MAX && page_method_name(i) != NULL; i++)
        names[i] = page_method_name(i);
    return strchr(name, '.') != NULL ? scn_nearest(name, names) : scn_nearest(name, NULL);
}

static void print_error(const char *method, const struct scbox_error *error)
{
    const char *near = error->code == SCBOX_E_METHOD ? nearest_method(method) : NULL;

    show_error(stderr, "call", error);
    if (near != NULL)
        fprintf(stderr, "  hint: did you mean %s?\n", near);
}

/* Send the request and print its result or error. @params taken. */
static int perform(struct scbox_conn *conn, const struct call_options *opts, cJSON *params)
{
    const struct sc_call_info *call = sc_call_by_name(opts->method);
    struct scbox_error error = SCBOX_ERROR_INIT;
    cJSON *result = NULL;
    int outcome = scbox_call_tree(conn, call != NULL ? call->name : opts->method, params,
                                  SCBOX_FOREVER, &result, &error);

    if (outcome == SCBOX_OK)
        print_result(result, opts->pretty);
    else
        print_error(opts->method, &error);
    cJSON_Delete(result);
    scbox_error_done(&error);
    if (outcome < 0)
        return CMD_DAEMON;
    return outcome == SCBOX_OK ? CMD_OK : CMD_FAILED;
}

int cmd_call(int argc, char **argv)
{
    struct call_options opts = {0};
    struct reach reach = {0};
    cJSON *params = NULL;
    int found = parse_options(argc, argv, &opts);
    int code = CMD_DAEMON;

    if (found != 0)
        return found == OPTION_HELP ? CMD_OK : CMD_USAGE;
    if (load_params(&opts, &params) != 0)
        return CMD_USAGE;
    if (reach_open(&(struct reach_spec){.command = "call", .joins = true, .socket = opts.socket},
                   &reach) == 0)
        code = perform(reach.conn, &opts, params);
    else
        cJSON_Delete(params);
    if (reach.conn != NULL && code == CMD_DAEMON)
        reach_last_words(&reach);
    reach_done(&reach);
    return code;
}
