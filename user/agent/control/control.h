/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - the control socket of a running agent, DIR/IFACE.sock, and its protocol.
 *
 *   request   one line of JSON: {"command": "stats"}, with members that depend on the command
 *   response  one line of JSON: {"ok": true, "stats": {report.h}}
 *             or {"ok": false, "error": "what: why", "usage": true if the request is wrong}
 *
 * A connection may carry several requests. Only the owner (root) may connect.
 */
#ifndef WF_AGENT_CONTROL_CONTROL_H
#define WF_AGENT_CONTROL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct wf_control;

/**
 * struct wf_control_error - one line of text for the user
 * @is_usage: the request is wrong, so that the same request fails again
 */
struct wf_control_error {
	char text[320];
	bool is_usage;
};

/*
 * wf_control_fn - answer one command
 * @request: the whole request; borrowed
 *
 * Return: the member of the response that is named after the command, taken by the caller; NULL on
 * failure, with the reason in @ret_error. Thread: the control thread.
 */
typedef json_t *(*wf_control_fn)(const char *command, const json_t *request,
				 struct wf_control_error *ret_error, void *ctx);

/**
 * wf_control_open() - listen on one socket in @dir for each of @names
 * @names: "eth0" creates DIR/eth0.sock, or DIR/eth0@NETNS.sock if an agent in another network
 *         namespace has that socket
 *
 * Clients that connect wait until wf_control_start(). A socket left by a killed agent is replaced.
 *
 * Return: 0 on success; -EADDRINUSE if another agent listens on a socket; other negative errno.
 * @ret_error contains the reason.
 */
int wf_control_open(const char *dir, char *const *names, size_t names_count, wf_control_fn fn,
		    void *ctx, struct wf_control **ret_control, struct wf_control_error *ret_error);

/* Start the thread that answers requests. Return: 0 on success; negative errno. */
int wf_control_start(struct wf_control *control);

/* Stop the thread and remove the sockets. NULL is allowed. */
void wf_control_close(struct wf_control *control);

/**
 * wf_control_send() - send one request to the agent at @dir/@name.sock
 * @name: NULL selects the only running agent, or the only one of this network namespace
 * @request: has a "command"; borrowed
 * @ret_response: the member of the response that is named after the command; owned by the caller
 *
 * Return: 0 on success; -ENOENT if no agent runs; -ENOTUNIQ if several agents run and @name is
 * NULL; -EACCES; -EINVAL if the request is wrong; -EPROTO if the agent reports an error or the
 * response is malformed; -ETIMEDOUT.
 * @ret_error contains the reason. Thread: any.
 */
int wf_control_send(const char *dir, const char *name, const json_t *request, json_t **ret_response,
		    struct wf_control_error *ret_error);

#endif
