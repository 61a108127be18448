# SPDX-License-Identifier: MIT
# scbox shell on a terminal: prompt, completion, Ctrl-C and Ctrl-D, history. script(1) makes the terminal;
# the keys are sent only when the screen shows what they answer to.
. ./lib.sh

need_terminal
start_daemon

# Whether a call waits for the clock.
sleeps() {
    "$scbox" call machine.info | grep -q '"timers": 1'
}

begin "LC_ALL=C $scbox shell"
sees 'scbox> '
keys 'create root:/caf\303\251 DIR\n'
sees 'ok'
"$scbox" call stat '["root:/café"]' >"$out" 2>"$err" || fail 'a letter was lost'
keys '\004'
ends 0

begin "$scbox shell"
sees 'scbox> '
keys 'create root:/terminal DIR\n'
sees 'ok'
keys 'stat ro\t/term\t\n'
sees 'type DIR'
keys 'usleep 1000000000\n'
sees 'usleep 1000000000'
wait_until "the call to sleep" sleeps
keys '\003'
sees 'interrupted'
# What a file holds is shown to a person, not obeyed by the terminal.
keys 'open root:/escape READ,WRITE,CREATE = $e\n'
sees 'fd '
keys 'write $e 0 "\\u001b[31m"\n'
sees 'size 5'
keys 'read $e 0 10\n'
sees '\x1b[31m'
keys ':ns\n'
sees 'root: sqlitefs'
keys '\004'
ends 0

# The history came along; the private daemon goes with a shell that is hung up.
grep -q 'root:/terminal' "$XDG_STATE_HOME/scbox/shell_history" || fail "no history"
begin "$scbox shell --no-history"
sees 'scbox> '
keys 'stat root:/only-here\n'
sees 'ENOENT'
keys 'exit 0\n'
sees 'End it? [y/N] '
keys 'n\n'
sees 'Not ended'
keys 'exit 0\n'
keys 'stat root:/other\n'
sees 'root:/other'
keys 'new_proc = $kid\n'
keys '[$kid] exit 5\n'
sees 'exit code 5'
keys 'exit 0\n'
sees 'exit 0'
keys 'y\n'
sees 'The shell'
ends 0
grep -q 'only-here' "$XDG_STATE_HOME/scbox/shell_history" && fail "--no-history kept history"

# Pastes, marked by the terminal or not: tabulators are blanks, the lines below run belong to it.
"$scbox" call machine.create '{"name": "paste", "names": [
    {"name": "io", "driver": "devfs"}, {"name": "root", "driver": "ramfs"}]}' >"$out"
begin "TERM=xterm $scbox shell --no-history --machine paste"
sees 'scbox paste> '
keys '\033[200~@title "a paste"\r\ncreate root:/a\tDIR\r\n\r\n# comment\r\nstat root:/a\r\n\033[201~'
sees 'kept for'
sees 'type DIR'
keys '\tcreate root:/b DIR\n\tstat root:/b = {type: DIR}\n'
keys 'stat root:/b\n'
wait_until 'both answers' sh -c "[ \$(grep -c 'type DIR' '$screen') -ge 3 ]"
grep -q 'Display all' "$screen" && fail 'a tabulator of a paste completed something'

# Completion while calls are traced: its own calls are not told, and what is typed stays whole.
keys ':trace on\n'
keys 'stat ro\t'
sees 'stat root:'
keys '/\t\t'
sees 'a/  b/'
"$scbox" call SC_STAT '{"file": "root:/"}' >"$out"
keys 'a\n'
sees 'stat("root:/a")'
grep -q 'readdir(' "$screen" && fail 'calls of the completion are told'
keys '\004'
ends 0

if "$scbox" call server.info | grep -q '"x86_64": true'; then
    expect 0 "$bin/scbox-cc" -o "$tmp/echo" ../guest/echo.c
    begin "TERM=dumb $scbox shell --no-history --machine paste"
    sees 'scbox paste> '
    keys "run $tmp/echo one\n"
    sees 'below run> '
    keys '  stdin "typed\\n"\n'
    wait_until 'a second prompt' sh -c "[ \$(grep -o 'below run> ' '$screen' | wc -l) -ge 2 ]"
    keys '  exot 1\n'
    sees 'did you mean exit'
    keys '  exit 1\n\n'
    sees 'line: typed'
    sees 'exit code 1'
    keys "run $tmp/echo pasted\n  exit 3\nstat root:/a\n"
    sees 'fail'
    # Who types nothing more wants nothing more.
    keys "run $tmp/echo quiet\n"
    sees 'argument 1: quiet'
    keys '\004'
    ends 0
fi
exit $((failures > 0))
