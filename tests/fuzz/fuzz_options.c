/* SPDX-License-Identifier: MIT */
/*
 * Options of filesystems: a line with the name of a driver, then its options. Most bytes from 0x80 on stand
 * for words, so that mutations meet keys and values.
 *
 * What options_split() makes of them must be what a slower reading says, which is written from options.h; and
 * what the registry makes of them, what schema/drivers.h says. Each refusal has a reason that names the key.
 * No file of the host is reached.
 */
#include "fsdrivers/fs_ops.h"
#include "fsdrivers/options.h"
#include "fsdrivers/registry.h"
#include "server/base/check.h"
#include "server/base/strbuf.h"
#include "tests/fuzz/fs_env.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_SIZE = 2 * OPTIONS_LEN_MAX, WORDS_FIRST = 0x80, WORDS_LAST = 0xF0 };

/** The memory that the root of a ramfs and its devices may take, at most. */
enum { ROOTS_MAX = 1 << 16 };

/* ---- The slower reading ---- */

enum part { KEY, VALUE, QUOTED, BEHIND };

/** What a string of options holds. */
struct reading {
    char at[OPTIONS_MAX][VALUE + 1][OPTIONS_LEN_MAX + 1];
    size_t count;
    const char *refusal; /* what the reason of its refusal contains; NULL it is not refused */
};

static const struct fs_caller who = {.pid = 1};
static struct reading reading;

/** Read the first option of a text. Returns what is behind its comma; NULL it was the last.
 * @refusal  set to why it is none. */
static const char *read_option(const char *text, char out[VALUE + 1][OPTIONS_LEN_MAX + 1],
                               const char **refusal)
{
    enum part part = KEY;
    size_t len[VALUE + 1] = {0};

    for (; *text != '\0' && (*text != ',' || part == QUOTED); text++) {
        if (part == BEHIND)
            *refusal = "bytes between";
        if (*text == '=' && part == KEY) {
            part = text[1] == '"' ? QUOTED : VALUE;
            text += part == QUOTED;
        } else if (*text == '"' && part == QUOTED) {
            part = BEHIND;
        } else {
            text += part == QUOTED && *text == '\\' && (text[1] == '"' || text[1] == '\\');
            out[part != KEY][len[part != KEY]++] = *text;
        }
    }
    if (part == QUOTED)
        *refusal = "without its end";
    out[KEY][len[KEY]] = '\0';
    out[VALUE][len[VALUE]] = '\0';
    return *text == ',' ? text + 1 : NULL;
}

/** Why an option can't follow those before it. NULL: it can. */
static const char *judge_option(const struct reading *r, const char *key, const char *repeated)
{
    if (key[0] == '\0')
        return "empty key";
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->at[i][KEY], key) == 0 && (repeated == NULL || strcmp(key, repeated) != 0))
            return key;
    }
    return NULL;
}

static void read_options(const char *text, const char *repeated, struct reading *r)
{
    static char last[VALUE + 1][OPTIONS_LEN_MAX + 1];

    r->count = 0;
    r->refusal = strlen(text) > OPTIONS_LEN_MAX ? "the limit is" : NULL;
    if (*text == '\0')
        return;
    while (text != NULL && r->refusal == NULL) {
        text = read_option(text, last, &r->refusal);
        if (r->refusal == NULL)
            r->refusal = judge_option(r, last[KEY], repeated);
        if (r->refusal == NULL && r->count == OPTIONS_MAX)
            r->refusal = "more than";
        if (r->refusal == NULL)
            memcpy(r->at[r->count++], last, sizeof(last));
    }
}

/* ---- Splitting ---- */

static bool has_reason(const struct why *why, const char *text)
{
    return why->count > 0 && strstr(why->text[0], text) != NULL;
}

static bool is_reading(const struct options *o, const struct reading *r)
{
    bool same = o->count == r->count && o->at[o->count].key == NULL;

    for (size_t i = 0; same && i < o->count; i++)
        same = strcmp(o->at[i].key, r->at[i][KEY]) == 0 &&
               strcmp(o->at[i].value, r->at[i][VALUE]) == 0 &&
               option_get(o->at, r->at[i][KEY]) != NULL;
    return same;
}

