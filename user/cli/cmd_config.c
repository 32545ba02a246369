// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_config.c - weft config check|show: checks a configuration, or shows all values.
 */
#include <string.h>

#include "config/config_check.h"
#include "config/config_print.h"
#include "config/config_yaml.h"
#include "config/suggest.h"
#include "cli/cmd.h"
#include "cli/say.h"

static int load_argument(struct wf_options *options)
{
	struct wf_config_error error = {"out of memory"};
	int err;

	if (options->args_count < 2)
		return WF_EXIT_DONE;
	err = wf_config_load(&options->config, options->args[1], &error);
	if (!err)
		err = wf_config_check(&options->config, &error);
	if (!err)
		return WF_EXIT_DONE;
	wf_say_error("%s", error.text);
	return WF_EXIT_USAGE;
}

static int check(struct wf_options *options)
{
	if (options->args_count != 2) {
		wf_say_error("config: check: expected one FILE");
		return WF_EXIT_USAGE;
	}
	if (load_argument(options))
		return WF_EXIT_USAGE;
	printf("%s: ok\n", options->args[1]);
	return WF_EXIT_DONE;
}

static int show(struct wf_options *options)
{
	if (options->args_count > 2) {
		wf_say_error("config: show: expected at most one FILE");
		return WF_EXIT_USAGE;
	}
	if (load_argument(options))
		return WF_EXIT_USAGE;
	wf_config_show(&options->config, stdout);
	return WF_EXIT_DONE;
}

static int run_config(struct wf_options *options)
{
	struct wf_suggest suggest;
	char hint[96];

	if (options->args_count == 0) {
		wf_say_error("config: expected 'check FILE' or 'show [FILE]'");
		return WF_EXIT_USAGE;
	}
	if (!strcmp(options->args[0], "check"))
		return check(options);
	if (!strcmp(options->args[0], "show"))
		return show(options);
	wf_suggest_init(&suggest, options->args[0]);
	wf_suggest_offer(&suggest, "check");
	wf_suggest_offer(&suggest, "show");
	wf_say_error("config: unknown action '%s'%s", options->args[0],
		     wf_suggest_text(&suggest, hint, sizeof(hint)));
	return WF_EXIT_USAGE;
}

WF_CMD(config) = {
	.name = "config",
	.position = 90,
	.usage = "check FILE | show [FILE]",
	.summary = "check a configuration file, or show all keys and their values",
	.details = "The output of show is YAML that --config can read. For a new configuration\n"
		   "file:\n"
		   "  weft config show > weft.yaml\n",
	.run = run_config,
};
