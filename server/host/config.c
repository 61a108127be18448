/* SPDX-License-Identifier: MIT */
/*
 * The file is walked as text, not as a tree, so that every complaint can name its line and column.
 * One row of `keys` a key: to add a setting, add a row and its reader, and describe it in the
 * schema.
 */
#include "server/host/config.h"

#include "server/base/json_text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_BYTES_MAX = 1024 * 1024, NESTING_MAX = 8, VALUES_MAX = 65536 };

/** A file as it is read. */
struct reader {
    struct config *config;
    const char *file;
    struct strbuf text;
    struct strbuf *error;
};

typedef int (*key_fn)(struct reader *r, struct json_span value);

/** Write the one line of a complaint about the text at @at. */
static void describe(struct reader *r, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void describe(struct reader *r, const char *at, const char *fmt, ...)
{
    size_t line;
    size_t column;
    va_list ap;

    json_position(r->text.ptr, (size_t)(at - r->text.ptr), &line, &column);
    (void)strbuf_addf(r->error, "%s:%zu:%zu: ", r->file, line, column);
    va_start(ap, fmt);
    (void)strbuf_addv(r->error, fmt, ap);
    va_end(ap);
}

/** describe() with -EINVAL as its value. A macro, so that the compiler sees which error it is. */
#define complain(r, at, ...) (describe((r), (at), __VA_ARGS__), -EINVAL)

/** The text of a string value, escapes undone. @out returned; free(). */
static int read_string(struct reader *r, struct json_span value, char **out)
{
    cJSON *item = NULL;

    if (json_kind(value) != JSON_STRING)
        return complain(r, value.ptr, "a string was expected");
    if (json_has_nul(value))
        return complain(r, value.ptr, "the string holds \\u0000");
    item = cJSON_ParseWithLength(value.ptr, value.len);
    *out = item != NULL ? strdup(item->valuestring) : NULL;
    cJSON_Delete(item);
    return *out != NULL ? 0 : -ENOMEM;
}

/** A whole number from 0 to @max. */
static int read_number(struct reader *r, struct json_span value, uint64_t min, uint64_t max,
                       uint64_t *out)
{
    char digits[24];
    bool is_whole = value.len < sizeof(digits);

    for (size_t i = 0; i < value.len; i++)
        is_whole = is_whole && value.ptr[i] >= '0' && value.ptr[i] <= '9';
    if (!is_whole)
        return complain(r, value.ptr, "a whole number was expected");
    memcpy(digits, value.ptr, value.len);
    digits[value.len] = '\0';
    errno = 0;
    *out = strtoull(digits, NULL, 10);
    if (errno != 0 || *out < min || *out > max)
        return complain(r, value.ptr, "the number is outside of %llu to %llu",
                        (unsigned long long)min, (unsigned long long)max);
    return 0;
}

/** Replace an owned string by a value. */
static int replace_string(struct reader *r, struct json_span value, char **to)
{
    char *text;
    int err = read_string(r, value, &text);

    if (err < 0)
        return err;
    free(*to);
    *to = text;
    return 0;
}

static int read_socket(struct reader *r, struct json_span value)
{
    return replace_string(r, value, &r->config->socket);
}

static int read_state(struct reader *r, struct json_span value)
{
    return replace_string(r, value, &r->config->state);
}

static int read_log_level(struct reader *r, struct json_span value)
{
    char *word;
    int level;
    int err = read_string(r, value, &word);

    if (err < 0)
        return err;
    level = log_level_by_name(word);
    free(word);
    if (level < 0)
        return complain(r, value.ptr, "none of error, warn, info, debug");
    r->config->log_level = (enum log_level)level;
    return 0;
}

static int take_bool(struct reader *r, struct json_span value, bool *out)
{
    if (json_kind(value) != JSON_BOOL)
        return complain(r, value.ptr, "true or false was expected");
    *out = *value.ptr == 't';
    return 0;
}

static int read_default_machine(struct reader *r, struct json_span value)
{
    return take_bool(r, value, &r->config->default_machine);
}

static int read_patch_gates(struct reader *r, struct json_span value)
{
    return take_bool(r, value, &r->config->patch_gates);
}

static int read_cpu_affinity(struct reader *r, struct json_span value)
{
    return take_bool(r, value, &r->config->cpu_affinity);
}

/** Bytes, of which 0 is no quota. */
static int read_root_quota(struct reader *r, struct json_span value)
{
    char text[24] = "none";
    uint64_t bytes;
    int err = read_number(r, value, 0, INT64_MAX, &bytes);

    if (err < 0)
        return err;
    if (bytes > 0)
        (void)snprintf(text, sizeof(text), "%" PRIu64, bytes);
    free(r->config->root_quota);
    r->config->root_quota = strdup(text);
    return r->config->root_quota != NULL ? 0 : -ENOMEM;
}

static int read_source_roots(struct reader *r, struct json_span value)
{
    struct json_iter it;
    struct json_span key;
    struct json_span item;
    char *root;
    int err = 0;

    if (json_kind(value) != JSON_ARRAY)
        return complain(r, value.ptr, "an array of directories was expected");
    json_iter_init(&it, value);
    while (err == 0 && json_iter_next(&it, &key, &item)) {
        err = read_string(r, item, &root);
        if (err == 0) {
            err = strings_add(&r->config->source_roots, root);
            free(root);
        }
    }
    return err;
}

static int read_allow_uids(struct reader *r, struct json_span value)
{
    struct config *c = r->config;
    struct json_iter it;
    struct json_span key;
    struct json_span item;
    uint64_t uid;

    if (json_kind(value) != JSON_ARRAY)
        return complain(r, value.ptr, "an array of user ids was expected");
    json_iter_init(&it, value);
    while (json_iter_next(&it, &key, &item)) {
        int err = read_number(r, item, 0, UINT32_MAX - 1, &uid);
        uint32_t *more;

        if (err < 0)
            return err;
        more = realloc(c->allow_uids, (c->allow_uid_count + 1) * sizeof(*more));
        if (more == NULL)
            return -ENOMEM;
        c->allow_uids = more;
        c->allow_uids[c->allow_uid_count++] = (uint32_t)uid;
    }
    return 0;
}

static int read_limit(struct reader *r, struct json_span key, struct json_span value)
{
#define RPC_LIMIT(name, initial, min, max, doc)                                                    \
    if (json_string_is(key, #name))                                                                \
        return read_number(r, value, min, max, &r->config->limits.name);
#include "schema/limits.def"
    return complain(r, key.ptr, "unknown limit %.*s", (int)key.len, key.ptr);
}

static int read_machine_limit(struct reader *r, struct json_span key, struct json_span value)
{
#define MACHINE_LIMIT(name, initial, ceiling, most, doc)                                           \
    if (json_string_is(key, #name))                                                                \
        return read_number(r, value, 1, (most), &r->config->machine_limits.name);
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
    return complain(r, key.ptr, "unknown limit %.*s", (int)key.len, key.ptr);
}

typedef int (*member_fn)(struct reader *r, struct json_span key, struct json_span value);

static int read_members(struct reader *r, struct json_span value, member_fn read)
{
    struct json_iter it;
    struct json_span key;
    struct json_span item;
    int err = 0;

    if (json_kind(value) != JSON_OBJECT)
        return complain(r, value.ptr, "an object was expected");
    json_iter_init(&it, value);
    while (err == 0 && json_iter_next(&it, &key, &item))
        err = read(r, key, item);
    return err;
}

static int read_limits(struct reader *r, struct json_span value)
{
    return read_members(r, value, read_limit);
}

static int read_machine_limits(struct reader *r, struct json_span value)
{
    return read_members(r, value, read_machine_limit);
}

static const struct {
    const char *key;
    key_fn read;
} keys[] = {
    {"socket", read_socket},
    {"state", read_state},
    {"log_level", read_log_level},
    {"default_machine", read_default_machine},
    {"patch_gates", read_patch_gates},
    {"cpu_affinity", read_cpu_affinity},
    {"root_quota", read_root_quota},
    {"source_roots", read_source_roots},
    {"allow_uids", read_allow_uids},
    {"limits", read_limits},
    {"machine_limits", read_machine_limits},
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static int key_index(struct json_span key)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        if (json_string_is(key, keys[i].key))
            return i;
    }
    return -1;
}

static int read_keys(struct reader *r, struct json_span object)
{
    bool seen[KEY_COUNT] = {false};
    struct json_iter it;
    struct json_span key;
    struct json_span value;
    int err = 0;

    json_iter_init(&it, object);
    while (err == 0 && json_iter_next(&it, &key, &value)) {
        int i = key_index(key);

        if (i < 0)
            return complain(r, key.ptr, "unknown key %.*s", (int)key.len, key.ptr);
        if (seen[i])
            return complain(r, key.ptr, "key %.*s given twice", (int)key.len, key.ptr);
        seen[i] = true;
        err = keys[i].read(r, value);
    }
    return err;
}

/** Read a whole file of at most CONFIG_BYTES_MAX. */
static int slurp(struct reader *r)
{
    int fd = open(r->file, O_RDONLY | O_CLOEXEC);
    ssize_t got = -1;

    if (fd >= 0 && strbuf_reserve(&r->text, CONFIG_BYTES_MAX + 1) == 0) {
        do {
            got = read(fd, r->text.ptr + r->text.len, CONFIG_BYTES_MAX + 1 - r->text.len);
            if (got > 0)
                r->text.len += (size_t)got;
        } while (got > 0);
    }
    if (got < 0)
        (void)strbuf_addf(r->error, "%s: the configuration can't be read: %s", r->file,
                          strerror(errno));
    else if (r->text.len > CONFIG_BYTES_MAX)
        (void)strbuf_addf(r->error, "%s: longer than %d bytes", r->file, CONFIG_BYTES_MAX);
    else
        r->text.ptr[r->text.len] = '\0';
    if (fd >= 0)
        (void)close(fd);
    return got < 0 || r->text.len > CONFIG_BYTES_MAX ? -EIO : 0;
}

int config_load(struct config *c, const char *file, struct strbuf *error)
{
    static const struct json_limits limits = {NESTING_MAX, VALUES_MAX};
    struct reader r = {c, file, STRBUF_INIT, error};
    struct json_error bad;
    struct json_span root;
    int err = slurp(&r);

    if (err < 0)
        goto out;
    err = json_check(r.text.ptr, r.text.len, &limits, &bad);
    if (err < 0) {
        err = complain(&r, r.text.ptr + bad.at, "%s", bad.what);
        goto out;
    }
    root = json_trim((struct json_span){r.text.ptr, r.text.len});
    if (json_kind(root) == JSON_OBJECT)
        err = read_keys(&r, root);
    else
        err = complain(&r, root.ptr, "an object was expected");
    if (err == -ENOMEM)
        (void)strbuf_addf(error, "%s: out of memory", file);
out:
    strbuf_done(&r.text);
    return err;
}

int strings_add(struct strings *list, const char *text)
{
    char **more = realloc(list->at, (list->count + 1) * sizeof(*more));

    if (more == NULL)
        return -ENOMEM;
    list->at = more;
    list->at[list->count] = strdup(text);
    if (list->at[list->count] == NULL)
        return -ENOMEM;
    list->count++;
    return 0;
}

void config_init(struct config *c)
{
    *c = (struct config){.log_level = LOG_INFO,
                         .default_machine = true,
                         .patch_gates = true,
                         .cpu_affinity = true,
                         .limits = rpc_limits_initial()};
}

void config_done(struct config *c)
{
    free(c->socket);
    free(c->state);
    free(c->record);
    free(c->inputs);
    free(c->replay);
    free(c->root_quota);
    free(c->allow_uids);
    for (size_t i = 0; i < c->source_roots.count; i++)
        free(c->source_roots.at[i]);
    free(c->source_roots.at);
}

/** An absolute path from the environment, else NULL (the XDG rule). */
static const char *directory_from(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] == '/' ? value : NULL;
}

char *config_default_socket(void)
{
    const char *runtime = directory_from("XDG_RUNTIME_DIR");
    struct strbuf path = STRBUF_INIT;

    if (runtime != NULL)
        (void)strbuf_addf(&path, "%s/scbox/scboxd.sock", runtime);
    else
        (void)strbuf_addf(&path, "/tmp/scbox-%u/scboxd.sock", (unsigned)geteuid());
    return strbuf_take(&path);
}

char *config_default_state(void)
{
    const char *state = directory_from("XDG_STATE_HOME");
    const char *home = directory_from("HOME");
    struct strbuf path = STRBUF_INIT;

    if (state != NULL)
        (void)strbuf_addf(&path, "%s/scbox", state);
    else if (home != NULL)
        (void)strbuf_addf(&path, "%s/.local/state/scbox", home);
    else
        (void)strbuf_addf(&path, "/tmp/scbox-%u/state", (unsigned)geteuid());
    return strbuf_take(&path);
}
