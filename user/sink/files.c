// SPDX-License-Identifier: BSD-2-Clause
/*
 * files.c - writes each direction that carried bytes to a file of its own, in one directory.
 *
 * At start the sink fails if the directory holds a file with the name of a stream file, unless
 * options keep such files (--append) or delete them (--force). The directory is locked, so that no
 * other run can use it. stream_io.c opens the files.
 *
 * If another connection with the same addresses and ports has used a name, the VLAN ids and the VNI
 * are appended, or the next free number. The table has WEFT_FILES_TRACKED_MAX entries. If it is
 * full, the stream that was idle longest loses its entry; stream_set.h keeps the number in the name
 * of its file, and later bytes of the stream are written to the same file, unless its directory was
 * moved away. At most WEFT_FILES_OPEN_MAX files are open; the one that was idle longest is closed,
 * and opened again when more bytes arrive (the inode number shows that it is the same file).
 *
 * Writing: the events of a batch are collected per file, and each file is written with one
 * pwritev() for each run of events without a gap. The bytes are borrowed until the batch has been
 * taken, so nothing is copied.
 *
 * If the directory was moved away, new streams are written to a new one (stream_dir.h).
 *
 * Failures: an error of one file (such as a name in use, or a file that is too large) ends that
 * file; a full disk leaves out bytes until there is room, or ends the sink (on_disk_full); another
 * error of the directory or the disk ends the sink. Each missing range of a stream in the table is
 * reported through file_gaps.h, once its length is known; other missing bytes are only counted.
 * Ledger: data_bytes = written_bytes + failed_bytes, whatever fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sink/disk_full.h"
#include "sink/file_gaps.h"
#include "sink/file_missing.h"
#include "sink/sink_class.h"
#include "sink/stream_dir.h"
#include "sink/stream_io.h"
#include "sink/format/stream_name.h"
#include "sink/table/stream_set.h"
#include "sink/table/stream_table.h"

enum {
	BATCH_MAX = 256,       /* maximum batch size of sink.c */
	FAILED_LOGGED_MAX = 8, /* maximum number of failed files that are logged individually */
};

struct files {
	struct wf_stream_dirs dirs; /* owned */
	uint32_t open_max;
	bool left_out; /* a stream was left out, which is logged once */
	uint64_t failed_files;
	struct wf_disk_full disk;
	struct wf_stream_table table;
	struct wf_stream_set forgotten; /* streams whose entry in the table was removed */

	/* The current batch. The events of one file form a list of event indices + 1. */
	const struct weft_event *events;
	uint16_t next_pending[BATCH_MAX + 1];
	struct wf_stream_file *touched[BATCH_MAX];
	int touched_count;
};

/* ---- one file ---- */

/* Return the directory of @file. */
static int dir_of(const struct files *files, const struct wf_stream_file *file)
{
	return files->dirs.fd[file->dir];
}

/* Return true if the error @err of @file affects every file, not only this one. */
static bool ends_all(const struct files *files, const struct wf_stream_file *file, int err)
{
	/* If a directory that was moved away is removed, only the streams with files in it end. */
	return wf_stream_error_is_general(err) &&
	       (err != -ENOENT || file->dir == files->dirs.current);
}

/* Remove @file from the table, and report the last range that is missing from it. */
static void drop_file(struct wf_sink *sink, struct wf_stream_file *file)
{
	struct files *files = sink->state;

	wf_file_missing_report(sink, file);
	if (file->fd >= 0)
		wf_stream_file_close(&files->table, file);
	wf_stream_table_remove(&files->table, file);
}

static void drop_all(struct wf_sink *sink)
{
	struct files *files = sink->state;
	struct wf_stream_file *file;

	while ((file = wf_stream_table_oldest(&files->table)))
		drop_file(sink, file);
}

/*
 * Record the failure of @file; log it, at most FAILED_LOGGED_MAX times if only this file is
 * affected. Return: @err if the sink must end; otherwise 0.
 */
static int file_failed(struct wf_sink *sink, struct wf_stream_file *file, const char *name,
		       const char *what, int err)
{
	struct files *files = sink->state;

	if (wf_disk_full_continues(sink, err)) {
		wf_disk_full_begin(&files->disk, sink, sink->target, err);
		return 0;
	}
	wf_sink_failed(sink, err);
	if (ends_all(files, file, err)) {
		wf_sink_log(sink, WEFT_LOG_ERROR, "%s/%s: %s: %s; no further streams are written",
			    sink->target, name, what, strerror(-err));
		return err;
	}
	if (file->fd >= 0)
		wf_stream_file_close(&files->table, file);
	file->failed = true;
	if (files->failed_files++ < FAILED_LOGGED_MAX)
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "%s/%s: %s: %s; the rest of this stream is not written", sink->target,
			    name, what, strerror(-err));
	return 0;
}

