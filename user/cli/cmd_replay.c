// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_replay.c - weft replay: rebuilds the streams of a capture file.
 */
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <weft/weft.h>

#include "cli/progress.h"
#include "cli/say.h"
#include "cli/session.h"

struct replay_progress {
	struct timespec start;
};

static size_t terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

static void show_progress(const struct weft *weft, void *ctx)
{
	const struct replay_progress *replay = ctx;
	struct weft_progress progress;
	struct timespec now;
	char line[256];
	int64_t elapsed_ns;

	if (!wf_say_has_status())
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	elapsed_ns = (int64_t)(now.tv_sec - replay->start.tv_sec) * 1000000000 +
		     (now.tv_nsec - replay->start.tv_nsec);
	weft_progress_read(weft, &progress);
	wf_progress_format(&progress, (uint64_t)elapsed_ns, terminal_columns(), line, sizeof(line));
	wf_say_status(line);
}

static int run_replay(struct wf_options *options)
{
	struct replay_progress progress;
	struct wf_session session = {
		.options = options,
		.filter_first = 1,
		.tick_fn = show_progress,
		.tick_ctx = &progress,
	};

	if (options->args_count == 0) {
		wf_say_error("replay: expected a capture FILE, or - for standard input "
			     "(see 'weft replay --help')");
		return WF_EXIT_USAGE;
	}
	session.file = options->args[0];
	clock_gettime(CLOCK_MONOTONIC, &progress.start);
	return wf_session_run(&session);
}

WF_CMD(replay) = {
	.name = "replay",
	.position = 20,
	.groups = WF_OPTIONS_SETTINGS | WF_OPTIONS_CONFIG | WF_OPTIONS_EXPLAIN | WF_OPTIONS_JSON |
		  WF_OPTIONS_MESSAGES,
	.usage = "FILE|- [options] [FILTER]",
	.summary = "rebuild the streams of a pcap or pcapng file",
	.details =
		"FILTER uses the syntax of tcpdump. If the file is damaged, the data before the\n"
		"damage is delivered, and the exit status is 3.\n"
		"\n"
		"  weft replay web.pcap --streams out 'tcp port 80'\n"
		"  tcpdump -w - | weft replay - --events -\n",
	.run = run_replay,
};
