/* SPDX-License-Identifier: MIT */
/*
 * The filesystem drivers and their options, as a refusal of MAKE_FS and `scbox help` describe them.
 *
 * FS_DRIVERS(DRIVER) expands to DRIVER(name, alias, doc, OPTIONS) for each driver; alias is "" where
 * there is none. <DRIVER>_OPTIONS(OPTION) expands to OPTION(key, doc) for each option of a driver;
 * FS_COMMON_OPTIONS are known to all.
 */
#ifndef SCHEMA_DRIVERS_H
#define SCHEMA_DRIVERS_H

#define RAMFS_DOC "files in memory"
#define RAMFS_OPTIONS(OPTION)                                                                      \
    OPTION("c", "allow creating; without c, m and d everything is allowed")                        \
    OPTION("m", "allow moving")                                                                    \
    OPTION("d", "allow deleting")                                                                  \
    OPTION("devices", "add the devices of devfs to the root")                                      \
    OPTION("size", "the most memory, default 1G")

#define SQLITEFS_DOC "files in one SQLite file: persistent, crash-safe"
#define SQLITEFS_OPTIONS(OPTION)                                                                   \
    OPTION("sync", "always, group (default) or none: when changes are durable")                    \
    OPTION("chunk", "64K (default) or 16K: the piece a new file stores content in")                \
    OPTION("mmap",                                                                                 \
           "bytes of the file to map into memory, default 1G; 0 where it may be cut short")        \
    OPTION("cache", "bytes of SQLite's page cache, 1M to 1G, default 64M")                         \
    OPTION("quota", "bytes its files may have at this and every later mount: auto, none or a "     \
                    "size")

#define HOSTFS_DOC "a directory of the host with its content, read-only by default"
#define HOSTFS_OPTIONS(OPTION)                                                                     \
    OPTION("write", "allow changes; no other filesystem may then have its source in the "          \
                    "directory")

#define ARCHIVEFS_DOC                                                                              \
    "the files of an archive, read-only: tar (also compressed), zip, cpio, iso, OCI image"
#define ARCHIVEFS_OPTIONS(OPTION)

#define DEVFS_DOC "the devices clock, console, full, null, random, tty and zero"
#define DEVFS_OPTIONS(OPTION)

#define PROCFS_DOC "the machine's processes as read-only text files"
#define PROCFS_OPTIONS(OPTION)

#define UNIONFS_DOC                                                                                \
    "directories laid over each other: changes go to the first, the others stay as they are"
#define UNIONFS_OPTIONS(OPTION)                                                                    \
    OPTION("layer", "name of a view to lay below those given before; the first needs all rights, " \
                    "unless readonly, the others READ, READDIR and MMAP")

#define FS_COMMON_OPTIONS(OPTION)                                                                  \
    OPTION("source", "where the driver stores its files, if the request has no source")            \
    OPTION("setuid", "uid that every file shows")                                                  \
    OPTION("setgid", "gid that every file shows")                                                  \
    OPTION("fmask", "permission bits cleared on files, octal")                                     \
    OPTION("dmask", "permission bits cleared on directories, octal")                               \
    OPTION("readonly", "refuse every change")                                                      \
    OPTION("quota_bytes", "the most bytes of all files, with K, M, G or T")                        \
    OPTION("quota_inodes", "the most files and directories")                                       \
    OPTION("timeout", "seconds that an operation of a slow driver may take, default 30")

#define FS_DRIVERS(DRIVER)                                                                         \
    DRIVER("ramfs", "nullfs", RAMFS_DOC, RAMFS_OPTIONS)                                            \
    DRIVER("sqlitefs", "", SQLITEFS_DOC, SQLITEFS_OPTIONS)                                         \
    DRIVER("hostfs", "", HOSTFS_DOC, HOSTFS_OPTIONS)                                               \
    DRIVER("archivefs", "", ARCHIVEFS_DOC, ARCHIVEFS_OPTIONS)                                      \
    DRIVER("devfs", "", DEVFS_DOC, DEVFS_OPTIONS)                                                  \
    DRIVER("procfs", "", PROCFS_DOC, PROCFS_OPTIONS)                                               \
    DRIVER("unionfs", "", UNIONFS_DOC, UNIONFS_OPTIONS)

/** A row of a table of struct fs_opt. */
#define FS_OPTION_ROW(key, doc) {key, doc},

#endif
