/* SPDX-License-Identifier: MIT */
/* Values of calls between JSON and C: one function for each representation (types.def) and direction. */
#ifndef SERVER_RPC_CODEC_KINDS_H
#define SERVER_RPC_CODEC_KINDS_H

#include "server/rpc/codec/codec.h"
#include "server/rpc/codec/json_out.h"

/**
 * Decode d->at[d->next], an argument, or a result set by proc.step. A missing optional one is
 * zero or empty.
 * @field    its row.
 * @out      of the representation's C type. A buf has the buffer that the call was lent.
 * Returns   0; -1 said in d->failure.
 */
int kind_take(struct decoder *d, const struct sc_field_info *field, void *out);

/**
 * Write a key and its value. Long values are cut in arguments, and in results if d->brief is set.
 * @d        how bytes of results are written; ignored for arguments.
 * @value    of the representation's C type.
 */
void kind_put(const struct decoder *d, struct json_out *o, const struct sc_field_info *field,
              const void *value);

/** A mask as an array of the names of its bits; bits without a name are one integer at its end. @group: FM,
 * MM or RN. */
void put_mask(struct json_out *o, enum sc_json group, uint32_t mask);

/** A single value by its name, or as a number when it has none. @group: FT or PS. */
void put_choice(struct json_out *o, enum sc_json group, uint32_t value);

#endif
