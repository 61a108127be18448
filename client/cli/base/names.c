/* SPDX-License-Identifier: MIT */
#include "client/cli/base/names.h"

#include "client/cli/base/json.h"
#include "schema/calls.h"

#include <string.h>

const char *name_of_failure(int32_t code)
{
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, "FAIL") == 0 && f->value == (uint32_t)code)
            return f->name;
    }
    return "?";
}

bool names_every_mode(const cJSON *modes)
{
    const cJSON *item;
    int named = 0;
    int all = 0;

    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++)
        all += strcmp(f->group, "FM") == 0;
    cJSON_ArrayForEach(item, modes) {
        if (cJSON_IsString(item))
            named += sc_flag_by_name("FM", item->valuestring, strlen(item->valuestring)) != NULL;
    }
    return named == all;
}

void name_rights(struct strbuf *out, const cJSON *modes, const char *all, const char *none)
{
    const cJSON *mode = NULL;
    const char *comma = "";

    if (all != NULL && names_every_mode(modes)) {
        (void)strbuf_adds(out, all);
        return;
    }
    cJSON_ArrayForEach(mode, modes) {
        if (cJSON_IsString(mode))
            (void)strbuf_addf(out, "%s%s", comma, mode->valuestring);
        comma = ",";
    }
    if (*comma == '\0')
        (void)strbuf_adds(out, none);
}

void name_ending(struct strbuf *out, const cJSON *status)
{
    const char *state = json_text(status, "state");
    int32_t code = json_int(status, "return_code");

    if (strcmp(state, "DONE") == 0)
        (void)strbuf_addf(out, "exit code %d", code);
    else if (strcmp(state, "FAILURE") == 0)
        (void)strbuf_addf(out, "fault %s", name_of_failure(code));
    else
        (void)strbuf_adds(out, strcmp(state, "KILLED") == 0 ? "killed" : state);
}
