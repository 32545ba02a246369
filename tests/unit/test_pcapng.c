// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_pcapng.c - reads pcapng files: whole, damaged, and with wrong lengths.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include "unit/support/capture_reader.h"
#include "unit/support/rich_section.h"

TEST_WITH(pcapng_sections_of_both_byte_orders_are_read, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	rich_put_section(&writer);
	writer.swapped = true;
	rich_put_section(&writer);
	writer.swapped = false;
	rich_put_section(&writer);
	result = capture_read_file(&writer);
	assert_int_equal(result.open_err, 0);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 3 * RICH_PACKETS);
	for (unsigned int i = 0; i < 3; i++)
		rich_assert_section(&result, i * RICH_PACKETS);
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

/*
 * An interface belongs to its section: number 0 of the next section is another interface, and
 * number 1 does not exist there.
 */
TEST_WITH(pcapng_interfaces_end_with_their_section, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	capture_section(&writer);
	capture_interface(&writer, ETHERNET, 0, 9, 0);
	capture_interface(&writer, ETHERNET, 0, 9, 0);
	capture_enhanced(&writer, 1, 5, "first", 5, 5);
	capture_section(&writer);
	capture_interface(&writer, 101, 0, 0, 0);
	capture_enhanced(&writer, 0, 7, "second", 6, 6);
	capture_enhanced(&writer, 1, 9, "nowhere", 7, 7);
	result = capture_read_file(&writer);
	assert_int_equal(result.end, -EBADMSG);
	assert_int_equal(result.count, 2);
	capture_assert_frame(&result, 0, "first", 5);
	capture_assert_frame(&result, 1, "second", 7000);
	assert_int_equal(result.frames[1].link, WEFT_LINK_RAW);
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

TEST_WITH(pcapng_interface_of_unknown_link_type_is_skipped_and_reported, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	capture_section(&writer);
	capture_interface(&writer, 189, 0, 0, 0);
	capture_interface(&writer, ETHERNET, 0, 0, 0);
	capture_enhanced(&writer, 0, 1, "a key", 5, 5);
	capture_enhanced(&writer, 1, 2, "wire", 4, 4);
	result = capture_read_file(&writer);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 1);
	capture_assert_frame(&result, 0, "wire", 2000);
	assert_non_null(strstr(capture_last_log, "skipped 1 packets"));
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

TEST_WITH(pcapng_with_nothing_readable_is_refused, capture_setup, NULL)
{
	struct capture_writer writer = {0};

	capture_section(&writer);
	capture_interface(&writer, 189, 0, 0, 0);
	capture_enhanced(&writer, 0, 1, "a key", 5, 5);
	assert_int_equal(capture_read_file(&writer).open_err, -EBADMSG);
	assert_non_null(strstr(capture_last_log, "no interface has a supported link type"));
	capture_writer_fini(&writer);
}

/* Each case changes one field of a valid file; packets before the changed field are delivered. */
TEST_WITH(pcapng_lies_are_damage, capture_setup, NULL)
{
	for (int lie = 0; lie < 6; lie++) {
		struct capture_writer writer = {0};
		struct capture_result result;
		size_t begin;

		capture_section(&writer);
		capture_interface(&writer, ETHERNET, 0, 0, 0);
		capture_enhanced(&writer, 0, 1, "good", 4, 4);
		begin = writer.len;
		capture_enhanced(&writer, lie == 0, 1, "evil", 4, 4); /* 0: missing interface */
		switch (lie) {
		case 1: /* captured length exceeds the block */
			writer.bytes[begin + 20] = 5;
			break;
		case 2: /* lengths differ */
			writer.bytes[writer.len - 4]++;
			break;
		case 3: /* length not a multiple of 4 */
			writer.bytes[begin + 4]++;
			break;
		case 4: /* shorter than any valid block */
			writer.bytes[begin + 4] = 8;
			break;
		case 5: /* longer than any valid block */
			writer.bytes[begin + 7] = 0x70;
			break;
		}
		capture_enhanced(&writer, 0, 1, "not reached", 11, 11);
		result = capture_read_file(&writer);
		assert_int_equal(result.count, 1);
		assert_int_equal(result.end, -EBADMSG);
		assert_non_null(strstr(capture_last_log, "(packet 2)"));
		capture_result_fini(&result);
		capture_writer_fini(&writer);
	}
}

TEST_WITH(any_byte_changed_never_crashes, capture_setup, NULL)
{
	struct capture_writer writer = {0};

	rich_put_section(&writer);
	for (size_t i = 0; i < writer.len; i++) {
		static const uint8_t masks[] = {0x01, 0x80, 0xff};

		for (size_t m = 0; m < sizeof(masks); m++) {
			struct capture_result result;

			writer.bytes[i] ^= masks[m];
			result = capture_read_file(&writer);
			assert_true(result.open_err || result.end);
			capture_result_fini(&result);
			writer.bytes[i] ^= masks[m];
		}
	}
	capture_writer_fini(&writer);
}

TEST_GROUP(capture_group_setup, capture_group_teardown);
