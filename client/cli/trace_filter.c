/* SPDX-License-Identifier: MIT */
/* Which calls a trace is about: by name, and by the files they use. */
#include "client/cli/call_text.h"
#include "client/cli/json.h"
#include "client/cli/trace.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

bool trace_filter_calls(struct trace_filter *f, const char *list, char **out_wrong)
{
    const char *prefix = "trace=";

    if (strncmp(list, prefix, strlen(prefix)) == 0)
        list += strlen(prefix);
    f->any_listed = true;
    f->inverted = *list == '!';
    list += f->inverted ? 1 : 0;
    for (;;) {
        size_t len = strcspn(list, ",");
        char *name = strndup(list, len);
        const struct sc_call_info *call = name != NULL ? sc_call_by_name(name) : NULL;

        if (call == NULL) {
            *out_wrong = name;
            return false;
        }
        f->listed[call->nr] = true;
        free(name);
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
}

/* The handle in a file of handles, or NULL. */
static struct trace_handle *find_handle(struct trace_filter *f, int32_t pid, int32_t fd)
{
    for (size_t i = 0; i < f->handle_count; i++) {
        if (f->handles[i].pid == pid && f->handles[i].fd == fd)
            return &f->handles[i];
    }
    return NULL;
}

static void add_handle(struct trace_filter *f, int32_t pid, int32_t fd)
{
    struct trace_handle *larger;

    if (fd <= 0 || find_handle(f, pid, fd) != NULL)
        return;
    f->overfull = f->overfull || f->handle_count == TRACE_HANDLES_MAX;
    if (f->handle_count == TRACE_HANDLES_MAX)
        return;
    larger = realloc(f->handles, (f->handle_count + 1) * sizeof *larger);
    if (larger == NULL)
        return;
    f->handles = larger;
    f->handles[f->handle_count++] = (struct trace_handle){pid, fd};
}

static void drop_handle(struct trace_filter *f, int32_t pid, int32_t fd)
{
    struct trace_handle *h = find_handle(f, pid, fd);

    if (h != NULL)
        *h = f->handles[--f->handle_count];
}

/* Whether the call is given a path that is wanted, or a handle that was opened by one. */
static bool uses_path(struct trace_filter *f, const struct sc_call_info *call, const cJSON *event)
{
    const cJSON *args = json_member(event, "args");

    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        if (a->kind == SC_K_path && fnmatch(f->glob, json_text(args, a->name), 0) == 0)
            return true;
        if ((a->kind == SC_K_fd || a->kind == SC_K_ofd) &&
            find_handle(f, json_int(event, "pid"), json_int(args, a->name)) != NULL)
            return true;
    }
    return false;
}

/* Keep track of the handles that a call which is wanted makes and closes. */
static void follow_handles(struct trace_filter *f, const struct sc_call_info *call,
                           const cJSON *event)
{
    const cJSON *args = json_member(event, "args");
    int32_t pid = json_int(event, "pid");

    if (*json_text(event, "error") != '\0')
        return;
    if (call->nr == SC_OPEN)
        add_handle(f, pid, json_int(json_member(event, "result"), "fd"));
    else if (call->nr == SC_BIND_FD)
        add_handle(f, json_int(args, "pid"), json_int(args, "new_fd"));
    else if (call->nr == SC_CLOSE)
        drop_handle(f, pid, json_int(args, "fd"));
}

bool trace_filter_wants(struct trace_filter *f, const cJSON *event)
{
    const struct sc_call_info *call = call_of_event(event);
    bool wanted = call != NULL;

    if (wanted && f->glob != NULL) {
        wanted = uses_path(f, call, event);
        if (wanted && strcmp(json_text(event, "kind"), "return") == 0)
            follow_handles(f, call, event);
    }
    if (wanted && f->any_listed)
        wanted = f->listed[call->nr] != f->inverted;
    return wanted;
}

void trace_filter_done(struct trace_filter *f)
{
    free(f->handles);
    *f = (struct trace_filter){0};
}
