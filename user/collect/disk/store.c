// SPDX-License-Identifier: BSD-2-Clause
/*
 * store.c - opens the directory, recovers the state, and commits batches.
 *
 * Of all failures of a commit, a later try may overcome only writes that fail because the disk is
 * full. The commit is then tried again, every step continues where it failed, and nothing is
 * acknowledged meanwhile, so that messages wait in JetStream. A journal that replaces the present
 * one is written again from its beginning, also after a failed sync. After other failures the
 * process ends, and its next start recovers the state of the last commit. The failure of a single
 * stream file is no failure of the commit: the rest of that stream is not written.
 */
#include "collect/disk/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collect/disk/store_internal.h"

enum { FULL_WAIT_SEC = 1, FAILED_LOGGED_MAX = 8, MESSAGE_BYTES = 600 };

void wf_collect_say(const struct wf_collect_store *store, enum weft_log_level level,
		    const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	if (!store->opts.log)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	store->opts.log(level, message, store->opts.log_ctx);
}

int64_t wf_collect_now_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

static uint64_t real_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int refuse(char *ret_error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char *ret_error, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_error, WF_COLLECT_ERROR_BYTES, format, args);
	va_end(args);
	return err;
}

/* ---- opening ---- */

static int open_dir(struct wf_collect_store *store, char *ret_error)
{
	const char *path = store->opts.dir;
	bool is_made = !mkdir(path, 0755);

	if (!is_made && errno != EEXIST)
		return refuse(ret_error, -errno, "%s can't be created: %m", path);
	store->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_made ? O_NOFOLLOW : 0));
	if (store->dir < 0)
		return refuse(ret_error, -errno, "%s can't be opened: %m", path);
	if (faccessat(store->dir, ".", W_OK | X_OK, AT_EACCESS))
		return refuse(ret_error, -errno, "%s can't be written to: %m", path);
	if (flock(store->dir, LOCK_EX | LOCK_NB))
		return refuse(ret_error, -EBUSY, "%s is in use by another collector or run", path);
	return 0;
}

/*
 * Reject a directory that has stream files, but no journal: without a journal, files of others
 * could be mistaken for files of this collector.
 */
static int check_is_empty(struct wf_collect_store *store, char *ret_error)
{
	int fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *scan = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int err = 0;

	if (!scan) {
		if (fd >= 0)
			close(fd);
		return refuse(ret_error, -errno, "%s can't be listed: %m", store->opts.dir);
	}
	while (!err && (entry = readdir(scan)))
		if (wf_stream_name_is(entry->d_name))
			err = refuse(
				ret_error, -EEXIST,
				"%s contains stream files (such as %s) that no collector wrote, "
				"because it has no %s; use another directory",
				store->opts.dir, entry->d_name, WF_JOURNAL_NAME);
	closedir(scan);
	return err;
}

/*
 * Check that the journal that was read is of this stream and shard. With is_reshard, it may be of
 * another shard, and the head gets this one.
 */
static int check_head(struct wf_collect_store *store, char *ret_error)
{
	const struct wf_journal_head *wanted = &store->opts.head;
	struct wf_journal_head *head = &store->head;

	if (strcmp(head->stream, wanted->stream))
		return refuse(ret_error, -EEXIST,
			      "%s is of the stream %s; use another directory for the stream %s",
			      store->opts.dir, head->stream, wanted->stream);
	if ((head->shard != wanted->shard || head->shards != wanted->shards ||
	     head->partitions != wanted->partitions) &&
	    !store->opts.is_reshard)
		return refuse(
			ret_error, -EEXIST,
			"%s is of shard %u/%u of %u partitions, not of %u/%u of %u; use another "
			"directory, or see --reshard in weft-collect(1)",
			store->opts.dir, head->shard, head->shards, head->partitions, wanted->shard,
			wanted->shards, wanted->partitions);
	head->shard = wanted->shard;
	head->shards = wanted->shards;
	head->partitions = wanted->partitions;
	return 0;
}

