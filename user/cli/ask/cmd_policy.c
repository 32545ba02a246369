// SPDX-License-Identifier: BSD-2-Clause
/*
 * cmd_policy.c - weft policy: shows and changes the policy of a running agent.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask/ask.h"
#include "cli/ask/edit.h"
#include "cli/ask/verb.h"
#include "cli/say.h"
#include "policy/policy_diff.h"

/* Indexes of the command's own options. */
enum { IF_VERSION = 0, FROM_CONFIG, CHECK };

enum { FILE_MAX_BYTES = 1 << 18 };

static const struct wf_option own[] = {
	[IF_VERSION] = {"if-version", 0, "N",
			"set, edit, rollback: only if version N is the present one"},
	[FROM_CONFIG] = {"from-config", 0, NULL, "set: the policy of the agent's configuration"},
	[CHECK] = {"check", 0, NULL, "set: only check the policy, and print it with all its keys"},
	{.name = NULL},
};

static int get_present(const struct wf_options *options, json_t **ret_present)
{
	return wf_verb_ask(options, json_pack("{ss}", "command", "policy"), ret_present);
}

static int get_history(const struct wf_options *options, json_t **ret_history)
{
	return wf_verb_ask(options, json_pack("{ss}", "command", "policy_history"), ret_history);
}

static long long number_of(const json_t *version)
{
	return json_integer_value(json_object_get(version, "version"));
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "?";
}

/* ---- reading ---- */

/* Find version @number of the policy in the agent's history. Return: an enum wf_exit. */
static int find_version(const struct wf_options *options, long long number, json_t **ret_version)
{
	json_t *history_answer;
	json_t *version;
	size_t i;
	int status = get_history(options, &history_answer);

	if (status)
		return status;
	*ret_version = NULL;
	json_array_foreach(json_object_get(history_answer, "versions"), i,
			   version) if (number_of(version) == number) *ret_version =
		json_incref(version);
	json_decref(history_answer);
	if (*ret_version)
		return WF_EXIT_DONE;
	wf_say_error("policy: the history has no version %lld; 'weft policy history' lists the "
		     "versions",
		     number);
	return WF_EXIT_INPUT;
}

/*
 * Read the number of a version, such as 3 or v3. @verb: named in the message if the number is not
 * valid. Return: false if it is not valid.
 */
static bool read_version(const char *verb, const char *text, long long *ret_number)
{
	return wf_verb_read_number("policy", verb, *text == 'v' ? text + 1 : text, 1, ret_number);
}

static int show(const struct wf_options *options, char **args)
{
	long long number;
	json_t *version;
	int status;

	if (args[0] && !read_version("show", args[0], &number))
		return WF_EXIT_USAGE;
	status = args[0] ? find_version(options, number, &version) : get_present(options, &version);
	if (status)
		return status;
	wf_say_note("policy: version %lld, changed %s by %s", number_of(version),
		    text_of(version, "changed"), text_of(version, "by"));
	wf_ask_print(options->json ? version : json_object_get(version, "policy"), JSON_INDENT(2));
	json_decref(version);
	return WF_EXIT_DONE;
}

/*
 * Print a line about @version: its number, when and by whom it was set, and the keys in which it
 * differs from @older, the version before it. @older: NULL if the history has none; then no keys
 * are printed.
 */
static void print_version(const json_t *version, const json_t *older)
{
	json_t *diff = wf_policy_diff_new(json_object_get(older, "policy"),
					  json_object_get(version, "policy"));
	size_t i;
	json_t *change;

	printf("v%lld  %s  %s", number_of(version), text_of(version, "changed"),
	       text_of(version, "by"));
	json_array_foreach(older ? diff : NULL, i, change)
		printf("%s%s", i ? ", " : "  ", text_of(change, "key"));
	putchar('\n');
	json_decref(diff);
}

static int history(const struct wf_options *options, char **args)
{
	const json_t *versions;
	json_t *answer;
	json_t *version;
	size_t i;
	int status = get_history(options, &answer);

	if (status)
		return status;
	versions = json_object_get(answer, "versions");
	if (options->json)
		wf_ask_print(answer, JSON_INDENT(2));
	else
		json_array_foreach(versions, i, version)
			print_version(version, json_array_get(versions, i + 1));
	json_decref(answer);
	return WF_EXIT_DONE;
}

/* ---- a policy in a file ---- */

