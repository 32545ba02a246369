// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_asking.c - a question is answered once, on the worker's thread, or taken back.
 */
#include "unit/support/cmocka.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "worker/asking.h"

enum { QUESTIONS = 2000 };

static struct wf_asking asking;
static struct wf_waiter waiter;
static pthread_t answering_thread;
static unsigned int answers;
static _Atomic bool stop;

static int setup(void **state)
{
	answers = 0;
	atomic_store(&stop, false);
	return 0;
}

static int teardown(void **state)
{
	return 0;
}

static void answer(void *ctx, struct wf_pipeline *pipeline)
{
	answering_thread = pthread_self();
	*(unsigned int *)ctx = ++answers;
}

static void *work(void *arg)
{
	while (!atomic_load(&stop)) {
		uint32_t ticket = wf_waiter_announce(&waiter);

		wf_asking_answer(&asking, NULL);
		wf_waiter_sleep(&waiter, ticket, wf_clock_monotonic_ns() + WF_NS_PER_MS);
		wf_waiter_cancel(&waiter);
	}
	return NULL;
}

static void test_asking_each_question_is_answered_by_the_worker(void **state)
{
	unsigned int got = 0;
	const struct wf_question question = {.answer = answer, .ctx = &got};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
	for (unsigned int i = 1; i <= QUESTIONS; i++) {
		assert_int_equal(wf_asking_ask(&asking, &waiter, &question, 10000), 0);
		assert_int_equal(got, i);
	}
	assert_true(pthread_equal(answering_thread, thread));
	atomic_store(&stop, true);
	wf_waiter_wake(&waiter);
	pthread_join(thread, NULL);
}

static void test_asking_what_nobody_answers_is_taken_back(void **state)
{
	unsigned int got = 0;
	const struct wf_question question = {.answer = answer, .ctx = &got};

	assert_int_equal(wf_asking_ask(&asking, &waiter, &question, 1), -ETIMEDOUT);
	wf_asking_answer(&asking, NULL);
	assert_int_equal(got, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_asking_each_question_is_answered_by_the_worker,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_asking_what_nobody_answers_is_taken_back,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
