/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask.h - sends the request of a command to a running agent.
 */
#ifndef WF_CLI_ASK_H
#define WF_CLI_ASK_H

#include <jansson.h>

#include "cli/cmd.h"

/**
 * wf_ask() - send @request to the agent that @options name, and receive the response
 * @request: has a "command", which begins each error message; borrowed; NULL is reported as out of
 * memory
 * @ret_answer: owned by the caller
 *
 * Return: WF_EXIT_DONE on success; otherwise the enum wf_exit of the failure, which was reported.
 */
int wf_ask(const struct wf_options *options, const json_t *request, json_t **ret_answer);

#endif