/* Record that the file of @event's stream can't be continued (wf_stream_set_recall()). */
static void number_lost(struct wf_sink *sink, const struct weft_event *event)
{
	struct files *files = sink->state;
	char name[WF_STREAM_NAME_BYTES];

	wf_stream_name(event->flow, event->dir, (struct wf_stream_number){.number = 1}, name);
	wf_sink_failed(sink, -ENOBUFS);
	if (files->failed_files++ < FAILED_LOGGED_MAX)
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "%s/%s: can't be continued, because %u or more connections had these "
			    "addresses and ports; the rest of this stream is not written",
			    sink->target, name, WF_STREAM_NUMBER_LOST);
}

/* Open @file unless it is open. Return: 0, or negative errno, with the name in @name. */
static int open_file(struct files *files, struct wf_stream_file *file,
		     const struct weft_event *event, char *name)
{
	int fd;

	if (file->fd >= 0)
		return 0;
	if (files->table.open.count >= files->open_max)
		wf_stream_file_close(&files->table, wf_stream_table_oldest_open(&files->table));
	if (!file->made)
		file->dir = files->dirs.current;
	fd = wf_stream_file_open(dir_of(files, file), &files->table, file, event, name);
	if (fd < 0)
		return fd;
	wf_stream_table_set_fd(&files->table, file, fd);
	return 0;
}

/* ---- writing ---- */

/*
 * Gather events from @pending on while their bytes are adjacent. @pending: index of an event, plus
 * 1. Return: the first event that was not gathered, in the same form; 0 if there is none.
 */
static uint16_t gather(const struct files *files, uint16_t pending, struct iovec *iov,
		       int *ret_count, uint64_t *ret_bytes)
{
	uint64_t first_off = files->events[pending - 1].data.off;
	int count = 0;

	*ret_bytes = 0;
	for (; pending; pending = files->next_pending[pending]) {
		const struct weft_event *event = &files->events[pending - 1];

		if (event->data.off != first_off + *ret_bytes)
			break;
		*ret_bytes += event->data.len_bytes;
		iov[count++] = (struct iovec){(void *)event->data.bytes, event->data.len_bytes};
	}
	*ret_count = count;
	return pending;
}

/* Update @file and the counts after @written bytes were written at the file offset @pos. */
static void wrote(struct wf_sink *sink, struct wf_stream_file *file, uint64_t pos, uint64_t written)
{
	wf_sink_count(sink, written_bytes, written);
	file->written_off = pos + written;
	if (written && !file->wrote)
		wf_sink_count(sink, files, 1);
	file->wrote |= written > 0;
}

/*
 * Write @iov, which begins with the bytes of the event @first, to @file. *ret_written, which is 0
 * before the call, is also set if only a part was written. Return: 0 on success or if the sink
 * survives the failure; negative errno if the sink must end.
 */
static int write_run(struct wf_sink *sink, struct wf_stream_file *file,
		     const struct weft_event *first, struct iovec *iov, int count,
		     uint64_t *ret_written)
{
	struct files *files = sink->state;
	uint64_t pos;
	char name[WF_STREAM_NAME_BYTES];
	int err = open_file(files, file, first, name);

	if (err)
		return file_failed(sink, file, name, "can't be opened", err);
	pos = sink->opts.pad_gaps == WEFT_ON ? first->data.off : file->written_off;
	err = wf_stream_file_write(file->fd, iov, count, pos, ret_written);
	if (*ret_written)
		wf_file_missing_report(sink, file);
	wrote(sink, file, pos, *ret_written);
	if (!err) {
		wf_disk_full_end(&files->disk, sink, sink->target);
		return 0;
	}
	wf_stream_name(first->flow, first->dir, wf_stream_file_number(file), name);
	if (!file->wrote)
		wf_stream_file_remove(dir_of(files, file), &files->table, file, name);
	return file_failed(sink, file, name, "can't be written", err);
}

/*
 * Write the events of the batch that belong to @file. Return: 0 on success or if the sink survives
 * the failure; negative errno if the sink must end.
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

		pending = gather(files, pending, iov, &count, &bytes);
		if (!file->failed && !wf_disk_full_waits(&files->disk))
			err = write_run(sink, file, first, iov, count, &written);
		wf_file_missing_add(sink, file, first, first->data.off + written, bytes - written,
				    atomic_load(&sink->err));
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
 * Remove the stream that was idle longest from the table, and keep only what is needed to continue
 * its file (stream_set.h), unless this is in the directory that was moved away. Return: 0 on
 * success; -ENOBUFS if there is no room for that; other negative errno if the sink must end.
 */
static int forget_oldest(struct wf_sink *sink)
{
	struct files *files = sink->state;
	struct wf_stream_file *oldest;
	/* write first, because the oldest file may have pending events */
	int err = write_touched(sink);

	if (err)
		return err;
	oldest = wf_stream_table_oldest(&files->table);
	if ((oldest->failed || oldest->dir == files->dirs.current) &&
	    !wf_stream_set_keep(&files->forgotten, oldest))
		return -ENOBUFS;
	drop_file(sink, oldest);
	return 0;
}

