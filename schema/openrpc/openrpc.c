/* SPDX-License-Identifier: MIT */
/*
 * The OpenRPC document, from the tables of this directory. Its parts: openrpc_calls.c and
 * openrpc_methods.c write the methods, openrpc_kinds.c the schemas of call arguments,
 * openrpc_events.c the events.
 */
#include "schema/openrpc/openrpc.h"

#include "schema/openrpc/openrpc_build.h"

static void add_info(struct openrpc *doc)
{
    cJSON *info = openrpc_object(doc, doc->root, "info");

    openrpc_text(doc, info, "title", "scbox");
    openrpc_text(doc, info, "version", OPENRPC_VERSION);
    openrpc_text(doc, info, "description",
                 "A simulated operating system, spoken to in JSON-RPC 2.0 on a Unix socket.");
    openrpc_text(doc, openrpc_object(doc, info, "license"), "name", "MIT");
}

/** Add the socket that a daemon listens on by default. */
static void add_servers(struct openrpc *doc)
{
    cJSON *server = openrpc_object(doc, openrpc_array(doc, doc->root, "servers"), NULL);
    cJSON *user;

    openrpc_text(doc, server, "name", "scboxd");
    openrpc_text(doc, server, "summary",
                 "A Unix stream socket; one JSON message a line, both ways.");
    openrpc_text(doc, server, "url", "unix:///run/user/${uid}/scbox/scboxd.sock");
    user = openrpc_object(doc, openrpc_object(doc, server, "variables"), "uid");
    openrpc_text(doc, user, "default", "1000");
    openrpc_text(doc, user, "description", "the user; `scboxd --socket` chooses another place");
}

/** Add components.errors: the errors of JSON-RPC and of sessions, for any method or any call. */
static void add_errors(struct openrpc *doc, cJSON *errors)
{
    static const struct {
        const char *name;
        int code;
        const char *message;
        const char *doc;
    } rows[] = {
#define RPC_ERROR(NAME, code, message, doc) {#NAME, code, message, doc},
#include "schema/rpcerrors.def"
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        openrpc_error(doc, errors, rows[i].name, rows[i].code, rows[i].message, rows[i].doc);
    openrpc_failures(doc, errors, OPENRPC_ANY_CALL);
}

char *openrpc_document(void)
{
    struct openrpc doc = {cJSON_CreateObject(), false};
    cJSON *methods;
    cJSON *components;
    cJSON *schemas;
    char *text = NULL;

    openrpc_text(&doc, doc.root, "openrpc", "1.2.6");
    add_info(&doc);
    add_servers(&doc);
    methods = openrpc_array(&doc, doc.root, "methods");
    openrpc_add_calls(&doc, methods);
    openrpc_add_methods(&doc, methods);
    openrpc_order(methods);
    openrpc_add_notifications(&doc);
    components = openrpc_object(&doc, doc.root, "components");
    schemas = openrpc_object(&doc, components, "schemas");
    openrpc_add_kinds(&doc, schemas);
    openrpc_add_types(&doc, schemas);
    openrpc_add_events(&doc, schemas);
    add_errors(&doc, openrpc_object(&doc, components, "errors"));
    if (!doc.failed)
        text = cJSON_Print(doc.root);
    cJSON_Delete(doc.root);
    return text;
}
