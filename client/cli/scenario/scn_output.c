/* SPDX-License-Identifier: MIT */
#include "client/cli/scenario/scn_output.h"

#include "client/lib/scbox_cjson.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void scn_output_reset(struct scn_output *o)
{
    strbuf_reset(&o->kept);
    o->cut = 0;
}

void scn_output_done(struct scn_output *o)
{
    strbuf_done(&o->kept);
    o->cut = 0;
}

/** Bytes of the UTF-8 character that @lead begins. */
static size_t character_len(unsigned char lead)
{
    return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

size_t scn_whole_characters(const char *bytes, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)bytes[len - back];

        if ((c & 0xC0) != 0x80)
            return character_len(c) > back ? len - back : len;
    }
    return len;
}

void scn_output_add(struct scn_output *o, size_t max, const char *bytes, size_t len)
{
    size_t room = o->cut == 0 && o->kept.len < max ? max - o->kept.len : 0;
    size_t taken = len < room ? len : room;
    size_t whole;

    if (strbuf_add(&o->kept, bytes, taken) < 0)
        taken = 0;
    if (taken < len && o->cut == 0 && o->kept.len > 0) {
        whole = scn_whole_characters(o->kept.ptr, o->kept.len);
        o->cut += o->kept.len - whole;
        o->kept.len = whole;
        o->kept.ptr[whole] = '\0';
    }
    o->cut += len - taken;
}

int scn_output_put(const struct scn_output *o, cJSON *object, const char *name)
{
    char cut[32];

    if (scbox_add_data(object, name, strbuf_str(&o->kept), o->kept.len) < 0)
        return -ENOMEM;
    (void)snprintf(cut, sizeof cut, "%s_cut", name);
    if (o->cut > 0 && cJSON_AddNumberToObject(object, cut, (double)o->cut) == NULL)
        return -ENOMEM;
    return 0;
}

size_t scn_output_size(const char *text)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    unsigned long long unit = 1;

    if (!isdigit((unsigned char)text[0]))
        return 0;
    if (*end == 'K' || *end == 'M')
        unit = *end++ == 'K' ? 1024 : 1024 * 1024;
    if (*end != '\0' || n > SCN_OUTPUT_MAX / unit)
        return 0;
    return (size_t)(n * unit);
}
