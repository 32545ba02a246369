// SPDX-License-Identifier: BSD-2-Clause
/*
 * opts.c - defaults and ranges of struct weft_opts, one row a number.
 */
#include "api/opts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cpu.h"
#include "base/log.h"

#define MIB (1024ull * 1024)

int wf_opts_copy(const char *name, const void *opts, size_t size, void *ret_opts)
{
	size_t caller_size;

	memset(ret_opts, 0, size);
	memcpy(ret_opts, &size, sizeof(size));
	if (!opts)
		return 0;

	memcpy(&caller_size, opts, sizeof(caller_size));
	if (caller_size < sizeof(caller_size)) {
		wf_error("%s: sz is %zu; declare it with WEFT_OPTS()", name, caller_size);
		return -EINVAL;
	}
	for (size_t i = size; i < caller_size; i++) {
		if (((const char *)opts)[i]) {
			wf_error("%s: set by a newer caller than this library knows", name);
			return -EINVAL;
		}
	}
	memcpy(ret_opts, opts, caller_size < size ? caller_size : size);
	memcpy(ret_opts, &size, sizeof(size));
	return 0;
}

/* 0 becomes the default; then it must be in range. */
static int resolve(const char *name, uint64_t *value, uint64_t fallback, uint64_t min, uint64_t max)
{
	if (!*value)
		*value = fallback;
	if (*value >= min && *value <= max)
		return 0;
	wf_error("options: %s is %" PRIu64 "; allowed: %" PRIu64 " to %" PRIu64, name, *value, min,
		 max);
	return -EINVAL;
}

static int resolve_u32(const char *name, uint32_t *value, uint32_t fallback, uint32_t min,
		       uint32_t max)
{
	uint64_t wide = *value;
	int err = resolve(name, &wide, fallback, min, max);

	*value = (uint32_t)wide;
	return err;
}

/* One a CPU, as far as there is memory for each. */
static uint32_t default_workers(uint64_t memory_max_bytes)
{
	uint64_t fit = memory_max_bytes / (WEFT_WORKER_MIN_MB * MIB);
	uint32_t cpus = wf_cpu_count();

	if (cpus > WEFT_WORKERS_MAX)
		cpus = WEFT_WORKERS_MAX;
	return cpus < fit ? cpus : (uint32_t)fit;
}

static int resolve_numbers(struct weft_opts *o)
{
	const uint32_t day_sec = 86400;

	return resolve("memory_max_bytes", &o->memory_max_bytes, WEFT_MEMORY_MB * MIB,
		       WEFT_MEMORY_MIN_MB * MIB, 1ull << 40) ||
	       resolve_u32("workers", &o->workers, default_workers(o->memory_max_bytes), 1,
			   WEFT_WORKERS_MAX) ||
	       resolve_u32("flows_max", &o->flows_max, WEFT_FLOWS_MAX, 1, 1u << 28) ||
	       resolve_u32("embryonic_max", &o->embryonic_max, WEFT_EMBRYONIC_MAX, 1, 1u << 24) ||
	       resolve_u32("half_open_per_source_max", &o->half_open_per_source_max,
			   WEFT_HALF_OPEN_PER_SOURCE_MAX, 1, 1u << 24) ||
	       resolve_u32("timeout_embryonic_sec", &o->timeout_embryonic_sec,
			   WEFT_TIMEOUT_EMBRYONIC_SEC, 1, day_sec) ||
	       resolve_u32("timeout_established_sec", &o->timeout_established_sec,
			   WEFT_TIMEOUT_ESTABLISHED_SEC, 1, 30 * day_sec) ||
	       resolve_u32("timeout_closing_sec", &o->timeout_closing_sec, WEFT_TIMEOUT_CLOSING_SEC,
			   1, day_sec) ||
	       resolve_u32("timeout_closed_sec", &o->timeout_closed_sec, WEFT_TIMEOUT_CLOSED_SEC, 1,
			   day_sec) ||
	       resolve_u32("gap_timeout_ms", &o->gap_timeout_ms, WEFT_GAP_TIMEOUT_MS, 1,
			   day_sec * 1000) ||
	       resolve_u32("lock_timeout_ms", &o->lock_timeout_ms, WEFT_LOCK_TIMEOUT_MS, 1,
			   3600000) ||
	       resolve_u32("stream_pages_max", &o->stream_pages_max, WEFT_STREAM_PAGES_MAX, 1,
			   WEFT_STREAM_PAGES_LIMIT) ||
	       resolve_u32("page_small_bytes", &o->page_small_bytes, WEFT_PAGE_SMALL_BYTES,
			   WEFT_PAGE_MIN_BYTES, WEFT_PAGE_MAX_BYTES) ||
	       resolve_u32("page_medium_bytes", &o->page_medium_bytes, WEFT_PAGE_MEDIUM_BYTES,
			   WEFT_PAGE_MIN_BYTES, WEFT_PAGE_MAX_BYTES) ||
	       resolve_u32("page_large_bytes", &o->page_large_bytes, WEFT_PAGE_LARGE_BYTES,
			   WEFT_PAGE_MIN_BYTES, WEFT_PAGE_MAX_BYTES) ||
	       resolve_u32("pressure_low_percent", &o->pressure_low_percent,
			   WEFT_PRESSURE_LOW_PERCENT, WEFT_PRESSURE_HYSTERESIS_PERCENT + 1, 98) ||
	       resolve_u32("pressure_high_percent", &o->pressure_high_percent,
			   WEFT_PRESSURE_HIGH_PERCENT, WEFT_PRESSURE_HYSTERESIS_PERCENT + 2, 99) ||
	       resolve_u32("pressure_critical_percent", &o->pressure_critical_percent,
			   WEFT_PRESSURE_CRITICAL_PERCENT, WEFT_PRESSURE_HYSTERESIS_PERCENT + 3,
			   100) ||
	       resolve_u32("monitor_interval_ms", &o->monitor_interval_ms,
			   WEFT_PRESSURE_INTERVAL_MS, 10, 60000) ||
	       resolve_u32("cleanup_interval_sec", &o->cleanup_interval_sec,
			   WEFT_CLEANUP_INTERVAL_SEC, 1, day_sec);
}

