/* SPDX-License-Identifier: MIT */
#include "fsdrivers/registry.h"

#include "fsdrivers/archivefs/archivefs.h"
#include "fsdrivers/copy.h"
#include "fsdrivers/devfs/devfs.h"
#include "fsdrivers/generic/generic.h"
#include "fsdrivers/hostfs/hostfs.h"
#include "fsdrivers/options.h"
#include "fsdrivers/procfs/procfs.h"
#include "fsdrivers/ramfs/ramfs.h"
#include "fsdrivers/sqlitefs/sqlitefs.h"
#include "fsdrivers/unionfs/unionfs.h"
#include "schema/drivers.h"
#include "server/base/hostfile.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct fs_driver *const drivers[] = {
    &ramfs_driver, &sqlitefs_driver, &hostfs_driver,  &archivefs_driver,
    &devfs_driver, &procfs_driver,   &unionfs_driver,
};

enum { DRIVER_COUNT = sizeof(drivers) / sizeof(drivers[0]) };

const struct fs_opt registry_common_opts[] = {
    FS_COMMON_OPTIONS(FS_OPTION_ROW){NULL, NULL},
};

const struct fs_driver *registry_at(size_t index)
{
    return index < DRIVER_COUNT ? drivers[index] : NULL;
}

static bool has_name(const struct fs_driver *driver, const char *name)
{
    return strcmp(driver->name, name) == 0 ||
           (driver->alias != NULL && strcmp(driver->alias, name) == 0);
}

/* The driver of a name; NULL: none. */
static const struct fs_driver *driver_of(const char *name)
{
    for (size_t i = 0; i < DRIVER_COUNT; i++) {
        if (has_name(drivers[i], name))
            return drivers[i];
    }
    return NULL;
}

static int find_driver(const char *name, struct why *why, const struct fs_driver **out)
{
    struct strbuf names = STRBUF_INIT;

    *out = driver_of(name);
    if (*out != NULL)
        return 0;
    for (size_t i = 0; i < DRIVER_COUNT; i++)
        (void)strbuf_addf(&names, "%s%s", i > 0 ? ", " : "", drivers[i]->name);
    (void)why_add(why, -ENODEV, "there is no filesystem driver %s; there are: %s", name,
                  strbuf_str(&names));
    strbuf_done(&names);
    return -ENODEV;
}

static void list_keys(struct strbuf *out, const struct fs_opt *opts)
{
    for (; opts != NULL && opts->key != NULL; opts++)
        (void)strbuf_addf(out, "%s%s", out->len > 0 ? ", " : "", opts->key);
}

static int unknown_key(const struct fs_driver *driver, const char *key, struct why *why)
{
    struct strbuf keys = STRBUF_INIT;

    list_keys(&keys, driver->opts);
    list_keys(&keys, registry_common_opts);
    (void)why_add(why, -EINVAL, "%s has no option %s; there are: %s", driver->name, key,
                  strbuf_str(&keys));
    strbuf_done(&keys);
    return -EINVAL;
}

static int take_timeout(const char *key, const char *value, struct fs_config *config,
                        struct why *why)
{
    int err = option_u32(key, value, 10, &config->timeout_s, why);

    if (err == 0 && (config->timeout_s == 0 || config->timeout_s > FS_TIMEOUT_MAX_S))
        return why_add(why, -EINVAL, "option %s is 1 to %d seconds: %s", key, FS_TIMEOUT_MAX_S,
                       value);
    return err;
}

/* Apply one of registry_common_opts, which are all known here. */
static int take_common(const struct fs_opt *opt, struct fs_open *req, struct fs_config *config)
{
    const char *key = opt->key;
    const char *value = opt->value;

    if (strcmp(key, "source") == 0) {
        if (req->source == NULL)
            req->source = value;
        return 0;
    }
    if (strcmp(key, "setuid") == 0) {
        config->setuid = true;
        return option_u32(key, value, 10, &config->uid, req->why);
    }
    if (strcmp(key, "setgid") == 0) {
        config->setgid = true;
        return option_u32(key, value, 10, &config->gid, req->why);
    }
    if (strcmp(key, "fmask") == 0) {
        config->setfmask = true;
        return option_u32(key, value, 8, &config->fmask, req->why);
    }
    if (strcmp(key, "dmask") == 0) {
        config->setdmask = true;
        return option_u32(key, value, 8, &config->dmask, req->why);
    }
    if (strcmp(key, "readonly") == 0) {
        config->readonly = true;
        req->readonly = true;
        return option_flag(key, value, req->why);
    }
    if (strcmp(key, "quota_bytes") == 0)
        return option_size(key, value, &config->quota_bytes, req->why);
    if (strcmp(key, "timeout") == 0)
        return take_timeout(key, value, config, req->why);
    return option_size(key, value, &config->quota_inodes, req->why);
}

