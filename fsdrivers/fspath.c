/* SPDX-License-Identifier: MIT */
#include "fsdrivers/fspath.h"

#include <string.h>

bool fspath_next(const char **cursor, struct fsname *out)
{
    const char *start = *cursor;
    const char *end;

    while (*start == '/')
        start++;
    if (*start == '\0')
        return false;
    end = strchr(start, '/');
    out->ptr = start;
    out->len = end != NULL ? (size_t)(end - start) : strlen(start);
    *cursor = start + out->len;
    return true;
}

void fspath_split(const char *path, struct fsname *dir, struct fsname *name)
{
    const char *slash = strrchr(path, '/');

    dir->ptr = path;
    dir->len = (size_t)(slash - path);
    name->ptr = slash + 1;
    name->len = strlen(name->ptr);
}

bool fspath_below(const char *path, const char *dir)
{
    size_t len = fspath_is_root(dir) ? 0 : strlen(dir);

    return strncmp(path, dir, len) == 0 && path[len] == '/' && path[len + 1] != '\0';
}

bool fspath_is_root(const char *path)
{
    return path[0] == '/' && path[1] == '\0';
}
