/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON: notifications of method "event", one line each.
 *
 *     {"kind":"log"|"console"|"note"|"start","pid":P,"data":"…"}
 *     {"kind":"end","pid":P,"data":"…","state":"DONE","return_code":0}
 *     {"kind":"call","seq":N,"pid":P,"now_ns":T,"call":"SC_OPEN","args":{…}}
 *     {"kind":"return","seq":N,"pid":P,"now_ns":T,"duration_ns":D,"call":"SC_OPEN","args":{…},
 *                  "result":{…} or "error":"ENOENT","why":[…], "fault":ID when a rule changed it}
 *                  both with "files":{"fd":"root:/a"} when handles are given, and, of calls of guests,
 *                  "gate":"i386"; the return then with "register":1, the result register
 *     {"kind":"fault", seq to args as above,"fault":ID,"error":"EIO","delay_us":D,"short":B}
 *     {"kind":"pause", seq to args as above}
 *     {"kind":"lost","count":N}
 *     {"kind":"ended","why":"…"}    no more of them: the subscription has ended by itself
 *
 * seq numbers the calls of a machine from 1, now_ns is the machine's clock when the event happened,
 * args are as the method takes them, results as it answers them, but for data, which is cut at 256
 * bytes, or at json_out.shown ("size" then tells how many there are). files has the paths of handles
 * as they were opened, as long as the handles are there: a CLOSE that returns has none. Nothing of the
 * host stands in an event: what a machine with a virtual clock tells is the same, byte for byte, in
 * each run.
 */
#ifndef SERVER_RPC_EVENT_OUT_H
#define SERVER_RPC_EVENT_OUT_H

#include "server/kernel/event.h"
#include "server/rpc/json_out.h"

/** Write an event and its line end. */
void event_write(struct json_out *o, const struct event *event);

/** Write that @count events were dropped, and the line end. */
void event_write_lost(struct json_out *o, uint64_t count);

/** Write that a subscription has ended, and the line end. */
void event_write_ended(struct json_out *o, const char *why);

#endif
