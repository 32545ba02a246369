// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_filter.c - weft filter: shows, replaces or clears the filter of a running agent.
 */
#include <string.h>

#include "agent/filter.h"
#include "cli/ask/ask.h"
#include "cli/say.h"
#include "cli/session.h"

/* Index of the command's own option. */
enum { CLEAR = 0 };

static const struct wf_option own[] = {
	[CLEAR] = {"clear", 0, NULL, "remove the filter, so that every TCP segment is wanted"},
	{.name = NULL},
};

/* Return the request of the command line: to show, to clear or to replace the filter. */
static json_t *request_new(const struct wf_options *options)
{
	json_t *request = wf_filter_is_given(&options->config)
				  ? wf_filter_parts_new(&options->config)
				  : json_object();

	json_object_set_new(request, "command", json_string("filter"));
	if (options->own[CLEAR] || wf_filter_is_given(&options->config))
		json_object_set_new(request, "clear", json_true());
	return request;
}

static int send(const struct wf_options *options)
{
	json_t *request = request_new(options);
	json_t *answer;
	int status = wf_ask(options, request, &answer);

	json_decref(request);
	if (status)
		return status;
	if (options->json)
		wf_ask_print(answer, JSON_INDENT(2));
	else
		wf_filter_print(answer, stdout);
	json_decref(answer);
	return WF_EXIT_DONE;
}

/*
 * Reject a key that this command does not use, because the user would expect that the running agent
 * uses it. Return: true if there is such a key.
 */
static bool has_unused_key(const struct wf_options *options)
{
	static const char *const used[] = {"filter.", "control.dir="};

	for (int i = 0; i < options->given_count; i++) {
		const char *text = options->given[i].text;

		if (options->given[i].key || !strncmp(text, used[0], strlen(used[0])) ||
		    !strncmp(text, used[1], strlen(used[1])))
			continue;
		wf_say_error("filter: --set %s: only the keys of filter and control.dir can be set "
			     "here; weft policy changes other keys of a running agent",
			     text);
		return true;
	}
	return false;
}

static int run_filter(struct wf_options *options)
{
	const struct wf_session session = {.options = options};

	if (has_unused_key(options))
		return WF_EXIT_USAGE;
	if (wf_session_set_filter(&session))
		return WF_EXIT_USAGE;
	if (options->own[CLEAR] && wf_filter_is_given(&options->config)) {
		wf_say_error("filter: --clear removes the whole filter; give either --clear or "
			     "a filter");
		return WF_EXIT_USAGE;
	}
	if (options->explain) {
		wf_filter_explain(&options->config, true, stdout);
		return WF_EXIT_DONE;
	}
	return send(options);
}

WF_CMD(filter) = {
	.name = "filter",
	.position = 80,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_CONFIG | WF_OPTIONS_JSON | WF_OPTIONS_EXPLAIN,
	.own = own,
	.usage =
		"[-i IFACE]\n                   [--clear | [--config FILE] [--set filter.KEY=VALUE] [FILTER]]",
	.summary = "show, replace or clear the filter of a running agent",
	.details =
		"Without a filter, the filter in use is shown and stays as it is. Otherwise the\n"
		"whole filter is replaced: parts that are not given are removed. --config reads\n"
		"the filter from a configuration file, for example after a change. On an error\n"
		"the old filter stays in use.\n"
		"\n"
		"  weft filter                            (show)\n"
		"  weft filter --set filter.ports=80,443 --set filter.deny=10.9.0.0/16\n"
		"  weft filter 'host 10.0.0.1'\n"
		"  weft filter --clear                    (everything is wanted)\n",
	.run = run_filter,
};
