// SPDX-License-Identifier: BSD-2-Clause
/* Tests of cli/options.c: order, places, refusals. Messages on stderr are checked by integration.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"

enum { ARGS_MAX = 32 };

/* Parses @line, split at blanks; the pieces stay valid until the next call. */
static int parse(enum wf_option_use use, const char *line, struct wf_options *ret_options)
{
	static char copy[512];
	static char *argv[ARGS_MAX + 1];
	char *rest = copy;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	while (argc < ARGS_MAX && (argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	argv[argc] = NULL;
	return wf_options_parse(use, argv[0], argc, argv, ret_options);
}

static void expect(enum wf_option_use use, const char *line, int expected)
{
	struct wf_options options;

	assert_int_equal(parse(use, line, &options), expected);
	wf_options_fini(&options);
}

TEST(options_mixed_with_arguments_are_all_taken)
{
	struct wf_options options;
	char *filter;

	assert_int_equal(parse(WF_USE_REPLAY,
			       "replay a.pcap --streams out tcp --checksum ignore port 80 --quiet",
			       &options),
			 0);
	assert_string_equal(options.config.streams_dir, "out");
	assert_int_equal(options.config.checksum, WEFT_CHECKSUM_IGNORE);
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

	assert_int_equal(parse(WF_USE_REPLAY, "replay -- --quiet", &options), 0);
	assert_false(options.quiet);
	assert_string_equal(options.args[0], "--quiet");
	wf_options_fini(&options);
}

TEST(options_join_of_none_is_empty)
{
	struct wf_options options;
	char *text;

	assert_int_equal(parse(WF_USE_REPLAY, "replay a", &options), 0);
	text = wf_options_join(&options, 1);
	assert_string_equal(text, "");
	free(text);
	wf_options_fini(&options);
}

TEST(options_given_twice_take_the_last)
{
	struct wf_options options;

	assert_int_equal(parse(WF_USE_RUN,
			       "run --workers 2 --set capture.workers=3 --workers=4 -i a,b",
			       &options),
			 0);
	assert_int_equal(options.config.workers, 4);
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
	assert_int_equal(parse(WF_USE_RUN, line, &options), 0);
	assert_int_equal(options.config.workers, 2);
	assert_int_equal(options.config.mode, WEFT_MODE_TAP);
	wf_options_fini(&options);
	unlink(path);
}

TEST(options_interface_means_one_or_many_by_command)
{
	struct wf_options options;

	assert_int_equal(parse(WF_USE_STATS, "stats -i eth0 --json", &options), 0);
	assert_string_equal(options.ifname, "eth0");
	assert_int_equal(options.config.interfaces_count, 0);
	assert_true(options.json);
	wf_options_fini(&options);
}

TEST(options_help_beats_wrong_values)
{
	struct wf_options options;

	assert_int_equal(parse(WF_USE_RUN, "run --workers x --help", &options), 0);
	assert_true(options.help);
	wf_options_fini(&options);
}

TEST(options_wrong_ones_are_refused)
{
	expect(WF_USE_RUN, "run --worker-count 2", -EINVAL);
	expect(WF_USE_RUN, "run -x", -EINVAL);
	expect(WF_USE_RUN, "run --workers", -EINVAL);
	expect(WF_USE_RUN, "run -i", -EINVAL);
	expect(WF_USE_RUN, "run --workers 65", -EINVAL);
	expect(WF_USE_RUN, "run --quiet=1", -EINVAL);
	expect(WF_USE_RUN, "run --set x", -EINVAL);
	expect(WF_USE_RUN, "run --config /nonexistent", -ENOENT);
	expect(WF_USE_REPLAY, "replay a -i eth0", -EINVAL);
	expect(WF_USE_DEMO, "demo --streams x", -EINVAL);
	expect(WF_USE_REPLAY, "replay a --listen :80", -EINVAL);
}

TEST(options_more_than_fit_are_refused)
{
	enum { COUNT = 300 };
	static char *argv[COUNT + 2];
	struct wf_options options;

	argv[0] = (char *)"run";
	for (int i = 1; i <= COUNT; i++)
		argv[i] = (char *)"--workers=1";
	assert_int_equal(wf_options_parse(WF_USE_RUN, "run", COUNT + 1, argv, &options), -EINVAL);
	wf_options_fini(&options);
}
