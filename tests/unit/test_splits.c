// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_splits.c - finds the two halves of a connection whose directions are in different VLANs.
 */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/shared.h"
#include "splits/splits.h"

static struct wf_splits *splits;
static const struct weft_flow_key plain = {
	.addr = {{[10] = 0xff, 0xff, 10, 0, 0, 1}, {[10] = 0xff, 0xff, 10, 0, 0, 2}},
	.port = {1000, 80},
};

static int setup(void **state)
{
	(void)state;
	splits = calloc(1, sizeof(*splits));
	return splits ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(splits);
	return 0;
}

static struct weft_flow_key in_vlan(uint16_t outer, uint16_t inner)
{
	struct weft_flow_key key = plain;

	key.vlan[0] = outer;
	key.vlan[1] = inner;
	return key;
}

TEST_WITH(splits_other_direction_in_another_vlan_is_found, setup, teardown)
{
	const struct weft_flow_key ten = in_vlan(10, 0), twenty = in_vlan(20, 0);

	assert_false(wf_splits_add(splits, &ten, 0));
	assert_true(wf_splits_add(splits, &twenty, 1));
}

TEST_WITH(splits_other_direction_without_vlan_is_found, setup, teardown)
{
	const struct weft_flow_key ten = in_vlan(10, 0);

	assert_false(wf_splits_add(splits, &ten, 1));
	assert_true(wf_splits_add(splits, &plain, 0));
}

TEST_WITH(splits_other_inner_vlan_is_found, setup, teardown)
{
	const struct weft_flow_key forth = in_vlan(10, 1), back = in_vlan(10, 2);

	assert_false(wf_splits_add(splits, &forth, 0));
	assert_true(wf_splits_add(splits, &back, 1));
}

/* The same direction in two VLANs: a router, or two networks. */
TEST_WITH(splits_same_direction_is_no_split, setup, teardown)
{
	const struct weft_flow_key ten = in_vlan(10, 0), twenty = in_vlan(20, 0);

	assert_false(wf_splits_add(splits, &ten, 0));
	assert_false(wf_splits_add(splits, &twenty, 0));
}

/* Both directions are in the same VLAN: the second half began after the first was removed. */
TEST_WITH(splits_same_vlan_is_no_split, setup, teardown)
{
	const struct weft_flow_key ten = in_vlan(10, 0);

	assert_false(wf_splits_add(splits, &ten, 0));
	assert_false(wf_splits_add(splits, &ten, 1));
}

TEST_WITH(splits_other_connection_is_no_split, setup, teardown)
{
	struct weft_flow_key other = in_vlan(10, 0);

	assert_false(wf_splits_add(splits, &plain, 0));
	other.port[0]++;
	assert_false(wf_splits_add(splits, &other, 1));
	other = in_vlan(10, 0);
	other.vni = 1;
	assert_false(wf_splits_add(splits, &other, 1));
}
