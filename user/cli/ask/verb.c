// SPDX-License-Identifier: BSD-2-Clause
/*
 * verb.c - finds and runs the verb of a command.
 */
#include "cli/ask/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask/ask.h"
#include "cli/say.h"

enum { NUMBER_DIGITS = 18, ARGS_MAX = 4, NAMES_BYTES = 128 };

static const struct wf_verb *find(const struct wf_options *options, const char *command,
				  const struct wf_verb *verbs)
{
	char names[NAMES_BYTES] = "";
	size_t used = 0;

	for (const struct wf_verb *verb = verbs; verb->name; verb++) {
		if (options->args_count && !strcmp(verb->name, options->args[0]))
			return verb;
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 !used		? ""
						 : verb[1].name ? ", "
								: " or ",
						 verb->name);
	}
	wf_say_error("%s: expected %s", command, names);
	return NULL;
}

static bool fits(const struct wf_verb *verb, const struct wf_options *options, const char *command,
		 const struct wf_option *own)
{
	int count = options->args_count - 1;

	if (count < verb->args_min || count > verb->args_max) {
		wf_say_error("%s: expected: weft %s %s%s%s", command, command, verb->name,
			     *verb->usage ? " " : "", verb->usage);
		return false;
	}
	for (size_t i = 0; own[i].name; i++) {
		if (!options->own[i] || verb->options >> i & 1)
			continue;
		wf_say_error("%s: %s has no option --%s", command, verb->name, own[i].name);
		return false;
	}
	return true;
}

int wf_verb_run(const struct wf_options *options, const char *command, const struct wf_option *own,
		const struct wf_verb *verbs)
{
	const struct wf_verb *verb = find(options, command, verbs);
	char *args[ARGS_MAX] = {NULL};

	if (!verb || !fits(verb, options, command, own))
		return WF_EXIT_USAGE;
	for (int i = 1; i < options->args_count; i++)
		args[i - 1] = options->args[i];
	return verb->run(options, args);
}

bool wf_verb_read_number(const char *command, const char *what, const char *text, long long min,
			 long long *ret_number)
{
	size_t digits = strspn(text, "0123456789");

	*ret_number = digits && digits <= NUMBER_DIGITS && !text[digits] ? atoll(text) : -1;
	if (*ret_number >= min)
		return true;
	wf_say_error("%s: %s: '%s' is not a number, or is less than %lld", command, what, text,
		     min);
	return false;
}

int wf_verb_ask(const struct wf_options *options, json_t *request, json_t **ret_answer)
{
	return wf_verb_ask_about(options, request, NULL, ret_answer);
}

int wf_verb_ask_about(const struct wf_options *options, json_t *request, const char *what,
		      json_t **ret_answer)
{
	int status = wf_ask_about(options, request, what, ret_answer);

	json_decref(request);
	return status;
}

char *wf_verb_read_stdin(size_t max_bytes)
{
	char *text = calloc(1, max_bytes + 1);
	size_t bytes = text ? fread(text, 1, max_bytes, stdin) : 0;

	if (text && bytes < max_bytes)
		return text;
	free(text);
	return NULL;
}
