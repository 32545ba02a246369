/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verb.h - code shared by commands whose first argument is a verb, such as weft state get KEY.
 */
#ifndef WF_CLI_ASK_VERB_H
#define WF_CLI_ASK_VERB_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/cmd.h"

/**
 * struct wf_verb - a verb
 * @run:     returns an enum wf_exit; @args are the arguments after the verb, ended by NULL
 * @usage:   these arguments in words, for the message if their number is wrong
 * @options: mask of the command's own options that the verb accepts: bit (1 << index) for each
 */
struct wf_verb {
	const char *name;
	int (*run)(const struct wf_options *options, char **args);
	const char *usage;
	int args_min, args_max;
	unsigned options;
};

/*
 * Run the verb that @options name. @verbs: ends with a name that is NULL. @own: the options of
 * @command. Return: an enum wf_exit.
 */
int wf_verb_run(const struct wf_options *options, const char *command, const struct wf_option *own,
		const struct wf_verb *verbs);

/*
 * Read the number in @text, which must be at least @min. @command, @what: the beginning of the
 * error message. Return: false if @text is not such a number (reported).
 */
bool wf_verb_read_number(const char *command, const char *what, const char *text, long long min,
			 long long *ret_number);

/*
 * Send @request and release it. *@ret_answer: the response, owned by the caller. Return: an enum
 * wf_exit.
 */
int wf_verb_ask(const struct wf_options *options, json_t *request, json_t **ret_answer);

/* Do the same as wf_verb_ask(). @what: see wf_ask_about(). */
int wf_verb_ask_about(const struct wf_options *options, json_t *request, const char *what,
		      json_t **ret_answer);

/*
 * Return the text on standard input, owned by the caller; NULL if it has @max_bytes or more, or if
 * there is no memory.
 */
char *wf_verb_read_stdin(size_t max_bytes);

#endif
