// SPDX-License-Identifier: BSD-2-Clause
/*
 * files.c - writes each direction that carried bytes to a file of its own, in one directory.
 *
 * At start the directory must not hold any file with the name of a stream file, or the sink fails;
 * the directory is locked, so that no other run can use it. Every stream file is therefore ours.
 * Each is still created with O_EXCL and opened with O_NOFOLLOW, by a bare name in the opened
 * directory: no link is followed, and nothing outside is written.
 *
 * A name may be used already: by the same four-tuple in another VLAN or tunnel, or by a stream
 * that was forgotten because WEFT_FILES_TRACKED_MAX others came later. The next free number is
 * taken then. At most WEFT_FILES_OPEN_MAX files are open; the one that was idle longest is closed,
 * and opened again when more bytes arrive (its inode shows that it is the same file).
 *
 * Writing: the events of a batch are collected per file, and each file is written with one
 * pwritev(). The bytes are borrowed until the batch has been taken, so nothing is copied.
 *
 * Failures: an error of one file (such as a name in use, or a file that is too large) ends that
 * file; an error of the directory or the disk ends the sink.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sink/sink_class.h"
#include "sink/stream_dir.h"
#include "sink/stream_name.h"
#include "sink/stream_table.h"

enum {
	BATCH_MAX = 256,    /* maximum batch size of sink.c */
	NUMBERS_TRIED = 64, /* numbers tried when a file name is in use */
	TOLD_MAX = 8,	    /* maximum number of failed files that are logged individually */
	OPEN_SPARED = 64,   /* file descriptors that are not used for stream files */
};

struct files {
	int dir; /* owned */
	uint32_t open_max;
	bool forgets;  /* a stream was forgotten, which is logged once */
	uint64_t told; /* number of failures so far */
	struct wf_stream_table table;

	/* The current batch. The events of one file form a list of event indices + 1. */
	const struct weft_event *events;
	uint16_t next_pending[BATCH_MAX + 1];
	struct wf_stream_file *touched[BATCH_MAX];
	int touched_count;
};

/* ---- one file ---- */

/* Return true if @err affects every file, not only one. */
static bool ends_all(int err)
{
	switch (-err) {
	case ENOSPC:
	case EDQUOT:
	case EIO:
	case EROFS:
	case ENOENT: /* the directory was removed */
	case EACCES:
	case EPERM:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return true;
	}
	return false;
}

/*
 * Record the failure of @file; log it, at most TOLD_MAX times if only this file is affected.
 * Return: @err if the sink must end; otherwise 0.
 */
static int file_failed(struct wf_sink *sink, struct wf_stream_file *file, const char *name,
		       const char *what, int err)
{
	struct files *files = sink->state;

	wf_sink_failed(sink, err);
	if (ends_all(err)) {
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s/%s: %s: %s; no further streams are written",
			    sink->target, name, what, strerror(-err));
		return err;
	}
	file->failed = true;
	if (files->told++ < TOLD_MAX)
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "%s/%s: %s: %s; the rest of this stream is not written", sink->target,
			    name, what, strerror(-err));
	return 0;
}

static void close_file(struct files *files, struct wf_stream_file *file)
{
	close(file->fd);
	wf_stream_table_set_fd(&files->table, file, -1);
}

/* Like openat(), but close an idle file when the process has no descriptors left. */
static int open_name(struct files *files, const char *name, int flags)
{
	for (;;) {
		int fd = openat(files->dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | flags, 0640);
		int err = errno;

		if (fd >= 0)
			return fd;
		if ((err != EMFILE && err != ENFILE) || !files->table.open.count)
			return -err;
		close_file(files, wf_stream_table_oldest_open(&files->table));
	}
}

