/* SPDX-License-Identifier: MIT */
/*
 * The slots of a filesystem: what an instance can do, one slot for each method of the interface
 * that drivers follow. fsdriver.h says what holds for all of them.
 *
 * Drivers fill them. Programs that run drivers call them, each from one file: the kernel from
 * server/kernel/door/driver.c. tests/layering checks which files include this header.
 */
#ifndef FSDRIVERS_FS_OPS_H
#define FSDRIVERS_FS_OPS_H

#include "fsdrivers/fsdriver.h"

/** @who, of every slot that has it: the caller that the slot acts for. */
struct fs_ops {
    /**
     * Get a file's status.
     * @path     borrowed; or NULL with @file.
     * @out      filled on success.
     * @file     borrowed; NULL if the file is not open, and it may be NULL if it is.
     * Returns   0; -ENOENT, -ENOTDIR, -ELOOP (a link before the last component), -EIO.
     * Source    Getattr; POSIX.1-2017 fstat().
     */
    int (*getattr)(struct fs *fs, const struct fs_caller *who, const char *path,
                   struct fs_stat *out, struct fs_file *file);

    /**
     * Read the target of a symbolic link.
     * @buf      borrowed; @size bytes; receives the target, cut to @size, without NUL.
     * Returns   0 if the target fitted; else its length, a positive number; -EINVAL not a link,
     *           -ENOENT, -ENOTDIR, -ELOOP, -EIO.
     * Source    Readlink.
     */
    int64_t (*readlink)(struct fs *fs, const struct fs_caller *who, const char *path, char *buf,
                        size_t size);

    /**
     * Create an empty file that is neither a directory nor a link.
     * @mode     type and permission bits; no type bits means S_IFREG.
     * Returns   0; -EEXIST, -ENOENT, -ENOTDIR, -ELOOP, -EINVAL a type it can't store, -ENOSPC,
     *           -EROFS, -EIO.
     * Source    Mknod.
     */
    int (*mknod)(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);

    /**
     * Create a directory.
     * @mode     permission bits; S_IFDIR may or may not be set.
     * Returns   as mknod(); -EMLINK.
     * Source    Mkdir.
     */
    int (*mkdir)(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);

    /**
     * Remove a name, not of a directory. The file is freed with its last name and last open handle.
     * Returns   0; -ENOENT, -ENOTDIR, -ELOOP, -EISDIR, -EROFS, -EIO.
     * Source    Unlink; POSIX.1-2017 unlink().
     */
    int (*unlink)(struct fs *fs, const struct fs_caller *who, const char *path);

    /**
     * Remove an empty directory.
     * Returns   0; -ENOENT, -ENOTDIR, -ELOOP, -ENOTEMPTY, -EBUSY the root, -EROFS, -EIO.
     * Source    Rmdir.
     */
    int (*rmdir)(struct fs *fs, const struct fs_caller *who, const char *path);

    /**
     * Create a symbolic link.
     * @target   borrowed; any bytes but NUL, 1..FS_PATH_MAX of them; not interpreted.
     * Returns   as mknod().
     * Source    Symlink.
     */
    int (*symlink)(struct fs *fs, const struct fs_caller *who, const char *target,
                   const char *path);

    /**
     * Rename a file or directory, atomically. Open handles stay valid. Renaming a name to
     * itself, or to another name of the same file, does nothing.
     * Returns   0; -ENOENT, -ENOTDIR, -EISDIR, -ELOOP, -EEXIST (NOREPLACE), -ENOTEMPTY (replaced
     *           directory), -EINVAL a directory into itself, -EBUSY the root, -ENOSPC, -EROFS,
     *           -EIO.
     * Source    Rename; POSIX.1-2017 rename().
     */
    int (*rename)(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                  enum fs_rename_type type);

    /**
     * Create a hard link.
     * Returns   0; -EEXIST, -ENOENT, -ENOTDIR, -ELOOP, -EPERM @from is a directory, -EMLINK,
     *           -ENOSPC, -EROFS, -EIO.
     * Source    Link; POSIX.1-2017 link().
     */
    int (*link)(struct fs *fs, const struct fs_caller *who, const char *from, const char *to);

    /**
     * Change owner and group. Never called when setuid or setgid is configured.
     * @uid, @gid   (uint32_t)-1 keeps the old one.
     * Returns   0; -ENOENT, -ENOTDIR, -ELOOP, -EROFS, -EIO.
     * Source    Chown.
     */
    int (*chown)(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t uid,
                 uint32_t gid, struct fs_file *file);

    /**
     * Change permission bits.
     * @mode     the 07777 bits; type bits are ignored.
     * Returns   as chown(); -EINVAL a link, which has none (`generic` checks it).
     * Source    Chmod.
     */
    int (*chmod)(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode,
                 struct fs_file *file);

