/* SPDX-License-Identifier: MIT */
/* The OpenRPC document, the answer of rpc.discover, made from the tables. */
#ifndef SCHEMA_OPENRPC_OPENRPC_H
#define SCHEMA_OPENRPC_OPENRPC_H

/** Version of the document; clients see it. schema/CHANGES.md lists the changes. */
#define OPENRPC_VERSION "0.6.0"

/**
 * Write the OpenRPC document of every method of the daemon.
 * Returns   the document as JSON text, returned (free()); NULL: no memory.
 * Source    OpenRPC Specification 1.2.6; the rows of syscalls.def, methods.def and events.def.
 */
char *openrpc_document(void);

#endif
