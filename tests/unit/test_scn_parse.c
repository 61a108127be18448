/* SPDX-License-Identifier: MIT */
/* The parser of the scenario language: what a line becomes, and where a mistake is told. */
#include "client/cli/scenario/scn_parse.h"

#include "client/cli/engine/scn.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct scn_arena arena;

static void free_arena(void)
{
    scn_arena_done(&arena);
}

TestSuite(scn_line, .fini = free_arena, .timeout = 10);
TestSuite(scn_file, .fini = free_arena, .timeout = 10);

/** Parse one line with $fd captured, $TMP given and one step in the background. */
static struct scn_parser parse(const char *line, struct scn_step *step)
{
    struct scn_parser p = {.arena = &arena};

    scn_know(&p, "fd", false);
    scn_know(&p, "TMP", true);
    p.waited = scn_alloc(&arena, sizeof(bool));
    p.background_count = 1;
    scn_begin_line(&p, line, 1);
    (void)scn_parse_step(&p, step);
    return p;
}

/* ---- lines that parse ---- */

Test(scn_line, positional_arguments_take_the_rows_order)
{
    struct scn_step step;
    struct scn_parser p = parse("read $fd 0 0x10 = \"text\"", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.kind, SCN_CALL);
    cr_assert_str_eq(step.call->name, "SC_READ");
    cr_assert_eq(step.arg_count, 3);
    cr_assert_str_eq(step.args[2].info->name, "size");
    cr_assert_str_eq(step.args[2].value->text, "0x10");
    cr_assert_eq(step.expect.kind, SCN_YIELDS);
    cr_assert_eq(step.expect.pattern->kind, SCN_STRING);
}

Test(scn_line, named_arguments_come_in_any_order)
{
    struct scn_step step;
    struct scn_parser p = parse("open mode=READ,WRITE file=root:/a", &step);

    cr_assert_null(p.error);
    cr_assert_str_eq(step.args[0].info->name, "mode");
    cr_assert_str_eq(scn_literal(step.args[1].value), "root:/a");
    cr_assert_eq(step.expect.kind, SCN_SUCCEEDS);
}

Test(scn_line, a_method_takes_pairs)
{
    struct scn_step step;
    struct scn_parser p = parse("trace.subscribe events=[calls] pid=$fd lossless=true", &step);
    const struct scn_value *params;

    cr_assert_null(p.error);
    cr_assert_eq(step.kind, SCN_METHOD);
    cr_assert_eq(step.arg_count, 1);
    params = step.args[0].value;
    cr_assert_eq(params->kind, SCN_OBJECT);
    cr_assert_eq(params->member_count, 3);
    cr_assert_str_eq(params->members[0].key, "events");
    cr_assert_eq(params->members[1].value->kind, SCN_VAR);
    cr_assert_eq(params->members[2].value->kind, SCN_TRUE);
}

Test(scn_line, a_call_goes_by_the_name_of_its_method_in_small_letters)
{
    struct scn_step step;
    struct scn_parser p = parse("errno = 2", &step);

    cr_assert_null(p.error);
    cr_assert_str_eq(step.call->name, "SC_ERRNO");
}

Test(scn_line, any_error_will_do)
{
    struct scn_step step;
    struct scn_parser p = parse("open a:/b READ ! * why home", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.expect.kind, SCN_REFUSES);
    cr_assert_eq(step.expect.code, SCN_ANY_ERROR);
    cr_assert_eq(step.expect.why_count, 1);
}

Test(scn_line, an_actor_is_read)
{
    struct scn_step step;
    struct scn_parser p = parse("[$fd] exit 3", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.actor->kind, SCN_VAR);
    cr_assert_str_eq(step.call->word, "exit");
}

Test(scn_line, a_refusal_holds_errno_and_words)
{
    struct scn_step step;
    struct scn_parser p = parse("open a:/b READ ! EACCES why home /mask.*WRITE/  # note", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.expect.kind, SCN_REFUSES);
    cr_assert_eq(step.expect.code, 13);
    cr_assert_eq(step.expect.why_count, 2);
    cr_assert_eq(step.expect.why[1]->kind, SCN_REGEX);
    cr_assert_str_eq(step.source, "open a:/b READ ! EACCES why home /mask.*WRITE/");
}

Test(scn_line, success_or_an_errno)
{
    struct scn_step step;
    struct scn_parser p = parse("create a:/b DIR !? EEXIST", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.expect.kind, SCN_MAY_REFUSE);
    cr_assert_eq(step.expect.code, 17);
}

