// SPDX-License-Identifier: BSD-2-Clause
/*
 * control.c - the server side of the control socket: one thread serves one client at a time.
 *
 * All requests of a client share one time limit, CLIENT_TIMEOUT_MS, so that a hanging client delays
 * others by at most that time. Workers never wait for a client.
 */
#include "agent/control/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <weft/limits.h>

#include "agent/control/control_line.h"
#include "agent/control/peer.h"

enum { CLIENT_TIMEOUT_MS = 2000, BACKLOG = 8 };

struct wf_control {
	wf_control_fn fn;
	void *ctx;
	pthread_t thread;
	bool has_thread;
	int stop_fd; /* eventfd that stops the thread */
	size_t count;
	int fds[WEFT_INTERFACES_MAX];
	struct sockaddr_un addrs[WEFT_INTERFACES_MAX];
};

static int refuse(struct wf_control_error *ret_error, int err, const char *what, const char *why)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s", what, why);
	return err;
}

/* Report that @path, in the directory of the sockets, can't be created, with a remedy. */
static int refuse_path(struct wf_control_error *ret_error, int err, const char *path)
{
	bool is_denied = err == -EROFS || err == -EACCES || err == -EPERM;

	snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s%s", path, strerror(-err),
		 is_denied ? "; name a directory in which weft may write with --set "
			     "control.dir=DIR, or mount one there (docker run --tmpfs /run/weft, "
			     "in Kubernetes a volume of type emptyDir at /run/weft)"
			   : "");
	return err;
}

/* ---- serving ---- */

static json_t *response_new(struct wf_control *control, const char *line)
{
	struct wf_control_error refusal = {.text = ""};
	json_error_t error;
	json_t *request = json_loads(line, 0, &error);
	const char *command = json_string_value(json_object_get(request, "command"));
	json_t *result = NULL;
	json_t *response;

	if (!request)
		response =
			json_pack("{sbss+}", "ok", 0, "error", "request: not JSON: ", error.text);
	else if (!command)
		response =
			json_pack("{sbss}", "ok", 0, "error", "request: has no member \"command\"");
	else if ((result = control->fn(command, request, &refusal, control->ctx)) != NULL)
		response = json_pack("{sbso}", "ok", 1, command, result);
	else
		response = json_pack("{sbsssb}", "ok", 0, "error", refusal.text, "usage",
				     refusal.is_usage);
	json_decref(request);
	return response;
}

static int respond(struct wf_control *control, int fd, const char *line, uint64_t deadline_ns)
{
	json_t *response = response_new(control, line);
	char *text = response ? json_dumps(response, JSON_COMPACT) : NULL;
	int err = -ENOMEM;

	if (text)
		err = wf_control_send_line(fd, text, deadline_ns);
	free(text);
	json_decref(response);
	return err;
}

static void serve(struct wf_control *control, int fd)
{
	uint64_t deadline_ns = wf_control_deadline_ns(CLIENT_TIMEOUT_MS);
	struct wf_control_line line = {.max_bytes = WF_CONTROL_REQUEST_MAX_BYTES};

	while (!wf_control_receive_line(fd, &line, control->stop_fd, deadline_ns)) {
		if (respond(control, fd, line.text, deadline_ns))
			break;
		wf_control_line_next(&line);
	}
	free(line.text);
}

