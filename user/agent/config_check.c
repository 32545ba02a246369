// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_check.c - what no single key can tell: combinations that can't work.
 *
 * Each is refused where it was written, with the numbers that do not fit.
 */
#include <string.h>

#include "agent/config_internal.h"

#define MIB (1024ull * 1024)

struct check {
	const struct wf_config *config;	   /* borrowed */
	struct wf_config_error *ret_error; /* borrowed */
};

/* Where @name got its value: "weft.conf:7: memory.x", "--set memory.x", or its name alone. */
static const char *place_of(const struct check *check, const char *name)
{
	const struct wf_config_key *key = wf_config_keys();
	const char *place;

	while (strcmp(key->name, name))
		key++;
	place = check->config->places[key - wf_config_keys()];
	return place ? place : name;
}

static int check_frames(const struct check *check)
{
	uint64_t ring = check->config->ring_frames;
	uint64_t bytes = check->config->frame_bytes;

	if (ring & (ring - 1))
		return wf_config_refuse(check->ret_error, "%s: %llu is not a power of two",
					place_of(check, "capture.ring_frames"),
					(unsigned long long)ring);
	if (bytes != 2048 && bytes != 4096)
		return wf_config_refuse(check->ret_error, "%s: %llu is neither 2048 nor 4096",
					place_of(check, "capture.frame_bytes"),
					(unsigned long long)bytes);
	return 0;
}

/* @low of key @low_name must be below @high of key @high_name. */
static int check_below(const struct check *check, const char *low_name, uint64_t low,
		       const char *high_name, uint64_t high)
{
	if (low < high)
		return 0;
	return wf_config_refuse(check->ret_error, "%s: %llu is not below %llu (%s)",
				place_of(check, low_name), (unsigned long long)low,
				(unsigned long long)high, place_of(check, high_name));
}

static int check_order(const struct check *check)
{
	const struct wf_config *config = check->config;
	int err = 0;

	if (config->adaptive_sizing)
		err = check_below(check, "memory.small_page_bytes", config->page_small_bytes,
				  "memory.medium_page_bytes", config->page_medium_bytes);
	if (!err && config->adaptive_sizing)
		err = check_below(check, "memory.medium_page_bytes", config->page_medium_bytes,
				  "memory.large_page_bytes", config->page_large_bytes);
	if (!err)
		err = check_below(check, "memory.low_memory_percent", config->low_percent,
				  "memory.high_memory_percent", config->high_percent);
	if (!err)
		err = check_below(check, "memory.high_memory_percent", config->high_percent,
				  "memory.critical_memory_percent", config->critical_percent);
	return err;
}

/* Fill rings that hold more than half of all memory would leave nothing to keep data in. */
static int check_rings(const struct check *check)
{
	const struct wf_config *config = check->config;
	uint64_t bytes = config->interfaces_count * config->ring_frames * config->frame_bytes;
	uint64_t half_mb = config->memory_mb / 2;

	if (bytes <= half_mb * MIB)
		return 0;
	return wf_config_refuse(
		check->ret_error,
		"%s: %zu interfaces x %llu frames x %llu bytes = %llu MiB to receive into, more "
		"than half of %llu MiB (%s); raise that to %llu or take shorter rings",
		place_of(check, "capture.ring_frames"), config->interfaces_count,
		(unsigned long long)config->ring_frames, (unsigned long long)config->frame_bytes,
		(unsigned long long)(bytes / MIB), (unsigned long long)config->memory_mb,
		place_of(check, "memory.max_total_memory_mb"),
		(unsigned long long)(2 * bytes / MIB));
}

static int check_workers(const struct check *check)
{
	const struct wf_config *config = check->config;
	uint64_t need_mb = config->workers * WEFT_WORKER_MIN_MB;

	if (need_mb <= config->memory_mb)
		return 0;
	return wf_config_refuse(check->ret_error,
				"%s: %llu workers x %d MiB at least = %llu MiB, more than the %llu "
				"MiB there are (%s)",
				place_of(check, "capture.workers"),
				(unsigned long long)config->workers, WEFT_WORKER_MIN_MB,
				(unsigned long long)need_mb, (unsigned long long)config->memory_mb,
				place_of(check, "memory.max_total_memory_mb"));
}

/* Of each worker's queue to each sink an eighth is a ring that is there from the start. */
static int check_queues(const struct check *check)
{
	const struct wf_config *config = check->config;
	uint64_t sinks = (*config->streams_dir != 0) + (*config->events_path != 0);
	uint64_t workers = config->workers ? config->workers : 1;
	uint64_t bytes = workers * sinks * (config->queue_bytes / 8);

	if (bytes <= config->memory_mb * MIB / 2)
		return 0;
	return wf_config_refuse(
		check->ret_error,
		"%s: %llu workers x %llu sinks x %llu MiB / 8 = %llu MiB of rings, more than half "
		"of %llu MiB (%s)",
		place_of(check, "delivery.queue_bytes"), (unsigned long long)workers,
		(unsigned long long)sinks, (unsigned long long)(config->queue_bytes / MIB),
		(unsigned long long)(bytes / MIB), (unsigned long long)config->memory_mb,
		place_of(check, "memory.max_total_memory_mb"));
}

int wf_config_check(const struct wf_config *config, struct wf_config_error *ret_error)
{
	const struct check check = {.config = config, .ret_error = ret_error};
	int err = check_frames(&check);

	if (!err)
		err = check_order(&check);
	if (!err)
		err = check_rings(&check);
	if (!err)
		err = check_workers(&check);
	if (!err)
		err = check_queues(&check);
	return err;
}
