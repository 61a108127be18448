/* SPDX-License-Identifier: MIT */
/* The user that a call acts for. */
#ifndef SERVER_KERNEL_CREDS_H
#define SERVER_KERNEL_CREDS_H

#include <stdint.h>

/** A user and its group. User 0 passes every check of permission bits. */
struct creds {
    uint32_t uid;
    uint32_t gid;
};

/** No user, no group: CHOWN does not change the one given as this. */
#define CREDS_NONE UINT32_MAX

#endif
