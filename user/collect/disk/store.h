/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h - puts messages on disk: each one once, whatever fails when.
 *
 *   wf_collect_store_add()      for each message of a batch: checks it, decides what it changes
 *   wf_collect_store_commit()   1. names of new files       → journal, on disk
 *                               2. bytes, lines of events   → files, on disk
 *                               3. ends, sequence numbers   → journal, on disk: the batch is done
 *
 * Messages are acknowledged after the commit. After a crash before step 3 ends, the same messages
 * come again and are processed from the same state, so they get the same files, offsets and lines;
 * lines of the unfinished batch are cut off first. After a crash later, their sequence numbers show
 * that they are done.
 *
 * Bounds: the table of connections, open files, WF_COLLECT_BATCH_MESSAGES in a batch. Thread: the
 * collector's.
 */
#ifndef WF_COLLECT_DISK_STORE_H
#define WF_COLLECT_DISK_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/log.h>

#include "bus/message.h"
#include "collect/disk/counts.h"
#include "collect/disk/journal.h"

enum {
	WF_COLLECT_BATCH_MESSAGES = 8192,
	WF_COLLECT_ERROR_BYTES = 512,
};

/* A message may begin at most this far after the end of what was received. */
#define WF_COLLECT_DISTANCE_MAX ((uint64_t)1 << 30)

/* Maximum offset of the first message of a connection, and maximum length of a gap or drop. */
#define WF_COLLECT_FIRST_MAX ((uint64_t)1 << 44)

struct wf_collect_store;

/*
 * struct wf_collect_store_opts - the directory and the limits of a store
 * @dir: directory of stream files, created if it is missing; borrowed
 * @events: file of events; "-": standard output; borrowed
 * @head: shard, partitions and stream; other members are ignored
 * @is_reshard: the directory may have a journal of another shard
 * @max_open: maximum number of open stream files; 0: the default
 * @flows_max: maximum number of connections
 * @retain_sec: finished files are removed at this age; 0: never
 * @counts: borrowed
 * @should_stop: returns true when the process is to end; called while the store waits for disk
 * space
 * @free_space: called while the store waits for disk space, too; NULL: nothing can free any
 */
struct wf_collect_store_opts {
	const char *dir;
	const char *events;
	struct wf_journal_head head;
	bool is_reshard;
	uint32_t max_open;
	uint32_t flows_max;
	uint64_t retain_sec;
	struct wf_collect_counts *counts;
	bool (*should_stop)(void);
	void (*free_space)(struct wf_collect_store *store);
	weft_log_fn log;
	void *log_ctx;
};

enum wf_collect_result {
	/* message accepted; its body must stay valid until the next write or commit */
	WF_COLLECT_TAKEN = 0,
	/* nothing new: it was collected before, or comes after the end of its connection */
	WF_COLLECT_KNOWN,
	WF_COLLECT_REJECTED,
};

/*
 * Open the directory, and recover what was done before. Waits while the disk is too full for the
 * journal. @ret_error: WF_COLLECT_ERROR_BYTES bytes. Return: 0; -EBUSY if another collector uses
 * the directory or file; -EEXIST if the directory belongs to another shard or stream, or has stream
 * files but no journal; -EINTR if should_stop() is true and the disk is full; other negative errno.
 */
int wf_collect_store_open(const struct wf_collect_store_opts *opts,
			  struct wf_collect_store **ret_store, char *ret_error);
void wf_collect_store_close(struct wf_collect_store *store);

/*
 * Return the head of the journal, and the position after the last message that was added; between
 * batches this is the position of the last commit.
 */
const struct wf_journal_head *wf_collect_store_head(const struct wf_collect_store *store);
const struct wf_journal_position *wf_collect_store_position(const struct wf_collect_store *store);

/*
 * Record when the stream was created, and from where each partition continues, before the first
 * message of a connection to the server. Waits while the disk is full. Return: as
 * wf_collect_store_commit().
 */
int wf_collect_store_continue(struct wf_collect_store *store, int64_t created,
			      const struct wf_journal_position *position);

/*
 * Process the message with sequence number @seq of @partition, which is larger than that of all
 * earlier ones of this partition.
 */
enum wf_collect_result wf_collect_store_add(struct wf_collect_store *store, uint32_t partition,
					    uint64_t seq, const struct wf_bus_message *message);

/* Count a message that the caller has rejected for @fault, and record its sequence number. */
void wf_collect_store_reject(struct wf_collect_store *store, uint32_t partition, uint64_t seq,
			     enum wf_bus_fault fault);

/* Return true if the batch must be committed before further messages are added. */
bool wf_collect_store_is_full(const struct wf_collect_store *store);

/*
 * Write the bytes of the batch so far, so that their messages may be freed, and the disk begins to
 * store them. Return: as wf_collect_store_commit().
 */
int wf_collect_store_write(struct wf_collect_store *store);

/*
 * Put the batch on disk. Waits while the disk is full. Return: 0; -EINTR if should_stop() is true
 * and the disk is full; other negative errno: nothing more can be stored.
 */
int wf_collect_store_commit(struct wf_collect_store *store);

/*
 * wf_collect_store_opts.free_space: remove all old files, except those to which the current batch
 * has bytes to write.
 */
void wf_collect_free_space(struct wf_collect_store *store);

/* Between batches: remove old files, in small steps. Return: 0; negative errno as commit. */
int wf_collect_store_tidy(struct wf_collect_store *store);

/*
 * Between batches: open the file of events again; if that fails (logged), the former file stays
 * open. Return: 0, also if that fails; negative errno as commit.
 */
int wf_collect_store_reopen(struct wf_collect_store *store);

#endif
