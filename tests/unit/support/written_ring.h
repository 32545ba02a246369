/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * written_ring.h - a BPF ring buffer in a file, which a test writes as the kernel would.
 */
#ifndef WF_TESTS_UNIT_SUPPORT_WRITTEN_RING_H
#define WF_TESTS_UNIT_SUPPORT_WRITTEN_RING_H

#include <stddef.h>
#include <stdint.h>

struct weft_host_record;

enum { RING_BYTES = 16384 };

struct written_ring {
	int file;	 /* stands for the descriptor that bpf_map_create() returns */
	uint8_t *mapped; /* consumer page, producer page, data, data again */
	uint64_t produced;
};

void written_ring_init(struct written_ring *ring);
void written_ring_fini(const struct written_ring *ring);

/* Return the consumer position. */
uint64_t written_ring_consumed(const struct written_ring *ring);

void written_ring_put_bytes(const struct written_ring *ring, uint64_t pos, const void *bytes,
			    size_t len);

/* Append a record whose header has these bits, BPF_RINGBUF_*_BIT. Return: its position. */
uint64_t written_ring_put_record(struct written_ring *ring, uint32_t bits,
				 const struct weft_host_record *record, const void *bytes,
				 uint32_t len);

/*
 * Append a record of a packet @text, written after @overflowed records of the overflow ring.
 * Return: its position.
 */
uint64_t written_ring_put_after(struct written_ring *ring, uint64_t overflowed, uint32_t bits,
				const char *text);

#endif
