# SPDX-License-Identifier: MIT
# scbox test --keep: the machine is left with the filesystems of the scenario, and the report tells how to come
# back to it.
. ./lib.sh

cat >"$tmp/kept.scn" <<'END'
fs mine ramfs
open mine:/letter READ,WRITE,CREATE = $fd
write $fd 0 "still here"
subfs part mine / READ
END

# come_back: what the report's command shows.
come_back() {
    command=$(sed -n 's/^ *kept: scbox //p' "$out")
    [ -n "$command" ] || fail "the report names no command"
    feed 0 'open mine:/letter READ = $fd
read $fd 0 100 = "still here"
open part:/letter WRITE ! EACCES' "$scbox" $command
}

# In a private daemon, which goes on.
expect 0 "$scbox" test --private --keep "$tmp/kept.scn"
socket=$(sed -n 's/.*kept: scbox shell --socket \([^ ]*\) --machine .*/\1/p' "$out")
come_back
expect 0 "$scbox" call --socket "$socket" server.shutdown
gone() {
    ! ls -d "$tmp"/scbox-[A-Z]* >/dev/null 2>&1 && [ ! -e "$socket" ]
}
wait_until "the private daemon's end" gone

# In one that runs.
start_daemon --no-default-machine
expect 0 "$scbox" test --keep "$tmp/kept.scn"
out_has 'kept: scbox shell --machine test-'
come_back

# What has ended has no filesystems to keep, and the report says so.
printf 'fs mine ramfs\nexit 0\n' >"$tmp/ended.scn"
expect 0 "$scbox" test --keep "$tmp/ended.scn"
out_has 'but without the filesystems of the scenario: '
exit $((failures > 0))
