/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask.h - sends the request of a command to a running agent.
 */
#ifndef WF_CLI_ASK_ASK_H
#define WF_CLI_ASK_ASK_H

#include <jansson.h>

#include "agent/control/control.h"
#include "cli/cmd.h"

/**
 * wf_ask() - send @request to the agent that @options name, and receive the response
 * @request: has a member "command", the agent's name of the request; borrowed; if it is NULL, the
 *           message is that memory is missing
 * @ret_answer: owned by the caller
 *
 * Error messages begin with the name of the weft command that the user gave, not with that of the
 * request. Return: WF_EXIT_DONE on success; otherwise the enum wf_exit of the failure, which was
 * reported.
 */
int wf_ask(const struct wf_options *options, const json_t *request, json_t **ret_answer);

/*
 * Do the same as wf_ask(). @what: the file or argument from which the request was made, named in
 * the message if the agent rejects the request as wrong; NULL: none.
 */
int wf_ask_about(const struct wf_options *options, const json_t *request, const char *what,
		 json_t **ret_answer);

/*
 * Find the socket of the agent that @options name. @ret_path: room for WF_CONTROL_PATH_BYTES bytes.
 * Return: as wf_ask().
 */
int wf_ask_find(const struct wf_options *options, char *ret_path);

/**
 * wf_ask_quietly() - do the same as wf_ask(), but print no error message
 * @stop_fd: the request is cancelled when this descriptor is readable; -1: none
 * @ret_error: the reason of a failure, with its member err; err is -ECANCELED after a cancellation
 */
int wf_ask_quietly(const struct wf_options *options, const json_t *request, int stop_fd,
		   json_t **ret_answer, struct wf_control_error *ret_error);

/* Print @value and a newline. @flags: of json_dumpf(). */
void wf_ask_print(const json_t *value, size_t flags);

#endif
