/* SPDX-License-Identifier: MIT */
#include "client/lib/scbox.h"
#include "server/base/base64.h"
#include "server/base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int scbox_data(const cJSON *object, char **out, size_t *out_len)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(object, "data");
    const cJSON *encoding = cJSON_GetObjectItemCaseSensitive(object, "encoding");
    size_t len;
    char *bytes;

    if (!cJSON_IsString(data))
        return -EINVAL;
    len = strlen(data->valuestring);
    bytes = malloc(len + 1);
    if (bytes == NULL)
        return -ENOMEM;
    if (!cJSON_IsString(encoding) || strcmp(encoding->valuestring, "base64") != 0) {
        memcpy(bytes, data->valuestring, len);
    } else if (base64_decode(data->valuestring, len, bytes, &len) != 0) {
        free(bytes);
        return -EINVAL;
    }
    bytes[len] = '\0';
    *out = bytes;
    *out_len = len;
    return 0;
}

/** Add @len bytes as base64 and say so. Returns 0 or -ENOMEM. */
static int add_base64(cJSON *params, const char *member, const void *bytes, size_t len)
{
    size_t size = base64_encoded_size(len);
    char *text = malloc(size + 1);
    bool ok;

    if (text == NULL)
        return -ENOMEM;
    base64_encode(bytes, len, text);
    text[size] = '\0';
    ok = cJSON_AddStringToObject(params, member, text) != NULL &&
         cJSON_AddStringToObject(params, "encoding", "base64") != NULL;
    free(text);
    return ok ? 0 : -ENOMEM;
}

int scbox_add_data(cJSON *params, const char *member, const void *bytes, size_t len)
{
    char *text;
    bool ok;

    if (!utf8_valid(bytes, len) || (len > 0 && memchr(bytes, '\0', len) != NULL))
        return add_base64(params, member, bytes, len);
    text = strndup(bytes, len);
    if (text == NULL)
        return -ENOMEM;
    ok = cJSON_AddStringToObject(params, member, text) != NULL;
    free(text);
    return ok ? 0 : -ENOMEM;
}
