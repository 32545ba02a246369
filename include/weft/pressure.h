/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure.h - how short memory is, what was last done about it, and what is cleaned up.
 *
 * The level follows the highest of several sources: the use of the handle's memory, that
 * of the process and of its control group, and what the kernel's tasks lose waiting
 * for memory. What happens at each level is told in weft.conf(5); all of it is undone when
 * the level falls, and counted in the metrics named relief_*.
 *
 * Thread: any; values are those of the last measurement.
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

/** How short memory is; each level includes the actions of those before it. */
enum weft_pressure_level { WEFT_PRESSURE_LEVELS(WEFT_TABLE_ENUM) };
#define WEFT_PRESSURE_LEVEL_COUNT (0 WEFT_PRESSURE_LEVELS(WEFT_TABLE_COUNT))

/** weft_pressure_level_name() - "normal", "low", "high", "critical"; never NULL. Static.
 * Thread: any. */
const char *weft_pressure_level_name(enum weft_pressure_level level);

/**
 * struct weft_pressure_change - the level went from one to another
 * @number:  1, 2, 3 ... since the start
 * @time_ns: ns since 1970
 * @percent: the highest reading then, in percent of what is allowed
 * @source:  whose it was: "budget", "process", "psi", "cgroup". Static
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
 * weft_pressure_changes() - the changes that followed change number @after
 * @after:       number of the last one known; 0: all
 * @ret_changes: array of @max
 *
 * The last WEFT_PRESSURE_CHANGES_MAX are remembered; a step in their numbers shows that older
 * ones were forgotten. Return: how many were written, the oldest first; 0 also if other calls
 * took longer than opts->lock_timeout_ms. Thread: any.
 */
size_t weft_pressure_changes(const struct weft *weft, uint64_t after,
			     struct weft_pressure_change *ret_changes, size_t max);

/**
 * struct weft_pressure_source - what one source read last
 * @err:    0; -ENODATA: it knows nothing here; else a negative errno
 * @errors: readings that failed
 */
struct weft_pressure_source {
	const char *name;
	uint32_t percent;
	int err;
	uint64_t errors;
};

/** weft_pressure_sources_each() - call @fn for each source. Thread: any. */
typedef void (*weft_pressure_source_fn)(const struct weft_pressure_source *source, void *ctx);
void weft_pressure_sources_each(const struct weft *weft, weft_pressure_source_fn fn, void *ctx);

/**
 * struct weft_cleanup - a periodic task: removes what is over its time, or idle
 * @ttl_ns:   0: nothing ages; as configured, pressure shortens it
 * @removed:  items, as far as the threads that own them have told
 * @errors:   runs that failed
 * @last_err: of the last of them, negative errno; 0: none
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

/** weft_cleanup_each() - call @fn for each task. Thread: any. */
typedef void (*weft_cleanup_fn)(const struct weft_cleanup *task, void *ctx);
void weft_cleanup_each(const struct weft *weft, weft_cleanup_fn fn, void *ctx);

/**
 * weft_shrink() - give half of what is kept ready for traffic to come back at once
 *
 * Free pages of each worker and free memory of all. Nothing that is in use is touched. Only
 * asks: workers act before their next batch. Counted in relief_freed_spans and
 * memory_trimmed_bytes. Thread: any.
 */
void weft_shrink(struct weft *weft);

WEFT_END_DECLS

#endif
