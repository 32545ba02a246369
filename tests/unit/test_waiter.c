// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_waiter.c - no wake-up is lost, none is stored for a later sleep, and a sleep that nobody
 * ends lasts until its deadline.
 */
#include "unit/support/test.h"

#include <poll.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/waiter.h"

enum { ROUNDS = 5000, SLEEPERS = 4 };

#define FAR_NS (20 * WF_NS_PER_SEC)

static struct wf_waiter waiter;
static struct wf_waiter answers;
static _Atomic uint32_t published;
static _Atomic uint32_t seen[SLEEPERS];

static int setup(void **state)
{
	waiter = answers = (struct wf_waiter){0};
	atomic_store(&published, 0);
	for (int i = 0; i < SLEEPERS; i++)
		atomic_store(&seen[i], 0);
	return 0;
}

static int teardown(void **state)
{
	wf_waiter_close(&waiter);
	return 0;
}

static bool is_readable(int timeout_ms)
{
	struct pollfd pollfd = {.fd = waiter.fd, .events = POLLIN};

	return poll(&pollfd, 1, timeout_ms) == 1;
}

TEST_WITH(waiter_sleep_ends_at_the_deadline, setup, teardown)
{
	uint64_t end_ns = wf_clock_monotonic_ns() + 2 * WF_NS_PER_MS;

	wf_waiter_sleep(&waiter, wf_waiter_announce(&waiter), end_ns);
	assert_true(wf_clock_monotonic_ns() >= end_ns);
}

TEST_WITH(waiter_woken_after_announcing_does_not_sleep, setup, teardown)
{
	uint64_t begin_ns = wf_clock_monotonic_ns();
	uint32_t ticket = wf_waiter_announce(&waiter);

	wf_waiter_wake(&waiter);
	wf_waiter_sleep(&waiter, ticket, begin_ns + FAR_NS);
	assert_true(wf_clock_monotonic_ns() < begin_ns + FAR_NS);
}

/* A wake-up while no thread has announced a sleep must not shorten a later sleep. */
TEST_WITH(waiter_woken_before_announcing_sleeps, setup, teardown)
{
	uint64_t end_ns = wf_clock_monotonic_ns() + 2 * WF_NS_PER_MS;

	wf_waiter_wake(&waiter);
	wf_waiter_sleep(&waiter, wf_waiter_announce(&waiter), end_ns);
	assert_true(wf_clock_monotonic_ns() >= end_ns);
}

TEST_WITH(waiter_cancelled_announcement_is_gone, setup, teardown)
{
	wf_waiter_announce(&waiter);
	assert_true(wf_waiter_is_announced(&waiter));
	wf_waiter_cancel(&waiter);
	assert_false(wf_waiter_is_announced(&waiter));
}

TEST_WITH(waiter_open_is_polled, setup, teardown)
{
	assert_int_equal(wf_waiter_open(&waiter), 0);
	wf_waiter_wake(&waiter);
	assert_false(is_readable(0));
	wf_waiter_announce(&waiter);
	wf_waiter_wake(&waiter);
	assert_true(is_readable(0));
	wf_waiter_cancel(&waiter);
	assert_false(is_readable(0));
}

static void *sleep_for_each(void *arg)
{
	uint32_t index = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 1; i <= ROUNDS; i++) {
		while (atomic_load_explicit(&published, memory_order_relaxed) < i) {
			uint32_t ticket = wf_waiter_announce(&waiter);

			if (atomic_load_explicit(&published, memory_order_relaxed) < i)
				wf_waiter_sleep(&waiter, ticket, UINT64_MAX);
		}
		atomic_store_explicit(&seen[index], i, memory_order_relaxed);
		wf_waiter_wake(&answers);
	}
	return NULL;
}

static void wait_until_seen(uint32_t index, uint32_t round)
{
	while (atomic_load_explicit(&seen[index], memory_order_relaxed) < round) {
		uint32_t ticket = wf_waiter_announce(&answers);

		if (atomic_load_explicit(&seen[index], memory_order_relaxed) < round)
			wf_waiter_sleep(&answers, ticket, UINT64_MAX);
		wf_waiter_cancel(&answers);
	}
}

/* If a wake-up is lost on either side, this test hangs and fails at its time limit. */
TEST_WITH(waiter_many_sleepers_miss_nothing, setup, teardown)
{
	pthread_t threads[SLEEPERS];

	for (uintptr_t i = 0; i < SLEEPERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sleep_for_each, (void *)i), 0);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		atomic_store_explicit(&published, round, memory_order_relaxed);
		wf_waiter_wake(&waiter);
		for (uint32_t i = 0; i < SLEEPERS; i++)
			wait_until_seen(i, round);
	}
	for (int i = 0; i < SLEEPERS; i++)
		pthread_join(threads[i], NULL);
}
