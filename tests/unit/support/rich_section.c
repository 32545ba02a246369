// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/rich_section.h"

#include "unit/support/cmocka.h"

static void put_simple(struct capture_writer *writer, const char *bytes, uint32_t cap,
		       uint32_t wire)
{
	size_t begin = capture_block_begin(writer, 3);

	capture_put_u32(writer, wire);
	capture_put(writer, bytes, cap);
	capture_block_end(writer, begin);
}

static void put_obsolete(struct capture_writer *writer, uint16_t interface, uint64_t ticks,
			 const char *bytes, uint32_t cap)
{
	size_t begin = capture_block_begin(writer, 2);

	capture_put_u16(writer, interface);
	capture_put_u16(writer, 0);
	capture_put_u32(writer, (uint32_t)(ticks >> 32));
	capture_put_u32(writer, (uint32_t)ticks);
	capture_put_u32(writer, cap);
	capture_put_u32(writer, cap);
	capture_put(writer, bytes, cap);
	capture_block_end(writer, begin);
}

void rich_put_unknown(struct capture_writer *writer, uint32_t len)
{
	size_t begin = capture_block_begin(writer, 0x0bad);

	for (uint32_t i = 0; i < len; i++)
		capture_put(writer, "?", 1);
	capture_block_end(writer, begin);
}

void rich_put_section(struct capture_writer *writer)
{
	capture_section(writer);
	capture_interface(writer, ETHERNET, 8, 0, 0);
	capture_interface(writer, 101, 0, 9, 0);
	rich_put_unknown(writer, 100);
	capture_enhanced(writer, 0, 5000007, "micro", 5, 50);
	capture_enhanced(writer, 1, 5 * SEC + 9, "nano!", 5, 5);
	capture_interface(writer, 113, 0, 0x80 | 20, 0);
	capture_enhanced(writer, 2, 3ull << 20 | 1 << 19, "binary", 6, 6);
	capture_interface(writer, 276, 0, 3, -2);
	capture_enhanced(writer, 3, 4001, "offset", 6, 6);
	put_simple(writer, "simple, cut", 8, 11);
	put_obsolete(writer, 1, 7, "obsolete", 8);
	capture_interface(writer, 0, 0, 12, 0);
	capture_enhanced(writer, 4, 1500000001999ull, "pico", 4, 4);
}

void rich_assert_section(const struct capture_result *result, unsigned int first)
{
	capture_assert_frame(result, first, "micro", 5 * SEC + 7000);
	assert_int_equal(result->frames[first].wire_bytes, 50);
	assert_int_equal(result->frames[first].link, WEFT_LINK_ETHERNET);
	capture_assert_frame(result, first + 1, "nano!", 5 * SEC + 9);
	assert_int_equal(result->frames[first + 1].link, WEFT_LINK_RAW);
	capture_assert_frame(result, first + 2, "binary", 3 * SEC + SEC / 2);
	assert_int_equal(result->frames[first + 2].link, WEFT_LINK_SLL);
	capture_assert_frame(result, first + 3, "offset", 2 * SEC + 1000000);
	assert_int_equal(result->frames[first + 3].link, WEFT_LINK_SLL2);
	capture_assert_frame(result, first + 4, "simple, ", 2 * SEC + 1000000);
	assert_int_equal(result->frames[first + 4].wire_bytes, 11);
	capture_assert_frame(result, first + 5, "obsolete", 7);
	capture_assert_frame(result, first + 6, "pico", SEC + SEC / 2 + 1);
	assert_int_equal(result->frames[first + 6].link, WEFT_LINK_NULL);
}
