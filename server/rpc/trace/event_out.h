/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON: notifications of method "event".
 *
 *     {"jsonrpc":"2.0","method":"event","params":{"kind":"log","pid":2,"data":"hello\n"}}
 *
 * The members of each kind are its row of schema/events.def.
 *
 * seq numbers the calls of a machine from 1, now_ns is the machine's clock when the event happened,
 * args are as the method takes them, results as it answers them, but for data, which is cut at 256
 * bytes, or at json_out.shown ("size" then tells how many there are). files has the paths of handles
 * as they were opened, as long as the handles are there: a CLOSE that returns has none. Nothing of the
 * host stands in an event: what a machine with a virtual clock tells is the same, byte for byte, in
 * each run.
 */
#ifndef SERVER_RPC_TRACE_EVENT_OUT_H
#define SERVER_RPC_TRACE_EVENT_OUT_H

#include "server/kernel/event.h"
#include "server/rpc/codec/json_out.h"

/** Write an event. */
void event_write(struct json_out *o, const struct event *event);

#endif
