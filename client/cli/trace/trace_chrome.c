/* SPDX-License-Identifier: MIT */
/*
 * A trace as Chrome's trace events, which chrome://tracing, Perfetto and speedscope open: an array
 * with an object for each call (ph X, microseconds), for each end or fault (ph i), and a name for
 * each process.
 *
 * Viewers nest the calls of one thread, but calls of a session may overlap. So a call that begins
 * during another one of its process has a lane, a thread number, of its own.
 */
#include "client/cli/base/call_text.h"
#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/trace/trace.h"
#include "client/lib/scbox_cjson.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLIGHTS_MAX = 4096, /* calls in progress; further ones are not written */
    NAMED_MAX = 4096,   /* processes that get a name */
    NS_PER_US = 1000,
    LANE = 1000000, /* more than there are processes */
};

/* A call that has begun. */
struct trace_flight {
    uint64_t seq;
    int32_t pid;
    int lane;
    cJSON *begun; /* its event; owned */
};

/* ---- objects ---- */

static void add_us(cJSON *object, const char *name, uint64_t ns)
{
    char text[40];

    (void)snprintf(text, sizeof text, "%" PRIu64 ".%03u", ns / NS_PER_US,
                   (unsigned)(ns % NS_PER_US));
    (void)cJSON_AddItemToObject(object, name, cJSON_CreateRaw(text));
}

static cJSON *new_event(const char *phase, const char *name, int32_t pid, int lane)
{
    cJSON *e = json_object("name:s ph:s pid:i", name, phase, pid);

    (void)cJSON_AddNumberToObject(e, "tid", pid + (double)lane * LANE);
    return e;
}

/* Write an object as a line of the array. @e taken. */
static void put(struct trace_chrome *c, cJSON *e)
{
    char *text = cJSON_PrintUnformatted(e);

    fprintf(c->to, "%s%s", c->any ? ",\n" : "[\n", text != NULL ? text : "{}");
    c->any = true;
    free(text);
    cJSON_Delete(e);
}

/* ---- names of processes ---- */

static bool is_named(const struct trace_chrome *c, int32_t pid)
{
    for (size_t i = 0; i < c->named_count; i++) {
        if (c->named[i] == pid)
            return true;
    }
    return false;
}

/* Give a process its name in the file, the first time it is seen and when it runs a program. */
static void name_process(struct trace_chrome *c, int32_t pid, const char *program)
{
    bool known = is_named(c, pid);
    int32_t *larger = c->named;
    struct strbuf name = STRBUF_INIT;
    cJSON *e;

    if ((known && program == NULL) || (!known && c->named_count == NAMED_MAX))
        return;
    if (!known) {
        larger = realloc(c->named, (c->named_count + 1) * sizeof *larger);
        if (larger == NULL)
            return;
        c->named = larger;
        c->named[c->named_count++] = pid;
    }
    (void)strbuf_addf(&name, "process %d%s%s", pid, program != NULL ? ": " : "",
                      program != NULL ? program : "");
    e = new_event("M", "process_name", pid, 0);
    (void)cJSON_AddStringToObject(cJSON_AddObjectToObject(e, "args"), "name", strbuf_str(&name));
    put(c, e);
    strbuf_done(&name);
}

/* ---- calls ---- */

/* The lowest free lane of a process. */
static int free_lane(const struct trace_chrome *c, int32_t pid)
{
    int lane = 0;

    for (size_t i = 0; i < c->going_count; i++) {
        if (c->going[i].pid != pid || c->going[i].lane != lane)
            continue;
        lane++;
        i = (size_t)-1; /* from the first one again */
    }
    return lane;
}

static void begin(struct trace_chrome *c, const cJSON *event)
{
    int32_t pid = json_int(event, "pid");
    struct trace_flight *larger = c->going_count < FLIGHTS_MAX
                                      ? realloc(c->going, (c->going_count + 1) * sizeof *larger)
                                      : NULL;

    if (larger == NULL)
        return;
    c->going = larger;
    c->going[c->going_count] = (struct trace_flight){
        json_count(event, "seq"), pid, free_lane(c, pid), cJSON_Duplicate(event, true)};
    c->going_count++;
}

