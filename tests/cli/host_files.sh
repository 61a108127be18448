# SPDX-License-Identifier: MIT
# What is no regular file has no command wait for it: it is refused, or left out, with words.
. "$(dirname "$0")/lib.sh"

mkfifo "$tmp/fifo"
ln -s loop "$tmp/loop"
patient="timeout -s KILL 60" # nothing here takes a second

play() {
    printf '@title "x"\nfs d ramfs\n%s\n' "$2" >"$tmp/play.scn"
    expect "$1" $patient "$scbox" test --private "$tmp/play.scn"
}

for file in "$tmp/fifo:FIFO" /dev/zero:device "$tmp:directory" "$tmp/loop:symbolic"; do
    path=${file%:*} word=${file##*:}
    play 70 "copy $path d:/p"
    out_has "can't read $path on the host:"
    out_has "$word"
    play 70 "run $path"
    out_has "$word"
    play 70 "include $path"
    out_has "$word"
    expect 126 $patient "$scbox" run "$path"
    err_has "$word"
    err_is_a_line
done
expect 70 $patient "$scbox" test --private "$tmp/fifo"
out_has "it is a FIFO, not a regular file"

# A directory of scenarios: what is none is ignored with a note, loops end.
mkdir -p "$tmp/all/below"
printf '@title "x"\nfs d ramfs\nstat d:/\n' >"$tmp/all/below/good.scn"
mkfifo "$tmp/all/fifo.scn"
ln -s .. "$tmp/all/below/up"
ln -s nowhere "$tmp/all/gone.scn"
expect 0 $patient "$scbox" test --private "$tmp/all"
out_has '1 passed'
err_has "ignored $tmp/all/fifo.scn: it is a FIFO, not a regular file"
err_has "ignored $tmp/all/below/up: it links to a directory above it"
err_has "ignored $tmp/all/gone.scn: No such file"

# What is copied into a machine.
mkdir -p "$tmp/tree/below"
mkfifo "$tmp/tree/fifo"
echo text >"$tmp/tree/below/file"
printf 'x' >"$tmp/program"
expect 126 $patient "$scbox" run --copy "$tmp/tree:root:/tree" "$tmp/program"
err_has "left out $tmp/tree/fifo: neither a file nor a directory"
ln -s .. "$tmp/tree/below/up"
expect 125 $patient "$scbox" run --copy "$tmp/tree:root:/tree" "$tmp/program"
err_has 'it links to a directory above it'

# So many directories inside each other are copied.
mkdir -p "$tmp/deep/$(printf 'd/%.0s' $(seq 127))"
expect 126 $patient "$scbox" run --copy "$tmp/deep:root:/deep" "$tmp/program"
mkdir "$tmp/deep/$(printf 'd/%.0s' $(seq 128))"
expect 125 $patient "$scbox" run --copy "$tmp/deep:root:/deep" "$tmp/program"
err_has 'more than 128 directories deep'

# What is written, and what the shell and its editor read.
expect 2 $patient "$scbox" trace -o "$tmp/fifo" "$tmp/program"
err_has 'it is a FIFO without a reader'
feed 1 "stat root:/
:save $tmp/fifo" $patient "$scbox" shell
mkdir -p "$XDG_STATE_HOME/scbox"
mkfifo "$XDG_STATE_HOME/scbox/shell_history" "$tmp/.editrc"
if command -v script >"$out"; then
    : >"$out"
    printf ':quit\n' | $patient script -q -e -c "$scbox shell" "$tmp/screen" >"$out" 2>"$err" ||
        fail "a FIFO as history: exit code $?"
fi

# Words from a pipe are what they were: stdin is open already.
(printf 'fs d ramfs\n' >"$tmp/fifo" &) # a FIFO with both ends
expect_stdin=$($patient "$scbox" shell <"$tmp/fifo" 2>&1) || fail "a FIFO as stdin: $expect_stdin"

# A line of the shell has a largest size.
head -c 1048575 /dev/zero | tr '\0' '#' >"$tmp/line"
echo '#' >>"$tmp/line"
expect_code=0
$patient "$scbox" shell <"$tmp/line" >"$out" 2>"$err" || expect_code=$?
[ "$expect_code" -eq 0 ] || fail "a line at its limit: exit code $expect_code"
printf '#%s' "$(cat "$tmp/line")" >"$tmp/longer"
expect_code=0
$patient "$scbox" shell <"$tmp/longer" >"$out" 2>"$err" || expect_code=$?
[ "$expect_code" -eq 1 ] || fail "a line beyond its limit: exit code $expect_code"
err_has 'line 1 has more than 1048576 bytes'

# So many bytes of steps are kept for :save.
line=$(head -c 1021 /dev/zero | tr '\0' x)
i=0
while [ $i -lt 1025 ]; do
    echo "# $line"
    i=$((i + 1))
    [ $i -ne 1024 ] || echo ":save $tmp/fits.scn"
done >"$tmp/typed"
echo ":save $tmp/more.scn" >>"$tmp/typed"
$patient "$scbox" shell <"$tmp/typed" >"$out" 2>"$err" || fail "many lines: exit code $?"
out_has "1024 steps are in $tmp/fits.scn"
out_has '1 steps are left out: a scenario may have 1048576 bytes'
