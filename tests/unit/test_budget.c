// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "memory/budget.h"
#include "memory/fault.h"
#include "metrics/metrics.h"

enum { LIMIT = 1000 };

static struct wf_budget budget;

static int setup(void **state)
{
	wf_budget_init(&budget, LIMIT, NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	assert_true(wf_budget_is_valid(&budget));
	return 0;
}

TEST_WITH(budget_up_to_the_limit_is_granted, setup, teardown)
{
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 0), 0);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, LIMIT), 0);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 0), 0);
	assert_int_equal(wf_budget_used(&budget), LIMIT);
}

TEST_WITH(budget_one_past_the_limit_is_refused, setup, teardown)
{
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_STATE, LIMIT + 1), -ENOBUFS);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_STATE, LIMIT), 0);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_MAPS, 1), -ENOBUFS);
	assert_int_equal(wf_budget_used(&budget), LIMIT);
	assert_int_equal(wf_budget_held(&budget, WF_BUDGET_MAPS), 0);
	assert_int_equal(atomic_load(&budget.refused), 2);
}

TEST_WITH(budget_sum_that_would_wrap_is_refused, setup, teardown)
{
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_OTHER, 10), 0);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_OTHER, UINT64_MAX), -ENOBUFS);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_OTHER, UINT64_MAX - 9), -ENOBUFS);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_OTHER, (uint64_t)-1), -ENOBUFS);
	assert_int_equal(wf_budget_used(&budget), 10);
}

TEST_WITH(budget_release_makes_room, setup, teardown)
{
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, LIMIT), 0);
	wf_budget_release(&budget, WF_BUDGET_QUEUES, 400);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_STATE, 401), -ENOBUFS);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_STATE, 400), 0);
	assert_int_equal(wf_budget_held(&budget, WF_BUDGET_QUEUES), 600);
}

TEST_WITH(budget_move_keeps_the_sum, setup, teardown)
{
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_FREE_SPANS, 100), 0);
	wf_budget_move(&budget, WF_BUDGET_FREE_SPANS, WF_BUDGET_PAGES, 60);
	assert_int_equal(wf_budget_held(&budget, WF_BUDGET_FREE_SPANS), 40);
	assert_int_equal(wf_budget_held(&budget, WF_BUDGET_PAGES), 60);
	assert_int_equal(wf_budget_used(&budget), 100);
}

TEST_WITH(budget_peak_remembers_the_most, setup, teardown)
{
	struct wf_metrics metrics;

	memset(&metrics, 0, sizeof(metrics));
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_PAGES, 900), 0);
	wf_budget_release(&budget, WF_BUDGET_PAGES, 800);
	wf_budget_publish(&budget, &metrics);
	assert_int_equal(wf_metric_get(&metrics, memory_peak_bytes), 900);
	assert_int_equal(wf_metric_get(&metrics, memory_used_bytes), 100);
	assert_int_equal(wf_metric_get(&metrics, memory_pages_bytes), 100);
}

static const char *const owner_names[] = {
	[WF_BUDGET_TABLES] = "tables", [WF_BUDGET_FREE_SPANS] = "free_spans",
	[WF_BUDGET_FRAMES] = "frames", [WF_BUDGET_PAGES] = "pages",
	[WF_BUDGET_SLABS] = "slabs",   [WF_BUDGET_RUNS] = "runs",
	[WF_BUDGET_QUEUES] = "queues", [WF_BUDGET_WORKERS] = "workers",
	[WF_BUDGET_RINGS] = "rings",   [WF_BUDGET_MAPS] = "maps",
	[WF_BUDGET_STATE] = "state",   [WF_BUDGET_OTHER] = "other",
};
_Static_assert(sizeof(owner_names) / sizeof(owner_names[0]) == WF_BUDGET_OWNER_COUNT,
	       "each owner has a name");

TEST_WITH(budget_each_owner_has_a_metric_of_its_name, setup, teardown)
{
	struct wf_metrics metrics;

	memset(&metrics, 0, sizeof(metrics));
	for (int owner = 0; owner < WF_BUDGET_OWNER_COUNT; owner++)
		assert_int_equal(wf_budget_reserve(&budget, (enum wf_budget_owner)owner,
						   (uint64_t)owner + 1),
				 0);
	wf_budget_publish(&budget, &metrics);
	for (int owner = 0; owner < WF_BUDGET_OWNER_COUNT; owner++) {
		char name[64];

		snprintf(name, sizeof(name), "memory_%s_bytes", owner_names[owner]);
		assert_int_equal(wf_metrics_find(&metrics, name), owner + 1);
	}
}

/*
 * A reclaim handler that releases @bytes of WF_BUDGET_FREE_SPANS if the budget holds that many.
 */
static void give_back(void *ctx, uint64_t bytes)
{
	(*(int *)ctx)++;
	if (bytes <= wf_budget_held(&budget, WF_BUDGET_FREE_SPANS))
		wf_budget_release(&budget, WF_BUDGET_FREE_SPANS, bytes);
}

TEST_WITH(budget_without_room_reclaims_before_it_refuses, setup, teardown)
{
	int calls = 0;

	wf_budget_init(&budget, LIMIT, give_back, &calls);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_FREE_SPANS, 500), 0);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 500), 0);
	assert_int_equal(calls, 0);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 300), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 300), -ENOBUFS);
	assert_int_equal(calls, 2);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, LIMIT + 1), -ENOBUFS);
	assert_int_equal(calls, 2); /* the request is larger than the whole budget */
}

static void *reserve_and_release(void *ctx)
{
	uint64_t *most = ctx;

	for (int i = 0; i < 50000; i++) {
		uint64_t used;

		if (wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 300))
			continue;
		used = wf_budget_used(&budget);
		if (used > *most)
			*most = used;
		wf_budget_release(&budget, WF_BUDGET_QUEUES, 300);
	}
	return NULL;
}

TEST_WITH(budget_of_many_threads_never_exceeds_the_limit, setup, teardown)
{
	pthread_t threads[4];
	uint64_t most[4] = {0};

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, reserve_and_release, &most[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_true(most[i] <= LIMIT);
	}
	assert_true(atomic_load(&budget.peak_bytes) <= LIMIT);
	assert_int_equal(wf_budget_used(&budget), 0);
}

#if WF_DEBUG >= 1
TEST_WITH(budget_armed_fault_fails_once, setup, teardown)
{
	wf_fault_arm(2);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 1), 0);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 1), -ENOBUFS);
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 1), 0);
	assert_true(wf_fault_disarm());
	wf_fault_arm(1);
	assert_false(wf_fault_disarm());
	assert_int_equal(wf_budget_reserve(&budget, WF_BUDGET_QUEUES, 1), 0);
}
#endif
