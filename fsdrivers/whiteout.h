/* SPDX-License-Identifier: MIT */
/* The names by which a layer hides names of the layers below, as in OCI images. */
#ifndef FSDRIVERS_WHITEOUT_H
#define FSDRIVERS_WHITEOUT_H

/** Before a name: hides it. */
#define WHITEOUT ".wh."

/** In a directory: hides all that the layers below have in it. */
#define WHITEOUT_OPAQUE ".wh..wh..opq"

#endif