/* Return true if @name is a regular file, which is then ours: see the top of this file. */
static bool is_ours(const struct files *files, const char *name)
{
	struct stat st;

	return !fstatat(files->dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

/* Return the first number to try. Both directions of a connection should have the same number. */
static uint32_t first_number(struct files *files, const struct weft_event *event)
{
	struct wf_stream_file *other =
		wf_stream_table_find(&files->table, event->flow->id, event->dir ^ 1);

	return other && other->made ? other->number : event->flow->use;
}

static int make_file(struct files *files, struct wf_stream_file *file,
		     const struct weft_event *event, char *name)
{
	uint32_t number = first_number(files, event);
	int fd;

	for (uint32_t tries = 0;; tries++, number++) {
		wf_stream_name(event->flow, event->dir, number, name);
		fd = open_name(files, name, O_CREAT | O_EXCL);
		if (fd != -EEXIST || tries == NUMBERS_TRIED || !is_ours(files, name))
			break;
	}
	file->number = number;
	return fd;
}

static int open_again(struct files *files, struct wf_stream_file *file,
		      const struct weft_event *event, char *name)
{
	struct stat st;
	int fd;

	wf_stream_name(event->flow, event->dir, file->number, name);
	fd = open_name(files, name, 0);
	if (fd >= 0 && (fstat(fd, &st) || st.st_ino != file->inode || !S_ISREG(st.st_mode))) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

/*
 * Open or reopen @file. Return: 0 if file->fd is open or only this file has failed; negative errno
 * if the sink must end.
 */
static int open_file(struct wf_sink *sink, struct wf_stream_file *file,
		     const struct weft_event *event)
{
	struct files *files = sink->state;
	char name[WF_STREAM_NAME_BYTES];
	struct stat st;
	int fd;

	if (file->fd >= 0 || file->failed)
		return 0;
	if (files->table.open.count >= files->open_max)
		close_file(files, wf_stream_table_oldest_open(&files->table));
	fd = file->made ? open_again(files, file, event, name)
			: make_file(files, file, event, name);
	if (fd < 0)
		return file_failed(sink, file, name, "can't be opened", fd);
	if (!file->made) {
		if (!fstat(fd, &st))
			file->inode = st.st_ino;
		file->made = true;
		wf_sink_count(sink, files, 1);
	}
	wf_stream_table_set_fd(&files->table, file, fd);
	return 0;
}

/* ---- writing ---- */

/*
 * Write all of @iov at @off. *ret_written is set even on failure. Return: 0 on success; negative
 * errno.
 */
static int write_all(int fd, struct iovec *iov, int count, uint64_t off, uint64_t *ret_written)
{
	uint64_t written = 0;

	while (count) {
		ssize_t got = pwritev(fd, iov, count, (off_t)(off + written));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			*ret_written = written;
			return got ? -errno : -EIO;
		}
		written += (uint64_t)got;
		while (count && (size_t)got >= iov->iov_len) {
			got -= (ssize_t)iov->iov_len;
			iov++;
			count--;
		}
		if (count) {
			iov->iov_base = (char *)iov->iov_base + got;
			iov->iov_len -= (size_t)got;
		}
	}
	*ret_written = written;
	return 0;
}

/*
 * Gather the events from @pending on that one pwritev() can write. Return: the first event that is
 * left; 0 if none.
 */
static uint16_t gather(const struct wf_sink *sink, uint16_t pending, struct iovec *iov,
		       int *ret_count, uint64_t *ret_bytes)
{
	const struct files *files = sink->state;
	uint64_t next_off = files->events[pending - 1].data.off;
	int count = 0;

	*ret_bytes = 0;
	for (; pending; pending = files->next_pending[pending]) {
		const struct weft_event *event = &files->events[pending - 1];

		if (sink->opts.pad_gaps == WEFT_ON && event->data.off != next_off)
			break;
		next_off = event->data.off + event->data.len_bytes;
		*ret_bytes += event->data.len_bytes;
		iov[count++] = (struct iovec){(void *)event->data.bytes, event->data.len_bytes};
	}
	*ret_count = count;
	return pending;
}

/*
 * Write the events of the batch that belong to @file. Return: 0 on success or if only this file has
 * failed; negative errno if the sink must end.
 */
static int write_pending(struct wf_sink *sink, struct wf_stream_file *file)
{
	struct files *files = sink->state;
	uint16_t pending = file->first_pending;
	int err = 0;

	file->first_pending = 0;
	while (pending && !err) {
		const struct weft_event *first = &files->events[pending - 1];
		uint64_t bytes, written = 0;
		struct iovec iov[BATCH_MAX];
		int count;

		pending = gather(sink, pending, iov, &count, &bytes);
		err = open_file(sink, file, first);
		if (!err && file->fd >= 0) {
			char name[WF_STREAM_NAME_BYTES];
			uint64_t off = sink->opts.pad_gaps == WEFT_ON ? first->data.off
								      : file->written_off;
			int write_err = write_all(file->fd, iov, count, off, &written);

			file->written_off = off + written;
			wf_sink_count(sink, written_bytes, written);
			if (write_err) {
				wf_stream_name(first->flow, first->dir, file->number, name);
				close_file(files, file);
				err = file_failed(sink, file, name, "can't be written", write_err);
			}
		}
		wf_sink_count(sink, failed_bytes, bytes - written);
	}
	return err;
}

static int write_touched(struct wf_sink *sink)
{
	struct files *files = sink->state;
	int err = 0;

	for (int i = 0; i < files->touched_count && !err; i++)
		if (files->touched[i]->first_pending)
			err = write_pending(sink, files->touched[i]);
	files->touched_count = 0;
	return err;
}

/* ---- events ---- */

/*
 * Forget the stream that was idle longest. Return: 0 on success; negative errno if the sink must
 * end.
 */
static int forget_oldest(struct wf_sink *sink)
{
	struct files *files = sink->state;
	struct wf_stream_file *oldest;
	/* write first, because the oldest file may have pending events */
	int err = write_touched(sink);

	if (err)
		return err;
	if (!files->forgets)
		wf_sink_log(
			sink, WEFT_LOG_WARN,
			"more than %u streams at once: further data of the streams that were idle "
			"longest is written to new files",
			files->table.max);
	files->forgets = true;
	oldest = wf_stream_table_oldest(&files->table);
	if (oldest->fd >= 0)
		close_file(files, oldest);
	wf_stream_table_remove(&files->table, oldest);
	return 0;
}

static int take_data(struct wf_sink *sink, int i)
{
	struct files *files = sink->state;
	const struct weft_event *event = &files->events[i];
	struct wf_stream_table *table = &files->table;
	struct wf_stream_file *file = wf_stream_table_find(table, event->flow->id, event->dir);
	uint16_t pending = (uint16_t)(i + 1);
	int err;

	while (!file) {
		file = wf_stream_table_add(table, event->flow->id, event->dir);
		if (file)
			break;
		err = forget_oldest(sink);
		if (err)
			return err;
	}
	wf_stream_table_touch(table, file);
	if (file->failed) {
		wf_sink_count(sink, failed_bytes, event->data.len_bytes);
		return 0;
	}
	files->next_pending[pending] = 0;
	if (file->first_pending) {
		files->next_pending[file->last_pending] = pending;
	} else {
		file->first_pending = pending;
		files->touched[files->touched_count++] = file;
	}
	file->last_pending = pending;
	return 0;
}

static int take_close(struct wf_sink *sink, const struct weft_event *event)
{
	struct files *files = sink->state;

	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		struct wf_stream_file *file =
			wf_stream_table_find(&files->table, event->flow->id, (enum weft_dir)dir);
		int err = 0;

		if (!file)
			continue;
		if (file->first_pending)
			err = write_pending(sink, file);
		if (err)
			return err;
		if (file->fd >= 0)
			close_file(files, file);
		wf_stream_table_remove(&files->table, file);
	}
	return 0;
}

static int take_some(struct wf_sink *sink, const struct weft_event *events, int count)
{
	struct files *files = sink->state;
	int err = 0;

	files->events = events;
	for (int i = 0; i < count && !err; i++) {
		if (events[i].type == WEFT_EVENT_DATA)
			err = take_data(sink, i);
		else if (events[i].type == WEFT_EVENT_CLOSE)
			err = take_close(sink, &events[i]);
	}
	return err ? err : write_touched(sink);
}

static int files_take(struct wf_sink *sink, const struct weft_event *events, int count)
{
	int err = 0;

	for (int done = 0; done < count && !err; done += BATCH_MAX)
		err = take_some(sink, events + done,
				count - done < BATCH_MAX ? count - done : BATCH_MAX);
	return err;
}

static void files_close(struct wf_sink *sink)
{
	struct files *files = sink->state;
	struct wf_stream_file *file;

	while ((file = wf_stream_table_oldest_open(&files->table)))
		close_file(files, file);
	wf_stream_table_fini(&files->table);
	close(files->dir);
	free(files);
}

/*
 * Return the maximum number of open files: WEFT_FILES_OPEN_MAX, or less if RLIMIT_NOFILE requires
 * it.
 */
static uint32_t open_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= WEFT_FILES_OPEN_MAX + OPEN_SPARED)
		return WEFT_FILES_OPEN_MAX;
	return limit.rlim_cur > 2 * OPEN_SPARED ? (uint32_t)limit.rlim_cur - OPEN_SPARED
						: OPEN_SPARED / 2;
}

static const char *files_target(const struct wf_sink_opts *opts)
{
	return opts->streams_dir;
}

static int files_open(struct wf_sink *sink)
{
	struct files *files = calloc(1, sizeof(*files));
	int err;

	if (!files)
		return -ENOMEM;
	err = wf_stream_dir_open(sink, &files->dir);
	if (err)
		goto free_files;
	err = wf_stream_table_init(&files->table, WEFT_FILES_TRACKED_MAX);
	if (err)
		goto close_dir;
	files->open_max = open_max();
	sink->state = files;
	return 0;

close_dir:
	close(files->dir);
free_files:
	free(files);
	return err;
}

const struct wf_sink_class wf_sink_files = {
	.name = "streams",
	.events = WEFT_EVENT_BIT(WEFT_EVENT_DATA) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE),
	.target = files_target,
	.open = files_open,
	.take = files_take,
	.close = files_close,
};
