/* SPDX-License-Identifier: MIT */
/*
 * The file is read as tokens, not as a tree, so that each complaint has its line and column. To add
 * a setting, add a row to `keys` and a reader, and describe it in the schema.
 */
#include "server/host/config.h"

#include "server/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_BYTES_MAX = 1024 * 1024, NESTING_MAX = 8, VALUES_MAX = 65536 };

/** The state of reading a file. */
struct reader {
    struct config *config;
    const char *file;
    struct strbuf text;
    struct json_doc json;
    struct strbuf *error;
};

/** Read the value of a key. @value  its token. */
typedef int (*key_fn)(struct reader *r, uint32_t value);

/** Write a one-line complaint about the text at @at, in bytes from its start. */
static void describe(struct reader *r, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void describe(struct reader *r, size_t at, const char *fmt, ...)
{
    size_t line;
    size_t column;
    va_list ap;

    json_position(r->text.ptr, at, &line, &column);
    (void)strbuf_addf(r->error, "%s:%zu:%zu: ", r->file, line, column);
    va_start(ap, fmt);
    (void)strbuf_addv(r->error, fmt, ap);
    va_end(ap);
}

/** A token's text for "%.*s". */
#define SHOWN(r, i) (int)(r)->json.tokens[i].len, json_span(&(r)->json, i).ptr

/** describe() a token, then the value -EINVAL. A macro so that the compiler sees the value. */
#define complain(r, i, ...) (describe((r), (r)->json.tokens[i].at, __VA_ARGS__), -EINVAL)

/** Unescape a string value. @out returned; free(). */
static int read_string(struct reader *r, uint32_t value, char **out)
{
    if (json_kind(&r->json, value) != JSON_STRING)
        return complain(r, value, "a string was expected");
    if (json_has_nul(&r->json, value))
        return complain(r, value, "the string holds \\u0000");
    *out = malloc(r->json.tokens[value].len);
    if (*out == NULL)
        return -ENOMEM;
    (void)json_string(&r->json, value, *out);
    return 0;
}

/** Read a whole number from @min to @max. */
static int read_number(struct reader *r, uint32_t value, uint64_t min, uint64_t max, uint64_t *out)
{
    const struct json_span text = json_span(&r->json, value);
    char digits[24];
    bool is_whole = text.len < sizeof(digits);

    for (size_t i = 0; i < text.len; i++)
        is_whole = is_whole && text.ptr[i] >= '0' && text.ptr[i] <= '9';
    if (!is_whole)
        return complain(r, value, "a whole number was expected");
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    errno = 0;
    *out = strtoull(digits, NULL, 10);
    if (errno != 0 || *out < min || *out > max)
        return complain(r, value, "the number is outside %llu to %llu", (unsigned long long)min,
                        (unsigned long long)max);
    return 0;
}

/** Replace the owned string @to by a string value. */
static int replace_string(struct reader *r, uint32_t value, char **to)
{
    char *text;
    int err = read_string(r, value, &text);

    if (err < 0)
        return err;
    free(*to);
    *to = text;
    return 0;
}

static int read_socket(struct reader *r, uint32_t value)
{
    return replace_string(r, value, &r->config->socket);
}

static int read_state(struct reader *r, uint32_t value)
{
    return replace_string(r, value, &r->config->state);
}

static int read_log_level(struct reader *r, uint32_t value)
{
    char *word;
    int level;
    int err = read_string(r, value, &word);

    if (err < 0)
        return err;
    level = log_level_by_name(word);
    free(word);
    if (level < 0)
        return complain(r, value, "none of error, warn, info, debug");
    r->config->log_level = (enum log_level)level;
    return 0;
}

static int take_bool(struct reader *r, uint32_t value, bool *out)
{
    if (json_kind(&r->json, value) != JSON_BOOL)
        return complain(r, value, "true or false was expected");
    *out = *json_span(&r->json, value).ptr == 't';
    return 0;
}

static int read_default_machine(struct reader *r, uint32_t value)
{
    return take_bool(r, value, &r->config->default_machine);
}

static int read_guests(struct reader *r, uint32_t value)
{
    return take_bool(r, value, &r->config->guests);
}

static int read_patch_gates(struct reader *r, uint32_t value)
{
    return take_bool(r, value, &r->config->patch_gates);
}

static int read_cpu_affinity(struct reader *r, uint32_t value)
{
    return take_bool(r, value, &r->config->cpu_affinity);
}

/** Read a size in bytes; 0 means no quota. */
static int read_root_quota(struct reader *r, uint32_t value)
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

static int read_source_roots(struct reader *r, uint32_t value)
{
    char *root;
    int err = 0;

    if (json_kind(&r->json, value) != JSON_ARRAY)
        return complain(r, value, "an array of directories was expected");
    for (uint32_t i = value + 1; err == 0 && i < json_next(&r->json, value);
         i = json_next(&r->json, i)) {
        err = read_string(r, i, &root);
        if (err == 0) {
            err = strings_add(&r->config->source_roots, root);
            free(root);
        }
    }
    return err;
}

static int read_allow_uids(struct reader *r, uint32_t value)
{
    struct config *c = r->config;
    uint64_t uid;

    if (json_kind(&r->json, value) != JSON_ARRAY)
        return complain(r, value, "an array of user ids was expected");
    for (uint32_t i = value + 1; i < json_next(&r->json, value); i = json_next(&r->json, i)) {
        int err = read_number(r, i, 0, UINT32_MAX - 1, &uid);
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

static int read_limit(struct reader *r, uint32_t key, uint32_t value)
{
#define RPC_LIMIT(name, initial, min, max, doc)                                                    \
    if (json_is(&r->json, key, #name))                                                             \
        return read_number(r, value, min, max, &r->config->limits.name);
#include "schema/limits.def"
    return complain(r, key, "unknown limit %.*s", SHOWN(r, key));
}

static int read_machine_limit(struct reader *r, uint32_t key, uint32_t value)
{
#define MACHINE_LIMIT(name, initial, ceiling, most, doc)                                           \
    if (json_is(&r->json, key, #name))                                                             \
        return read_number(r, value, 1, (most), &r->config->machine_limits.name);
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
    return complain(r, key, "unknown limit %.*s", SHOWN(r, key));
}

typedef int (*member_fn)(struct reader *r, uint32_t key, uint32_t value);

static int read_members(struct reader *r, uint32_t value, member_fn read)
{
    int err = 0;

    if (json_kind(&r->json, value) != JSON_OBJECT)
        return complain(r, value, "an object was expected");
    for (uint32_t key = value + 1; err == 0 && key < json_next(&r->json, value);
         key = json_next_key(&r->json, key))
        err = read(r, key, key + 1);
    return err;
}

static int read_limits(struct reader *r, uint32_t value)
{
    return read_members(r, value, read_limit);
}

static int read_machine_limits(struct reader *r, uint32_t value)
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
    {"guests", read_guests},
    {"patch_gates", read_patch_gates},
    {"cpu_affinity", read_cpu_affinity},
    {"root_quota", read_root_quota},
    {"source_roots", read_source_roots},
    {"allow_uids", read_allow_uids},
    {"limits", read_limits},
    {"machine_limits", read_machine_limits},
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static int key_index(struct reader *r, uint32_t key)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        if (json_is(&r->json, key, keys[i].key))
            return i;
    }
    return -1;
}

static int read_keys(struct reader *r)
{
    bool seen[KEY_COUNT] = {false};
    int err = 0;

    for (uint32_t key = 1; err == 0 && key < r->json.count; key = json_next_key(&r->json, key)) {
        int i = key_index(r, key);

        if (i < 0)
            return complain(r, key, "unknown key %.*s", SHOWN(r, key));
        if (seen[i])
            return complain(r, key, "key %.*s given twice", SHOWN(r, key));
        seen[i] = true;
        err = keys[i].read(r, key + 1);
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
    struct reader r = {c, file, STRBUF_INIT, JSON_DOC_INIT, error};
    struct json_error bad;
    int err = slurp(&r);

    if (err < 0)
        goto out;
    err = json_read(&r.json, r.text.ptr, r.text.len, &limits, &bad);
    if (err < 0 && err != -ENOMEM) {
        describe(&r, bad.at, "%s", bad.what);
        err = -EINVAL;
    } else if (err == 0 && json_kind(&r.json, 0) != JSON_OBJECT) {
        err = complain(&r, 0, "an object was expected");
    } else if (err == 0) {
        err = read_keys(&r);
    }
    if (err == -ENOMEM)
        (void)strbuf_addf(error, "%s: out of memory", file);
out:
    json_doc_done(&r.json);
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
                         .guests = true,
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

/** The value of an environment variable if it is an absolute path, else NULL (the XDG rule). */
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
