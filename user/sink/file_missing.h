/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_missing.h - collects the bytes of a stream that its file lacks, until their range is
 * complete and is reported through file_gaps.h.
 *
 * Thread: the sink's.
 */
#ifndef WF_SINK_FILE_MISSING_H
#define WF_SINK_FILE_MISSING_H

#include <stdint.h>

struct weft_event;
struct wf_sink;
struct wf_stream_file;

/*
 * Record and count @len_bytes bytes at the stream offset @off that were not written to @file.
 * @event: any event of the stream.
 */
void wf_file_missing_add(struct wf_sink *sink, struct wf_stream_file *file,
			 const struct weft_event *event, uint64_t off, uint64_t len_bytes, int err);

/* Report the missing range of @file, if there is one. */
void wf_file_missing_report(struct wf_sink *sink, struct wf_stream_file *file);

#endif
