// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_version.c - weft version: prints the version.
 */
#include <weft/weft.h>

#include "cli/cmd.h"
#include "cli/say.h"

static int run_version(struct wf_options *options)
{
	if (options->args_count) {
		wf_say_error("version: unexpected argument '%s'", options->args[0]);
		return WF_EXIT_USAGE;
	}
	printf("weft %s\n", weft_version());
	return WF_EXIT_DONE;
}

WF_CMD(version) = {
	.name = "version",
	.position = 110,
	.usage = "",
	.summary = "print the version",
	.details = "",
	.run = run_version,
};
