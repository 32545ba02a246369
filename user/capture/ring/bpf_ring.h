/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_ring.h - reads the records of one BPF ring buffer, in order.
 *
 * Reading and giving back are separate: the kernel may overwrite a record only after
 * wf_bpf_ring_give_back().
 *
 * Bound: the size of the ring, whose memory belongs to the BPF map. The mapping in user space adds
 * only page table entries.
 *
 * Thread: main opens and closes the ring; in between only its worker uses it. wf_bpf_ring_used()
 * may be called in any thread.
 */
#ifndef WF_CAPTURE_RING_BPF_RING_H
#define WF_CAPTURE_RING_BPF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wf_bpf_ring {
	int fd;				       /* owned; -1: not open */
	_Atomic unsigned long *consumer;       /* owned mapping */
	const _Atomic unsigned long *producer; /* owned mapping; the data follow this page */
	const uint8_t *data;
	uint64_t bytes;
	size_t page_bytes;
	uint64_t end_pos;  /* records before this position may be read: see wf_bpf_ring_look() */
	uint64_t read_pos; /* position of the next record to read */
	uint64_t last_pos; /* position of the last record that was read */
};

enum wf_bpf_record_state {
	WF_BPF_RECORD_NONE, /* the next record does not exist, or is still being written */
	WF_BPF_RECORD_READY,
	WF_BPF_RECORD_DISCARDED,
	WF_BPF_RECORD_INVALID, /* of impossible length; next_pos is end_pos: the rest is skipped */
};

struct wf_bpf_record {
	enum wf_bpf_record_state state;
	bool is_busy; /* state NONE: the record is still being written */
	const uint8_t *bytes;
	uint32_t len;
	uint64_t next_pos;
};

/*
 * Map the ring buffer @map_fd (BPF_MAP_TYPE_RINGBUF) of @bytes (its max_entries); the ring keeps a
 * duplicate of @map_fd. Return: 0 or negative errno (logged).
 */
int wf_bpf_ring_open(struct wf_bpf_ring *ring, int map_fd, uint64_t bytes);

/* Close a ring that was opened, or whose opening failed. */
void wf_bpf_ring_close(struct wf_bpf_ring *ring);

/* Set end_pos to the end of the last record that the kernel has reserved. */
void wf_bpf_ring_look(struct wf_bpf_ring *ring);

/* Return the next record before end_pos, without passing it. */
struct wf_bpf_record wf_bpf_ring_peek(const struct wf_bpf_ring *ring);

/* Make the record after @record the next one. */
void wf_bpf_ring_pass(struct wf_bpf_ring *ring, const struct wf_bpf_record *record);

/*
 * Allow the kernel to overwrite the records that were passed. @all: false: all but the last one, so
 * that no later record wakes the reader: see host_ring.c.
 */
void wf_bpf_ring_give_back(struct wf_bpf_ring *ring, bool all);

/* Return the number of bytes in use, at most the size of the ring. Thread: any. */
uint64_t wf_bpf_ring_used(const struct wf_bpf_ring *ring);

#endif
