/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_internal.h - the state of a store, shared by store.c, admit.c and retain.c.
 */
#ifndef WF_COLLECT_DISK_STORE_INTERNAL_H
#define WF_COLLECT_DISK_STORE_INTERNAL_H

#include <dirent.h>

#include "collect/disk/event_file.h"
#include "collect/disk/files.h"
#include "collect/disk/flow_table.h"
#include "collect/disk/journal.h"
#include "collect/disk/store.h"
#include "sink/format/eve_event.h"

/* Bytes of one message of a batch, which are to be written to a stream file. */
struct wf_collect_item {
	struct wf_collect_flow *flow;
	enum weft_dir dir;
	const void *bytes;
	size_t len_bytes;
	uint64_t off;
};

struct wf_collect_store {
	struct wf_collect_store_opts opts;
	int dir; /* owned */
	struct wf_journal journal;
	struct wf_journal_head head;
	struct wf_journal_position position; /* after the last message of the current batch */
	struct wf_collect_flows flows;
	struct wf_collect_files files;
	struct wf_event_file events;
	struct wf_eve_clock clock;

	struct wf_collect_item items[WF_COLLECT_BATCH_MESSAGES];
	int items_count;
	/* connections for which the commit writes E records */
	struct wf_collect_flow *changed[WF_COLLECT_BATCH_MESSAGES];
	int changed_count;
	int messages; /* number of messages of the batch */
	int err;      /* error in the middle of the batch, which prevents its commit */
	bool has_opened;
	uint64_t newest_ns; /* capture time of the newest message of the batch */
	/* number of files that can't be written; only the first ones are logged */
	uint32_t failed_files;
	bool said[WF_BUS_FAULT_COUNT];
	bool said_twin;

	DIR *scan; /* owned: the directory during a search for old files; NULL: no search */
	int64_t next_scan_sec;
};

void wf_collect_say(const struct wf_collect_store *store, enum weft_log_level level,
		    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Remove @flow from the table and the journal; its files are closed. */
void wf_collect_forget(struct wf_collect_store *store, struct wf_collect_flow *flow);

/*
 * Write the journal to disk. If the disk is full, the next commit writes it, or fails if this was a
 * failed sync. Return: 0; negative errno.
 */
int wf_collect_sync_later(struct wf_collect_store *store);

/* Return the time of CLOCK_MONOTONIC in seconds. */
int64_t wf_collect_now_sec(void);

#endif
