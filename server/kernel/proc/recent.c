/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/recent.h"

#include "schema/calls.h"

#include <inttypes.h>

void recent_add(struct recent *r, int nr, int status)
{
    struct recent_call *last = &r->at[(r->count + RECENT_MAX - 1) % RECENT_MAX];

    if (nr == SC_ERRNO)
        return;
    status = status < 0 ? status : 0;
    if (r->count > 0 && last->nr == nr && last->status == status) {
        last->repeat += last->repeat < UINT32_MAX;
        return;
    }
    r->at[r->count % RECENT_MAX] = (struct recent_call){(int16_t)nr, (int16_t)status, 1};
    r->count++;
}

void recent_text(const struct recent *r, struct strbuf *out)
{
    const uint32_t kept = r->count < RECENT_MAX ? r->count : RECENT_MAX;

    for (uint32_t i = r->count - kept; i != r->count; i++) {
        const struct recent_call *c = &r->at[i % RECENT_MAX];
        const struct sc_call_info *info = sc_call_by_nr(c->nr);

        (void)strbuf_adds(out, i == r->count - kept ? "; last calls: " : ", ");
        (void)strbuf_adds(out, info != NULL ? info->name : "?");
        if (c->status < 0)
            (void)strbuf_addf(out, " (%s)", sc_errno_name(-c->status));
        if (c->repeat > 1)
            (void)strbuf_addf(out, " x %" PRIu32, c->repeat);
    }
}