    /**
     * Change a regular file's size; added bytes read as zero.
     * Returns   as chown(); -EISDIR, -EINVAL not a regular file, -EFBIG, -ENOSPC.
     * Source    Truncate.
     */
    int (*truncate)(struct fs *fs, const struct fs_caller *who, const char *path, uint64_t size,
                    struct fs_file *file);

    /**
     * Open a file, not a directory; @file->flags has the access mode. With FS_O_TRUNC a regular file
     * becomes empty, unless open() fails.
     * Returns   0 with @file->handle set; -ENOENT, -ENOTDIR, -ELOOP, -EISDIR, -EROFS a write mode
     *           on a read-only store, -ENXIO, -EIO.
     * Source    Open.
     */
    int (*open)(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_file *file);

    /**
     * Read file content at a position.
     * @buf      borrowed; `generic` zeroes the rest behind the bytes read.
     * @off      bytes from the start, >= 0; ignored if nonseekable.
     * Returns   bytes stored: all of @buf, or less at the end of the file; -EISDIR, -EIO. A device
     *           that fs_env.input() feeds: as many as there are; -EAGAIN none yet, whatever the
     *           flags. The core waits, and calls again when input has come.
     * Source    Read; POSIX.1-2017 pread().
     */
    int64_t (*read)(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_buf buf,
                    int64_t off, struct fs_file *file);

    /**
     * Write file content at a position; a gap before it reads as zero. With FS_O_APPEND in
     * @file->flags the bytes are appended, whatever @off is.
     * @bytes    borrowed; writing none changes nothing.
     * Returns   the length of @bytes; -ENOSPC, -EFBIG, -EISDIR, -EROFS, -EIO: nothing was written.
     * Source    Write; POSIX.1-2017 pwrite().
     */
    int64_t (*write)(struct fs *fs, const struct fs_caller *who, const char *path,
                     struct fs_bytes bytes, int64_t off, struct fs_file *file);

    /**
     * Return when everything written to the file and acknowledged so far is durable.
     * @data_only   only what is needed to read the data back.
     * Returns   0; -EIO, -ENOSPC: an earlier write failed, and this reports it.
     * Source    Fsync; POSIX.1-2017 fsync(), fdatasync().
     */
    int (*fsync)(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                 struct fs_file *file);

    /**
     * Close an open file: exactly once for each open(), with the same flags and handle.
     * Returns   0, or the error of a delayed write; the file is closed either way.
     * Source    Close.
     */
    int (*close)(struct fs *fs, const struct fs_caller *who, const char *path,
                 struct fs_file *file);

    /** Open a directory. Returns 0; -ENOENT, -ENOTDIR, -ELOOP, -EIO. Source Opendir. */
    int (*opendir)(struct fs *fs, const struct fs_caller *who, const char *path,
                   struct fs_file *file);

    /**
     * Call @callback for every entry of a directory. An entry created or removed meanwhile may or
     * may not be seen. The callback calls no slot of this instance that changes the directory.
     * Returns   0, the callback's non-zero result, or -ENOENT, -ENOTDIR, -EIO.
     * Source    Readdir.
     */
    int (*readdir)(struct fs *fs, const struct fs_caller *who, const char *path,
                   fs_readdir_fn callback, void *user, struct fs_file *file);

    /** fsync() of a directory: its entries are durable. Source Fsyncdir. */
    int (*fsyncdir)(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                    struct fs_file *file);

    /** Close a directory: exactly once for each opendir(). Returns 0. Source Closedir. */
    int (*closedir)(struct fs *fs, const struct fs_caller *who, const char *path,
                    struct fs_file *file);

    /**
     * Send a command to a device.
     * @command  a number of fs->commands: `generic` answers all others -ENOTTY.
     * @data     borrowed; the larger of the command's in_size and out_size. The first in_size bytes are
     *           the caller's; of an answer >= 0, the caller gets the first out_size bytes. No pointer
     *           of a caller is in it.
     * Returns   the device's answer, >= 0; -ENOTTY this file has no such command, -EIO.
     * Source    Ioctl; schema/commands.def has the numbers.
     */
    int64_t (*ioctl)(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t command,
                     struct fs_buf data, struct fs_file *file);

    /* The slots below are additions to the interface. */

    /** Whether a read, or a @write, would not answer -EAGAIN. Empty: always true. */
    bool (*poll)(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                 struct fs_file *file);

    /**
     * Find a file by its inode number, whatever its names, and open it: for servers that refer to
     * files by number, as a FUSE mount does. Only with FS_CAP_EXPORT. Numbers are not reused while
     * the instance exists.
     * @out      its status.
     * @file     NULL: do not open it, or the driver has FS_CAP_NO_OPEN. Else as for open(), or
     *           opendir() of a directory; closed as theirs.
     * Returns   0; -ESTALE no file has this number, or it has no name; -ELOOP a link can't be
     *           opened; other -errno of open(); -EIO.
     * Source    the interface's Export; open_by_handle_at() of Linux.
     */
    int (*lookup)(struct fs *fs, const struct fs_caller *who, uint64_t ino, struct fs_stat *out,
                  struct fs_file *file);

