// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_check.c - rejects values that cannot work, alone or together.
 *
 * Each message names the place where the value was set, and the other value if two are in conflict.
 */
#include "config/config_check.h"

#include <errno.h>
#include <string.h>

#include "bus/names.h"
#include "bus/urls.h"
#include "http/wire/listen.h"
#include "sink/sink.h"

#define MIB (1024ull * 1024)

struct check {
	const struct wf_config *config;	   /* borrowed */
	struct wf_config_error *ret_error; /* borrowed */
};

/*
 * Return the place where @name was set: "weft.conf:7: memory.x" or "--set memory.x"; @name itself
 * if it has its default.
 */
static const char *place_of(const struct check *check, const char *name)
{
	const char *place = wf_config_place(check->config, name);

	return place ? place : name;
}

static int check_frames(const struct check *check)
{
	uint64_t ring = check->config->interface.ring_frames;
	uint64_t bytes = check->config->interface.frame_bytes;

	if (ring & (ring - 1))
		return wf_config_refuse(check->ret_error, "%s: %llu is not a power of two",
					place_of(check, "capture.ring_frames"),
					(unsigned long long)ring);
	if (ring && ring < WEFT_RING_LEAST_FRAMES)
		return wf_config_refuse(check->ret_error, "%s: %llu is neither 0 nor at least %d",
					place_of(check, "capture.ring_frames"),
					(unsigned long long)ring, WEFT_RING_LEAST_FRAMES);
	if (bytes != 2048 && bytes != 4096)
		return wf_config_refuse(check->ret_error, "%s: %llu is neither 2048 nor 4096",
					place_of(check, "capture.frame_bytes"),
					(unsigned long long)bytes);
	return 0;
}

/* Check that @low of key @low_name is below @high of key @high_name. */
static int check_below(const struct check *check, const char *low_name, uint64_t low,
		       const char *high_name, uint64_t high)
{
	if (low < high)
		return 0;
	return wf_config_refuse(check->ret_error, "%s: %llu must be less than %llu (%s)",
				place_of(check, low_name), (unsigned long long)low,
				(unsigned long long)high, place_of(check, high_name));
}

static int check_order(const struct check *check)
{
	const struct weft_opts *opts = &check->config->library;
	bool has_classes = opts->adaptive_sizing == WEFT_ON;
	int err = 0;

	if (has_classes)
		err = check_below(check, "memory.small_page_bytes", opts->page_small_bytes,
				  "memory.medium_page_bytes", opts->page_medium_bytes);
	if (!err && has_classes)
		err = check_below(check, "memory.medium_page_bytes", opts->page_medium_bytes,
				  "memory.large_page_bytes", opts->page_large_bytes);
	if (!err)
		err = check_below(check, "memory.low_memory_percent", opts->pressure_low_percent,
				  "memory.high_memory_percent", opts->pressure_high_percent);
	if (!err)
		err = check_below(check, "memory.high_memory_percent", opts->pressure_high_percent,
				  "memory.critical_memory_percent",
				  opts->pressure_critical_percent);
	return err;
}

/*
 * Check that fill rings of a configured length use at most half of all memory, so that the rest can
 * hold data. The number of queues is not known here, so one ring is counted per interface.
 */
static int check_rings(const struct check *check)
{
	const struct wf_config *config = check->config;
	uint64_t ring = config->interface.ring_frames;
	uint64_t frame = config->interface.frame_bytes;
	uint64_t bytes = config->interfaces_count * ring * frame;
	uint64_t memory = config->library.memory_max_bytes;

	if (bytes <= memory / 2)
		return 0;
	return wf_config_refuse(
		check->ret_error,
		"%s: %zu interfaces x %llu frames x %llu bytes = %llu MiB of receive memory, more "
		"than half of %llu MiB (%s); raise the latter to %llu or use shorter rings",
		place_of(check, "capture.ring_frames"), config->interfaces_count,
		(unsigned long long)ring, (unsigned long long)frame,
		(unsigned long long)(bytes / MIB), (unsigned long long)(memory / MIB),
		place_of(check, "memory.max_total_memory_mb"),
		(unsigned long long)(2 * bytes / MIB));
}

static int check_workers(const struct check *check)
{
	const struct weft_opts *opts = &check->config->library;
	uint64_t need_mb = (uint64_t)opts->workers * WEFT_WORKER_MIN_MB;
	uint64_t memory_mb = opts->memory_max_bytes / MIB;

	if (need_mb <= memory_mb)
		return 0;
	return wf_config_refuse(
		check->ret_error,
		"%s: %llu workers x at least %d MiB = %llu MiB, more than the limit of %llu MiB "
		"(%s)",
		place_of(check, "capture.workers"), (unsigned long long)opts->workers,
		WEFT_WORKER_MIN_MB, (unsigned long long)need_mb, (unsigned long long)memory_mb,
		place_of(check, "memory.max_total_memory_mb"));
}

static uint64_t count_sinks(const struct wf_sink_opts *opts)
{
	uint64_t count = 0;

	while (wf_sink_wanted(opts, count))
		count++;
	return count;
}

