// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include "packet/seq.h"

TEST(seq_lt_across_wrap_is_true)
{
	assert_true(wf_seq_lt(UINT32_MAX, 0));
	assert_false(wf_seq_lt(0, UINT32_MAX));
	assert_true(wf_seq_gt(5, UINT32_MAX - 5));
}

TEST(seq_of_itself_is_neither_before_nor_after)
{
	assert_false(wf_seq_lt(7, 7));
	assert_false(wf_seq_gt(7, 7));
	assert_true(wf_seq_le(7, 7));
	assert_true(wf_seq_ge(7, 7));
}

TEST(seq_max_across_wrap_is_the_later)
{
	assert_int_equal(wf_seq_max(UINT32_MAX, 1), 1);
	assert_int_equal(wf_seq_max(1, UINT32_MAX), 1);
}

TEST(seq_near_counts_both_ways_across_wrap)
{
	assert_true(wf_seq_near(2, UINT32_MAX, 3));
	assert_true(wf_seq_near(UINT32_MAX, 2, 3));
	assert_false(wf_seq_near(3, UINT32_MAX, 3));
}

TEST(seq_off_beyond_four_gib_goes_on)
{
	const uint32_t base_seq = 0xfffffff0u;
	uint64_t off = 0;

	for (int i = 0; i < 10000; i++) {
		uint64_t next = off + 1500000;

		assert_int_equal(wf_seq_off(base_seq + (uint32_t)next, base_seq, off), next);
		off = next;
	}
	assert_true(off > 3ull << 32);
	assert_int_equal(wf_seq_off(base_seq + (uint32_t)(off - 10), base_seq, off), off - 10);
}

TEST(seq_off_before_the_start_is_negative)
{
	assert_int_equal(wf_seq_off(99, 100, 0), -1);
	assert_int_equal(wf_seq_off(UINT32_MAX, 0, 0), -1);
}
