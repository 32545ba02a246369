// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_fleet.c - weft fleet: shows the sensors that publish on NATS.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/bus/bus_options.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "fleet/feed.h"
#include "fleet/show.h"

enum {
	WATCH = WF_BUS_OPTION_COUNT,
	OWN_COUNT,
	WATCH_MS = 2000,
	RECENT_SEC = 60,
	PENDING_BYTES = 64 << 20,
};

static const struct wf_option own[OWN_COUNT + 1] = {
	WF_BUS_OPTIONS,
	[WATCH] = {"watch", 'w', NULL, "show the table again every two seconds"},
};

static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	stopping = 1;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void show(const struct wf_fleet *fleet, bool is_json, bool is_watch)
{
	json_t *json;

	if (is_json) {
		json = wf_fleet_json_new(fleet, now_ns());
		json_dumpf(json, stdout, is_watch ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
	} else {
		if (is_watch && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		wf_fleet_print(fleet, now_ns(), stdout);
	}
	fflush(stdout);
}

/* Show the sensors until a signal arrives; connect again if the connection to NATS is lost. */
static void watch(struct wf_bus *bus, const struct wf_fleet_feed_opts *opts, struct wf_fleet *fleet,
		  struct wf_fleet_feed **feed, bool is_json)
{
	char error[WF_BUS_ERROR_BYTES];

	while (!stopping && !ferror(stdout)) {
		show(fleet, is_json, true);
		if (!*feed && wf_fleet_feed_open(bus, opts, fleet, feed, error)) {
			wf_say_error("fleet: %s: %s", wf_bus_servers(bus), error);
			sleep(WATCH_MS / 1000);
		} else if (wf_fleet_feed_wait(*feed, fleet, WATCH_MS, error)) {
			wf_say_error("fleet: %s: %s; connecting again", wf_bus_servers(bus), error);
			wf_fleet_feed_close(*feed);
			*feed = NULL;
		}
	}
}

static int show_all(const struct wf_options *options, struct wf_bus *bus, const char *stream)
{
	struct wf_fleet fleet = {.count = 0};
	struct wf_fleet_feed *feed = NULL;
	char error[WF_BUS_ERROR_BYTES] = "out of memory";
	const struct wf_fleet_feed_opts opts = {stream, RECENT_SEC, PENDING_BYTES};
	int err = wf_fleet_feed_open(bus, &opts, &fleet, &feed, error);

	if (err)
		wf_say_error("fleet: %s: stream %s: %s", wf_bus_servers(bus), stream, error);
	else if (options->own[WATCH])
		watch(bus, &opts, &fleet, &feed, options->json);
	else
		show(&fleet, options->json, false);
	wf_fleet_feed_close(feed);
	wf_fleet_fini(&fleet);
	if (err == -EINVAL)
		return WF_EXIT_USAGE;
	if (err == -EACCES)
		return WF_EXIT_NOT_ALLOWED;
	return err ? WF_EXIT_FAILED : WF_EXIT_DONE;
}

static int run_fleet(struct wf_options *options)
{
	struct sigaction action = {.sa_handler = on_signal};
	char error[WF_BUS_ERROR_BYTES];
	struct wf_bus_opts opts;
	struct wf_bus *bus;
	const char *stream;
	int status = wf_bus_options_get(options, "fleet", &opts, &stream);

	if (status)
		return status;
	opts.name = "weft fleet";
	if (wf_bus_open(&opts, &bus, error)) {
		wf_say_error("fleet: %s", error);
		return WF_EXIT_USAGE;
	}
	if (options->own[WATCH]) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
	}
	status = show_all(options, bus, stream);
	wf_bus_close(bus);
	return status;
}

WF_CMD(fleet) = {
	.name = "fleet",
	.position = 72,
	.groups = WF_OPTIONS_JSON,
	.own = own,
	.usage = "--nats URL [--watch] [--json] [options]",
	.summary = "show all sensors that publish on NATS",
	.details =
		"Two lines for each sensor: health, time since its start, frames and payload per\n"
		"second, connections, lost frames, memory in use, pressure, and when it was last\n"
		"heard of; then version, host, interfaces, memory limit, the first reason if it\n"
		"is not healthy, what its outputs dropped, and losses by cause. A sensor that was\n"
		"silent for three of its intervals and 10 s is STALE; one that was stopped has\n"
		"ended.\n"
		"\n"
		"  weft fleet --nats nats://n1,nats://n2\n"
		"  weft fleet --nats nats://n1 --json | jq '.sensors[] | select(.stale)'\n",
	.run = run_fleet,
};