Test(scn_line, a_background_step_gets_the_next_number)
{
    struct scn_step step;
    struct scn_parser p = parse("proc_wait $fd = {state: DONE, return_code: *} &", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.background, 2);
    cr_assert_eq(step.expect.pattern->member_count, 2);
    cr_assert_eq(step.expect.pattern->members[1].value->kind, SCN_ANY);
}

Test(scn_line, variables_stand_in_words_and_strings)
{
    struct scn_step step;
    struct scn_parser p = parse("fs disk sqlitefs source=$TMP/a.db note=\"x${TMP}y\"", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.kind, SCN_FS);
    cr_assert_str_eq(step.args[2].name, "source");
    cr_assert(step.args[2].value->pieces[0].is_var);
    cr_assert_str_eq(step.args[2].value->pieces[1].text, "/a.db");
    cr_assert_eq(step.args[3].value->piece_count, 3);
}

Test(scn_line, strings_are_json)
{
    struct scn_step step;
    struct scn_parser p = parse("dbg_print \"a\\n\\\"\\u00e9\\ud83d\\ude00#\" # comment", &step);

    cr_assert_null(p.error);
    cr_assert_str_eq(scn_literal(step.args[0].value), "a\n\"\xC3\xA9\xF0\x9F\x98\x80#");
}

Test(scn_line, a_method_takes_its_parameters_as_they_stand)
{
    struct scn_step step;
    struct scn_parser p =
        parse("machine.info {machine: default, list: [1, true, null]} ! -32602", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.kind, SCN_METHOD);
    cr_assert_eq(step.args[0].value->members[1].value->member_count, 3);
}

Test(scn_line, a_comment_is_kept)
{
    struct scn_step step;
    struct scn_parser p = parse("#  A heading ", &step);

    cr_assert_null(p.error);
    cr_assert_eq(step.kind, SCN_COMMENT);
    cr_assert_str_eq(step.method, "A heading");
}

/* ---- mistakes ---- */

struct mistake {
    char line[96];
    int column;
    char text[64];
};

ParameterizedTestParameters(scn_line, a_mistake_tells_its_column_and_the_word_that_was_meant)
{
    static struct mistake mistakes[] = {
        {"opne a:/b READ", 1, "did you mean open?"},
        {"open a:/b RAED", 11, "did you mean READ?"},
        {"open a:/b READ,WIRTE", 11, "did you mean WRITE?"},
        {"open a:/b READ ! EACESS", 18, "did you mean EACCES?"},
        {"open a:/b", 10, "open needs mode"},
        {"open a:/b READ 7", 16, "takes no more arguments"},
        {"open flie=a:/b READ", 6, "did you mean file?"},
        {"open file=a:/b file=a:/c READ", 16, "given twice"},
        {"create a:/b DRI", 13, "did you mean DIR?"},
        {"read $fd zero 1", 10, "offset is a number"},
        {"read $fdd 0 1", 6, "did you mean $fd?"},
        {"read $TMQ 0 1", 6, "did you mean $TMP?"},
        {"close $STUDENT", 7, "--set STUDENT=VALUE"},
        {"new_proc = $Kid", 12, "--set Kid=VALUE"},
        {"stat a:/b = {type: DIR", 23, "a , or } is missing"},
        {"stat a:/b = {type DIR}", 19, "a : is missing"},
        {"read $fd 0 9 = \"abc", 16, "closing \""},
        {"read $fd 0 9 = \"\\x41\"", 17, "no such escape"},
        {"read $fd 0 9 = /[/", 16, "not a regular expression"},
        {"read $fd 0 9 = /a\\\\\\xff/", 16, "has no \\xff: a . stands for any byte"},
        {"read $fd 0 9 =", 15, "missing behind ="},
        {"dbg_print b64\"a\"", 11, "not base64"},
        {"close $fd $fd", 11, "takes no more arguments"},
        {"close $fd ! EBADF because x", 19, "only `why WORD`"},
        {"wait &2", 6, "there are 1 so far"},
        {"expect flie a:/b \"\"", 8, "did you mean file?"},
        {"expect file a:/b", 17, "is missing here"},
        {"fs root", 8, "fs NAME DRIVER"},
        {"[$fd $fd] yield", 6, "a , or ] is missing"},
        {"close 1 garbage= &", 9, "takes no more arguments"},
        {"fault opne nth=3 ENOSPC", 7, "did you mean open?"},
        {"fault write nth=0 EIO", 17, "1 or greater"},
        {"fault write p=2 EIO", 15, "a probability"},
        {"fault write p=often EIO", 15, "a probability"},
        {"fault write EIOO", 13, "did you mean EIO?"},
        {"fault write nth=1 tims=2 EIO", 19, "did you mean times?"},
        {"machine.info 3", 14, "machine.info takes"},
        {"expect cencus", 8, "did you mean census?"},
    };

    return cr_make_param_array(struct mistake, mistakes, sizeof mistakes / sizeof mistakes[0]);
}