/*
 * Check that the first rings of the (worker, sink) queues, about an eighth of each queue, use at
 * most half of all memory. If capture.workers is 0, one worker is counted, because the number is
 * not known here.
 */
static int check_queues(const struct check *check)
{
	const struct wf_config *config = check->config;
	uint64_t sinks = count_sinks(&config->sinks);
	uint64_t workers = config->library.workers ? config->library.workers : 1;
	uint64_t queue = config->sinks.queue_bytes;
	uint64_t memory = config->library.memory_max_bytes;
	uint64_t bytes = workers * sinks * (queue / 8);

	if (bytes <= memory / 2)
		return 0;
	return wf_config_refuse(
		check->ret_error,
		"%s: %llu workers x %llu sinks x %llu MiB / 8 = %llu MiB of rings, more than half "
		"of %llu MiB (%s)",
		place_of(check, "delivery.queue_bytes"), (unsigned long long)workers,
		(unsigned long long)sinks, (unsigned long long)(queue / MIB),
		(unsigned long long)(bytes / MIB), (unsigned long long)(memory / MIB),
		place_of(check, "memory.max_total_memory_mb"));
}

static int check_expression(const struct check *check)
{
	const char *expression = check->config->library.filter;
	char reason[256];
	int err = expression ? weft_filter_check(expression, reason, sizeof(reason)) : 0;

	if (err != -EINVAL)
		return err;
	return wf_config_refuse(
		check->ret_error,
		"%s: '%.160s': not a filter expression in the syntax of tcpdump: %s",
		place_of(check, "filter.expression"), expression, reason);
}

static int check_outputs(const struct check *check)
{
	const struct wf_sink_opts *sinks = &check->config->sinks;

	if (sinks->streams_dir && !strcmp(sinks->streams_dir, "-"))
		return wf_config_refuse(check->ret_error,
					"%s: '-': each stream is written to a file of its own, so "
					"a directory is needed; a directory called - is named ./-",
					place_of(check, "sinks.streams"));
	if (sinks->pcap_path && sinks->events_path && strcmp(sinks->pcap_path, "-") &&
	    !strcmp(sinks->pcap_path, sinks->events_path))
		return wf_config_refuse(check->ret_error,
					"%s: '%.160s' is also the file of events (%s)",
					place_of(check, "sinks.pcap"), sinks->pcap_path,
					place_of(check, "sinks.events"));
	if (sinks->append == WEFT_ON && sinks->force == WEFT_ON)
		return wf_config_refuse(check->ret_error,
					"%s: conflicts with %s: files of an earlier run are either "
					"kept or deleted",
					place_of(check, "sinks.append"),
					place_of(check, "sinks.force"));
	return 0;
}

static int check_listen(const struct check *check)
{
	const char *text = check->config->http_listen;
	struct sockaddr_storage addr;

	if (!text || !wf_listen_parse(text, &addr))
		return 0;
	return wf_config_refuse(check->ret_error,
				"%s: '%.64s' is not an address; use ADDR:PORT with a numeric "
				"address, an IPv6 address in brackets, or PORT for 127.0.0.1",
				place_of(check, "sinks.http.listen"), text);
}

static int check_nats(const struct check *check)
{
	const struct wf_sink_opts *sinks = &check->config->sinks;
	char error[WF_BUS_ERROR_BYTES];
	struct wf_bus_urls urls;

	if (sinks->nats_url && wf_bus_urls_parse(sinks->nats_url, &urls, error))
		return wf_config_refuse(check->ret_error, "%s: %s",
					place_of(check, "sinks.nats.url"), error);
	if (sinks->nats_sensor && !wf_bus_sensor_is(sinks->nats_sensor))
		return wf_config_refuse(check->ret_error,
					"%s: '%.80s' is not a name of a sensor: 1 to 63 letters, "
					"digits, '-' and '_'",
					place_of(check, "sinks.nats.sensor"), sinks->nats_sensor);
	/* An option with an empty text is NULL here, so NULL is rejected as an empty name. */
	if (!sinks->nats_stream || !wf_bus_stream_is(sinks->nats_stream))
		return wf_config_refuse(check->ret_error,
					"%s: '%.80s' is not a name of a stream: 1 to %d letters, "
					"digits, '-' and '_'",
					place_of(check, "sinks.nats.stream"),
					sinks->nats_stream ? sinks->nats_stream : "",
					WF_BUS_STREAM_CHARS_MAX);
	if (sinks->nats_duplicate_window_sec > sinks->nats_stream_max_age_sec)
		return wf_config_refuse(check->ret_error, "%s: %u is more than %u (%s)",
					place_of(check, "sinks.nats.duplicate_window_sec"),
					sinks->nats_duplicate_window_sec,
					sinks->nats_stream_max_age_sec,
					place_of(check, "sinks.nats.stream_max_age_sec"));
	return 0;
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
	if (!err)
		err = check_expression(&check);
	if (!err)
		err = check_outputs(&check);
	if (!err)
		err = check_listen(&check);
	if (!err)
		err = check_nats(&check);
	return err;
}
