/* SPDX-License-Identifier: MIT */
/*
 * Checks by the tables of schema/: the members of results, and the parameters of methods. A step
 * with unknown ones is a mistake, found before anything is played. A method whose refusal is
 * stated may have any parameters, to test the daemon itself.
 */
#include "client/cli/scenario/scn_parse.h"
#include "schema/methods.h"
#include "server/base/strbuf.h"

#include <string.h>

enum { FIELDS_MAX = 16 }; /* members of a call's result, or its arguments */

/*
 * Members and parameters: of these fields the type is a type of methods.def, or what a kind of
 * types.def is in JSON.
 */

/* Results of `run` and `expect file`; log_cut and data_cut exist if not all was kept. */
static const struct sc_field_info run_results[] = {
    {.name = "pid", .type = "integer"},
    {.name = "state", .type = "PS"},
    {.name = "return_code", .type = "integer"},
    {.name = "log", .type = "data"},
    {.name = "log_cut", .type = "integer"},
    {.name = "encoding", .type = "string"},
    {0},
};
static const struct sc_field_info file_results[] = {
    {.name = "data", .type = "data"},
    {.name = "data_cut", .type = "integer"},
    {.name = "encoding", .type = "string"},
    {0},
};

/** What a type is in JSON, or the type itself when it is that already. */
static const char *json_of(const char *name)
{
    const struct rpc_type_info *type = rpc_type_by_name(name);

    return type != NULL ? type->json : name;
}

/** The members of a struct, or of each struct of an array; NULL when the type is neither. */
static const struct sc_field_info *members_of(const char *json)
{
    const struct sc_struct_info *s = rpc_struct_by_name(json, strcspn(json, "["));

    return s != NULL ? s->fields : NULL;
}

static const struct sc_field_info *field_by_name(const struct sc_field_info *fields,
                                                 const char *name)
{
    for (; fields->name != NULL; fields++) {
        if (strcmp(fields->name, name) == 0)
            return fields;
    }
    return NULL;
}

/** Report a name that none of the fields has. */
static void fail_field(struct scn_parser *p, int column, const struct sc_field_info *fields,
                       const char *name, const char *what)
{
    struct scn_near near = {.word = name};
    struct strbuf all = STRBUF_INIT;

    for (const struct sc_field_info *f = fields; f->name != NULL; f++) {
        scn_nearer(&near, f->name);
        (void)strbuf_addf(&all, "%s%s", f == fields ? "" : ", ", f->name);
    }
    if (near.found != NULL)
        scn_fail_near(p, column, near.found, "%s has no %s", what, name);
    else
        scn_fail(p, column, "%s has no %s; it has %s", what, name,
                 all.len > 0 ? strbuf_str(&all) : "nothing");
    strbuf_done(&all);
}

/* ---- what is stated of a result ---- */

/** The text of a word or string without variables, or NULL. */
static const char *fixed(const struct scn_value *v)
{
    return v->kind == SCN_WORD || v->kind == SCN_STRING ? scn_literal(v) : NULL;
}

