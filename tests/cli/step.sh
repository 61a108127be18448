# SPDX-License-Identifier: MIT
# scbox shell: calls that stop and are carried out, failed or answered by hand; traces; fault rules.
. ./lib.sh

start_daemon
lines=$tmp/lines

# What becomes of a call may stand in the lines that follow it.
cat >"$lines" <<'END'
:step on
open root:/a READ,WRITE,CREATE = $fd

write $fd 0 "abc" ! ENOSPC why outcome
e ENOSPC
write $fd 0 "abc" = 99
r 99
read $fd 0 10 = "made up"
r {data: "made up"}
stat root:/a = {size: 0}
fds
names
mem
tree
what
q
:step
stat root:/a = {size: 0}
END
feed 0 "$(cat "$lines")" "$scbox" shell
out_has '[2 stops] open("root:/a", READ|WRITE|CREATE)'
out_has '[2 stops] write(1, 0, "abc")'
out_has '1  root:/a  READ,WRITE,CREATE'
out_has 'root: sqlitefs /'
out_has '(this shell)'
out_has 'carry the call out'
out_has 'not stepping'
[ "$(grep -c 'stops\]' "$out")" -eq 5 ] || fail "not every call stopped, or one did after q"

# The shell's own looks into directories stop, too; nobody is locked out at the end of the lines.
feed 0 ':step on
:ls root:/


' "$scbox" shell
out_has '] readdir('
feed 0 ':step on
stat root:/' "$scbox" shell
out_has 'stepping has ended'
out_has 'type DIR'
feed 1 ':step on
stat root:/
e ENOSUCH

' "$scbox" shell
feed 1 ':step sideways' "$scbox" shell

# Another process, by its number.
feed 0 'new_proc = $kid
:step on $kid
[$kid] last_errno ! EIO
e EIO
stat root:/
:step off' "$scbox" shell
out_has 'stops] last_errno()'
[ "$(grep -c 'stops\]' "$out")" -eq 1 ] || fail "the shell itself was stopped"

# Of a program under run only its own calls stop.
if "$scbox" call server.info | grep -q '"x86_64": true'; then
    echo 'int main(void) { return 4; }' >"$tmp/guest.c"
    expect 0 "$bin/scbox-cc" -o "$tmp/guest" "$tmp/guest.c"
    feed 1 ":step on
run $tmp/guest

c" "$scbox" shell
    out_has 'stops] exit(4)'
    out_has 'exit code 4'
    out_lacks 'stops] new_proc'
    out_lacks 'stops] write'
    out_lacks 'stops] proc_wait'
fi

# Traces and faults.
feed 1 'expect trace stat' "$scbox" shell
out_has ':trace on'
feed 0 ':trace on
:fault stat nth=1 EIO = $rule
stat root:/ ! EIO
:fault
:fault clear $rule
:trace
expect trace stat root:/ ! EIO
expect never create
:trace off
stat root:/' "$scbox" shell
out_has 'stat("root:/") = ! EIO (fault rule'
out_has 'call SC_STAT'
[ "$(grep -c 'stat("root:/")' "$out")" -eq 1 ] || fail ":trace off goes on"
feed 1 ':fault stat nht=1 EIO' "$scbox" shell
out_has 'did you mean nth'
feed 0 ':ns --graph
:ns --calls' "$scbox" shell
out_has 'digraph'
out_has 'bind_fs'

# A shell that is killed while it steps leaves nothing held.
mkfifo "$tmp/typed"
"$scbox" shell <"$tmp/typed" >"$tmp/held" 2>&1 &
shell_pid=$!
exec 9>"$tmp/typed"
printf ':step on\nstat root:/\n' >&9
for _ in $(seq 300); do
    grep -q 'stops\] stat' "$tmp/held" && break
    sleep 0.1
done
grep -q 'stops\] stat' "$tmp/held" || fail 'nothing stopped'
expect 0 "$scbox" call machine.info
out_has '"pauses": [{"pid": 0'
kill -9 $shell_pid
exec 9>&-
expect 0 timeout 30 "$scbox" call SC_YIELD
expect 0 "$scbox" call machine.info
out_has '"pauses": []'

# On a terminal: the prompt asks, Ctrl-C lets go.
need_terminal
begin "$scbox shell --no-history"
sees 'scbox> '
keys ':step on\n'
sees 'lists the answers'
keys 'open root:/b READ,CREATE = $b\n'
sees 'stops] open('
keys '\n'
sees 'fd 1'
keys 'usleep 1\n'
sees '] usleep(1)'
keys 'e EIO\n'
sees 'EIO: '
keys 'usleep 2\n'
sees '] usleep(2)'
keys '\003'
sees 'stepping has ended'
keys 'stat root:/b\n'
sees 'type REGULAR'
keys '\004'
ends 0
exit $((failures > 0))
