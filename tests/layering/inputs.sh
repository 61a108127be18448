#!/bin/sh
# SPDX-License-Identifier: MIT
# Whoever is outside of the kernel changes a machine by machine_input() alone: of the kernel's functions
# the gates, the bridge and the host use those that only look, and none of them writes a member of its
# structs. Usage: inputs.sh SOURCE_ROOT NM KERNEL RPC BRIDGE HOST (archives)
set -u
cd "$1" || exit 2
nm=$2 kernel=$3
shift 3

dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
status=0

# The way in, in turn where a machine stands still; what belongs to who makes a machine, a call, a turn; what looks; tables and timers.
cat >"$dir/allowed" <<EOF
machine_input input_listen input_unlisten input_name input_members
machine_new machine_end machine_free slow_hurry slow_interrupt machine_default_limits listener_add listener_remove
call_init call_done turn_init turn_end
abi_by_name abi_driven abi_i386 abi_x86_64 abis aspace_check aspace_find fd_each fd_find machine_census machine_now_ns machine_stamp_ns
stack_enter stack_is_closed stack_is_inside
memory_fail_code ns_each path_set_root pause_held proc_find result_of result_of_failure proc_is_below
slow_waits_for view_root_path
timer_clear timer_fire_one timer_heap_done timer_heap_init timer_next timer_set
EOF
tr ' ' '\n' <"$dir/allowed" | sort -u >"$dir/allowed.sorted"
"$nm" -g --defined-only "$kernel" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u >"$dir/kernel"
for archive in "$@"; do
    [ -f "$archive" ] || continue
    "$nm" -u "$archive" 2>/dev/null | awk 'NF == 2 {print $2}' | sort -u |
        comm -12 - "$dir/kernel" | comm -23 - "$dir/allowed.sorted" >"$dir/bad"
    if [ -s "$dir/bad" ]; then
        echo "$(basename "$archive") changes machines by more than inputs:"
        sed 's/^/    /' "$dir/bad"
        status=1
    fi
done

# Assignments to members of what points to a kernel struct: by a variable that is declared so in the
# file, or by a member that every such pointer is called.
cat >"$dir/writes.awk" <<'EOF'
FNR == 1 { delete ours }
{
    line = $0
    while (match(line, /struct (machine|proc|mount|view|open_file|node) \*(const )?[a-z_]+/)) {
        declared = substr(line, RSTART, RLENGTH)
        sub(/.*[* ]/, "", declared)
        ours[declared] = 1
        line = substr(line, RSTART + RLENGTH)
    }
    line = $0
    while (match(line, /[a-z_]+->[a-z_.\[\]]+ *([-+|&]?=[^=]|\+\+|--)/)) {
        name = substr(line, RSTART, RLENGTH)
        before = substr(line, 1, RSTART - 1)
        sub(/->.*/, "", name)
        chained = before ~ /(->|\.)$/
        if ((!chained && name in ours) || (chained && name ~ /^(proc|m|init)$/) ||
            (name == "machine" && before ~ /(proc|p|call)->$/))
            print FILENAME ":" FNR ": " $0
        line = substr(line, RSTART + RLENGTH)
    }
}
EOF
printf 'void f(struct proc *p)\n{\n    p->uid = 1;\n    g->proc->last_errno++;\n    return p->uid == 1;\n}\n' >"$dir/planted.c"
found=$(awk -f "$dir/writes.awk" "$dir/planted.c" | wc -l)
if [ "$found" -ne 2 ]; then
    echo "the check itself finds $found of 2 planted writes"
    exit 1
fi
find server/rpc server/bridge server/host server/main.c -name "*.[ch]" -exec awk -f "$dir/writes.awk" {} + >"$dir/bad"
if [ -s "$dir/bad" ]; then
    echo "members of the kernel's structs are written outside of it:"
    cat "$dir/bad"
    status=1
fi
exit $status
