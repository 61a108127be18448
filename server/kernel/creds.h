/* SPDX-License-Identifier: MIT */
/* Whom a call is carried out for. */
#ifndef SERVER_KERNEL_CREDS_H
#define SERVER_KERNEL_CREDS_H

#include <stdint.h>

/** A user and its group. User 0 passes every check of permission bits. */
struct creds {
    uint32_t uid;
    uint32_t gid;
};

/** No user or group: CHOWN leaves what is given as this. */
#define CREDS_NONE UINT32_MAX

#endif
