// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_subscribe.c - weft subscribe: prints the streams of a running agent.
 *
 * It receives them with libweft-client, as any other program does.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weft/client.h>

#include "agent/control/control.h"
#include "cli/ask/ask.h"
#include "cli/say.h"
#include "cli/subscribe/output.h"
#include "cli/subscribe/show.h"
#include "config/config.h"

/* Indices of the command's own options. */
enum { FORMAT = 0, PCAP, EVENTS, DIRECTION, DATA, FIRST, COUNT, QUEUE, OVERFLOW, NAME, SHM };

static const struct wf_option own[] = {
	[FORMAT] = {"format", 0, "text|hex|json|raw|pcap",
		    "format of the output: text, hex, json, raw or pcap (default text)"},
	[PCAP] =
		{"pcap", 0, "FILE",
		 "write the connections as TCP segments in order, without loss and duplicates, to a "
		 "pcapng file; - for standard output, as --format pcap does"},
	[EVENTS] = {"events", 0, "LIST",
		    "print these events only: open, data, gap, close or flow, anomaly (default "
		    "data,gap; in JSON all but open)"},
	[DIRECTION] = {"direction", 0, "toserver|toclient", "print this direction only"},
	[DATA] = {"data", 0, NULL, "in JSON, include the bytes of streams, in base64"},
	[FIRST] = {"first", 0, "SIZE", "print only the first SIZE bytes of each direction"},
	[COUNT] = {"count", 0, "N", "end after N events were printed"},
	[QUEUE] = {"queue", 0, "SIZE",
		   "size of the queue from each worker in the agent (default 8M)"},
	[OVERFLOW] = {"overflow", 0, "POLICY",
		      "action of the agent if a queue is full: drop-oldest (default), drop-newest, "
		      "block-with-timeout, resize or, with a replay only, block (its default)"},
	[NAME] = {"name", 0, "NAME", "name of the subscription in metrics (default client-PID)"},
	[SHM] = {"shm", 0, NULL,
		 "read from the memory of the agent instead of a socket: less work for both (only "
		 "for root, the agent's user, and the group in its option delivery.shm_group)"},
	{.name = NULL},
};

enum { COPY_BYTES = WEFT_CLIENT_FRAME_MAX_BYTES };

/* A running command. */
struct run {
	struct wf_options *options;
	struct weft_client *client;
	struct wf_show show;
	const char *path;   /* path of the output; "-": standard output */
	uint64_t count_max; /* maximum number of printed events; 0: no limit */
	uint8_t *copy;	    /* owned: data from shared memory, of at most COPY_BYTES; NULL: none */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signo)
{
	interrupted = 1;
}

/* ---- options ---- */

static int refuse(const char *option, const char *value, const char *expected)
{
	wf_say_error("subscribe: --%s: '%s' is not %s", option, value, expected);
	return WF_EXIT_USAGE;
}

static uint32_t event_of(const char *name, size_t len)
{
	static const struct {
		const char *name;
		enum weft_event_type type;
	} names[] = {
		{"open", WEFT_EVENT_OPEN},  {"data", WEFT_EVENT_DATA},
		{"gap", WEFT_EVENT_GAP},    {"close", WEFT_EVENT_CLOSE},
		{"flow", WEFT_EVENT_CLOSE}, {"anomaly", WEFT_EVENT_ANOMALY},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == len && !memcmp(names[i].name, name, len))
			return WEFT_EVENT_BIT(names[i].type);
	return 0;
}

/* Set the events that are printed, from --events or the format's default. */
static int set_events(struct wf_show *show, const char *list)
{
	show->events = list ? 0 : show->format->events;
	while (list) {
		size_t len = strcspn(list, ",");
		uint32_t bit = event_of(list, len);

		if (!bit)
			return refuse("events", list, "a list of open, data, gap, close, anomaly");
		if (!(bit & show->format->allowed)) {
			wf_say_error(
				"subscribe: --events: '%.*s' can't be chosen with the format %s",
				(int)len, list, show->format->name);
			return WF_EXIT_USAGE;
		}
		show->events |= bit;
		list = list[len] ? list + len + 1 : NULL;
	}
	return WF_EXIT_DONE;
}

static int set_direction(const char *name, uint32_t *ret_directions)
{
	if (!name)
		return WF_EXIT_DONE;
	if (!strcmp(name, "toserver"))
		*ret_directions = WEFT_DIR_BIT(WEFT_TO_SERVER);
	else if (!strcmp(name, "toclient"))
		*ret_directions = WEFT_DIR_BIT(WEFT_TO_CLIENT);
	else
		return refuse("direction", name, "toserver or toclient");
	return WF_EXIT_DONE;
}

static int set_count(const char *text, uint64_t *ret_count)
{
	if (!text)
		return WF_EXIT_DONE;
	*ret_count = strtoull(text, NULL, 10);
	if (!*text || strlen(text) > 18 || strspn(text, "0123456789") != strlen(text) ||
	    !*ret_count)
		return refuse("count", text, "a number from 1");
	return WF_EXIT_DONE;
}

