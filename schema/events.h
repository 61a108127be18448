/* SPDX-License-Identifier: MIT */
/* The events of events.def: their enum, for the kernel and clients, and the table as data. */
#ifndef SCHEMA_EVENTS_H
#define SCHEMA_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

/** The words of trace.subscribe; each stands for the events whose rows have it. */
#define EVENT_WORDS(W)                                                                             \
    W(log, "DBG_PRINT")                                                                            \
    W(console, "what is written to it")                                                            \
    W(note, "unusual events")                                                                      \
    W(proc, "starts and ends")                                                                     \
    W(calls, "their begin and return")                                                             \
    W(faults, "rules that fire")                                                                   \
    W(pause, "calls that are held")

enum event_word {
#define EVENT_WORD(word, doc) EVENT_WORD_##word,
    EVENT_WORDS(EVENT_WORD)
#undef EVENT_WORD
        EVENT_WORD_always, /* no word: for every subscription */
};

/* Indexes of the rows in sc_events. */
enum event_place {
#define EVENT_ROW(UP, kind, word, MEMBERS, doc) EVENT_AT_##UP,
#include "schema/events.def"
    EVENT_COUNT
};

/** Kinds of events, bits of a mask: EVENT_LOG … */
enum event_kind {
    EVENT_UNKNOWN = 0, /* event_kind_by_name() did not find one */
#define EVENT_ROW(UP, kind, word, MEMBERS, doc) EVENT_##UP = 1 << EVENT_AT_##UP,
#include "schema/events.def"
};

/** All kinds that a machine emits: those with a word. */
enum {
    EVENT_KINDS = 0
#define EVENT_ROW(UP, kind, word, MEMBERS, doc)                                                    \
    | ((int)EVENT_WORD_##word == (int)EVENT_WORD_always ? 0 : 1 << EVENT_AT_##UP)
#include "schema/events.def"
};

enum event_source {
#define EVENT_SOURCE(source, type) EVENT_FROM_##source,
#include "schema/events.def"
};

/** A member of an event as data. */
struct event_member_info {
    const char *name; /* NULL ends a list */
    const char *doc;
    enum event_source from;
    bool optional;
};

/** A row of events.def as data. */
struct event_info {
    enum event_kind kind;
    const char *name; /* log */
    enum event_word word;
    const char *doc;
    const struct event_member_info *members;
};

extern const struct event_info sc_events[EVENT_COUNT];

/** The name of a member's type: a kind of types.def or a type of methods.def. */
const char *event_member_type(const struct event_member_info *member);

/** The kind of a notification, by its name; EVENT_UNKNOWN if events.def has none. */
enum event_kind event_kind_by_name(const char *name);

/** The name of a kind: log; "?" for EVENT_UNKNOWN. */
const char *event_kind_name(enum event_kind kind);

/** The n-th word of trace.subscribe; NULL past the last one. */
const char *event_word(size_t n);

/** The kinds (EVENT_*) of a word of trace.subscribe; 0 if it is not one. */
unsigned event_kinds_by_word(const char *word);

#endif
