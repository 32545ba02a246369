// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_reload.c - weft reload: makes a running agent read its configuration again.
 */
#include <stdio.h>

#include "cli/ask/ask.h"
#include "cli/ask/verb.h"
#include "cli/say.h"

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Print @answer: the changed keys, or the keys because of which nothing is changed. */
static void print_result(const json_t *answer)
{
	const json_t *changed = json_object_get(answer, "changed");
	const json_t *rejected = json_object_get(answer, "rejected");
	const json_t *other = json_object_get(answer, "other_version");
	json_t *item;
	size_t i;

	json_array_foreach(rejected, i, item)
		wf_say_error("reload: %s can't change while weft runs: %s", text_of(item, "key"),
			     text_of(item, "reason"));
	if (json_array_size(rejected)) {
		wf_say_error("reload: nothing is changed; restart weft run to use these keys");
		return;
	}
	json_array_foreach(changed, i, item) printf("changed: %s\n", json_string_value(item));
	if (!json_array_size(changed))
		puts("nothing has changed");
	if (other)
		printf("version %lld of the policy is in use, not the policy of the configuration; "
		       "'weft policy set --from-config' returns to that one\n",
		       (long long)json_integer_value(other));
}

static int run_reload(struct wf_options *options)
{
	json_t *answer;
	bool is_rejected;
	int status;

	if (options->args_count) {
		wf_say_error("reload: '%s': expected no arguments", options->args[0]);
		return WF_EXIT_USAGE;
	}
	if (options->config_path && !wf_config_place(&options->config, "control.dir")) {
		wf_say_error("reload: --config: %s: sets no control.dir, the only key that is used "
			     "here; the agent reads the file that it was started with",
			     options->config_path);
		return WF_EXIT_USAGE;
	}
	status = wf_verb_ask(options, json_pack("{ss}", "command", "reload"), &answer);
	if (status)
		return status;
	is_rejected = json_array_size(json_object_get(answer, "rejected")) > 0;
	if (options->json)
		wf_ask_print(answer, JSON_INDENT(2));
	else
		print_result(answer);
	json_decref(answer);
	return is_rejected ? WF_EXIT_FAILED : WF_EXIT_DONE;
}

WF_CMD(reload) = {
	.name = "reload",
	.position = 83,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON,
	.usage = "[-i IFACE]",
	.summary = "make a running agent read its configuration again",
	.details =
		"The agent reads the file that it was started with; its command line still\n"
		"overrides the file. The keys of a policy (see weft-policy(1)) and some others,\n"
		"which weft.conf(5) lists, change while it runs. If any other key differs,\n"
		"nothing is changed, each of these keys is named with the reason, and the exit\n"
		"status is 1. SIGHUP does the same, and opens the outputs again.\n",
	.run = run_reload,
};
