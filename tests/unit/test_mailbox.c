// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_mailbox.c - a call runs exactly once on the worker's thread, unless its sender cancels it;
 * equal requests are merged.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "worker/mailbox.h"

enum { CALLS = 2000 };

static struct wf_mailbox mailbox;
static struct wf_waiter waiter;
static pthread_t answering_thread;
static unsigned int answers;
static _Atomic bool stop;

static int setup(void **state)
{
	mailbox = (struct wf_mailbox){.owner = &waiter};
	answers = 0;
	atomic_store(&stop, false);
	return 0;
}

static void answer(void *ctx, struct wf_pipeline *pipeline)
{
	answering_thread = pthread_self();
	*(unsigned int *)ctx = ++answers;
}

static void answer_now(void)
{
	if (wf_mailbox_take(&mailbox) & 1u << WF_REQUEST_CALL)
		wf_mailbox_run_call(&mailbox, NULL);
}

static void *work(void *arg)
{
	while (!atomic_load(&stop)) {
		uint32_t ticket = wf_waiter_announce(&waiter);

		answer_now();
		wf_waiter_sleep(&waiter, ticket, wf_clock_monotonic_ns() + WF_NS_PER_MS);
		wf_waiter_cancel(&waiter);
	}
	return NULL;
}

TEST_WITH(mailbox_each_call_runs_on_the_worker, setup, NULL)
{
	unsigned int got = 0;
	const struct wf_call call = {.fn = answer, .ctx = &got};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
	for (unsigned int i = 1; i <= CALLS; i++) {
		assert_int_equal(wf_mailbox_call(&mailbox, &call, 10000), 0);
		assert_int_equal(got, i);
	}
	assert_true(pthread_equal(answering_thread, thread));
	atomic_store(&stop, true);
	wf_waiter_wake(&waiter);
	pthread_join(thread, NULL);
}

TEST_WITH(mailbox_call_that_nobody_runs_is_taken_back, setup, NULL)
{
	unsigned int got = 0;
	const struct wf_call call = {.fn = answer, .ctx = &got};

	assert_int_equal(wf_mailbox_call(&mailbox, &call, 1), -ETIMEDOUT);
	answer_now();
	assert_int_equal(got, 0);
}

TEST_WITH(mailbox_requests_add_up_and_are_taken_once, setup, NULL)
{
	wf_mailbox_post(&mailbox, WF_REQUEST_LEVEL);
	wf_mailbox_post(&mailbox, WF_REQUEST_CLEANUP_FIRST + 2);
	wf_mailbox_post(&mailbox, WF_REQUEST_LEVEL);
	assert_int_equal(wf_mailbox_take(&mailbox),
			 1u << WF_REQUEST_LEVEL | 1u << (WF_REQUEST_CLEANUP_FIRST + 2));
	assert_int_equal(wf_mailbox_take(&mailbox), 0);
}
