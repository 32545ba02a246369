/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_table.h - the stream files that are not complete yet: their streams, written lengths and
 * descriptors.
 *
 * The table does not use files itself, it only keeps descriptor numbers. Two lists are ordered by
 * last use: all files, to forget the one that was idle longest, and the open files, to close that
 * one.
 *
 * Memory: WEFT_FILES_TRACKED_MAX entries, touched only as they are used. Thread: the sink's.
 */
#ifndef WF_SINK_STREAM_TABLE_H
#define WF_SINK_STREAM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/flow.h>

#define WF_STREAM_NONE 0u

struct wf_stream_links {
	uint32_t older;
	uint32_t newer;
};

struct wf_stream_file {
	uint64_t key;	      /* of flow id and direction; 0: entry is free */
	uint64_t inode;	      /* of the file, once made */
	uint64_t written_off; /* where the next byte goes */
	uint32_t chain;	      /* next in its hash bucket, or free entry */
	uint32_t number;      /* N of its name */
	int fd;		      /* -1: closed now */
	bool made;
	bool failed;		/* could not be written: further bytes are counted and dropped */
	uint16_t first_pending; /* first event of the batch that is to be written, + 1; 0: none */
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
	uint32_t max;		      /* entries */
	uint32_t used; /* entries that were ever used; the others were never touched */
	uint32_t free; /* first of the free entries that were used before */
	struct wf_stream_list all;
	struct wf_stream_list open;
};

/* Return: 0; -ENOMEM. */
int wf_stream_table_init(struct wf_stream_table *table, uint32_t max);
void wf_stream_table_fini(struct wf_stream_table *table);

/* Return: the entry; NULL: there is none. */
struct wf_stream_file *wf_stream_table_find(struct wf_stream_table *table, uint64_t flow_id,
					    enum weft_dir dir);

/* Returns a new entry, with fd -1; NULL: the table is full, see the oldest one. */
struct wf_stream_file *wf_stream_table_add(struct wf_stream_table *table, uint64_t flow_id,
					   enum weft_dir dir);
void wf_stream_table_remove(struct wf_stream_table *table, struct wf_stream_file *file);

/* Records that @file was used now. */
void wf_stream_table_touch(struct wf_stream_table *table, struct wf_stream_file *file);

/* @fd: -1: it was closed. */
void wf_stream_table_set_fd(struct wf_stream_table *table, struct wf_stream_file *file, int fd);

/* The file that was used longest ago; NULL: there is none. */
struct wf_stream_file *wf_stream_table_oldest(struct wf_stream_table *table);
struct wf_stream_file *wf_stream_table_oldest_open(struct wf_stream_table *table);

bool wf_stream_table_is_valid(const struct wf_stream_table *table);

#endif
