/* SPDX-License-Identifier: MIT */
/* The child of fault_line.c: debug information by libdw, or the symbol table if there is none. */
#include "client/cli/base/fault_line.h"

#ifdef SCBOX_HAVE_LIBDW

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SHOWN = 100 }; /* bytes of the name of a function, a file */

/** What was found; borrowed from libdw. */
struct place {
    const char *function;
    const char *file;
    int line;
};

/** The compilation unit of an address. Not every compiler writes a table of them. */
static bool find_unit(Dwarf *dw, uint64_t addr, Dwarf_Die *out)
{
    Dwarf_CU *cu = NULL;

    if (dwarf_addrdie(dw, addr, out) != NULL)
        return true;
    while (dwarf_get_units(dw, cu, &cu, NULL, NULL, out, NULL) == 0) {
        if (dwarf_haspc(out, addr) > 0)
            return true;
    }
    return false;
}

/** Whether a name is the SDK's: its functions fault because of their arguments. */
static bool is_sdk(const char *name)
{
    return name != NULL && (strncmp(name, "sc_", 3) == 0 || strncmp(name, "_sc_", 4) == 0);
}

/** The line of an inlined function's call, in the function that it is part of. */
static void take_call_line(Dwarf_Die *inlined, struct place *out)
{
    Dwarf_Attribute attr;
    Dwarf_Word line = 0;

    if (dwarf_attr_integrate(inlined, DW_AT_call_line, &attr) != NULL &&
        dwarf_formudata(&attr, &line) == 0 && line <= INT_MAX)
        out->line = (int)line;
}

/** The function that contains an address, which may be an inlined one, except the SDK's. */
static void find_function(Dwarf_Die *unit, uint64_t addr, struct place *out)
{
    Dwarf_Die *innermost = NULL;
    Dwarf_Die *scopes = NULL; /* those around it, where it was put, not where it is written */
    const int count = dwarf_getscopes(unit, addr, &innermost) > 0
                          ? dwarf_getscopes_die(&innermost[0], &scopes)
                          : 0;

    for (int i = 0; i < count; i++) {
        const int tag = dwarf_tag(&scopes[i]);

        if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
            continue;
        out->function = dwarf_diename(&scopes[i]);
        if (tag == DW_TAG_subprogram || !is_sdk(out->function))
            return;
        take_call_line(&scopes[i], out);
    }
}

static void find_in_debug_info(Elf *elf, uint64_t addr, struct place *out)
{
    Dwarf *dw = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
    Dwarf_Line *line = NULL;
    Dwarf_Die unit;

    if (dw == NULL || !find_unit(dw, addr, &unit))
        return;
    find_function(&unit, addr, out);
    if (out->line > 0) { /* that of the call; what it is in is the unit's own file, not a header */
        out->file = dwarf_diename(&unit);
        return;
    }
    line = dwarf_getsrc_die(&unit, addr);
    if (line != NULL && dwarf_lineno(line, &out->line) == 0)
        out->file = dwarf_linesrc(line, NULL, NULL);
}

static bool is_function_at(const GElf_Sym *sym, uint64_t addr)
{
    return GELF_ST_TYPE(sym->st_info) == STT_FUNC && addr >= sym->st_value &&
           addr - sym->st_value < sym->st_size;
}

static const char *find_symbol(Elf *elf, uint64_t addr)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    GElf_Sym sym;

    while ((section = elf_nextscn(elf, section)) != NULL) {
        Elf_Data *data = NULL;

        if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_SYMTAB)
            continue;
        data = elf_getdata(section, NULL);
        for (int i = 0; data != NULL && gelf_getsym(data, i, &sym) != NULL; i++) {
            if (is_function_at(&sym, addr))
                return elf_strptr(elf, header.sh_link, sym.st_name);
        }
    }
    return NULL;
}

/** The first address in a function of the program itself, or the first address. */
static void find_place(Elf *elf, const uint64_t *addrs, size_t count, struct place *out)
{
    struct place first = {0};

    for (size_t i = 0; i < count; i++) {
        struct place place = {0};

        find_in_debug_info(elf, addrs[i], &place);
        if (place.function == NULL)
            place.function = find_symbol(elf, addrs[i]);
        if (i == 0)
            first = place;
        *out = place;
        if (place.function != NULL && !is_sdk(place.function))
            return;
    }
    *out = first;
}

void fault_dwarf_find(char *image, size_t size, const uint64_t *addrs, size_t count, int to)
{
    struct place place = {0};
    char text[FAULT_PLACE_MAX];
    const char *slash = NULL;
    Elf *elf = NULL;
    int len = 0;

    (void)elf_version(EV_CURRENT);
    elf = elf_memory(image, size);
    if (elf == NULL)
        return;
    find_place(elf, addrs, count, &place);
    slash = place.file != NULL ? strrchr(place.file, '/') : NULL;
    if (place.function != NULL) { /* "half" of the compiler's half.constprop.0 */
        len = (int)strcspn(place.function, ".");
        len = snprintf(text, sizeof text, "in %.*s()", len < NAME_SHOWN ? len : NAME_SHOWN,
                       place.function);
    }
    if (place.file != NULL)
        len += snprintf(text + len, sizeof text - (size_t)len, "%sat %.*s:%d", len > 0 ? ", " : "",
                        NAME_SHOWN, slash != NULL ? slash + 1 : place.file, place.line);
    if (len > 0)
        (void)!write(to, text, (size_t)len);
}

#else

void fault_dwarf_find(char *image, size_t size, const uint64_t *addrs, size_t count, int to)
{
    (void)image;
    (void)size;
    (void)addrs;
    (void)count;
    (void)to;
}

#endif