/** Write options down again, every value in quotes. */
static void spell(const struct options *o, struct strbuf *out)
{
    for (size_t i = 0; i < o->count; i++) {
        CHECK(strbuf_addf(out, "%s%s=\"", i > 0 ? "," : "", o->at[i].key) == 0);
        for (const char *at = o->at[i].value; *at != '\0'; at++)
            CHECK(strbuf_addf(out, "%s%c", *at == '"' || *at == '\\' ? "\\" : "", *at) == 0);
        CHECK(strbuf_addf(out, "\"") == 0);
    }
}

static void split(const char *text, const char *repeated)
{
    struct why why = WHY_INIT;
    struct strbuf again = STRBUF_INIT;
    struct options o;
    struct options same;
    int err = options_split(text, repeated, &o, &why);

    CHECK(err == (reading.refusal != NULL ? -EINVAL : 0));
    if (err < 0) {
        CHECK(has_reason(&why, reading.refusal));
    } else {
        CHECK(is_reading(&o, &reading) && why.count == 0);
        spell(&o, &again);
        CHECK(options_split(strbuf_str(&again), repeated, &same, &why) == 0 &&
              is_reading(&same, &reading));
        options_done(&same);
        options_done(&o);
    }
    strbuf_done(&again);
    why_done(&why);
}

/* ---- Values ---- */

/** Read digits. Returns what is behind them; NULL there are none, or the number is past @max. */
static const char *digits(const char *value, unsigned base, uint64_t max, uint64_t *out)
{
    const char *from = value;
    __extension__ unsigned __int128 number = 0;

    for (; *value >= '0' && *value < (char)('0' + base) && number <= max; value++)
        number = number * base + (unsigned)(*value - '0');
    *out = (uint64_t)number;
    return value > from && number <= max ? value : NULL;
}

static bool is_number(const char *value, unsigned base, uint64_t min, uint64_t max)
{
    uint64_t number;
    const char *end = digits(value, base, max, &number);

    return end != NULL && *end == '\0' && number >= min;
}

static bool is_decimal(const char *value)
{
    return is_number(value, 10, 0, UINT32_MAX);
}

static bool is_octal(const char *value)
{
    return is_number(value, 8, 0, UINT32_MAX);
}

static bool is_timeout(const char *value)
{
    return is_number(value, 10, 1, FS_TIMEOUT_MAX_S);
}

static bool read_size(const char *value, uint64_t *out)
{
    static const char suffixes[] = "KMGT";
    const char *end = digits(value, 10, INT64_MAX, out);
    const char *suffix = end != NULL ? strchr(suffixes, *end) : NULL; /* of its end, too */

    if (suffix == NULL || (*end != '\0' && end[1] != '\0'))
        return false;
    for (size_t i = *end != '\0' ? (size_t)(suffix - suffixes) + 1 : 0; i > 0; i--)
        *out = *out > INT64_MAX / 1024 ? UINT64_MAX : *out * 1024;
    return *out <= INT64_MAX;
}

static bool is_size(const char *value)
{
    uint64_t number;

    return read_size(value, &number);
}

static bool is_empty(const char *value)
{
    return *value == '\0';
}

static bool is_any(const char *value)
{
    (void)value;
    return true;
}

/** What the values of keys are: those that every filesystem has, and those of drivers that need no source. */
static const struct {
    const char *key;
    bool (*is_good)(const char *value);
} rules[] = {
    {"source", is_any},       {"setuid", is_decimal},    {"setgid", is_decimal},
    {"fmask", is_octal},      {"dmask", is_octal},       {"readonly", is_empty},
    {"quota_bytes", is_size}, {"quota_inodes", is_size}, {"c", is_empty},
    {"m", is_empty},          {"d", is_empty},           {"devices", is_empty},
    {"size", is_size},        {"timeout", is_timeout},
};

static bool is_good(const char *key, const char *value)
{
    size_t i = 0;

    while (i < sizeof(rules) / sizeof(rules[0]) && strcmp(rules[i].key, key) != 0)
        i++;
    CHECK(i < sizeof(rules) / sizeof(rules[0])); /* else it has no rule yet */
    return rules[i].is_good(value);
}

/* ---- Opening ---- */