static bool is_number(const char *text)
{
    text += *text == '-';
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/** Report a word instead of a number; often a variable without its $. */
static void fail_number(struct scn_parser *p, const struct scn_value *v, const char *name,
                        const char *text)
{
    bool variable = v->kind == SCN_WORD && text[0] >= 'a' && text[0] <= 'z' &&
                    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';

    scn_fail(p, v->column, "%s is a number, not %s%s%s", name, text,
             variable ? "; to keep it write $" : "", variable ? text : "");
}

static void check_members(struct scn_parser *p, const struct scn_value *v,
                          const struct sc_field_info *fields, const char *what);

/** Check that a pattern can match a member of a type. */
static void check_stated(struct scn_parser *p, const struct scn_value *v, const char *type,
                         const char *name)
{
    const char *json = json_of(type);
    const struct sc_field_info *fields = members_of(json);
    const char *text = fixed(v);

    if (fields != NULL) {
        check_members(p, v, fields, name);
    } else if (strcmp(json, "integer") == 0 || strcmp(json, "natural") == 0) {
        if (text != NULL && !is_number(text))
            fail_number(p, v, name, text);
    } else if (strcmp(json, "boolean") == 0) {
        if (text != NULL)
            scn_fail(p, v->column, "%s is true or false, not %s", name, text);
    } else if (v->kind == SCN_ARRAY && sc_group_is_mask(json)) {
        for (size_t i = 0; i < v->member_count; i++)
            check_stated(p, v->members[i].value, type, name);
    } else if (text != NULL &&
               (sc_group_is_mask(json) || strcmp(json, "PS") == 0 || strcmp(json, "FT") == 0)) {
        (void)scn_check_flags(p, v, json);
    }
}

/** Check the members that a pattern names, of an object or of each object in a list. */
static void check_members(struct scn_parser *p, const struct scn_value *v,
                          const struct sc_field_info *fields, const char *what)
{
    for (size_t i = 0; i < v->member_count && p->error == NULL; i++) {
        const struct scn_member *m = &v->members[i];
        const struct sc_field_info *field =
            v->kind == SCN_OBJECT ? field_by_name(fields, m->key) : NULL;

        if (v->kind == SCN_ARRAY)
            check_members(p, m->value, fields, what);
        else if (field == NULL)
            fail_field(p, m->column, fields, m->key, what);
        else
            check_stated(p, m->value, field->type, field->name);
    }
}

/** Check a pattern for a result with these members: of an object, or of its only member. */
static void check_pattern(struct scn_parser *p, const struct scn_value *v,
                          const struct sc_field_info *fields, const char *what)
{
    if (v->kind == SCN_OBJECT)
        check_members(p, v, fields, what);
    else if (fields->name == NULL && v->kind != SCN_NULL && v->kind != SCN_ANY &&
             v->kind != SCN_VAR)
        scn_fail(p, v->column, "%s returns nothing that could be stated", what);
    else if (fields->name != NULL && fields[1].name == NULL)
        check_stated(p, v, fields->type, fields->name);
}

/** Add the members of a result; those of a struct stand for themselves. */
static size_t add_result(struct sc_field_info *out, size_t count, const struct sc_field_info *r)
{
    const struct sc_struct_info *s = sc_structs;

    if (r->type == NULL) {
        out[count++] = (struct sc_field_info){.name = r->name, .type = sc_kinds[r->kind].json};
        return count;
    }
    while (s->name != NULL && strcmp(s->name, r->type) != 0)
        s++;
    for (r = s->name != NULL ? s->fields : NULL; r != NULL && r->name != NULL; r++) {
        if (count < FIELDS_MAX)
            out[count++] = (struct sc_field_info){.name = r->name, .type = sc_kinds[r->kind].json};
    }
    return count;
}

/** Check what is stated of a call. */
static void check_call(struct scn_parser *p, const struct scn_value *v,
                       const struct sc_call_info *call)
{
    struct sc_field_info fields[FIELDS_MAX + 2] = {0};
    size_t count = 0;
    bool data = false;

    for (const struct sc_field_info *r = call->results; r->name != NULL && count < FIELDS_MAX;
         r++) {
        count = add_result(fields, count, r);
        data = data || (r->type == NULL && strcmp(sc_kinds[r->kind].json, "data") == 0);
    }
    if (data && v->kind == SCN_OBJECT) /* exists if the bytes are not text */
        fields[count] = (struct sc_field_info){.name = "encoding", .type = "string"};
    check_pattern(p, v, fields, call->word);
}

static const struct rpc_method_info *method_by_name(const char *name)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (strcmp(rpc_methods[i].name, name) == 0)
            return &rpc_methods[i];
    }
    return NULL;
}

/** Check what is stated of a method of the daemon. */
static void check_method(struct scn_parser *p, const struct scn_value *v, const char *name)
{
    const struct rpc_method_info *m = method_by_name(name);
    const struct sc_call_info *call = sc_call_by_name(name);

    if (call != NULL)
        check_call(p, v, call);
    else if (m == NULL || m->shape == RPC_DOCUMENT)
        return;
    else if (m->shape == RPC_ARRAY)
        check_members(p, v, m->results, name);
    else
        check_pattern(p, v, m->results, name);
}

