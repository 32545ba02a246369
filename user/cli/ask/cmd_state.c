// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_state.c - weft state: reads, changes and watches the state store of a running agent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/ask/ask.h"
#include "cli/ask/verb.h"
#include "cli/say.h"

/* Indexes of the command's own options. */
enum { IF_VERSION = 0, COUNT, STRING };

enum {
	POLL_MS = 100,
	INPUT_MAX_BYTES = 1 << 18, /* a value of 64 KiB, and the white space between its parts */
};

static const struct wf_option own[] = {
	[IF_VERSION] = {"if-version", 0, "N",
			"set, delete: make the change only if the key has version N; 0: only if "
			"there is no such key"},
	[COUNT] = {"count", 0, "N", "watch: end after N changes"},
	[STRING] = {"string", 0, NULL, "set: VALUE is stored as a string, not read as JSON"},
	{.name = NULL},
};

/* Read the number in the option @index, if it is given. Return: false if it is not valid
 * (reported). */
static bool read_number(const struct wf_options *options, size_t index, long long min,
			long long *ret_number)
{
	const char *text = options->own[index];
	char what[32];

	snprintf(what, sizeof(what), "--%s", own[index].name);
	return !text || wf_verb_read_number("state", what, text, min, ret_number);
}

/* ---- printing ---- */

/* Print an entry as a line: key, version, and value, or "-" if the key was deleted. */
static void print_entry(const json_t *entry)
{
	const json_t *value = json_object_get(entry, "value");

	printf("%s  v%lld  ", json_string_value(json_object_get(entry, "key")),
	       (long long)json_integer_value(json_object_get(entry, "version")));
	if (value)
		wf_ask_print(value, JSON_COMPACT);
	else
		puts("-");
}

static void print_entries(const struct wf_options *options, const json_t *entries)
{
	size_t i;
	json_t *entry;

	json_array_foreach(entries, i, entry)
	{
		if (options->json)
			wf_ask_print(entry, JSON_COMPACT);
		else
			print_entry(entry);
	}
}

/* ---- requests ---- */

static int get(const struct wf_options *options, char **args)
{
	json_t *answer;
	int status = wf_verb_ask(
		options, json_pack("{ssss}", "command", "state_get", "key", args[0]), &answer);

	if (status)
		return status;
	wf_ask_print(options->json ? answer : json_object_get(answer, "value"), JSON_INDENT(2));
	json_decref(answer);
	return WF_EXIT_DONE;
}

static int history(const struct wf_options *options, char **args)
{
	json_t *answer;
	int status = wf_verb_ask(
		options, json_pack("{ssss}", "command", "state_history", "key", args[0]), &answer);

	if (status)
		return status;
	print_entries(options, json_object_get(answer, "versions"));
	json_decref(answer);
	return WF_EXIT_DONE;
}

/*
 * Print the page of the list after the key *@after (NULL: the first page). *@after is set to the
 * last key, freed by the caller, or to NULL if the list is complete.
 */
static int list_page(const struct wf_options *options, const char *prefix, char **after)
{
	const json_t *entries;
	const char *last;
	json_t *answer;
	int status = wf_verb_ask(options,
				 json_pack("{ssssss}", "command", "state_list", "prefix", prefix,
					   "after", *after ? *after : ""),
				 &answer);

	free(*after);
	*after = NULL;
	if (status)
		return status;
	entries = json_object_get(answer, "entries");
	print_entries(options, entries);
	last = json_string_value(
		json_object_get(json_array_get(entries, json_array_size(entries) - 1), "key"));
	if (last && json_is_true(json_object_get(answer, "truncated")))
		*after = strdup(last);
	json_decref(answer);
	return WF_EXIT_DONE;
}

static int list(const struct wf_options *options, char **args)
{
	const char *prefix = args[0] ? args[0] : "";
	char *after = NULL;
	int status;

	do
		status = list_page(options, prefix, &after);
	while (!status && after);
	return status;
}

/* ---- changes ---- */

/* Send the request @request for a change, release it, and print the version of the key. */
static int change(const struct wf_options *options, json_t *request)
{
	long long if_version = 0;
	json_t *answer;
	int status;

	if (!read_number(options, IF_VERSION, 0, &if_version)) {
		json_decref(request);
		return WF_EXIT_USAGE;
	}
	if (options->own[IF_VERSION])
		json_object_set_new(request, "if_version", json_integer(if_version));
	status = wf_verb_ask(options, request, &answer);
	if (status)
		return status;
	if (options->json)
		wf_ask_print(answer, JSON_COMPACT);
	else
		printf("v%lld\n",
		       (long long)json_integer_value(json_object_get(answer, "version")));
	json_decref(answer);
	return WF_EXIT_DONE;
}

/* Return the JSON value of @text; NULL if @text is not valid (reported). */
static json_t *parse_value(const struct wf_options *options, const char *text)
{
	json_error_t error;
	json_t *value =
		options->own[STRING]
			? json_string(text)
			: json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

	if (!value && options->own[STRING])
		wf_say_error("state: value: not UTF-8");
	else if (!value)
		wf_say_error("state: value: not JSON: column %d: %s; use --string for plain text",
			     error.column, error.text);
	return value;
}

