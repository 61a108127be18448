#!/bin/sh
# SPDX-License-Identifier: MIT
# What @visibility, @show and @hint leave of a scenario in the report that a student reads, in every format.
# Usage: audience.sh BINDIR
. "$(dirname "$0")/lib.sh"

has() { grep -qF -e "$1" "$tmp/out" || fail "the report lacks: $1"; }
has_not() { ! grep -qF -e "$1" "$tmp/out" || fail "the report tells: $1"; }

# write NAME HEAD LINE…: a scenario worth 2 points of which every word says secret.
write() {
    {
        printf '@title "secret title"\n@cite secret rule\n@hint "secret hint"\n@points 2\n'
        printf '%s\n' "$2"
        shift 2
        printf '%s\n' "$@"
    } >"$tmp/secret_$name.scn"
}

# steps NAME HEAD: one that fails at a comparison.
steps() {
    name=$1
    write "$1" "$2" '# secret heading' 'fs secretfs ramfs' 'open secretfs:/a READ,WRITE,CREATE = $secret_fd' \
        'write $secret_fd 0 "secret input" = 12' 'read $secret_fd 0 99 = "secret expectation"' 'yield'
}

# Nothing of a hidden one is told but how it ended and its points.
for visibility in hidden after_due_date after_published; do
    steps hidden "@visibility $visibility"
    for format in 'people' 'tap' 'people -v' 'tap -v'; do
        play 1 --private --format $format "$tmp/secret_hidden.scn"
        has_not secret
        has 'hidden scenario'
    done
done
play 1 --private "$tmp/secret_hidden.scn"
has '0 of 2 points'
has '--audience teacher shows all'
play 1 --private --audience teacher -v "$tmp/secret_hidden.scn"
for word in 'secret title' 'secret heading' 'secret input' 'not "secret expectation"' 'secret hint'; do
    has "$word"
done
has_not 'hidden scenario'

# However it ends: as a mistake before or behind @visibility, as a timeout, as one that passes.
name=mistake
write mistake '@tilte secret' '@visibility hidden' 'yield'
play 70 --private --format tap "$tmp/secret_mistake.scn"
has_not secret
write mistake '@visibility "hidden"' 'yeild "secret"'
play 70 --private "$tmp/secret_mistake.scn"
has_not secret
has_not yeild
play 70 --private --audience teacher "$tmp/secret_mistake.scn"
has 'did you mean yield?'
name=hangs
write hangs '@visibility hidden
@timeout 200ms' 'new_proc = $secret' 'proc_wait $secret'
play 1 --private -v "$tmp/secret_hangs.scn"
has_not secret
has '1 timed out'
{
    printf '@visibility hidden\n'
    cat failing/endless_pattern.scn
} >"$tmp/secret_killed.scn"
play 1 --private -v "$tmp/secret_killed.scn"
has_not secret
has_not pattern
name=passes
write passes '@visibility hidden' 'stat secret:/ ! ENODEV'
play 0 --private -v "$tmp/secret_passes.scn"
has_not secret
has '2 of 2 points'

# @show input tells what was put in, @show none not even that; the hint is told.
steps input '@show input'
for verbose in '' -v; do
    play 1 --private $verbose "$tmp/secret_input.scn"
    has 'secret title'
    has 'read $secret_fd 0 99'
    has 'the result is not the one that was stated'
    has 'secret hint'
    has_not expectation
    has_not 'secret heading'
    [ -z "$verbose" ] || has 'write $secret_fd 0 "secret input"'
done
steps none '@show none'
play 1 --private -v "$tmp/secret_none.scn"
has 'secret title'
has 'secret hint'
has_not secret_fd
has_not expectation
name=mistake
write mistake '@show none' 'yeild "secret expectation"'
play 70 --private "$tmp/secret_mistake.scn"
has_not expectation
has 'not the fault of the tested program'

# A program's input is told, what it printed and what was stated of that is not.
if "$bin/scbox-cc" -o "$tmp/echo" ../guest/echo.c >"$tmp/out" 2>&1 &&
    printf 'run $ECHO\n  stdin "x"\n' >"$tmp/probe.scn" &&
    "$bin/scbox" test --private --set "ECHO=$tmp/echo" "$tmp/probe.scn" >"$tmp/out" 2>&1; then
    name=run
    write run '@show input' 'fs io devfs' 'run $ECHO one' '  stdin "typed text"' '  env A=b' \
        '  log /secret expectation/' '  exit 0'
    play 1 --private --set "ECHO=$tmp/echo" "$tmp/secret_run.scn"
    has 'run $ECHO one'
    has 'stdin "typed text"'
    has 'env A=b'
    has_not expectation
    has_not '"log"'
fi

# Both reports of one run.
play 1 --private --teacher "$tmp/all" "$tmp/secret_hidden.scn"
has_not secret
has_not '--audience'
mv "$tmp/all" "$tmp/out"
has 'not "secret expectation"'
has '0 of 2 points'
play 70 --private --teacher /dev/full "$tmp/secret_passes.scn"
has "can't write all of the report"
play 70 --private --teacher "$tmp/no/such" "$tmp/secret_passes.scn"
play 2 --private --audience techer "$tmp/secret_hidden.scn"
has "did you mean 'teacher'?"
echo "ok: students are told what they may read"
