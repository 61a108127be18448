/* SPDX-License-Identifier: MIT */
/* schema: the look-ups of the call table, its consistency, and the binary layouts guests rely on. */
#include "schema/calls.h"

#include <criterion/criterion.h>

#include <ctype.h>
#include <string.h>

/* The ABI's numbers of its 33 calls. A row may be added, but none of these may ever change. */
static const struct {
    int nr;
    const char *name;
} abi[] = {
    {0, "SC_DBG_PRINT"},      {1, "SC_EXIT"},         {2, "SC_YIELD"},       {3, "SC_USLEEP"},
    {10, "SC_MMAP"},          {11, "SC_MMAP_FILE"},   {12, "SC_MCHMAP"},     {13, "SC_MUNMAP"},
    {20, "SC_CREATE"},        {21, "SC_DELETE"},      {22, "SC_MOVE"},       {23, "SC_STAT"},
    {30, "SC_OPEN"},          {31, "SC_CLOSE"},       {32, "SC_READ"},       {33, "SC_WRITE"},
    {34, "SC_READDIR"},       {35, "SC_STAT_OPEN"},   {36, "SC_IOCTL"},      {37, "SC_GET_MODE"},
    {40, "SC_MAKE_FS"},       {41, "SC_FS_ADD_SRC"},  {42, "SC_SUBFS"},      {43, "SC_RM_FS"},
    {50, "SC_NEW_PROC"},      {51, "SC_BIND_FS"},     {52, "SC_BIND_SUBFS"}, {53, "SC_BIND_FD"},
    {55, "SC_PROC_EXEC"},     {56, "SC_PROC_STATUS"}, {57, "SC_PROC_KILL"},  {58, "SC_PROC_WAIT"},
    {59, "SC_PROC_WAIT_ANY"},
};

Test(schema, numbers_of_the_abi_never_change)
{
    cr_assert_eq(sizeof abi / sizeof abi[0], 33);
    for (size_t i = 0; i < sizeof abi / sizeof abi[0]; i++) {
        const struct sc_call_info *call = sc_call_by_name(abi[i].name);

        cr_assert_not_null(call, "%s is missing", abi[i].name);
        cr_assert_eq(call->nr, abi[i].nr, "%s", abi[i].name);
    }
}

Test(schema, calls_are_found_by_number_name_and_word)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        const struct sc_call_info *call = &sc_calls[i];

        cr_assert_eq(sc_call_by_nr(call->nr), call);
        cr_assert_eq(sc_call_by_name(call->name), call);
        cr_assert_eq(sc_call_by_name(call->word), call);
    }
}

Test(schema, unknown_calls_are_null)
{
    cr_assert_null(sc_call_by_nr(-1));
    cr_assert_null(sc_call_by_nr(54));
    cr_assert_null(sc_call_by_nr(SC_MAX));
    cr_assert_null(sc_call_by_name(""));
    cr_assert_null(sc_call_by_name("SC_open"));
    cr_assert_null(sc_call_by_name("Open"));
    cr_assert_null(sc_call_by_name("SC_OPENX"));
}

/** Whether a doc string is there, one line, without a closing blank. */
static bool is_doc(const char *doc)
{
    size_t len = doc != NULL ? strlen(doc) : 0;

    return len > 0 && strchr(doc, '\n') == NULL && doc[len - 1] != ' ';
}

/** Check a list of arguments or results: documented, named once, of a known kind or struct. */
static void check_fields(const struct sc_call_info *call, const struct sc_field_info *fields)
{
    for (const struct sc_field_info *f = fields; f->name != NULL; f++) {
        cr_assert(is_doc(f->doc), "%s.%s", call->name, f->name);
        cr_assert((f->kind < SC_K_COUNT) == (f->type == NULL), "%s.%s", call->name, f->name);
        for (const struct sc_field_info *g = fields; g != f; g++)
            cr_assert_str_neq(f->name, g->name, "%s: %s twice", call->name, f->name);
    }
}

/** Check a list of errors: documented, known to errno.def, each named once. */
static void check_errors(const struct sc_call_info *call)
{
    for (const struct sc_error_info *e = call->errors; e->name != NULL; e++) {
        const struct sc_errno_info *row = sc_errno_by_name(e->name, strlen(e->name));

        cr_assert(is_doc(e->doc), "%s %s", call->name, e->name);
        cr_assert_not_null(row, "%s %s", call->name, e->name);
        cr_assert_eq(e->value, row->value, "%s %s", call->name, e->name);
        for (const struct sc_error_info *d = call->errors; d != e; d++)
            cr_assert_str_neq(e->name, d->name, "%s: %s twice", call->name, e->name);
    }
}

Test(schema, every_row_is_complete)
{
    int last = -1;

    for (size_t i = 0; i < sc_calls_count; i++) {
        const struct sc_call_info *call = &sc_calls[i];

        cr_assert_gt(call->nr, last, "%s: rows are sorted by number", call->name);
        cr_assert_lt(call->nr, SC_MAX);
        last = call->nr;
        cr_assert(is_doc(call->doc), "%s", call->name);
        cr_assert(strncmp(call->name, "SC_", 3) == 0);
        check_fields(call, call->args);
        check_fields(call, call->results);
        check_errors(call);
    }
}

/** Whether a call takes a handle: an fd. */
static bool takes_handle(const struct sc_call_info *call)
{
    for (const struct sc_field_info *f = call->args; f->name != NULL; f++) {
        if (f->kind == SC_K_fd || f->kind == SC_K_ofd)
            return true;
    }
    return false;
}

