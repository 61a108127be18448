#!/bin/sh
# SPDX-License-Identifier: MIT
# A peer knows no socket: only streams, and who accepts them, name what carries messages.
# Usage: streams.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

carrier='uv_(pipe_|stream_t|read_|write|try_write|shutdown|accept)|frame_(push|next)'
named=$(grep -rlE "$carrier" server/rpc | sort | tr '\n' ' ')
expected='server/rpc/peer/frame.c server/rpc/peer/frame.h server/rpc/peer/line_stream.c server/rpc/peer/listen.c server/rpc/peer/server.h server/rpc/rpc.c '
if [ "$named" != "$expected" ]; then
    echo "what carries messages is named in: $named"
    echo "expected:                          $expected"
    exit 1
fi
