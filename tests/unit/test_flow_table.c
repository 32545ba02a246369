// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/evict.h"
#include "flow/expire.h"
#include "packet/flow_key.h"
#include "flow/flow_id.h"
#include "flow/flow_table.h"
#include "memory/arena.h"

enum { FLOWS_MAX = 5000 };

struct fixture {
	struct wf_arena *arena;
	struct wf_flow_table table;
	uint64_t used_bytes;
};

static struct fixture fixture;

static int setup(void **state)
{
	memset(&fixture, 0, sizeof(fixture));
	assert_int_equal(wf_arena_new(16 << 20, &fixture.arena), 0);
	fixture.used_bytes = wf_arena_used_bytes(fixture.arena);
	assert_int_equal(wf_flow_table_init(&fixture.table, fixture.arena, FLOWS_MAX, 3, 7), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	assert_true(wf_flow_table_is_valid(&fixture.table));
	wf_flow_table_fini(&fixture.table);
	assert_int_equal(wf_arena_used_bytes(fixture.arena), fixture.used_bytes);
	wf_arena_free(fixture.arena);
	return 0;
}

static struct weft_flow_key key_of(uint32_t n)
{
	struct weft_flow_key key = {.port = {80, (uint16_t)n}};

	memcpy(key.addr[0], &n, sizeof(n));
	return key;
}

/* Returns the same hash for three numbers each, so that chains of equal hashes are tested. */
static uint32_t hash_of(uint32_t n)
{
	return n / 3 * 2654435761u;
}

static struct wf_flow *add(uint32_t n)
{
	struct weft_flow_key key = key_of(n);

	return wf_flow_table_add(&fixture.table, &key, hash_of(n), 1);
}

static struct wf_flow *find(uint32_t n)
{
	struct weft_flow_key key = key_of(n);

	return wf_flow_table_find(&fixture.table, &key, hash_of(n));
}

TEST_WITH(flow_table_finds_what_was_added_and_nothing_else, setup, teardown)
{
	struct wf_flow *flow;

	assert_null(find(1));
	flow = add(1);
	assert_non_null(flow);
	assert_ptr_equal(find(1), flow);
	assert_null(find(2));
	wf_flow_table_remove(&fixture.table, flow);
	assert_null(find(1));
}

static struct wf_flow *find_hinted(uint32_t n, const struct wf_flow_hint *hint)
{
	struct weft_flow_key key = key_of(n);

	return wf_flow_table_find_hinted(&fixture.table, &key, hash_of(n), hint);
}

TEST_WITH(flow_table_hint_of_an_earlier_state_is_not_used, setup, teardown)
{
	struct wf_flow_hint hint = wf_flow_table_prefetch_flow(&fixture.table, hash_of(3));
	struct wf_flow *flow;

	assert_null(find_hinted(3, &hint));
	flow = add(3);
	assert_ptr_equal(find_hinted(3, &hint), flow);
	hint = wf_flow_table_prefetch_flow(&fixture.table, hash_of(3));
	assert_ptr_equal(hint.flow, flow);
	/* The hint is for the hash, which two more numbers have. */
	assert_null(find_hinted(4, &hint));
	wf_flow_table_remove(&fixture.table, flow);
	/* The memory of the removed flow may still contain its key. */
	assert_null(find_hinted(3, &hint));
}

TEST_WITH(flow_table_full_refuses_and_loses_none, setup, teardown)
{
	for (uint32_t n = 0; n < FLOWS_MAX; n++)
		assert_non_null(add(n));
	assert_null(add(FLOWS_MAX));
	for (uint32_t n = 0; n < FLOWS_MAX; n++)
		assert_non_null(find(n));
	assert_true(wf_flow_table_is_valid(&fixture.table));
	for (uint32_t n = 0; n < FLOWS_MAX; n++)
		wf_flow_table_remove(&fixture.table, find(n));
	for (uint32_t i = 0; i < fixture.table.index.buckets_count; i++)
		assert_int_equal(fixture.table.index.buckets[i].passed, 0);
}

TEST_WITH(flow_table_random_adds_and_removes_stay_consistent, setup, teardown)
{
	static bool present[FLOWS_MAX];
	uint32_t count = 0;

	srandom(7);
	for (int i = 0; i < 200000; i++) {
		uint32_t n = (uint32_t)random() % FLOWS_MAX;

		assert_int_equal(find(n) != NULL, present[n]);
		if (present[n])
			wf_flow_table_remove(&fixture.table, find(n));
		else
			assert_non_null(add(n));
		present[n] = !present[n];
		count += present[n] ? 1 : -1u;
		assert_int_equal(wf_flow_table_count(&fixture.table), count);
	}
}

TEST_WITH(flow_table_ids_follow_from_seed_worker_and_order, setup, teardown)
{
	for (uint32_t n = 0; n < 100; n++)
		assert_int_equal(add(n)->id, wf_flow_id(7, n + 1, 3));
	wf_flow_table_remove(&fixture.table, find(50));
	assert_int_equal(add(50)->id, wf_flow_id(7, 101, 3));
}

TEST_WITH(flow_table_idle_flow_costs_at_most_256_bytes, setup, teardown)
{
	uint64_t index_bytes;

	index_bytes = (uint64_t)fixture.table.index.buckets_count * sizeof(struct wf_flow_bucket);
	assert_true(sizeof(struct wf_flow) + index_bytes / (double)FLOWS_MAX <= 256);
}

TEST_WITH(flow_table_arms_and_pops_in_time, setup, teardown)
{
	const uint64_t now_ns = 1000 * WF_NS_PER_SEC;
	struct wf_flow *flow = add(1);

	wf_flow_table_arm(&fixture.table, flow, now_ns, now_ns + WF_NS_PER_SEC);
	wf_flow_table_arm(&fixture.table, flow, now_ns, now_ns + WF_NS_PER_MS);
	assert_ptr_equal(wf_flow_table_pop_due(&fixture.table, now_ns + 10 * WF_NS_PER_MS), flow);
	assert_null(wf_flow_table_pop_due(&fixture.table, now_ns + 10 * WF_NS_PER_SEC));
}

TEST_WITH(flow_key_guesses_who_speaks_to_the_known_port, setup, teardown)
{
	struct weft_flow_key key = {.port = {443, 50000}};

	assert_int_equal(wf_flow_key_guess_client(&key, 0), 1);
	key.port[0] = 50000;
	key.port[1] = 22;
	assert_int_equal(wf_flow_key_guess_client(&key, 1), 0);
	key.port[0] = 1023;
	assert_int_equal(wf_flow_key_guess_client(&key, 1), 0);
	key.port[0] = 8080;
	key.port[1] = 50000;
	assert_int_equal(wf_flow_key_guess_client(&key, 0), 1);
	key.port[1] = 8080;
	assert_int_equal(wf_flow_key_guess_client(&key, 0), 0);
}

TEST_WITH(evict_takes_the_longest_silent, setup, teardown)
{
	const uint64_t now_ns = 1000 * WF_NS_PER_SEC;

	for (uint32_t n = 0; n < 10; n++)
		add(n)->last_ns = now_ns - n * WF_NS_PER_SEC;
	assert_ptr_equal(wf_flow_evict_choose(&fixture.table, NULL, now_ns), find(9));
	assert_ptr_equal(wf_flow_evict_choose(&fixture.table, find(9), now_ns), find(8));
}

TEST_WITH(evict_takes_midstream_and_finished_first, setup, teardown)
{
	const uint64_t now_ns = 1000 * WF_NS_PER_SEC;

	for (uint32_t n = 0; n < 10; n++)
		add(n)->last_ns = now_ns - 5 * WF_NS_PER_SEC;
	find(4)->flags |= WF_FLOW_MIDSTREAM;
	assert_ptr_equal(wf_flow_evict_choose(&fixture.table, NULL, now_ns), find(4));
	find(7)->flags |= WF_FLOW_MIDSTREAM;
	find(7)->tcp.dir[0].flags |= WF_TCP_KNOWS_FIN;
	assert_ptr_equal(wf_flow_evict_choose(&fixture.table, NULL, now_ns), find(7));
}

TEST_WITH(expire_closing_only_when_all_visible_sides_have_finished, setup, teardown)
{
	const struct wf_flow_timeouts timeouts = {.established_ns = 1000, .closing_ns = 10};
	struct wf_flow *flow = add(1);

	flow->last_ns = 500;
	flow->packets[0] = 1;
	flow->packets[1] = 1;
	assert_int_equal(wf_flow_idle_deadline(flow, &timeouts), 1500);
	flow->tcp.dir[0].flags |= WF_TCP_KNOWS_FIN;
	assert_int_equal(wf_flow_idle_deadline(flow, &timeouts), 1500);
	flow->packets[1] = 0;
	assert_int_equal(wf_flow_idle_deadline(flow, &timeouts), 510);
}
