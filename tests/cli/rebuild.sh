# SPDX-License-Identifier: MIT
# scbox ns: the lines it prints, played for a fresh process, give that process an equal namespace.
. ./lib.sh

# What a parent and its child did, so that names are made in every way there is: by either of them, from
# views and filesystems that have lost their names since, of files, directories and devices.
cat >"$tmp/setup" <<'EOF'
fs r ramfs c,m,d
create r:/a DIR
create r:/a/b DIR
create r:/file REGULAR
new_proc = $kid
bind_fs $kid root r
bind_subfs part r /a READ,READDIR,DCREATE $kid
subfs tmp r /a ALL
subfs inner tmp /b READ,WRITE
bind_fs $kid deep inner
bind_subfs deeper inner / READ $kid
rm_fs inner
rm_fs tmp
[$kid] subfs own root /a/b READDIR
[$kid] subfs low own / 0
[$kid] rm_fs own
[$kid] subfs one root /file READ
[$kid] fs mine ramfs size=1M
[$kid] create mine:/x DIR
[$kid] create mine:/x/y DIR
[$kid] create mine:/x/f REGULAR
[$kid] subfs x mine /x/y READ,WRITE
[$kid] subfs f mine /x/f READ
[$kid] fs gone ramfs quota_bytes=7
[$kid] create gone:/z DIR
[$kid] subfs z gone /z ALL
[$kid] rm_fs gone
[$kid] make_fs devfs dev
[$kid] subfs "odd {name} $" dev /null READ,WRITE
subfs moved r /a/b READDIR
subfs top moved / READDIR
move r:/a/b r:/a/c
bind_fs $kid top top
rm_fs top
rm_fs moved
fs late ramfs
create late:/dir DIR
subfs dir late /dir READ
bind_fs $kid forgotten dir
rm_fs dir
rm_fs late
new_proc = $twin
dbg_print "set up\n"
EOF

# The namespace of process $1, a name a line; what the process made itself is of "itself".
names_of() {
    "$scbox" call ns.list "{\"pid\": $1}" >"$out" 2>"$err" || fail "no ns.list"
    sed 's/}, {/}\n{/g; s/"maker": '"$1"',/"maker": "itself",/g' "$out"
}

# rebuild PID TWIN: give TWIN what PID has.
rebuild() {
    "$scbox" ns "$1" >"$tmp/calls" 2>"$err" || fail "no lines of process $1"
    [ -s "$tmp/calls" ] || fail "process $1: no lines"
    sed "s/\$PID/$2/g" "$tmp/calls" >&3
    printf 'dbg_print "rebuilt %s\\n"\n' "$2" >&3
    wait_until "process $2 to be rebuilt" grep -q "log\] rebuilt $2" "$tmp/shell.out"
    names_of "$1" >"$tmp/one"
    names_of "$2" >"$tmp/two"
    cmp -s "$tmp/one" "$tmp/two" || {
        diff "$tmp/one" "$tmp/two"
        cat "$tmp/calls" "$tmp/shell.err"
        fail "process $1 and its twin $2 differ"
    }
}

start_daemon
mkfifo "$tmp/lines"
"$scbox" shell <"$tmp/lines" >"$tmp/shell.out" 2>"$tmp/shell.err" &
shell=$!
exec 3>"$tmp/lines"
cat "$tmp/setup" >&3
wait_until "the set-up" grep -q 'log\] set up' "$tmp/shell.out"
kid=$(sed -n 's/^pid //p' "$tmp/shell.out" | sed -n 1p)
twin=$(sed -n 's/^pid //p' "$tmp/shell.out" | sed -n 2p)
rebuild "$kid" "$twin"

# What moved out of its view is said to have, and is taken from further above.
printf 'move r:/a/c r:/out\ndbg_print "moved\\n"\n' >&3
wait_until "the move" grep -q 'log\] moved' "$tmp/shell.out"
expect 0 "$scbox" ns "$kid"
out_has '# inner was moved out of the view it was made from'
out_has 'subfs inner r /out READ,WRITE'

# The graph is one that Graphviz takes, odd names and all.
expect 0 "$scbox" ns --graph
out_has 'odd {name} $'
if command -v dot >/dev/null; then
    cp "$out" "$tmp/graph"
    dot -Tsvg "$tmp/graph" >"$out" 2>"$err" || fail "dot does not take the graph"
    out_has '<svg'
fi

# The shell itself ends well: every line it was given worked.
exec 3>&-
wait "$shell" || {
    cat "$tmp/shell.err"
    fail "a line did not work"
}