/* @a < @b < @c, or it makes no sense. */
static int ascend(const char *what, uint32_t a, uint32_t b, uint32_t c)
{
	if (a < b && b < c)
		return 0;
	wf_error("options: %s do not ascend: %" PRIu32 ", %" PRIu32 ", %" PRIu32, what, a, b, c);
	return -EINVAL;
}

static int check_workers(const struct weft_opts *o)
{
	uint64_t need_mb = (uint64_t)o->workers * WEFT_WORKER_MIN_MB;

	if (need_mb * MIB <= o->memory_max_bytes)
		return 0;
	wf_error("options: %" PRIu32 " workers x %d MiB at least = %" PRIu64
		 " MiB, more than the %" PRIu64 " MiB of memory_max_bytes",
		 o->workers, WEFT_WORKER_MIN_MB, need_mb, (uint64_t)(o->memory_max_bytes / MIB));
	return -EINVAL;
}

static int check_order(const struct weft_opts *o)
{
	return (!o->fixed_pages && ascend("page sizes small, medium, large", o->page_small_bytes,
					  o->page_medium_bytes, o->page_large_bytes)) ||
	       ascend("pressure percentages low, high, critical", o->pressure_low_percent,
		      o->pressure_high_percent, o->pressure_critical_percent);
}

static int resolve_overlap(enum weft_overlap *policy)
{
	if (*policy == WEFT_OVERLAP_DEFAULT)
		*policy = WEFT_OVERLAP_LINUX;
	if ((unsigned int)*policy < WEFT_OVERLAP_COUNT)
		return 0;
	wf_error("options: overlap policy %d does not exist", *policy);
	return -EINVAL;
}

static int resolve_enums(struct weft_opts *o)
{
	if ((unsigned int)o->deliver > WEFT_DELIVER_ACKED) {
		wf_error("options: deliver mode %d does not exist", o->deliver);
		return -EINVAL;
	}
	if ((unsigned int)o->checksum > WEFT_CHECKSUM_IGNORE) {
		wf_error("options: checksum mode %d does not exist", o->checksum);
		return -EINVAL;
	}
	for (size_t i = 0; i < o->overlap_rules_count; i++) {
		const struct weft_overlap_rule *rule = &o->overlap_rules[i];

		if (rule->prefix.bits > 128 || (unsigned int)rule->policy >= WEFT_OVERLAP_COUNT) {
			wf_error("options: overlap rule %zu is out of range", i);
			return -EINVAL;
		}
	}
	return resolve_overlap(&o->overlap);
}

int wf_opts_resolve(const struct weft_opts *opts, struct weft_opts *ret_opts)
{
	struct weft_opts resolved;
	int err;

	err = wf_opts_copy("weft_opts", opts, sizeof(resolved), &resolved);
	if (err)
		return err;
	if (resolve_numbers(&resolved) || check_order(&resolved) || check_workers(&resolved) ||
	    resolve_enums(&resolved))
		return -EINVAL;
	*ret_opts = resolved;
	return 0;
}
