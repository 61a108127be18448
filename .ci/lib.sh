# SPDX-License-Identifier: MIT
# Sourced by ./run, ./check and docker/test: words for people, and Debian packages.

# What building takes; i386 guests need gcc-multilib.
build_packages=(
    gcc gcc-multilib libc6-dev cmake ninja-build pkg-config
    libuv1-dev libcjson-dev libsqlite3-dev libarchive-dev libseccomp-dev libedit-dev libdw-dev uthash-dev scdoc
)

# What the tests take beside that.
test_packages=(libcriterion-dev clang clang-format clang-tidy perl python3-jsonschema valgrind)

# What the benchmarks compare with.
bench_packages=(redis-server)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' red='' green='' plain=''
fi

headline() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

die() {
    printf '%s%s: %s%s\n' "$red" "${0##*/}" "$*" "$plain" >&2
    exit 1
}

# as_root COMMAND…: run it, by sudo when we are not root. sudo may ask only on a terminal.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# need_packages LOG PACKAGE…: install those Debian packages that are missing.
need_packages() {
    local log=$1 package missing=()
    shift
    if ! command -v dpkg-query >/dev/null; then
        echo "This is no Debian: assuming that the likes of these are installed: $*"
        return
    fi
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "missing packages, and no sudo to install them; as root: apt-get install ${missing[*]}"
    fi
    echo "Installing ${missing[*]}"
    {
        as_root apt-get update -qq &&
            as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
                apt-get install -y -qq --no-install-recommends "${missing[@]}"
    } >"$log" 2>&1 || {
        tail -n 15 "$log" >&2
        die "could not install packages; as root: apt-get update && apt-get install ${missing[*]}"
    }
}

# quietly LOG COMMAND…: run it with its output in LOG; show the end of that when it fails.
quietly() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null && return
    tail -n 40 "$log" >&2
    echo "(all of it: $log)" >&2
    return 1
}
