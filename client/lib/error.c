/* SPDX-License-Identifier: MIT */
#include "client/lib/conn.h"
#include "schema/calls.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void scbox_error_done(struct scbox_error *error)
{
    free(error->message);
    cJSON_Delete(error->data);
    *error = (struct scbox_error)SCBOX_ERROR_INIT;
}

int error_set(struct scbox_error *error, int code, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    if (error == NULL)
        return code;
    scbox_error_done(error);
    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    error->code = code;
    error->message = strbuf_take(&text);
    return code;
}

int error_take(struct scbox_error *error, cJSON *object)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(object, "code");
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(object, "message");

    if (error == NULL)
        return SCBOX_REFUSED;
    error_set(error, cJSON_IsNumber(code) ? code->valueint : SCBOX_E_INTERNAL, "%s",
              cJSON_IsString(message) ? message->valuestring : "an error without a message");
    error->data = cJSON_DetachItemFromObjectCaseSensitive(object, "data");
    return SCBOX_REFUSED;
}

/** What an errno means: as the daemon says it, else as our own table does; NULL when neither knows. */
static const char *text_of(const struct scbox_error *error)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(error->data, "text");
    const struct sc_errno_info *row = NULL;

    if (cJSON_IsString(text))
        return text->valuestring;
    if (error->message != NULL)
        row = sc_errno_by_name(error->message, strlen(error->message));
    return row != NULL ? row->text : NULL;
}

char *scbox_error_line(const struct scbox_error *error)
{
    struct strbuf line = STRBUF_INIT;
    const char *text = text_of(error);

    (void)strbuf_adds(&line, error->message != NULL ? error->message : "unknown error");
    if (text != NULL)
        (void)strbuf_addf(&line, ": %s", text);
    return strbuf_take(&line);
}
