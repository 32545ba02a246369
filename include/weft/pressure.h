/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure.h - memory pressure (its level, sources and changes), and the cleanup tasks.
 *
 * The level follows the highest of several sources: the memory use of the handle, of the process
 * (if weft_opts.process_slack_bytes is set) and of its control group, and, if interfaces are
 * captured, the time that tasks lose waiting for memory (PSI). weft.conf(5) describes the actions
 * of each level. The actions end when the level falls, and the metrics named relief_* count them.
 * All values are those of the last measurement.
 *
 * An application that keeps data about connections can charge its memory to the limit of the
 * handle, and have its expired items removed by a cleanup task of the handle.
 */
#ifndef WEFT_PRESSURE_H
#define WEFT_PRESSURE_H

#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/table.h>

WEFT_BEGIN_DECLS

struct weft;

#define WEFT_PRESSURE_LEVELS(X)                                                                 \
	X(WEFT_PRESSURE_NORMAL, 0, "normal",                                                    \
	  "the readings of all sources are below the low threshold")                            \
	X(WEFT_PRESSURE_LOW, 1, "low",                                                          \
	  "small held segments are copied out of their receive frames")                         \
	X(WEFT_PRESSURE_HIGH, 2, "high", "page caches, stream limits and timeouts are reduced") \
	X(WEFT_PRESSURE_CRITICAL, 3, "critical",                                                \
	  "held data and queued events are removed, and new connections are shed")

/** Level of memory pressure; each level includes the actions of the lower levels. */
enum weft_pressure_level { WEFT_PRESSURE_LEVELS(WEFT_TABLE_ENUM) };
#define WEFT_PRESSURE_LEVEL_COUNT (0 WEFT_PRESSURE_LEVELS(WEFT_TABLE_COUNT))

/** weft_pressure_level_name() - return the name of @level in WEFT_PRESSURE_LEVELS. Static, never
 * NULL. Thread: any.
 */
const char *weft_pressure_level_name(enum weft_pressure_level level);

/**
 * struct weft_pressure_change - one change of the level
 * @number:  number of the change since the start, counted from 1
 * @time_ns: ns since 1970
 * @percent: the highest reading of all sources at that time, to which the thresholds of the levels
 *           were compared
 * @source:  name of the source with that reading: "budget", "process", "psi" or "cgroup"; static
 */
struct weft_pressure_change {
	uint64_t number;
	uint64_t time_ns;
	enum weft_pressure_level from;
	enum weft_pressure_level to;
	uint32_t percent;
	const char *source;
};

/**
 * weft_pressure_changes() - read the level changes after change number @after
 * @after:       number of the last change that the caller has read; 0: none
 * @ret_changes: array of @max changes, filled with the oldest change first
 *
 * The last WEFT_PRESSURE_CHANGES_MAX changes are kept; if the numbers are not consecutive, older
 * changes were dropped. Return: the number of changes written; 0 if there are none, or if other
 * calls took longer than opts->lock_timeout_ms. Thread: any. Memory: none.
 */
size_t weft_pressure_changes(const struct weft *weft, uint64_t after,
			     struct weft_pressure_change *ret_changes, size_t max);

/**
 * struct weft_pressure_source - the last reading of one source
 * @name:   name of the source; static
 * @percent: the reading, to which the thresholds of the levels are compared
 * @err:    result of the reading: 0; -ENODATA if this host does not provide the value or sets no
 *          limit; another negative errno on failure
 * @errors: number of failed readings
 */
struct weft_pressure_source {
	const char *name;
	uint32_t percent;
	int err;
	uint64_t errors;
};

/** weft_pressure_sources_each() - call @fn for each source; the struct is lent for the call.
 * Thread: any. */
typedef void (*weft_pressure_source_fn)(const struct weft_pressure_source *source, void *ctx);
void weft_pressure_sources_each(const struct weft *weft, weft_pressure_source_fn fn, void *ctx);

