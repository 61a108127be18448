#!/bin/sh
# SPDX-License-Identifier: MIT
# Kinds of events are the enum of schema/events.def: in the client one function, of client/cli/base/event.c,
# looks their text up where a notification arrives, and nothing else compares it.
# Usage: events.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

# In the client "kind" is a member of regions of memory, too: shell_memory.c prints it.
texts='"kind"|strcmp\((event_)?kind,'
found=$(grep -rnE "$texts" --include='*.[ch]' client |
    grep -vE '^client/cli/(base/event|shell/shell_memory)\.c:')
if [ -n "$found" ]; then
    echo "the kind of an event is looked at as text; see client/cli/base/event.h:"
    echo "$found"
    exit 1
fi
# And the pattern finds what is there to be found.
[ "$(grep -cE "$texts" client/cli/base/event.c)" -eq 1 ] || exit 1
