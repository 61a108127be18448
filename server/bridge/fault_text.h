/* SPDX-License-Identifier: MIT */
/* Faults of guests in words: what happened, at which address, and by which instruction. */
#ifndef SERVER_BRIDGE_FAULT_TEXT_H
#define SERVER_BRIDGE_FAULT_TEXT_H

#include "server/bridge/guest.h"

enum { FAULT_TEXT_MAX = 240 };

/** An access of @addr below the user limit that the page tables refused. */
void fault_text_access(const struct guest *g, uint64_t addr, char text[FAULT_TEXT_MAX]);

/** A general protection fault at an instruction that is no gate. */
void fault_text_protection(const struct guest *g, char text[FAULT_TEXT_MAX]);

/** SIGFPE, SIGILL, SIGBUS. @code its si_code. */
void fault_text_exception(const struct guest *g, int code, char text[FAULT_TEXT_MAX]);

#endif
