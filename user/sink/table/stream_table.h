/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_table.h - the table of incomplete stream files: streams, written lengths and descriptors.
 *
 * The table stores descriptor numbers but does no I/O. Two lists are ordered by last use: one of
 * all files, whose oldest is forgotten first, and one of open files, whose oldest is closed first.
 *
 * Memory: WEFT_FILES_TRACKED_MAX entries, touched only as they are used. Thread: the sink's.
 */
#ifndef WF_SINK_TABLE_STREAM_TABLE_H
#define WF_SINK_TABLE_STREAM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/flow.h>

#define WF_STREAM_NONE 0u

/* Return the key of a stream: not 0, and below 2^55, because flow ids are below 2^53. */
static inline uint64_t wf_stream_key(uint64_t flow_id, enum weft_dir dir)
{
	return (flow_id << 1 | dir) + 1;
}

struct wf_file_gap;

struct wf_stream_links {
	uint32_t older;
	uint32_t newer;
};

struct wf_stream_file {
	uint64_t key;	      /* combines flow id and direction; 0: entry is free */
	uint64_t inode;	      /* inode of the file, once created; 0: read when it is opened again */
	uint64_t written_off; /* file offset after the last byte that was written */
	uint32_t chain;	      /* next entry of its hash bucket, or of the free list */
	uint32_t number;      /* number N in the name of the file */
	bool by_tenant;	      /* the name contains the VLAN ids and the VNI */
	uint8_t dir;	      /* index of its directory; set before the file is made */
	/* owned by the sink: last range that was not written; NULL: none, or already reported */
	struct wf_file_gap *missing;
	int fd; /* descriptor of the file; -1: not open */
	bool made;
	bool wrote;  /* at least one byte was written */
	bool failed; /* opening or writing failed: further bytes are counted as failed */
	/* index + 1 of the first event of the batch to be written; 0: none */
	uint16_t first_pending;
	uint16_t last_pending;
	struct wf_stream_links all;
	struct wf_stream_links open;
};

struct wf_stream_list {
	uint32_t oldest;
	uint32_t newest;
	uint32_t count;
};

struct wf_stream_table {
	struct wf_stream_file *files; /* owned; index 0 is not used */
	uint32_t *buckets;	      /* owned */
	uint32_t max;		      /* number of entries */
	uint32_t used;		      /* number of entries that were ever used */
	uint32_t free; /* head of the list of entries that were used and are free again */
	struct wf_stream_list all;
	struct wf_stream_list open;
};

/* Initialise a table of @max entries. Return: 0 on success; -ENOMEM. */
int wf_stream_table_init(struct wf_stream_table *table, uint32_t max);
void wf_stream_table_fini(struct wf_stream_table *table);

/* Return the entry of a stream; NULL if there is none. */
struct wf_stream_file *wf_stream_table_find(struct wf_stream_table *table, uint64_t flow_id,
					    enum weft_dir dir);

/*
 * Return a new entry with fd -1; NULL if the table is full: the caller must first remove the oldest
 * entry.
 */
struct wf_stream_file *wf_stream_table_add(struct wf_stream_table *table, uint64_t flow_id,
					   enum weft_dir dir);
void wf_stream_table_remove(struct wf_stream_table *table, struct wf_stream_file *file);

/* Record that @file is used now. */
void wf_stream_table_touch(struct wf_stream_table *table, struct wf_stream_file *file);

/* Set the descriptor of @file and update the list of open files. @fd: -1 if the file was closed. */
void wf_stream_table_set_fd(struct wf_stream_table *table, struct wf_stream_file *file, int fd);

/* Return the file that was used longest ago; NULL if there is none. */
struct wf_stream_file *wf_stream_table_oldest(struct wf_stream_table *table);

/* Return the file that was used next after @file; NULL if @file was used last. */
struct wf_stream_file *wf_stream_table_newer(struct wf_stream_table *table,
					     const struct wf_stream_file *file);

/* Return the open file that was used longest ago; NULL if no file is open. */
struct wf_stream_file *wf_stream_table_oldest_open(struct wf_stream_table *table);

bool wf_stream_table_is_valid(const struct wf_stream_table *table);

#endif
