// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "metrics/metrics.h"
#include "pressure/cleanup.h"

struct fixture {
	struct wf_cleanup *cleanup;
	struct wf_metrics metrics;
};

/* A task that returns a chosen result and records its calls. */
struct task {
	int64_t result;
	uint32_t runs;
	uint64_t now_ns;
	uint64_t ttl_ns;
};

static int64_t run_task(void *ctx, uint64_t now_ns, uint64_t ttl_ns)
{
	struct task *task = ctx;

	task->runs++;
	task->now_ns = now_ns;
	task->ttl_ns = ttl_ns;
	return task->result;
}

static void add(struct fixture *fix, struct task *task, uint64_t interval_ns, uint64_t ttl_ns)
{
	struct wf_cleanup_task opts = {
		.name = "things",
		.interval_ns = interval_ns,
		.ttl_ns = ttl_ns,
		.fn = run_task,
		.ctx = task,
	};

	assert_int_equal(wf_cleanup_register(fix->cleanup, &opts, 0), 0);
}

static int setup(void **state)
{
	struct fixture *fix = aligned_alloc(64, (sizeof(*fix) + 63) / 64 * 64);

	memset(fix, 0, sizeof(*fix));
	assert_int_equal(wf_cleanup_new(&fix->metrics, &fix->cleanup), 0);
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	wf_cleanup_free(fix->cleanup);
	free(fix);
	return 0;
}

static void copy_stats(const struct wf_cleanup_stats *stats, void *ctx)
{
	*(struct wf_cleanup_stats *)ctx = *stats;
}

TEST_WITH(cleanup_empty_has_nothing_due, setup, teardown)
{
	struct fixture *fix = *state;

	assert_true(wf_cleanup_run(fix->cleanup, 5) == UINT64_MAX);
}

TEST_WITH(cleanup_task_runs_when_due_and_not_before, setup, teardown)
{
	struct fixture *fix = *state;
	struct task task = {.result = 3};

	add(fix, &task, 100, 7);
	assert_int_equal(wf_cleanup_run(fix->cleanup, 99), 100);
	assert_int_equal(task.runs, 0);
	assert_int_equal(wf_cleanup_run(fix->cleanup, 100), 200);
	assert_int_equal(task.runs, 1);
	assert_int_equal(task.now_ns, 100);
	assert_int_equal(task.ttl_ns, 7);
	assert_int_equal(wf_metric_get(&fix->metrics, cleanup_runs), 1);
	assert_int_equal(wf_metric_get(&fix->metrics, cleanup_removed_items), 3);
}

TEST_WITH(cleanup_late_task_runs_once, setup, teardown)
{
	struct fixture *fix = *state;
	struct task task = {0};

	add(fix, &task, 100, 0);
	assert_int_equal(wf_cleanup_run(fix->cleanup, 1050), 1150);
	assert_int_equal(task.runs, 1);
}

TEST_WITH(cleanup_failing_task_is_counted_and_slowed, setup, teardown)
{
	struct fixture *fix = *state;
	struct task task = {.result = -EIO};
	struct wf_cleanup_stats stats = {0};
	uint64_t now_ns = 100;
	static const uint64_t waits[] = {200, 400, 800, 1600, 1600};

	add(fix, &task, 100, 0);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(wf_cleanup_run(fix->cleanup, now_ns), now_ns + waits[i]);
		now_ns += waits[i];
	}
	wf_cleanup_each(fix->cleanup, copy_stats, &stats);
	assert_int_equal(stats.errors, 5);
	assert_int_equal(stats.last_err, -EIO);
	assert_int_equal(wf_metric_get(&fix->metrics, cleanup_errors), 5);

	task.result = 0;
	assert_int_equal(wf_cleanup_run(fix->cleanup, now_ns), now_ns + 100);
	wf_cleanup_each(fix->cleanup, copy_stats, &stats);
	assert_int_equal(stats.errors_in_row, 0);
	assert_int_equal(stats.errors, 5);
}

TEST_WITH(cleanup_ttl_is_shortened_and_restored, setup, teardown)
{
	struct fixture *fix = *state;
	struct task task = {0};

	add(fix, &task, 1, 1000);
	wf_cleanup_set_ttl_percent(fix->cleanup, 50);
	wf_cleanup_run(fix->cleanup, 1);
	assert_int_equal(task.ttl_ns, 500);
	wf_cleanup_set_ttl_percent(fix->cleanup, 0);
	wf_cleanup_run(fix->cleanup, 2);
	assert_int_equal(task.ttl_ns, 10);
	wf_cleanup_set_ttl_percent(fix->cleanup, 200);
	wf_cleanup_run(fix->cleanup, 3);
	assert_int_equal(task.ttl_ns, 1000);
}

TEST_WITH(cleanup_shortened_ttl_never_means_no_ttl, setup, teardown)
{
	struct fixture *fix = *state;
	struct task task = {0};

	add(fix, &task, 1, 1);
	wf_cleanup_set_ttl_percent(fix->cleanup, 1);
	wf_cleanup_run(fix->cleanup, 1);
	assert_int_equal(task.ttl_ns, 1);
}

TEST_WITH(cleanup_huge_times_do_not_wrap, setup, teardown)
{
	struct fixture *fix = *state;
	struct task task = {.result = -EIO};

	add(fix, &task, UINT64_MAX, UINT64_MAX);
	wf_cleanup_set_ttl_percent(fix->cleanup, 50);
	assert_true(wf_cleanup_run(fix->cleanup, 10) == UINT64_MAX);
	assert_true(wf_cleanup_run(fix->cleanup, UINT64_MAX) == UINT64_MAX);
	assert_int_equal(task.runs, 1);
	assert_true(task.ttl_ns > UINT64_MAX / 100 * 49 && task.ttl_ns <= UINT64_MAX / 2);
}

TEST_WITH(cleanup_bad_task_is_refused, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_cleanup_task task = {.name = "x", .interval_ns = 0, .fn = run_task};

	assert_int_equal(wf_cleanup_register(fix->cleanup, &task, 0), -EINVAL);
	task.interval_ns = 1;
	task.fn = NULL;
	assert_int_equal(wf_cleanup_register(fix->cleanup, &task, 0), -EINVAL);
	task.fn = run_task;
	task.name = NULL;
	assert_int_equal(wf_cleanup_register(fix->cleanup, &task, 0), -EINVAL);
}

TEST_WITH(cleanup_full_refuses_another, setup, teardown)
{
	struct fixture *fix = *state;
	struct task task = {0};
	struct wf_cleanup_task opts = {.name = "x", .interval_ns = 1, .fn = run_task, .ctx = &task};

	for (int i = 0; i < WEFT_CLEANUP_TASKS_MAX; i++)
		add(fix, &task, 1, 0);
	assert_int_equal(wf_cleanup_register(fix->cleanup, &opts, 0), -ENOBUFS);
	wf_cleanup_run(fix->cleanup, 1);
	assert_int_equal(task.runs, WEFT_CLEANUP_TASKS_MAX);
}
