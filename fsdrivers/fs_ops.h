/* SPDX-License-Identifier: MIT */
/*
 * The slots of a filesystem: what an instance can do, one slot for each method of the interface that
 * drivers follow. fsdriver.h has what holds for all of them.
 *
 * Drivers fill them. Only those who run drivers call them, each in one file: server/kernel/door/driver.c
 * for the kernel. tests/layering checks who includes this header.
 */
#ifndef FSDRIVERS_FS_OPS_H
#define FSDRIVERS_FS_OPS_H

#include "fsdrivers/fsdriver.h"

/** @who, of all slots that have it: on whose behalf they act. */
struct fs_ops {
    /**
     * Tell a file's status.
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
     * @buf      borrowed; room for @size bytes; gets the target, cut to @size, without NUL.
     * Returns   0 when the target fitted; else the size it needs, a positive number; -EINVAL no link,
     *           -ENOENT, -ENOTDIR, -ELOOP, -EIO.
     * Source    Readlink.
     */
    int64_t (*readlink)(struct fs *fs, const struct fs_caller *who, const char *path, char *buf,
                        size_t size);

    /**
     * Create an empty file that is neither directory nor link.
     * @mode     type and permission bits; no type bits means S_IFREG.
     * Returns   0; -EEXIST, -ENOENT, -ENOTDIR, -ELOOP, -EINVAL a type it can't store, -ENOSPC, -EROFS, -EIO.
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
     * Remove a name that is no directory; the file goes with its last name and last open handle.
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
     * Give a file or directory another name, atomically. Open handles stay valid. Renaming a name to
     * itself, or to another name of the same file, does nothing.
     * Returns   0; -ENOENT, -ENOTDIR, -EISDIR, -ELOOP, -EEXIST (NOREPLACE), -ENOTEMPTY (replaced directory),
     *           -EINVAL a directory into itself, -EBUSY the root, -ENOSPC, -EROFS, -EIO.
     * Source    Rename; POSIX.1-2017 rename().
     */
    int (*rename)(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                  enum fs_rename_type type);

    /**
     * Create a hard link.
     * Returns   0; -EEXIST, -ENOENT, -ENOTDIR, -ELOOP, -EPERM @from is a directory, -EMLINK, -ENOSPC,
     *           -EROFS, -EIO.
     * Source    Link; POSIX.1-2017 link().
     */
    int (*link)(struct fs *fs, const struct fs_caller *who, const char *from, const char *to);

    /**
     * Change owner and group. Never called when setuid or setgid is configured.
     * @uid, @gid   (uint32_t)-1 leaves one as it is.
     * Returns   0; -ENOENT, -ENOTDIR, -ELOOP, -EROFS, -EIO.
     * Source    Chown.
     */
    int (*chown)(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t uid,
                 uint32_t gid, struct fs_file *file);

    /**
     * Change permission bits.
     * @mode     the 07777 bits; type bits are ignored.
     * Returns   as chown().
     * Source    Chmod.
     */
    int (*chmod)(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode,
                 struct fs_file *file);

    /**
     * Change a regular file's size; what is added reads as zero.
     * Returns   as chown(); -EISDIR, -EINVAL no regular file, -EFBIG, -ENOSPC.
     * Source    Truncate.
     */
    int (*truncate)(struct fs *fs, const struct fs_caller *who, const char *path, uint64_t size,
                    struct fs_file *file);

    /**
     * Open a file that is no directory; @file->flags holds the access mode.
     * Returns   0 with @file->handle set; -ENOENT, -ENOTDIR, -ELOOP, -EISDIR, -EROFS a write mode on a
     *           read-only store, -ENXIO, -EIO.
     * Source    Open.
     */
    int (*open)(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_file *file);

    /**
     * Read file content at a position.
     * @buf      borrowed; `generic` zeroes what was not read.
     * @off      bytes from the start, >= 0; ignored when nonseekable.
     * Returns   bytes stored: all of @buf, or less at the end of the file; -EISDIR, -EIO. A device that
     *           fs_env.input() feeds: what there is; -EAGAIN nothing yet, whatever the flags say. The
     *           core waits, and asks again when input has come.
     * Source    Read; POSIX.1-2017 pread().
     */
    int64_t (*read)(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_buf buf,
                    int64_t off, struct fs_file *file);

