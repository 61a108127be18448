/* SPDX-License-Identifier: MIT */
/* Memory of a process: its regions, and bytes in hexadecimal and as text, sixteen a line. */
#include "client/cli/base/cmd.h"
#include "client/cli/base/json.h"
#include "client/cli/base/show.h"
#include "client/cli/shell/shell.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PER_LINE = 16, DEFAULT_SIZE = 64, SIZE_MAX_SHOWN = 4096 };

static void print_line(uint64_t addr, const unsigned char *bytes, size_t len)
{
    printf("%08" PRIx64 " ", addr);
    for (size_t i = 0; i < PER_LINE; i++) {
        if (i < len)
            printf("%s%02x", i == PER_LINE / 2 ? "  " : " ", bytes[i]);
        else
            printf("%s  ", i == PER_LINE / 2 ? "  " : " ");
    }
    fputs("  |", stdout);
    for (size_t i = 0; i < len; i++)
        putchar(bytes[i] < 0x80 && isprint(bytes[i]) ? bytes[i] : '.');
    puts("|");
}

/* A number as C writes it, and a blank or the end behind it. */
static bool take_number(const char **text, uint64_t *out)
{
    char *end = NULL;

    errno = 0;
    *out = strtoull(*text, &end, 0);
    if (!isdigit((unsigned char)**text) || errno != 0 ||
        (*end != '\0' && *end != ' ' && *end != '\t'))
        return false;
    *text = end + strspn(end, " \t");
    return true;
}

/* A 64-bit number as the daemon takes it. */
static void add_number(cJSON *params, const char *name, uint64_t n)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, n);
    (void)cJSON_AddStringToObject(params, name, text);
}

static void print_memory(uint64_t addr, const cJSON *result)
{
    char *bytes = NULL;
    size_t len = 0;

    if (scbox_data_tree(result, &bytes, &len) != 0)
        return;
    for (size_t at = 0; at < len; at += PER_LINE)
        print_line(addr + at, (const unsigned char *)bytes + at,
                   len - at < PER_LINE ? len - at : PER_LINE);
    free(bytes);
}

static void print_region(const cJSON *region)
{
    uint64_t addr = json_count(region, "addr");
    const cJSON *mode = NULL;
    bool any = false;

    printf("%08" PRIx64 "-%08" PRIx64 "  %10" PRIu64 "  %-6s  ", addr,
           addr + json_count(region, "size"), json_count(region, "size"),
           json_text(region, "kind"));
    cJSON_ArrayForEach(mode, json_member(region, "mode")) {
        printf("%s%s", any ? "," : "", cJSON_IsString(mode) ? mode->valuestring : "?");
        any = true;
    }
    if (!cJSON_IsNull(json_member(region, "file"))) {
        fputs("  ", stdout);
        show_name(stdout, json_member(region, "file"));
        printf(" from %" PRIu64, json_count(region, "offset"));
    }
    putchar('\n');
}

/*
 * Where the memory that is mapped from @addr on ends; @addr itself when nothing is. Asked before anything
 * is read: to touch what is not mapped ends a process, and here it would be the shell's.
 */
static uint64_t mapped_end(const cJSON *regions, uint64_t addr)
{
    const cJSON *region = NULL;
    uint64_t end = addr;

    cJSON_ArrayForEach(region, regions) {
        uint64_t start = json_count(region, "addr");
        uint64_t size = json_count(region, "size");

        if (end >= start && end - start < size)
            end = start + size;
    }
    return end;
}

/* Print the regions of a process, or what [addr, addr + size) holds. */
static bool show_memory(struct shell *sh, const cJSON *regions, uint64_t addr, uint64_t size,
                        const char *pid)
{
    uint64_t end = mapped_end(regions, addr);
    cJSON *params = NULL;
    cJSON *result = NULL;

    if (end == addr) {
        complain(0, "shell", "nothing is mapped at 0x%" PRIx64 "; `:mem` lists the regions", addr);
        return false;
    }
    params = shell_pid_params(sh, pid);
    if (params == NULL)
        return false;
    add_number(params, "addr", addr);
    add_number(params, "size", end - addr < size ? end - addr : size);
    (void)cJSON_AddStringToObject(params, "encoding", "base64");
    result = shell_ask(sh, "mem.read", params);
    if (result != NULL)
        print_memory(addr, result);
    cJSON_Delete(result);
    return result != NULL;
}

static bool list_regions(const cJSON *regions)
{
    const cJSON *region = NULL;

    if (regions->child == NULL)
        puts("no memory");
    cJSON_ArrayForEach(region, regions)
        print_region(region);
    return true;
}

bool shell_memory(struct shell *sh, const char *arg, const char *pid)
{
    uint64_t addr = 0;
    uint64_t size = DEFAULT_SIZE;
    bool list = *arg == '\0';
    cJSON *params = NULL;
    cJSON *regions = NULL;
    bool ok = false;

    if (list)
        arg = "0";
    if (!take_number(&arg, &addr) || (*arg != '\0' && !take_number(&arg, &size)) || *arg != '\0' ||
        size == 0 || size > SIZE_MAX_SHOWN) {
        complain(0, "shell",
                 "an address and a size are numbers like 4096 or 0x1000; size at most %d",
                 SIZE_MAX_SHOWN);
        return false;
    }
    params = shell_pid_params(sh, pid);
    regions = params != NULL ? shell_ask(sh, "proc.memory", params) : NULL;
    if (regions != NULL)
        ok = list ? list_regions(regions) : show_memory(sh, regions, addr, size, pid);
    cJSON_Delete(regions);
    return ok;
}
