// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "metrics/metrics.h"
#include "pressure/pressure.h"

static const struct wf_pressure_opts default_opts = {
	.low_percent = WEFT_PRESSURE_LOW_PERCENT,
	.high_percent = WEFT_PRESSURE_HIGH_PERCENT,
	.critical_percent = WEFT_PRESSURE_CRITICAL_PERCENT,
	.hysteresis_percent = WEFT_PRESSURE_HYSTERESIS_PERCENT,
	.calm_checks = 1,
};

struct fake_source {
	uint32_t percent;
	int err;
};

static int read_fake(void *ctx, uint32_t *ret_percent)
{
	const struct fake_source *source = ctx;

	if (!source->err)
		*ret_percent = source->percent;
	return source->err;
}

struct fixture {
	struct wf_pressure *pressure;
	struct fake_source source;
	char calls[256]; /* "1:NL " means: handler 1 was called for the change from normal to low */
	struct wf_metrics metrics;
};

struct handler_ctx {
	struct fixture *fix;
	char name;
};

static struct handler_ctx handlers[2];

static void on_change(void *ctx, enum weft_pressure_level from, enum weft_pressure_level to)
{
	static const char letters[] = "NLHC";
	const struct handler_ctx *handler = ctx;
	char call[6] = {handler->name, ':', letters[from], letters[to], ' ', '\0'};

	strcat(handler->fix->calls, call);
}

static struct fixture *fixture_new(const struct wf_pressure_opts *opts)
{
	struct fixture *fix = aligned_alloc(64, (sizeof(*fix) + 63) / 64 * 64);

	memset(fix, 0, sizeof(*fix));
	assert_int_equal(wf_pressure_new(opts, &fix->metrics, &fix->pressure), 0);
	assert_int_equal(wf_pressure_add_source(fix->pressure, "fake", read_fake, &fix->source), 0);
	for (int i = 0; i < 2; i++) {
		handlers[i] = (struct handler_ctx){fix, (char)('1' + i)};
		assert_int_equal(wf_pressure_add_handler(fix->pressure, on_change, &handlers[i]),
				 0);
	}
	return fix;
}

static int setup(void **state)
{
	*state = fixture_new(&default_opts);
	return 0;
}

static int setup_slow_to_fall(void **state)
{
	struct wf_pressure_opts opts = default_opts;

	opts.calm_checks = 3;
	*state = fixture_new(&opts);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	wf_pressure_free(fix->pressure);
	free(fix);
	return 0;
}

static void expect(struct fixture *fix, uint32_t percent, enum weft_pressure_level level)
{
	fix->source.percent = percent;
	assert_int_equal(wf_pressure_check(fix->pressure), level);
	assert_int_equal(wf_pressure_level(fix->pressure), level);
	assert_int_equal(wf_metric_get(&fix->metrics, pressure_level), level);
}

TEST(pressure_with_bad_thresholds_is_refused)
{
	static const struct wf_pressure_opts bad[] = {
		{70, 70, 95, 5, 1},  {70, 85, 85, 5, 1}, {85, 70, 95, 5, 1},
		{70, 85, 101, 5, 1}, {5, 85, 95, 5, 1},	 {70, 85, 95, 5, 0},
	};
	struct wf_pressure *pressure;
	struct wf_metrics metrics;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wf_pressure_new(&bad[i], &metrics, &pressure), -EINVAL);
	wf_pressure_free(NULL);
}

TEST_WITH(pressure_level_follows_thresholds_upwards, setup, teardown)
{
	struct fixture *fix = *state;

	expect(fix, 0, WEFT_PRESSURE_NORMAL);
	expect(fix, 69, WEFT_PRESSURE_NORMAL);
	expect(fix, 70, WEFT_PRESSURE_LOW);
	expect(fix, 84, WEFT_PRESSURE_LOW);
	expect(fix, 85, WEFT_PRESSURE_HIGH);
	expect(fix, 94, WEFT_PRESSURE_HIGH);
	expect(fix, 95, WEFT_PRESSURE_CRITICAL);
	expect(fix, 1000, WEFT_PRESSURE_CRITICAL);
}

TEST_WITH(pressure_level_falls_only_clearly_below, setup, teardown)
{
	struct fixture *fix = *state;

	expect(fix, 100, WEFT_PRESSURE_CRITICAL);
	expect(fix, 90, WEFT_PRESSURE_CRITICAL);
	expect(fix, 89, WEFT_PRESSURE_HIGH);
	expect(fix, 80, WEFT_PRESSURE_HIGH);
	expect(fix, 79, WEFT_PRESSURE_LOW);
	expect(fix, 65, WEFT_PRESSURE_LOW);
	expect(fix, 64, WEFT_PRESSURE_NORMAL);
	expect(fix, 69, WEFT_PRESSURE_NORMAL);
}

