// SPDX-License-Identifier: BSD-2-Clause
/*
 * bpf_ring.c - maps a BPF ring buffer and finds its records.
 *
 * Layout of the mapping (Documentation/bpf/ringbuf.rst):
 *
 *   consumer page │ producer page │ data ................ │ the same data again
 *   ours          │ the kernel's  │ a record that crosses the end continues in the second mapping
 *
 *   record: [len, with BUSY and DISCARD bits][page offset][bytes] padding
 *
 * Positions are byte counts that never wrap. The kernel may overwrite bytes below the consumer
 * position.
 */
#include "capture/ring/bpf_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"

enum {
	RECORD_ALIGN = 8,
	/*
	 * Lines that usually were written by another CPU are prefetched at this distance after the
	 * record that is passed, as many as that record has, but at most AHEAD_LINES.
	 */
	AHEAD_BYTES = 1024,
	AHEAD_LINES = 4,
};

static uint64_t produced(const struct wf_bpf_ring *ring)
{
	/* Pairs with the kernel's release of the position: lengths before it are valid. */
	return atomic_load_explicit(ring->producer, memory_order_acquire);
}

void wf_bpf_ring_look(struct wf_bpf_ring *ring)
{
	ring->end_pos = produced(ring);
}

struct wf_bpf_record wf_bpf_ring_peek(const struct wf_bpf_ring *ring)
{
	const uint8_t *header = ring->data + (ring->read_pos & (ring->bytes - 1));
	struct wf_bpf_record record = {.state = WF_BPF_RECORD_NONE};
	uint64_t left = ring->end_pos - ring->read_pos;
	uint32_t word;

	if (!left)
		return record;
	/*
	 * Pairs with the kernel's exchange of the word on commit: the bytes are written before the
	 * length.
	 */
	word = atomic_load_explicit((const _Atomic uint32_t *)header, memory_order_acquire);
	record.is_busy = word & BPF_RINGBUF_BUSY_BIT;
	if (record.is_busy)
		return record;
	record.len = word & ~BPF_RINGBUF_DISCARD_BIT;
	if (wf_unlikely(left < BPF_RINGBUF_HDR_SZ || record.len > left - BPF_RINGBUF_HDR_SZ)) {
		/* Without a valid length the next record can't be found. */
		record.state = WF_BPF_RECORD_INVALID;
		record.next_pos = ring->end_pos;
		return record;
	}
	record.state =
		word & BPF_RINGBUF_DISCARD_BIT ? WF_BPF_RECORD_DISCARDED : WF_BPF_RECORD_READY;
	record.bytes = header + BPF_RINGBUF_HDR_SZ;
	record.next_pos =
		ring->read_pos + ((BPF_RINGBUF_HDR_SZ + (uint64_t)record.len + RECORD_ALIGN - 1) &
				  ~(uint64_t)(RECORD_ALIGN - 1));
	return record;
}

/*
 * Prefetch lines after @from_pos. Lines beyond end_pos are left to the CPU that may be writing
 * them.
 */
static void prefetch_ahead(const struct wf_bpf_ring *ring, uint64_t from_pos, uint64_t bytes)
{
	uint64_t end_pos =
		from_pos +
		(bytes < AHEAD_LINES * WF_CACHE_LINE ? bytes : AHEAD_LINES * WF_CACHE_LINE);

	if (end_pos > ring->end_pos)
		return;
	for (; from_pos < end_pos; from_pos += WF_CACHE_LINE)
		__builtin_prefetch(ring->data + (from_pos & (ring->bytes - 1)));
}

void wf_bpf_ring_pass(struct wf_bpf_ring *ring, const struct wf_bpf_record *record)
{
	prefetch_ahead(ring, ring->read_pos + AHEAD_BYTES, record->next_pos - ring->read_pos);
	ring->last_pos = ring->read_pos;
	ring->read_pos = record->next_pos;
}

void wf_bpf_ring_give_back(struct wf_bpf_ring *ring, bool all)
{
	/*
	 * Pairs with the acquire of the kernel's reservation: reads of the released records are
	 * complete.
	 */
	atomic_store_explicit(ring->consumer, all ? ring->read_pos : ring->last_pos,
			      memory_order_release);
}

uint64_t wf_bpf_ring_used(const struct wf_bpf_ring *ring)
{
	uint64_t consumed = atomic_load_explicit(ring->consumer, memory_order_acquire);
	uint64_t used = produced(ring) - consumed;

	/*
	 * In a thread other than the worker, the two positions may be of different times, so their
	 * difference may exceed the size of the ring.
	 */
	return used < ring->bytes ? used : ring->bytes;
}

static void *map(const struct wf_bpf_ring *ring, size_t bytes, int protection, size_t off)
{
	void *at = mmap(NULL, bytes, protection, MAP_SHARED, ring->fd, (off_t)off);

	return at == MAP_FAILED ? NULL : at;
}

static int map_ring(struct wf_bpf_ring *ring)
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
	ring->end_pos = ring->read_pos;
	return 0;
}

int wf_bpf_ring_open(struct wf_bpf_ring *ring, int map_fd, uint64_t bytes)
{
	int err;

	*ring = (struct wf_bpf_ring){
		.fd = fcntl(map_fd, F_DUPFD_CLOEXEC, 0),
		.bytes = bytes,
		.page_bytes = (size_t)sysconf(_SC_PAGESIZE),
	};
	err = ring->fd < 0 ? -errno : map_ring(ring);
	if (err)
		wf_error("capture: can't map a ring buffer of host mode (%llu KiB): %s",
			 (unsigned long long)bytes >> 10, strerror(-err));
	return err;
}

void wf_bpf_ring_close(struct wf_bpf_ring *ring)
{
	if (ring->consumer)
		munmap((void *)ring->consumer, ring->page_bytes);
	if (ring->producer)
		munmap((void *)ring->producer, ring->page_bytes + 2 * ring->bytes);
	if (ring->fd >= 0)
		close(ring->fd);
}
