# SPDX-License-Identifier: MIT
# Wrong command lines: each is one line that says what, and exit code 2; and what needs no daemon.
. ./lib.sh

usage() {
    expect 2 "$scbox" "$@"
    err_is_a_line
}

usage no-such-command
usage rum
err_has "did you mean 'run'"
usage open
err_has 'scbox call open'

usage call
usage call stat '{"file"'
err_has 'ends too early'
usage call stat 3
usage call stat '{} x'
usage call stat '{}' extra
usage call --no-such-option
usage call --socket
usage call stat -- '{}' extra

usage run
usage run --env =x prog
err_has 'NAME=VALUE'
usage run --fs x prog
usage run --copy x prog
usage run --timeout soon prog
usage run --clock slow prog
usage run --timeout
usage run -x prog

usage trace -e opne
err_has "did you mean 'open'"
usage trace -p init
usage trace -p 0
usage trace -p 3 prog
err_has 'machine of its own'
usage trace -x
usage trace -o
usage ns init
usage ns 1 2
usage ns --graph 3

usage shell argument
usage shell --no-such-option
usage help no-such-topic
usage help a b c

expect 2 "$scbox"
out_has 'Usage: scbox COMMAND'
expect 0 "$scbox" --help
out_has 'Usage: scbox COMMAND'
expect 0 "$scbox" --version
out_has 'scbox '

# No daemon: 125, and nothing is started for a call.
expect 125 "$scbox" call stat '{"file": "root:/"}'
err_is_a_line
expect 125 "$scbox" call --socket "$tmp/nowhere" server.info
err_is_a_line
expect 125 "$scbox" trace --socket "$tmp/nowhere"
expect 125 "$scbox" ns --socket "$tmp/nowhere"
expect 125 "$scbox" shell --socket "$tmp/nowhere"
expect 125 "$scbox" run --socket "$tmp/nowhere" "$scbox"
SCBOX_SOCKET=$tmp/nowhere expect 125 "$scbox" run "$scbox"
err_has "$tmp/nowhere"

# The program's file is looked at before a daemon is.
expect 127 "$scbox" run "$tmp/no-such-file"
err_is_a_line
expect 126 "$scbox" run "$tmp"
err_is_a_line
: >"$tmp/plain"
expect 127 "$scbox" run "$tmp/plain/below"
expect 127 "$scbox" trace "$tmp/no-such-file"

# unwritten CODE COMMAND…: what can't be printed is no success, and says so; who stops reading gets no words.
unwritten() {
    want=$1
    shift
    last="$* >/dev/full"
    "$@" >/dev/full 2>"$err" <"$tmp/lines"
    got=$?
    [ "$got" -eq "$want" ] || fail "$last: exit code $got, not $want"
    err_has 'could not be written'
    grep -q 'No space left' "$err" || [ "$want" -ne 125 ] || fail "$last: no reason"
    last="$* into a pipe that nobody reads"
    (trap '' PIPE; "$@" >&9 2>"$err" <"$tmp/lines")
    got=$?
    [ "$got" -eq 141 ] || fail "$last: exit code $got, not 141"
    grep -v -e '+++' -e '^[0-9]*  [a-z]' "$err" >"$tmp/words"
    [ ! -s "$tmp/words" ] || fail "$last: words"
}

if [ -c /dev/full ]; then
    printf 'stat root:/\nstat root:/\n' >"$tmp/lines"
    printf 'fs root ramfs\nstat root:/\n' >"$tmp/one.scn"
    mkfifo "$tmp/unread"
    exec 8<>"$tmp/unread" 9>"$tmp/unread" 8<&-
    start_daemon
    for line in 'help calls' 'help open' --help --version 'run --help' 'call server.info' ns 'ns --graph' \
        shell "test $tmp/one.scn" "test --format tap $tmp/one.scn"; do
        unwritten 1 "$scbox" $line
    done
    if "$scbox" call server.info | grep -q '"x86_64": true'; then
        expect 0 "$bin/scbox-cc" -o "$tmp/hello" ../guest/hello.c
        unwritten 125 "$scbox" run "$tmp/hello"
        unwritten 125 "$scbox" trace "$tmp/hello"
    fi
    "$bin/scboxd" --help >/dev/full 2>"$err" && fail 'scboxd --help into a full device succeeded'
    err_has 'could not be written'
    stop_daemon
    exec 9>&-
fi
nothing_left
