#!/bin/sh
# SPDX-License-Identifier: MIT
# A room of client/cli includes only rooms below it, so there is no circle between them.
# Usage: rooms.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

# Each room, and those it may include. What is in no room, the table of commands and main(), may include all.
rooms='
base:
reach:    base
scenario: base
engine:   base scenario
help:     base scenario
ns:       base reach
run:      base reach scenario engine
trace:    base reach scenario engine run
test:     base reach scenario engine
shell:    base reach scenario engine help ns trace
'

# Print the includes of a directory of rooms that their lines do not allow.
wrong_includes() {
    echo "$rooms" | while read -r room below; do
        [ -n "$room" ] || continue
        room=${room%:}
        allowed=$(echo "$room $below" | tr ' ' '|')
        grep -rHnE '^#[ ]*include "client/cli/' "$1/$room" | grep -vE "\"client/cli/($allowed)/"
    done
}

# Every room has its line, and none has more than 25 files.
for dir in client/cli/*/; do
    room=$(basename "$dir")
    echo "$rooms" | grep -q "^$room:" || { echo "$dir has no line in rooms.sh"; exit 1; }
    count=$(find "$dir" -type f | wc -l)
    [ "$count" -le 25 ] || { echo "$dir holds $count files, which is more than 25"; exit 1; }
done

found=$(wrong_includes client/cli)
if [ -n "$found" ]; then
    echo "includes of rooms that are not below:"
    echo "$found"
    exit 1
fi

# And what is planted is found: in each room, an include of main's header, of a room above, and of its own.
planted=$(mktemp -d) || exit 2
trap 'rm -rf "$planted"' EXIT
for dir in client/cli/*/; do
    room=$(basename "$dir")
    mkdir "$planted/$room"
    printf '#include "client/cli/top.h"\n#include "client/cli/%s/own.h"\n' "$room" >"$planted/$room/a.h"
done
echo '#include "client/cli/run/run.h"' >"$planted/engine/b.c"
echo '#include "client/cli/engine/scn.h"' >"$planted/scenario/b.c"
[ "$(wrong_includes "$planted" | wc -l)" -eq $(($(ls "$planted" | wc -l) + 2)) ] || {
    echo "what was planted was not found:"
    wrong_includes "$planted"
    exit 1
}
