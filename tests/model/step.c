/* SPDX-License-Identifier: MIT */
/* Steps and results as lists: everything that is the same for all calls comes from their table. */
#include "tests/model/step.h"

#include <string.h>

/* ---- arguments ---- */

int64_t step_number(const struct step_arg *arg, const struct step_results *results)
{
    int32_t given = arg->ref != 0 ? results->first[arg->ref] : 0;

    if (arg->ref == 0)
        return arg->num;
    if (arg->num == 2)
        given = results->second[arg->ref];
    return given != 0 ? given : STEP_NOBODY;
}

static void set_str(struct sc_str *to, const struct step_arg *arg, const struct step_results *r)
{
    (void)r;
    *to = (struct sc_str){arg->text != NULL ? arg->text : "", arg->len};
}

static void set_i32(int32_t *to, const struct step_arg *arg, const struct step_results *r)
{
    *to = (int32_t)step_number(arg, r);
}

static void set_u32(uint32_t *to, const struct step_arg *arg, const struct step_results *r)
{
    *to = (uint32_t)step_number(arg, r);
}

static void set_i64(int64_t *to, const struct step_arg *arg, const struct step_results *r)
{
    *to = step_number(arg, r);
}

static void set_u64(uint64_t *to, const struct step_arg *arg, const struct step_results *r)
{
    *to = (uint64_t)step_number(arg, r);
}

#define SET(to)                                                                                    \
    _Generic((to), struct sc_str *                                                                 \
             : set_str, int32_t *                                                                  \
             : set_i32, uint32_t *                                                                 \
             : set_u32, int64_t *                                                                  \
             : set_i64, uint64_t *                                                                 \
             : set_u64)

/** Have an argument that is a list of handles point to their numbers. */
static void set_list(const struct step *s, const struct step_results *results, int32_t *fds,
                     struct sc_str *out)
{
    const struct step_arg *arg = &s->args[0];

    for (size_t i = 0; i < arg->list_count; i++)
        fds[i] = (int32_t)step_number(&arg->list[i], results);
    *out = (struct sc_str){(const char *)fds, arg->list_count * sizeof(*fds)};
}

void step_args(const struct step *s, const struct step_results *results, int32_t fds[STEP_FDS_MAX],
               union sc_args *out)
{
    size_t i = 0;

    memset(out, 0, sizeof(*out));
    switch (s->nr) {
#define SC_CALL(number, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                             \
    case SC_##UP: {                                                                                \
        struct sc_##low##_args *to = &out->low;                                                    \
                                                                                                   \
        (void)to;                                                                                  \
        ARGS break;                                                                                \
    }
#define SC_ARG(kind, name, doc) SET (&to->name)(&to->name, &s->args[i++], results);
#define SC_OPT(kind, name, doc) SET (&to->name)(&to->name, &s->args[i++], results);
#define SC_NO_ARGS
#include "schema/syscalls.def"
    default:
        break;
    }
    if (s->nr == SC_SELECT)
        set_list(s, results, fds, &out->select.fds);
}

void step_keep(const struct step *s, const union sc_out *out, struct step_results *results)
{
    if (s->nr == SC_OPEN)
        results->first[s->id] = out->open.fd;
    else if (s->nr == SC_NEW_PROC)
        results->first[s->id] = out->new_proc.pid;
    else if (s->nr == SC_MK_CHANNEL)
        results->first[s->id] = out->mk_channel.ends.first;
    if (s->nr == SC_MK_CHANNEL)
        results->second[s->id] = out->mk_channel.ends.second;
}

void step_lend(int nr, char *bytes, size_t size, union sc_out *out)
{
    struct sc_buf buf = {bytes, size, 0};

    (void)buf;
    switch (nr) {
#define SC_CALL(number, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                             \
    case SC_##UP: {                                                                                \
        struct sc_##low##_out *to = &out->low;                                                     \
                                                                                                   \
        (void)to;                                                                                  \
        RESULTS                                                                                    \
        break;                                                                                     \
    }
#define SC_RET(kind, name, doc)
#define SC_OUT(type, name, doc)
#define SC_OUT_BUF(name, doc) to->name = buf;
#define SC_NO_RESULT
#include "schema/syscalls.def"
    default:
        break;
    }
}

/* ---- results ---- */

static struct value of_i32(const int32_t *v)
{
    return (struct value){.num = (uint64_t)(int64_t)*v};
}

static struct value of_u32(const uint32_t *v)
{
    return (struct value){.num = *v};
}

static struct value of_i64(const int64_t *v)
{
    return (struct value){.num = (uint64_t)*v};
}

static struct value of_u64(const uint64_t *v)
{
    return (struct value){.num = *v};
}

static struct value of_str(const struct sc_str *v)
{
    return (struct value){.text = v->ptr, .len = v->len};
}

static struct value of_buf(const struct sc_buf *v)
{
    return (struct value){.text = v->ptr, .len = v->len};
}

static struct value of_dname(const struct sc_dname *v)
{
    return (struct value){.text = v->bytes, .len = strnlen(v->bytes, sizeof(v->bytes))};
}

#define VALUE(v)                                                                                   \
    _Generic((v), const struct sc_str *                                                            \
             : of_str, const struct sc_buf *                                                       \
             : of_buf, const struct sc_dname *                                                     \
             : of_dname, const int32_t *                                                           \
             : of_i32, const uint32_t *                                                            \
             : of_u32, const int64_t *                                                             \
             : of_i64, const uint64_t *                                                            \
             : of_u64)(v)

static void add(struct values *to, enum sc_kind kind, const char *name, struct value v)
{
    v.kind = kind;
    v.name = name;
    to->at[to->count++] = v;
}

/* add_stat() …: the members of a struct. */
#define SC_STRUCT(name, fields, doc)                                                               \
    static void add_##name(struct values *to, const struct sc_##name *v)                           \
    {                                                                                              \
        fields                                                                                     \
    }
#define SC_FIELD(kind, name, doc) add(to, SC_K_##kind, #name, VALUE(&v->name));
#define SC_MORE(kind, name, doc)
#include "schema/types.def"

void values_of(int nr, const union sc_out *out, struct values *to)
{
    to->count = 0;
    switch (nr) {
#define SC_CALL(number, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                             \
    case SC_##UP: {                                                                                \
        const struct sc_##low##_out *from = &out->low;                                             \
                                                                                                   \
        (void)from;                                                                                \
        RESULTS                                                                                    \
        break;                                                                                     \
    }
#define SC_RET(kind, name, doc) add(to, SC_K_##kind, #name, VALUE(&from->name));
#define SC_OUT(type, name, doc) add_##type(to, &from->name);
#define SC_OUT_BUF(name, doc) add(to, SC_K_buf, #name, VALUE(&from->name));
#define SC_NO_RESULT
#include "schema/syscalls.def"
    default:
        break;
    }
}

bool values_equal(const struct values *a, const struct values *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct value *x = &a->at[i];
        const struct value *y = &b->at[i];

        if (x->num != y->num || x->len != y->len)
            return false;
        if (x->len > 0 && memcmp(x->text, y->text, x->len) != 0)
            return false;
    }
    return true;
}
