// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_replay.c - weft replay: rebuilds the streams of capture files.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/weft.h>

#include "cli/progress.h"
#include "cli/say.h"
#include "cli/session.h"

/* Indices of the command's own options. */
enum { SUBSCRIBERS = 0 };

static const struct wf_option own[] = {
	[SUBSCRIBERS] =
		{"subscribers", 0, "N",
		 "open the control socket replay.sock in control.dir, and begin to read when "
		 "N clients, such as weft subscribe -i replay, have subscribed"},
	{.name = NULL},
};

static size_t terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

static void show_progress(const struct weft *weft, uint64_t elapsed_ns)
{
	struct weft_progress progress;
	char line[256];

	if (!wf_say_has_status())
		return;
	weft_progress_read(weft, &progress);
	wf_progress_format(&progress, elapsed_ns, terminal_columns(), line, sizeof(line));
	wf_say_status(line);
}

/*
 * Words that may begin a filter expression. An argument after the first one that names a file with
 * such a name must be given as "./NAME".
 */
static const char *const filter_words[] = {
	"arp",	  "dst",   "ether", "gateway", "greater", "host", "icmp", "icmp6",
	"ip",	  "ip6",   "less",  "mpls",    "net",	  "not",  "port", "portrange",
	"pppoes", "proto", "src",   "tcp",     "udp",	  "vlan",
};

/* Return true if @arg names a file, false if it begins the filter expression. */
static bool is_file(const char *arg)
{
	struct stat st;

	for (size_t i = 0; i < sizeof(filter_words) / sizeof(filter_words[0]); i++)
		if (!strcmp(arg, filter_words[i]))
			return false;
	/*
	 * A missing file is recognised by its name, so that the error is about the file and not
	 * about the filter expression.
	 */
	return !strcmp(arg, "-") || !stat(arg, &st) || strstr(arg, ".pcap") || strstr(arg, ".cap");
}

/* Return the number of files: the first argument, and the arguments after it that name files. */
static int count_files(const struct wf_options *options)
{
	int count = options->args_count > 0;

	while (count < options->args_count && is_file(options->args[count]))
		count++;
	return count;
}

/* Read --subscribers. Return: an enum wf_exit. */
static int read_subscribers(const struct wf_options *options, unsigned int *ret_count)
{
	const char *text = options->own[SUBSCRIBERS];
	const unsigned int max = options->config.max_subscribers;
	char *end;
	unsigned long count;

	*ret_count = 0;
	if (!text)
		return WF_EXIT_DONE;
	count = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || !count || count > max) {
		wf_say_error("replay: --subscribers: '%s' is not a number from 1 to %u "
			     "(control.max_subscribers)",
			     text, max);
		return WF_EXIT_USAGE;
	}
	*ret_count = (unsigned int)count;
	return WF_EXIT_DONE;
}

static int run_replay(struct wf_options *options)
{
	const int files_count = count_files(options);
	struct wf_session session = {
		.options = options,
		.files_count = files_count,
		.filter_first = files_count,
		.tick_fn = show_progress,
	};

	if (options->args_count == 0) {
		wf_say_error(
			"replay: expected a capture FILE, a directory, or - for standard input "
			"(see 'weft replay --help')");
		return WF_EXIT_USAGE;
	}
	if (read_subscribers(options, &session.subscribers))
		return WF_EXIT_USAGE;
	return wf_session_run(&session);
}

WF_CMD(replay) = {
	.name = "replay",
	.position = 20,
	.groups = WF_OPTIONS_SETTINGS | WF_OPTIONS_CONFIG | WF_OPTIONS_EXPLAIN | WF_OPTIONS_JSON |
		  WF_OPTIONS_MESSAGES,
	.own = own,
	.usage = "FILE...|DIR|- [options] [FILTER]",
	.summary = "rebuild the streams of pcap or pcapng files",
	.details = "Several files, or the captures in a directory, are one capture, in order of\n"
		   "time. Files may be compressed (gzip, zstd, lz4, xz, bzip2). FILTER uses the\n"
		   "syntax of tcpdump. If a file is damaged, the data before the damage and all\n"
		   "other files are delivered, and the exit status is 3.\n"
		   "\n"
		   "  weft replay web.pcap --streams out 'tcp port 80'\n"
		   "  weft replay ring.pcap0 ring.pcap1 more.pcap.gz --streams out\n"
		   "  tcpdump -w - | weft replay - --events -\n"
		   "  weft replay web.pcap --subscribers 1 & weft subscribe -i replay\n",
	.run = run_replay,
};
