/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal.h - what a collector must know after a restart, in the file .weft-collect of its
 * directory: which connection has which files, and which messages are done.
 *
 * A line is the CRC-32 of the rest, a letter and fields:
 *
 *   H 1 <id> <stream> <created> <shard> <shards> <partitions>   the first line
 *   O <partition> <flow> <name> <number> <tenant>   the connection's files have this number
 *   E <flow> <end> <end>          offset after what is done, to the server and to the client
 *   X <flow>                      the connection has ended
 *   V <flow>                      the connection was removed from the table
 *   C <inode> <bytes> <partition>:<sequence>,...    commit: all messages up to these sequence
 *                                 numbers are done, and the file of events has this length
 *
 * O is valid at once; E, X and V become valid with the next C. So a file of a connection is created
 * only after its O is on disk, and after a crash in the middle of a batch the same messages get the
 * same files again, are written to the same offsets, and their events, cut off at the length in C,
 * are written once. A connection without an E has a name only: none of its messages is done.
 *
 * Thread: the collector's.
 */
#ifndef WF_COLLECT_DISK_JOURNAL_H
#define WF_COLLECT_DISK_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/names.h"
#include "collect/disk/flow_table.h"

#define WF_JOURNAL_NAME	    ".weft-collect"
#define WF_JOURNAL_NEW_NAME ".weft-collect.new"

enum {
	WF_JOURNAL_ID_BYTES = 33,
	WF_JOURNAL_STREAM_BYTES = 128,
	WF_JOURNAL_BUF_BYTES = 4 << 20,
	WF_JOURNAL_LINE_BYTES = 8192,
};

/*
 * struct wf_journal_head - the directory, the stream and the shard to which a journal belongs
 * @id: random name of the directory
 * @created: time at which the stream was created, in ns since 1970; 0: not known yet
 */
struct wf_journal_head {
	char id[WF_JOURNAL_ID_BYTES];
	char stream[WF_JOURNAL_STREAM_BYTES];
	int64_t created;
	uint32_t shard, shards;
	uint32_t partitions;
};

/*
 * struct wf_journal_position - what is done
 * @seq: by partition, sequence number in the stream of the last message that is done; 0: none
 * @events_inode, @events_bytes: the file of events, and its length; inode 0: none
 */
struct wf_journal_position {
	uint64_t seq[WF_BUS_PARTITIONS_MAX];
	uint64_t events_inode;
	uint64_t events_bytes;
};

struct wf_journal {
	int dir; /* borrowed */
	int fd;	 /* owned; -1: not open */
	uint64_t file_bytes;
	uint64_t compact_bytes; /* length after the last compaction */
	size_t len;
	char *bytes;	       /* owned: WF_JOURNAL_BUF_BYTES */
	bool has_failed_write; /* since the last sync */
	int err; /* not 0: a record is lost, or may be, so later calls fail with this error */
	/*
	 * Called if the buffer is full and writing it fails with @err. Return: 0: write again;
	 * negative errno: the record is lost. NULL: it is lost at once. wf_journal_begin() keeps
	 * this member of the journal that it replaces.
	 */
	int (*wait_fn)(int err, void *ctx);
	void *wait_ctx;
};

/*
 * Read the journal of @dir into the empty @table and the other arguments. From the first line on
 * that is incomplete or has a wrong CRC, the journal is ignored. Return: 0; -ENOENT if there is no
 * journal; -EBADMSG if its first line is not of a journal that this version can read; other
 * negative errno.
 */
int wf_journal_read(int dir, struct wf_journal_head *ret_head, struct wf_collect_flows *table,
		    struct wf_journal_position *ret_position);

/* Make a random name for a directory. Return: 0; -EIO. */
int wf_journal_new_id(char ret_id[WF_JOURNAL_ID_BYTES]);

/*
 * Write a journal of the contents of @table, and replace the one of @dir with it; later records are
 * appended to it. Return: 0; negative errno.
 */
int wf_journal_begin(struct wf_journal *journal, int dir, const struct wf_journal_head *head,
		     const struct wf_collect_flows *table,
		     const struct wf_journal_position *position);

/* Return true if most of the journal is outdated, so that wf_journal_begin() makes it smaller. */
bool wf_journal_is_large(const struct wf_journal *journal);

/* Append a record to the buffer. */
void wf_journal_open_flow(struct wf_journal *journal, const struct wf_collect_flow *flow);
void wf_journal_end_off(struct wf_journal *journal, const struct wf_collect_flow *flow);
void wf_journal_end_flow(struct wf_journal *journal, const struct wf_collect_flow *flow);
void wf_journal_remove_flow(struct wf_journal *journal, const struct wf_collect_flow *flow);
void wf_journal_commit(struct wf_journal *journal, const struct wf_journal_position *position);

/*
 * Write all records to disk. Return: 0; -ENOSPC, -EDQUOT: a later call may succeed, unless
 * journal->err is set; other negative errno, also of an earlier append.
 */
int wf_journal_sync(struct wf_journal *journal);

void wf_journal_close(struct wf_journal *journal);

#endif
