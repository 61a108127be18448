/* SPDX-License-Identifier: MIT */
/* The events as data, and their look-ups. */
#include "schema/events.h"

#include <string.h>

/* Members by row: members_LOG … */
#define EVENT_ROW(UP, kind, word, MEMBERS, doc)                                                    \
    static const struct event_member_info members_##UP[] = {MEMBERS{0}};
#define EVENT_MEMBER(source, name, doc) {#name, doc, EVENT_FROM_##source, false},
#define EVENT_MEMBER_OPT(source, name, doc) {#name, doc, EVENT_FROM_##source, true},
#define EVENT_BESIDE(source, name, doc) {#name, doc, EVENT_FROM_##source, true},
#include "schema/events.def"

const struct event_info sc_events[EVENT_COUNT] = {
#define EVENT_ROW(UP, kind, word, MEMBERS, doc)                                                    \
    {EVENT_##UP, #kind, EVENT_WORD_##word, doc, members_##UP},
#include "schema/events.def"
};

static const char *const types[] = {
#define EVENT_SOURCE(source, type) #type,
#include "schema/events.def"
};

static const char *const words[] = {
#define EVENT_WORD(word, doc) #word,
    EVENT_WORDS(EVENT_WORD)
#undef EVENT_WORD
};

const char *event_member_type(const struct event_member_info *member)
{
    return types[member->from];
}

enum event_kind event_kind_by_name(const char *name)
{
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        if (strcmp(sc_events[i].name, name) == 0)
            return sc_events[i].kind;
    }
    return EVENT_UNKNOWN;
}

const char *event_kind_name(enum event_kind kind)
{
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        if (sc_events[i].kind == kind)
            return sc_events[i].name;
    }
    return "?";
}

const char *event_word(size_t n)
{
    return n < sizeof words / sizeof words[0] ? words[n] : NULL;
}

unsigned event_kinds_by_word(const char *word)
{
    unsigned kinds = 0;

    for (size_t i = 0; i < EVENT_COUNT; i++) {
        const char *own = event_word(sc_events[i].word);

        if (own != NULL && strcmp(own, word) == 0)
            kinds |= (unsigned)sc_events[i].kind;
    }
    return kinds;
}
