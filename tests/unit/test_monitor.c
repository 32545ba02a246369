// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/budget.h"
#include "metrics/metrics.h"
#include "pressure/cleanup.h"
#include "pressure/pressure.h"
#include "pressure/monitor.h"
#include "unit/support/run_off.h"

enum { MIB = 1 << 20, LIMIT = 64 * MIB, SPAN = WEFT_SPAN_BYTES };

#define SEC 1000000000ull

/* Only the budget can report pressure: the paths of the other sources do not exist. */
static const struct wf_monitor_opts quiet_opts = {
	.pressure = {70, 85, 95, 5, 1},
	.interval_ns = SEC / 2,
	.proc_dir = "/nonexistent",
	.psi_path = "/nonexistent",
	.cgroup_dir = "/nonexistent",
};

struct fixture {
	struct wf_arena *arena;
	struct wf_monitor *monitor;
	struct wf_metrics metrics;
	int64_t runs;
	uint64_t ttl_ns; /* latest time to live that the owner's task received */
};

static int setup(void **state)
{
	struct fixture *fix = aligned_alloc(64, (sizeof(*fix) + 63) / 64 * 64);
	struct wf_monitor_opts opts = quiet_opts;

	memset(fix, 0, sizeof(*fix));
	assert_int_equal(wf_arena_new(LIMIT, &fix->arena), 0);
	opts.arena = fix->arena;
	assert_int_equal(wf_monitor_new(&opts, &fix->metrics, 0, &fix->monitor), 0);
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	wf_monitor_free(fix->monitor);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
	wf_arena_free(fix->arena);
	free(fix);
	return 0;
}

static void hold_percent(struct fixture *fix, uint64_t percent)
{
	struct wf_budget *budget = wf_arena_budget(fix->arena);
	uint64_t rest = LIMIT - wf_budget_held(budget, WF_BUDGET_TABLES);

	wf_budget_release(budget, WF_BUDGET_QUEUES, wf_budget_held(budget, WF_BUDGET_QUEUES));
	assert_int_equal(wf_budget_reserve(budget, WF_BUDGET_QUEUES, rest * percent / 100 + 1), 0);
}

static void let_go(struct fixture *fix)
{
	struct wf_budget *budget = wf_arena_budget(fix->arena);

	wf_budget_release(budget, WF_BUDGET_QUEUES, wf_budget_held(budget, WF_BUDGET_QUEUES));
}

static uint64_t free_bytes(struct fixture *fix)
{
	return wf_budget_held(wf_arena_budget(fix->arena), WF_BUDGET_FREE_SPANS);
}

static void leave_free_memory(struct fixture *fix, uint32_t spans)
{
	int64_t off = take_run_off(fix->arena, spans);

	assert_true(off >= 0);
	put_run_off(fix->arena, (uint64_t)off, spans);
}

static int64_t owner_task(void *ctx, uint64_t now_ns, uint64_t ttl_ns)
{
	struct fixture *fix = ctx;

	fix->ttl_ns = ttl_ns;
	return ++fix->runs;
}

TEST_WITH(monitor_with_bad_options_is_refused, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_monitor_opts opts = quiet_opts;
	struct wf_monitor *monitor;

	opts.arena = fix->arena;
	opts.interval_ns = 0;
	assert_int_equal(wf_monitor_new(&opts, &fix->metrics, 0, &monitor), -EINVAL);
	opts.interval_ns = 1;
	opts.pressure.high_percent = 50;
	assert_int_equal(wf_monitor_new(&opts, &fix->metrics, 0, &monitor), -EINVAL);
	wf_monitor_free(NULL);
}

TEST_WITH(monitor_says_when_to_come_again, setup, teardown)
{
	struct fixture *fix = *state;

	assert_int_equal(wf_monitor_run(fix->monitor, 0), SEC / 2);
	assert_int_equal(wf_monitor_run(fix->monitor, SEC / 4), SEC / 2);
	assert_int_equal(wf_monitor_run(fix->monitor, SEC), SEC * 3 / 2);
}

TEST_WITH(monitor_publishes_memory, setup, teardown)
{
	struct fixture *fix = *state;

	wf_monitor_run(fix->monitor, 0);
	assert_int_equal(wf_metric_get(&fix->metrics, memory_limit_bytes), LIMIT);
}

TEST_WITH(monitor_idle_memory_goes_back_in_halves, setup, teardown)
{
	struct fixture *fix = *state;

	leave_free_memory(fix, 64);
	wf_monitor_run(fix->monitor, 4 * SEC);
	assert_int_equal(free_bytes(fix), 64 * SPAN);
	wf_monitor_run(fix->monitor, 5 * SEC);
	assert_int_equal(free_bytes(fix), 32 * SPAN);
	wf_monitor_run(fix->monitor, 10 * SEC);
	assert_int_equal(free_bytes(fix), 16 * SPAN);
	wf_monitor_run(fix->monitor, 15 * SEC);
	assert_int_equal(free_bytes(fix), 0);
}

TEST_WITH(monitor_pressure_gives_memory_back_at_once, setup, teardown)
{
	struct fixture *fix = *state;

	leave_free_memory(fix, 64);
	hold_percent(fix, 80);
	wf_monitor_run(fix->monitor, 0);
	assert_int_equal(wf_pressure_level(wf_monitor_pressure(fix->monitor)), WEFT_PRESSURE_LOW);
	assert_int_equal(free_bytes(fix), 0);
	let_go(fix);
}

TEST_WITH(monitor_pressure_shortens_ttls_and_restores_them, setup, teardown)
{
	struct fixture *fix = *state;
	const struct wf_cleanup_task task = {
		.name = "owner's", .interval_ns = 1, .ttl_ns = 1000, .fn = owner_task, .ctx = fix};
	static const struct {
		uint64_t percent;
		enum weft_pressure_level level;
		uint64_t ttl_ns;
	} steps[] = {
		{10, WEFT_PRESSURE_NORMAL, 1000}, {75, WEFT_PRESSURE_LOW, 1000},
		{90, WEFT_PRESSURE_HIGH, 500},	  {97, WEFT_PRESSURE_CRITICAL, 250},
		{85, WEFT_PRESSURE_HIGH, 500},	  {10, WEFT_PRESSURE_NORMAL, 1000},
	};
	uint64_t now_ns = 0;

	assert_int_equal(wf_cleanup_register(wf_monitor_cleanup(fix->monitor), &task, 0), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		hold_percent(fix, steps[i].percent);
		wf_monitor_run(fix->monitor, now_ns += SEC);
		assert_int_equal(wf_pressure_level(wf_monitor_pressure(fix->monitor)),
				 steps[i].level);
		assert_int_equal(fix->ttl_ns, steps[i].ttl_ns);
	}
	assert_int_equal(fix->runs, 6);
	let_go(fix);
}

TEST_WITH(monitor_reads_this_machine, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_monitor_opts opts = {
		.arena = fix->arena,
		.pressure = {70, 85, 95, 5, 1},
		.interval_ns = 1,
		.slack_bytes = 1ull << 40,
	};
	struct wf_monitor *monitor;

	assert_int_equal(wf_monitor_new(&opts, &fix->metrics, 0, &monitor), 0);
	wf_monitor_run(monitor, 1);
	assert_int_equal(wf_metric_get(&fix->metrics, pressure_source_errors), 0);
	wf_monitor_free(monitor);
}
