#!/bin/sh
# SPDX-License-Identifier: MIT
# Nobody asks which ABI or architecture something is: what differs stands in the rows of the tables.
# Only the tables name their rows, and the kernel's calls of a driven process, which is no guest's.
# Usage: abis.sh SOURCE_ROOT
set -u
cd "$1/server" || exit 2

rows='(abi|arch|convention)_(i386|x86_64)'
tables='^(kernel/abi\.[ch]|bridge/(guest_abi|abi/(arch|convention))\.[ch]):'
found=$(grep -rnE "\b$rows\b" --include='*.[ch]' . | sed 's|^\./||' | grep -vE "$tables")
found="$found$(grep -rnE "abi->name *[!=]=|strcmp\([^)]*abi->name" --include='*.[ch]' .)"
if [ -n "$found" ]; then
    echo "an ABI or an architecture is named outside of its table:"
    echo "$found"
    exit 1
fi
# And the pattern finds what is there to be found.
[ "$(grep -cE "\b$rows\b" bridge/guest_abi.c)" -ge 6 ] || exit 1
