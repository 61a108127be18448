/* SPDX-License-Identifier: MIT */
/*
 * The words of the scenario language besides the calls. A test compares this table with the
 * parser's.
 */
#include "client/cli/help/page.h"
#include "client/cli/scenario/scn_words.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN = 16, INDENT = 2 };

enum group { STEP, BELOW, EXPECT, FAULT, MARK, KEY };

static const char *const headings[] = {
    [STEP] = "Words that begin a line, besides calls and methods of the daemon",
    [BELOW] = "Indented lines below run",
    [EXPECT] = "Behind expect",
    [FAULT] = "Parts of a fault",
    [MARK] = "Marks",
    [KEY] = "The head of a file",
};

/* The kind of a word, in words. */
static const char *const titles[] = {
    [STEP] = "begins a step",    [BELOW] = "follows run, indented",
    [EXPECT] = "follows expect", [FAULT] = "a part of a fault",
    [MARK] = "a mark in a step", [KEY] = "a line in the head of a file",
};

static const struct word {
    const char *word;
    enum group group;
    const char *form; /* how it is written */
    const char *doc;
    const char *example; /* further lines include their indentation */
} words[] = {
    {"fs", STEP, "fs NAME DRIVER [key=value …]",
     "Make a filesystem and call it NAME: MAKE_FS. `help drivers` lists the drivers and their "
     "options.",
     "fs disk ramfs quota_bytes=1M"},
    {"copy", STEP, "copy HOSTFILE NAME:/PATH",
     "Copy a regular file of the host into the simulated system; the file is made or replaced. A "
     "relative HOSTFILE begins at the scenario, in the shell at the current directory.",
     "copy hello disk:/hello"},
    {"run", STEP, "run FILE [ARGUMENT …]",
     "Run a program, of the host or NAME:/PATH, as a new child that gets all names. Indented "
     "lines below give it input (stdin, env) and state its end (exit, state) and its output "
     "(log). Without them it must exit with 0.",
     "run ./echo one two\n    stdin \"hello\\n\"\n    log /^line: hello$/\n    exit 1"},
    {"wait", STEP, "wait &N", "Take the result of the N-th step that ended with &.",
     "proc_wait $kid &\n  [$kid] exit 3\n  wait &1 = {return_code: 3}"},
    {"fault", STEP,
     "fault CALL|* [pid=] [path=] [nth=|every=|p=] [times=] ERRNO|delay=|short=; fault clear [N]",
     "Make calls fail, wait or transfer less. The result is the number of the rule; `fault "
     "clear` removes one, or all.",
     "fault write nth=3 ENOSPC = $rule\n  fault clear $rule"},
    {"expect", STEP, "expect file|census|trace|never …",
     "State something about the machine: the content of a file, the number of objects, the calls "
     "that were made.",
     "expect file root:/a \"text\""},
    {"include", STEP, "include FILE",
     "Play the steps of another file here. A relative FILE begins at the file that includes it.",
     "include setup.inc"},
    {"clear", FAULT, "fault clear [N]", "Remove the fault rule N, or all.", "fault clear"},
    {"file", EXPECT, "expect file NAME:/PATH PATTERN", "The content of a file matches this.",
     "expect file root:/a /^ok/"},
    {"census", EXPECT, "expect census",
     "The machine has as many objects of each kind as at the start.", "expect census"},
    {"trace", EXPECT, "expect trace CALL|* [name=value …] [= PATTERN | ! ERRNO]",
     "Some call was like this. A file with such a line records all calls from its start; in the "
     "shell `:trace on` starts it.",
     "expect trace open file=etc:/* ! EACCES"},
    {"never", EXPECT, "expect never CALL|* [name=value …] [= PATTERN | ! ERRNO]",
     "No call was like this.", "expect never delete"},
    {"stdin", BELOW, "stdin \"TEXT\"",
     "The program's input at its terminal, followed by the end of input; several lines are "
     "joined. Default: no input.",
     "  stdin \"hello\\n\""},
    {"env", BELOW, "env NAME=VALUE",
     "A variable of the program's environment, which is empty otherwise.", "  env LANG=C"},
    {"log", BELOW, "log PATTERN",
     "The output of the program and its children: a string states all of it, /regex/ a part of a "
     "line. May be given several times.",
     "  log /^ok [0-9]+$/"},
    {"exit", BELOW, "exit N", "The program exits with N.", "  exit 0"},
    {"state", BELOW, "state STATE [FAILURE]",
     "How the program ends: DONE, KILLED, or FAILURE with its kind (`help FAIL`).",
     "  state FAILURE ZEROPTR"},
    {"pid", FAULT, "pid=N",
     "Only calls of this process and its descendants; in `expect trace` the caller.",
     "fault read pid=$kid EIO"},
    {"path", FAULT, "path=PATTERN",
     "Only calls on a file that matches (* ? [a-z]), or on a handle of such a file.",
     "fault * path=root:/etc/* EACCES"},
    {"nth", FAULT, "nth=N", "Only the N-th call that matches.", "fault write nth=3 ENOSPC"},
    {"every", FAULT, "every=N", "Every N-th call that matches.", "fault write every=2 short=1"},
    {"p", FAULT, "p=CHANCE",
     "A call that matches, with this probability, 0 to 1; the machine's seed decides.",
     "fault read p=0.1 delay=500"},
    {"times", FAULT, "times=N", "The most times that the rule applies.", "fault write times=4 EIO"},
    {"delay", FAULT, "delay=MICROSECONDS",
     "The call is carried out this much later, by the machine's clock.", "fault read delay=500"},
    {"short", FAULT, "short=BYTES", "The call transfers at most this many bytes.",
     "fault write short=1"},
    {"ERRNO", FAULT, "ERRNO", "The call fails with this error; `help errno` lists them.",
     "fault open EACCES"},
    {"@title", KEY, "@title \"TEXT\"", "The title of the file in reports.",
     "@title \"A view never has more rights than the one above\""},
    {"@cite", KEY, "@cite FILE, SECTION: RULE",
     "The rule that the file tests: a document, its section, and the rule. May be given several "
     "times.",
     "@cite schema/abi.md, MOVE: a directory can't be moved below itself"},
    {"@set", KEY, "@set WORD", "The group of its points.", "@set isolation"},
    {"@points", KEY, "@points NUMBER", "Its points in grading.", "@points 2"},
    {"@hint", KEY, "@hint \"TEXT\"", "Shown if the file does not pass.",
     "@hint \"look at the mode of the view\""},
    {"@visibility", KEY, "@visibility WHEN", "When a student sees the file in a report.",
     "@visibility hidden"},
    {"@show", KEY, "@show HOW", "How much of the file a report shows.", "@show input"},
    {"@needs", KEY, "@needs ARCHITECTURE", "Skip the file if the host can't run such guests.",
     "@needs i386"},
    {"@clock", KEY, "@clock real|virtual|lockstep",
     "The clock of its machine. On a virtual one sleeping takes no time; in lockstep every run "
     "makes the same calls in the same order, too.",
     "@clock virtual"},
    {"@timeout", KEY, "@timeout DURATION", "The most real time of all its steps: 500ms, 2s, 1m.",
     "@timeout 2s"},
    {"@output", KEY, "@output SIZE", "The most bytes kept of a program's output: 4096, 64K, 1M.",
     "@output 1M"},
    {"=", MARK, "STEP = PATTERN",
     "The step succeeds, and its result matches: a value, \"text\", /regex/, {member: value}, "
     "[list], * for anything, $name to keep it. A result with one member stands for its value.",
     "open root:/a READ = $fd"},
    {"!", MARK, "STEP ! ERRNO [why WORD …]",
     "The step is refused with this error, and its reasons contain these words. ! * is any error.",
     "open etc:/a WRITE ! EACCES why etc"},
    {"!?", MARK, "STEP !? ERRNO", "The step succeeds, or is refused with this error.",
     "create root:/etc DIR !? EEXIST"},
    {"&", MARK, "STEP &",
     "The step continues in the background; `wait &1` takes the result of the first one.",
     "proc_wait $kid &"},
    {"why", MARK, "STEP ! ERRNO why WORD …",
     "Each word, number, string or /regex/ must be found in the reasons of the refusal.",
     "open etc:/a WRITE ! EACCES why etc"},
    {"$", MARK, "$name, ${name}",
     "A result that an earlier step captured. Names in capitals come from outside: $TMP, $TOKEN, "
     "--set NAME=VALUE. Inside strings write ${name}. `:vars` lists them.",
     "read $fd 0 100"},
    {"[]", MARK, "[PID] STEP", "The step acts as a child that this session drives.",
     "[$kid] exit 3"},
    {"#", MARK, "# TEXT", "A comment, up to the end of the line.", "stat root:/   # the disk"},
    {"b64", MARK, "b64\"BASE64\"", "Bytes that are not text: data, paths and names.",
     "write $fd 0 b64\"AAE=\""},
    {"ALL", MARK, "ALL", "Every file mode.", "subfs home root /home ALL"},
};
enum { WORD_COUNT = sizeof words / sizeof words[0] };