    /**
     * Write file content at a position; a gap before it reads as zero. With FS_O_APPEND in
     * @file->flags the bytes go to the end, whatever @off says.
     * @bytes    borrowed; none change nothing.
     * Returns   how many @bytes are; -ENOSPC, -EFBIG, -EISDIR, -EROFS, -EIO, and then nothing was written.
     * Source    Write; POSIX.1-2017 pwrite().
     */
    int64_t (*write)(struct fs *fs, const struct fs_caller *who, const char *path,
                     struct fs_bytes bytes, int64_t off, struct fs_file *file);

    /**
     * Return when everything written to the file, and acknowledged before, is durable.
     * @data_only   only what is needed to read the data back.
     * Returns   0; -EIO, -ENOSPC: a write before failed, and this is its report.
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
     * Give every entry of a directory to a callback; an entry created or removed meanwhile may or
     * may not be seen. The callback calls no slot of the same instance that changes the directory.
     * Returns   0, the callback's result when it was not 0, or -ENOENT, -ENOTDIR, -EIO.
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
     * Returns   the device's answer, >= 0; -ENOTTY no such command.
     * Source    Ioctl; the two block device commands are schema/calls.h's SC_IOCTL_*.
     */
    int64_t (*ioctl)(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t command,
                     struct fs_file *file);

    /* What follows is ours; the interface above does not have it. */

    /** Whether a read, or a @write, would be answered with anything but -EAGAIN. Empty: always. */
    bool (*poll)(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                 struct fs_file *file);

    /**
     * Find a file by its inode number, whatever its names are, and open it: for who serves files by
     * number, as a FUSE mount does. Only with FS_CAP_EXPORT. A number is never given to another file
     * as long as the instance exists.
     * @out      its status.
     * @file     NULL: it is not to be opened, or the driver has FS_CAP_NO_OPEN. Else as open() and, of
     *           a directory, opendir() take it; to be closed as theirs.
     * Returns   0; -ESTALE no file has this number, or one without a name; -ELOOP a link can't be
     *           opened; what open() answers; -EIO.
     * Source    the interface's Export; open_by_handle_at() of Linux.
     */
    int (*lookup)(struct fs *fs, const struct fs_caller *who, uint64_t ino, struct fs_stat *out,
                  struct fs_file *file);

    /** Set times. @atime, @mtime ns since the epoch; INT64_MIN leaves one as it is. Returns as chown(). */
    int (*utimens)(struct fs *fs, const struct fs_caller *who, const char *path, int64_t atime,
                   int64_t mtime, struct fs_file *file);

    /** Tell the filesystem's size and use. Returns 0, -EIO. */
    int (*statfs)(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out);

    /** Hand operations that the driver gathers (fs.pending) to the store; not yet durable.
     * Returns 0; an error is kept and reported by the next fsync() too. */
    int (*commit)(struct fs *fs, const struct fs_caller *who);

    /** Do a step of what can wait (fs.untidy); a few milliseconds at most. Empty: there is never any. */
    void (*tidy)(struct fs *fs, const struct fs_caller *who);

    /** Return when everything acknowledged before is durable. Returns 0, -EIO, -ENOSPC. */
    int (*sync)(struct fs *fs, const struct fs_caller *who);

    /** Stack a further source over the ones the instance has. Returns as open_source(); -ENOTSUP. */
    int (*add_source)(struct fs *fs, const struct fs_open *req);

    /** Called while another thread is in a slot that waits, whose caller no longer wants the answer: that
     * slot shall end soon, with what has really happened, or with -EINTR and nothing changed. Thread-safe.
     * Empty: it ends when it ends. */
    void (*interrupt)(struct fs *fs);

    /** Release the instance after a last sync; all files were closed before. Never fails: what could
     * not be stored was reported by an earlier fsync(), or is reported to @why. */
    void (*destroy)(struct fs *fs, struct why *why);
};

#endif
