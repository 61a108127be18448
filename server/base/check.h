/* SPDX-License-Identifier: MIT */
/* CHECK(): an invariant that no input can break. Always compiled in. No side effects. */
#ifndef SERVER_BASE_CHECK_H
#define SERVER_BASE_CHECK_H

/** Report the broken invariant on stderr and abort. */
_Noreturn void check_failed(const char *what, const char *file, int line);

#define CHECK(what) ((what) ? (void)0 : check_failed(#what, __FILE__, __LINE__))

#endif
