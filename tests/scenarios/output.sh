#!/bin/sh
# SPDX-License-Identifier: MIT
# The output of programs: what is kept, what is cut, and that no flood of it outlasts the time of a file.
# Usage: output.sh BINDIR
. "$(dirname "$0")/lib.sh"

# play_guests CODE WORD…: play, on a daemon of its own, with the guests.
play_guests() {
    code=$1
    shift
    play "$code" --private --set "GUESTS=$tmp/guests" "$@"
}

# expect NAME TEXT…: failing/guest/NAME.scn fails, and its report holds every TEXT.
expect() {
    name=$1
    shift
    play_guests 1 "failing/guest/$name.scn"
    for text; do
        grep -qF -e "$text" "$tmp/out" || fail "failing/guest/$name.scn: the report lacks: $text"
    done
}

mkdir "$tmp/guests"
for name in flood forger; do
    "$bin/scbox-cc" -o "$tmp/guests/$name.x86_64" ../guest/$name.c >"$tmp/out" 2>&1 ||
        fail "the guest $name can't be built"
done
play_guests 0 output
if grep -q skipped "$tmp/out"; then
    echo "skip: $(grep 'this host runs no' "$tmp/out" | sort -u)"
    exit 77
fi
expect flood 'the program did not end; it ran for' '1 timed out' 'further bytes were printed, but not kept'
cut='only its first 65536 bytes were kept, and in their whole lines nothing settles it'
expect cut_after "the log is not as stated: $cut; \`@output SIZE" '16 further bytes were printed'
expect cut_capture "log: $cut"
expect cut_line 'only its first 20 bytes were kept'
expect cut_nothing 'only its first 10 bytes were kept'
expect log_not 'the log matches what was excluded'
expect log_not_cut 'the log may match what was excluded: only its first 65536 bytes were kept'
kept=$(i=0 && while [ $i -lt 4096 ]; do echo line...........; i=$((i + 1)); done && echo .)
play_guests 1 --set "KEPT=${kept%.}" failing/guest/cut_text.scn
grep -qF "log: $cut" "$tmp/out" || fail "what was kept passes for all"
play_guests 0 --output 65552 failing/guest/cut_after.scn # one line more: now it is whole

# A program can't write over the report, nor make its bytes look like others.
expect forged '0 points\x0d\x1b[2K\x1b[1A10 of 10 points\xc2\x9b31m \xff\xfe end'
if grep -q "$(printf '\033')" "$tmp/out"; then
    fail "an escape sequence of a guest is in the report"
fi

play_guests 1 --format tap failing/guest/forged.scn
grep -qF '  log: "0 points\\x0d\\x1b[2K\\x1b[1A10 of 10 points\\xc2\\x9b31m \\xff\\xfe end\n"' "$tmp/out" ||
    fail "TAP does not tell as text what the program printed"

# Nor can a scenario file: titles, hints, comments and steps are somebody's text as well.
odd='\u001b[2J \u009b \u202e \u2028'
raw=$(printf '\033[2J \302\233 \342\200\256 \342\200\250')
{
    printf '@title "%s"\n@cite %s\n@hint "%s"\n' "$odd" "$raw" "$odd"
    printf '# %s\nfs a ramfs\nstat "%s" # %s\n' "$raw" "$odd" "$raw"
} >"$tmp/odd.scn"
for format in people tap; do
    play 1 --private -v --format $format "$tmp/odd.scn"
    grep -qF '\x1b[2J \xc2\x9b \xe2\x80\xae \xe2\x80\xa8' "$tmp/out" || fail "the title is not told"
    if LC_ALL=C grep -q "$(printf '\033\\|\302\233\\|\342\200')" "$tmp/out"; then
        fail "what a terminal obeys is in the report ($format)"
    fi
done

# All @cite lines are told, in their order.
printf '@cite first rule\n@cite second rule\nyield\n' >"$tmp/cites.scn"
play 0 --private -v "$tmp/cites.scn"
grep -A1 'first rule' "$tmp/out" | grep -q 'second rule' || fail "an @cite is not told"

# Paths of the host may be bytes, too.
program=$tmp/$(printf 'a\377b')
cp "$tmp/guests/forger.x86_64" "$program"
echo 'stat b64"YjovgA==" = {type: REGULAR}' >"$program.inc"
program=$(printf '%s' "$program" | base64 -w0)
inc=$(printf '%s/a\377b.inc' "$tmp" | base64 -w0)
{
    printf '@needs x86_64\nfs b ramfs\nfs b64"Yv8=" ramfs\ncopy b64"%s" b64"YjovgA=="\n' "$program"
    printf 'run b64"%s"\n  exit 1\nrun b64"YjovgA==" b64"/w=="\n  exit 1\n' "$program"
    printf 'include b64"%s"\n' "$inc"
} >"$tmp/bytes.scn"
play_guests 0 "$tmp/bytes.scn"

# However fast a program prints, the report is small and comes in time. A minute is many times that.
start=$(date +%s)
play_guests 70 --format tap failing/guest/flood.scn failing/parse_word.scn failing/timeout.scn
[ $(($(date +%s) - start)) -lt 60 ] || fail "a flood is not ended in time"
[ "$(wc -c <"$tmp/out")" -lt 300000 ] || fail "the report of a flood has $(wc -c <"$tmp/out") bytes"
grep -q '^  log_cut: [1-9]' "$tmp/out" || fail "what was cut is not in the report"

# scbox run keeps to its time as well.
timeout -s KILL 100 "$bin/scbox" run --timeout 0.5 "$tmp/guests/flood.x86_64" on >"$tmp/flood"
code=$?
rm "$tmp/flood"
[ $code -eq 124 ] || fail "scbox run of a flood: exit code $code, not 124"

# So does Ctrl-C in the shell.
export XDG_STATE_HOME="$tmp" XDG_RUNTIME_DIR="$tmp"
echo "run $tmp/guests/flood.x86_64 on" >"$tmp/lines"
"$bin/scbox" shell <"$tmp/lines" >"$tmp/flood" 2>"$tmp/out" &
shell=$!
until [ -s "$tmp/flood" ]; do
    sleep 0.05
done
kill -INT $shell
wait $shell
grep -x -m 1 'interrupted' "$tmp/flood" >"$tmp/out"
rm "$tmp/flood"
[ -s "$tmp/out" ] || fail "Ctrl-C does not end a flood in the shell"

# A character is cut off whole, so that the rest is still text.
printf '@needs x86_64\n@output 66\nrun $GUESTS/flood.x86_64 4 "\303\251\303\251"\n' >"$tmp/char.scn"
play_guests 0 --format tap -v "$tmp/char.scn"
play_guests 0 -v "$tmp/char.scn"
grep -q "$(printf '\303\251')" "$tmp/out" || fail "text became base64"
echo "ok: the output of programs"