/* Return the name of the format that the options select. */
static const char *format_name(const struct wf_options *options)
{
	if (options->own[FORMAT])
		return options->own[FORMAT];
	if (options->own[PCAP])
		return wf_show_pcap.name;
	return options->json ? "json" : "text";
}

/* Set the output. Packets on a terminal, and --pcap with another format, are rejected. */
static int set_output(struct run *run)
{
	const char *path = run->options->own[PCAP];
	bool is_pcap = run->show.format == &wf_show_pcap;

	run->path = path ? path : "-";
	if (path && (!is_pcap || run->options->json)) {
		wf_say_error("subscribe: --pcap: the format %s has no packets; leave out %s",
			     run->options->json ? "json" : run->show.format->name,
			     run->options->json ? "--json" : "--format");
		return WF_EXIT_USAGE;
	}
	if (is_pcap && !strcmp(run->path, "-") && isatty(STDOUT_FILENO)) {
		wf_say_error(
			"subscribe: packets are not written to a terminal; give --pcap FILE, or "
			"a pipe to another program");
		return WF_EXIT_USAGE;
	}
	return WF_EXIT_DONE;
}

static int set_format(struct run *run)
{
	const char *name = format_name(run->options);
	int status;

	run->show.format = wf_show_format_find(name);
	run->show.has_data = run->options->own[DATA] != NULL;
	if (!run->show.format)
		return refuse("format", name, "text, hex, json, raw or pcap");
	status = set_output(run);
	return status ? status : set_events(&run->show, run->options->own[EVENTS]);
}

/*
 * Read an option that has the syntax and the range of the configuration key @key. The key only
 * serves as the place of the value.
 */
static int set_by_key(struct run *run, int option, const char *key)
{
	struct wf_config_error error = {"out of memory"};
	const char *text = run->options->own[option];
	char place[32];

	if (!text)
		return WF_EXIT_DONE;
	snprintf(place, sizeof(place), "--%s", own[option].name);
	if (!wf_config_set(&run->options->config, place, key, text, &error))
		return WF_EXIT_DONE;
	wf_say_error("subscribe: %s", error.text);
	return WF_EXIT_USAGE;
}

static int set_limits(struct run *run, struct weft_client_opts *opts)
{
	const struct wf_config *config = &run->options->config;
	int status = set_by_key(run, FIRST, "reassembly.depth_bytes");

	if (!status)
		status = set_by_key(run, QUEUE, "delivery.queue_bytes");
	if (!status)
		status = set_by_key(run, OVERFLOW, "delivery.overflow");
	if (run->options->own[FIRST])
		opts->first_bytes = config->library.depth_bytes;
	if (run->options->own[QUEUE])
		opts->queue_bytes = config->sinks.queue_bytes;
	if (run->options->own[OVERFLOW])
		opts->overflow = config->sinks.overflow;
	return status;
}

static int set_opts(struct run *run, struct weft_client_opts *opts)
{
	int status = set_format(run);

	if (!status)
		status = set_direction(run->options->own[DIRECTION], &opts->directions);
	if (!status)
		status = set_count(run->options->own[COUNT], &run->count_max);
	if (!status)
		status = set_limits(run, opts);
	opts->events = run->show.events;
	opts->name = run->options->own[NAME];
	opts->transport = run->options->own[SHM] ? WEFT_CLIENT_SHM : WEFT_CLIENT_SOCKET;
	return status;
}

/* ---- running ---- */

static int status_of(int err)
{
	switch (err) {
	case -EINVAL:
		return WF_EXIT_USAGE;
	case -EACCES:
	case -EPERM:
		return WF_EXIT_NOT_ALLOWED;
	default:
		return WF_EXIT_FAILED;
	}
}

static int open_client(struct run *run, struct weft_client_opts *opts)
{
	char path[WF_CONTROL_PATH_BYTES];
	char *filter;
	int status = wf_ask_find(run->options, path);
	int err;

	if (status)
		return status;
	filter = wf_options_join(run->options, 0);
	opts->path = path;
	opts->filter = filter;
	if (opts->transport == WEFT_CLIENT_SHM)
		run->copy = malloc(COPY_BYTES);
	err = weft_client_open(opts, &run->client);
	free(filter);
	if (!err)
		return WF_EXIT_DONE;
	wf_say_error("subscribe: %s", weft_client_error(NULL));
	return status_of(err);
}

/*
 * Wait until data or a signal arrives, or the reader closes the output. Return: false if the
 * command must end.
 */
