// SPDX-License-Identifier: BSD-2-Clause
/*
 * host_ring.c - reads the records of a worker's two BPF ring buffers in the order of their writing,
 * and lends their bytes in batches.
 *
 * Order: the program puts a record into the overflow ring if the first ring is full. A record of
 * the first ring holds the number of records that were put into the overflow ring before it, and is
 * read after those records. As one connection's packets may be written by several CPUs, only the
 * order in which one CPU wrote its records is certain, as with a single ring.
 *
 * Wake-ups: on commit of a record, the kernel wakes the reader only if the consumer position is
 * that of the record. While wake-ups are off, done() therefore leaves the last record that was read
 * in the ring, so that later records wake no reader. The kernel's commit and set_wake() each write
 * one word, execute a full barrier, then read the word of the other. So either the commit wakes the
 * reader, or recv finds the record.
 */
#include "capture/ring/host_ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arrival_clock.h"
#include "base/assert.h"
#include "bpf/shared.h"
#include "capture/ring/bpf_ring.h"
#include "capture/source.h"

enum {
	/*
	 * With less free space than this, a packet may have been lost: most packets are at most 64
	 * KiB long.
	 */
	OVERRUN_ROOM_BYTES = 65536 + sizeof(struct weft_host_record),
	OVERRUN_ROOM_PARTS = 8, /* upper bound of that limit: 1/8 of the ring */
	/* a ring of which more than 1/4 is in use is tight: the worker does not sleep */
	TIGHT_PARTS = 4,
	/* a ring of which more than 1/8 is in use is filling: the worker sleeps for less time */
	FILLING_PARTS = 8,
};

/*
 * Value of overflow_read after an invalid record of the overflow ring, where the number of records
 * that were skipped is unknown. It exceeds all counts in records, so records of the first ring no
 * longer wait for records of the overflow ring.
 */
#define ORDER_LOST (UINT64_MAX / 2)

struct wf_host_ring {
	struct wf_source source;
	struct wf_bpf_ring first;
	struct wf_bpf_ring overflow;
	/* number of records of the overflow ring that were read; or at least ORDER_LOST */
	uint64_t overflow_read;
	bool wakes;
	/* when the last batch was taken, more than 1/TIGHT_PARTS of a ring was in use */
	bool is_tight;
	struct wf_arrival_clock clock;
	_Atomic uint64_t received_frames; /* written by the worker */
	_Atomic uint64_t invalid_frames;
};

static void count(_Atomic uint64_t *counter, uint64_t frames)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + frames,
			      memory_order_relaxed);
}

static uint16_t frame_flags(uint16_t flags)
{
	return (uint16_t)(WF_FRAME_LENT | (flags & WEFT_HOST_HASHED ? WF_FRAME_HASHED : 0) |
			  (flags & WEFT_HOST_EGRESS ? WF_FRAME_TX_OFFLOAD : 0) |
			  (flags & WEFT_HOST_GSO ? WF_FRAME_GSO : 0));
}

/*
 * Lend the packet of a record of @len bytes. Return: false if its sizes or its link type are
 * invalid.
 */
static bool lend(const struct wf_host_ring *ring, const uint8_t *bytes, uint32_t len,
		 struct wf_frame *ret_frame)
{
	struct weft_host_record record;

	if (len < sizeof(record))
		return false;
	memcpy(&record, bytes, sizeof(record));
	if (!record.cap_bytes || record.cap_bytes > len - sizeof(record) ||
	    record.wire_bytes < record.cap_bytes || record.link >= WEFT_LINK_COUNT)
		return false;
	*ret_frame = (struct wf_frame){
		.bytes = bytes + sizeof(record),
		.time_ns = wf_arrival_clock_monotonic(&ring->clock, record.time_ns) +
			   ring->clock.realtime_offset_ns,
		.skew_ns = ring->clock.realtime_offset_ns,
		.cap_bytes = record.cap_bytes,
		.wire_bytes = record.wire_bytes,
		.hash = record.hash,
		.policy = (uint8_t)record.policy,
		.flags = frame_flags(record.flags),
		.link = record.link,
		.vlan = {record.vlan[0], record.vlan[1]},
	};
	return true;
}