/* Return the name of the file @path in messages. */
static const char *name_of(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

static char *read_file(const char *path)
{
	FILE *in = strcmp(path, "-") ? freopen(path, "r", stdin) : stdin;
	char *text = in ? wf_verb_read_stdin(FILE_MAX_BYTES) : NULL;

	if (!in)
		wf_say_error("policy: %s: %s", name_of(path), strerror(errno));
	else if (!text)
		wf_say_error("policy: %s: more than %d KiB of JSON, or out of memory",
			     name_of(path), FILE_MAX_BYTES >> 10);
	if (!text || !ferror(stdin))
		return text;
	wf_say_error("policy: %s: %s", name_of(path), strerror(errno));
	free(text);
	return NULL;
}

/*
 * Read the policy in the file @path. *@ret_policy: owned by the caller. An object with the member
 * "policy", such as weft policy show --json prints, stands for this member. Return: an enum
 * wf_exit.
 */
static int read_policy(const char *path, json_t **ret_policy)
{
	char *text = read_file(path);
	json_error_t error;
	json_t *value;
	json_t *inner;

	if (!text)
		return WF_EXIT_INPUT;
	value = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!value) {
		wf_say_error("policy: %s: line %d, column %d: not JSON: %s", name_of(path),
			     error.line, error.column, error.text);
		return WF_EXIT_USAGE;
	}
	inner = json_object_get(value, "policy");
	*ret_policy = inner ? json_incref(inner) : json_incref(value);
	json_decref(value);
	return WF_EXIT_DONE;
}

/*
 * Add the keys that @policy lacks, with their defaults. *@ret_policy: the complete policy, owned by
 * the caller. @policy was read from @path, and is released. Return: an enum wf_exit.
 */
static int complete(const struct wf_options *options, const char *path, json_t *policy,
		    json_t **ret_policy)
{
	json_t *answer;
	int status = wf_verb_ask_about(
		options, json_pack("{ssso}", "command", "policy_check", "policy", policy),
		name_of(path), &answer);

	if (status)
		return status;
	*ret_policy = json_incref(json_object_get(answer, "policy"));
	json_decref(answer);
	return WF_EXIT_DONE;
}

/* ---- changes ---- */

/*
 * Send the request @request for a change, release it, and print the version that is present after
 * the change. @path: the file of the policy, for messages; NULL: none. @by: author of the change in
 * the history. Return: an enum wf_exit.
 */
static int change(const struct wf_options *options, json_t *request, const char *path,
		  const char *by)
{
	long long version;
	json_t *answer;
	int status;

	json_object_set_new(request, "by", json_string(by));
	if (options->own[IF_VERSION]) {
		if (!wf_verb_read_number("policy", "--if-version", options->own[IF_VERSION], 1,
					 &version)) {
			json_decref(request);
			return WF_EXIT_USAGE;
		}
		json_object_set_new(request, "if_version", json_integer(version));
	}
	status = wf_verb_ask_about(options, request, path ? name_of(path) : NULL, &answer);
	if (status)
		return status;
	if (options->json)
		wf_ask_print(answer, JSON_INDENT(2));
	else
		printf("v%lld\n", number_of(answer));
	json_decref(answer);
	return WF_EXIT_DONE;
}

static int check(const struct wf_options *options, const char *path, json_t *policy)
{
	json_t *whole;
	int status = complete(options, path, policy, &whole);

	if (status)
		return status;
	wf_ask_print(whole, JSON_INDENT(2));
	json_decref(whole);
	return WF_EXIT_DONE;
}

static int set(const struct wf_options *options, char **args)
{
	json_t *policy;
	int status;

	if ((args[0] == NULL) != (options->own[FROM_CONFIG] != NULL)) {
		wf_say_error("policy: set: expected either a FILE or --from-config");
		return WF_EXIT_USAGE;
	}
	if (!args[0])
		return change(options,
			      json_pack("{sssb}", "command", "policy_set", "from_config", 1), NULL,
			      "weft policy set --from-config");
	status = read_policy(args[0], &policy);
	if (status)
		return status;
	if (options->own[CHECK])
		return check(options, args[0], policy);
	return change(options, json_pack("{ssso}", "command", "policy_set", "policy", policy),
		      args[0], "weft policy set");
}

static int roll_back(const struct wf_options *options, char **args)
{
	long long version;

	if (!read_version("rollback", args[0], &version))
		return WF_EXIT_USAGE;
	return change(
		options,
		json_pack("{sssI}", "command", "policy_rollback", "version", (json_int_t)version),
		NULL, "weft policy rollback");
}

/*
 * Set the policy in the file @path, if version @version of the policy, or that of --if-version, is
 * still the present one.
 */
static int set_edited(const struct wf_options *options, const char *path, long long version)
{
	json_t *policy;
	int status = read_policy(path, &policy);

	if (status)
		return status;
	return change(options,
		      json_pack("{ssso sI}", "command", "policy_set", "policy", policy,
				"if_version", (json_int_t)version),
		      path, "weft policy edit");
}

