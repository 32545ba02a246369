/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_out.h - writes a buffer of whole records (lines, or blocks of a capture file) to a file or
 * to standard output.
 *
 * The caller owns the buffer: @bytes, of which *@len bytes are to be written. It consists of whole
 * records; only after a write that failed within a record may it begin with the rest of that record
 * (rest_bytes). Thread: the sink's.
 */
#ifndef WF_SINK_RECORD_OUT_H
#define WF_SINK_RECORD_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "sink/disk_full.h"

struct wf_sink;

/** struct wf_record_kind - the kind of records that an output writes */
struct wf_record_kind {
	const char *noun; /* in messages: "events" */
	/* each file has a header, so that records of one file are not written to the next one */
	bool has_header;
	/* Return the length of the record at @bytes; 0 if it is longer than @len. */
	size_t (*record_bytes)(const char *bytes, size_t len);
	/* Count the record at @bytes as failed; NULL: a record of which a part was written. */
	void (*fail)(struct wf_sink *sink, const char *bytes, size_t len);
};

struct wf_record_out {
	int fd; /* owned; for standard output, a duplicate or another descriptor of the pipe */
	bool is_pipe;
	const char *target;
	const struct wf_record_kind *kind;
	/* number of bytes at the beginning of the buffer that end a record written in part */
	size_t rest_bytes;
	struct wf_disk_full disk;
};

/*
 * Open the file sink->target for appending; "-" is standard output. The option --force truncates
 * the file, unless an earlier capture of this process has written it. Return: 0; negative errno
 * (logged).
 */
int wf_record_out_open(const struct wf_sink *sink, struct wf_record_out *out,
		       const struct wf_record_kind *kind);

/*
 * Write the buffer, then open the file again, because another program may have moved it away.
 * Records that a full disk keeps from being written go to the new file, or count as failed if each
 * file has a header. Return: 1 if the file was opened again; 0 if the old descriptor stays in use;
 * negative errno if the sink must end (logged).
 */
int wf_record_out_reopen(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len);
void wf_record_out_close(struct wf_record_out *out);

/*
 * Write the buffer. Return: 0 if it is written, or if it waits until the full disk has room again;
 * negative errno if the sink must end (logged).
 */
int wf_record_out_flush(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len);

/*
 * Flush as wf_record_out_flush() does, when there are no events. Also fails if the reader of a pipe
 * has closed it.
 */
int wf_record_out_idle(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len);

/*
 * Write the buffer for the last time. Return: 0 if everything is written; negative errno (logged).
 */
int wf_record_out_finish(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len);

#endif
