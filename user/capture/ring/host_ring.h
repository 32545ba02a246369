/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_ring.h - a source that reads one worker's two BPF ring buffers, whose records are struct
 * weft_host_record: a first ring, and an overflow ring that is used while the first one is full.
 * bpf/host_ring.h says why there are two.
 *
 * The programs commit and discard records with flags 0: the kernel then wakes the worker only if
 * the worker has given back all earlier records. If a record were discarded with BPF_RB_NO_WAKEUP,
 * no later record would wake the worker.
 *
 * Thread: main opens and closes the source; in between only its worker uses it. Any thread may read
 * the counters.
 */
#ifndef WF_CAPTURE_RING_HOST_RING_H
#define WF_CAPTURE_RING_HOST_RING_H

#include <stdint.h>

struct wf_host_ring;
struct wf_source;

struct wf_host_ring_counts {
	uint64_t received_frames;
	uint64_t invalid_frames; /* records without a valid size or link type, which are not read */
};

struct wf_host_ring_opts {
	int first_fd; /* BPF_MAP_TYPE_RINGBUF; the source keeps a duplicate */
	int overflow_fd;
	uint64_t first_bytes; /* max_entries of the map */
	uint64_t overflow_bytes;
	/*
	 * how much weft_host_record.time_ns may be behind CLOCK_MONOTONIC: wf_clock_tick_ns(), or 0
	 * if the programs read the exact clock
	 */
	uint64_t lag_ns;
};

/* Map both rings. Return: 0; -ENOMEM; other negative errno (logged). */
int wf_host_ring_open(const struct wf_host_ring_opts *opts, struct wf_host_ring **ret_ring);

/* Return the source, whose close() frees the ring. */
struct wf_source *wf_host_ring_source(struct wf_host_ring *ring);

void wf_host_ring_counts(const struct wf_host_ring *ring, struct wf_host_ring_counts *ret_counts);

/* Return: fill level of both rings together in percent. Thread: any. */
uint32_t wf_host_ring_fill_percent(const struct wf_host_ring *ring);

#endif
