// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_collect.c - weft collect: writes the streams of many sensors, which come over NATS, to files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus/names.h"
#include "cli/bus/bus_options.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "collect/collect.h"

enum own_option {
	SHARD = WF_BUS_OPTION_COUNT,
	PARTITIONS,
	STREAMS,
	EVENTS,
	RETAIN,
	MAX_OPEN,
	MAX_MEMORY,
	LISTEN,
	RESHARD,
	ONCE,
	OWN_COUNT,
};

static const struct wf_option own[OWN_COUNT + 1] = {
	WF_BUS_OPTIONS,
	[SHARD] = {"shard", 0, "I/N", "collect part I of N, 0/N to N-1/N (default 0/1)"},
	[PARTITIONS] = {"partitions", 0, "N", "sinks.nats.partitions of the sensors (default 16)"},
	[STREAMS] = {"streams", 0, "DIR", "write stream files to this directory"},
	[EVENTS] = {"events", 0, "FILE",
		    "write opens, gaps, drops and closes to this file, one "
		    "JSON line each"},
	[RETAIN] = {"retain", 0, "TIME",
		    "remove finished stream files after this time (default "
		    "never)"},
	[MAX_OPEN] = {"max-open", 0, "N", "maximum number of open stream files (default 512)"},
	[MAX_MEMORY] = {"max-memory", 0, "SIZE",
			"memory for connections and messages (default 256M)"},
	[LISTEN] = {"listen", 0, "ADDR:PORT", "serve /metrics and /health by HTTP"},
	[RESHARD] = {"reshard", 0, NULL, "replace the collectors of another number of shards"},
	[ONCE] = {"once", 0, NULL, "end when all messages that are there were collected"},
};

static void take_log(enum weft_log_level level, const char *message, void *ctx)
{
	if (level == WEFT_LOG_ERROR)
		wf_say_error("%s", message);
	else if (level == WEFT_LOG_WARN)
		wf_say_error("warning: %s", message);
	else
		wf_say_note("%s", message);
}

static int get_numbers(const struct wf_options *options, struct wf_collect_opts *opts)
{
	const char *const *given = options->own;
	uint64_t partitions = 16, max_open = 0;

	opts->max_memory_bytes = 256 << 20;
	if (wf_bus_option_number("collect", "partitions", given[PARTITIONS], "partitions", 1,
				 WF_BUS_PARTITIONS_MAX, &partitions) ||
	    wf_bus_option_number("collect", "retain", given[RETAIN], "seconds", 1,
				 10ull * 365 * 86400, &opts->retain_sec) ||
	    wf_bus_option_number("collect", "max-open", given[MAX_OPEN], "files", 8, 1 << 20,
				 &max_open) ||
	    wf_bus_option_number("collect", "max-memory", given[MAX_MEMORY], "bytes", 16 << 20,
				 1ull << 40, &opts->max_memory_bytes))
		return WF_EXIT_USAGE;
	opts->shard.partitions = (uint32_t)partitions;
	opts->max_open = (uint32_t)max_open;
	return 0;
}

static int get_shard(const char *text, struct wf_collect_opts *opts)
{
	if (wf_shard_parse(text, &opts->shard)) {
		wf_say_error(
			"collect: --shard: '%s' is not valid; expected is I/N, such as 0/4, 1/4, "
			"2/4 and 3/4 for four collectors",
			text);
		return WF_EXIT_USAGE;
	}
	if (opts->shard.count > opts->shard.partitions) {
		wf_say_error(
			"collect: --shard: %u shards can't share %u partitions; use at most %u "
			"shards",
			opts->shard.count, opts->shard.partitions, opts->shard.partitions);
		return WF_EXIT_USAGE;
	}
	return 0;
}

static int get_opts(const struct wf_options *options, struct wf_collect_opts *opts)
{
	const char *const *given = options->own;
	int status = wf_bus_options_get(options, "collect", &opts->bus, &opts->stream);

	if (!status && (!given[STREAMS] || !*given[STREAMS] || !given[EVENTS] || !*given[EVENTS])) {
		wf_say_error("collect: --streams DIR and --events FILE are needed");
		status = WF_EXIT_USAGE;
	}
	if (!status)
		status = get_numbers(options, opts);
	if (!status)
		status = get_shard(given[SHARD] ? given[SHARD] : "0/1", opts);
	if (status)
		return status;
	opts->bus.name = "weft collect";
	opts->streams_dir = given[STREAMS];
	opts->events_path = given[EVENTS];
	opts->listen = given[LISTEN];
	opts->is_reshard = given[RESHARD];
	opts->is_once = given[ONCE];
	opts->log = take_log;
	return 0;
}

static int status_of(int err)
{
	switch (err) {
	case 0:
		return WF_EXIT_DONE;
	case -EINVAL:
	case -EEXIST:
	case -ENOENT:
	case -ENOTDIR:
	case -EADDRINUSE:
		return WF_EXIT_USAGE;
	case -EBADMSG:
		return WF_EXIT_INPUT;
	case -EACCES:
	case -EPERM:
	case -EBUSY:
	case -EROFS:
		return WF_EXIT_NOT_ALLOWED;
	default:
		return WF_EXIT_FAILED;
	}
}

static int run_collect(struct wf_options *options)
{
	struct wf_collect_opts opts = {.retain_sec = 0};
	int status = get_opts(options, &opts);

	return status ? status : status_of(wf_collect_run(&opts));
}

WF_CMD(collect) = {
	.name = "collect",
	.position = 70,
	.groups = WF_OPTIONS_MESSAGES,
	.own = own,
	.usage = "--nats URL --streams DIR --events FILE [options]",
	.summary = "write the streams that sensors publish on NATS to files",
	.details =
		"Each stream file has the bytes of one direction at their offsets; missing ranges\n"
		"are holes. A message is acknowledged after it is on disk, and a collector that\n"
		"was killed continues where it was: each byte and each event is there once. Use\n"
		"one directory for each shard. SIGHUP opens the file of events again. Ends on\n"
		"SIGTERM and SIGINT with status 0.\n"
		"\n"
		"  weft collect --nats nats://n1,nats://n2 --streams /srv/streams \\\n"
		"               --events /srv/events.json --retain 7d\n"
		"  weft collect --nats nats://n1 --shard 2/4 --streams s2 --events e2.json\n",
	.run = run_collect,
};