static bool wait_for_data(const struct run *run)
{
	struct pollfd polls[2] = {{.fd = weft_client_fd(run->client), .events = POLLIN},
				  {.fd = fileno(run->show.out)}};
	sigset_t ends, before;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	/* The signals are blocked, so that none arrives between the check of the flag and ppoll().
	 */
	sigprocmask(SIG_BLOCK, &ends, &before);
	if (!interrupted)
		ppoll(polls, 2, NULL, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !interrupted && !(polls[1].revents & (POLLERR | POLLHUP));
}

/*
 * Copy the data of @event out of the shared memory, because the output is written later. Return:
 * false if the agent has taken the data back; a DROP event follows.
 */
static bool copy_data(struct run *run, struct weft_event *event)
{
	if (!run->copy || event->type != WEFT_EVENT_DATA)
		return true;
	memcpy(run->copy, event->data.bytes, event->data.len_bytes);
	event->data.bytes = run->copy;
	return !weft_client_done(run->client);
}

/*
 * Print the events that have arrived. Return: -EAGAIN if more may arrive; 0 if a signal, --count,
 * the format or a failed write ends the command; the error of weft_client_next() at the end of the
 * stream.
 */
static int print_events(struct run *run)
{
	struct weft_event event;
	int err;

	while (!(err = weft_client_next(run->client, &event, 0))) {
		enum wf_show_result result;

		if (!copy_data(run, &event))
			continue;
		result = wf_show_event(&run->show, &event);
		if (result == WF_SHOW_END || interrupted || ferror(run->show.out) ||
		    (run->count_max && run->show.printed_events >= run->count_max))
			return 0;
	}
	return err;
}

/* Report why printing has ended. @err: result of print_events(). Return: an enum wf_exit. */
static int report_end(const struct run *run, int err)
{
	bool is_stdout = !strcmp(run->path, "-");

	if (run->show.err && run->show.err != -EPIPE && !interrupted) {
		wf_say_error("subscribe: can't write to %s: %s",
			     is_stdout ? "standard output" : run->path, strerror(-run->show.err));
		return WF_EXIT_FAILED;
	}
	if (!err || err == -EAGAIN)
		return WF_EXIT_DONE;
	if (err == -ESHUTDOWN) {
		wf_say_note("subscribe: %s", weft_client_error(run->client));
		return WF_EXIT_DONE;
	}
	wf_say_error("subscribe: %s", weft_client_error(run->client));
	return WF_EXIT_FAILED;
}

/*
 * Print events until the stream ends, a signal arrives, the output fails, or --count or the format
 * ends the command. Return: an enum wf_exit.
 */
static int print_all(struct run *run)
{
	struct wf_show *show = &run->show;
	int err;

	do {
		err = print_events(run);
	} while (!wf_show_flush(show) && err == -EAGAIN && wait_for_data(run));
	if (show->format->close) {
		show->format->close(show);
		wf_show_flush(show);
	}
	return report_end(run, err);
}

static void print_summary(const struct wf_show *show)
{
	char depth[64] = "";

	if (show->depth_bytes)
		snprintf(depth, sizeof(depth), ", %llu bytes beyond the depth limit",
			 (unsigned long long)show->depth_bytes);
	wf_say_note(
		"subscribe: %llu events, %llu bytes of streams, %llu bytes in gaps%s; lost: %llu "
		"events with %llu bytes",
		(unsigned long long)show->printed_events, (unsigned long long)show->data_bytes,
		(unsigned long long)show->gap_bytes, depth, (unsigned long long)show->lost_events,
		(unsigned long long)show->lost_bytes);
}

static void take_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static int print(struct run *run)
{
	int status = WF_EXIT_FAILED;

	run->show.client = run->client;
	run->show.out = wf_output_open(run->path);
	if (!run->show.out)
		return WF_EXIT_FAILED;
	if (run->show.format->open && run->show.format->open(&run->show)) {
		wf_say_error("subscribe: out of memory");
	} else {
		status = print_all(run);
		print_summary(&run->show);
	}
	fclose(run->show.out);
	free(run->show.state);
	return status;
}

static int run_subscribe(struct wf_options *options)
{
	WEFT_OPTS(weft_client_opts, opts);
	struct run run = {.options = options};
	int status = set_opts(&run, &opts);

	if (status)
		return status;
	take_signals();
	status = open_client(&run, &opts);
	if (!status)
		status = print(&run);
	weft_client_close(run.client);
	free(run.copy);
	return status;
}

WF_CMD(subscribe) = {
	.name = "subscribe",
	.position = 65,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_CONFIG | WF_OPTIONS_JSON | WF_OPTIONS_MESSAGES,
	.own = own,
	.usage = "[-i IFACE] [--format F | --pcap FILE] [options] [FILTER]",
	.summary = "print the streams of a running agent as they arrive",
	.details =
		"FILTER uses the syntax of tcpdump and may name addresses and ports. text prints\n"
		"the data after the name of its direction, as tcpflow -c does; hex is a dump;\n"
		"json has one event per line, as weft run --events, and stream_data; raw writes\n"
		"the bytes of the first direction of a connection that brings data, and ends\n"
		"with it; pcap is a capture file with the streams as TCP segments, in which\n"
		"a missing range has a comment. Events that the queue in the agent dropped are\n"
		"reported on standard error, with their range if it is known. The command ends\n"
		"with status 0 on SIGINT and SIGTERM, and when the agent ends.\n"
		"\n"
		"  weft subscribe port 80\n"
		"  weft subscribe --format hex --count 10 host 192.0.2.7\n"
		"  weft subscribe --json --data port 5432 | jq .stream_data\n"
		"  weft subscribe --format raw --direction toclient port 80 > answer\n"
		"  weft subscribe --pcap - port 80 | tshark -l -r -\n",
	.run = run_subscribe,
};