/* Whether an option that is not a key is a set of letters. */
static bool is_word(const struct fs_driver *driver, const struct fs_opt *item,
                    const struct fs_open *req)
{
    return req->letters && *item->value == '\0' && option_get(driver->opts, item->key) == NULL;
}

/* Add the keys of the letters in a word to the driver's own options, @own. */
static int take_word(const struct fs_driver *driver, const char *word, struct options *own,
                     struct why *why)
{
    for (; *word != '\0'; word++) {
        const char letter[] = {*word, '\0'};
        const struct fs_opt *opt = driver->opts;

        if (strchr(driver->letters, *word) == NULL)
            return why_add(why, -EINVAL, "the options are none of the letters %s: %s",
                           driver->letters, letter);
        while (strcmp(opt->key, letter) != 0)
            opt++;
        if (option_get(own->at, letter) == NULL)
            own->at[own->count++] = (struct fs_opt){opt->key, ""};
    }
    return 0;
}

/* Move the common options into @req and @config, and the driver's own to @own: it has room
 * for all keys of a driver. */
static int sort_options(const struct fs_driver *driver, const struct options *options,
                        struct options *own, struct fs_open *req, struct fs_config *config)
{
    bool letters = req->opts != NULL && *req->opts == '\0';
    int err = 0;

    for (size_t i = 0; err == 0 && i < options->count; i++) {
        const struct fs_opt *item = &options->at[i];

        if (option_get(registry_common_opts, item->key) != NULL) {
            err = take_common(item, req, config);
        } else if (is_word(driver, item, req)) {
            err = take_word(driver, item->key, own, req->why);
            letters = true;
        } else if (option_get(driver->opts, item->key) == NULL) {
            err = unknown_key(driver, item->key, req->why);
        } else if (option_get(own->at, item->key) == NULL ||
                   (driver->repeated != NULL && strcmp(item->key, driver->repeated) == 0)) {
            own->at[own->count++] = *item;
        }
    }
    req->letters = req->letters && letters;
    if (driver->readonly ||
        (driver->write_option != NULL && option_get(own->at, driver->write_option) == NULL))
        config->readonly = req->readonly = true;
    if (err == 0 && driver->uncounted && (config->quota_bytes != 0 || config->quota_inodes != 0))
        err = why_add(req->why, -EINVAL,
                      "%s can't keep a quota: it does not know what its files take", driver->name);
    if (err == 0 && driver->layered && (config->setuid || config->setgid) && req->who.uid != 0)
        err = why_add(
            req->why, -EACCES,
            "setuid and setgid would hide the owners of what is in the layers: only user 0 may");
    return err;
}

/* Open the source, if it is a file of the host. This is the only lookup of its path. */
static int find_source(struct fs_open *req)
{
    req->hostfile = NULL;
    if (req->source == NULL || req->handle != NULL || req->source[0] != '/')
        return 0;
    if (req->source[1] == '/')
        return why_add(req->why, -ENOTSUP, "%s: no driver for network targets yet", req->source);
    if (req->locate != NULL)
        return req->locate(req->locate_user, req->source, req->readonly, &req->hostfile, req->why);
    return hostfile_open(req->source, NULL, req->readonly, &req->hostfile, req->why);
}

/* An instance that is about to be made. */
struct opening {
    struct fs_opening base;
    const struct fs_driver *driver;
    struct fs_open req;
    struct fs_env env; /* of one that is made later: req.env */
    struct fs_copy copy;
    struct generic *wrapper;
    struct options options;
    struct options kept; /* req.opt */
};

