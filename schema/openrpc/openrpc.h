/* SPDX-License-Identifier: MIT */
/* The OpenRPC document: what rpc.discover answers, made from the call table. */
#ifndef SCHEMA_OPENRPC_OPENRPC_H
#define SCHEMA_OPENRPC_OPENRPC_H

/** Version of the document: it changes with what clients see. schema/CHANGES.md lists what did. */
#define OPENRPC_VERSION "0.5.0"

/**
 * Write the OpenRPC document of every method of the daemon.
 * Returns   the document as JSON text, returned (free()); NULL when there is no memory.
 * Source    OpenRPC Specification 1.2.6; the rows of syscalls.def, methods.def and events.def.
 */
char *openrpc_document(void);

#endif
