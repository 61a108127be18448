/* SPDX-License-Identifier: MIT */
/*
 * What the tables of schema/ know of a step: the members of what a call or a method answers, and the
 * parameters a method takes. A step that names others is a mistake, found before anything is played.
 * A method whose refusal is stated may be given anything: so the daemon itself is tested.
 */
#include "client/cli/scn_parse.h"
#include "schema/machine_limits.h"
#include "server/base/strbuf.h"

#include <string.h>

enum { FIELDS_MAX = 16 }; /* members of what a call answers, or arguments it takes */

/** A member or a parameter. */
struct field {
    const char *name; /* NULL ends a list */
    const char *type; /* of methods.def, or what a kind of types.def is in JSON */
    bool optional;
};

/* ---- the tables ---- */

static const struct {
    const char *name, *json;
} types[] = {
#define RPC_TYPE(type, ctype, json, doc) {#type, json},
#include "schema/methods.def"
};

#define RPC_FIELD(type, name, doc) {#name, #type, false},
#define RPC_STRUCT(name, fields, doc) static const struct field name##_fields[] = {fields{0}};
#include "schema/methods.def"

static const struct {
    const char *name;
    const struct field *fields;
} structs[] = {
#define RPC_STRUCT(name, fields, doc) {#name, name##_fields},
#include "schema/methods.def"
};

enum shape { SHAPE_VOID, SHAPE_OBJECT, SHAPE_ARRAY, SHAPE_DOCUMENT };

#define RPC_METHOD(name, id, shape, doc, params, results)                                          \
    static const struct field id##_params[] = {params{0}};                                         \
    static const struct field id##_results[] = {results{0}};
#define RPC_PARAM(type, name, doc) {#name, #type, false},
#define RPC_OPT(type, name, doc) {#name, #type, true},
#define RPC_NO_PARAMS
#define RPC_RESULT(type, name, doc) {#name, #type, false},
#define RPC_NO_RESULTS
#include "schema/methods.def"

static const struct method {
    const char *name;
    enum shape shape;
    const struct field *params;
    const struct field *results;
} methods[] = {
#define RPC_METHOD(name, id, shape, doc, params, results)                                          \
    {name, SHAPE_##shape, id##_params, id##_results},
#include "schema/methods.def"
};

enum {
    TYPE_COUNT = sizeof types / sizeof types[0],
    STRUCT_COUNT = sizeof structs / sizeof structs[0],
    METHOD_COUNT = sizeof methods / sizeof methods[0],
};

/* What `run` and `expect file` answer; log_cut and data_cut are there when not all was kept. */
static const struct field run_results[] = {
    {"pid", "integer", false},
    {"state", "PS", false},
    {"return_code", "integer", false},
    {"log", "data", false},
    {"log_cut", "integer", false},
    {"encoding", "string", false},
    {0},
};
static const struct field file_results[] = {
    {"data", "data", false},
    {"data_cut", "integer", false},
    {"encoding", "string", false},
    {0},
};

/** What a type is in JSON, or the type itself when it is that already. */
static const char *json_of(const char *type)
{
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(types[i].name, type) == 0)
            return types[i].json;
    }
    return type;
}

/** The members of a struct, or of each struct of an array; NULL when the type is neither. */
static const struct field *members_of(const char *json)
{
    size_t len = strcspn(json, "[");

    for (size_t i = 0; i < STRUCT_COUNT; i++) {
        if (strlen(structs[i].name) == len && strncmp(structs[i].name, json, len) == 0)
            return structs[i].fields;
    }
    return NULL;
}

static const struct field *field_by_name(const struct field *fields, const char *name)
{
    for (; fields->name != NULL; fields++) {
        if (strcmp(fields->name, name) == 0)
            return fields;
    }
    return NULL;
}