/**
 * struct weft_cleanup - a periodic task that removes expired or idle items
 * @name:     name of the task; static
 * @ttl_ns:   items expire at this age, and earlier under memory pressure; 0: items do not expire
 * @removed:  number of items removed, as reported by their owning threads so far
 * @errors:   number of failed runs
 * @last_err: negative errno of the last failed run; 0: no run has failed
 */
struct weft_cleanup {
	const char *name;
	uint64_t interval_ns;
	uint64_t ttl_ns;
	uint64_t runs;
	uint64_t removed;
	uint64_t errors;
	int last_err;
};

/** weft_cleanup_each() - call @fn for each task; the struct is lent for the call. Thread: any. */
typedef void (*weft_cleanup_fn)(const struct weft_cleanup *task, void *ctx);
void weft_cleanup_each(const struct weft *weft, weft_cleanup_fn fn, void *ctx);

/**
 * weft_cleanup_run_fn - remove the expired items of an application
 * @ctx:    the member ctx of struct weft_cleanup_opts
 * @now_ns: CLOCK_MONOTONIC
 * @ttl_ns: age at which items expire; shorter than configured while memory is short
 *
 * Return: the number of items removed; a negative errno on failure, after which the task runs less
 * often until it succeeds. Thread: one of the library, which also measures memory pressure, so this
 * function must not wait for long.
 */
typedef int64_t (*weft_cleanup_run_fn)(void *ctx, uint64_t now_ns, uint64_t ttl_ns);

/** struct weft_cleanup_opts - a cleanup task of the application */
struct weft_cleanup_opts {
	size_t sz;
	const char *name;     /* name in metrics and in weft_cleanup_each(); borrowed, static */
	uint64_t interval_ns; /* time between two runs; 0: WEFT_CLEANUP_INTERVAL_SEC */
	uint64_t ttl_ns;      /* 0: items do not expire */
	weft_cleanup_run_fn run_fn;
	void *ctx; /* borrowed until weft_free() */
};
#define weft_cleanup_opts__last_field ctx

/**
 * weft_cleanup_add() - add a cleanup task that runs from weft_start() until the handle has stopped
 * @opts: borrowed for the call
 *
 * Return: 0 on success; -EINVAL if the name or the function is missing; -ENOSPC if there are
 * WEFT_CLEANUP_ADDED_MAX added tasks; -EBUSY if the handle was started; -ETIMEDOUT if other control
 * calls took too long. Thread: any, before weft_start(). Memory: none.
 */
int weft_cleanup_add(struct weft *weft, const struct weft_cleanup_opts *opts);

/** weft_memory_limit() - return the memory limit of the handle in bytes. Thread: any. Memory: none.
 */
uint64_t weft_memory_limit(const struct weft *weft);

/**
 * weft_memory_reserve() - charge memory of the application to the memory limit of the handle
 * @bytes: allocated and freed by the application
 *
 * The metric memory_state_bytes has the sum. Return: 0 on success; -ENOBUFS if the limit would be
 * exceeded. Thread: any. Memory: @bytes of the limit, until weft_memory_release().
 */
int weft_memory_reserve(struct weft *weft, uint64_t bytes);

/**
 * weft_memory_release() - end the charge of @bytes that were charged by weft_memory_reserve()
 *
 * Thread: any. Memory: @bytes of the limit are free again.
 */
void weft_memory_release(struct weft *weft, uint64_t bytes);

/**
 * weft_shrink() - free half of the memory that is cached for reuse
 *
 * Frees half of the free pages of each worker and half of the free spans of the handle; memory in
 * use is not changed. The call only posts a request: a thread of the handle frees the spans, and
 * each worker frees its pages before its next batch. The metrics relief_freed_spans and
 * memory_trimmed_bytes count the freed memory. Thread: any.
 */
void weft_shrink(struct weft *weft);

WEFT_END_DECLS

#endif
