// SPDX-License-Identifier: BSD-2-Clause
/*
 * line_out.c - writes whole lines.
 *
 * A reader sees whole lines. If the disk fills up within a line, the file is truncated to the end
 * of the previous line; bytes that were not written stay in the buffer. The file is appended to,
 * never overwritten.
 */
#include "sink/line_out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/sink_class.h"

static bool is_stdout(const struct wf_sink *sink)
{
	return !strcmp(sink->target, "-");
}

/* Open the file of @sink for appending. @flags: O_TRUNC or 0. */
static int open_file(const struct wf_sink *sink, int flags)
{
	int fd = open(sink->target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | flags,
		      0640);

	return fd < 0 ? -errno : fd;
}

static void log_appends(const struct wf_sink *sink, const struct wf_line_out *out)
{
	struct stat st;

	if (!sink->opts.continues && !fstat(out->fd, &st) && S_ISREG(st.st_mode) && st.st_size)
		wf_sink_log(sink, WEFT_LOG_INFO,
			    "%s holds %lld bytes of an earlier run; events are appended (--force "
			    "deletes them first)",
			    out->target, (long long)st.st_size);
}

int wf_line_out_open(const struct wf_sink *sink, struct wf_line_out *out)
{
	bool deletes = sink->opts.force == WEFT_ON && !sink->opts.continues;
	int err;

	out->target = is_stdout(sink) ? "standard output" : sink->target;
	out->json = (struct wf_json){.bytes = out->bytes, .room = WF_LINE_OUT_BYTES};
	out->fd = is_stdout(sink) ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
				  : open_file(sink, deletes ? O_TRUNC : 0);
	if (out->fd >= 0) {
		log_appends(sink, out);
		return 0;
	}
	err = is_stdout(sink) ? -errno : out->fd;
	wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be written: %s", out->target, strerror(-err));
	return err;
}

int wf_line_out_reopen(struct wf_sink *sink, struct wf_line_out *out)
{
	int err;
	int fd;

	if (is_stdout(sink))
		return 0;
	err = wf_line_out_flush(sink, out);
	if (err)
		return err;
	fd = open_file(sink, 0);
	if (fd < 0) {
		wf_sink_log(
			sink, WEFT_LOG_ERROR,
			"%s can't be opened again: %s; events are still written to the old file",
			out->target, strerror(-fd));
		return 0;
	}
	close(out->fd);
	out->fd = fd;
	wf_sink_log(sink, WEFT_LOG_INFO, "%s was opened again", out->target);
	return 0;
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
 * Truncate the file by the incomplete line at the end of the @done bytes written, if there is one.
 * Return: the number of these bytes that remain; @done if the file can't be truncated, such as a
 * pipe.
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

/* Return true if the output is a pipe whose reader has closed its end. */
static bool has_no_reader(const struct wf_line_out *out)
{
	struct pollfd poll_fd = {.fd = out->fd};

	return poll(&poll_fd, 1, 0) > 0 && poll_fd.revents & POLLERR;
}

int wf_line_out_idle(struct wf_sink *sink, struct wf_line_out *out)
{
	return has_no_reader(out) ? give_up(sink, out, -EPIPE) : wf_line_out_flush(sink, out);
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
