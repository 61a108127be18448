/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON: notifications of method "event".
 *
 *     {"jsonrpc":"2.0","method":"event","params":{"kind":"log","pid":2,"data":"hello\n"}}
 *
 * The members of each kind are its row of schema/events.def.
 *
 * seq numbers the calls of a machine from 1, now_ns is the machine's clock when the event happened,
 * args are as the method takes them and results as it returns them, except data, which is cut at 256
 * bytes, or at json_out.shown ("size" is then the number before the cut). files has the paths of open
 * handles as they were opened: the return of a CLOSE has none. An event has nothing from the host: the
 * events of a machine with a virtual clock are the same, byte for byte, in each run.
 */
#ifndef SERVER_RPC_TRACE_EVENT_OUT_H
#define SERVER_RPC_TRACE_EVENT_OUT_H

#include "server/kernel/event.h"
#include "server/rpc/codec/json_out.h"

/** Write an event. */
void event_write(struct json_out *o, const struct event *event);

#endif
