#!/bin/sh
# SPDX-License-Identifier: MIT
# ns.calls: the lines it prints, played for a fresh process, give that process an equal namespace.
# Usage: ns.sh BINDIR
. ./../cli/lib.sh

# What a parent and its child did, so that names are made in every way there is: by either, of views that
# have lost their names since, of filesystems that have, and of files, directories and devices.
setup='fs r ramfs c,m,d
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
[$kid] subfs "odd name ${kid} $" dev /null READ,WRITE
fs late ramfs
create late:/dir DIR
subfs dir late /dir READ
bind_fs $kid forgotten dir
rm_fs dir
rm_fs late'

# The members of ns.list as lines, with the pid of the process itself, which is $1, left out.
names_of() {
    tr '{' '\n' | sed -n 's/"maker": *'"$1"',/"maker":SELF,/; s/},*\]*$//; s/^.*\("name":.*\)$/\1/p'
}

start_daemon
feed 0 "$setup
:save $tmp/unused
SC_YIELD []
ns.calls {pid: \$kid}" "$scbox" shell