/** Complain about a name that none of the fields has. */
static void fail_field(struct scn_parser *p, int column, const struct field *fields,
                       const char *name, const char *what)
{
    struct scn_near near = {.word = name};
    struct strbuf all = STRBUF_INIT;

    for (const struct field *f = fields; f->name != NULL; f++) {
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

/** The text of a word or string that is known now, else NULL. */
static const char *fixed(const struct scn_value *v)
{
    return v->kind == SCN_WORD || v->kind == SCN_STRING ? scn_literal(v) : NULL;
}

static bool is_number(const char *text)
{
    text += *text == '-';
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/** Complain about a word where a number comes; a variable without its $ is the usual reason. */
static void fail_number(struct scn_parser *p, const struct scn_value *v, const char *name,
                        const char *text)
{
    bool variable = v->kind == SCN_WORD && text[0] >= 'a' && text[0] <= 'z' &&
                    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';

    scn_fail(p, v->column, "%s is a number, not %s%s%s", name, text,
             variable ? "; to keep it write $" : "", variable ? text : "");
}

static void check_members(struct scn_parser *p, const struct scn_value *v,
                          const struct field *fields, const char *what);

/** Check that a pattern can match a member of a type. */
static void check_stated(struct scn_parser *p, const struct scn_value *v, const char *type,
                         const char *name)
{
    const char *json = json_of(type);
    const struct field *fields = members_of(json);
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
                          const struct field *fields, const char *what)
{
    for (size_t i = 0; i < v->member_count && p->error == NULL; i++) {
        const struct scn_member *m = &v->members[i];
        const struct field *field = v->kind == SCN_OBJECT ? field_by_name(fields, m->key) : NULL;

        if (v->kind == SCN_ARRAY)
            check_members(p, m->value, fields, what);
        else if (field == NULL)
            fail_field(p, m->column, fields, m->key, what);
        else
            check_stated(p, m->value, field->type, field->name);
    }
}

/** Check a pattern for what has these members: of an object, or of its only member. */
static void check_pattern(struct scn_parser *p, const struct scn_value *v,
                          const struct field *fields, const char *what)
{
    if (v->kind == SCN_OBJECT)
        check_members(p, v, fields, what);
    else if (fields->name == NULL && v->kind != SCN_NULL && v->kind != SCN_ANY &&
             v->kind != SCN_VAR)
        scn_fail(p, v->column, "%s answers nothing that could be stated", what);
    else if (fields->name != NULL && fields[1].name == NULL)
        check_stated(p, v, fields->type, fields->name);
}

/** Add the members of a result; those of a struct stand for themselves. */
static size_t add_result(struct field *out, size_t count, const struct sc_field_info *r)
{
    const struct sc_struct_info *s = sc_structs;

    if (r->type == NULL) {
        out[count++] = (struct field){r->name, sc_kinds[r->kind].json, false};
        return count;
    }
    while (s->name != NULL && strcmp(s->name, r->type) != 0)
        s++;
    for (r = s->name != NULL ? s->fields : NULL; r != NULL && r->name != NULL; r++) {
        if (count < FIELDS_MAX)
            out[count++] = (struct field){r->name, sc_kinds[r->kind].json, false};
    }
    return count;
}

/** Check what is stated of a call. */
static void check_call(struct scn_parser *p, const struct scn_value *v,
                       const struct sc_call_info *call)
{
    struct field fields[FIELDS_MAX + 2] = {0};
    size_t count = 0;
    bool data = false;

    for (const struct sc_field_info *r = call->results; r->name != NULL && count < FIELDS_MAX;
         r++) {
        count = add_result(fields, count, r);
        data = data || (r->type == NULL && strcmp(sc_kinds[r->kind].json, "data") == 0);
    }
    if (data && v->kind == SCN_OBJECT) /* it is there when the bytes are no text */
        fields[count] = (struct field){"encoding", "string", false};
    check_pattern(p, v, fields, call->word);
}

static const struct method *method_by_name(const char *name)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    }
    return NULL;
}

/** Check what is stated of a method of the daemon. */
static void check_method(struct scn_parser *p, const struct scn_value *v, const char *name)
{
    const struct method *m = method_by_name(name);
    const struct sc_call_info *call = sc_call_by_name(name);

    if (call != NULL)
        check_call(p, v, call);
    else if (m == NULL || m->shape == SHAPE_DOCUMENT)
        return;
    else if (m->shape == SHAPE_ARRAY)
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
static void check_param(struct scn_parser *p, const struct scn_member *m, const struct field *field)
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
                         const struct field *fields, const char *what)
{
    for (size_t i = 0; v != NULL && i < v->member_count && p->error == NULL; i++) {
        const struct field *field = field_by_name(fields, v->members[i].key);

        if (field == NULL)
            fail_field(p, v->members[i].column, fields, v->members[i].key, what);
        else
            check_param(p, &v->members[i], field);
    }
    for (const struct field *f = fields; f->name != NULL && p->error == NULL; f++) {
        bool given = f->optional;

        for (size_t i = 0; v != NULL && i < v->member_count && !given; i++)
            given = strcmp(v->members[i].key, f->name) == 0;
        if (!given)
            scn_fail(p, 0, "%s needs %s", what, f->name);
    }
}

/** The parameters of a method SC_…: the call's arguments, and those of any call. */
static void call_params(const struct sc_call_info *call, struct field *out)
{
    static const struct field of_all[] = {{"session", "string", true},
                                          {"as", "integer", true},
                                          {"background", "boolean", true},
                                          {"encoding", "string", true}};
    size_t count = 0;

    for (const struct sc_field_info *a = call->args; a->name != NULL && count < FIELDS_MAX; a++)
        out[count++] = (struct field){a->name, sc_kinds[a->kind].json, a->optional != 0};
    memcpy(out + count, of_all, sizeof of_all);
}

/** Complain about a method that there is not. */
static void fail_method(struct scn_parser *p, const struct scn_step *step)
{
    struct scn_near near = {.word = step->method};

    for (size_t i = 0; i < METHOD_COUNT; i++)
        scn_nearer(&near, methods[i].name);
    for (size_t i = 0; i < sc_calls_count; i++)
        scn_nearer(&near, sc_calls[i].name);
    scn_fail_near(p, step->column, near.found, "no method is named %s", step->method);
}

bool scn_check_method(struct scn_parser *p, const struct scn_step *step)
{
    const struct scn_value *v = step->arg_count > 0 ? step->args[0].value : NULL;
    const struct sc_call_info *call = sc_call_by_name(step->method);
    const struct method *m = method_by_name(step->method);
    struct field fields[FIELDS_MAX + 5] = {0};

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
