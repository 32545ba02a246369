/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_io.h - system calls on stream files: create, open again, write, remove.
 */
#ifndef WF_SINK_STREAM_IO_H
#define WF_SINK_STREAM_IO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <weft/event.h>

#include "sink/format/stream_name.h"
#include "sink/table/stream_table.h"

/*
 * Return the maximum number of open files: WEFT_FILES_OPEN_MAX, or less if RLIMIT_NOFILE requires
 * it.
 */
uint32_t wf_stream_file_open_max(void);

static inline struct wf_stream_number wf_stream_file_number(const struct wf_stream_file *file)
{
	return (struct wf_stream_number){.number = file->number, .by_tenant = file->by_tenant};
}

/*
 * Open @file of @event's stream in the directory @dir. A file that this table has not created yet
 * (file->made is false) is created with the first free name, tried from the number of the other
 * direction's file on, or, without such a file, from the number of the connection on. A file that
 * it has created is opened again. Idle files of
 * @table are closed if the process has no descriptors left. @ret_name: WF_STREAM_NAME_BYTES bytes,
 * always written. Return: the descriptor; negative errno; -ESTALE if the file that
 * now has the name of @file is another one.
 */
int wf_stream_file_open(int dir, struct wf_stream_table *table, struct wf_stream_file *file,
			const struct weft_event *event, char *ret_name);

/* Close the descriptor of @file, which stays in @table. */
void wf_stream_file_close(struct wf_stream_table *table, struct wf_stream_file *file);

/* Close and remove @file, to which nothing was written. It is created again when it is opened. */
void wf_stream_file_remove(int dir, struct wf_stream_table *table, struct wf_stream_file *file,
			   const char *name);

/*
 * Write all of @iov at @off; changes @iov. *ret_written is set even on failure. Return: 0 on
 * success; negative errno.
 */
int wf_stream_file_write(int fd, struct iovec *iov, int count, uint64_t off, uint64_t *ret_written);

/* Return true if the error @err of one file affects every file of its directory. */
bool wf_stream_error_is_general(int err);

#endif
