/* SPDX-License-Identifier: MIT */
/* Objects made for requests. */
#include "client/cli/base/json.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

static void expect(cJSON *object, const char *json)
{
    char *text = cJSON_PrintUnformatted(object);

    cr_expect_str_eq(text, json);
    cJSON_free(text);
    cJSON_Delete(object);
}

Test(json, object_of_each_type)
{
    cJSON *list = cJSON_CreateIntArray((const int[]){1, 2}, 2);

    expect(json_object("file:s pid:i eof:b list:v", "root:/a", -3, true, list),
           "{\"file\":\"root:/a\",\"pid\":-3,\"eof\":true,\"list\":[1,2]}");
}

Test(json, what_is_null_makes_no_member)
{
    expect(json_object("a:s b:v c:i", (const char *)NULL, (cJSON *)NULL, 7), "{\"c\":7}");
}

Test(json, object_of_nothing)
{
    expect(json_object(""), "{}");
}

Test(json, name_at_its_limit)
{
    expect(json_object("a23456789012345678901234567890x:i", 1),
           "{\"a23456789012345678901234567890x\":1}");
}

Test(json, name_past_its_limit, .signal = SIGABRT)
{
    cJSON_Delete(json_object("a23456789012345678901234567890xy:i", 1));
}

Test(json, unknown_type, .signal = SIGABRT)
{
    cJSON_Delete(json_object("a:x", 1));
}
