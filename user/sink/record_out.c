// SPDX-License-Identifier: BSD-2-Clause
/*
 * record_out.c - writes whole records.
 *
 * If the disk fills up within a record, the file is truncated to the end of the previous record, so
 * that a reader of the file sees whole records; bytes that were not written stay in the buffer.
 * Apart from this, an open file is only appended to.
 *
 * A write to a full pipe waits for its reader, for as long as the run lasts; once the user has
 * requested the end, for about STUCK_SEC. Pipes are opened with O_NONBLOCK, so that each wait is
 * in poll(2) and can end. Setting this flag on standard output would change it for other processes
 * that share the descriptor, so a pipe there is opened once more. If that fails, writes to it are
 * of at most PIPE_BUF bytes: a pipe that poll(2) reports as writable has room for them.
 */
#include "sink/record_out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sink/sink_class.h"

static bool is_stdout(const struct wf_sink *sink)
{
	return !strcmp(sink->target, "-");
}

/* ---- pipes ---- */

enum {
	STEP_MS = 100,
	STUCK_SEC = 5, /* limit of the wait for a reader once the user has requested the end */
};

static bool is_pipe_path(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISFIFO(st.st_mode);
}

/* Return a descriptor of standard output that the caller owns; negative errno. */
static int open_stdout(void)
{
	struct stat st;
	int fd = -1;

	if (!fstat(STDOUT_FILENO, &st) && S_ISFIFO(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static bool is_stopped(const struct wf_sink *sink)
{
	return sink->opts.is_stopped && sink->opts.is_stopped();
}

/*
 * Wait 100 ms for a process that opens the pipe of @sink for reading. @is_first: log this. Return:
 * false if the user has requested the end.
 */
static bool wait_for_reader(const struct wf_sink *sink, bool is_first)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};

	if (is_stopped(sink))
		return false;
	if (is_first)
		wf_sink_log(sink, WEFT_LOG_INFO, "waiting for a process that reads the pipe %s",
			    sink->target);
	nanosleep(&step, NULL);
	return true;
}

static time_t now_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Wait until the pipe @fd has room, or until its reader has closed it. Return: 0; -ETIMEDOUT. */
static int wait_room(const struct wf_sink *sink, int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	time_t stopped_sec = 0;

	while (poll(&poll_fd, 1, STEP_MS) <= 0) {
		if (!is_stopped(sink))
			continue;
		if (!stopped_sec)
			stopped_sec = now_sec();
		else if (now_sec() - stopped_sec > STUCK_SEC)
			return -ETIMEDOUT;
	}
	return 0;
}

/* Write up to @len bytes to the pipe @fd. Return: number of bytes; negative errno. */
static ssize_t write_pipe(const struct wf_sink *sink, int fd, const char *bytes, size_t len)
{
	bool may_wait = !(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ssize_t got;
	int err;

	do {
		err = wait_room(sink, fd);
		if (err)
			return err;
		got = write(fd, bytes, may_wait && len > PIPE_BUF ? PIPE_BUF : len);
	} while (got < 0 && errno == EAGAIN);
	return got < 0 ? -errno : got;
}

/* ---- opening ---- */

enum { OPEN_FLAGS = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY };

/*
 * Open the file of @sink. Root without CAP_DAC_OVERRIDE may not open files of the user that an
 * earlier run became, nor create files in a directory of that user, so this is tried again with the
 * permissions of the user. Return: the descriptor; negative errno.
 */
static int open_as_owner(const struct wf_sink *sink, int flags)
{
	int fd = open(sink->target, OPEN_FLAGS | flags, 0640);
	int err = fd < 0 ? -errno : 0;

	if (err == -EACCES && wf_sink_owner_begin(sink)) {
		fd = open(sink->target, OPEN_FLAGS | flags, 0640);
		err = fd < 0 ? -errno : 0;
		wf_file_user_end();
	}
	return err ? err : fd;
}

/* Create the file of @sink, which must not exist. Return: the descriptor; negative errno. */
static int create_file(const struct wf_sink *sink)
{
	int fd = open_as_owner(sink, O_CREAT | O_EXCL);
	int err = fd < 0 ? fd : wf_sink_give(sink, fd);

	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

/*
 * Open the file that an earlier run gave to its user. In /tmp, sysctl fs.protected_regular forbids
 * root to open it with O_CREAT, because it could be the trap of another user.
 */
static int open_given(const struct wf_sink *sink, int flags)
{
	int fd = open_as_owner(sink, flags & O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return fd;
	if (!sink->opts.has_owner || fstat(fd, &st) || st.st_uid != sink->opts.owner_uid ||
	    (flags & O_TRUNC && ftruncate(fd, 0))) {
		close(fd);
		return -EACCES;
	}
	return fd;
}

static int open_existing(const struct wf_sink *sink, int flags)
{
	int fd = open(sink->target, OPEN_FLAGS | O_CREAT | flags, 0640);

	if (fd < 0 && errno == EACCES)
		return open_given(sink, flags);
	return fd < 0 ? -errno : fd;
}

/*
 * Open the pipe of @sink. Without O_NONBLOCK, open(2) would wait for a reader, and no signal could
 * end that. @waits: wait until there is a reader. Return: the descriptor; -ENXIO if there is no
 * reader; other negative errno.
 */
static int open_pipe(const struct wf_sink *sink, bool waits)
{
	bool is_first = true;
	int fd;

	while ((fd = open_existing(sink, O_NONBLOCK)) == -ENXIO && waits &&
	       wait_for_reader(sink, is_first))
		is_first = false;
	return fd;
}

/* Open the file of @sink for appending. @flags: O_TRUNC or 0. @waits: see open_pipe(). */
static int open_file(const struct wf_sink *sink, int flags, bool waits)
{
	int fd = create_file(sink);

	if (fd != -EEXIST)
		return fd;
	return is_pipe_path(sink->target) ? open_pipe(sink, waits) : open_existing(sink, flags);
}

/* Return the reason for which an output can't be opened or written. */
static const char *reason_of(int err)
{
	switch (err) {
	case -ENXIO:
		return "no process reads this pipe";
	case -EPIPE:
		return "the reading process has closed the pipe";
	case -ETIMEDOUT:
		return "the process at the other end of the pipe has read nothing for 5 seconds "
		       "since weft was told to end";
	default:
		return strerror(-err);
	}
}

static bool is_pipe(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISFIFO(st.st_mode);
}

int wf_record_out_open(const struct wf_sink *sink, struct wf_record_out *out,
		       const struct wf_record_kind *kind)
{
	bool deletes = sink->opts.force == WEFT_ON && !sink->opts.continues;
	char why[WF_SINK_DENIED_BYTES];
	int err;

	out->target = is_stdout(sink) ? "standard output" : sink->target;
	out->kind = kind;
	out->fd = is_stdout(sink) ? open_stdout() : open_file(sink, deletes ? O_TRUNC : 0, true);
	out->is_pipe = out->fd >= 0 && is_pipe(out->fd);
	if (out->fd >= 0)
		return 0;
	err = out->fd;
	wf_sink_log(sink, WEFT_LOG_ERROR, "%s can't be written: %s", out->target,
		    err == -EACCES && !is_stdout(sink) ? wf_sink_denied(sink->target, err, why)
						       : reason_of(err));
	return err;
}

/* Count all records in the buffer as failed, and empty it. */
static void fail_all(struct wf_sink *sink, struct wf_record_out *out, const char *bytes,
		     size_t *len)
{
	size_t at = out->rest_bytes;
	size_t next;

	if (at)
		out->kind->fail(sink, NULL, 0);
	while (at < *len && (next = out->kind->record_bytes(bytes + at, *len - at))) {
		out->kind->fail(sink, bytes + at, next);
		at += next;
	}
	out->rest_bytes = 0;
	*len = 0;
}

int wf_record_out_reopen(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len)
{
	int err;
	int fd;

	if (is_stdout(sink))
		return 0;
	err = wf_record_out_flush(sink, out, bytes, len);
	if (err)
		return err;
	fd = open_file(sink, 0, false);
	atomic_store(&sink->reopen_failed, fd < 0);
	if (fd < 0) {
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "%s can't be opened again: %s; %s are still written to the old file",
			    out->target, reason_of(fd), out->kind->noun);
		return 0;
	}
	if (out->kind->has_header)
		fail_all(sink, out, bytes, len);
	close(out->fd);
	out->fd = fd;
	out->is_pipe = is_pipe(fd);
	wf_sink_log(sink, WEFT_LOG_INFO, "%s was opened again", out->target);
	return 1;
}

void wf_record_out_close(struct wf_record_out *out)
{
	close(out->fd);
}

/*
 * Return the end of the last record in the buffer that ends at @end or before. @ret_next: length of
 * the record that follows; 0: none.
 */
static size_t last_end(const struct wf_record_out *out, const char *bytes, size_t len, size_t end,
		       size_t *ret_next)
{
	size_t at = 0;
	size_t next = out->rest_bytes;

	if (!next)
		next = out->kind->record_bytes(bytes, len);
	while (next && at + next <= end) {
		at += next;
		next = out->kind->record_bytes(bytes + at, len - at);
	}
	*ret_next = next;
	return at;
}

/* Remove the last @bytes bytes of the file, unless another process has appended to it. */
static bool truncate_by(const struct wf_record_out *out, size_t bytes)
{
	off_t end = lseek(out->fd, 0, SEEK_CUR);
	struct stat st;

	if (end < 0 || fstat(out->fd, &st) || st.st_size != end)
		return false;
	end -= (off_t)bytes;
	return !ftruncate(out->fd, end) && lseek(out->fd, end, SEEK_SET) == end;
}

/*
 * Truncate the file by the incomplete record at the end of the @done bytes written, if there is
 * one. Return: the number of these bytes that remain; @done if the file can't be truncated, such as
 * a pipe.
 */
static size_t cut_record(struct wf_record_out *out, const char *bytes, size_t len, size_t done)
{
	size_t next;
	size_t whole = last_end(out, bytes, len, done, &next);

	if (whole < done && !(out->rest_bytes && !whole) && truncate_by(out, done - whole))
		done = whole;
	out->rest_bytes = whole < done ? whole + next - done : 0;
	return done;
}

/* Write some of the bytes. Return: their number; negative errno. */
static ssize_t write_some(const struct wf_sink *sink, const struct wf_record_out *out,
			  const char *bytes, size_t len)
{
	ssize_t got;

	if (out->is_pipe)
		return write_pipe(sink, out->fd, bytes, len);
	got = write(out->fd, bytes, len);
	return got < 0 ? -errno : got;
}

/* Write the buffer; the bytes that were not written stay in it. Return: 0; negative errno. */
static int write_buffer(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len)
{
	size_t done = 0;
	int err = 0;

	while (done < *len && !err) {
		ssize_t got = write_some(sink, out, bytes + done, *len - done);

		if (got >= 0)
			done += (size_t)got;
		else if (got != -EINTR)
			err = (int)got;
	}
	if (!err)
		out->rest_bytes = 0;
	else if (done)
		done = cut_record(out, bytes, *len, done);
	wf_sink_count(sink, written_bytes, done);
	memmove(bytes, bytes + done, *len - done);
	*len -= done;
	return err;
}

static int end_with_error(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len,
			  int err)
{
	fail_all(sink, out, bytes, len);
	wf_sink_log(sink, WEFT_LOG_ERROR, "%s: %s; no further %s are written", out->target,
		    reason_of(err), out->kind->noun);
	return err;
}

/* Return true if the output is a pipe whose reader has closed its end. */
static bool has_no_reader(const struct wf_record_out *out)
{
	struct pollfd poll_fd = {.fd = out->fd};

	return poll(&poll_fd, 1, 0) > 0 && poll_fd.revents & POLLERR;
}

int wf_record_out_idle(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len)
{
	return has_no_reader(out) ? end_with_error(sink, out, bytes, len, -EPIPE)
				  : wf_record_out_flush(sink, out, bytes, len);
}

int wf_record_out_flush(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len)
{
	int err;

	if (!*len || wf_disk_full_waits(&out->disk))
		return 0;
	err = write_buffer(sink, out, bytes, len);
	if (wf_disk_full_continues(sink, err)) {
		wf_disk_full_begin(&out->disk, sink, out->target, err);
		return 0;
	}
	if (err)
		return end_with_error(sink, out, bytes, len, err);
	wf_disk_full_end(&out->disk, sink, out->target);
	return 0;
}

int wf_record_out_finish(struct wf_sink *sink, struct wf_record_out *out, char *bytes, size_t *len)
{
	int err = write_buffer(sink, out, bytes, len);

	return err ? end_with_error(sink, out, bytes, len, err) : 0;
}