/*
 * Return true if @record, of the first ring, was written after a record of the overflow ring that
 * was not read yet.
 */
static bool must_wait(const struct wf_host_ring *ring, const struct wf_bpf_record *record)
{
	uint64_t overflowed;

	if (record->state != WF_BPF_RECORD_READY || record->len < sizeof(struct weft_host_record))
		return false;
	memcpy(&overflowed, record->bytes + offsetof(struct weft_host_record, overflowed),
	       sizeof(overflowed));
	return overflowed > ring->overflow_read;
}

/* Pass the next record of the overflow ring. Return: the record. */
static struct wf_bpf_record take_overflow(struct wf_host_ring *ring)
{
	struct wf_bpf_record record = wf_bpf_ring_peek(&ring->overflow);

	if (record.state == WF_BPF_RECORD_NONE)
		return record;
	wf_bpf_ring_pass(&ring->overflow, &record);
	ring->overflow_read++;
	if (record.state == WF_BPF_RECORD_INVALID)
		ring->overflow_read = ORDER_LOST;
	return record;
}

/*
 * Step past the record that comes next in the order of both rings, and return it. Return: no record
 * if there is none, or if it is still being written.
 */
static struct wf_bpf_record take_next(struct wf_host_ring *ring)
{
	struct wf_bpf_record record = wf_bpf_ring_peek(&ring->first);

	if (record.is_busy)
		return record; /* the record that is still being written may come next */
	if (record.state == WF_BPF_RECORD_NONE)
		return take_overflow(ring);
	if (wf_unlikely(must_wait(ring, &record))) {
		/*
		 * The record of the overflow ring that must be read first was reserved before
		 * @record, so wf_bpf_ring_look() finds it.
		 */
		if (ring->overflow.read_pos == ring->overflow.end_pos)
			wf_bpf_ring_look(&ring->overflow);
		return take_overflow(ring);
	}
	wf_bpf_ring_pass(&ring->first, &record);
	return record;
}

/* Return true if more than 1/@parts of a ring is in use. */
static bool is_used(const struct wf_host_ring *ring, uint64_t first_used, uint64_t overflow_used,
		    unsigned int parts)
{
	return first_used > ring->first.bytes / parts ||
	       overflow_used > ring->overflow.bytes / parts;
}

/*
 * Set overran, is_tight and is_filling. @first_used, @overflow_used: bytes of each ring that are in
 * use before a batch is taken.
 */
static void note_fill(struct wf_host_ring *ring, uint64_t first_used, uint64_t overflow_used)
{
	uint64_t room = ring->overflow.bytes / OVERRUN_ROOM_PARTS;

	if (room > OVERRUN_ROOM_BYTES)
		room = OVERRUN_ROOM_BYTES;
	/* The kernel has probably lost packets. */
	if (wf_unlikely(overflow_used > ring->overflow.bytes - room))
		ring->source.overran = true;
	ring->is_tight = is_used(ring, first_used, overflow_used, TIGHT_PARTS);
	ring->source.is_filling = is_used(ring, first_used, overflow_used, FILLING_PARTS);
}