static void opening_done(struct opening *o)
{
    generic_free(o->wrapper);
    options_done(&o->options);
}

/* Free the source, too: no instance has it. */
static void opening_fail(struct opening *o)
{
    hostfile_free(o->req.hostfile);
    copy_done(&o->copy, o->req.env);
    opening_done(o);
}

/* Do all that need not wait. @name: of the driver, or its alias. Returns 0: opening_done() is due. */
static int prepare(const struct fs_driver *driver, const char *name, const struct fs_open *req,
                   struct opening *o)
{
    struct fs_config config = {.readonly = req->readonly, .timeout_s = FS_TIMEOUT_S};
    int err;

    o->req = *req;
    o->wrapper = NULL;
    o->copy = (struct fs_copy){-1, 0};
    o->kept = (struct options){.count = 0};
    o->driver = driver;
    if (req->directory && !driver->layered)
        return why_add(req->why, -ENOTSUP, "a source of %s is not a directory", driver->name);
    err = options_split(req->opts, driver->repeated, &o->options, req->why);
    if (err < 0)
        return err;
    o->req.letters = driver->letters != NULL && strcmp(name, driver->name) != 0;
    err = sort_options(driver, &o->options, &o->kept, &o->req, &config);
    if (err == 0)
        err = generic_new(&config, driver, &o->req, &o->wrapper);
    if (err == 0)
        err = find_source(&o->req);
    if (err == 0 && driver->copies && req->handle != NULL)
        err = copy_make(req, req->env, &o->copy);
    if (err < 0)
        opening_done(o);
    o->base.timeout_s = config.timeout_s;
    return err;
}

/* Do the rest. */
static int finish(struct opening *o, struct fs **out)
{
    struct fs *inner = NULL;
    int err;

    o->req.opt = o->kept.at;
    o->req.copy = o->copy.fd >= 0 ? &o->copy : NULL;
    o->req.timeout_s = o->base.timeout_s;
    err = o->driver->open_source(o->driver, &o->req, &inner);
    if (err == 0) {
        *out = generic_wrap(o->wrapper, inner);
        o->wrapper = NULL;
        opening_done(o);
    } else {
        opening_fail(o);
    }
    return err;
}

/* fs_opening.open */
static int open_later(struct fs_opening *base, struct why *why, struct fs **out)
{
    struct opening *o = (struct opening *)base;
    int err;

    o->req.why = why;
    err = finish(o, out);
    free(o);
    return err;
}

/* fs_opening.drop */
static void drop(struct fs_opening *base)
{
    struct opening *o = (struct opening *)base;

    opening_fail(o);
    free(o);
}

/* Keep what is left to do for later. Returns FS_WOULD_WAIT; -ENOMEM. */
static int put_off(struct opening *o, struct fs_opening **later)
{
    struct opening *kept = malloc(sizeof(*kept));

    if (kept == NULL) {
        opening_fail(o);
        return -ENOMEM;
    }
    *kept = *o;
    kept->base.open = open_later;
    kept->base.drop = drop;
    kept->env = *o->req.env;
    kept->req.env = &kept->env;
    kept->req.opts = NULL;
    kept->req.locate = NULL;
    kept->req.handle = NULL; /* of a driver that copies, as it was put off */
    *later = &kept->base;
    return FS_WOULD_WAIT;
}

int registry_open_driver(const struct fs_driver *driver, const char *name,
                         const struct fs_open *req, struct fs **out)
{
    struct opening o;
    int err = prepare(driver, name, req, &o);

    if (err < 0)
        return err;
    return driver->waits && req->later != NULL && (req->handle == NULL || driver->copies)
               ? put_off(&o, req->later)
               : finish(&o, out);
}

int registry_open(const char *driver, const struct fs_open *req, struct fs **out)
{
    const struct fs_driver *found = NULL;
    int err = find_driver(driver, req->why, &found);

    return err < 0 ? err : registry_open_driver(found, driver, req, out);
}

bool registry_waits(const char *driver)
{
    const struct fs_driver *found = driver_of(driver);

    return found != NULL && found->waits;
}

bool registry_helps(const char *driver)
{
    const struct fs_driver *found = driver_of(driver);

    return found != NULL && found->helper;
}
