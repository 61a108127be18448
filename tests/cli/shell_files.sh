# SPDX-License-Identifier: MIT
# The shell plays what a file holds, and saves what passes: scenarios of the rules, line by line, in a machine
# with their clock; then what the shell saved of them. Every third, or SC_SHELL_EVERY=1 for all.
. ./lib.sh

start_daemon --source-root "$tmp"
mkdir "$tmp/saved"
count=0
for file in ../scenarios/abi/*.scn; do
    count=$((count + 1))
    [ $((count % ${SC_SHELL_EVERY:-3})) -eq 0 ] || continue
    name=$(basename "$file" .scn)
    clock=real
    lockstep=false
    grep -qE '^@clock (virtual|lockstep)' "$file" && clock=virtual
    grep -q '^@clock lockstep' "$file" && lockstep=true
    expect 0 "$scbox" call machine.create \
        "{\"name\": \"played\", \"clock\": \"$clock\", \"lockstep\": $lockstep}"
    { echo ':trace on'; cat "$file"; echo ":save $tmp/saved/$name.scn"; } |
        (cd ../scenarios/abi && timeout 60 "$scbox" shell --machine played) >"$out" 2>"$err"
    [ $? -eq 0 ] || { last=$file; fail "the shell plays $file otherwise"; }
    expect 0 "$scbox" call machine.destroy '{"machine": "played"}'
done
[ "$(ls "$tmp/saved" | wc -l)" -ge 20 ] || fail 'too few files were played'
expect 0 "$scbox" test "$tmp/saved"
