#!/bin/sh
# SPDX-License-Identifier: MIT
# The runner told by scenarios that must not pass: exit code, place, and the words that explain.
# Usage: runner.sh BINDIR
set -u
scbox=$1/scbox
cd "$(dirname "$0")/failing" || exit 1
failures=0
seen=

# expect NAME EXIT_CODE TEXT…: play NAME.scn; the report must hold every TEXT.
expect() {
    name=$1 want=$2
    shift 2
    seen="$seen $name.scn"
    out=$(timeout -s KILL 100 "$scbox" test --private "$name.scn" 2>&1)
    code=$?
    if [ $code -ne "$want" ]; then
        echo "not ok: $name.scn: exit code $code, not $want"
        failures=$((failures + 1))
    fi
    for text; do
        case $out in
        *"$text"*) continue ;;
        esac
        echo "not ok: $name.scn: the report lacks: $text"
        printf '%s\n' "$out" | sed 's/^/    /'
        failures=$((failures + 1))
    done
}

expect wrong_value 1 'wrong_value.scn:6: write $fd 0 "four" = 5' 'SC_WRITE {"fd":1' \
    '= 5' '= {"size":4}' 'it is 4, not 5' 'count the bytes' '1 later step was not played' '1 failed'
expect wrong_errno 1 '! ENOENT' '! ENODEV' 'but not with ENOENT'
expect not_refused 1 '! EEXIST' '= null' 'it succeeded'
expect refused 1 'it was refused' "view 'ro' lacks WRITE" "view 'root' above it has"
expect wrong_reason 1 'its reasons lack the word' "view 'ro' lacks WRITE"
expect wrong_member 1 'return_code is 3, not 0'
expect wrong_file 1 'not "nothing"'
expect census 1 'fds: 1 now, 0 at the start'
expect timeout 1 'no answer came in time' '1 timed out'
expect background 1 'return_code is 2, not 1'
expect trace 1 'none of the 3 recorded calls is like this' 'expected  open root:/a READ ! EACCES' \
    '2  open("root:/a", READ|CREATE) = 1' '2  open("root:/b", READ) = ! ENOENT (/b does not exist'
expect never 1 'a recorded call is like this' '2  open("root:/secret", READ) = ! ENOENT'
expect parse_fault 70 'parse_fault.scn:2:13: a fault has no nht=; did you mean nth?'
expect parse_fault_effect 70 'parse_fault_effect.scn:2:18: an errno, delay= or short= is missing'
expect parse_never 70 'parse_never.scn:2:19: open has no argument fiel; did you mean file?'
expect parse_list 70 'parse_list.scn:2:12: data is a list in [brackets]'
expect no_program 70 "can't read" 'nowhere/program'
expect parse_word 70 'parse_word.scn:4:1: no call is named opne; did you mean open?'
expect parse_exit 70 'parse_exit.scn:5:8: a program exits with a number, not with two'
expect parse_state 70 'parse_state.scn:5:17: ZEROPT is not a failure of a program; did you mean ZEROPTR?'
expect parse_flag 70 'parse_flag.scn:2:14: no FM flag is called WIRTE; did you mean WRITE?'
expect parse_key 70 'parse_key.scn:1:1: no key is named @tilte; did you mean @title?'
expect parse_points 70 'parse_points.scn:1:9: points are a number, 0 or more'
expect parse_timeout 70 'parse_timeout.scn:1:10: a duration' 'at most a day'
expect parse_output 70 'parse_output.scn:1:9: a size is written 4096, 64K or 1M, and is at most 16M'
expect long_text 70 'with its variables this step has more than 16777216 bytes'
expect endless_pattern 1 'was still being compared' '1 timed out' '0 of 3 points' \
    'endless_pattern.scn:8: read $fd 0 200'
expect empty 70 "empty.scn:1:1: a scenario without steps can't pass"
expect nothing_stated 70 'nothing_stated.scn:2:1: no step states anything that could fail'
expect setup_alone 70 'setup.inc:2:1: no step states anything that could fail'
expect parse_code 70 'parse_code.scn:2:22: an errno by name'
expect wrong_code 1 'but not with -32601'
expect setup_refused 70 'what the scenario sets up was refused' '! ENODEV'
expect protocol_error 70 'the scenario has a mistake' 'came      ! -32602: Invalid params' "argument 'mode'" 'none of READ'
expect parse_include 70 'broken.inc:3:16: no FT flag is called DRI; did you mean DIR?'
expect parse_variable 70 'parse_variable.scn:3:5: $STUDENT has no value; give it one with --set'
expect parse_wait 70 'parse_wait.scn:4:1: no step waits for this one; add a line: wait &1'

for file in *.scn; do
    case " $seen " in
    *" $file "*) ;;
    *)
        echo "not ok: nothing is expected of failing/$file"
        failures=$((failures + 1))
        ;;
    esac
done
[ $failures -eq 0 ] || exit 1
echo "ok: every scenario failed as it must"
