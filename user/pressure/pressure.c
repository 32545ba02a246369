// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure.c - determines the level of memory pressure, and calls handlers when it changes.
 *
 * Memory: one struct with fixed tables. A source that fails is skipped and counted, and read again
 * at the next check: it can neither raise nor hold a level.
 */
#include "pressure/pressure.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "base/log.h"
#include "metrics/metrics.h"

struct source {
	struct wf_pressure_reading reading;
	wf_pressure_read_fn read;
	void *ctx;
};

struct handler {
	wf_pressure_fn fn;
	void *ctx;
};

struct wf_pressure {
	uint32_t threshold_percent[WEFT_PRESSURE_LEVEL_COUNT];
	uint32_t hysteresis_percent;
	uint32_t calm_checks;
	uint32_t calm; /* number of consecutive checks whose readings allow a lower level */
	struct wf_metrics *metrics; /* borrowed */

	uint32_t source_count;
	uint32_t handler_count;
	struct source sources[WEFT_PRESSURE_SOURCES_MAX];
	struct handler handlers[WEFT_PRESSURE_HANDLERS_MAX];
	_Atomic uint32_t level;
};

static bool opts_make_sense(const struct wf_pressure_opts *opts)
{
	return opts->low_percent < opts->high_percent &&
	       opts->high_percent < opts->critical_percent && opts->critical_percent <= 100 &&
	       opts->hysteresis_percent < opts->low_percent && opts->calm_checks > 0;
}

int wf_pressure_new(const struct wf_pressure_opts *opts, struct wf_metrics *metrics,
		    struct wf_pressure **ret_pressure)
{
	struct wf_pressure *pressure;

	if (!opts_make_sense(opts))
		return -EINVAL;
	pressure = calloc(1, sizeof(*pressure));
	if (!pressure)
		return -ENOMEM;

	pressure->threshold_percent[WEFT_PRESSURE_LOW] = opts->low_percent;
	pressure->threshold_percent[WEFT_PRESSURE_HIGH] = opts->high_percent;
	pressure->threshold_percent[WEFT_PRESSURE_CRITICAL] = opts->critical_percent;
	pressure->hysteresis_percent = opts->hysteresis_percent;
	pressure->calm_checks = opts->calm_checks;
	pressure->metrics = metrics;
	*ret_pressure = pressure;
	return 0;
}

void wf_pressure_free(struct wf_pressure *pressure)
{
	free(pressure);
}

int wf_pressure_add_source(struct wf_pressure *pressure, const char *name, wf_pressure_read_fn read,
			   void *ctx)
{
	struct source *source = &pressure->sources[pressure->source_count];

	if (pressure->source_count == WEFT_PRESSURE_SOURCES_MAX)
		return -ENOBUFS;

	source->reading.name = name;
	source->reading.err = -ENODATA;
	source->read = read;
	source->ctx = ctx;
	pressure->source_count++;
	return 0;
}

int wf_pressure_add_handler(struct wf_pressure *pressure, wf_pressure_fn fn, void *ctx)
{
	if (pressure->handler_count == WEFT_PRESSURE_HANDLERS_MAX)
		return -ENOBUFS;

	pressure->handlers[pressure->handler_count++] = (struct handler){fn, ctx};
	return 0;
}

static void read_source(struct wf_pressure *pressure, struct source *source)
{
	struct wf_pressure_reading *reading = &source->reading;
	uint32_t percent = 0;
	int err = source->read(source->ctx, &percent);

	reading->percent = err ? 0 : percent;
	if (err && err != -ENODATA) {
		if (err != reading->err)
			wf_warn("memory: can't read pressure source %s: %s; it is ignored until "
				"it can be read again",
				reading->name, strerror(-err));
		reading->errors++;
		wf_metric_inc(pressure->metrics, pressure_source_errors);
	}
	reading->err = err;
}

static uint32_t read_highest(struct wf_pressure *pressure)
{
	const struct wf_pressure_reading *highest;

	for (uint32_t i = 0; i < pressure->source_count; i++)
		read_source(pressure, &pressure->sources[i]);
	highest = wf_pressure_highest(pressure);
	return highest ? highest->percent : 0;
}

/*
 * Return the level for @percent. Levels up to @current end only when @percent falls below their
 * threshold minus the hysteresis.
 */
static uint32_t level_for(const struct wf_pressure *pressure, uint32_t current, uint32_t percent)
{
	uint32_t level = WEFT_PRESSURE_CRITICAL;

	for (; level > WEFT_PRESSURE_NORMAL; level--) {
		uint32_t threshold = pressure->threshold_percent[level];

		if (level <= current)
			threshold -= pressure->hysteresis_percent;
		if (percent >= threshold)
			break;
	}
	return level;
}

static void change_level(struct wf_pressure *pressure, uint32_t from, uint32_t to)
{
	uint32_t count = pressure->handler_count;

	atomic_store_explicit(&pressure->level, to, memory_order_relaxed);
	wf_metric_set(pressure->metrics, pressure_level, to);
	wf_metric_inc(pressure->metrics, pressure_events);
	wf_metric_inc(pressure->metrics, pressure_events_by_level[to]);
	if (to > from)
		wf_metric_inc(pressure->metrics, pressure_rises);

	for (uint32_t i = 0; i < count; i++) {
		const struct handler *handler = &pressure->handlers[to > from ? i : count - 1 - i];

		handler->fn(handler->ctx, (enum weft_pressure_level)from,
			    (enum weft_pressure_level)to);
	}
}

enum weft_pressure_level wf_pressure_check(struct wf_pressure *pressure)
{
	uint32_t current = wf_pressure_level(pressure);
	uint32_t percent = read_highest(pressure);
	uint32_t level = level_for(pressure, current, percent);

	wf_metric_set(pressure->metrics, pressure_reading_percent, percent);
	pressure->calm = level < current ? pressure->calm + 1 : 0;
	if (level > current || pressure->calm >= pressure->calm_checks) {
		pressure->calm = 0;
		if (level != current)
			change_level(pressure, current, level);
	}
	return wf_pressure_level(pressure);
}

enum weft_pressure_level wf_pressure_level(const struct wf_pressure *pressure)
{
	return (enum weft_pressure_level)atomic_load_explicit(&pressure->level,
							      memory_order_relaxed);
}

const struct wf_pressure_reading *wf_pressure_highest(const struct wf_pressure *pressure)
{
	const struct wf_pressure_reading *highest = NULL;

	for (uint32_t i = 0; i < pressure->source_count; i++) {
		const struct wf_pressure_reading *reading = &pressure->sources[i].reading;

		if (!highest || reading->percent > highest->percent)
			highest = reading;
	}
	return highest;
}

void wf_pressure_each_reading(const struct wf_pressure *pressure, wf_pressure_reading_fn fn,
			      void *ctx)
{
	for (uint32_t i = 0; i < pressure->source_count; i++)
		fn(&pressure->sources[i].reading, ctx);
}
