// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_stream_cost.c - measures the memory per held byte, in used spans of the arena: extents and
 * pages of one stream whose payload is copied from receive frames.
 */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "reassembly/stream_pop.h"
#include "unit/support/stream_rig.h"

enum {
	SPANS_BEGUN = 4, /* number of partly used spans of extents and page classes */
#if WF_DEBUG >= 2
	ONE_BYTE_SEGMENTS = 3000, /* few segments, because each insertion checks all held data */
	SEGMENTS = 1000,
#else
	ONE_BYTE_SEGMENTS = 60000,
	SEGMENTS = 4000,
#endif
};

/*
 * Holds @count segments of @len bytes, @stride bytes apart, from offset 1 up. Return: bytes of
 * memory in use.
 */
static uint64_t cost_of(uint32_t count, uint32_t len, uint32_t stride)
{
	const struct stream_rig_opts opts = {
		.source = STREAM_RIG_FRAMES,
		.pages_max = 4096,
		.arena_bytes = 64 << 20,
		.out_bytes_max = count * stride + len + 1,
	};
	struct stream_rig *rig = stream_rig_new(&opts);
	uint8_t bytes[1500];
	uint64_t before = wf_arena_used_bytes(rig->arena);
	uint64_t cost;

	memset(bytes, 7, sizeof(bytes));
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(stream_rig_put(rig, 1 + (uint64_t)i * stride, bytes, len),
				 WF_STREAM_HELD);
	wf_stream_leave_frames(&rig->stream, &rig->env, UINT32_MAX);
	cost = wf_arena_used_bytes(rig->arena) - before;
	stream_rig_free(rig);
	return cost;
}

TEST(stream_cost_of_one_byte_segments_is_at_most_64_bytes)
{
	uint64_t cost = cost_of(ONE_BYTE_SEGMENTS, 1, 2);

	print_message("# one-byte segment: %.1f bytes\n", (double)cost / ONE_BYTE_SEGMENTS);
	assert_true(cost <= ONE_BYTE_SEGMENTS * 64 + SPANS_BEGUN * WEFT_SPAN_BYTES);
}

TEST(stream_cost_of_typical_segments_is_at_most_half_more)
{
	static const uint32_t sizes[] = {536, 1000, 1380, 1448};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t cost = cost_of(SEGMENTS, sizes[i], sizes[i]);

		print_message("# %u-byte segments: %.2f bytes a byte\n", sizes[i],
			      (double)cost / ((double)SEGMENTS * sizes[i]));
		assert_true(cost <= (uint64_t)SEGMENTS * sizes[i] * 3 / 2);
	}
}