/** Check that a line is a mistake, where it is told, and how. */
static void check_mistake(const struct mistake *m)
{
    struct scn_step step;
    struct scn_parser p = parse(m->line, &step);

    cr_assert_not_null(p.error, "`%s` parses", m->line);
    cr_expect_eq(p.error_column, m->column, "`%s`: column %d, not %d: %s", m->line, p.error_column,
                 m->column, p.error);
    cr_expect_not_null(strstr(p.error, m->text), "`%s`: \"%s\" lacks \"%s\"", m->line, p.error,
                       m->text);
    scn_arena_done(&arena);
}

ParameterizedTest(struct mistake *m, scn_line,
                  a_mistake_tells_its_column_and_the_word_that_was_meant)
{
    check_mistake(m);
}

ParameterizedTestParameters(scn_line, a_name_that_no_table_has_is_a_mistake)
{
    static struct mistake mistakes[] = {
        {"machine.inof", 1, "did you mean machine.info?"},
        {"SC_OPNE {}", 1, "did you mean SC_OPEN?"},
        {"clock.advance usec=5", 15, "did you mean usecs?"},
        {"clock.advance usecs=soon", 21, "usecs is a number, not soon"},
        {"clock.advance {}", 17, "clock.advance needs usecs"},
        {"clock.advance", 14, "clock.advance needs usecs"},
        {"proc.info {pdi: 3}", 12, "did you mean pid?"},
        {"machine.create {limits: {prcs: 3}}", 26, "limits has no prcs; did you mean procs?"},
        {"machine.info = {census: {prcs: 2}}", 26, "did you mean procs?"},
        {"machine.info = {clok: real}", 17, "did you mean clock?"},
        {"ns.list = [{nmae: a}]", 13, "did you mean name?"},
        {"proc_wait $fd = {stat: DONE}", 18, "did you mean state?"},
        {"proc_wait $fd = {exit: 0}", 18, "it has pid, state, return_code"},
        {"proc_wait $fd = {state: DOEN}", 25, "did you mean DONE?"},
        {"proc_wait $fd = {return_code: zero}", 31, "return_code is a number"},
        {"stat a:/b = {type: DRI}", 20, "did you mean DIR?"},
        {"stat a:/b = {access: READ,WIRTE}", 22, "did you mean WRITE?"},
        {"stat a:/b = {access: [READ, WIRTE]}", 29, "did you mean WRITE?"},
        {"open a:/b READ = fd", 18, "to keep it write $fd"},
        {"open a:/b READ == 3", 17, "one = is enough"},
        {"open a:/b \"RAED\"", 11, "did you mean READ?"},
        {"close $fd = 0", 13, "returns nothing"},
        {"expect trace stat = {szie: 3}", 22, "did you mean size?"},
        {"run prog = {sate: DONE}", 13, "did you mean state?"},
        {"expect file a:/b {dta: *}", 19, "did you mean data?"},
        {"expect file ab \"\"", 13, "simulated system: name:/path"},
        {"copy a b", 8, "simulated system: name:/path"},
        {"[kid] yield", 1, "[actor] is one process"},
    };

    return cr_make_param_array(struct mistake, mistakes, sizeof mistakes / sizeof mistakes[0]);
}

ParameterizedTest(struct mistake *m, scn_line, a_name_that_no_table_has_is_a_mistake)
{
    check_mistake(m);
}

Test(scn_line, a_method_that_is_to_be_refused_takes_anything)
{
    struct scn_step step;

    cr_assert_null(parse("no.such.method {a: b} ! -32601", &step).error);
    cr_assert_null(parse("clock.advance usec=x ! *", &step).error);
}

/* ---- files ---- */

