// SPDX-License-Identifier: BSD-2-Clause
/*
 * opts.c - copies the option structs of callers, which may have any size, fills in the defaults,
 * and checks the ranges that weft/options.def lists.
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
		wf_error("%s: the member sz is %zu, which is too small; declare the struct with "
			 "WEFT_OPTS()",
			 name, caller_size);
		return -EINVAL;
	}
	for (size_t i = size; i < caller_size; i++) {
		if (((const char *)opts)[i]) {
			wf_error("%s: an option is set that only a newer version of libweft has",
				 name);
			return -EINVAL;
		}
	}
	memcpy(ret_opts, opts, caller_size < size ? caller_size : size);
	memcpy(ret_opts, &size, sizeof(size));
	return 0;
}

/* ---- the table of options ---- */

enum option_kind {
	KIND_NUMBER = 0,
	KIND_MEBIBYTES,
	KIND_SWITCH,
	KIND_CHOICE,
	KIND_SHARE,
	KIND_TEXT,
	KIND_PORTS,
	KIND_PREFIXES,
	KIND_OVERLAPS,
	KIND_VERDICTS,
};

/* struct option - one entry of weft/options.def */
struct option {
	const char *name;
	enum option_kind kind;
	size_t offset; /* offset of the member in its struct */
	size_t bytes;  /* size of the member */
	size_t count_offset;
	uint64_t min;
	uint64_t max; /* for a list: maximum number of entries */
	uint64_t initial;
	double initial_share;
	const char *unit;
};

#define MEMBER(kind_, container, member_)                                                      \
	.name = #member_, .kind = KIND_##kind_, .offset = offsetof(struct container, member_), \
	.bytes = sizeof(((struct container *)0)->member_)