static int source_recv(struct wf_source *source, struct wf_frame *frames, unsigned int max)
{
	struct wf_host_ring *ring = (struct wf_host_ring *)source;
	unsigned int taken = 0;

	/*
	 * Look at the overflow ring first: if a record of it is found, the later look at the first
	 * ring finds all records that the same CPU wrote to the first ring before it.
	 */
	wf_bpf_ring_look(&ring->overflow);
	wf_bpf_ring_look(&ring->first);
	source->is_filling = false;
	if (ring->first.end_pos == ring->first.read_pos &&
	    ring->overflow.end_pos == ring->overflow.read_pos)
		return 0;
	note_fill(ring, wf_bpf_ring_used(&ring->first), wf_bpf_ring_used(&ring->overflow));
	wf_arrival_clock_read(&ring->clock);
	while (taken < max) {
		struct wf_bpf_record record = take_next(ring);

		if (record.state == WF_BPF_RECORD_NONE)
			break;
		if (record.state == WF_BPF_RECORD_DISCARDED)
			continue;
		if (wf_likely(record.state == WF_BPF_RECORD_READY &&
			      lend(ring, record.bytes, record.len, &frames[taken])))
			taken++;
		else
			count(&ring->invalid_frames, 1);
	}
	count(&ring->received_frames, taken);
	return (int)taken;
}

static void source_done(struct wf_source *source)
{
	struct wf_host_ring *ring = (struct wf_host_ring *)source;

	wf_bpf_ring_give_back(&ring->first, ring->wakes);
	wf_bpf_ring_give_back(&ring->overflow, ring->wakes);
}

static void source_set_wake(struct wf_source *source, bool on)
{
	struct wf_host_ring *ring = (struct wf_host_ring *)source;

	ring->wakes = on;
	if (!on)
		return;
	source_done(source);
	/* Pairs with the kernel's exchange on commit: see the top of this file. */
	atomic_thread_fence(memory_order_seq_cst);
}

static int source_fds(struct wf_source *source, int *ret_fds, int max)
{
	const struct wf_host_ring *ring = (const struct wf_host_ring *)source;

	/*
	 * While wake-ups are off, the last record stays in the ring, so the file descriptor is
	 * always readable and can't be waited for. For a tight ring this is intended: the worker
	 * must not sleep.
	 */
	if ((!ring->wakes && !ring->is_tight) || max < 2)
		return 0;
	ret_fds[0] = ring->first.fd;
	ret_fds[1] = ring->overflow.fd;
	return 2;
}

static void close_ring(struct wf_host_ring *ring)
{
	wf_bpf_ring_close(&ring->first);
	wf_bpf_ring_close(&ring->overflow);
	free(ring);
}

static void source_close(struct wf_source *source)
{
	close_ring((struct wf_host_ring *)source);
}

static const struct wf_source_ops ring_ops = {
	.recv = source_recv,
	.done = source_done,
	.fds = source_fds,
	.set_wake = source_set_wake,
	.close = source_close,
};

int wf_host_ring_open(const struct wf_host_ring_opts *opts, struct wf_host_ring **ret_ring)
{
	struct wf_host_ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return -ENOMEM;
	ring->source.ops = &ring_ops;
	ring->clock.lag_ns = opts->lag_ns;
	ring->overflow.fd = -1;
	err = wf_bpf_ring_open(&ring->first, opts->first_fd, opts->first_bytes);
	if (!err)
		err = wf_bpf_ring_open(&ring->overflow, opts->overflow_fd, opts->overflow_bytes);
	if (err) {
		close_ring(ring);
		return err;
	}
	*ret_ring = ring;
	return 0;
}

struct wf_source *wf_host_ring_source(struct wf_host_ring *ring)
{
	return &ring->source;
}

void wf_host_ring_counts(const struct wf_host_ring *ring, struct wf_host_ring_counts *ret_counts)
{
	ret_counts->received_frames =
		atomic_load_explicit(&ring->received_frames, memory_order_relaxed);
	ret_counts->invalid_frames =
		atomic_load_explicit(&ring->invalid_frames, memory_order_relaxed);
}

uint32_t wf_host_ring_fill_percent(const struct wf_host_ring *ring)
{
	uint64_t used = wf_bpf_ring_used(&ring->first) + wf_bpf_ring_used(&ring->overflow);

	return (uint32_t)(used * 100 / (ring->first.bytes + ring->overflow.bytes));
}