TEST_WITH(pressure_level_jumps_both_ways, setup, teardown)
{
	struct fixture *fix = *state;

	expect(fix, 99, WEFT_PRESSURE_CRITICAL);
	expect(fix, 0, WEFT_PRESSURE_NORMAL);
	assert_string_equal(fix->calls, "1:NC 2:NC 2:CN 1:CN ");
	assert_int_equal(wf_metric_get(&fix->metrics, pressure_events), 2);
	assert_int_equal(wf_metric_get(&fix->metrics, pressure_rises), 1);
}

TEST_WITH(pressure_handlers_undo_in_reverse_order, setup, teardown)
{
	struct fixture *fix = *state;

	expect(fix, 75, WEFT_PRESSURE_LOW);
	expect(fix, 75, WEFT_PRESSURE_LOW);
	expect(fix, 90, WEFT_PRESSURE_HIGH);
	expect(fix, 70, WEFT_PRESSURE_LOW);
	expect(fix, 10, WEFT_PRESSURE_NORMAL);
	assert_string_equal(fix->calls, "1:NL 2:NL 1:LH 2:LH 2:HL 1:HL 2:LN 1:LN ");
}

TEST_WITH(pressure_level_falls_after_calm_checks_in_a_row, setup_slow_to_fall, teardown)
{
	struct fixture *fix = *state;

	expect(fix, 90, WEFT_PRESSURE_HIGH);
	expect(fix, 10, WEFT_PRESSURE_HIGH);
	expect(fix, 10, WEFT_PRESSURE_HIGH);
	expect(fix, 90, WEFT_PRESSURE_HIGH); /* not consecutive, so counting starts again */
	expect(fix, 10, WEFT_PRESSURE_HIGH);
	expect(fix, 10, WEFT_PRESSURE_HIGH);
	expect(fix, 10, WEFT_PRESSURE_NORMAL);
}

TEST_WITH(pressure_highest_source_decides, setup, teardown)
{
	struct fixture *fix = *state;
	struct fake_source other = {.percent = 96};

	assert_int_equal(wf_pressure_add_source(fix->pressure, "other", read_fake, &other), 0);
	expect(fix, 10, WEFT_PRESSURE_CRITICAL);
	other.percent = 0;
	expect(fix, 75, WEFT_PRESSURE_LOW);
	assert_int_equal(wf_metric_get(&fix->metrics, pressure_reading_percent), 75);
}

static void note_reading(const struct wf_pressure_reading *reading, void *ctx)
{
	*(struct wf_pressure_reading *)ctx = *reading;
}

TEST_WITH(pressure_failing_source_neither_raises_nor_holds_a_level, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_pressure_reading reading;

	expect(fix, 99, WEFT_PRESSURE_CRITICAL);
	fix->source.err = -EIO;
	expect(fix, 99, WEFT_PRESSURE_NORMAL);
	expect(fix, 99, WEFT_PRESSURE_NORMAL);
	wf_pressure_each_reading(fix->pressure, note_reading, &reading);
	assert_string_equal(reading.name, "fake");
	assert_int_equal(reading.err, -EIO);
	assert_int_equal(reading.errors, 2);
	assert_int_equal(wf_metric_get(&fix->metrics, pressure_source_errors), 2);
	fix->source.err = 0;
	expect(fix, 99, WEFT_PRESSURE_CRITICAL);
}

TEST_WITH(pressure_source_without_limit_is_no_error, setup, teardown)
{
	struct fixture *fix = *state;

	fix->source.err = -ENODATA;
	expect(fix, 99, WEFT_PRESSURE_NORMAL);
	assert_int_equal(wf_metric_get(&fix->metrics, pressure_source_errors), 0);
}

TEST_WITH(pressure_full_tables_refuse, setup, teardown)
{
	struct fixture *fix = *state;

	for (int i = 1; i < WEFT_PRESSURE_SOURCES_MAX; i++)
		assert_int_equal(
			wf_pressure_add_source(fix->pressure, "more", read_fake, &fix->source), 0);
	assert_int_equal(wf_pressure_add_source(fix->pressure, "more", read_fake, &fix->source),
			 -ENOBUFS);
	for (int i = 2; i < WEFT_PRESSURE_HANDLERS_MAX; i++)
		assert_int_equal(wf_pressure_add_handler(fix->pressure, on_change, &handlers[0]),
				 0);
	assert_int_equal(wf_pressure_add_handler(fix->pressure, on_change, &handlers[0]), -ENOBUFS);
}

TEST(pressure_levels_have_names)
{
	assert_string_equal(weft_pressure_level_name(WEFT_PRESSURE_NORMAL), "normal");
	assert_string_equal(weft_pressure_level_name(WEFT_PRESSURE_CRITICAL), "critical");
}
