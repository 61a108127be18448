# SPDX-License-Identifier: MIT
# scbox trace and scbox ns: a program of its own, a machine that is there, and what is written where.
. ./lib.sh

[ -x "$bin/scbox-cc" ] || skip "no scbox-cc in $bin"
start_daemon
need_guests x86_64

cat >"$tmp/guest.c" <<'END'
#include <sc.h>

int main(void)
{
    int fd = sc_open("root:/file", FM_READ | FM_WRITE | FM_CREATE);

    sc_write(fd, 0, 6, "hello\n");
    sc_close(fd);
    sc_open("root:/nothing", FM_READ);
    sc_dbg_print("said\n", 5);
    return 3;
}
END
"$bin/scbox-cc" -o "$tmp/guest" "$tmp/guest.c" >"$out" 2>"$err" || fail "building a guest"

# A program: what it prints goes to stdout, the trace to stderr, its exit code is ours.
expect 3 "$scbox" trace "$tmp/guest"
out_is said
err_has 'args(448) = '
err_has 'open("root:/file", READ|WRITE|CREATE) = 1 <'
err_has 'write(1, 0, "hello\n") = 6 <'
err_has 'open("root:/nothing", READ) = -2 ! ENOENT ('
err_has 'exit(3) = ?'
err_has '+++ exited with 3 +++'
[ "$(wc -l <"$err")" -eq 9 ] || fail "not one line a call: $(cat "$err")"

# Which calls.
expect 3 "$scbox" trace -z --clock virtual "$tmp/guest"
[ "$(grep -c '(' "$err")" -eq 1 ] || fail "-z told what did not fail"
err_has ') <0.000000>'
expect 3 "$scbox" trace -e close,exit "$tmp/guest"
[ "$(grep -c '(' "$err")" -eq 2 ] || fail "-e told others"
expect 3 "$scbox" trace -P 'root:/fi*' "$tmp/guest"
[ "$(grep -c '(' "$err")" -eq 3 ] || fail "-P did not follow the handle"


# How they are written: more of data, times, files behind handles.
expect 3 "$scbox" trace -s 3 -y "$tmp/guest"
err_has 'write(1<"root:/file">, 0, "hel"...) = 6 <'
expect 3 "$scbox" trace --string-limit=4096 -r --clock virtual "$tmp/guest"
err_has '3       0.000000  write(1, 0, "hello\n") = 6 <0.000000>'
expect 2 "$scbox" trace -s 4097 "$tmp/guest"
expect 2 "$scbox" trace -s 0 "$tmp/guest"
expect 2 "$scbox" trace --string-limit=x "$tmp/guest"
expect 125 "$scbox" trace -s "$tmp/none"
err_has "$tmp/none"

# Files.
expect 3 "$scbox" trace -c -o "$tmp/table" --chrome "$tmp/chrome" "$tmp/guest"
[ ! -s "$err" ] || fail "$last: something on stderr"
grep -q ' 2 *1 open$' "$tmp/table" || fail "the table lacks open: $(cat "$tmp/table")"
tail -n 1 "$tmp/chrome" | grep -qx ']' || fail "the array is not closed"
if command -v python3 >/dev/null; then
    python3 - "$tmp/chrome" >"$out" 2>"$err" <<'END' || fail "what Chrome gets is not as it must be"
import json, sys
events = json.load(open(sys.argv[1]))
calls = [e for e in events if e["ph"] == "X"]
assert [c["name"] for c in calls] == ["args", "open", "write", "close", "open", "dbg_print", "exit"], calls
assert all(isinstance(c[k], (int, float)) for c in calls for k in ("ts", "dur", "pid", "tid"))
assert any(e["ph"] == "M" and e["name"] == "process_name" for e in events)
END
fi

# A machine that is there, until Ctrl-C; the files are whole.
is_told() {
    "$scbox" call SC_OPEN '{"file": "root:/none", "mode": ["READ"]}'
    grep -q 'open("root:/none", READ) = ! ENOENT' "$tmp/lines" || has_ended "$tracing"
}
: >"$tmp/lines"
"$scbox" trace -e open --chrome "$tmp/chrome" 2>"$tmp/lines" &
tracing=$!
wait_until "the line of a call" is_told
kill -INT "$tracing"
wait "$tracing"
got=$?
[ "$got" -eq 0 ] || fail "trace ended by Ctrl-C: exit code $got: $(cat "$tmp/lines")"
tail -n 1 "$tmp/chrome" | grep -qx ']' || fail "Ctrl-C left the array open"

# Data that is longer than events usually show, and a handle that was opened before anybody listened.
mkfifo "$tmp/lines.in"
"$scbox" shell <"$tmp/lines.in" >"$out" 2>"$err" &
shell=$!
exec 9>"$tmp/lines.in"
echo 'open root:/kept READ,WRITE,CREATE = $f' >&9
is_open() {
    "$scbox" call stat '["root:/kept"]'
}
wait_until "the file to be opened" is_open
long=$(printf '%1000s' | tr ' ' x)
: >"$tmp/lines"
"$scbox" trace -s 2000 -P 'root:/kept' 2>"$tmp/lines" 9>&- &
tracing=$!
is_written() {
    echo "write \$f 0 \"$long\"" >&9
    grep -q "write(1, 0, \"$long\") = 1000" "$tmp/lines" || has_ended "$tracing"
}
wait_until "a write to a handle of before" is_written
echo 'close $f' >&9
is_closed() {
    grep -q 'close(1) = 0' "$tmp/lines" || has_ended "$tracing"
}
wait_until "its end" is_closed
kill -INT "$tracing"
wait "$tracing"
exec 9>&-
wait "$shell"
grep -q "write(1, 0, \"$long\") = 1000" "$tmp/lines" || fail "-s or -P: $(cut -c1-100 "$tmp/lines")"
grep -q 'close(1) = 0' "$tmp/lines" || fail "the close of a file that is wanted is missing"

# Namespaces.
expect 0 "$scbox" ns
out_has 'bind_fs'
expect 0 "$scbox" call machine.create '{"name": "calm"}'
expect 0 "$scbox" ns -m calm
expect 0 "$scbox" call machine.info '["calm"]'
out_has '"processes": 1,' # its session is closed again
expect 0 "$scbox" call machine.destroy '["calm"]'
expect 0 "$scbox" ns 1
out_has 'make_fs devfs io'
expect 0 "$scbox" ns --graph
out_has 'digraph'
expect 1 "$scbox" ns 99
err_has 'ESRCH'
expect 125 "$scbox" trace -p 99
err_has 'ESRCH'
expect 125 "$scbox" trace -m no-such-machine
exit $((failures > 0))
