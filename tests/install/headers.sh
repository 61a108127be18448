#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header stands alone in strict C99 and in C++. $CC, $PKG_CONFIG_PATH: of the installed tree.
set -u
command -v pkg-config >/dev/null || { echo "skipped: no pkg-config"; exit 77; }
flags="$(pkg-config --cflags scbox) -Wall -Wextra -Wpedantic -Werror -fsyntax-only"
status=0
for header in scbox scbox_calls; do
    echo "#include <$header.h>" | $CC -std=c99 $flags -x c - || status=1
    ! command -v c++ >/dev/null || echo "#include <$header.h>" | c++ $flags -x c++ - || status=1
done
[ "$(pkg-config --modversion scbox)" != '' ] || status=1
exit $status
