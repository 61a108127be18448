/* SPDX-License-Identifier: MIT */
#include "client/cli/base/json.h"

#include "server/base/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Add a member of a type; its value is the next argument. */
static void add_member(cJSON *object, const char *name, char type, va_list *ap)
{
    cJSON *value = NULL;

    if (type == 's') {
        const char *text = va_arg(*ap, const char *);

        value = text != NULL ? cJSON_CreateString(text) : NULL;
    } else if (type == 'i') {
        value = cJSON_CreateNumber(va_arg(*ap, int));
    } else if (type == 'b') {
        value = cJSON_CreateBool(va_arg(*ap, int));
    } else {
        value = va_arg(*ap, cJSON *);
    }
    if (!cJSON_AddItemToObject(object, name, value))
        cJSON_Delete(value);
}

cJSON *json_object(const char *members, ...)
{
    cJSON *object = cJSON_CreateObject();
    va_list ap;

    va_start(ap, members);
    while (*members != '\0') {
        char name[32] = "";
        size_t len = strcspn(members, ":");

        CHECK(len < sizeof name && strchr("sibv", members[len + 1]) != NULL);
        memcpy(name, members, len);
        add_member(object, name, members[len + 1], &ap);
        members += len + 2;
        members += strspn(members, " ");
    }
    va_end(ap);
    return object;
}

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
