/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client_request.h - writes the request "subscribe" as a line of JSON, and reads the response.
 *
 * Thread: any.
 */
#ifndef WF_CLIENT_CLIENT_REQUEST_H
#define WF_CLIENT_CLIENT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/client.h>

/*
 * Return the line for @opts with its newline, freed by the caller with free(); NULL if there is no
 * memory. OPEN and CLOSE are always requested, because the client needs them.
 */
char *wf_client_request_new(const struct weft_client_opts *opts);

/**
 * struct wf_client_response - the response of the agent
 * @is_ok:    frames follow
 * @is_usage: the request is wrong
 * @error:    the reason, "" if there is none; printable characters only
 */
struct wf_client_response {
	bool is_ok;
	bool is_usage;
	char error[320];
};

/* Read a line of JSON, ended by NUL. Return: false if it is not an object. */
bool wf_client_response_read(const char *line, struct wf_client_response *ret_response);

#endif
