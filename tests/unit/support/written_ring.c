// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/written_ring.h"

#include "unit/support/cmocka.h"

#include <linux/bpf.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/shared.h"

enum { HEADER_BYTES = 8 };

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static _Atomic unsigned long *position(const struct written_ring *ring, bool of_producer)
{
	return (_Atomic unsigned long *)(ring->mapped + (of_producer ? page_bytes() : 0));
}

uint64_t written_ring_consumed(const struct written_ring *ring)
{
	return atomic_load(position(ring, false));
}

void written_ring_put_bytes(const struct written_ring *ring, uint64_t pos, const void *bytes,
			    size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t at = (pos + i) % RING_BYTES;

		ring->mapped[2 * page_bytes() + at] = ((const uint8_t *)bytes)[i];
		ring->mapped[2 * page_bytes() + RING_BYTES + at] = ((const uint8_t *)bytes)[i];
	}
}

uint64_t written_ring_put_record(struct written_ring *ring, uint32_t bits,
				 const struct weft_host_record *record, const void *bytes,
				 uint32_t len)
{
	const uint32_t header[2] = {(uint32_t)(sizeof(*record) + len) | bits, 0};
	uint64_t pos = ring->produced;

	written_ring_put_bytes(ring, pos + HEADER_BYTES, record, sizeof(*record));
	written_ring_put_bytes(ring, pos + HEADER_BYTES + sizeof(*record), bytes, len);
	written_ring_put_bytes(ring, pos, header, sizeof(header));
	ring->produced += (HEADER_BYTES + sizeof(*record) + len + 7) / 8 * 8;
	atomic_store(position(ring, true), ring->produced);
	return pos;
}

uint64_t written_ring_put_after(struct written_ring *ring, uint64_t overflowed, uint32_t bits,
				const char *text)
{
	uint32_t len = (uint32_t)strlen(text);
	const struct weft_host_record record = {.time_ns = wf_clock_monotonic_ns(),
						.cap_bytes = len,
						.wire_bytes = len,
						.overflowed = overflowed};

	return written_ring_put_record(ring, bits, &record, text, len);
}

void written_ring_init(struct written_ring *ring)
{
	size_t bytes = 2 * page_bytes() + 2 * RING_BYTES;

	ring->file = memfd_create("ring", MFD_CLOEXEC);
	assert_true(ring->file >= 0);
	assert_int_equal(ftruncate(ring->file, (off_t)bytes), 0);
	ring->mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->file, 0);
	assert_ptr_not_equal(ring->mapped, MAP_FAILED);
	ring->produced = 0;
}

void written_ring_fini(const struct written_ring *ring)
{
	munmap(ring->mapped, 2 * page_bytes() + 2 * RING_BYTES);
	close(ring->file);
}
