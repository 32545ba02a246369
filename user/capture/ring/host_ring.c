// SPDX-License-Identifier: BSD-2-Clause
/*
 * host_ring.c - reads records of a BPF ring buffer in batches and lends their bytes.
 *
 * Layout of the mapping (Documentation/bpf/ringbuf.rst):
 *
 *   consumer page │ producer page │ data ................ │ the same data again
 *   ours          │ the kernel's  │ a record that crosses the end continues in the second mapping
 *
 *   record: [len, with BUSY and DISCARD bits][page offset][struct weft_host_record][bytes] padding
 *
 * Positions are byte counts that never wrap. The kernel may overwrite bytes below the consumer
 * position, so only done() and set_wake() advance that position.
 *
 * Wake-ups: on commit of a record, the kernel wakes the reader only if the consumer position is
 * that of the record. While wake-ups are off, done() therefore leaves the last record that was read
 * in the ring, so that later records wake no reader. The kernel's commit and set_wake() each write
 * one word, execute a full barrier, then read the word of the other. So either the commit wakes the
 * reader, or recv finds the record.
 */
#include "capture/ring/host_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arrival_clock.h"
#include "base/assert.h"
#include "base/log.h"
#include "bpf/shared.h"
#include "capture/source.h"

enum {
	RECORD_ALIGN = 8,
	/*
	 * With less free space than this, a packet may have been lost: most packets are at most 64
	 * KiB long.
	 */
	OVERRUN_ROOM_BYTES = 65536 + sizeof(struct weft_host_record),
	OVERRUN_ROOM_PARTS = 8, /* in a small ring, the same limit is 1/8 of the ring */
	/* a ring filled to more than 1/4 is tight: the worker does not sleep */
	TIGHT_PARTS = 4,
};

struct wf_host_ring {
	struct wf_source source;
	int fd;				       /* owned */
	_Atomic unsigned long *consumer;       /* owned mapping */
	const _Atomic unsigned long *producer; /* owned mapping; the data follow this page */
	const uint8_t *data;
	uint64_t bytes;
	size_t page_bytes;
	uint64_t read_pos; /* position of the next record to read */
	uint64_t last_pos; /* position of the last record that was read */
	bool wakes;
	/* when the last batch was taken, more than 1/TIGHT_PARTS of the ring was in use */
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

static uint64_t produced(const struct wf_host_ring *ring)
{
	/* Pairs with the kernel's release of the position: lengths before it are valid. */
	return atomic_load_explicit(ring->producer, memory_order_acquire);
}

static const uint8_t *at(const struct wf_host_ring *ring, uint64_t pos)
{
	return ring->data + (pos & (ring->bytes - 1));
}

static uint16_t frame_flags(uint16_t flags)
{
	return (uint16_t)(WF_FRAME_LENT | (flags & WEFT_HOST_HASHED ? WF_FRAME_HASHED : 0) |
			  (flags & WEFT_HOST_EGRESS ? WF_FRAME_TX_OFFLOAD : 0) |
			  (flags & WEFT_HOST_GSO ? WF_FRAME_GSO : 0));
}

/* Lend the packet of a record of @len bytes. Return: false if its sizes are impossible. */
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
		.time_ns = wf_arrival_clock_passing(&ring->clock, record.time_ns) +
			   ring->clock.realtime_offset_ns,
		.skew_ns = ring->clock.realtime_offset_ns,
		.cap_bytes = record.cap_bytes,
		.wire_bytes = record.wire_bytes,
		.hash = record.hash,
		.flags = frame_flags(record.flags),
		.link = record.link,
		.vlan = {record.vlan[0], record.vlan[1]},
	};
	return true;
}

/*
 * Read one record before @end_pos. Return: false if there is none, or if it is still being written;
 * *ret_count: 1 if it is a frame.
 */
static bool read_record(struct wf_host_ring *ring, uint64_t end_pos, struct wf_frame *ret_frame,
			uint32_t *ret_count)
{
	const uint8_t *header = at(ring, ring->read_pos);
	uint64_t left = end_pos - ring->read_pos;
	uint32_t word, len;

	*ret_count = 0;
	if (!left)
		return false;
	/*
	 * Pairs with the kernel's exchange of the word on commit: the bytes are written before the
	 * length.
	 */
	word = atomic_load_explicit((const _Atomic uint32_t *)header, memory_order_acquire);
	if (word & BPF_RINGBUF_BUSY_BIT)
		return false;
	len = word & ~BPF_RINGBUF_DISCARD_BIT;
	ring->last_pos = ring->read_pos;
	if (wf_unlikely(left < BPF_RINGBUF_HDR_SZ || len > left - BPF_RINGBUF_HDR_SZ)) {
		/* Without a valid length the next record can't be found. */
		ring->read_pos = end_pos;
		count(&ring->invalid_frames, 1);
		return true;
	}
	ring->read_pos += (BPF_RINGBUF_HDR_SZ + (uint64_t)len + RECORD_ALIGN - 1) &
			  ~(uint64_t)(RECORD_ALIGN - 1);
	if (word & BPF_RINGBUF_DISCARD_BIT)
		return true;
	if (wf_likely(lend(ring, header + BPF_RINGBUF_HDR_SZ, len, ret_frame)))
		*ret_count = 1;
	else
		count(&ring->invalid_frames, 1);
	return true;
}

