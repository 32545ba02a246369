// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "base/lock.h"

enum { THREADS = 4, TURNS = 2000 };

static struct wf_lock lock;
static _Atomic int got;
static uint32_t counted;

static void *take_main(void *arg)
{
	(void)arg;
	got = wf_lock_take(&lock, "test");
	if (!got)
		wf_lock_put(&lock);
	return NULL;
}

TEST(lock_free_is_had_without_waiting)
{
	wf_lock_init(&lock, 1000);
	assert_int_equal(wf_lock_take(&lock, "test"), 0);
	wf_lock_put(&lock);
	assert_int_equal(wf_lock_take(&lock, "test"), 0);
	wf_lock_put(&lock);
	assert_int_equal(lock.waits, 0);
	wf_lock_fini(&lock);
}

TEST(lock_held_too_long_times_out_and_is_counted)
{
	pthread_t thread;

	wf_lock_init(&lock, 5);
	assert_int_equal(wf_lock_take(&lock, "test"), 0);
	assert_int_equal(pthread_create(&thread, NULL, take_main, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(got, -ETIMEDOUT);
	assert_int_equal(lock.waits, 1);
	assert_int_equal(lock.timeouts, 1);
	assert_true(lock.wait_ns >= 5000000);
	wf_lock_put(&lock);
	wf_lock_fini(&lock);
}

static void *count_main(void *arg)
{
	(void)arg;
	for (int i = 0; i < TURNS; i++) {
		if (wf_lock_take(&lock, "test"))
			return NULL;
		counted++;
		if (i % 64 == 0)
			sched_yield();
		wf_lock_put(&lock);
	}
	return NULL;
}

TEST(lock_one_holder_at_a_time)
{
	pthread_t threads[THREADS];

	counted = 0;
	wf_lock_init(&lock, 60000);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_main, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counted, THREADS * TURNS);
	assert_int_equal(lock.timeouts, 0);
	wf_lock_fini(&lock);
}