/** Write a file for a test; returns its path, which the test removes. */
static const char *write_file(const char *text)
{
    static char path[] = "/tmp/scn-test-XXXXXX";
    FILE *f;
    int fd;

    memcpy(path, "/tmp/scn-test-XXXXXX", sizeof path);
    fd = mkstemp(path);
    f = fdopen(fd, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static struct scn_parser parse_file(const char *text, struct scn_scenario *s)
{
    struct scn_parser p = {.arena = &arena};
    const char *path = write_file(text);

    (void)scn_parse_file(&p, path, s);
    (void)remove(path);
    return p;
}

Test(scn_file, keys_are_read)
{
    struct scn_scenario s;
    struct scn_parser p = parse_file("@title \"A title\"\n"
                                     "@cite ABI.md: The calls   # where it stands\n"
                                     "@cite \"another rule\"\n"
                                     "@points 2.5\n@set isolation\n@clock virtual\n"
                                     "@timeout 250ms\n@hint \"look\"\n@visibility hidden\n"
                                     "@show none\n@needs i386\n\nyield\n",
                                     &s);

    cr_assert_null(p.error, "%s", p.error);
    cr_assert_str_eq(s.header.title, "A title");
    cr_assert_eq(s.header.cite_count, 2);
    cr_assert_str_eq(s.header.cites[0], "ABI.md: The calls");
    cr_assert_str_eq(s.header.cites[1], "another rule");
    cr_assert_float_eq(s.header.points, 2.5, 0.001);
    cr_assert(s.header.virtual_clock);
    cr_assert_eq(s.header.timeout_ms, 250);
    cr_assert_str_eq(s.header.needs, "i386");
    cr_assert_eq(s.step_count, 1);
    cr_assert_eq(s.steps[0].line, 13);
}

Test(scn_file, lines_below_run_belong_to_it)
{
    struct scn_scenario s;
    struct scn_parser p = parse_file("run prog\n  log /^ok$/\n\n  # twice\n  log \"ok\\n\"\n"
                                     "  state FAILURE ZEROPTR\nyield\n",
                                     &s);

    cr_assert_null(p.error, "%s", p.error);
    cr_assert_eq(s.steps[0].run.log_count, 2);
    cr_assert_str_eq(scn_literal(s.steps[0].run.code), "ZEROPTR");
}

struct file_mistake {
    char text[96];
    int line;
    int column;
    char message[48];
};

ParameterizedTestParameters(scn_file, a_mistake_tells_its_line)
{
    static struct file_mistake mistakes[] = {
        {"@tilte \"x\"\nyield\n", 1, 1, "did you mean @title?"},
        {"yield\n@title \"x\"\n", 2, 1, "before the first step"},
        {"@clock vitrual\n", 1, 8, "not vitrual; did you mean virtual?"},
        {"@clock sun\n", 1, 8, "@clock is real, virtual or lockstep, not sun"},
        {"@timeout 2sec\n", 1, 10, "written 500ms, 2s or 1m"},
        {"@points x\n", 1, 9, "points are a number"},
        {"@points 1000001\n", 1, 9, "at most 1000000"},
        {"@points 1e99\n", 1, 9, "at most 1000000"},
        {"@points nan\n", 1, 9, "at most 1000000"},
        {"@show inputs\n", 1, 7, "did you mean input?"},
        {"@visibility after_publish\n", 1, 13, "did you mean after_published?"},
        {"@needs x86-64\n", 1, 8, "did you mean x86_64?"},
        {"@points 1\n@points 2\n", 2, 1, "@points is given twice"},
        {"run prog\n  exit 0\n  exit 1\n", 3, 8, "exit is stated twice"},
        {"run prog\n  state DONE\n  state DONE\n", 3, 9, "state is stated twice"},
        {"run prog\n  exit {}\n", 2, 8, "exits with a number"},
        {"run prog\n  state FALIURE\n", 2, 9, "did you mean FAILURE?"},
        {"run prog\n  log true\n", 2, 7, "text is expected here"},
        {"run prog\n  stdin [1]\n", 2, 9, "text is expected here"},
        {"run prog\n  env A=[1]\n", 2, 9, "is text"},
        {"run prog\n  log ! $x\n", 2, 9, "can't capture"},
        {"run prog\n  stdn \"x\"\n", 2, 3, "did you mean stdin?"},
        {"@timeout 2 weeks\n", 1, 10, "written 500ms, 2s or 1m"},
        {"@visibility hiden\n", 1, 13, "did you mean hidden?"},
        {"yield\n  log \"x\"\n", 2, 3, "only lines below run"},
        {"run prog\n  lgo \"x\"\n", 2, 3, "did you mean log?"},
        {"new_proc = $kid\nproc_wait $kid &\n", 2, 1, "wait &1"},
        {"\n\ninclude nowhere.inc\n", 3, 9, "can't read"},
    };

    return cr_make_param_array(struct file_mistake, mistakes, sizeof mistakes / sizeof mistakes[0]);
}

ParameterizedTest(struct file_mistake *m, scn_file, a_mistake_tells_its_line)
{
    struct scn_scenario s;
    struct scn_parser p = parse_file(m->text, &s);

    cr_assert_not_null(p.error, "it parses: %s", m->text);
    cr_expect_eq(p.error_line, m->line, "line %d: %s", p.error_line, p.error);
    cr_expect_eq(p.error_column, m->column, "column %d: %s", p.error_column, p.error);
    cr_expect_not_null(strstr(p.error, m->message), "\"%s\" lacks \"%s\"", p.error, m->message);
    scn_arena_done(&arena);
}
