/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_ring.h - a source that reads one worker's BPF ring buffer, whose records are struct
 * weft_host_record.
 *
 * The programs commit and discard records with flags 0: the kernel then wakes the worker only if it
 * has read all earlier records. After a discard with BPF_RB_NO_WAKEUP, no later record would wake
 * it.
 *
 * Bound: the size of the ring, whose memory belongs to the BPF map. The mapping in user space adds
 * only page table entries.
 *
 * Thread: main opens the source; then only its worker uses it. Any thread may read the counters.
 */
#ifndef WF_CAPTURE_RING_HOST_RING_H
#define WF_CAPTURE_RING_HOST_RING_H

#include <stdint.h>

struct wf_host_ring;
struct wf_source;

struct wf_host_ring_counts {
	uint64_t received_frames;
	uint64_t invalid_frames; /* records that were dropped because their sizes are impossible */
};

/*
 * Map the ring buffer @map_fd (BPF_MAP_TYPE_RINGBUF) of @bytes (its max_entries). @lag_ns: maximum
 * lag of weft_host_record.time_ns; wf_clock_tick_ns(), or 0 if the programs read the exact clock.
 * The source keeps a duplicate of @map_fd.
 *
 * Return: 0 or negative errno (logged).
 */
int wf_host_ring_open(int map_fd, uint64_t bytes, uint64_t lag_ns, struct wf_host_ring **ret_ring);

/* Return the source, whose close() frees the ring. */
struct wf_source *wf_host_ring_source(struct wf_host_ring *ring);

void wf_host_ring_counts(const struct wf_host_ring *ring, struct wf_host_ring_counts *ret_counts);

/* Return: fill level of the ring in percent. */
uint32_t wf_host_ring_fill_percent(const struct wf_host_ring *ring);

#endif
