/* SPDX-License-Identifier: MIT */
/* Everything that can be typed has a page: the tables the parser works by are asked, not a list of ours. */
#include "client/cli/base/cmd.h"
#include "client/cli/help/page.h"
#include "client/cli/scenario/scn_words.h"
#include "client/cli/shell/shell.h"
#include "schema/drivers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The page of a topic, as it is printed; returned. */
static char *page_of(const char *command, const char *topic, int *out_code)
{
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);
    char *text = calloc(1, 65536);

    cr_assert(file != NULL && saved >= 0 && text != NULL);
    fflush(stdout);
    (void)dup2(fileno(file), STDOUT_FILENO);
    *out_code = help_explain(command, topic);
    fflush(stdout);
    (void)dup2(saved, STDOUT_FILENO);
    (void)close(saved);
    rewind(file);
    (void)fread(text, 1, 65535, file);
    (void)fclose(file);
    return text;
}

/* A topic has a page, on the command line and in the shell, which says more than its name. */
static void has_page(const char *topic)
{
    static const char *const commands_of[] = {"help", "shell"};

    for (size_t i = 0; i < 2; i++) {
        int code = -1;
        char *text = page_of(commands_of[i], topic, &code);

        cr_assert_eq(code, CMD_OK, "%s: '%s' has no page", commands_of[i], topic);
        cr_assert_gt(strlen(text), strlen(topic) + 10, "%s: the page of '%s' is empty",
                     commands_of[i], topic);
        free(text);
    }
}

static void all_have_pages(const char *const *words)
{
    for (; *words != NULL; words++)
        has_page(*words);
}

Test(help, words_of_the_language)
{
    char key[64];
    const char *name;

    all_have_pages(scn_words);
    all_have_pages(scn_run_words);
    all_have_pages(scn_expect_words);
    for (size_t i = 0; (name = scn_key_name(i)) != NULL; i++) {
        (void)snprintf(key, sizeof key, "@%s", name);
        has_page(key);
    }
    for (size_t i = 0; (name = scn_fault_key_name(i)) != NULL; i++)
        has_page(name);
}

/* And nothing is explained that the parser does not take. */
Test(help, no_words_that_there_are_not)
{
    const char *word;

    for (size_t i = 0; (word = page_word_name(i)) != NULL; i++) {
        bool is = false;

        for (size_t k = 0; scn_key_name(k) != NULL; k++)
            is = is || strcmp(scn_key_name(k), word + 1) == 0;
        cr_assert(*word != '@' || is, "%s is no key", word);
        has_page(word);
    }
}

Test(help, choices_of_a_key_are_the_parsers)
{
    int code = -1;
    char *text = page_of("help", "@visibility", &code);

    for (const char *const *c = scn_key_choices("visibility"); *c != NULL; c++)
        cr_assert(strstr(text, *c) != NULL, "%s is missing", *c);
    free(text);
}

Test(help, calls_errors_constants_kinds)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        has_page(sc_calls[i].word);
        has_page(sc_calls[i].name);
    }
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++)
        has_page(e->name);
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        has_page(f->name);
        has_page(f->group);
    }
    for (size_t i = 0; i < SC_K_COUNT; i++)
        has_page(sc_kinds[i].name);
    has_page("ALL");
}

Test(help, methods_drivers_commands_lists)
{
    const char *name;

    for (size_t i = 0; (name = page_method_name(i)) != NULL; i++)
        has_page(name);
    for (size_t i = 0; (name = page_driver_name(i)) != NULL; i++)
        has_page(name);
    for (const struct command *c = commands; c->name != NULL; c++)
        has_page(c->name);
    all_have_pages(page_command_names());
    for (size_t i = 0; (name = help_list_name(i)) != NULL; i++)
        has_page(name);
}

#define HAS_OPTION(key, doc) cr_assert(strstr(text, "\n  " key " ") != NULL, "%s is missing", key);

Test(help, a_driver_tells_its_options)
{
    int code = -1;
    char *text = page_of("shell", "sqlitefs", &code);

    SQLITEFS_OPTIONS(HAS_OPTION)
    free(text);
}

Test(help, the_nearest_word)
{
    static const struct {
        const char *typed, *meant;
    } cases[] = {{"stdni", "stdin"}, {"@tilte", "@title"},   {"ramfz", "ramfs"},
                 {":memm", ":mem"},  {"inclode", "include"}, {"quota_byte", "quota_bytes"},
                 {"TRUNK", "TRUNC"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char command[256];
        int code = -1;
        char *text = NULL;
        char said[256] = "";
        FILE *err = tmpfile();
        int saved = dup(STDERR_FILENO);

        cr_assert(err != NULL && saved >= 0);
        (void)dup2(fileno(err), STDERR_FILENO);
        text = page_of("help", cases[i].typed, &code);
        fflush(stderr);
        (void)dup2(saved, STDERR_FILENO);
        (void)close(saved);
        rewind(err);
        (void)fread(said, 1, sizeof said - 1, err);
        (void)fclose(err);
        cr_assert_eq(code, CMD_USAGE);
        (void)snprintf(command, sizeof command, "did you mean '%s'", cases[i].meant);
        cr_assert(strstr(said, command) != NULL, "%s: %s", cases[i].typed, said);
        free(text);
    }
}
