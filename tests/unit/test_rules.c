// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_rules.c - the longest prefix chooses overlap policy and verdict; a policy that is replaced
 * while a worker runs: connections keep depth and verdict, and a segment that the kernel has
 * filtered by another policy is filtered again.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <errno.h>
#include <string.h>

#include "packet/packet.h"
#include "packet/segment_filter.h"
#include "rules/depths.h"
#include "rules/rules.h"
#include "worker/pipeline.h"

static struct rig rig;
static struct wf_rules rules;
static enum weft_verdict kernel_verdict[2];

static struct weft_prefix prefix4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t bits)
{
	return (struct weft_prefix){
		.addr = {[10] = 0xff, [11] = 0xff, [12] = a, [13] = b, [14] = c, [15] = d},
		.bits = (uint8_t)(96 + bits),
	};
}

static enum weft_verdict verdict_of(const struct weft_verdict_rule *list, size_t count,
				    struct weft_prefix a, struct weft_prefix b)
{
	const struct wf_rules some = {.verdict_rules = list, .verdict_rules_count = count};
	uint8_t addr[2][16];

	memcpy(addr[0], a.addr, 16);
	memcpy(addr[1], b.addr, 16);
	return wf_rules_verdict(&some, (const uint8_t(*)[16])addr);
}

TEST(rules_longest_prefix_of_either_address)
{
	const struct weft_verdict_rule list[] = {
		{prefix4(10, 0, 0, 0, 8), WEFT_VERDICT_SHUNT},
		{prefix4(10, 1, 0, 0, 16), WEFT_VERDICT_STEER},
		{prefix4(192, 168, 0, 0, 16), WEFT_VERDICT_PASS},
	};
	const struct weft_prefix other = prefix4(9, 9, 9, 9, 32);

	assert_int_equal(verdict_of(list, 3, prefix4(10, 2, 0, 1, 32), other), WEFT_VERDICT_SHUNT);
	assert_int_equal(verdict_of(list, 3, other, prefix4(10, 2, 0, 1, 32)), WEFT_VERDICT_SHUNT);
	assert_int_equal(verdict_of(list, 3, prefix4(10, 1, 0, 1, 32), other), WEFT_VERDICT_STEER);
	assert_int_equal(verdict_of(list, 3, other, other), WEFT_VERDICT_STEER);
	/* both prefixes have 16 bits: the higher verdict applies */
	assert_int_equal(verdict_of(list, 3, prefix4(10, 1, 0, 1, 32), prefix4(192, 168, 0, 1, 32)),
			 WEFT_VERDICT_PASS);
	assert_int_equal(verdict_of(NULL, 0, other, other), WEFT_VERDICT_STEER);
}

TEST(rules_overlap_of_longest_prefix)
{
	const struct weft_overlap_rule list[] = {
		{prefix4(10, 1, 0, 0, 16), WEFT_OVERLAP_SOLARIS},
		{prefix4(10, 0, 0, 0, 8), WEFT_OVERLAP_FIRST},
	};
	const struct wf_rules some = {
		.overlap = WEFT_OVERLAP_LAST, .overlap_rules = list, .overlap_rules_count = 2};
	struct wf_rules copy;

	assert_int_equal(wf_rules_copy(&copy, &some), 0);
	assert_int_equal(wf_rules_overlap(&copy, prefix4(10, 1, 2, 3, 32).addr),
			 WEFT_OVERLAP_SOLARIS);
	assert_int_equal(wf_rules_overlap(&copy, prefix4(10, 9, 2, 3, 32).addr),
			 WEFT_OVERLAP_FIRST);
	assert_int_equal(wf_rules_overlap(&copy, prefix4(11, 9, 2, 3, 32).addr), WEFT_OVERLAP_LAST);
	wf_rules_fini(&copy);
}

TEST(depths_of_connections_stay_until_they_end)
{
	struct wf_depths depths = {.now = 0};
	uint8_t first;

	for (uint64_t i = 0; i < WEFT_DEPTHS_MAX; i++) {
		assert_int_equal(wf_depths_set(&depths, 100 + i), 0);
		first = wf_depths_take(&depths);
		assert_int_equal(depths.bytes[first], 100 + i);
	}
	assert_int_equal(wf_depths_set(&depths, 1), -ENOSPC);
	assert_int_equal(depths.bytes[depths.now], 100 + WEFT_DEPTHS_MAX - 1);
	/* A depth that is in use needs no other entry. */
	assert_int_equal(wf_depths_set(&depths, 103), 0);
	wf_depths_put(&depths, first);
	assert_int_equal(wf_depths_set(&depths, 1), 0);
	assert_int_equal(depths.bytes[depths.now], 1);
}

/* ---- a worker whose policy is replaced ---- */

static int set_verdict(void *ctx, const struct weft_flow_key *key,
		       const enum weft_verdict verdict[2], struct wf_kept *ret_kept)
{
	memset(ret_kept, 0, sizeof(*ret_kept));
	for (int i = 0; i < 2; i++) {
		ret_kept->was[i] = kernel_verdict[i];
		if (verdict[i] != WEFT_VERDICT_KEEP)
			kernel_verdict[i] = verdict[i];
	}
	return 0;
}

static const struct rig_kernel fake = {.set_verdict = set_verdict};

static int setup(void **state)
{
	memset(kernel_verdict, 0, sizeof(kernel_verdict));
	memset(&rules, 0, sizeof(rules));
	rig_start(&rig, NULL);
	return 0;
}

