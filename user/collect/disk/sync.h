/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sync.h - puts on disk what was written to a file.
 *
 * After a sync has failed, bytes that it was to store may be lost, even if a later one succeeds:
 * Linux may regard their pages as clean. So no sync is tried again: the collector ends, and its
 * next start processes the batch again.
 *
 * On NFS, a write() may fail because bytes of earlier writes could not be stored; fdatasync() does
 * not report this failure again, but syncfs() does (nfs_file_write() of Linux). Thread: the
 * collector's.
 */
#ifndef WF_COLLECT_DISK_SYNC_H
#define WF_COLLECT_DISK_SYNC_H

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

/*
 * Wait until what was written to @fd is on disk. @has_failed_write: a write has failed since the
 * last sync. Return: 0; negative errno.
 */
static inline int wf_disk_sync(int fd, bool has_failed_write)
{
	return (has_failed_write ? syncfs(fd) : fdatasync(fd)) ? -errno : 0;
}

#endif
