#!/bin/sh
# SPDX-License-Identifier: MIT
# What the model says of whole sequences holds for the daemon too, through its JSON gate.
# Usage: daemon.sh DIRECTORY_OF_PROGRAMS
set -u
bin=$1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

for seed in 1 2 3 4 5 6 7 8; do
    if ! "$bin/model_test" --print --seed $seed --steps 400 >"$tmp/$seed.scn"; then
        echo "seed $seed differs already in the kernel"
        exit 1
    fi
    "$bin/scbox" test --private "$tmp/$seed.scn" || exit 1
done