static int setup_live(void **state)
{
	memset(kernel_verdict, 0, sizeof(kernel_verdict));
	memset(&rules, 0, sizeof(rules));
	rig_start_live(&rig, NULL, &fake);
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

static int set_policy(const struct wf_segment_filter *filter, uint32_t number)
{
	const struct wf_pipeline_policy policy = {
		.segment_filter = filter, .rules = &rules, .number = number};

	return wf_pipeline_set_policy(rig.pipeline, &policy);
}

TEST_WITH(policy_connections_keep_their_depth, setup, teardown)
{
	rules.depth_bytes = 4;
	assert_int_equal(set_policy(NULL, 1), 0);
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "123456");
	assert_string_equal(rig_log(&rig), "open\n> 1234\n");
	rules.depth_bytes = 0;
	assert_int_equal(set_policy(NULL, 2), 0);
	rig_data(&rig, RIG_CLIENT, 6, "789");
	assert_string_equal(rig_log(&rig), "");
	rig.port[RIG_CLIENT]++;
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "123456");
	assert_string_equal(rig_log(&rig), "open #2\n> 123456 #2\n");
}

TEST_WITH(policy_verdict_of_new_connections_in_user_space, setup, teardown)
{
	const struct weft_verdict_rule shunt = {prefix4(10, 0, 0, 0, 8), WEFT_VERDICT_SHUNT};

	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "old");
	rules.verdict_rules = &shunt;
	rules.verdict_rules_count = 1;
	assert_int_equal(set_policy(NULL, 1), 0);
	rig_data(&rig, RIG_CLIENT, 3, "still");
	assert_string_equal(rig_log(&rig), "open\n> old\n> still\n");
	rig.port[RIG_CLIENT]++;
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "bypassed");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK | WF_TCP_FIN, 8, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 0, 9, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 9, 1, NULL);
	assert_string_equal(rig_log(&rig), "open #2\n> gap 8 shunted #2\nclose fin #2\n");
}

TEST_WITH(policy_verdict_of_new_connections_in_the_kernel, setup_live, teardown)
{
	struct weft_verdict_rule rule = {prefix4(10, 0, 0, 0, 8), WEFT_VERDICT_SHUNT};

	rules.verdict_rules = &rule;
	rules.verdict_rules_count = 1;
	assert_int_equal(set_policy(NULL, 1), 0);
	rig_handshake(&rig);
	assert_int_equal(kernel_verdict[0], WEFT_VERDICT_SHUNT);
	assert_int_equal(kernel_verdict[1], WEFT_VERDICT_SHUNT);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_set_directions), 2);
	memset(kernel_verdict, 0, sizeof(kernel_verdict));
	rule.verdict = WEFT_VERDICT_PASS;
	assert_int_equal(set_policy(NULL, 2), 0);
	rig.port[RIG_CLIENT]++;
	rig_handshake(&rig);
	assert_int_equal(kernel_verdict[0], WEFT_VERDICT_PASS);
}

TEST_WITH(policy_frames_of_another_filter_are_filtered_again, setup_live, teardown)
{
	const uint16_t ports[] = {9999};
	struct wf_segment_filter *filter;
	WEFT_OPTS(weft_filter_opts, opts, .ports = ports, .ports_count = 1);

	assert_int_equal(wf_segment_filter_new(&opts, &filter), 0);
	/* Frames of the rig have policy number 0, not 1: the kernel did not apply this filter. */
	assert_int_equal(set_policy(filter, 1), 0);
	rig_handshake(&rig);
	assert_string_equal(rig_log(&rig), "");
	assert_int_equal(wf_metric_get(&rig.metrics, frames_filtered_frames), 3);
	/* The low 8 bits of 256 are the frames' number 0: the kernel did apply the filter. */
	assert_int_equal(set_policy(filter, 256), 0);
	rig_handshake(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	assert_int_equal(set_policy(NULL, 257), 0);
	wf_segment_filter_free(filter);
}

TEST_WITH(policy_of_too_many_depths_is_rejected, setup, teardown)
{
	for (uint32_t i = 1; i <= WEFT_DEPTHS_MAX; i++) {
		rules.depth_bytes = i;
		assert_int_equal(set_policy(NULL, i), 0);
		rig_handshake(&rig);
		rig.port[RIG_CLIENT]++;
	}
	rules.depth_bytes = 100;
	assert_int_equal(set_policy(NULL, 100), -ENOSPC);
	rules.depth_bytes = 3;
	assert_int_equal(set_policy(NULL, 101), 0);
}

TEST_WITH(policy_whose_depth_replaced_another_can_be_undone, setup, teardown)
{
	struct wf_depths *depths = &wf_pipeline_conns(rig.pipeline)->depths;
	int err;

	/* Connections have all depths but the present one, which no connection has. */
	for (uint8_t i = 0; i < WEFT_DEPTHS_MAX; i++) {
		depths->bytes[i] = i == depths->now ? 1000 : 10000u + i;
		depths->flows[i] = i != depths->now;
	}
	rules.depth_bytes = 2000;
	err = set_policy(NULL, 1);
	if (!err)
		rig_handshake(&rig);
	rules.depth_bytes = 1000;
	assert_int_equal(set_policy(NULL, 2), 0);
	assert_int_equal(depths->bytes[depths->now], 1000);
	memset(depths->flows, 0, sizeof(depths->flows));
}
