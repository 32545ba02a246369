// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of cli/options.c: the order and position of options, and errors. Integration tests check
 * the messages on stderr.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"

enum { ARGS_MAX = 32 };

enum {
	REPLAY = WF_OPTIONS_SETTINGS | WF_OPTIONS_CONFIG | WF_OPTIONS_JSON | WF_OPTIONS_MESSAGES,
	RUN = REPLAY | WF_OPTIONS_RUN_SETTINGS,
	STATS = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON,
	DEMO = 0,
};

static const struct wf_option own[] = {
	{"sort", 0, "ORDER", "an option with an argument"},
	{"follow", 'f', NULL, "an option without"},
	{.name = NULL},
};

/* Parses @line, split at blanks; the resulting strings are valid until the next call. */
static int parse(unsigned groups, const char *line, struct wf_options *ret_options)
{
	static char copy[512];
	static char *argv[ARGS_MAX + 1];
	struct wf_option_set set;
	char *rest = copy;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	while (argc < ARGS_MAX && (argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	argv[argc] = NULL;
	set = (struct wf_option_set){.command = argv[0], .groups = groups, .own = own};
	return wf_options_parse(&set, argc, argv, ret_options);
}

static void expect(unsigned groups, const char *line, int expected)
{
	struct wf_options options;

	assert_int_equal(parse(groups, line, &options), expected);
	wf_options_fini(&options);
}

TEST(options_mixed_with_arguments_are_all_taken)
{
	struct wf_options options;
	char *filter;

	assert_int_equal(parse(REPLAY,
			       "replay a.pcap --streams out tcp --checksum ignore port 80 --quiet",
			       &options),
			 0);
	assert_string_equal(options.config.sinks.streams_dir, "out");
	assert_int_equal(options.config.library.checksum, WEFT_CHECKSUM_IGNORE);
	assert_true(options.quiet);
	assert_int_equal(options.args_count, 4);
	filter = wf_options_join(&options, 1);
	assert_string_equal(filter, "tcp port 80");
	free(filter);
	wf_options_fini(&options);
}

TEST(options_after_two_dashes_are_arguments)
{
	struct wf_options options;

	assert_int_equal(parse(REPLAY, "replay -- --quiet", &options), 0);
	assert_false(options.quiet);
	assert_string_equal(options.args[0], "--quiet");
	wf_options_fini(&options);
}

TEST(options_join_of_none_is_empty)
{
	struct wf_options options;
	char *text;

	assert_int_equal(parse(REPLAY, "replay a", &options), 0);
	text = wf_options_join(&options, 1);
	assert_string_equal(text, "");
	free(text);
	wf_options_fini(&options);
}

TEST(options_given_twice_take_the_last)
{
	struct wf_options options;

	assert_int_equal(
		parse(RUN, "run --workers 2 --set capture.workers=3 --workers=4 -i a,b", &options),
		0);
	assert_int_equal(options.config.library.workers, 4);
	assert_int_equal(options.config.interfaces_count, 2);
	wf_options_fini(&options);
}

TEST(options_beat_the_file_wherever_it_is_named)
{
	char path[] = "/tmp/weft-options-XXXXXX";
	struct wf_options options;
	char line[128];
	int fd = mkstemp(path);

	assert_true(write(fd, "capture: {workers: 9, mode: tap}\n", 33) == 33);
	close(fd);
	snprintf(line, sizeof(line), "run --workers 2 --config %s", path);
	assert_int_equal(parse(RUN, line, &options), 0);
	assert_int_equal(options.config.library.workers, 2);
	assert_int_equal(options.config.interface.mode, WEFT_MODE_TAP);
	wf_options_fini(&options);
	unlink(path);
}

TEST(options_interface_of_a_request_is_one_name)
{
	struct wf_options options;

	assert_int_equal(parse(STATS, "stats -i eth0 --json", &options), 0);
	assert_string_equal(options.ifname, "eth0");
	assert_int_equal(options.config.interfaces_count, 0);
	assert_true(options.json);
	wf_options_fini(&options);
}

/* A command that asks an agent has no configuration but the directory of the agent's socket. */
TEST(options_of_an_agent_are_refused_by_commands_that_ask_one)
{
	struct wf_options options;

	assert_int_equal(parse(STATS, "stats --set control.dir=/x", &options), 0);
	assert_string_equal(options.config.control_dir, "/x");
	wf_options_fini(&options);
	expect(STATS, "stats --set control.dir=/x --set filter.ports=80", -EINVAL);
	expect(STATS, "stats --set control.dirx=/x", -EINVAL);
	expect(STATS, "stats --set control.dir", -EINVAL);
	expect(STATS, "stats --set x=1 --help", 0);
}

TEST(options_of_one_command_are_kept_by_index)
{
	struct wf_options options;

	assert_int_equal(parse(STATS, "flows --sort kept -f", &options), 0);
	assert_string_equal(options.own[0], "kept");
	assert_string_equal(options.own[1], "");
	wf_options_fini(&options);
	assert_int_equal(parse(STATS, "flows", &options), 0);
	assert_null(options.own[0]);
	assert_null(options.own[1]);
	wf_options_fini(&options);
}

/* The table of keys alone defines the options of each key: letter, argument, or switch. */
TEST(options_of_keys_come_from_the_table)
{
	struct wf_options options;

	assert_int_equal(parse(RUN, "run -i a --generic --pad-gaps --max-memory 1G", &options), 0);
	assert_int_equal(options.config.interface.generic, WEFT_ON);
	assert_int_equal(options.config.sinks.pad_gaps, WEFT_ON);
	assert_int_equal(options.config.library.memory_max_bytes, 1 << 30);
	wf_options_fini(&options);
	expect(REPLAY, "replay a --generic", -EINVAL);
}

TEST(options_help_beats_wrong_values)
{
	struct wf_options options;

	assert_int_equal(parse(RUN, "run --workers x --help", &options), 0);
	assert_true(options.help);
	wf_options_fini(&options);
}

TEST(options_wrong_ones_are_refused)
{
	expect(RUN, "run --worker-count 2", -EINVAL);
	expect(RUN, "run -x", -EINVAL);
	expect(RUN, "run --workers", -EINVAL);
	expect(RUN, "run -i", -EINVAL);
	expect(RUN, "run --workers 65", -EINVAL);
	expect(RUN, "run --quiet=1", -EINVAL);
	expect(RUN, "run --set x", -EINVAL);
	expect(RUN, "run --config /nonexistent", -ENOENT);
	expect(REPLAY, "replay a -i eth0", -EINVAL);
	expect(DEMO, "demo --streams x", -EINVAL);
	expect(REPLAY, "replay a --listen :80", -EINVAL);
}

TEST(options_more_than_fit_are_refused)
{
	enum { COUNT = 300 };
	const struct wf_option_set run = {.command = "run", .groups = RUN};
	static char *argv[COUNT + 2];
	struct wf_options options;

	argv[0] = (char *)"run";
	for (int i = 1; i <= COUNT; i++)
		argv[i] = (char *)"--workers=1";
	assert_int_equal(wf_options_parse(&run, COUNT + 1, argv, &options), -EINVAL);
	wf_options_fini(&options);
}
