/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/quota.h"

#include "fsdrivers/options.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

int quota_read(const char *value, struct quota_option *out, struct why *why)
{
    *out = (struct quota_option){QUOTA_KEPT, 0};
    if (value == NULL)
        return 0;
    out->kind = strcmp(value, "auto") == 0 ? QUOTA_AUTO : QUOTA_SET;
    if (out->kind == QUOTA_AUTO || strcmp(value, "none") == 0)
        return 0;
    if (option_size("quota", value, &out->bytes, NULL) == 0 && out->bytes > 0 &&
        out->bytes <= INT64_MAX)
        return 0;
    return why_add(why, -EINVAL, "quota=%s: write auto, none, or bytes with K, M, G or T", value);
}

/* QUOTA_AUTO's part of the disk's free space. */
static uint64_t part_of_disk(const struct store *s)
{
    struct statvfs st;
    uint64_t part = QUOTA_AUTO_MAX;

    if (statvfs(s->path, &st) == 0)
        part = (uint64_t)st.f_bavail * st.f_frsize / QUOTA_AUTO_PART;
    if (part < QUOTA_AUTO_MIN)
        return QUOTA_AUTO_MIN;
    return part < QUOTA_AUTO_MAX ? part : QUOTA_AUTO_MAX;
}

static int keep(struct store *s, uint64_t bytes)
{
    int err = store_begin(s, 0);

    if (err < 0)
        return err;
    err = store_end(s, db_meta_set(&s->db, "quota_bytes", (int64_t)bytes));
    return err < 0 ? err : store_commit(s);
}

int quota_apply(struct store *s, const struct quota_option *option, struct why *why)
{
    int64_t kept = 0;
    uint64_t quota;
    int found = db_meta_find(&s->db, "quota_bytes", &kept);

    if (found < 0 || kept < 0)
        return found < 0 ? found : -EIO;
    s->fs.quota_bytes = (uint64_t)kept;
    if (s->readonly || option->kind == QUOTA_KEPT || (option->kind == QUOTA_AUTO && found > 0))
        return 0;
    quota = option->kind == QUOTA_SET ? option->bytes : part_of_disk(s);
    if (quota != 0 && s->totals.bytes > quota) {
        why_note(why,
                 "%s holds %llu bytes, more than its quota of %llu: what it holds is its quota",
                 s->path, (unsigned long long)s->totals.bytes, (unsigned long long)quota);
        quota = s->totals.bytes;
    }
    s->fs.quota_bytes = quota;
    return found > 0 && quota == (uint64_t)kept ? 0 : keep(s, quota);
}
