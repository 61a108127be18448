-- SPDX-License-Identifier: MIT
--
-- Format 1 of sqlitefs: one SQLite file that holds one filesystem.
--
-- sqlitefs runs this on an empty database, inside a transaction and with page_size, auto_vacuum and
-- journal_mode set before it. `sqlite3 new.db < sqlitefs.sql` makes an empty filesystem too.
-- fsdrivers/sqlitefs/FORMAT.md tells what must hold between the tables.

PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 0x73636278; -- "scbx"
PRAGMA user_version = 1;

-- What is true of the file as a whole.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

-- Everything that can have a name. Times are ns since the epoch; a number is never used twice.
CREATE TABLE inode (
    ino     INTEGER NOT NULL PRIMARY KEY,
    gen     INTEGER NOT NULL,
    mode    INTEGER NOT NULL,
    nlink   INTEGER NOT NULL,
    uid     INTEGER NOT NULL,
    gid     INTEGER NOT NULL,
    rdev    INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    blocks  INTEGER NOT NULL,
    atime   INTEGER NOT NULL,
    mtime   INTEGER NOT NULL,
    ctime   INTEGER NOT NULL,
    btime   INTEGER NOT NULL,
    flags   INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

-- Names. The hash orders a directory's listing; type repeats the inode's (mode >> 12).
CREATE TABLE dentry (
    parent INTEGER NOT NULL,
    hash   INTEGER NOT NULL,
    name   BLOB    NOT NULL,
    ino    INTEGER NOT NULL,
    type   INTEGER NOT NULL,
    PRIMARY KEY (parent, hash, name)
) STRICT, WITHOUT ROWID;

-- Content of regular files, id = ino << 24 | index. A missing row is a hole.
CREATE TABLE data (
    id    INTEGER NOT NULL PRIMARY KEY,
    chunk BLOB    NOT NULL
) STRICT;

CREATE TABLE symlink (
    ino    INTEGER NOT NULL PRIMARY KEY,
    target BLOB    NOT NULL
) STRICT;

CREATE TABLE xattr (
    ino   INTEGER NOT NULL,
    name  BLOB    NOT NULL,
    value BLOB    NOT NULL,
    PRIMARY KEY (ino, name)
) STRICT, WITHOUT ROWID;

-- Inodes without a name that were open: removed at the next mount.
CREATE TABLE orphan (
    ino INTEGER NOT NULL PRIMARY KEY
) STRICT;

-- For people: every file with its path.
CREATE VIEW file (path, ino, mode, nlink, uid, gid, size, blocks, mtime, target) AS
WITH RECURSIVE tree (path, ino) AS (
    SELECT '', 1
    UNION ALL
    SELECT tree.path || '/' || CAST(dentry.name AS TEXT), dentry.ino
    FROM tree JOIN dentry ON dentry.parent = tree.ino
)
SELECT CASE tree.path WHEN '' THEN '/' ELSE tree.path END, tree.ino, printf('%06o', inode.mode),
       inode.nlink, inode.uid, inode.gid, inode.size, inode.blocks,
       datetime(inode.mtime / 1000000000, 'unixepoch'), CAST(symlink.target AS TEXT)
FROM tree JOIN inode ON inode.ino = tree.ino LEFT JOIN symlink ON symlink.ino = tree.ino;

-- For people: the pieces of each file.
CREATE VIEW chunk (ino, idx, bytes) AS
SELECT id >> 24, id & 0xffffff, length(chunk) FROM data;

INSERT INTO meta (key, value) VALUES
    ('uuid', lower(hex(randomblob(16)))),
    ('label', ''),
    ('writer', ''),
    ('chunk_shift', 16),
    ('feature_compat', 0),
    ('feature_readonly', 0),
    ('feature_incompat', 0),
    ('ino_next', 2),
    ('clean', 1);

INSERT INTO inode (ino, gen, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime,
                   flags, version)
SELECT 1, 0, 0x41ed, 2, 0, 0, 0, 0, 0, now, now, now, now, 0, 0
FROM (SELECT CAST(strftime('%s') AS INTEGER) * 1000000000 AS now);
