/* SPDX-License-Identifier: MIT */
/* Completion: from a line to the words that could stand at its end, with a small made-up world. */
#include "client/cli/shell/complete.h"
#include "server/base/strbuf.h"

#include <criterion/criterion.h>
#include <string.h>

static void views(void *user, struct candidates *out)
{
    (void)user;
    candidates_add(out, "", "io", ":");
    candidates_add(out, "", "root", ":");
    candidates_add(out, "", "home", ":");
}

static void entries(void *user, const char *dir, struct candidates *out)
{
    (void)user;
    if (strcmp(dir, "root:/") == 0 || strcmp(dir, "root:") == 0) {
        candidates_add(out, dir, "etc", "/");
        candidates_add(out, dir, "motd", "");
        candidates_add(out, dir, "mot\xc3\xa9", "");
        candidates_add(out, dir, "mot\xc3\xa8", "");
    }
    if (strcmp(dir, "root:/etc/") == 0)
        candidates_add(out, dir, "passwd", "");
}

static void variables(void *user, struct candidates *out)
{
    (void)user;
    candidates_add(out, "$", "fd", "");
    candidates_add(out, "$", "kid", "");
}

static const char *const commands[] = {":help", ":ls", ":ns", NULL};

/* "at: word word …" for a line. */
static void expect(const char *line, const char *expected)
{
    struct complete_source source = {NULL, views, entries, variables, commands};
    struct strbuf got = STRBUF_INIT;
    struct candidates c;

    complete_line(&source, line, &c);
    (void)strbuf_addf(&got, "%zu:", c.start);
    for (size_t i = 0; i < c.count; i++)
        (void)strbuf_addf(&got, " %s", c.word[i]);
    cr_expect_str_eq(strbuf_str(&got), expected, "'%s' gave '%s'", line, strbuf_str(&got));
    candidates_done(&c);
    strbuf_done(&got);
}

Test(complete, first_word_is_a_call)
{
    expect("ope", "0: open");
    expect("  ope", "2: open");
    expect("[$kid] ope", "7: open");
    expect("proc_w", "0: proc_wait proc_wait_any");
    expect("nothing_like_it", "0:");
}

Test(complete, colon_begins_a_command)
{
    expect(":n", "0: :ns");
    expect(":", "0: :help :ls :ns");
}

Test(complete, words_of_files_topics_and_drivers)
{
    expect("@ti", "0: @timeout @title");
    expect("  std", "2: stdin");
    expect("fs t ramf", "5: ramfs");
    expect("fs t ramfs quota_", "11: quota_bytes quota_inodes");
    expect(":help @tit", "6: @title");
    expect("help sqlite", "5: sqlitefs");
    expect("help proc.tr", "5: proc.tree");
}

Test(complete, path_argument)
{
    expect("open ro", "5: root:");
    expect("open root:", "5: root:etc/ root:motd root:mot\xc3\xa8 root:mot\xc3\xa9");
    expect("open root:/e", "5: root:/etc/");
    expect("open root:/etc/", "5: root:/etc/passwd");
    expect("open file=root:/e", "10: root:/etc/");
    expect(":ls root:/e", "4: root:/etc/");
}

Test(complete, argument_names)
{
    expect("open fi", "5: file=");
    expect("open mo", "5: mode=");
}

Test(complete, masks_by_name)
{
    expect("open root:/a READD", "13: READDIR");
    expect("open root:/a READ,WR", "13: READ,WRITE");
    expect("open mode=WR", "10: WRITE");
    expect("mmap 0x1000 4096 READ,", "17: READ,EXEC READ,WRITE");
    expect("mmap 0x1000 4096 EX", "17: EXEC");
    expect("create root:/a DI", "15: DIR");
}

Test(complete, view_names_without_colon)
{
    expect("rm_fs h", "6: home");
    expect("subfs new ro", "10: root root=");
}

Test(complete, variables_and_errnos)
{
    expect("read $", "5: $fd $kid");
    expect("open root:/a READ ! ENOENT", "20: ENOENT");
    expect("open root:/a READ ! ENOTD", "20: ENOTDIR");
}

Test(complete, words_of_faults_and_expectations)
{
    expect("expect t", "7: trace");
    expect("expect trace proc_wait_", "13: proc_wait_any");
    expect("expect never open fi", "18: file=");
    expect("fault clo", "6: close");
    expect(":fault cl", "7: clear close");
    expect("fault write nt", "12: nth=");
    expect("fault write nth=3 ENOSP", "18: ENOSPC");
    expect(":step o", "6: off on");
    expect(":trace on", "7: on");
    expect(":ns --g", "4: --graph");
}

Test(complete, nothing_inside_a_string)
{
    expect("write $fd 0 \"ro", "12:");
}

Test(complete, common_part_ends_between_characters)
{
    struct complete_source source = {NULL, views, entries, variables, commands};
    struct candidates c;

    complete_line(&source, "open root:/mot", &c);
    cr_expect_eq(c.count, 3);
    cr_expect_eq(candidates_common(&c), strlen("root:/mot"));
    candidates_done(&c);
}

Test(complete, long_lines_are_harmless)
{
    struct strbuf line = STRBUF_INIT;
    struct complete_source source = {NULL, views, entries, variables, commands};
    struct candidates c;

    for (int i = 0; i < 1000; i++)
        (void)strbuf_adds(&line, "open root:/etc/etc/etc ");
    complete_line(&source, strbuf_str(&line), &c);
    candidates_done(&c);
    for (int i = 0; i < 1000; i++)
        (void)strbuf_adds(&line, "a/");
    complete_line(&source, strbuf_str(&line), &c);
    candidates_done(&c);
    strbuf_done(&line);
}

Test(complete, a_directory_offers_so_many_words)
{
    struct candidates c = {0};

    for (int i = 0; i < CANDIDATES_MAX + 1; i++)
        candidates_add(&c, "", "a", "");
    cr_assert_eq(c.count, CANDIDATES_MAX);
    candidates_done(&c);
}
