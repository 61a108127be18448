/* SPDX-License-Identifier: MIT */
/* The child of fault_line.c: debug information by libdw, and without any the symbol table. */
#include "client/cli/fault_line.h"

#ifdef SCBOX_HAVE_LIBDW

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
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

/** The name of the function that an address is in; an inlined one counts. */
static const char *find_function(Dwarf_Die *unit, uint64_t addr)
{
    Dwarf_Die *scopes = NULL;
    const int count = dwarf_getscopes(unit, addr, &scopes);

    for (int i = 0; i < count; i++) {
        const int tag = dwarf_tag(&scopes[i]);

        if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
            return dwarf_diename(&scopes[i]);
    }
    return NULL;
}

static void find_in_debug_info(Elf *elf, uint64_t addr, struct place *out)
{
    Dwarf *dw = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
    Dwarf_Line *line = NULL;
    Dwarf_Die unit;

    if (dw == NULL || !find_unit(dw, addr, &unit))
        return;
    out->function = find_function(&unit, addr);
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

void fault_dwarf_find(char *image, size_t size, uint64_t addr, int to)
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
    find_in_debug_info(elf, addr, &place);
    if (place.function == NULL)
        place.function = find_symbol(elf, addr);
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

void fault_dwarf_find(char *image, size_t size, uint64_t addr, int to)
{
    (void)image;
    (void)size;
    (void)addr;
    (void)to;
}

#endif