bool scn_check_answer(struct scn_parser *p, const struct scn_step *step)
{
    const struct scn_value *v = step->expect.pattern;

    if (p->error != NULL || step->expect.kind != SCN_YIELDS)
        return p->error == NULL;
    if (step->kind == SCN_METHOD)
        check_method(p, v, step->method);
    else if (step->kind == SCN_RUN)
        check_pattern(p, v, run_results, "run");
    else if (step->kind == SCN_EXPECT_FILE)
        check_pattern(p, v, file_results, "expect file");
    else if (step->call != NULL && step->kind != SCN_FAULT)
        check_call(p, v, step->call);
    return p->error == NULL;
}

/* ---- what a method is given ---- */

/** Check one parameter. */
static void check_param(struct scn_parser *p, const struct scn_member *m,
                        const struct sc_field_info *field)
{
    const char *json = json_of(field->type);
    const char *text = fixed(m->value);
    bool number = strcmp(json, "integer") == 0 || strcmp(json, "natural") == 0;

    if (number && text != NULL && !is_number(text))
        scn_fail(p, m->value->column, "%s is a number, not %s", m->key, text);
    else if (strcmp(json, "boolean") == 0 && text != NULL)
        scn_fail(p, m->value->column, "%s is true or false, not %s", m->key, text);
    else if (members_of(json) != NULL)
        check_members(p, m->value, members_of(json), m->key);
}

/** Check the names of all parameters, and that none is missing. */
static void check_params(struct scn_parser *p, const struct scn_value *v,
                         const struct sc_field_info *fields, const char *what)
{
    for (size_t i = 0; v != NULL && i < v->member_count && p->error == NULL; i++) {
        const struct sc_field_info *field = field_by_name(fields, v->members[i].key);

        if (field == NULL)
            fail_field(p, v->members[i].column, fields, v->members[i].key, what);
        else
            check_param(p, &v->members[i], field);
    }
    for (const struct sc_field_info *f = fields; f->name != NULL && p->error == NULL; f++) {
        bool given = f->optional;

        for (size_t i = 0; v != NULL && i < v->member_count && !given; i++)
            given = strcmp(v->members[i].key, f->name) == 0;
        if (!given)
            scn_fail(p, 0, "%s needs %s", what, f->name);
    }
}

/** The parameters of a method SC_…: the call's arguments, and those of any call. */
static void call_params(const struct sc_call_info *call, struct sc_field_info *out)
{
    static const struct sc_field_info of_all[] = {
        {.name = "session", .type = "string", .optional = 1},
        {.name = "as", .type = "integer", .optional = 1},
        {.name = "background", .type = "boolean", .optional = 1},
        {.name = "encoding", .type = "string", .optional = 1}};
    size_t count = 0;

    for (const struct sc_field_info *a = call->args; a->name != NULL && count < FIELDS_MAX; a++)
        out[count++] = (struct sc_field_info){
            .name = a->name, .type = sc_kinds[a->kind].json, .optional = a->optional};
    memcpy(out + count, of_all, sizeof of_all);
}

/** Report an unknown method. */
static void fail_method(struct scn_parser *p, const struct scn_step *step)
{
    struct scn_near near = {.word = step->method};

    for (size_t i = 0; i < METHOD_COUNT; i++)
        scn_nearer(&near, rpc_methods[i].name);
    for (size_t i = 0; i < sc_calls_count; i++)
        scn_nearer(&near, sc_calls[i].name);
    scn_fail_near(p, step->column, near.found, "no method is named %s", step->method);
}

bool scn_check_method(struct scn_parser *p, const struct scn_step *step)
{
    const struct scn_value *v = step->arg_count > 0 ? step->args[0].value : NULL;
    const struct sc_call_info *call = sc_call_by_name(step->method);
    const struct rpc_method_info *m = method_by_name(step->method);
    struct sc_field_info fields[FIELDS_MAX + 5] = {0};

    if (p->error != NULL || step->expect.kind == SCN_REFUSES || step->expect.kind == SCN_MAY_REFUSE)
        return p->error == NULL;
    if (call == NULL && m == NULL)
        fail_method(p, step);
    else if (v != NULL && v->kind != SCN_OBJECT)
        return true;
    else if (call != NULL)
        call_params(call, fields);
    if (p->error == NULL)
        check_params(p, v, call != NULL ? fields : m->params, step->method);
    return p->error == NULL;
}
