# SPDX-License-Identifier: MIT
# The private daemon of a shell is found by the user's other commands, and by nobody and nothing else.
. ./lib.sh

roster=$XDG_RUNTIME_DIR/scbox/private

# open_shell ENV…: a shell that reads lines from descriptor 9.
open_shell() {
    rm -f "$tmp/lines"
    mkfifo "$tmp/lines"
    env "$@" "$scbox" shell <"$tmp/lines" >"$tmp/shell.out" 2>"$tmp/shell.err" &
    shell=$!
    exec 9>"$tmp/lines"
}

close_shell() {
    exec 9>&-
    wait "$shell"
}

is_found() {
    "$scbox" call server.info
}

# Whether the daemon of the shell, whose pid is in $served, is no more.
is_over() {
    has_ended "$served"
}

# Nobody is there: in words, and nothing is made.
expect 125 "$scbox" ns
err_has 'no daemon'
[ ! -e "$roster" ] || fail "a command that only looks made $roster"

open_shell A=1
wait_until "the shell's daemon" is_found
echo 'create root:/made DIR' >&9
made() {
    "$scbox" call stat '["root:/made"]'
}
wait_until "what the shell makes" made
[ "$(stat -c %a "$roster")" = 700 ] || fail "others can enter $roster"
expect 0 "$scbox" ns
out_has 'bind_fs'
feed 0 'stat root:/made' "$scbox" shell
out_has 'type DIR'
err_has "joined the private daemon of scbox shell (process $shell)"
printf 'stat root:/made\n' >"$tmp/here.scn"
expect 0 "$scbox" test --machine default "$tmp/here.scn"

# A machine of its own is in a daemon of its own.
printf 'fs root ramfs\nstat root:/made ! ENOENT\n' >"$tmp/own.scn"
expect 0 "$scbox" test "$tmp/own.scn"
expect 0 "$scbox" call machine.list
out_lacks 'test-'

# A named daemon is used, and no other.
expect 125 env SCBOX_SOCKET="$tmp/none" "$scbox" ns
expect 125 "$scbox" ns --socket "$tmp/none"

# One that others could have put something into is not looked at.
chmod 755 "$roster"
expect 125 "$scbox" ns
chmod 700 "$roster"
if [ "$(id -u)" -eq 0 ]; then
    chown 65534 "$roster"
    expect 125 "$scbox" ns
    chown 0 "$roster"
fi
expect 0 "$scbox" ns

# Several: which, and how to choose.
socket=$(readlink "$roster/shell-$shell")
ln -s "$socket" "$roster/shell-1"
expect 125 "$scbox" ns
err_has '2 private daemons run; choose the socket of one with --socket PATH'
err_has "$socket  scbox shell (process 1)"
err_has "$socket  scbox shell (process $shell)"
expect 0 "$scbox" ns --socket "$socket"
feed 125 'stat root:/' "$scbox" shell
rm "$roster/shell-1"

# It goes with its shell, and who joined it is told.
: >"$tmp/traced"
"$scbox" trace 2>"$tmp/traced" 9>&- &
tracing=$!
is_traced() {
    "$scbox" call stat '["root:/"]'
    grep -q stat "$tmp/traced" || has_ended "$tracing"
}
wait_until "a trace of the shell's daemon" is_traced
close_shell
wait "$tracing"
[ $? -eq 125 ] || fail "a trace outlived the daemon"
grep -q "it was the private daemon of scbox shell (process $shell), which has ended" "$tmp/traced" ||
    fail "not told whose daemon went: $(cat "$tmp/traced")"
nothing_left
[ -z "$(ls "$roster")" ] || fail "left in the roster: $(ls "$roster")"
expect 125 "$scbox" ns

# Stale entries are removed: of a supervisor that was killed, of a socket that is gone. A daemon that a shell
# with the same number enters later takes the place.
ln -s "$tmp/gone/scboxd.sock" "$roster/shell-2"
expect 125 "$scbox" ns
[ ! -L "$roster/shell-2" ] || fail "a stale entry stays"
open_shell A=2
wait_until "the shell's daemon" is_found
served=$("$scbox" call server.info | sed 's/.*"pid": \([0-9]*\).*/\1/')
supervisor=$(sed -n 's/^PPid:[[:blank:]]*//p' "/proc/$served/status")
kill -KILL "$supervisor"
wait_until "the daemon's end" is_over
close_shell
[ -L "$roster/shell-$shell" ] || fail "this should show how a stale entry is removed"
expect 125 "$scbox" ns
[ -z "$(ls "$roster")" ] || fail "a stale entry stays"
rm -rf "$tmp"/scbox-*

# Where it can't be listed, the shell says so and works.
chmod 755 "$roster"
feed 0 'stat root:/made' "$scbox" shell
err_has 'other commands will not find this daemon: other users can enter'
chmod 700 "$roster"

# Two at once: one starts a daemon, the other one joins it. Both stay until both have answered.
have_answered() {
    grep -q 'type DIR' "$tmp/one" && grep -q 'type DIR' "$tmp/two"
}
: >"$tmp/one" >"$tmp/two"
for name in one two; do
    { echo 'stat root:/made' && wait_until "both shells" have_answered; } |
        "$scbox" shell >"$tmp/$name" 2>&1 &
done
wait
have_answered || fail "two shells at once: $(cat "$tmp/one" "$tmp/two")"
cat "$tmp/one" "$tmp/two" | grep -q 'a private one' || fail "nobody started a daemon"

# The state is in use by a daemon that ends before it could be joined: then one is started after all.
"$bin/scboxd" --socket "$tmp/holder.sock" --state "$XDG_STATE_HOME/scbox" >"$tmp/holder" 2>&1 &
holder=$!
holds() {
    grep -q '^scboxd ready' "$tmp/holder"
}
wait_until "who holds the state" holds
{ sleep 0.5 && kill "$holder"; } &
feed 0 'stat root:/made' "$scbox" shell
out_has 'type DIR'
exit $((failures > 0))
