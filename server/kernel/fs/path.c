/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/path.h"

#include <errno.h>
#include <string.h>

void path_set_root(struct path *p)
{
    p->str[0] = '/';
    p->str[1] = '\0';
    p->len = 1;
    p->asks_dir = false;
}

int path_push(struct path *p, const char *name, size_t len)
{
    size_t at = p->len > 1 ? p->len : 0;

    if (at + 1 + len > FS_PATH_MAX)
        return -ENAMETOOLONG;
    p->str[at] = '/';
    memcpy(p->str + at + 1, name, len);
    p->len = at + 1 + len;
    p->str[p->len] = '\0';
    return 0;
}

int path_join(struct path *p, const char *tail, size_t tail_len)
{
    if (tail_len <= 1)
        return 0;
    return path_push(p, tail + 1, tail_len - 1);
}

void path_pop(struct path *p)
{
    while (p->len > 1 && p->str[p->len - 1] != '/')
        p->len--;
    if (p->len > 1)
        p->len--;
    p->str[p->len] = '\0';
}

const char *path_base(const struct path *p)
{
    return strrchr(p->str, '/') + 1;
}

static bool is_dots(const char *name, size_t len)
{
    return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

/** Check one component and append it. */
static int push_checked(struct path *p, const char *name, size_t len, struct why *why)
{
    if (len == 0)
        return why_add(why, -EINVAL, "the path has an empty component ('//')");
    if (is_dots(name, len))
        return why_add(why, -EINVAL,
                       "'.' and '..' are not components here: paths name things directly");
    if (len > SC_COMPONENT_MAX)
        return why_add(why, -ENAMETOOLONG, "a component has %zu bytes, at most %d are allowed", len,
                       SC_COMPONENT_MAX);
    if (path_push(p, name, len) < 0)
        return why_add(why, -ENAMETOOLONG, "the path is longer than %d bytes", FS_PATH_MAX);
    return 0;
}

int path_parse(struct sc_str in, struct path *path, struct why *why)
{
    const char *at = in.ptr;
    const char *end = in.ptr + in.len;

    path_set_root(path);
    if (in.len > 0 && memchr(in.ptr, '\0', in.len) != NULL)
        return why_add(why, -EINVAL, "the path contains a NUL byte");
    if (at < end && *at == '/')
        at++;
    path->asks_dir = end > at && end[-1] == '/';
    if (path->asks_dir)
        end--;
    else if (at == end)
        return 0;
    while (at <= end) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        size_t len = (size_t)((slash != NULL ? slash : end) - at);
        int err = push_checked(path, at, len, why);

        if (err < 0)
            return err;
        at += len + 1;
    }
    return 0;
}

int path_check_name(struct sc_str name, struct why *why)
{
    if (name.len == 0)
        return why_add(why, -EINVAL, "the name of a filesystem is empty");
    if (name.len > SC_NAME_MAX)
        return why_add(why, -ENAMETOOLONG,
                       "the name of a filesystem has %zu bytes, at most %d are allowed", name.len,
                       SC_NAME_MAX);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == ':' || name.ptr[i] == '/' || name.ptr[i] == '\0')
            return why_add(why, -EINVAL,
                           "the name of a filesystem must not contain ':', '/' or NUL");
    }
    return 0;
}

int path_split(struct sc_str in, struct sc_str *name, struct path *path, struct why *why)
{
    const char *colon = memchr(in.ptr, ':', in.len);
    struct sc_str rest;
    int err;

    if (colon == NULL)
        return why_add(why, -EINVAL, "'%.*s' has no ':': a path is name:/path",
                       (int)(in.len < 200 ? in.len : 200), in.ptr);
    *name = (struct sc_str){in.ptr, (size_t)(colon - in.ptr)};
    err = name->len > 0 ? path_check_name(*name, why) : 0; /* no view has the empty name */
    if (err < 0)
        return err;
    rest = (struct sc_str){colon + 1, in.len - name->len - 1};
    return path_parse(rest, path, why);
}
