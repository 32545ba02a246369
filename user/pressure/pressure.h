/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure.h - the level of memory pressure, and the handlers that are called when it changes.
 *
 *   sources ──percent──► the highest of them ──thresholds, hysteresis──► level ──► handlers
 *
 * Mechanism only: the handlers decide what a level means. A level rises at once, and falls when
 * readings stayed clearly below its threshold for some checks in a row, so that it does not flap.
 * On the way down, handlers undo their actions of the way up.
 *
 * Thread: one (main) checks and registers; wf_pressure_level() may be asked by any.
 */
#ifndef WF_PRESSURE_PRESSURE_H
#define WF_PRESSURE_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/pressure.h>

struct wf_metrics;
struct wf_pressure;

struct wf_pressure_opts {
	uint32_t low_percent; /* level LOW from this reading on */
	uint32_t high_percent;
	uint32_t critical_percent;   /* low < high < critical <= 100 */
	uint32_t hysteresis_percent; /* a level ends this far below its threshold; < low */
	uint32_t calm_checks;	     /* in a row, before it does; 1 or more */
};

/*
 * Write the used part of a kind of memory, in percent; above 100 is allowed.
 * Return: 0; -ENODATA: not known or unlimited here, which is no error; else -errno.
 */
typedef int (*wf_pressure_read_fn)(void *ctx, uint32_t *ret_percent);

/* The level went from @from to @to. */
typedef void (*wf_pressure_fn)(void *ctx, enum weft_pressure_level from,
			       enum weft_pressure_level to);

/* Return: 0; -EINVAL: thresholds out of order; -ENOMEM. @metrics: of the checking thread. */
int wf_pressure_new(const struct wf_pressure_opts *opts, struct wf_metrics *metrics,
		    struct wf_pressure **ret_pressure);
void wf_pressure_free(struct wf_pressure *pressure);

/* @name and @ctx outlive us. Return: 0; -ENOBUFS: WEFT_PRESSURE_SOURCES_MAX are there. */
int wf_pressure_add_source(struct wf_pressure *pressure, const char *name, wf_pressure_read_fn read,
			   void *ctx);

/*
 * Handlers are called in the order of registration when the level rises, in the
 * reverse order when it falls. Return: 0; -ENOBUFS: WEFT_PRESSURE_HANDLERS_MAX are there.
 */
int wf_pressure_add_handler(struct wf_pressure *pressure, wf_pressure_fn fn, void *ctx);

/* Read all sources, change the level if needed, call the handlers. Return: the level. */
enum weft_pressure_level wf_pressure_check(struct wf_pressure *pressure);

/* As of the last check. Thread: any. */
enum weft_pressure_level wf_pressure_level(const struct wf_pressure *pressure);

/* The last reading of one source. */
struct wf_pressure_reading {
	const char *name;
	uint32_t percent;
	int err; /* of the last reading: 0, -ENODATA, ... */
	uint64_t errors;
};

/* The highest of the last check. NULL: there is no source. */
const struct wf_pressure_reading *wf_pressure_highest(const struct wf_pressure *pressure);

typedef void (*wf_pressure_reading_fn)(const struct wf_pressure_reading *reading, void *ctx);
void wf_pressure_each_reading(const struct wf_pressure *pressure, wf_pressure_reading_fn fn,
			      void *ctx);

#endif
