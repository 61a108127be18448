# SPDX-License-Identifier: MIT
# scbox call against a daemon: results on stdout, refusals on stderr, exit codes.
. ./lib.sh

start_daemon

expect 0 "$scbox" call server.info
out_has '"name": "scboxd"'
[ "$(wc -l <"$out")" -eq 1 ] || fail "not one line off a terminal"
expect 0 "$scbox" call --pretty machine.info
out_has '  "machine": "default",'
expect 0 "$scbox" call --compact machine.info
out_has '"clock": "real"'

# The word and the name, an object and an array, an argument and stdin.
expect 0 "$scbox" call stat '{"file": "root:/"}'
out_has '"type": "DIR"'
expect 0 "$scbox" call SC_STAT '["root:/"]'
feed 0 '["root:/"]' "$scbox" call stat -
out_has '"type": "DIR"'
feed 0 '{
    "file": "root:/"
}' "$scbox" call stat -

# A request is one line, so a line end inside a string can't pass.
feed 2 '["root:/
"]' "$scbox" call stat -
err_has 'line 1, column 9: a control character'

# Void results.
expect 0 "$scbox" call create '["root:/made", "DIR"]'
out_is null

# Refusals are for people: name, text, reasons, hint.
expect 1 "$scbox" call open '["root:/none", "READ"]'
out_is ''
expect 1 "$scbox" call open '{"file": "root:/none", "mode": ["READ"]}'
err_has 'scbox call: ENOENT: no such file or directory'
err_has '  why: '
err_has '  hint: '
out_is ''
expect 1 "$scbox" call no.such.method
err_has 'Method not found'
expect 1 "$scbox" call opne
err_has 'did you mean open?'
expect 1 "$scbox" call machine.lst
err_has 'did you mean machine.list?'
expect 1 "$scbox" call stat '{"fil": "root:/"}'
err_has 'Invalid params'

# Numbers are sent as they were written: this one a double can't hold, and the daemon says so.
expect 1 "$scbox" call usleep '[9007199254740993]'
err_has 'decimal string'
expect 1 "$scbox" call usleep '["-9223372036854775808"]'
err_has 'EINVAL'

# Another socket by option and by environment.
stop_daemon
start_daemon --socket "$tmp/other/sock" --no-default-machine
expect 125 "$scbox" call server.info
expect 0 "$scbox" call -s "$tmp/other/sock" server.info
SCBOX_SOCKET=$tmp/other/sock expect 0 "$scbox" call server.info

# The daemon stops on request.
expect 0 "$scbox" call -s "$tmp/other/sock" server.shutdown
out_is null
wait "$daemon"
[ $? -eq 0 ] || fail "scboxd did not end with 0"
