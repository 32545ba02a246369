/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - how another process asks a running agent: DIR/IFACE.sock.
 *
 *   request   one line of JSON: {"command": "stats"}, with members of the command's own
 *   response  one line of JSON: {"ok": true, "stats": {report.h}}
 *             or {"ok": false, "error": "what: why"}
 *
 * A connection may carry several requests. Only the owner (root) may connect.
 */
#ifndef WF_AGENT_CONTROL_H
#define WF_AGENT_CONTROL_H

#include <jansson.h>
#include <stddef.h>

struct wf_control;

/** struct wf_control_error - one line of text for the user */
struct wf_control_error {
	char text[256];
};

/*
 * wf_control_fn - answer one command
 * @request: the whole request; borrowed
 *
 * Return: the member of the response that is named after the command, which the caller takes;
 * NULL: @ret_error tells why there is none. Thread: the control thread.
 */
typedef json_t *(*wf_control_fn)(const char *command, const json_t *request,
				 struct wf_control_error *ret_error, void *ctx);

/**
 * wf_control_open() - listen in @dir, with one socket for each name of @names
 * @names: "eth0" makes DIR/eth0.sock
 *
 * Clients that connect wait until wf_control_start(). A socket that an agent left when it was
 * killed is replaced. Return: 0; -EADDRINUSE: another agent listens there; other negative errno;
 * @ret_error tells.
 */
int wf_control_open(const char *dir, char *const *names, size_t names_count, wf_control_fn fn,
		    void *ctx, struct wf_control **ret_control, struct wf_control_error *ret_error);

/* Start the thread that answers. Return: 0; negative errno. */
int wf_control_start(struct wf_control *control);

/* Stops the thread, removes the sockets. NULL is allowed. */
void wf_control_close(struct wf_control *control);

/**
 * wf_control_send() - send one request to the agent at @dir/@name.sock
 * @name: NULL: the only agent that runs
 * @request: has a "command"; borrowed
 * @ret_response: the member of the response that is named after the command; owned by the caller
 *
 * Return: 0; -ENOENT: no agent; -ENOTUNIQ: several agents and no name; -EACCES; -EPROTO: an error
 * of the agent, or not an answer; -ETIMEDOUT; @ret_error tells. Thread: any.
 */
int wf_control_send(const char *dir, const char *name, const json_t *request, json_t **ret_response,
		    struct wf_control_error *ret_error);

#endif
