// SPDX-License-Identifier: BSD-2-Clause
/*
 * line_out.c - writes whole lines.
 *
 * A reader sees whole lines. If the disk fills up within a line, the file is cut back to the end of
 * the line before it; what was not written stays in the buffer. The file is appended to, never
 * overwritten.
 */
#include "sink/line_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/sink_class.h"

int wf_line_out_open(const struct wf_sink *sink, struct wf_line_out *out)
{
	bool is_stdout = !strcmp(sink->target, "-");
	int err;

	out->target = is_stdout ? "standard output" : sink->target;
	out->json = (struct wf_json){.bytes = out->bytes, .room = WF_LINE_OUT_BYTES};
	out->fd = is_stdout ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
			    : open(sink->target,
				   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
	if (out->fd >= 0)
		return 0;
	err = -errno;
	wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be written: %s", out->target, strerror(-err));
	return err;
}

void wf_line_out_close(struct wf_line_out *out)
{
	close(out->fd);
}

void wf_line_out_end_line(struct wf_sink *sink, struct wf_line_out *out)
{
	if (wf_json_line_end(&out->json))
		return;
	wf_sink_count(sink, failed_events, 1);
	out->lost_lines++;
}

static uint64_t count_lines(const struct wf_line_out *out)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < out->json.len; i++)
		lines += out->bytes[i] == '\n';
	return lines;
}

/*
 * Cut the part of a line off the end of the file, if the last of the @done bytes written are one.
 * Return: the number of bytes that remain in the file; @done if it can't be cut, such as a pipe.
 */
static size_t cut_line(const struct wf_line_out *out, size_t done)
{
	off_t end = lseek(out->fd, 0, SEEK_CUR);
	size_t whole = done;
	struct stat st;

	while (whole > 0 && out->bytes[whole - 1] != '\n')
		whole--;
	/* If the size differs, another process has appended to the file. */
	if (whole == done || end < 0 || fstat(out->fd, &st) || st.st_size != end)
		return done;
	end -= (off_t)(done - whole);
	if (ftruncate(out->fd, end) || lseek(out->fd, end, SEEK_SET) != end)
		return done;
	return whole;
}

/* Write the buffer; the bytes that were not written stay in it. Return: 0; negative errno. */
static int write_buffer(struct wf_sink *sink, struct wf_line_out *out)
{
	size_t len = out->json.len;
	size_t done = 0;
	int err = 0;

	while (done < len && !err) {
		ssize_t got = write(out->fd, out->bytes + done, len - done);

		if (got >= 0)
			done += (size_t)got;
		else if (errno != EINTR)
			err = -errno;
	}
	if (err && done)
		done = cut_line(out, done);
	wf_sink_count(sink, written_bytes, done);
	memmove(out->bytes, out->bytes + done, len - done);
	out->json.len = len - done;
	return err;
}

static int give_up(struct wf_sink *sink, struct wf_line_out *out, int err)
{
	wf_sink_count(sink, failed_events, count_lines(out));
	out->json.len = 0;
	wf_sink_log(sink, WEFT_LOG_ERROR, "%s: %s; no further events are written", out->target,
		    err == -EPIPE ? "the reading process has closed the pipe" : strerror(-err));
	return err;
}

int wf_line_out_flush(struct wf_sink *sink, struct wf_line_out *out)
{
	int err;

	if (!out->json.len || wf_disk_full_waits(&out->disk))
		return 0;
	err = write_buffer(sink, out);
	if (wf_disk_full_continues(sink, err)) {
		wf_disk_full_begin(&out->disk, sink, out->target, err);
		return 0;
	}
	if (err)
		return give_up(sink, out, err);
	wf_disk_full_end(&out->disk, sink, out->target);
	return 0;
}

int wf_line_out_finish(struct wf_sink *sink, struct wf_line_out *out)
{
	int err = write_buffer(sink, out);

	return err ? give_up(sink, out, err) : 0;
}
