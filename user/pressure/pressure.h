/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure.h - determines the level of memory pressure, and calls handlers when it changes.
 *
 *   sources ──percent──► the highest of them ──thresholds, hysteresis──► level ──► handlers
 *
 * The handlers decide what to do at each level. A level rises at once. It falls when readings stay
 * below its threshold minus the hysteresis for several consecutive checks, so that it does not
 * flap. When the level falls, handlers undo the actions they took when it rose.
 *
 * Thread: main registers sources and handlers, then the housekeeping thread (engine/) calls
 * wf_pressure_check(); any thread may call wf_pressure_level().
 */
#ifndef WF_PRESSURE_PRESSURE_H
#define WF_PRESSURE_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/pressure.h>

struct wf_metrics;
struct wf_pressure;

struct wf_pressure_opts {
	uint32_t low_percent; /* threshold of the level LOW */
	uint32_t high_percent;
	uint32_t critical_percent; /* required: low < high < critical <= 100 */
	/*
	 * a level ends when readings are more than this many percentage points below its threshold;
	 * less than low_percent
	 */
	uint32_t hysteresis_percent;
	/* a level ends after this many consecutive low readings; at least 1 */
	uint32_t calm_checks;
};

/*
 * Write to @ret_percent how short memory is: the used part of a limit in percent, which may exceed
 * 100, or a value on the same scale. Return: 0 on success; -ENODATA if this host has no such value
 * or no limit, which does not count as a failure; other -errno on failure.
 */
typedef int (*wf_pressure_read_fn)(void *ctx, uint32_t *ret_percent);

/* Called after the level has changed from @from to @to. */
typedef void (*wf_pressure_fn)(void *ctx, enum weft_pressure_level from,
			       enum weft_pressure_level to);

/*
 * Create the pressure state. @metrics: borrowed; metrics of the thread that calls
 * wf_pressure_check(). Return: 0 on success; -EINVAL if a member of @opts violates its condition
 * above; -ENOMEM.
 */
int wf_pressure_new(const struct wf_pressure_opts *opts, struct wf_metrics *metrics,
		    struct wf_pressure **ret_pressure);
void wf_pressure_free(struct wf_pressure *pressure);

/*
 * Add a source. @name and @ctx must outlive @pressure. Return: 0 on success; -ENOBUFS if there are
 * WEFT_PRESSURE_SOURCES_MAX sources.
 */
int wf_pressure_add_source(struct wf_pressure *pressure, const char *name, wf_pressure_read_fn read,
			   void *ctx);

/*
 * Add a handler. Handlers are called in the order of registration when the level rises, and in
 * reverse order when it falls. Return: 0 on success; -ENOBUFS if there are
 * WEFT_PRESSURE_HANDLERS_MAX handlers.
 */
int wf_pressure_add_handler(struct wf_pressure *pressure, wf_pressure_fn fn, void *ctx);

/* Read all sources, change the level if needed, call the handlers. Return: the level. */
enum weft_pressure_level wf_pressure_check(struct wf_pressure *pressure);

/* Return the level that the last check determined. Thread: any. */
enum weft_pressure_level wf_pressure_level(const struct wf_pressure *pressure);

/* The last reading of one source. */
struct wf_pressure_reading {
	const char *name;
	uint32_t percent;
	int err; /* result of the last reading: 0, -ENODATA or another -errno */
	uint64_t errors;
};

/* Return the highest reading of the last check; NULL if there is no source. */
const struct wf_pressure_reading *wf_pressure_highest(const struct wf_pressure *pressure);

typedef void (*wf_pressure_reading_fn)(const struct wf_pressure_reading *reading, void *ctx);
void wf_pressure_each_reading(const struct wf_pressure *pressure, wf_pressure_reading_fn fn,
			      void *ctx);

#endif
