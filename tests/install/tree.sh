#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what was built into a folder that holds nothing else. Usage: tree.sh CMAKE BUILD TREE
set -eu
rm -rf "$3"
DESTDIR='' "$1" --install "$2" --prefix "$3"
