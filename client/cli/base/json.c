/* SPDX-License-Identifier: MIT */
#include "client/cli/base/json.h"

#include <stdlib.h>
#include <string.h>

#include <stddef.h>

const cJSON *json_member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *json_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(json_member(object, name));

    return text != NULL ? text : "";
}

int32_t json_int(const cJSON *object, const char *name)
{
    const cJSON *number = json_member(object, name);

    return cJSON_IsNumber(number) ? number->valueint : 0;
}

double json_number(const cJSON *object, const char *name)
{
    const cJSON *number = json_member(object, name);

    return cJSON_IsNumber(number) ? number->valuedouble : 0;
}

uint64_t json_count(const cJSON *object, const char *name)
{
    const cJSON *value = json_member(object, name);

    if (cJSON_IsString(value))
        return strtoull(value->valuestring, NULL, 10);
    return cJSON_IsNumber(value) && value->valuedouble > 0 ? (uint64_t)value->valuedouble : 0;
}

size_t json_weight(const cJSON *value)
{
    size_t weight = 0;
    const cJSON *member;

    if (value == NULL)
        return 0;
    weight = sizeof *value;
    weight += value->string != NULL ? strlen(value->string) + 1 : 0;
    weight += value->valuestring != NULL ? strlen(value->valuestring) + 1 : 0;
    cJSON_ArrayForEach(member, value)
        weight += json_weight(member);
    return weight;
}