/* The arguments "..." expand to designated initialisers of the other fields. */
#define OPTION(kind, container, member, ...) {MEMBER(kind, container, member), __VA_ARGS__},
#define LIST(kind, container, member, ...) \
	{MEMBER(kind, container, member),  \
	 .count_offset = offsetof(struct container, member##_count), __VA_ARGS__},

#define WEFT_RANGE(min_, max_, initial_, unit_) \
	.min = min_, .max = max_, .initial = initial_, .unit = " " unit_
#define WEFT_SWITCHED(initial_) .min = WEFT_ON, .max = WEFT_OFF, .initial = initial_, .unit = ""
#define WEFT_CHOICES(initial_, ...)                                             \
	.max = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *) - 1, \
	.initial = initial_, .unit = ""
#define WEFT_SHARE(initial_)   .initial_share = initial_
#define WEFT_TEXT(initial_)    .unit = ""
#define WEFT_ENTRIES(entries_) .max = entries_

#define WEFT_LIBRARY_OPTION(kind, type, member, key, flag, values, ...) \
	OPTION(kind, weft_opts, member, values)
#define WEFT_LIBRARY_LIST(kind, type, member, key, flag, values, ...) \
	LIST(kind, weft_opts, member, values)
static const struct option library_options[] = {
#include <weft/options.def>
	{.name = NULL},
};

#define WEFT_INTERFACE_OPTION(kind, type, member, key, flag, values, ...) \
	OPTION(kind, weft_interface_opts, member, values)
#define WEFT_INTERFACE_LIST(kind, type, member, key, flag, values, ...) \
	LIST(kind, weft_interface_opts, member, values)
static const struct option interface_options[] = {
#include <weft/options.def>
	{.name = NULL},
};

_Static_assert(sizeof((const char *const[]){WEFT_OVERLAP_NAMES}) / sizeof(char *) ==
		       WEFT_OVERLAP_COUNT,
	       "a name for each overlap policy");

/* ---- one option ---- */

/* Read a number, switch or enum member of 4 or 8 bytes. */
static uint64_t read_number(const struct option *option, const void *member)
{
	uint32_t narrow;
	uint64_t wide;

	if (option->bytes == sizeof(wide)) {
		memcpy(&wide, member, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, member, sizeof(narrow));
	return narrow;
}

static void write_number(const struct option *option, void *member, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	if (option->bytes == sizeof(value))
		memcpy(member, &value, sizeof(value));
	else
		memcpy(member, &narrow, sizeof(narrow));
}

static int resolve_number(const struct option *option, void *member)
{
	uint64_t scale = option->kind == KIND_MEBIBYTES ? MIB : 1;
	uint64_t value = read_number(option, member);

	if (!value)
		value = option->initial * scale;
	write_number(option, member, value);
	if (value >= option->min * scale && value <= option->max * scale)
		return 0;
	wf_error("options: %s is %" PRIu64 "; allowed: %" PRIu64 " to %" PRIu64 "%s", option->name,
		 value, option->min * scale, option->max * scale,
		 scale == 1 ? option->unit : " bytes");
	return -EINVAL;
}

static int resolve_share(const struct option *option, double *share)
{
	if (*share == 0)
		*share = option->initial_share;
	if (*share > 0 && *share <= 1)
		return 0;
	wf_error("options: %s is %g; allowed: more than 0, at most 1", option->name, *share);
	return -EINVAL;
}

static bool is_entry(enum option_kind kind, const void *entries, size_t index)
{
	const struct weft_overlap_rule *rules = entries;
	const struct weft_verdict_rule *verdicts = entries;
	const struct weft_prefix *prefixes = entries;

	if (kind == KIND_PREFIXES)
		return prefixes[index].bits <= 128;
	if (kind == KIND_OVERLAPS)
		return rules[index].prefix.bits <= 128 &&
		       (unsigned int)rules[index].policy < WEFT_OVERLAP_COUNT;
	if (kind == KIND_VERDICTS)
		return verdicts[index].prefix.bits <= 128 &&
		       (unsigned int)verdicts[index].verdict < WEFT_VERDICT_SHED;
	return true;
}

static int check_list(const struct option *option, const void *entries, size_t count)
{
	if (count > option->max) {
		wf_error("options: %s has %zu entries; allowed: at most %" PRIu64, option->name,
			 count, option->max);
		return -EINVAL;
	}
	for (size_t i = 0; i < count; i++) {
		if (is_entry(option->kind, entries, i))
			continue;
		wf_error("options: %s: entry %zu is out of range", option->name, i);
		return -EINVAL;
	}
	return 0;
}

static int resolve_option(const struct option *option, char *opts)
{
	void *member = opts + option->offset;

	switch (option->kind) {
	case KIND_NUMBER:
	case KIND_MEBIBYTES:
	case KIND_SWITCH:
	case KIND_CHOICE:
		return resolve_number(option, member);
	case KIND_SHARE:
		return resolve_share(option, member);
	case KIND_TEXT:
		return 0;
	case KIND_PORTS:
	case KIND_PREFIXES:
	case KIND_OVERLAPS:
	case KIND_VERDICTS:
		return check_list(option, *(void **)member,
				  *(size_t *)(opts + option->count_offset));
	}
	return -EINVAL;
}

static int resolve_options(const struct option *options, void *opts)
{
	for (const struct option *option = options; option->name; option++)
		if (resolve_option(option, opts))
			return -EINVAL;
	return 0;
}

/* ---- rules that concern several options ---- */

/*
 * Return the default number of workers: the number of CPUs, but at most WEFT_WORKERS_MAX, and at
 * most as many as @memory_max_bytes has room for.
 */
static uint32_t default_workers(uint64_t memory_max_bytes)
{
	uint64_t fit = memory_max_bytes / (WEFT_WORKER_MIN_MB * MIB);
	uint32_t cpus = wf_cpu_count();

	if (cpus > WEFT_WORKERS_MAX)
		cpus = WEFT_WORKERS_MAX;
	return cpus < fit ? cpus : (uint32_t)fit;
}

static int check_ascending(const char *what, uint32_t a, uint32_t b, uint32_t c)
{
	if (a < b && b < c)
		return 0;
	wf_error("options: %s must ascend, but are %" PRIu32 ", %" PRIu32 ", %" PRIu32, what, a, b,
		 c);
	return -EINVAL;
}

static int check_workers(const struct weft_opts *o)
{
	uint64_t need_mb = (uint64_t)o->workers * WEFT_WORKER_MIN_MB;

	if (need_mb * MIB <= o->memory_max_bytes)
		return 0;
	wf_error("options: %" PRIu32 " workers with at least %d MiB each need %" PRIu64
		 " MiB, more than memory_max_bytes (%" PRIu64 " MiB)",
		 o->workers, WEFT_WORKER_MIN_MB, need_mb, (uint64_t)(o->memory_max_bytes / MIB));
	return -EINVAL;
}

static int check_order(const struct weft_opts *o)
{
	return (o->adaptive_sizing == WEFT_ON &&
		check_ascending("page sizes small, medium, large", o->page_small_bytes,
				o->page_medium_bytes, o->page_large_bytes)) ||
	       check_ascending("pressure percentages low, high, critical", o->pressure_low_percent,
			       o->pressure_high_percent, o->pressure_critical_percent);
}

int wf_opts_resolve(const struct weft_opts *opts, struct weft_opts *ret_opts)
{
	struct weft_opts resolved;
	int err;

	err = wf_opts_copy("weft_opts", opts, sizeof(resolved), &resolved);
	if (err)
		return err;
	if (resolve_options(library_options, &resolved))
		return -EINVAL;
	if (!resolved.workers)
		resolved.workers = default_workers(resolved.memory_max_bytes);
	if (resolved.detect_races == WEFT_ON)
		resolved.performance_mode = WEFT_PERFORMANCE_SAFE;
	if (check_order(&resolved) || check_workers(&resolved))
		return -EINVAL;
	*ret_opts = resolved;
	return 0;
}

static int check_frames(const struct weft_interface_opts *o)
{
	if (o->ring_frames & (o->ring_frames - 1)) {
		wf_error("options: ring_frames is %" PRIu32 ", which is not a power of two",
			 o->ring_frames);
		return -EINVAL;
	}
	if (o->ring_frames && o->ring_frames < WEFT_RING_LEAST_FRAMES) {
		wf_error("options: ring_frames is %" PRIu32 "; allowed: 0, or %d to 65536",
			 o->ring_frames, WEFT_RING_LEAST_FRAMES);
		return -EINVAL;
	}
	if (o->frame_bytes != 2048 && o->frame_bytes != 4096) {
		wf_error("options: frame_bytes is %" PRIu32 ", which is neither 2048 nor 4096",
			 o->frame_bytes);
		return -EINVAL;
	}
	return 0;
}

int wf_opts_resolve_interface(const struct weft_interface_opts *opts,
			      struct weft_interface_opts *ret_opts)
{
	struct weft_interface_opts resolved;
	int err;

	err = wf_opts_copy("weft_interface_opts", opts, sizeof(resolved), &resolved);
	if (err)
		return err;
	if (resolve_options(interface_options, &resolved) || check_frames(&resolved))
		return -EINVAL;
	*ret_opts = resolved;
	return 0;
}
