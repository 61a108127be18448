/* SPDX-License-Identifier: MIT */
/* Texts of guests' faults: what happened, at which address, and by which instruction. */
#ifndef SERVER_BRIDGE_FAULT_TEXT_H
#define SERVER_BRIDGE_FAULT_TEXT_H

#include "server/bridge/guest.h"

enum { FAULT_TEXT_MAX = 320 };

/** An access of @addr below the user limit that the page tables refused. */
void fault_text_access(const struct guest *g, uint64_t addr, char text[FAULT_TEXT_MAX]);

/** A general protection fault at an instruction that is not a gate. */
void fault_text_protection(const struct guest *g, char text[FAULT_TEXT_MAX]);

/** SIGFPE, SIGILL, SIGBUS. @code  si_code. */
void fault_text_exception(const struct guest *g, int code, char text[FAULT_TEXT_MAX]);

/** A call whose arguments can't be read. @stopped  its registers are those behind the call. */
void fault_text_pointer(const struct guest *g, const char *call, const uint64_t *args, bool stopped,
                        char text[FAULT_TEXT_MAX]);

/** Append the callers of the function at fault, as far as the stack shows them: ", called from 0x…, 0x…". */
void fault_text_callers(const struct guest *g, char text[FAULT_TEXT_MAX]);

#endif
