/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_file.h - the file of events of a collector: lines are collected in memory and written with
 * each batch.
 *
 * After a crash the file is cut off at the length of the last commit, so that lines of a batch that
 * is repeated are not there twice. Standard output and pipes can't be cut off: there, lines of the
 * last batch may come twice. Thread: the collector's.
 */
#ifndef WF_COLLECT_DISK_EVENT_FILE_H
#define WF_COLLECT_DISK_EVENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/log.h>

struct wf_event_file {
	const char *path; /* borrowed; "-": standard output */
	int fd;		  /* owned; -1: not open */
	bool is_regular;
	bool is_dirty;	       /* lines were written and are not on disk yet */
	bool has_failed_write; /* since the last sync */
	int err;	/* not 0: a sync failed, so later syncs fail with this error; see sync.h */
	uint64_t inode; /* 0: not a regular file */
	uint64_t bytes; /* length of the file after what was written */
	char *lines;	/* owned */
	size_t len, room;
	size_t written; /* number of bytes of @lines that were written to the file */
};

enum { WF_EVENT_FILE_ROOM = 1 << 16, WF_EVENT_FILE_ROOM_MAX = 16 << 20 };

/*
 * Open the file. @inode, @bytes: the file and its length at the last commit; if @path names the
 * same file, it is cut off at @bytes. *ret_note: what is unusual about the file, for the user;
 * NULL: nothing. Return: 0; -EBUSY if another collector uses the file; other negative errno.
 */
int wf_event_file_open(struct wf_event_file *file, const char *path, uint64_t inode, uint64_t bytes,
		       const char **ret_note);

/*
 * Append text to the lines in memory, which are written first if they exceed
 * WF_EVENT_FILE_ROOM_MAX. Return: 0; -ENOMEM; errors of write().
 */
int wf_event_file_add(struct wf_event_file *file, const char *text, size_t len);

/*
 * Write all lines and wait until they are on disk. Return: 0; negative errno: a later call
 * continues, unless file->err is set.
 */
int wf_event_file_sync(struct wf_event_file *file);

/*
 * Open the path again, because another program may have moved the file away. Does nothing if the
 * file is not regular. Return: as wf_event_file_open(); after a failure, the former file stays
 * open.
 */
int wf_event_file_reopen(struct wf_event_file *file);

void wf_event_file_close(struct wf_event_file *file);

#endif