/** The value of a key in the slower reading; NULL: it is not given. */
static const char *given(const char *key)
{
    for (size_t i = 0; i < reading.count; i++) {
        if (strcmp(reading.at[i][KEY], key) == 0)
            return reading.at[i][VALUE];
    }
    return NULL;
}

/** Whether an option is letters that a driver takes under its alias. */
static bool is_word(const struct fs_driver *driver, const char *name, size_t i)
{
    return driver->letters != NULL && strcmp(name, driver->name) != 0 &&
           reading.at[i][VALUE][0] == '\0' && option_get(driver->opts, reading.at[i][KEY]) == NULL;
}

/** What the reason contains for which the registry refuses an option. NULL: it does not. */
static const char *refusal_of(const struct fs_driver *driver, const char *name, size_t i)
{
    const char *key = reading.at[i][KEY];

    if (option_get(registry_common_opts, key) != NULL)
        return is_good(key, reading.at[i][VALUE]) ? NULL : key;
    if (is_word(driver, name, i))
        return strspn(key, driver->letters) == strlen(key) ? NULL : driver->letters;
    return option_get(driver->opts, key) == NULL ? key : NULL;
}

/** What the reason contains for which all options are refused before there is an instance. NULL: it is for
 * the driver to say. */
static const char *refusal(const struct fs_driver *driver, const char *name)
{
    const char *text = reading.refusal;
    uint64_t quota = 0;

    for (size_t i = 0; i < reading.count && text == NULL; i++)
        text = refusal_of(driver, name, i);
    if (text != NULL || !driver->uncounted)
        return text;
    if (given("quota_bytes") != NULL)
        (void)read_size(given("quota_bytes"), &quota);
    if (quota == 0 && given("quota_inodes") != NULL)
        (void)read_size(given("quota_inodes"), &quota);
    return quota != 0 ? "quota" : NULL;
}

/** fs_open.locate: no source of the host is found. */
static int refuse_source(void *user, const char *source, bool readonly, struct hostfile **out,
                         struct why *why)
{
    (void)user;
    (void)readonly;
    (void)out;
    return why_add(why, -EACCES, "there is no %s here", source);
}

/** Whether ramfs grants what a letter stands for. @all if no letter is given. */
static bool grants(const struct fs_driver *driver, const char *name, char letter, bool all)
{
    for (size_t i = 0; i < reading.count; i++) {
        const char *key = reading.at[i][KEY];
        const bool letters = is_word(driver, name, i) || (strlen(key) == 1 && *key != '\0');

        if (option_get(registry_common_opts, key) == NULL && letters) {
            if (strchr(key, letter) != NULL)
                return true;
            all = false;
        }
    }
    return all;
}

/** The number that an option gives; @none without it. */
static uint64_t number(const char *key, unsigned base, uint64_t none)
{
    if (given(key) != NULL)
        (void)digits(given(key), base, UINT32_MAX, &none);
    return none;
}

/** Whether an instance of a driver without a source does what its options say. */
static void check_instance(struct fs *fs, const char *name)
{
    const bool all = strcmp(name, fs->driver->name) == 0 || reading.count > 0;
    const char *size = given("quota_bytes");
    struct fs_statfs use = {.bytes_total = 0};
    struct fs_stat st;
    uint64_t quota = 0;

    CHECK(fs->ops->getattr(fs, &who, "/", &st, NULL) == 0);
    CHECK(st.uid == number("setuid", 10, 0) && st.gid == number("setgid", 10, 0));
    CHECK((st.mode & number("dmask", 8, 0) & 07777) == 0);
    CHECK(fs->timeout_s == number("timeout", 10, FS_TIMEOUT_S));
    CHECK(fs->ops->statfs(fs, &who, &use) == 0);
    CHECK(use.readonly == (given("readonly") != NULL || fs->driver->readonly));
    CHECK(size == NULL || (read_size(size, &quota) && use.bytes_total == quota));
    CHECK(!use.readonly || fs->ops->mkdir(fs, &who, "/dir", 0755) == -EROFS);
    if (fs->driver->letters == NULL)
        return;
    CHECK((use.no_create == NULL) == grants(fs->driver, name, 'c', all));
    CHECK((use.no_move == NULL) == grants(fs->driver, name, 'm', all));
    CHECK((use.no_delete == NULL) == grants(fs->driver, name, 'd', all));
}