static int edit(const struct wf_options *options, char **args)
{
	char path[WF_EDIT_PATH_BYTES];
	bool is_changed = false;
	json_t *present;
	int status = get_present(options, &present);

	if (status)
		return status;
	if (wf_edit(json_object_get(present, "policy"), path, &is_changed)) {
		json_decref(present);
		return WF_EXIT_FAILED;
	}
	if (is_changed)
		status = set_edited(options, path, number_of(present));
	else
		wf_say_note("policy: nothing was changed");
	json_decref(present);
	if (status)
		wf_say_error("policy: your text is kept in %s", path);
	else
		remove(path);
	return status;
}

/* ---- differences ---- */

/*
 * Find the policy that @text names: the number of a version, or a file. *@ret_policy: owned by the
 * caller. Return: an enum wf_exit.
 */
static int find_policy(const struct wf_options *options, const char *text, json_t **ret_policy)
{
	const char *digits = *text == 'v' ? text + 1 : text;
	json_t *version;
	json_t *policy;
	int status;

	if (*digits && !digits[strspn(digits, "0123456789")]) {
		status = find_version(options, atoll(digits), &version);
		if (!status) {
			*ret_policy = json_incref(json_object_get(version, "policy"));
			json_decref(version);
		}
		return status;
	}
	status = read_policy(text, &policy);
	return status ? status : complete(options, text, policy, ret_policy);
}

static int find_present(const struct wf_options *options, json_t **ret_policy)
{
	json_t *present;
	int status = get_present(options, &present);

	if (status)
		return status;
	*ret_policy = json_incref(json_object_get(present, "policy"));
	json_decref(present);
	return WF_EXIT_DONE;
}

static void print_value(const json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void print_diff(const struct wf_options *options, const json_t *diff)
{
	size_t i;
	json_t *item;

	if (options->json) {
		wf_ask_print(diff, JSON_INDENT(2));
		return;
	}
	json_array_foreach(diff, i, item)
	{
		printf("%s: ", text_of(item, "key"));
		print_value(json_object_get(item, "from"));
		fputs(" -> ", stdout);
		print_value(json_object_get(item, "to"));
		putchar('\n');
	}
}

static int diff(const struct wf_options *options, char **args)
{
	json_t *from = NULL;
	json_t *to = NULL;
	json_t *changes;
	int status = args[1] ? find_policy(options, args[0], &from) : find_present(options, &from);

	if (!status)
		status = find_policy(options, args[1] ? args[1] : args[0], &to);
	if (!status) {
		changes = wf_policy_diff_new(from, to);
		print_diff(options, changes);
		json_decref(changes);
	}
	json_decref(from);
	json_decref(to);
	return status;
}

/* ---- the command ---- */

static const struct wf_verb verbs[] = {
	{"show", show, "[N]", 0, 1, 0},
	{"set", set, "FILE|-", 0, 1, 1u << IF_VERSION | 1u << FROM_CONFIG | 1u << CHECK},
	{"edit", edit, "", 0, 0, 1u << IF_VERSION},
	{"history", history, "", 0, 0, 0},
	{"rollback", roll_back, "N", 1, 1, 1u << IF_VERSION},
	{"diff", diff, "N|FILE [N|FILE]", 1, 2, 0},
	{.name = NULL},
};

static int run_policy(struct wf_options *options)
{
	return wf_verb_run(options, "policy", own, verbs);
}

WF_CMD(policy) = {
	.name = "policy",
	.position = 82,
	.groups = WF_OPTIONS_INTERFACE | WF_OPTIONS_AGENT | WF_OPTIONS_JSON | WF_OPTIONS_MESSAGES,
	.own = own,
	.usage = "[-i IFACE] show [N] | history | edit | diff N|FILE [N|FILE]\n"
		 "       weft policy [-i IFACE] [--if-version N] [--check] set FILE|-\n"
		 "       weft policy [-i IFACE] set --from-config\n"
		 "       weft policy [-i IFACE] [--if-version N] rollback N",
	.summary = "show, change or roll back what a running agent captures",
	.details =
		"A policy is JSON: filter, overlap, depth, and verdicts by prefix; see\n"
		"weft-policy(1). It is replaced as a whole: a key that is missing gets its\n"
		"default, and if one is wrong, nothing is changed. The agent stores its policy,\n"
		"and the next start uses it.\n"
		"\n"
		"  weft policy show >policy.json\n"
		"  weft policy diff policy.json         (what would change)\n"
		"  weft policy set policy.json          (prints its version: v2)\n"
		"  weft policy history\n"
		"  weft policy rollback 1               (makes version 3 of version 1)\n",
	.run = run_policy,
};
