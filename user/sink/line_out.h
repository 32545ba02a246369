/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_out.h - writes lines of JSON through a buffer to a file or to standard output.
 *
 * Memory: WF_LINE_OUT_BYTES. Thread: the sink's.
 */
#ifndef WF_SINK_LINE_OUT_H
#define WF_SINK_LINE_OUT_H

#include <stdint.h>

#include "sink/format/json_out.h"
#include "sink/record_out.h"

enum {
	WF_LINE_OUT_BYTES = 256 * 1024,
	/* the buffer should be flushed once it holds this much; the rest is room for one line */
	WF_LINE_OUT_FLUSH_BYTES = 128 * 1024,
};

struct wf_line_out {
	struct wf_record_out file;
	struct wf_json json; /* writes to bytes[] */
	uint64_t lost_lines; /* number of lines for which the buffer had no room */
	char bytes[WF_LINE_OUT_BYTES];
};

/* Open the file sink->target, "-" is standard output. Return: 0; negative errno (logged). */
int wf_line_out_open(const struct wf_sink *sink, struct wf_line_out *out);
void wf_line_out_close(struct wf_line_out *out);

/* End the line that wf_json_line_begin() began; count it as failed if the buffer has no room. */
void wf_line_out_end_line(struct wf_sink *sink, struct wf_line_out *out);

/*
 * Each function wf_line_out_X() calls wf_record_out_X() (record_out.h) for the lines. Return: 0;
 * negative errno.
 */
int wf_line_out_reopen(struct wf_sink *sink, struct wf_line_out *out);
int wf_line_out_flush(struct wf_sink *sink, struct wf_line_out *out);
int wf_line_out_idle(struct wf_sink *sink, struct wf_line_out *out);
int wf_line_out_finish(struct wf_sink *sink, struct wf_line_out *out);

#endif
