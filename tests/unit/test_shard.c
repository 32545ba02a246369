// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>

#include "collect/delivery.h"
#include "collect/shard.h"

TEST(shard_parse_accepts_index_below_count)
{
	struct wf_shard shard;

	assert_int_equal(wf_shard_parse("0/1", &shard), 0);
	assert_int_equal(wf_shard_parse("3/4", &shard), 0);
	assert_int_equal(shard.index, 3);
	assert_int_equal(shard.count, 4);
	assert_int_equal(wf_shard_parse("255/256", &shard), 0);
}

TEST(shard_parse_rejects_others)
{
	static const char *const bad[] = {"",	  "1",	   "/",	   "1/",    "/4",	    "4/4",
					  "5/4",  "0/0",   "-1/4", "01/4",  "1/04",	    "1/4/4",
					  "1 /4", "0/257", "a/b",  "1.5/4", "99999999999/4"};
	struct wf_shard shard;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wf_shard_parse(bad[i], &shard), -EINVAL);
}

TEST(shards_have_each_partition_once)
{
	for (uint32_t count = 1; count <= 16; count++) {
		uint32_t width = 0;

		for (uint32_t partition = 0; partition < 16; partition++) {
			int owners = 0;

			for (uint32_t index = 0; index < count; index++) {
				struct wf_shard shard = {index, count, 16};

				owners += wf_shard_has(&shard, partition);
			}
			assert_int_equal(owners, 1);
		}
		for (uint32_t index = 0; index < count; index++)
			width += wf_shard_width(&(struct wf_shard){index, count, 16});
		assert_int_equal(width, 16);
	}
}

TEST(shard_consumer_name_round_trip)
{
	struct wf_shard shard = {2, 4, 16}, again;
	char name[WF_SHARD_NAME_BYTES];
	uint32_t partition;

	wf_shard_consumer(&shard, 10, name);
	assert_string_equal(name, "weft-collect-2-of-4-p10-of-16");
	assert_true(wf_shard_consumer_parse(name, &again, &partition));
	assert_int_equal(partition, 10);
	assert_true(wf_shard_agrees(&shard, &again));
	assert_false(wf_shard_consumer_parse("weft-collect-2-of-4-p10-of-16x", &again, &partition));
	assert_false(wf_shard_consumer_parse("archive", &again, &partition));
}

TEST(shards_of_other_counts_disagree)
{
	const struct wf_shard own = {1, 4, 16};

	assert_true(wf_shard_agrees(&own, &(struct wf_shard){0, 4, 16}));
	assert_false(wf_shard_agrees(&own, &(struct wf_shard){0, 3, 16}));
	assert_false(wf_shard_agrees(&own, &(struct wf_shard){1, 4, 8}));
}

TEST(delivery_both_forms_are_read)
{
	static const char *const texts[] = {
		"$JS.ACK.WEFT.weft-collect-0-of-1-p0-of-16.1.1000.7.1700000000000000000.42",
		"$JS.ACK.hub.ABCDEF.WEFT.weft-collect-0-of-1-p0-of-16.1.1000.7.1700000000.42.token",
	};

	for (size_t i = 0; i < 2; i++) {
		struct wf_delivery ack;

		assert_int_equal(wf_delivery_parse(texts[i], &ack), 0);
		assert_string_equal(ack.consumer, "weft-collect-0-of-1-p0-of-16");
		assert_int_equal(ack.stream_seq, 1000);
		assert_int_equal(ack.consumer_seq, 7);
		assert_int_equal(ack.pending, 42);
	}
}

TEST(delivery_others_are_rejected)
{
	static const char *const bad[] = {"",
					  "$JS.ACK.",
					  "_INBOX.x.y",
					  "$JS.ACK.WEFT.c.1.2.3.4",
					  "$JS.ACK.WEFT.c.1.x.3.4.5",
					  "$JS.ACK.WEFT.c.1.-2.3.4.5",
					  "$JS.ACK.WEFT.c.1.2.3.4.5.6"};
	struct wf_delivery ack;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wf_delivery_parse(bad[i], &ack), -EINVAL);
}
