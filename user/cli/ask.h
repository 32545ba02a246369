/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask.h - sends a request to a running agent, for commands.
 */
#ifndef WF_CLI_ASK_H
#define WF_CLI_ASK_H

#include <jansson.h>

#include "cli/cmd.h"

/**
 * wf_ask() - send @request to the agent that @options name, and take its answer
 * @request:    has a "command", which messages begin with; borrowed; NULL: no memory for it
 * @ret_answer: owned by the caller
 *
 * Return: an enum wf_exit: WF_EXIT_DONE, or the status for a failure, which was reported.
 */
int wf_ask(const struct wf_options *options, const json_t *request, json_t **ret_answer);

#endif
