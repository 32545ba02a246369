/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_full.h - decides when an output whose disk is full tries to write again, and logs this
 * state.
 *
 * A quota that is used up counts as a full disk. Each output has its own state; thread: the sink's.
 */
#ifndef WF_SINK_DISK_FULL_H
#define WF_SINK_DISK_FULL_H

#include <stdbool.h>
#include <stdint.h>

struct wf_sink;

struct wf_disk_full {
	bool full;
	bool is_logged;	    /* a full disk was logged, so that its end is logged, too */
	int err;	    /* negative errno of the last failure */
	uint64_t retry_ns;  /* CLOCK_MONOTONIC time of the next attempt to write */
	uint64_t logged_ns; /* time at which a full disk was last logged; 0: never */
};

/* Return true if @err, a negative errno, means that the disk is full and that @sink continues. */
bool wf_disk_full_continues(const struct wf_sink *sink, int err);

/* Record that writing @name failed with @err, and that @sink continues. */
void wf_disk_full_begin(struct wf_disk_full *disk, struct wf_sink *sink, const char *name, int err);

/* Return true if the disk is full and it is too early for another attempt to write. */
bool wf_disk_full_waits(const struct wf_disk_full *disk);

/* Record that a write succeeded. */
void wf_disk_full_end(struct wf_disk_full *disk, struct wf_sink *sink, const char *name);

#endif