static void *control_thread(void *ctx)
{
	struct wf_control *control = ctx;
	struct pollfd polls[WEFT_INTERFACES_MAX + 1];

	for (;;) {
		for (size_t i = 0; i < control->count; i++)
			polls[i] = (struct pollfd){.fd = control->fds[i], .events = POLLIN};
		polls[control->count] = (struct pollfd){.fd = control->stop_fd, .events = POLLIN};

		if (poll(polls, control->count + 1, -1) < 0 && errno != EINTR)
			return NULL;
		if (polls[control->count].revents)
			return NULL;
		for (size_t i = 0; i < control->count; i++) {
			int fd;

			if (!polls[i].revents)
				continue;
			fd = accept4(control->fds[i], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (fd < 0)
				continue;
			serve(control, fd);
			close(fd);
		}
	}
}

/* ---- opening ---- */

/*
 * Return true if the agent that listens at @addr is in this network namespace, or if its process is
 * not visible.
 */
static bool is_taken_here(const struct sockaddr_un *addr)
{
	int fd = wf_control_connect(addr);
	bool is_here;

	if (fd < 0)
		return true;
	is_here = wf_control_peer_is_here(wf_control_peer_pid(fd), true);
	close(fd);
	return is_here;
}

/* Bind @fd to @addr. A socket file of a dead agent is replaced. */
static int bind_socket(int fd, const struct sockaddr_un *addr)
{
	int other;

	if (!bind(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	other = wf_control_connect(addr);
	if (other >= 0)
		close(other);
	if (other != -ECONNREFUSED && other != -ENOENT)
		return -EADDRINUSE;
	if (unlink(addr->sun_path) && errno != ENOENT)
		return -errno;
	return bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;
}

/*
 * Bind @fd to the socket of the interface @name. An agent in another network namespace, whose
 * interface has the same name, keeps its socket; ours then has the number of our namespace.
 */
static int bind_name(int fd, const char *dir, const char *name, struct sockaddr_un *addr)
{
	int err = bind_socket(fd, addr);

	if (err != -EADDRINUSE || is_taken_here(addr))
		return err;
	err = wf_control_addr_here(dir, name, addr);
	return err ? err : bind_socket(fd, addr);
}

static int open_socket(struct wf_control *control, const char *dir, const char *name,
		       struct wf_control_error *ret_error)
{
	struct sockaddr_un *addr = &control->addrs[control->count];
	int err = wf_control_addr(dir, name, addr);
	int fd;

	if (err)
		return refuse(ret_error, err, dir, "the path is too long for a Unix socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(ret_error, -errno, addr->sun_path, strerror(errno));

	/* The mode is set before listen(), so other users can never connect. */
	err = bind_name(fd, dir, name, addr);
	if (err == -EADDRINUSE)
		refuse(ret_error, err, addr->sun_path,
		       "another agent runs on this interface; stop it, or set control.dir");
	else if (err || chmod(addr->sun_path, 0600) || listen(fd, BACKLOG))
		err = refuse_path(ret_error, err ? err : -errno, addr->sun_path);
	if (err) {
		close(fd);
		return err;
	}
	control->fds[control->count++] = fd;
	return 0;
}

int wf_control_open(const char *dir, char *const *names, size_t names_count, wf_control_fn fn,
		    void *ctx, struct wf_control **ret_control, struct wf_control_error *ret_error)
{
	struct wf_control *control;
	int err;

	if (names_count > WEFT_INTERFACES_MAX)
		return refuse(ret_error, -EINVAL, dir, "too many interfaces");
	if (mkdir(dir, 0755) && errno != EEXIST)
		return refuse_path(ret_error, -errno, dir);
	control = calloc(1, sizeof(*control));
	if (!control)
		return refuse(ret_error, -ENOMEM, dir, strerror(ENOMEM));
	control->fn = fn;
	control->ctx = ctx;
	control->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (control->stop_fd < 0) {
		err = refuse(ret_error, -errno, dir, strerror(errno));
		goto close;
	}
	for (size_t i = 0; i < names_count; i++) {
		err = open_socket(control, dir, names[i], ret_error);
		if (err)
			goto close;
	}
	*ret_control = control;
	return 0;

close:
	wf_control_close(control);
	return err;
}

int wf_control_start(struct wf_control *control)
{
	sigset_t all;
	sigset_t old;
	int err;

	/* Block all signals in this thread: the main thread handles them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&control->thread, NULL, control_thread, control);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	control->has_thread = err == 0;
	return -err;
}

void wf_control_close(struct wf_control *control)
{
	uint64_t one = 1;

	if (!control)
		return;
	if (control->has_thread) {
		while (write(control->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
			;
		pthread_join(control->thread, NULL);
	}
	for (size_t i = 0; i < control->count; i++) {
		unlink(control->addrs[i].sun_path);
		close(control->fds[i]);
	}
	if (control->stop_fd >= 0)
		close(control->stop_fd);
	free(control);
}