/* Record how full the ring is before a batch is taken. */
static void note_fill(struct wf_host_ring *ring, uint64_t used)
{
	uint64_t room = ring->bytes / OVERRUN_ROOM_PARTS;

	if (room > OVERRUN_ROOM_BYTES)
		room = OVERRUN_ROOM_BYTES;
	/* The kernel has probably lost packets. */
	if (wf_unlikely(used > ring->bytes - room))
		ring->source.overran = true;
	ring->is_tight = used > ring->bytes / TIGHT_PARTS;
}

static int source_recv(struct wf_source *source, struct wf_frame *frames, unsigned int max)
{
	struct wf_host_ring *ring = (struct wf_host_ring *)source;
	uint64_t end_pos = produced(ring);
	uint32_t taken = 0, one;

	if (end_pos == ring->read_pos)
		return 0;
	note_fill(ring, end_pos - atomic_load_explicit(ring->consumer, memory_order_relaxed));
	wf_arrival_clock_read(&ring->clock);
	while (taken < max && read_record(ring, end_pos, &frames[taken], &one))
		taken += one;
	count(&ring->received_frames, taken);
	return (int)taken;
}

/* Allow the kernel to overwrite the records before @pos. */
static void give_back(struct wf_host_ring *ring, uint64_t pos)
{
	/*
	 * Pairs with the acquire of the kernel's reservation: reads of the released records are
	 * complete.
	 */
	atomic_store_explicit(ring->consumer, pos, memory_order_release);
}

static void source_done(struct wf_source *source)
{
	struct wf_host_ring *ring = (struct wf_host_ring *)source;

	give_back(ring, ring->wakes ? ring->read_pos : ring->last_pos);
}

static void source_set_wake(struct wf_source *source, bool on)
{
	struct wf_host_ring *ring = (struct wf_host_ring *)source;

	ring->wakes = on;
	if (!on)
		return;
	give_back(ring, ring->read_pos);
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
	if ((!ring->wakes && !ring->is_tight) || max < 1)
		return 0;
	ret_fds[0] = ring->fd;
	return 1;
}

static void unmap(struct wf_host_ring *ring)
{
	if (ring->consumer)
		munmap((void *)ring->consumer, ring->page_bytes);
	if (ring->producer)
		munmap((void *)ring->producer, ring->page_bytes + 2 * ring->bytes);
}

static void source_close(struct wf_source *source)
{
	struct wf_host_ring *ring = (struct wf_host_ring *)source;

	unmap(ring);
	close(ring->fd);
	free(ring);
}

static const struct wf_source_ops ring_ops = {
	.recv = source_recv,
	.done = source_done,
	.fds = source_fds,
	.set_wake = source_set_wake,
	.close = source_close,
};

static void *map(const struct wf_host_ring *ring, size_t bytes, int protection, size_t off)
{
	void *at = mmap(NULL, bytes, protection, MAP_SHARED, ring->fd, (off_t)off);

	return at == MAP_FAILED ? NULL : at;
}

static int map_ring(struct wf_host_ring *ring)
{
	ring->consumer = map(ring, ring->page_bytes, PROT_READ | PROT_WRITE, 0);
	if (ring->consumer)
		ring->producer =
			map(ring, ring->page_bytes + 2 * ring->bytes, PROT_READ, ring->page_bytes);
	if (!ring->producer)
		return -errno;
	ring->data = (const uint8_t *)ring->producer + ring->page_bytes;
	ring->read_pos = atomic_load_explicit(ring->consumer, memory_order_relaxed);
	ring->last_pos = ring->read_pos;
	return 0;
}

int wf_host_ring_open(int map_fd, uint64_t bytes, uint64_t lag_ns, struct wf_host_ring **ret_ring)
{
	struct wf_host_ring *ring = calloc(1, sizeof(*ring));
	int err;

	if (!ring)
		return -ENOMEM;
	ring->source.ops = &ring_ops;
	ring->bytes = bytes;
	ring->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	ring->clock.lag_ns = lag_ns;
	ring->fd = fcntl(map_fd, F_DUPFD_CLOEXEC, 0);
	err = ring->fd < 0 ? -errno : map_ring(ring);
	if (err)
		goto free_ring;
	*ret_ring = ring;
	return 0;

free_ring:
	wf_error("capture: host ring of %llu KiB: cannot be mapped: %s",
		 (unsigned long long)bytes >> 10, strerror(-err));
	unmap(ring);
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring);
	return err;
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
	uint64_t consumed = atomic_load_explicit(ring->consumer, memory_order_acquire);
	uint64_t used = produced(ring) - consumed;

	/* The positions are read at different times. */
	return used < ring->bytes ? (uint32_t)(used * 100 / ring->bytes) : 100;
}
