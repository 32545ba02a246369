// SPDX-License-Identifier: BSD-2-Clause
/*
 * file_missing.c - collects the bytes of a stream that its file lacks.
 */
#include "sink/file_missing.h"

#include <stdlib.h>

#include "sink/file_gaps.h"
#include "sink/sink_class.h"
#include "sink/table/stream_table.h"

void wf_file_missing_report(struct wf_sink *sink, struct wf_stream_file *file)
{
	if (!file->missing)
		return;
	wf_file_gaps_push(sink->opts.file_gaps, file->missing);
	free(file->missing);
	file->missing = NULL;
}

void wf_file_missing_add(struct wf_sink *sink, struct wf_stream_file *file,
			 const struct weft_event *event, uint64_t off, uint64_t len_bytes, int err)
{
	if (!len_bytes)
		return;
	wf_sink_count(sink, failed_bytes, len_bytes);
	if (!sink->opts.file_gaps)
		return;
	if (file->missing && file->missing->off + file->missing->len_bytes != off)
		wf_file_missing_report(sink, file);
	if (!file->missing)
		file->missing = calloc(1, sizeof(*file->missing));
	if (!file->missing) {
		wf_file_gaps_lose(sink->opts.file_gaps);
		return;
	}
	if (!file->missing->len_bytes)
		*file->missing = (struct wf_file_gap){
			.flow = *event->flow, .dir = event->dir, .err = err, .off = off};
	file->missing->time_ns = event->time_ns;
	file->missing->len_bytes += len_bytes;
}
