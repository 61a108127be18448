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
out_has "The shell's process has ended"
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
feed 1 "stat root:/
:save $tmp/typed.scn" "$scbox" shell
err_has 'exists'
feed 1 ":save $tmp/nothing.scn" "$scbox" shell
err_has 'nothing to save'
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

    # What a file holds below run: the input, the environment, what is stated; and it is saved.
    expect 0 "$bin/scbox-cc" -o "$tmp/echo" ../guest/echo.c
    cat >"$tmp/block" <<END
run $tmp/echo one
  stdin "hello\n"

  # a comment
	env GREETING=hi
  exit 1
  log /^line: hello\$/
run $tmp/echo two
  exit 9
run $tmp/echo
:save $tmp/block.scn
END
    feed 1 "$(cat "$tmp/block")" "$scbox" shell
    out_has 'GREETING is hi'
    out_has 'line: hello'
    [ "$(grep -c '^fail' "$out")" -eq 1 ] || fail 'not one of the blocks failed'
    expect 0 "$scbox" test "$tmp/block.scn"
    grep -q '^  stdin "hello' "$tmp/block.scn" || fail 'the saved file has no stdin'
    grep -q '^  log /^argument ' "$tmp/block.scn" || fail 'the saved file has no log'

    # The end of a file ends a block; a relative path holds wherever the file is saved.
    mkdir "$tmp/elsewhere" "$tmp/cwd"
    cp "$tmp/seven" "$tmp/cwd/seven"
    expect 1 sh -c "cd $tmp/cwd; printf 'run ./seven\n:save ../elsewhere/here.scn\nrun ./seven\n  exit 8' |
        $scbox shell"
    out_has 'expected  exit 8'
    expect 0 "$scbox" test "$tmp/elsewhere/here.scn"
    feed 1 "run $tmp/seven
  exot 3" "$scbox" shell
    out_has 'did you mean exit'
    out_lacks 'runs]'
fi
feed 1 '  stdin "x"' "$scbox" shell
out_has 'only lines below run are indented'
feed 1 'stdin "x"' "$scbox" shell
out_has 'stands below a run'

# Files: included, with where a step failed; and pasted, with their heads.
cat >"$tmp/part.scn" <<'END'
# what is shared
fs inc ramfs
create inc:/a DIR
open inc:/none READ
create inc:/never DIR
END
feed 1 "include $tmp/part.scn
stat inc:/a
stat inc:/never ! ENOENT" "$scbox" shell
err_has "part.scn:4: open inc:/none READ"
[ "$(grep -c 'type DIR' "$out")" -eq 1 ] || fail 'a file does not end at its first failing step'
printf 'stat root:/\nsatt root:/\n' >"$tmp/broken.scn"
feed 1 "include $tmp/broken.scn" "$scbox" shell
out_has 'broken.scn:2:1: no call is named satt'
out_lacks 'type DIR'
feed 1 "include $tmp/nowhere.scn" "$scbox" shell
feed 0 '@title "pasted"
@cite a rule
@clock virtual
# a comment

usleep 1000 &
wait &1' "$scbox" shell
out_has 'kept for `:save`'
feed 0 'fs outside ramfs
copy $STUDENT outside:/$TOKEN
create root:/${TOKEN} DIR
copy $STUDENT outside:/b
:vars' "$scbox" shell --set "STUDENT=$tmp/part.scn"
out_has '$TOKEN = "t'
out_lacks '$TMP'
feed 0 'fs inside sqlitefs source=$TMP/inside.db
create inside:/a DIR
:vars' env XDG_RUNTIME_DIR="$tmp/none" XDG_STATE_HOME="$tmp/none" "$scbox" shell
made=$(sed -n 's/^$TMP = "\(.*\)"/\1/p' "$out")
[ -n "$made" ] && [ ! -e "$made" ] || fail '$TMP is not there, or is left'
feed 2 'stat root:/' "$scbox" shell --set STUDENT
err_has 'NAME=VALUE'
feed 1 '@tilte "x"' "$scbox" shell
out_has 'did you mean @title'
feed 0 "$(cat ../scenarios/abi/subfs_masks.scn)" "$scbox" shell --machine "$(
    "$scbox" call machine.create '{"name": "pasted"}' >"$tmp/made" && echo pasted)"

# Results are saved, numbers of processes and handles as variables, and nothing that is another each time.
cat >"$tmp/session" <<END
@title "what was typed"
fs t ramfs
create t:/dir DIR
open t:/dir/a READ,WRITE,CREATE
open t:/dir/a READ = \$mine
write 1 0 "costs 3\$ \${mine}"
read 2 0 100
stat t:/dir/a
fstat_ex t:/dir/a
open t:/dir READDIR
readdir 3 0
readdir 3 7
subfs v t /dir READ
open v:/a WRITE
new_proc
new_proc = \$second
PID
mk_channel
write 4 0 "x"
select [4, 5] 0
open io:/random READ
read 6 0 8
fs_enum 1
last_errno = 5
wait &1
open t:/dir/a READ = 8
expect file t:/dir/a "else"
usleep 999999999999 &
write 99999999999999999999 0 "x"
:save $tmp/session.scn
END
own=$(echo ':ps' | "$scbox" shell | sed -n 's/^ *\([0-9]*\) .*(this shell).*/\1/p')
kid=$((own + 2))
sed -i "s/^PID\$/proc_wait $kid \&\n[$kid] exit 3/" "$tmp/session"
feed 1 "$(cat "$tmp/session")" "$scbox" shell
expect 0 "$scbox" test "$tmp/session.scn"
for line in 'open t:/dir/a READ,WRITE,CREATE = $fd_1' 'read $mine 0 100 = "costs 3\u0024 2"' \
    'readdir $fd_2 7 ! ENOENT' '[$pid_1] exit 3' 'wait &1 = {state: DONE, return_code: 3}' \
    'open t:/dir/a READ = $fd_6' '# it did not hold: expect file t:/dir/a "else"' \
    'select [$fd_3, $fd_4] 0 = ${fd_4}' 'last_errno = 0' 'open v:/a WRITE ! EACCES' \
    '# no step waited for: usleep'; do
    grep -qF -e "$line" "$tmp/session.scn" || fail "not saved: $line; but: $(cat "$tmp/session.scn")"
done
grep -q '^@title "what was typed"' "$tmp/session.scn" || fail 'the title is not saved'
grep -qE 'mtime|read .fd_[0-9]* 0 8 =' "$tmp/session.scn" && fail 'saved what is another each time'

# Memory: regions of a process with sizes and rights, then what is there.
feed 1 'mmap 0x10000 8192 READ,WRITE
mmap 0x20000 4096 READ
new_proc = $kid
:mem
:mem 0x10000 16
:mem $kid
:mem 1 2 3 4' "$scbox" shell
out_has '00010000-00012000        8192  memory  READ,WRITE'
out_has '00020000-00021000        4096  memory  READ'
out_has 'no memory'
[ "$(grep -c '^00010000  00 ' "$out")" -eq 1 ] || fail 'no bytes shown'
own=$(echo ':ps' | "$scbox" shell | sed -n 's/^ *\([0-9]*\) .*(this shell).*/\1/p')
feed 0 "mmap 0x10000 8192 READ,WRITE = *
:mem $((own + 1))
:mem $((own + 1)) 0x10000 16" "$scbox" shell
out_has '00010000-00012000        8192  memory  READ,WRITE'
out_has '00010000  00 '

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