static int recover(struct wf_collect_store *store, char *ret_error)
{
	int err = wf_journal_read(store->dir, &store->head, &store->flows, &store->position);

	if (err == -ENOENT) {
		store->head = store->opts.head;
		store->head.created = 0;
		err = check_is_empty(store, ret_error);
		return err ? err : wf_journal_new_id(store->head.id);
	}
	if (err == -EBADMSG)
		return refuse(ret_error, err,
			      "%s/%s is not a journal of weft collect, or of a newer version",
			      store->opts.dir, WF_JOURNAL_NAME);
	if (err)
		return refuse(ret_error, err, "%s/%s can't be read: %s", store->opts.dir,
			      WF_JOURNAL_NAME, strerror(-err));
	return check_head(store, ret_error);
}

static int open_events(struct wf_collect_store *store, char *ret_error)
{
	const char *note;
	int err =
		wf_event_file_open(&store->events, store->opts.events, store->position.events_inode,
				   store->position.events_bytes, &note);

	if (err == -EBUSY)
		return refuse(ret_error, err, "%s is in use by another collector",
			      store->opts.events);
	if (err)
		return refuse(ret_error, err, "%s: %s", store->opts.events, strerror(-err));
	if (note)
		wf_collect_say(store, WEFT_LOG_WARN, "%s %s", store->opts.events, note);
	store->position.events_inode = store->events.inode;
	store->position.events_bytes = store->events.bytes;
	return 0;
}

/* Wait for space on the disk. Return: 0: try again; @err if that does not help; -EINTR: stop. */
static int wait_for_space(int err, void *ctx)
{
	struct wf_collect_store *store = ctx;
	struct wf_collect_counts *counts = store->opts.counts;
	const struct timespec pause = {.tv_sec = FULL_WAIT_SEC};

	if (err != -ENOSPC && err != -EDQUOT)
		return err;
	if (store->journal.err || store->files.err || store->events.err) /* see sync.h */
		return err;
	if (!atomic_exchange(&counts->is_waiting_for_disk, true))
		wf_collect_say(store, WEFT_LOG_WARN,
			       "%s or %s: %s; messages wait in NATS until there is space",
			       store->opts.dir, store->opts.events, strerror(-err));
	if (store->opts.should_stop())
		return -EINTR;
	if (store->opts.free_space)
		store->opts.free_space(store);
	nanosleep(&pause, NULL);
	return store->opts.should_stop() ? -EINTR : 0;
}

/* Begin a journal of the present state. Waits while the disk is full. */
static int begin_journal(struct wf_collect_store *store)
{
	int err;

	while ((err = wf_journal_begin(&store->journal, store->dir, &store->head, &store->flows,
				       &store->position)))
		if ((err = wait_for_space(err, store)))
			break;
	/* syncfs() would report the failed tries to the next batch, which they don't concern. */
	if (!err && atomic_exchange(&store->opts.counts->is_waiting_for_disk, false))
		syncfs(store->dir);
	else if (err && err != -EINTR)
		wf_collect_say(store, WEFT_LOG_ERROR, "%s/%s can't be written: %s", store->opts.dir,
			       WF_JOURNAL_NAME, strerror(-err));
	return err;
}

static int open_all(struct wf_collect_store *store, char *ret_error)
{
	int err = open_dir(store, ret_error);

	if (!err)
		err = wf_collect_flows_init(&store->flows, store->opts.flows_max);
	if (!err)
		err = wf_collect_files_init(&store->files, store->dir,
					    wf_collect_files_fit(store->opts.max_open));
	if (!err)
		err = recover(store, ret_error);
	if (!err)
		err = open_events(store, ret_error);
	if (!err) {
		err = begin_journal(store);
		if (err)
			refuse(ret_error, err, "the state can't be saved");
	}
	return err;
}

