// SPDX-License-Identifier: BSD-2-Clause
/*
 * line_out.c - writes lines as the records of record_out.c.
 */
#include "sink/line_out.h"

#include <string.h>
#include <sys/stat.h>

#include "sink/sink_class.h"

static size_t line_bytes(const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\n', len);

	return end ? (size_t)(end - bytes) + 1 : 0;
}

static void fail_line(struct wf_sink *sink, const char *bytes, size_t len)
{
	wf_sink_count(sink, failed_events, 1);
}

static const struct wf_record_kind lines = {
	.noun = "events",
	.record_bytes = line_bytes,
	.fail = fail_line,
};

static void log_appends(const struct wf_sink *sink, const struct wf_record_out *file)
{
	struct stat st;

	/* Bytes before the position of standard output are often written in the same command. */
	if (strcmp(sink->target, "-") && !sink->opts.continues && !fstat(file->fd, &st) &&
	    S_ISREG(st.st_mode) && st.st_size)
		wf_sink_log(sink, WEFT_LOG_INFO,
			    "%s holds %lld bytes of an earlier run; events are appended (with "
			    "--force, the earlier bytes are deleted first)",
			    file->target, (long long)st.st_size);
}

int wf_line_out_open(const struct wf_sink *sink, struct wf_line_out *out)
{
	int err = wf_record_out_open(sink, &out->file, &lines);

	out->json = (struct wf_json){.bytes = out->bytes, .room = WF_LINE_OUT_BYTES};
	if (!err)
		log_appends(sink, &out->file);
	return err;
}

void wf_line_out_close(struct wf_line_out *out)
{
	wf_record_out_close(&out->file);
}

void wf_line_out_end_line(struct wf_sink *sink, struct wf_line_out *out)
{
	if (wf_json_line_end(&out->json))
		return;
	fail_line(sink, NULL, 0);
	out->lost_lines++;
}

int wf_line_out_reopen(struct wf_sink *sink, struct wf_line_out *out)
{
	int err = wf_record_out_reopen(sink, &out->file, out->bytes, &out->json.len);

	return err < 0 ? err : 0;
}

int wf_line_out_flush(struct wf_sink *sink, struct wf_line_out *out)
{
	return wf_record_out_flush(sink, &out->file, out->bytes, &out->json.len);
}

int wf_line_out_idle(struct wf_sink *sink, struct wf_line_out *out)
{
	return wf_record_out_idle(sink, &out->file, out->bytes, &out->json.len);
}

int wf_line_out_finish(struct wf_sink *sink, struct wf_line_out *out)
{
	return wf_record_out_finish(sink, &out->file, out->bytes, &out->json.len);
}
