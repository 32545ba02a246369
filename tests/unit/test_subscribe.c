// SPDX-License-Identifier: BSD-2-Clause
/* test_subscribe.c - the subscriptions of a handle, one by one. */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include <weft/weft.h>

static void note_sub(const char *name, const struct weft_sub_stats *stats, void *ctx)
{
	strcat(ctx, name);
	strcat(ctx, weft_sub_end_name(stats->ended));
	strcat(ctx, stats->queue_bytes ? " queue\n" : " inline\n");
}

static int take(const struct weft_event *event, void *ctx)
{
	return 0;
}

TEST(subscribe_each_lists_those_that_were_not_removed)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 64 << 20, .workers = 1);
	WEFT_OPTS(weft_sub_opts, queued, .name = "a ");
	WEFT_OPTS(weft_sub_opts, inline_opts, .name = "b ", .inline_fn = take);
	struct weft_sub *subs[2];
	char text[256] = "";
	struct weft *weft;

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_subscribe(weft, &queued, &subs[0]), 0);
	assert_int_equal(weft_subscribe(weft, &inline_opts, &subs[1]), 0);
	assert_int_equal(weft_subs_each(weft, note_sub, text), 0);
	assert_string_equal(text, "a running queue\nb running inline\n");
	text[0] = 0;
	weft_unsubscribe(subs[0]);
	assert_int_equal(weft_subs_each(weft, note_sub, text), 0);
	assert_string_equal(text, "b running inline\n");
	assert_int_equal(weft_subs_each(weft, NULL, text), -EINVAL);
	assert_int_equal(weft_subs_each(NULL, note_sub, text), -EINVAL);
	weft_free(weft);
}

TEST(subscribe_names_of_ends_are_distinct)
{
	for (int i = 0; i < WEFT_SUB_END_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(weft_sub_end_name((enum weft_sub_end)i),
						weft_sub_end_name((enum weft_sub_end)j));
	assert_string_equal(weft_sub_end_name((enum weft_sub_end)99), "unknown");
}