static void show_table(struct wf_collect_store *store)
{
	struct wf_collect_counts *counts = store->opts.counts;

	atomic_store(&counts->live, store->flows.live.count);
	atomic_store(&counts->ended, store->flows.ended.count);
	atomic_store(&counts->flows_max, store->flows.max);
	atomic_store(&counts->open_files, store->files.count);
}

int wf_collect_store_open(const struct wf_collect_store_opts *opts,
			  struct wf_collect_store **ret_store, char *ret_error)
{
	struct wf_collect_store *store = calloc(1, sizeof(*store));
	int err;

	snprintf(ret_error, WF_COLLECT_ERROR_BYTES, "out of memory");
	if (!store)
		return -ENOMEM;
	store->opts = *opts;
	store->dir = -1;
	store->journal.fd = -1;
	store->journal.wait_fn = wait_for_space;
	store->journal.wait_ctx = store;
	store->events.fd = -1;
	err = open_all(store, ret_error);
	if (err) {
		wf_collect_store_close(store);
		return err;
	}
	show_table(store);
	*ret_store = store;
	return 0;
}

void wf_collect_store_close(struct wf_collect_store *store)
{
	if (!store)
		return;
	if (store->scan)
		closedir(store->scan);
	wf_event_file_close(&store->events);
	if (store->files.slot)
		wf_collect_files_fini(&store->files);
	wf_collect_flows_fini(&store->flows);
	wf_journal_close(&store->journal);
	if (store->dir >= 0)
		close(store->dir);
	free(store);
}

const struct wf_journal_head *wf_collect_store_head(const struct wf_collect_store *store)
{
	return &store->head;
}

const struct wf_journal_position *wf_collect_store_position(const struct wf_collect_store *store)
{
	return &store->position;
}

int wf_collect_store_continue(struct wf_collect_store *store, int64_t created,
			      const struct wf_journal_position *position)
{
	if (store->head.created && store->head.created != created)
		wf_collect_say(store, WEFT_LOG_WARN,
			       "the stream %s was created again: it is read from its beginning",
			       store->head.stream);
	if (store->head.created == created &&
	    !memcmp(store->position.seq, position->seq, sizeof(position->seq)))
		return 0;
	store->head.created = created;
	memcpy(store->position.seq, position->seq, sizeof(position->seq));
	return begin_journal(store);
}

/* ---- commit ---- */

bool wf_collect_store_is_full(const struct wf_collect_store *store)
{
	return store->messages >= WF_COLLECT_BATCH_MESSAGES;
}

/* Record that the file of @item can't be written, and write no more to it. */
static void file_failed(struct wf_collect_store *store, struct wf_collect_item *item, int err)
{
	char name[WF_STREAM_NAME_BYTES];

	item->flow->has_failed[item->dir] = true;
	wf_collect_file_name(item->flow, item->dir, name);
	if (store->failed_files++ < FAILED_LOGGED_MAX)
		wf_collect_say(store, WEFT_LOG_ERROR,
			       "%s/%s: %s; the rest of this stream is not written", store->opts.dir,
			       name, strerror(-err));
}

/* Return true if the error @err concerns one file only. */
static bool is_of_file(int err)
{
	return err == -ELOOP || err == -EISDIR || err == -ESTALE || err == -EFBIG ||
	       err == -ENXIO || err == -ETXTBSY || err == -EOVERFLOW;
}

/* Write the bytes of the batch from item @*done on. */
static int write_items(struct wf_collect_store *store, int *done)
{
	for (; *done < store->items_count; ++*done) {
		struct wf_collect_item *item = &store->items[*done];
		int err = 0;

		if (!item->flow->has_failed[item->dir])
			err = wf_collect_files_write(&store->files, item->flow, item->dir,
						     item->bytes, item->len_bytes, item->off);
		if (err && is_of_file(err))
			file_failed(store, item, err);
		else if (err)
			return err;
		if (item->flow->has_failed[item->dir])
			wf_collect_count(store->opts.counts, failed_bytes, item->len_bytes);
		else
			wf_collect_count(store->opts.counts, bytes, item->len_bytes);
	}
	return 0;
}

