/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_out.h - writes lines of JSON through a buffer to a file or to standard output.
 *
 * Memory: WF_LINE_OUT_BYTES. Thread: the sink's.
 */
#ifndef WF_SINK_LINE_OUT_H
#define WF_SINK_LINE_OUT_H

#include <stdint.h>

#include "sink/disk_full.h"
#include "sink/format/json_out.h"

enum {
	WF_LINE_OUT_BYTES = 256 * 1024,
	/* the buffer should be flushed once it holds this much; the rest is room for one line */
	WF_LINE_OUT_FLUSH_BYTES = 128 * 1024,
};

struct wf_line_out {
	int fd; /* owned; for standard output, a duplicate */
	const char *target;
	struct wf_json json; /* writes to bytes[] */
	struct wf_disk_full disk;
	uint64_t lost_lines; /* number of lines for which the buffer had no room */
	char bytes[WF_LINE_OUT_BYTES];
};

/* Open the file sink->target, "-" is standard output. Return: 0; negative errno (logged). */
int wf_line_out_open(const struct wf_sink *sink, struct wf_line_out *out);

/*
 * Write the buffer, then open the file again, because another program has moved it away. Return: 0,
 * also if the old file stays in use; negative errno if the sink must end (logged).
 */
int wf_line_out_reopen(struct wf_sink *sink, struct wf_line_out *out);
void wf_line_out_close(struct wf_line_out *out);

/* End the line that wf_json_line_begin() began; count it as failed if the buffer has no room. */
void wf_line_out_end_line(struct wf_sink *sink, struct wf_line_out *out);

/*
 * Write the buffer. Return: 0 if it is written, or if it waits until the full disk has room again;
 * negative errno if the sink must end (logged).
 */
int wf_line_out_flush(struct wf_sink *sink, struct wf_line_out *out);

/*
 * Flush as wf_line_out_flush() does, when there are no events. Also fails if the reader of a pipe
 * has closed it.
 */
int wf_line_out_idle(struct wf_sink *sink, struct wf_line_out *out);

/* Write the buffer for the last time. Return: 0 if everything is written; negative errno. */
int wf_line_out_finish(struct wf_sink *sink, struct wf_line_out *out);

#endif
