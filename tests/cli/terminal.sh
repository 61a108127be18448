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
ends 0
grep -q 'only-here' "$XDG_STATE_HOME/scbox/shell_history" && fail "--no-history kept history"
exit $((failures > 0))