static void close_ended(struct wf_collect_store *store)
{
	for (int i = 0; i < store->changed_count; i++)
		if (store->changed[i]->is_closed)
			wf_collect_files_close(&store->files, store->changed[i]);
}

/* Step 1 of a commit, and the bytes of step 2. */
static int write_part(struct wf_collect_store *store, int *done)
{
	int err = store->has_opened ? wf_journal_sync(&store->journal) : 0;

	if (err)
		return err;
	store->has_opened = false;
	return write_items(store, done);
}

int wf_collect_store_write(struct wf_collect_store *store)
{
	int done = 0;
	int err = store->err;

	while (!err && (err = write_part(store, &done)))
		if ((err = wait_for_space(err, store)))
			break;
	if (!err)
		store->items_count = 0;
	return err;
}

/* Step 2 of a commit. */
static int sync_batch(struct wf_collect_store *store)
{
	int err = wf_collect_files_sync(&store->files);

	return err ? err : wf_event_file_sync(&store->events);
}

/* Step 3, until wf_journal_sync(): the batch is done once the journal is on disk. */
static void append_batch(struct wf_collect_store *store)
{
	store->position.events_inode = store->events.inode;
	store->position.events_bytes = store->events.bytes;
	for (int i = 0; i < store->changed_count; i++) {
		wf_journal_end_off(&store->journal, store->changed[i]);
		store->changed[i]->is_changed = false;
	}
	wf_journal_commit(&store->journal, &store->position);
}

static int commit_batch(struct wf_collect_store *store)
{
	int err = wf_collect_store_write(store);

	if (err)
		return err;
	while ((err = sync_batch(store)))
		if ((err = wait_for_space(err, store)))
			return err;
	close_ended(store);
	append_batch(store);
	while ((err = wf_journal_sync(&store->journal)))
		if ((err = wait_for_space(err, store)))
			break;
	return err;
}

static void begin_batch(struct wf_collect_store *store)
{
	store->items_count = 0;
	store->changed_count = 0;
	store->messages = 0;
	store->has_opened = false;
	store->newest_ns = 0;
	store->flows.batch++;
	show_table(store);
}

int wf_collect_store_commit(struct wf_collect_store *store)
{
	struct wf_collect_counts *counts = store->opts.counts;
	uint64_t begin_ns = real_ns();
	int err;

	if (!store->messages && !store->err)
		return 0;
	err = commit_batch(store);
	if (err && err != -EINTR)
		wf_collect_say(store, WEFT_LOG_ERROR,
			       "%s: a batch can't be stored: %s; it is not acknowledged, and is "
			       "received again after the next start",
			       store->opts.dir, strerror(-err));
	if (err)
		return err;
	atomic_store(&counts->is_waiting_for_disk, false);
	wf_collect_count(counts, commits, 1);
	atomic_store(&counts->commit_ns, real_ns() - begin_ns);
	if (store->newest_ns)
		atomic_store(&counts->lag_ns,
			     real_ns() > store->newest_ns ? real_ns() - store->newest_ns : 0);
	begin_batch(store);
	return wf_journal_is_large(&store->journal) ? begin_journal(store) : 0;
}

int wf_collect_sync_later(struct wf_collect_store *store)
{
	int err = wf_journal_sync(&store->journal);

	return err == -ENOSPC || err == -EDQUOT ? 0 : err;
}

int wf_collect_store_reopen(struct wf_collect_store *store)
{
	int err = wf_event_file_reopen(&store->events);

	if (err) {
		wf_collect_say(store, WEFT_LOG_ERROR,
			       "%s can't be opened again: %s; lines are still written to the file "
			       "that was moved away",
			       store->opts.events, strerror(-err));
		return 0;
	}
	store->position.events_inode = store->events.inode;
	store->position.events_bytes = store->events.bytes;
	wf_journal_commit(&store->journal, &store->position);
	return wf_collect_sync_later(store);
}
