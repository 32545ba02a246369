/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - the control socket of a running agent, DIR/IFACE.sock, and its protocol.
 *
 *   request   one line of JSON: {"command": "stats"}, with members that depend on the command
 *   response  one line of JSON: {"ok": true, "stats": {report.h}}
 *             or {"ok": false, "error": "what: why", "usage": true if the request is wrong},
 *             with "missing": true if it names something that does not exist, or with
 *             "denied": true if the client may not send it
 *
 * A connection may carry several requests. A request for a stream must be the last one, because the
 * stream keeps the connection (wf_control_stream_fn). Root may connect, the owner of the socket
 * file, which is the user who has started the agent or a user that root names
 * (wf_agent_control_open()), and members of a group that wf_control_admit() names.
 */
#ifndef WF_AGENT_CONTROL_CONTROL_H
#define WF_AGENT_CONTROL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct wf_control;

/*
 * The name of a replay's socket, where that of an agent has the name of its interface. A command
 * that is not told which agent it is for chooses a replay only if no agent runs.
 */
#define WF_CONTROL_REPLAY "replay"

/**
 * struct wf_control_error - one line of text for the user
 * @is_usage: the request is wrong, so that the same request fails again
 * @is_missing: the request names something that does not exist, such as a key, a connection or a
 *              version
 * @err:      negative errno of the failure; 0: not known
 */
struct wf_control_error {
	char text[320];
	bool is_usage;
	bool is_missing;
	int err;
};

/*
 * wf_control_fn - answer one command
 * @request: the whole request; borrowed
 *
 * Return: the member of the response that is named after the command, taken by the caller; NULL on
 * failure, with the reason in @ret_error. Thread: the control thread; that of the HTTP server, if
 * the function was given to it, too (wf_http_opts).
 */
typedef json_t *(*wf_control_fn)(const char *command, const json_t *request,
				 struct wf_control_error *ret_error, void *ctx);

/*
 * wf_control_stream_fn - take the connection of a client for a stream
 * @fd: the connection, non-blocking; taken on success only
 *
 * The function does not wait. The thread that serves the stream sends the response and closes the
 * connection. Return: 0 on success; -ENOENT if @command begins no stream; other negative errno on
 * failure, with the reason in @ret_error: the connection is closed after that response. Thread: the
 * control thread.
 */
typedef int (*wf_control_stream_fn)(const char *command, int fd, const json_t *request,
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

/*
 * Return the process id of the agent that serves the interface @name in this network namespace
 * through a socket in @dir; 0 if there is none, if this user may not connect to it, or if its
 * network namespace can't be determined. Thread: any.
 */
pid_t wf_control_find_agent(const char *dir, const char *name);

/*
 * Let members of @group connect, who may only send requests that take the connection for a stream.
 * Call before the start. Return: 0 on success; negative errno, with the reason in @ret_error.
 */
int wf_control_admit(struct wf_control *control, gid_t group, struct wf_control_error *ret_error);

/* Return the path of the first socket; valid until wf_control_close(). */
const char *wf_control_path(const struct wf_control *control);

/* Set the function for streams, with the context of wf_control_open(). Call before the start. */
void wf_control_set_stream(struct wf_control *control, wf_control_stream_fn stream_fn);

/*
 * Return the open directory of the sockets, owned by @control. *@ret_is_made: true if
 * wf_control_open() made the directory.
 */
int wf_control_dir_fd(const struct wf_control *control, bool *ret_is_made);

/* Start the thread that answers requests. Return: 0 on success; negative errno. */
int wf_control_start(struct wf_control *control);

/* Stop the thread and remove the sockets. NULL is allowed. */
void wf_control_close(struct wf_control *control);

/*
 * Find the socket to which wf_control_send() would send a request. @ret_path: room for
 * WF_CONTROL_PATH_BYTES bytes. Return: as wf_control_send(). Thread: any.
 */
enum { WF_CONTROL_PATH_BYTES = 108 };
int wf_control_find(const char *dir, const char *name, char *ret_path,
		    struct wf_control_error *ret_error);

/**
 * wf_control_send() - send one request to an agent whose sockets are in @dir
 * @name: an interface of the agent; NULL selects the only running agent, or the only one of this
 *        network namespace
 * @request: has a "command"; borrowed
 * @stop_fd: the request is cancelled when this descriptor is readable; -1: none
 * @ret_response: the member of the response that is named after the command; owned by the caller
 *
 * Return: 0 on success; -ENOENT if no agent runs, or if the request names something that does not
 * exist; -ENOTUNIQ if @name is NULL and selects none of several agents; -EACCES if this user may
 * not connect or not send the request; -EINVAL if the request is wrong; -EPROTO if the agent
 * reports another error or the response is malformed; -ETIMEDOUT; -ECANCELED; other negative errno.
 * @ret_error contains the reason. Thread: any.
 */
int wf_control_send(const char *dir, const char *name, const json_t *request, int stop_fd,
		    json_t **ret_response, struct wf_control_error *ret_error);

#endif
