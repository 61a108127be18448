# SPDX-License-Identifier: MIT
# Pages: every topic has one, and fits a terminal of 80 columns but for examples in JSON.
. ./lib.sh

page() {
    expect 0 "$scbox" help "$@"
    [ -s "$out" ] || fail "$last: empty"
    grep -v 'as JSON' "$out" | LC_ALL=C.UTF-8 grep -E '^.{81}' >"$tmp/long"
    [ ! -s "$tmp/long" ] || fail "$last: too wide: $(cat "$tmp/long")"
}

for topic in calls methods errno flags language drivers commands limits kinds; do
    page "$topic"
done
commands=$("$scbox" help | sed -n '/^Commands$/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ "$(echo "$commands" | wc -l)" -ge 7 ] || fail "the list of commands is short"
for command in $commands; do
    page "$command"
    expect 0 "$scbox" "$command" --help
    out_has "scbox $command"
    grep -q "^\*scbox $command\*" ../../client/cli/scbox.1.scd ||
        fail "client/cli/scbox.1.scd does not describe scbox $command"
done

"$scbox" help calls | awk 'NR > 2 && /^  [a-z]/ { print $1 }' >"$tmp/calls"
[ "$(wc -l <"$tmp/calls")" -ge 34 ] || fail "the list of calls is short"
while read -r call; do
    page "$call"
    for part in Result Examples 'Guest programs' i386 x86_64; do
        out_has "$part"
    done
done <"$tmp/calls"

"$scbox" help errno | awk 'NR > 2 { print $1 }' | grep '^E' >"$tmp/errors"
while read -r error; do
    page "$error"
done <"$tmp/errors"

"$scbox" help methods | awk 'NR > 2 && /^  [a-z]/ { print $1 }' >"$tmp/methods"
while read -r method; do
    page "$method"
done <"$tmp/methods"

for word in $("$scbox" help language | sed -n 's/^  \([@a-zA-Z0-9]*\) .*/\1/p' | grep -vx -e a -e trace); do
    page "$word"
done
page ramfs
out_has 'quota_bytes'
page READ
out_has 'MM - memory modes'
page quota
out_has 'option of sqlitefs'
page :step
out_has 'carry the call out'
page exit
out_has 'SC_EXIT'
out_has 'follows run, indented'
page SC_OPEN
out_has 'int $0x40 with eax 30, ebx file, ecx its length, edx mode'
out_has 'EISDIR'
page call open
out_has 'SC_OPEN - call 30'
page errno ENOENT
out_has 'no such file'
out_has 'readdir'
page flags FM
out_has 'READDIR'
out_lacks 'ZEROPTR'
page fm
out_has 'READDIR'
page sc_last_errno
out_has 'last_errno'
page sc_open
out_has 'SC_OPEN'
expect 2 "$scbox" help sc_opem
expect 2 "$scbox" help machine.lst
err_has "did you mean 'machine.list'"
expect 2 "$scbox" help opem
err_has "did you mean 'open'"
