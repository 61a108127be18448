/* SPDX-License-Identifier: MIT */
/* schema/config.schema.json says what the daemon reads: same keys, same ranges, same defaults. */
#include "server/host/config.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *read_schema(void)
{
    struct strbuf text = STRBUF_INIT;
    FILE *f = fopen(CONFIG_SCHEMA, "r");
    cJSON *schema;
    char buf[4096];
    size_t n;

    cr_assert_not_null(f);
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        (void)strbuf_add(&text, buf, n);
    (void)fclose(f);
    schema = cJSON_Parse(strbuf_str(&text));
    cr_assert_not_null(schema);
    strbuf_done(&text);
    return schema;
}

static const cJSON *properties_of(const cJSON *schema)
{
    const cJSON *closed = cJSON_GetObjectItemCaseSensitive(schema, "additionalProperties");

    cr_assert(cJSON_IsFalse(closed));
    return cJSON_GetObjectItemCaseSensitive(schema, "properties");
}

static double number_of(const cJSON *limit, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(limit, key);

    cr_assert(cJSON_IsNumber(item));
    return item->valuedouble;
}

Test(config, limits_are_those_of_the_table)
{
    static const struct {
        const char *name;
        double initial, min, max;
    } rows[] = {
#define RPC_LIMIT(name, initial, min, max, doc) {#name, initial, min, max},
#include "schema/limits.def"
    };
    const size_t count = sizeof(rows) / sizeof(rows[0]);
    cJSON *schema = read_schema();
    const cJSON *limits =
        properties_of(cJSON_GetObjectItemCaseSensitive(properties_of(schema), "limits"));

    for (size_t i = 0; i < count; i++) {
        const cJSON *limit = cJSON_GetObjectItemCaseSensitive(limits, rows[i].name);

        cr_assert_not_null(limit, "%s is a row of the limits, but not a member in %s", rows[i].name,
                           CONFIG_SCHEMA);
        cr_assert_eq(number_of(limit, "default"), rows[i].initial, "%s", rows[i].name);
        cr_assert_eq(number_of(limit, "minimum"), rows[i].min, "%s", rows[i].name);
        cr_assert_eq(number_of(limit, "maximum"), rows[i].max, "%s", rows[i].name);
    }
    cr_assert_eq((size_t)cJSON_GetArraySize(limits), count, "%s has limits without a row",
                 CONFIG_SCHEMA);
    cJSON_Delete(schema);
}

Test(config, machine_limits_are_those_of_the_table)
{
    static const struct {
        const char *name;
        double initial, max;
    } rows[] = {
#define ROW(name, initial, ceiling, most, doc) {#name, (double)(initial), (double)(most)},
        MACHINE_LIMITS(ROW)};
    const size_t count = sizeof(rows) / sizeof(rows[0]);
    cJSON *schema = read_schema();
    const cJSON *limits =
        properties_of(cJSON_GetObjectItemCaseSensitive(properties_of(schema), "machine_limits"));

    for (size_t i = 0; i < count; i++) {
        const cJSON *limit = cJSON_GetObjectItemCaseSensitive(limits, rows[i].name);

        cr_assert_not_null(limit, "%s is a row of the limits, but not a member in %s", rows[i].name,
                           CONFIG_SCHEMA);
        cr_assert_eq(number_of(limit, "default"), rows[i].initial, "%s", rows[i].name);
        cr_assert_eq(number_of(limit, "maximum"), rows[i].max, "%s", rows[i].name);
    }
    cr_assert_eq((size_t)cJSON_GetArraySize(limits), count, "%s has limits without a row",
                 CONFIG_SCHEMA);
    cJSON_Delete(schema);
}

/** Load a configuration of one key. Returns the error's text (free()), NULL when it was taken. */
static char *load(const char *key, const char *value)
{
    char path[] = "/tmp/scbox-config-XXXXXX";
    struct strbuf error = STRBUF_INIT;
    struct config c;
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    int err;

    (void)fprintf(f, "{\"%s\": %s}", key, value);
    (void)fclose(f);
    config_init(&c);
    err = config_load(&c, path, &error);
    config_done(&c);
    (void)remove(path);
    if (err == 0)
        strbuf_done(&error);
    return err == 0 ? NULL : strbuf_take(&error);
}

Test(config, every_key_of_the_schema_is_read)
{
    cJSON *schema = read_schema();

    for (const cJSON *key = properties_of(schema)->child; key != NULL; key = key->next) {
        char *error = load(key->string, "null");

        cr_assert(error != NULL && strstr(error, "unknown key") == NULL, "%s: %s", key->string,
                  error);
        free(error);
    }
    cJSON_Delete(schema);
}

Test(config, values_are_taken)
{
    cr_assert_null(load("socket", "\"/run/x\""));
    cr_assert_null(load("state", "\"/var/x\""));
    cr_assert_null(load("log_level", "\"debug\""));
    cr_assert_null(load("default_machine", "false"));
    cr_assert_null(load("guests", "false"));
    cr_assert_null(load("patch_gates", "false"));
    cr_assert_null(load("cpu_affinity", "false"));
    cr_assert_null(load("root_quota", "0"));
    cr_assert_null(load("root_quota", "9223372036854775807"));
    cr_assert_null(load("source_roots", "[\"/a\", \"/b\"]"));
    cr_assert_null(load("allow_uids", "[1, 4294967294]"));
    cr_assert_null(load("limits", "{\"sessions\": 65536, \"grace_ms\": 0}"));
}