static bool lists(const struct sc_call_info *call, const char *error)
{
    const struct sc_error_info *e = call->errors;

    while (e->name != NULL && strcmp(e->name, error) != 0)
        e++;
    return e->name != NULL;
}

Test(schema, a_right_is_one_of_a_handle_and_else_EBADF)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        const struct sc_call_info *call = &sc_calls[i];

        cr_assert_eq(call->right & (call->right - 1), 0, "%s: one right", call->name);
        cr_assert(call->right == 0 || (takes_handle(call) && lists(call, "EBADF")), "%s",
                  call->name);
    }
    cr_assert_eq(sc_call_by_name("SC_READ")->right, FM_READ);
    cr_assert_eq(sc_call_by_name("SC_WRITE")->right, FM_WRITE);
    cr_assert_eq(sc_call_by_name("SC_READDIR")->right, FM_READDIR);
    cr_assert_eq(sc_call_by_name("SC_CLOSE")->right, 0);
}

static bool fits_register(const struct sc_field_info *field)
{
    return field->repr != SC_R_i64 && field->repr != SC_R_u64;
}

/** A register of i386 would lose the upper half: UTIMES takes a block, SC_OUT is stored. */
Test(schema, values_of_64_bits_are_in_blocks_and_structs)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        const struct sc_call_info *call = &sc_calls[i];

        for (const struct sc_field_info *a = call->args; a->name != NULL; a++)
            cr_assert(call->pass == SC_PASS_BLOCK || fits_register(a),
                      "%s: '%s' has 64 bits, so the call's pass is BLOCK", call->name, a->name);
        for (const struct sc_field_info *r = call->results; r->name != NULL; r++)
            cr_assert(fits_register(r), "%s: '%s' has 64 bits, so it is a member of an SC_OUT",
                      call->name, r->name);
    }
}

Test(schema, kinds_say_how_they_travel)
{
    static const char *const json[] = {"name", "data", "integer", "FM",  "MM",
                                       "FT",   "PS",   "RN",      "fds", "argv"};

    for (size_t k = 0; k < SC_K_COUNT; k++) {
        size_t known = 0;

        cr_assert_not_null(sc_kinds[k].name);
        cr_assert(is_doc(sc_kinds[k].doc), "%s", sc_kinds[k].name);
        for (size_t i = 0; i < sizeof json / sizeof json[0]; i++)
            known += strcmp(sc_kinds[k].json, json[i]) == 0;
        cr_assert_eq(known, 1, "%s travels as '%s'", sc_kinds[k].name, sc_kinds[k].json);
    }
}

Test(schema, flags_by_name)
{
    const struct sc_flag_info *read = sc_flag_by_name("FM", "READ", 4);

    cr_assert_eq(read->value, FM_READ);
    cr_assert_eq(sc_flag_by_name("MM", "READ", 4)->value, MM_READ);
    cr_assert_eq(sc_flag_by_name("FM", "READDIR", 7)->value, FM_READDIR);
    cr_assert_eq(sc_flag_by_name("FM", "READDIR", 4), read);
    cr_assert_null(sc_flag_by_name("FM", "REA", 3));
    cr_assert_null(sc_flag_by_name("FM", "read", 4));
    cr_assert_null(sc_flag_by_name("XX", "READ", 4));
}

Test(schema, errnos_by_value_and_name)
{
    cr_assert_str_eq(sc_errno_name(2), "ENOENT");
    cr_assert_str_eq(sc_errno_name(-2), "ENOENT");
    cr_assert_str_eq(sc_errno_name(0), "E?");
    cr_assert_null(sc_errno_by_value(9999));
    cr_assert_eq(sc_errno_by_name("EACCES", 6)->value, 13);
    cr_assert_null(sc_errno_by_name("EACC", 4));
    cr_assert_null(sc_errno_by_name("eacces", 6));
}

Test(schema, errnos_are_sorted_and_explained)
{
    int last = 0;

    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++) {
        cr_assert_gt(e->value, last, "%s", e->name);
        last = e->value;
        cr_assert(isupper((unsigned char)e->name[0]));
        cr_assert(is_doc(e->text) && is_doc(e->hint), "%s", e->name);
    }
}

/** Bytes a kind takes in an i386 guest's struct; 0 for kinds no struct may have. */
static size_t i386_size(enum sc_kind kind)
{
    switch (kind) {
    case SC_K_dname:
        return SC_DIR_MAX;
    case SC_K_pid:
    case SC_K_int:
    case SC_K_size:
    case SC_K_fm:
    case SC_K_ft:
    case SC_K_ps:
        return 4;
    default:
        return 0;
    }
}

/** Bytes of a struct in an i386 guest, by its name. */
static size_t i386_struct_size(const char *name)
{
    size_t size = 0;

    for (const struct sc_struct_info *s = sc_structs; s->name != NULL; s++) {
        if (strcmp(s->name, name) != 0)
            continue;
        for (const struct sc_field_info *f = s->fields; f->name != NULL; f++)
            size += f->optional ? 0 : i386_size(f->kind);
    }
    return size;
}

Test(schema, struct_sizes_are_those_guests_were_built_with)
{
    cr_assert_eq(i386_struct_size("stat"), 12);
    cr_assert_eq(i386_struct_size("dirent"), 140);
    cr_assert_eq(i386_struct_size("proc_status"), 12);
    cr_assert_eq(sizeof(struct sc_stat), 16);
    cr_assert_eq(sizeof(struct sc_proc_status), 12);
}
