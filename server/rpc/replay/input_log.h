/* SPDX-License-Identifier: MIT */
/*
 * The log of the inputs of all machines of a daemon, from which replay.h makes them again. One line of
 * JSON an input or answer:
 *
 *     {"m":1,"machine":"t","version":1,"clock":"virtual","lockstep":true,"seed":7,"ns":…,"limits":{…}}
 *     {"m":1,"input":"session","ns":…,"wall_ns":…,"program":"session","uid":0,"gid":0}
 *     {"m":1,"input":"call",…,"pid":2,"call":"SC_READ","gate":"rpc","args":[3,0,100],"room":100}
 *     {"m":1,"input":"release",…,"in":17}       nested in another one: after callback 17
 *     {"m":1,"input":"slot",…,"slot":9,"err":-5}  while the machine stood still inside slot 9
 *     {"m":1,"answer":12,"result":-11}          the host's answer 12 inside an input
 *     {"m":1,"end":true}                        the machine was removed
 *
 * "m" is the number of the machine. The members of an input are those of inputs.def. Bytes are a string, or
 * {"base64": …} when they are not UTF-8 or have a NUL. Answers of 0 without bytes are not written.
 *
 * The content of a file of the host is not an input: a machine with a filesystem from a source is logged,
 * but can't be played again.
 */
#ifndef SERVER_RPC_REPLAY_INPUT_LOG_H
#define SERVER_RPC_REPLAY_INPUT_LOG_H

#include "server/rpc/peer/machines.h"

enum { INPUT_LOG_VERSION = 1 };

/** Write the first line of a machine, before its first input. Does nothing if inputs are not logged. */
void input_log_begin(struct rpc_machine *machine);

/** Write its last line. */
void input_log_end(struct rpc_machine *machine);

/** machine_spec.on_input and on_answer; @user is a struct rpc_machine. */
void input_log_input(void *user, struct machine *m, const struct input *in);
void input_log_answer(void *user, struct machine *m, int64_t result, const void *bytes, size_t len);

/** The type of an argument in the log. */
enum input_type input_log_type(const struct sc_field_info *arg);

#endif