/* The call as an object; @ended is NULL when it did not end. */
static void put_call(struct trace_chrome *c, const struct trace_flight *f, const cJSON *ended)
{
    const struct sc_call_info *call = call_of_event(f->begun);
    uint64_t start = json_count(f->begun, "now_ns");
    uint64_t end = ended != NULL ? json_count(ended, "now_ns") : c->last_ns;
    cJSON *e = new_event("X", call != NULL ? call->word : "?", f->pid, f->lane);
    cJSON *args = cJSON_Duplicate(json_member(f->begun, "args"), true);
    struct strbuf outcome = STRBUF_INIT;

    if (args == NULL)
        args = cJSON_CreateObject();
    if (ended != NULL)
        call_text_outcome(&outcome, ended);
    else
        (void)strbuf_adds(&outcome, call != NULL && call->rc == SC_RC_NEVER ? "never returns"
                                                                            : "did not end");
    (void)cJSON_AddStringToObject(
        e, "cat", ended != NULL && *json_text(ended, "error") != '\0' ? "call,failed" : "call");
    add_us(e, "ts", start);
    add_us(e, "dur", end > start ? end - start : 0);
    (void)cJSON_AddStringToObject(args, "outcome", strbuf_str(&outcome));
    (void)cJSON_AddItemToObject(e, "args", args);
    put(c, e);
    strbuf_done(&outcome);
}

static void finish(struct trace_chrome *c, const cJSON *event)
{
    uint64_t seq = json_count(event, "seq");

    for (size_t i = 0; i < c->going_count; i++) {
        if (c->going[i].seq != seq)
            continue;
        put_call(c, &c->going[i], event);
        cJSON_Delete(c->going[i].begun);
        c->going[i] = c->going[--c->going_count];
        return;
    }
}

/* The calls of a process (0: of all) that did not return. */
static void finish_all(struct trace_chrome *c, int32_t pid)
{
    for (size_t i = 0; i < c->going_count;) {
        if (pid != 0 && c->going[i].pid != pid) {
            i++;
            continue;
        }
        put_call(c, &c->going[i], NULL);
        cJSON_Delete(c->going[i].begun);
        c->going[i] = c->going[--c->going_count];
    }
}

/* ---- the rest ---- */

static void put_instant(struct trace_chrome *c, const cJSON *event, const char *name)
{
    cJSON *e = new_event("i", name, json_int(event, "pid"), 0);

    add_us(e, "ts", c->last_ns);
    (void)cJSON_AddStringToObject(e, "s", "p");
    put(c, e);
}

static void put_end(struct trace_chrome *c, const cJSON *event)
{
    struct strbuf text = STRBUF_INIT;

    finish_all(c, json_int(event, "pid"));
    name_ending(&text, event);
    put_instant(c, event, strbuf_str(&text));
    strbuf_done(&text);
}

/* Write other events: a process starts or ends, a note. */
static void put_other(struct trace_chrome *c, enum event_kind kind, const cJSON *event)
{
    char *data = event_data(event);
    const char *text = data != NULL && *data != '\0' ? data : NULL;

    if (kind == EVENT_START)
        name_process(c, json_int(event, "pid"), text);
    else if (kind == EVENT_END)
        put_end(c, event);
    else if (kind == EVENT_NOTE)
        put_instant(c, event, text != NULL ? text : "");
    free(data);
}

void trace_chrome_event(struct trace_chrome *c, enum event_kind kind, const cJSON *event)
{
    uint64_t now = json_count(event, "now_ns");

    if (c->to == NULL)
        return;
    c->last_ns = now > c->last_ns ? now : c->last_ns;
    if (kind == EVENT_CALL) {
        name_process(c, json_int(event, "pid"), NULL);
        begin(c, event);
    } else if (kind == EVENT_RETURN) {
        finish(c, event);
    } else {
        put_other(c, kind, event);
    }
}

void trace_chrome_end(struct trace_chrome *c)
{
    if (c->to == NULL)
        return;
    finish_all(c, 0);
    fputs(c->any ? "\n]\n" : "[]\n", c->to);
    free(c->going);
    free(c->named);
    c->going = NULL;
    c->named = NULL;
    c->going_count = 0;
    c->named_count = 0;
    c->to = NULL;
}