static int set(const struct wf_options *options, char **args)
{
	bool is_stdin = !strcmp(args[1], "-");
	char *text = is_stdin ? wf_verb_read_stdin(INPUT_MAX_BYTES) : args[1];
	json_t *value = text ? parse_value(options, text) : NULL;

	if (!text)
		wf_say_error("state: value: standard input has %d bytes or more", INPUT_MAX_BYTES);
	if (is_stdin)
		free(text);
	if (!value)
		return WF_EXIT_USAGE;
	return change(options, json_pack("{ssssso}", "command", "state_set", "key", args[0],
					 "value", value));
}

static int delete (const struct wf_options *options, char **args)
{
	return change(options, json_pack("{ssss}", "command", "state_delete", "key", args[0]));
}

/* ---- watching ---- */

static void wait_a_moment(void)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};

	nanosleep(&pause, NULL);
}

static json_t *poll_new(long long id)
{
	return json_pack("{sssI}", "command", "state_watch", "watch", (json_int_t)id);
}

/*
 * Request the changes that have arrived for the watch @id, and print at most *@left of them.
 * *@ret_printed: the number of printed changes, which is subtracted from *@left.
 */
static int print_changes(const struct wf_options *options, long long id, long long *left,
			 size_t *ret_printed)
{
	json_t *changes;
	json_t *answer;
	int status = wf_verb_ask(options, poll_new(id), &answer);

	if (status)
		return status;
	if (json_is_true(json_object_get(answer, "lost")))
		wf_say_error("state: changes before the next one were lost; list the keys "
			     "again");
	changes = json_object_get(answer, "changes");
	while ((long long)json_array_size(changes) > *left)
		json_array_remove(changes, json_array_size(changes) - 1);
	print_entries(options, changes);
	*ret_printed = json_array_size(changes);
	*left -= (long long)*ret_printed;
	json_decref(answer);
	return WF_EXIT_DONE;
}

static int watch(const struct wf_options *options, char **args)
{
	long long left = INT64_MAX;
	long long id;
	size_t printed;
	json_t *request;
	json_t *answer;
	int status;

	if (!read_number(options, COUNT, 1, &left))
		return WF_EXIT_USAGE;
	status = wf_verb_ask(
		options,
		json_pack("{ssss}", "command", "state_watch", "prefix", args[0] ? args[0] : ""),
		&answer);
	if (status)
		return status;
	id = json_integer_value(json_object_get(answer, "watch"));
	json_decref(answer);
	do {
		status = print_changes(options, id, &left, &printed);
		if (fflush(stdout))
			return WF_EXIT_FAILED;
		if (!status && left && !printed)
			wait_a_moment();
	} while (!status && left);
	if (status)
		return status;
	request = poll_new(id);
	json_object_set_new(request, "close", json_true());
	status = wf_verb_ask(options, request, &answer);
	if (!status)
		json_decref(answer);
	return status;
}

/* ---- the command ---- */

static const struct wf_verb verbs[] = {
	{"get", get, "KEY", 1, 1, 0},
	{"set", set, "KEY VALUE", 2, 2, 1u << IF_VERSION | 1u << STRING},
	{"delete", delete, "KEY", 1, 1, 1u << IF_VERSION},
	{"list", list, "[PREFIX]", 0, 1, 0},
	{"history", history, "KEY", 1, 1, 0},
	{"watch", watch, "[PREFIX]", 0, 1, 1u << COUNT},
	{.name = NULL},
};

static int run_state(struct wf_options *options)
{
	return wf_verb_run(options, "state", own, verbs);
}

WF_CMD(state) = {
	.name = "state",
	.position = 85,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON,
	.own = own,
	.usage = "[-i IFACE] get KEY | history KEY | list [PREFIX]\n"
		 "       weft state [-i IFACE] [--if-version N] [--string] set KEY VALUE|-\n"
		 "       weft state [-i IFACE] [--if-version N] delete KEY\n"
		 "       weft state [-i IFACE] [--count N] watch [PREFIX]",
	.summary = "read, change and watch the state store of a running agent",
	.details =
		"A value is JSON of at most 64 KiB; - reads it from standard input. Each change\n"
		"has a version, a number that ascends over all keys. With --if-version, a change\n"
		"is rejected, with status 1, if the key has another version. The agent keeps\n"
		"values in memory only, so they are lost when it ends.\n"
		"\n"
		"  weft state set sensors/a '{\"site\": \"north\"}'     (prints its version)\n"
		"  weft state --if-version 1 set sensors/a 5        (if nobody has changed it)\n"
		"  weft state list sensors/                         (key, version, value)\n"
		"  weft state set limit -- -5                       (a value that begins with -)\n"
		"  weft state watch sensors/                        (until Ctrl-C)\n",
	.run = run_state,
};
