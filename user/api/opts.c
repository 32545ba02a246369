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

static int resolve_numbers(struct weft_opts *o)
{
	const uint32_t day_sec = 86400;

	return resolve_u32("workers", &o->workers, wf_cpu_count(), 1, WEFT_WORKERS_MAX) ||
	       resolve("memory_max_bytes", &o->memory_max_bytes, WEFT_MEMORY_MB * MIB,
		       WEFT_MEMORY_MIN_MB * MIB, 1ull << 40) ||
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
	       resolve_u32("stream_pages_max", &o->stream_pages_max, WEFT_STREAM_PAGES_MAX, 1,
			   UINT16_MAX);
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
	if (resolve_numbers(&resolved) || resolve_enums(&resolved))
		return -EINVAL;
	*ret_opts = resolved;
	return 0;
}