    /**
     * Set, get, list and remove extended attributes, of regular files and directories. `generic` checks
     * names, flags and sizes, and answers for all other files that they have none. Setting and removing
     * change ctime.
     * @buf      of getxattr(): the value; of listxattr(): the names, each with its NUL. Of no bytes: ask
     *           for the size.
     * Returns   0; bytes stored, or the size that was asked for; -ENODATA no such attribute, -ERANGE @buf
     *           is too small, or the name empty or longer than FS_XATTR_NAME_MAX; -E2BIG the value is larger
     *           than FS_XATTR_SIZE_MAX; -EEXIST, -EINVAL flags; -EPERM set or removed on a file of another
     *           type; -ENOSPC, also past FS_XATTR_LIST_MAX; -ENOTSUP another namespace, or no FS_CAP_XATTR;
     *           other -errno of chmod().
     * Source    setxattr(), getxattr(), listxattr(), removexattr() of Linux.
     */
    int (*setxattr)(struct fs *fs, const struct fs_caller *who, const char *path,
                    const struct fs_xattr *attr, struct fs_file *file);
    int64_t (*getxattr)(struct fs *fs, const struct fs_caller *who, const char *path,
                        const char *name, struct fs_buf buf, struct fs_file *file);
    int64_t (*listxattr)(struct fs *fs, const struct fs_caller *who, const char *path,
                         struct fs_buf buf, struct fs_file *file);
    int (*removexattr)(struct fs *fs, const struct fs_caller *who, const char *path,
                       const char *name, struct fs_file *file);

    /**
     * Reserve, zero or give back the storage of a range of a regular file. It changes mtime and ctime.
     * @space    `generic` checked it: the range is not empty and within the largest file, and its flags are
     *           0, KEEP_SIZE, KEEP_SIZE | PUNCH_HOLE, ZERO_RANGE or ZERO_RANGE | KEEP_SIZE.
     * Returns   0; as truncate(); -ENOTSUP other flags, or 0 and KEEP_SIZE without FS_CAP_RESERVE; -EINVAL
     *           an empty range, or a negative one. After -ENOSPC a part of the range may be reserved.
     * Source    fallocate() of Linux.
     */
    int (*fallocate)(struct fs *fs, const struct fs_caller *who, const char *path,
                     const struct fs_space *space, struct fs_file *file);

    /**
     * Find data or a hole in a regular file: the first position from @off on that is in one. What is
     * stored as zeros may be either; the end of the file is a hole. Empty: all is data.
     * Returns   the position; -ENXIO @off is not within the file, -EISDIR, -EINVAL not a regular file, -EIO.
     * Source    SEEK_DATA and SEEK_HOLE of POSIX.1-2024 lseek().
     */
    int64_t (*seek)(struct fs *fs, const struct fs_caller *who, const char *path, int64_t off,
                    enum fs_seek what, struct fs_file *file);

    /** Set times. @atime, @mtime ns since the epoch; INT64_MIN keeps one. Returns as chown(). */
    int (*utimens)(struct fs *fs, const struct fs_caller *who, const char *path, int64_t atime,
                   int64_t mtime, struct fs_file *file);

    /** Get the filesystem's size and use. Returns 0, -EIO. */
    int (*statfs)(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out);

    /** Pass gathered operations (fs.pending) to the store; they are not durable yet. Returns 0; an
     * error is kept, and reported by the next fsync() too. */
    int (*commit)(struct fs *fs, const struct fs_caller *who);

    /** Do one step of deferred work (fs.untidy), a few milliseconds at most. Empty: none. */
    void (*tidy)(struct fs *fs, const struct fs_caller *who);

    /** Return when everything acknowledged so far is durable. Returns 0, -EIO, -ENOSPC. */
    int (*sync)(struct fs *fs, const struct fs_caller *who);

    /** Stack another source over the instance's own, or below them if the driver is `layered`. Returns as
     * open_source(); -ENOTSUP; FS_WOULD_WAIT the driver `copies`, and add_rest() must follow. */
    int (*add_source)(struct fs *fs, const struct fs_open *req);

    /** Do the rest of an add_source() that answered FS_WOULD_WAIT. Returns as open_source(). */
    int (*add_rest)(struct fs *fs, const struct fs_caller *who, struct why *why);

    /** Called while another thread is in a blocking slot whose answer the caller no longer wants:
     * that slot should end soon, with what really happened, or with -EINTR and nothing changed.
     * Thread-safe; never during close(), closedir() and destroy(). Empty: it can't be interrupted. */
    void (*interrupt)(struct fs *fs);

    /** Free the instance after a last sync. All files are closed. Never fails: what could not be
     * stored was reported by an earlier fsync(), or is reported in @why. */
    void (*destroy)(struct fs *fs, struct why *why);
};

#endif
