/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure.h - memory pressure: its level, its sources, its changes; and the cleanup tasks.
 *
 * The level follows the highest of several sources: the use of the handle's memory, that of the
 * process and of its control group, and the time that tasks lose waiting for memory (PSI).
 * weft.conf(5) describes the actions of each level. They end when the level falls, and are counted
 * in the metrics named relief_*. All values are those of the last measurement.
 */
#ifndef WEFT_PRESSURE_H
#define WEFT_PRESSURE_H

#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/table.h>

WEFT_BEGIN_DECLS

struct weft;

#define WEFT_PRESSURE_LEVELS(X)                                                                \
	X(WEFT_PRESSURE_NORMAL, 0, "normal", "every source reads less than the low threshold") \
	X(WEFT_PRESSURE_LOW, 1, "low", "small held segments leave their receive frames")       \
	X(WEFT_PRESSURE_HIGH, 2, "high", "caches, limits and timeouts are reduced")            \
	X(WEFT_PRESSURE_CRITICAL, 3, "critical",                                               \
	  "held data is given up and new connections are shed")

/** Level of memory pressure; each level includes the actions of those before it. */
enum weft_pressure_level { WEFT_PRESSURE_LEVELS(WEFT_TABLE_ENUM) };
#define WEFT_PRESSURE_LEVEL_COUNT (0 WEFT_PRESSURE_LEVELS(WEFT_TABLE_COUNT))

/** weft_pressure_level_name() - the name from WEFT_PRESSURE_LEVELS. Static, never NULL. Thread:
 * any.
 */
const char *weft_pressure_level_name(enum weft_pressure_level level);

/**
 * struct weft_pressure_change - one change of the level
 * @number:  counts changes from 1, since the start
 * @time_ns: ns since 1970
 * @percent: the highest reading at that time, in percent of the limit of its source
 * @source:  the source of that reading: "budget", "process", "psi", "cgroup". Static
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
 * weft_pressure_changes() - read the changes that followed change number @after
 * @after:       number of the last change that the caller knows; 0: none
 * @ret_changes: array of @max changes, written with the oldest first
 *
 * The last WEFT_PRESSURE_CHANGES_MAX changes are kept; a step in their numbers shows that older
 * ones were dropped. Return: number of changes written; 0 also if other calls took longer than
 * opts->lock_timeout_ms. Thread: any. Memory: none.
 */
size_t weft_pressure_changes(const struct weft *weft, uint64_t after,
			     struct weft_pressure_change *ret_changes, size_t max);

/**
 * struct weft_pressure_source - the last reading of one source
 * @name:   static
 * @err:    0; -ENODATA: this host offers no such value; another negative errno
 * @errors: readings that failed
 */
struct weft_pressure_source {
	const char *name;
	uint32_t percent;
	int err;
	uint64_t errors;
};

/** weft_pressure_sources_each() - call @fn for each source, lent for the call. Thread: any. */
typedef void (*weft_pressure_source_fn)(const struct weft_pressure_source *source, void *ctx);
void weft_pressure_sources_each(const struct weft *weft, weft_pressure_source_fn fn, void *ctx);

/**
 * struct weft_cleanup - a periodic task that removes items which are too old or idle
 * @name:     static
 * @ttl_ns:   the age that counts as too old, as configured; pressure shortens it; 0: none
 * @removed:  items that the threads which own them have reported so far
 * @errors:   runs that failed
 * @last_err: negative errno of the last failed run; 0: none failed
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

/** weft_cleanup_each() - call @fn for each task, lent for the call. Thread: any. */
typedef void (*weft_cleanup_fn)(const struct weft_cleanup *task, void *ctx);
void weft_cleanup_each(const struct weft *weft, weft_cleanup_fn fn, void *ctx);

/**
 * weft_shrink() - give back half of the free memory that is kept ready
 *
 * That is half of the free pages of each worker and of the free spans of the handle; memory in use
 * is not touched. This only requests it: workers act before their next batch. Counted in
 * relief_freed_spans and memory_trimmed_bytes. Thread: any.
 */
void weft_shrink(struct weft *weft);

WEFT_END_DECLS

#endif
