/* SPDX-License-Identifier: MIT */
/* The calls that a trace shows: by name, and by the files they use. */
#include "client/cli/base/call_text.h"
#include "client/cli/base/json.h"
#include "client/cli/trace/trace.h"
#include "client/lib/scbox_cjson.h"

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

/* Whether some text is a path that is wanted, spelled name:/path or name:path. */
static bool matches(const struct trace_filter *f, const char *path)
{
    const char *colon = strchr(path, ':');
    char *whole = NULL;
    bool found = fnmatch(f->glob, path, 0) == 0;

    if (!found && colon != NULL && colon[1] != '/' &&
        asprintf(&whole, "%.*s/%s", (int)(colon - path) + 1, path, colon + 1) >= 0)
        found = fnmatch(f->glob, whole, 0) == 0;
    free(whole);
    return found;
}

/* The same of a path as an event has it: a string, {"base64": …}, or an array of these. */
static bool value_matches(const struct trace_filter *f, const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    const cJSON *item;
    char *bytes = NULL;
    size_t len = 0;
    bool found = text != NULL && matches(f, text);

    if (cJSON_IsObject(value) && scbox_data_tree(value, &bytes, &len) == 0)
        found = matches(f, bytes);
    free(bytes);
    if (!cJSON_IsArray(value))
        return found;
    cJSON_ArrayForEach(item, value)
        found = found || value_matches(f, item);
    return found;
}

/* Whether the call is given a path that is wanted, or a handle that was opened by one. */
static bool uses_path(const struct trace_filter *f, const struct sc_call_info *call,
                      const cJSON *event)
{
    const cJSON *files = json_member(event, "files");
    bool found = false;
    const cJSON *file;

    for (const struct sc_field_info *a = call->args; a->name != NULL; a++)
        found = found || (a->kind == SC_K_path &&
                          value_matches(f, json_member(json_member(event, "args"), a->name)));
    cJSON_ArrayForEach(file, files)
        found = found || value_matches(f, file);
    return found;
}

/* Keep a call that has begun and is wanted: when it returns its handle may be closed. */
static void keep_call(struct trace_filter *f, uint64_t seq)
{
    uint64_t *larger;

    f->overfull = f->overfull || f->going_count == TRACE_CALLS_MAX;
    if (f->going_count == TRACE_CALLS_MAX)
        return;
    larger = realloc(f->going, (f->going_count + 1) * sizeof *larger);
    if (larger == NULL)
        return;
    f->going = larger;
    f->going[f->going_count++] = seq;
}

/* Whether a call that returns was kept when it began. */
static bool drop_call(struct trace_filter *f, uint64_t seq)
{
    for (size_t i = 0; i < f->going_count; i++) {
        if (f->going[i] != seq)
            continue;
        f->going[i] = f->going[--f->going_count];
        return true;
    }
    return false;
}

static bool wants_path(struct trace_filter *f, const struct sc_call_info *call, bool returns,
                       const cJSON *event)
{
    const uint64_t seq = json_count(event, "seq");
    bool wanted = uses_path(f, call, event);

    if (returns)
        return drop_call(f, seq) || wanted;
    if (wanted && call->rc != SC_RC_NEVER)
        keep_call(f, seq);
    return wanted;
}

bool trace_filter_wants(struct trace_filter *f, enum event_kind kind, const cJSON *event)
{
    const struct sc_call_info *call = call_of_event(event);
    bool wanted = call != NULL;

    if (wanted && f->glob != NULL)
        wanted = wants_path(f, call, kind == EVENT_RETURN, event);
    if (wanted && f->any_listed)
        wanted = f->listed[call->nr] != f->inverted;
    return wanted;
}

void trace_filter_done(struct trace_filter *f)
{
    free(f->going);
    *f = (struct trace_filter){0};
}