const char *page_word_name(size_t n)
{
    return n < WORD_COUNT ? words[n].word : NULL;
}

/** Print the values of an @key, if it has a list of them. */
static void print_choices(FILE *to, const char *word)
{
    const char *const *choices = *word == '@' ? scn_key_choices(word + 1) : NULL;

    for (size_t i = 0; choices != NULL && choices[i] != NULL; i++)
        fprintf(to, "%s%s", i == 0 ? "One of: " : ", ", choices[i]);
    if (choices != NULL)
        fputc('\n', to);
}

static void print_word(FILE *to, const struct word *w)
{
    fprintf(to, "%s - %s\n\n", w->word, titles[w->group]);
    page_entry(to, 0, INDENT, "", w->form);
    fputc('\n', to);
    page_entry(to, 0, INDENT, "", w->doc);
    print_choices(to, w->word);
    page_heading(to, "Example");
    fprintf(to, "  %s\n", w->example);
}

bool page_word(FILE *to, const char *word)
{
    bool found = false;

    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (strcmp(words[i].word, word) != 0 &&
            (words[i].group != KEY || strcmp(words[i].word + 1, word) != 0))
            continue;
        if (found)
            fputc('\n', to);
        print_word(to, &words[i]);
        found = true;
    }
    return found;
}

void page_language(FILE *to)
{
    fputs("A scenario is a text file; a line is a step, and the shell takes the same lines:\n"
          "\n"
          "  open root:/a READ,WRITE,CREATE = $fd    a call, and a name for its result\n"
          "  write $fd 0 \"hello\" = 5                 the result is compared\n"
          "  open root:/no READ ! ENOENT             a refusal is expected\n"
          "  [$kid] exit 3                           a step of a child\n"
          "  machine.info                            a method of the daemon\n"
          "\n"
          "`help WORD` explains each of these; `help calls`, `help methods` list the rest.\n",
          to);
    for (enum group g = STEP; g <= KEY; g++) {
        page_heading(to, headings[g]);
        for (size_t i = 0; i < WORD_COUNT; i++) {
            if (words[i].group == g)
                page_entry(to, INDENT, COLUMN, words[i].word, words[i].doc);
        }
    }
}