/* Set *ret_file to a new entry of the stream of @event. Return: as forget_oldest(). */
static int add_file(struct wf_sink *sink, const struct weft_event *event,
		    struct wf_stream_file **ret_file)
{
	struct files *files = sink->state;
	struct wf_stream_file *file;

	while (!(file = wf_stream_table_add(&files->table, event->flow->id, event->dir))) {
		int err = forget_oldest(sink);

		if (err)
			return err;
	}
	if (!wf_stream_set_recall(&files->forgotten, file))
		number_lost(sink, event);
	file->dir = files->dirs.current;
	*ret_file = file;
	return 0;
}

/* Count the bytes of a stream for which there is no room in memory as failed. */
static void leave_out(struct wf_sink *sink, const struct weft_event *event)
{
	struct files *files = sink->state;

	wf_sink_failed(sink, -ENOBUFS);
	wf_sink_count(sink, failed_bytes, event->data.len_bytes);
	if (!files->left_out)
		wf_sink_log(sink, WEFT_LOG_ERROR,
			    "%s: no room for more than %u streams: further ones are not written",
			    sink->target, files->table.max + files->forgotten.count);
	files->left_out = true;
}

static int take_data(struct wf_sink *sink, int i)
{
	struct files *files = sink->state;
	const struct weft_event *event = &files->events[i];
	struct wf_stream_table *table = &files->table;
	struct wf_stream_file *file = wf_stream_table_find(table, event->flow->id, event->dir);
	uint16_t pending = (uint16_t)(i + 1);
	int err = file ? 0 : add_file(sink, event, &file);

	if (err == -ENOBUFS) {
		leave_out(sink, event);
		return 0;
	}
	if (err)
		return err;
	wf_stream_table_touch(table, file);
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

		if (!file) {
			wf_stream_set_take(&files->forgotten,
					   wf_stream_key(event->flow->id, (enum weft_dir)dir));
			continue;
		}
		if (file->first_pending)
			err = write_pending(sink, file);
		if (err)
			return err;
		drop_file(sink, file);
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

static uint64_t settled_bytes(const struct wf_sink *sink)
{
	return atomic_load(&sink->counts.written_bytes) + atomic_load(&sink->counts.failed_bytes);
}

static uint64_t data_bytes(const struct weft_event *events, int count)
{
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++)
		if (events[i].type == WEFT_EVENT_DATA)
			bytes += events[i].data.len_bytes;
	return bytes;
}

static int files_take(struct wf_sink *sink, const struct weft_event *events, int count)
{
	uint64_t settled = settled_bytes(sink) + data_bytes(events, count);
	int err = 0;

	for (int done = 0; done < count && !err; done += BATCH_MAX)
		err = take_some(sink, events + done,
				count - done < BATCH_MAX ? count - done : BATCH_MAX);
	/* After a failure the rest of the batch is not written either, so count it as failed. */
	wf_sink_count(sink, failed_bytes, settled - settled_bytes(sink));
	return err;
}

/* A stream with a file in the directory that is closed now begins another file in the new one. */
static int files_reopen(struct wf_sink *sink)
{
	struct files *files = sink->state;
	struct wf_stream_file *file, *newer;

	if (!wf_stream_dirs_reopen(sink, &files->dirs))
		return 0;
	for (file = wf_stream_table_oldest(&files->table); file; file = newer) {
		newer = wf_stream_table_newer(&files->table, file);
		if (file->dir == files->dirs.current)
			drop_file(sink, file);
	}
	/* Forgotten streams begin new files: the directories of their files are not known. */
	wf_stream_set_clear(&files->forgotten);
	return 0;
}

static void files_ended(struct wf_sink *sink)
{
	drop_all(sink);
	if (sink->opts.file_gaps)
		wf_file_gaps_end(sink->opts.file_gaps);
}

static void files_close(struct wf_sink *sink)
{
	struct files *files = sink->state;

	drop_all(sink);
	wf_stream_set_fini(&files->forgotten);
	wf_stream_table_fini(&files->table);
	wf_stream_dirs_close(&files->dirs);
	free(files);
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
	err = wf_stream_dirs_open(sink, &files->dirs);
	if (err)
		goto free_files;
	err = wf_stream_table_init(&files->table, WEFT_FILES_TRACKED_MAX);
	if (err)
		goto close_dir;
	err = wf_stream_set_init(&files->forgotten);
	if (err)
		goto free_table;
	files->open_max = wf_stream_file_open_max();
	if (sink->opts.file_gaps)
		wf_file_gaps_begin(sink->opts.file_gaps);
	sink->state = files;
	return 0;

free_table:
	wf_stream_table_fini(&files->table);
close_dir:
	wf_stream_dirs_close(&files->dirs);
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
	.reopen = files_reopen,
	.ended = files_ended,
	.close = files_close,
};
