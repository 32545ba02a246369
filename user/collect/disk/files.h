/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files.h - the stream files of a collector: opened below its directory, written at their offsets.
 *
 * Bound: @max open files; at the limit, the one whose is_dirty was set longest ago is closed.
 * Thread: the collector's.
 */
#ifndef WF_COLLECT_DISK_FILES_H
#define WF_COLLECT_DISK_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/disk/flow_table.h"

/* struct wf_collect_file - an open file; @flow NULL: the slot is free */
struct wf_collect_file {
	int fd;
	enum weft_dir dir;
	bool is_dirty;	      /* bytes were written since the last sync */
	uint32_t begun_bytes; /* number of bytes that the kernel was not yet asked to store */
	/* slots of the list in the order in which is_dirty was last set */
	uint32_t older, newer;
	struct wf_collect_flow *flow; /* borrowed */
};

struct wf_collect_files {
	int dir; /* borrowed */
	uint32_t max, count;
	uint32_t oldest, newest, free; /* slots */
	uint32_t dirty_count;
	bool has_made;	    /* a file was created since the last sync */
	bool must_sync_all; /* a write failed, or a file was closed before its sync */
	int err; /* not 0: a sync failed, so later syncs fail with this error; see sync.h */
	struct wf_collect_file *slot; /* owned: @max + 1 entries; slot 0 is not used */
};

/*
 * Return the number of stream files that may be open: @wanted (0: the default), or fewer if the
 * process may not have so many open, but at least 8.
 */
uint32_t wf_collect_files_fit(uint32_t wanted);

/* Initialise @files for the directory @dir. Return: 0; -ENOMEM. */
int wf_collect_files_init(struct wf_collect_files *files, int dir, uint32_t max);
void wf_collect_files_fini(struct wf_collect_files *files);

/* Return true if the directory has a file with either name of the connection @peers. */
bool wf_collect_files_exist(const struct wf_collect_files *files, const struct weft_flow *peers,
			    struct wf_stream_number number);

/* Write the name of the file of direction @dir. */
void wf_collect_file_name(const struct wf_collect_flow *flow, enum weft_dir dir, char *ret_name);

/*
 * Write @len bytes at @off of the file of @flow and @dir, which is created if it is missing.
 * Return: 0; negative errno.
 */
int wf_collect_files_write(struct wf_collect_files *files, struct wf_collect_flow *flow,
			   enum weft_dir dir, const void *bytes, size_t len, uint64_t off);

/* Close the files of @flow. */
void wf_collect_files_close(struct wf_collect_files *files, struct wf_collect_flow *flow);

/*
 * Wait until everything that was written is on disk. Return: 0; negative errno: bytes may be lost,
 * and later calls fail, too.
 */
int wf_collect_files_sync(struct wf_collect_files *files);

#endif
