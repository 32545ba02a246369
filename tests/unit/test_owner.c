// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_owner.c - violations of ownership are found and counted, and correct use is not.
 */
#include "unit/support/test.h"

#include <pthread.h>
#include <string.h>

#include "base/owner.h"
#include "flow/claims.h"
#include "flow/flow_table.h"
#include "memory/arena.h"

static void *check_main(void *arg)
{
	wf_owner_check(arg, "test");
	return NULL;
}

static void *enter_main(void *arg)
{
	wf_owner_enter(arg, "test");
	wf_owner_leave(arg);
	return NULL;
}

static void in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
	pthread_join(thread, NULL);
}

TEST(owner_nobody_yet_lets_anyone)
{
	struct wf_owner owner = {0};

	wf_owner_check(&owner, "test");
	in_thread(check_main, &owner);
	assert_int_equal(owner.violations, 0);
}

TEST(owner_other_thread_is_counted)
{
	struct wf_owner owner = {0};

	wf_owner_adopt(&owner);
	assert_true(wf_owner_is_self(&owner));
	wf_owner_check(&owner, "test");
	assert_int_equal(owner.violations, 0);
	in_thread(check_main, &owner);
	in_thread(check_main, &owner);
	assert_int_equal(owner.violations, 2);
}

TEST(owner_two_threads_inside_are_counted_where_asked_for)
{
	struct wf_owner owner = {.races = true};

	wf_owner_enter(&owner, "test");
	wf_owner_leave(&owner);
	in_thread(enter_main, &owner);
	assert_int_equal(owner.violations, 0);
	wf_owner_enter(&owner, "test");
	in_thread(enter_main, &owner);
	assert_int_equal(owner.violations, 1);
	owner.races = false;
	in_thread(enter_main, &owner);
	assert_int_equal(owner.violations, 1);
}

TEST(owner_none_is_not_checked)
{
	wf_owner_check(NULL, "test");
	wf_owner_enter(NULL, "test");
	wf_owner_leave(NULL);
	wf_owner_adopt(NULL);
}

/* ---- flows ------------------------------------------------------------------------ */

struct tables {
	struct wf_arena *arena;
	struct wf_claims claims;
	struct wf_owner owner;
	struct wf_flow_table table[2];
	struct weft_flow_key key;
};

static struct tables tables;

static int setup(void **state)
{
	memset(&tables, 0, sizeof(tables));
	tables.key.port[0] = 80;
	tables.key.port[1] = 1025;
	if (wf_arena_new(64 << 20, &tables.arena) || wf_claims_init(&tables.claims, tables.arena))
		return -1;
	for (uint32_t i = 0; i < 2; i++) {
		if (wf_flow_table_init(&tables.table[i], tables.arena, 100, i, 0))
			return -1;
		wf_flow_table_set_owner(&tables.table[i], &tables.owner, &tables.claims);
	}
	return 0;
}

static int teardown(void **state)
{
	wf_flow_table_fini(&tables.table[0]);
	wf_flow_table_fini(&tables.table[1]);
	wf_claims_fini(&tables.claims);
	assert_int_equal(wf_arena_used_bytes(tables.arena), 0);
	wf_arena_free(tables.arena);
	return 0;
}

static void *find_main(void *arg)
{
	wf_flow_table_find(arg, &tables.key, 7);
	return NULL;
}

TEST_WITH(owner_flow_operation_of_other_thread_is_counted, setup, teardown)
{
	struct wf_flow *flow;

	wf_owner_adopt(&tables.owner);
	flow = wf_flow_table_add(&tables.table[0], &tables.key, 7, 0);
	assert_non_null(flow);
	assert_ptr_equal(wf_flow_table_find(&tables.table[0], &tables.key, 7), flow);
	assert_int_equal(tables.owner.violations, 0);
	in_thread(find_main, &tables.table[0]);
	assert_int_equal(tables.owner.violations, 1);
	wf_flow_table_remove(&tables.table[0], flow);
}

TEST_WITH(claims_same_flow_at_two_workers_is_counted, setup, teardown)
{
	struct wf_flow *flow;

	flow = wf_flow_table_add(&tables.table[0], &tables.key, 7, 0);
	wf_flow_table_remove(&tables.table[0], flow);
	flow = wf_flow_table_add(&tables.table[0], &tables.key, 7, 0);
	assert_int_equal(tables.claims.violations, 0);
	wf_flow_table_remove(&tables.table[1],
			     wf_flow_table_add(&tables.table[1], &tables.key, 9, 0));
	assert_int_equal(tables.claims.violations, 1);
	wf_flow_table_remove(&tables.table[0], flow);
}

TEST_WITH(claims_many_flows_of_two_workers_are_told_apart, setup, teardown)
{
	for (uint32_t i = 0; i < 300000; i++) {
		tables.key.port[0] = (uint16_t)i;
		tables.key.port[1] = (uint16_t)(i >> 16);
		wf_claims_add(&tables.claims, &tables.key, i & 1);
	}
	assert_int_equal(tables.claims.violations, 0);
}
