# SPDX-License-Identifier: MIT
# scbox shell without a terminal: lines from stdin, what they answer, and the exit code.
. ./lib.sh

start_daemon

feed 0 'create root:/home DIR
open root:/home/a READ,WRITE,CREATE = $fd
write $fd 0 "hello\n"
read $fd 0 100 = "hello\n"
:ls root:/home
:ns
:fds
:ps
:vars
:machine' "$scbox" shell
out_has 'REGULAR           6  a'
out_has 'root: sqlitefs /'
out_has 'root:/home/a  READ,WRITE,CREATE'
out_has '(this shell)'
out_has '$fd = 1'
out_has '"machine": "default"'
[ -s "$err" ] && fail "$last: something on stderr"

# No prompt, blank lines and comments pass.
feed 0 '
# nothing

stat root:/home' "$scbox" shell
out_lacks 'scbox>'

# A line that does not work is told with its number; the next ones are played; the exit code is 1.
feed 1 'stat root:/
stat root:/nothing
dbg_print "after\n"' "$scbox" shell
err_has 'line 2: stat root:/nothing'
out_has 'ENOENT'
out_has ' log] after'
feed 1 'opn root:/' "$scbox" shell
out_has 'did you mean open'
feed 1 ':lss' "$scbox" shell
err_has 'did you mean :ls'
feed 1 ':fds $nobody' "$scbox" shell
feed 0 ':q' "$scbox" shell
feed 0 'help open
ls root:/
?' "$scbox" shell
out_has 'SC_OPEN - call 30'
out_has 'home/'
out_has ':save'
feed 0 'stat root:/nothing ! ENOENT' "$scbox" shell

# The shell's process may end; :quit ends the shell.
feed 0 'exit 3
stat root:/' "$scbox" shell
out_lacks 'type DIR'
feed 0 ':quit
stat root:/nothing' "$scbox" shell

# Children, background steps.
feed 0 'new_proc = $kid
proc_wait $kid = {state: DONE, return_code: 3} &
[$kid] exit 3
wait &1' "$scbox" shell
out_has 'return_code 3'
feed 0 'new_proc = $kid
:ns $kid' "$scbox" shell
out_has 'no names'

# What was typed is a scenario that passes.
feed 0 "fs t ramfs
create t:/a REGULAR
create t:/a REGULAR ! EEXIST
:save $tmp/typed.scn" "$scbox" shell
expect 0 "$scbox" test "$tmp/typed.scn"
feed 1 "stat t:/
fs t ramfs
stat t:/none
:save $tmp/refused.scn" "$scbox" shell
expect 0 "$scbox" test "$tmp/refused.scn"
feed 0 "create root:/of-mine DIR
stat io:/null
:save $tmp/names.scn
delete root:/of-mine" "$scbox" shell
expect 0 "$scbox" test "$tmp/names.scn"
feed 1 ":save $tmp/typed.scn" "$scbox" shell
err_has 'exists'
feed 1 ':save' "$scbox" shell

# A program that ends is told by how it ended, and saved so. One that is not there makes no process.
feed 1 'run ./nowhere' "$scbox" shell
out_has "can't read ./nowhere on the host: No such file"
out_lacks 'ended]'
if "$scbox" call server.info | grep -q '"x86_64": true'; then
    echo 'int main(void) { return 7; }' >"$tmp/seven.c"
    expect 0 "$bin/scbox-cc" -o "$tmp/seven" "$tmp/seven.c"
    feed 1 "run $tmp/seven
:save $tmp/seven.scn" "$scbox" shell
    out_has 'exit code 7'
    out_lacks 'fail'
    expect 0 "$scbox" test "$tmp/seven.scn"
fi

# An error of JSON-RPC is a refusal like any other.
feed 1 'write 1 99999999999999999999 "x"' "$scbox" shell
out_lacks 'fail'
out_has 'Invalid params'

# Machines by name.
expect 0 "$scbox" call machine.create '{"name": "other", "names": [{"name": "x", "driver": "ramfs"}]}'
feed 0 ':ns' "$scbox" shell --machine other
out_has 'x: ramfs'
feed 125 'stat root:/' "$scbox" shell --machine nowhere

# Without a daemon there is a private one, on the user's state; it goes.
stop_daemon
feed 0 ':ls root:/home' "$scbox" shell
out_has ' a'
err_has 'private'
nothing_left