/** Whether the answer of a driver that needs no source is what its own options and the source call for. */
static void check_answer(const struct fs_driver *driver, int err, const struct why *why)
{
    const char *source = given("source");
    uint64_t size = UINT64_MAX;

    if (source != NULL) {
        CHECK(err == (source[0] == '/' && source[1] != '/' ? -EACCES : -ENOTSUP));
        return;
    }
    for (size_t i = 0; i < reading.count; i++) {
        if (option_get(driver->opts, reading.at[i][KEY]) != NULL &&
            !is_good(reading.at[i][KEY], reading.at[i][VALUE])) {
            CHECK(err == -EINVAL);
            return;
        }
    }
    if (given("size") != NULL)
        (void)read_size(given("size"), &size);
    CHECK(err == 0 || (err == -ENOSPC && size < ROOTS_MAX && has_reason(why, "size")));
}

static bool needs_source(const struct fs_driver *driver)
{
    static const char *const without[] = {"ramfs", "devfs", "procfs"};

    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
        if (strcmp(driver->name, without[i]) == 0)
            return false;
    }
    return true;
}

static void open_fs(const struct fs_driver *driver, const char *name, const char *text)
{
    struct why why = WHY_INIT;
    struct fs_open req = {.opts = text, .env = &fuzz_env, .why = &why, .locate = refuse_source};
    struct fs *fs = NULL;
    const char *refused = refusal(driver, name);
    const int err = registry_open(name, &req, &fs);

    if (refused != NULL)
        CHECK(err == -EINVAL && has_reason(&why, refused));
    else if (!needs_source(driver))
        check_answer(driver, err, &why);
    if (err == 0 && !needs_source(driver))
        check_instance(fs, name);
    if (err == 0)
        fs->ops->destroy(fs, &why);
    why_done(&why);
    fs_env_check();
}

/* ---- The input ---- */

/** A driver and the name it is asked for by: what an input begins with, or else one that follows from it. */
static const char *driver_of(const uint8_t *data, size_t len, const struct fs_driver **out)
{
    const struct fs_driver *drivers[2 * UINT8_MAX];
    const char *names[2 * UINT8_MAX];
    size_t count = 0;
    size_t at;

    for (size_t i = 0; (drivers[count] = registry_at(i)) != NULL; i++) {
        names[count++] = registry_at(i)->name;
        drivers[count] = registry_at(i);
        names[count] = registry_at(i)->alias;
        count += names[count] != NULL;
    }
    at = len > 0 ? data[0] % count : 0;
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], data, len) == 0)
            at = i;
    }
    *out = drivers[at];
    return names[at];
}

/** The options of an input, with its words. */
static void put_words(const uint8_t *data, size_t size, char *out)
{
    static const char *const words[] = {",",
                                        "=",
                                        "source=/x",
                                        "setuid=",
                                        "setgid=4294967295",
                                        "fmask=022",
                                        "dmask=0777",
                                        "readonly",
                                        "timeout=",
                                        "size=",
                                        "quota_bytes=",
                                        "quota_inodes=",
                                        "devices",
                                        "write",
                                        "c",
                                        "cmd",
                                        "sync=none",
                                        "1M",
                                        "8589934591G",
                                        "9223372036854775807",
                                        "4294967296",
                                        "3600",
                                        "00",
                                        "-1",
                                        "\\",
                                        "\"",
                                        "\",\""};
    size_t len = 0;

    for (; size > 0 && *data != '\0' && len + 32 < TEXT_SIZE; data++, size--) {
        const char byte[] = {(char)*data, '\0'};
        const bool is_byte = *data < WORDS_FIRST || *data > WORDS_LAST;
        const char *text =
            is_byte ? byte : words[(*data - WORDS_FIRST) % (sizeof(words) / sizeof(words[0]))];

        memcpy(out + len, text, strlen(text));
        len += strlen(text);
    }
    out[len] = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_SIZE];
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    const size_t len = line != NULL ? (size_t)(line - data) : 0;
    const struct fs_driver *driver;
    const char *name = driver_of(data, len, &driver);

    put_words(line != NULL ? line + 1 : data, line != NULL ? size - len - 1 : size, text);
    read_options(text, driver->repeated, &reading);
    split(text, driver->repeated);
    open_fs(driver, name, text);
    return 0;
}
