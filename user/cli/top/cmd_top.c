// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_top.c - weft top: shows a running agent in a terminal.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/control/clock.h"
#include "cli/ask/ask.h"
#include "cli/say.h"
#include "cli/top/act.h"
#include "cli/top/draw.h"
#include "cli/top/refresh.h"
#include "cli/top/screen.h"

/* Indices of the command's own options. */
enum { INTERVAL = 0, SORT };

enum { INTERVAL_MS = 1000, INTERVAL_MIN_MS = 200, INTERVAL_MAX_MS = 60000 };

static const struct wf_option own[] = {
	[INTERVAL] = {"interval", 0, "SECONDS", "time between updates, 0.2 to 60 (default 1)"},
	[SORT] = {"sort", 0, "ORDER",
		  "order of connections: bytes, rate, packets, kept, last, age or address "
		  "(default bytes)"},
	{.name = NULL},
};

/* The state is static because it is too large for the stack. */
static struct wf_top_state state;

/* ---- the command line ---- */

/* Return the time in @text, a number of seconds, in ms; 0 if it is not valid. */
static unsigned int interval_of(const char *text)
{
	char *end;
	double sec = strtod(text, &end);

	if (!*text || *end || strspn(text, "0123456789.") != strlen(text) ||
	    !(sec * 1000 >= INTERVAL_MIN_MS && sec * 1000 <= INTERVAL_MAX_MS))
		return 0;
	return (unsigned int)(sec * 1000);
}

static int read_filter(const struct wf_options *options)
{
	char *filter = wf_options_join(options, 0);
	bool is_short = !filter || strlen(filter) < sizeof(state.filter);

	if (is_short)
		strcpy(state.filter, filter ? filter : "");
	else
		wf_say_error("top: the filter is longer than %zu characters",
			     sizeof(state.filter) - 1);
	free(filter);
	return is_short ? WF_EXIT_DONE : WF_EXIT_USAGE;
}

static int read_options(const struct wf_options *options)
{
	const char *interval = options->own[INTERVAL];
	const char *sort = options->own[SORT];
	int order = sort ? wf_top_order_find(sort) : 0;

	state.options = options;
	state.stop_fd = -1;
	state.wake_fd = -1;
	state.interval_ms = interval ? interval_of(interval) : INTERVAL_MS;
	if (!state.interval_ms) {
		wf_say_error("top: --interval: '%s' is not a number of seconds from 0.2 to 60",
			     interval);
		return WF_EXIT_USAGE;
	}
	if (order < 0) {
		wf_say_error("top: --sort: '%s' is not one of bytes, rate, packets, kept, last, "
			     "age, address",
			     sort);
		return WF_EXIT_USAGE;
	}
	state.order = (size_t)order;
	return read_filter(options);
}

/*
 * Send the first requests before the terminal is taken over, so that an error is reported as by
 * other commands.
 */
static int ask_first(const struct wf_options *options)
{
	json_t *requests[] = {json_pack("{ss}", "command", "stats"),
			      wf_top_flows_request(state.filter, state.order)};
	int status = WF_EXIT_DONE;

	for (size_t i = 0; i < 2; i++) {
		json_t *answer;

		if (!status) {
			status = wf_ask(options, requests[i], &answer);
			if (!status)
				json_decref(answer);
		}
		json_decref(requests[i]);
	}
	return status;
}

/* ---- the loop ---- */

static void show(void)
{
	static struct wf_top_page page;
	size_t columns, rows;

	wf_top_screen_size(&columns, &rows);
	wf_top_draw(&state, &page, columns, rows);
	wf_top_screen_show(&page);
}

static void handle_keys(void)
{
	int key;

	while (!state.is_done && (key = wf_top_screen_key()) >= 0)
		wf_top_act(&state, key);
}

/*
 * Refresh at each interval unless paused, and redraw after each key, until the user or a signal
 * ends the loop.
 */
static void loop(void)
{
	uint64_t next_ms = 0;

	while (!state.is_done) {
		uint64_t now_ms = wf_clock_now_ns() / 1000000;

		if (now_ms >= next_ms) {
			if (!state.is_paused)
				wf_top_refresh(&state);
			now_ms = wf_clock_now_ns() / 1000000;
			next_ms = now_ms + state.interval_ms;
		}
		show();
		if (wf_top_screen_wait((unsigned int)(next_ms - now_ms)))
			return;
		handle_keys();
		if (state.is_stale)
			next_ms = 0;
	}
}

static int run_top(struct wf_options *options)
{
	int status;
	int err;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		wf_say_error("top: standard input and output must be a terminal; use weft stats, "
			     "weft health or weft flows in scripts");
		return WF_EXIT_USAGE;
	}
	status = read_options(options);
	if (!status)
		status = ask_first(options);
	if (status)
		return status;
	err = wf_top_screen_open(&state.stop_fd, &state.wake_fd);
	if (err == -ENOTTY)
		wf_say_error("top: TERM: the type of the terminal is unknown; set TERM, or use "
			     "weft stats");
	else if (err)
		wf_say_error("top: terminal: %s", strerror(-err));
	if (err)
		return WF_EXIT_FAILED;
	loop();
	wf_top_screen_close();
	return WF_EXIT_DONE;
}

WF_CMD(top) = {
	.name = "top",
	.position = 57,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT,
	.own = own,
	.usage = "[-i IFACE] [--interval SECONDS] [--sort ORDER] [FILTER]",
	.summary = "show a running agent in a terminal, updated each second",
	.details =
		"The screen shows health, rates, losses (red while they grow), memory and\n"
		"connections; Tab shows ledgers, workers, memory and subscriptions. A connection\n"
		"can be bypassed and resumed, as with weft flow. '?' lists all keys, 'q' quits.\n"
		"The terminal needs at least 80 columns and 24 lines. If the agent ends, the last\n"
		"values stay, and weft top connects again when an agent runs. NO_COLOR=1 turns\n"
		"colours off.\n"
		"\n"
		"  weft top\n"
		"  weft top -i eth0 --sort rate 'port 443'\n",
	.run = run_top,
};
