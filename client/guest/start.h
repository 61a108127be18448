/* SPDX-License-Identifier: MIT */
/* What happens before main() and after it. */
#ifndef CLIENT_GUEST_START_H
#define CLIENT_GUEST_START_H

/** Call the program's constructors, each with the arguments of main(). */
void sc_construct(int argc, char **argv, char **envp);

/** Call its destructors, the last constructed first. */
void sc_destruct(void);

#endif
