// SPDX-License-Identifier: BSD-2-Clause
/*
 * control.c - the server side of the control socket: one thread serves one client at a time.
 *
 * All requests of a client share one time limit, CLIENT_TIMEOUT_MS, so that a hanging client delays
 * others by at most that time. Workers never wait for a client.
 */
#include "agent/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <weft/limits.h>

#include "agent/control/control_line.h"
#include "agent/control/peer.h"
#include "client/socket_path.h"

enum { CLIENT_TIMEOUT_MS = 2000, BACKLOG = 8, LOCK_TRIES = 200, LOCK_PAUSE_NS = 10000000 };

struct wf_control {
	wf_control_fn fn;
	wf_control_stream_fn stream_fn; /* NULL: none */
	void *ctx;
	pthread_t thread;
	bool has_thread;
	int stop_fd; /* eventfd that stops the thread */
	int dir_fd;  /* directory of the sockets */
	bool made_dir;
	bool admits_group; /* members of a group may connect, see wf_control_admit() */
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

	snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s%s%s", path, strerror(-err),
		 is_denied ? "; name a directory in which weft may write with --set "
			     "control.dir=DIR, or mount one there (docker run --tmpfs /run/weft, "
			     "in Kubernetes a volume of type emptyDir at /run/weft)"
			   : "",
		 err == -EACCES ? ", or give the directory to the user of weft (chown)" : "");
	return err;
}

/* ---- serving ---- */

/* The connection of one client. */
struct session {
	struct wf_control *control;
	int fd;	      /* -1: another thread serves the connection from now on */
	bool is_over; /* the connection is closed after the response */
	bool may_ask; /* false: the client may only get a stream */
};

/*
 * If @command needs the connection for a stream, hand the connection over. Return: true if there is
 * such a command; if it failed, @ret_refusal has the reason.
 */
static bool hand_over(struct session *session, const char *command, const json_t *request,
		      struct wf_control_error *ret_refusal)
{
	const struct wf_control *control = session->control;
	int err = -ENOENT;

	if (control->stream_fn)
		err = control->stream_fn(command, session->fd, request, ret_refusal, control->ctx);
	if (err == -ENOENT)
		return false;
	session->is_over = true;
	if (!err)
		session->fd = -1;
	return true;
}

static json_t *refusal_new(const struct wf_control_error *refusal)
{
	json_t *response =
		json_pack("{sbsssb}", "ok", 0, "error", refusal->text, "usage", refusal->is_usage);

	if (refusal->is_missing)
		json_object_set_new(response, "missing", json_true());
	return response;
}

/* Return the response; NULL if another thread responds, or if there is no memory. */
static json_t *response_new(struct session *session, const char *line)
{
	const struct wf_control *control = session->control;
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
	else if (hand_over(session, command, request, &refusal))
		response = session->fd < 0 ? NULL : refusal_new(&refusal);
	else if (!session->may_ask)
		response = json_pack("{sbsssb}", "ok", 0, "error",
				     "request: only root and the user of the agent may send it",
				     "denied", 1);
	else if ((result = control->fn(command, request, &refusal, control->ctx)) != NULL)
		response = json_pack("{sbso}", "ok", 1, command, result);
	else
		response = refusal_new(&refusal);
	json_decref(request);
	return response;
}

static int respond(struct session *session, const char *line, uint64_t deadline_ns)
{
	json_t *response = response_new(session, line);
	char *text = response ? json_dumps(response, JSON_COMPACT) : NULL;
	int err = -ENOMEM;

	if (text)
		err = wf_control_send_line(session->fd, text, deadline_ns);
	free(text);
	json_decref(response);
	return err;
}

/* Answer the requests of the client at @fd, and close the connection unless it was handed over. */
static void serve(struct wf_control *control, int fd)
{
	uint64_t deadline_ns = wf_control_deadline_ns(CLIENT_TIMEOUT_MS);
	struct wf_control_line line = {.max_bytes = WF_CONTROL_REQUEST_MAX_BYTES};
	struct session session = {
		.control = control,
		.fd = fd,
		.may_ask = !control->admits_group || wf_control_peer_is_owner(fd),
	};

	while (!session.is_over &&
	       !wf_control_receive_line(fd, &line, control->stop_fd, deadline_ns)) {
		if (respond(&session, line.text, deadline_ns))
			break;
		wf_control_line_next(&line);
	}
	free(line.text);
	if (session.fd >= 0)
		close(session.fd);
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
		}
	}
}

/* ---- opening ---- */

/*
 * Return true if the agent that listens at @addr is in this network namespace, or if this can't be
 * determined.
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

/* Return the process that listens at @addr, if it is in this network namespace; otherwise 0. */
static pid_t find_peer(const struct sockaddr_un *addr)
{
	int fd = wf_control_connect(addr);
	pid_t pid = fd < 0 ? 0 : wf_control_peer_pid(fd);

	if (fd >= 0)
		close(fd);
	return wf_control_peer_is_here(pid, false) ? pid : 0;
}

pid_t wf_control_find_agent(const char *dir, const char *name)
{
	struct sockaddr_un addr;
	pid_t pid = wf_socket_path(dir, name, &addr) ? 0 : find_peer(&addr);

	if (!pid && !wf_socket_path_here(dir, name, &addr))
		pid = find_peer(&addr);
	return pid;
}

/*
 * Bind @fd to @addr. A socket file of a dead agent is replaced. While the directory is locked, no
 * other agent is starting in it, so an agent whose socket has no listener is dead.
 */
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
 * Bind @fd to the socket of the interface @name. If an agent in another network namespace has the
 * socket, because its interface has the same name, the name of this agent's socket gets the number
 * of this namespace.
 */
static int bind_name(int fd, const char *dir, const char *name, struct sockaddr_un *addr)
{
	int err = bind_socket(fd, addr);

	if (err != -EADDRINUSE || is_taken_here(addr))
		return err;
	err = wf_socket_path_here(dir, name, addr);
	return err ? err : bind_socket(fd, addr);
}

static int open_socket(struct wf_control *control, const char *dir, const char *name,
		       struct wf_control_error *ret_error)
{
	struct sockaddr_un *addr = &control->addrs[control->count];
	int err = wf_socket_path(dir, name, addr);
	int fd;

	if (err)
		return refuse(ret_error, err, dir, "the path is too long for a Unix socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(ret_error, -errno, addr->sun_path, strerror(errno));

	/*
	 * bind() gives the socket file the mode of @fd, so other users cannot connect before
	 * wf_control_admit(). chmod() on the path could follow a symbolic link made by the owner of
	 * the directory.
	 */
	if (fchmod(fd, 0600)) {
		err = refuse(ret_error, -errno, addr->sun_path, strerror(errno));
		close(fd);
		return err;
	}
	err = bind_name(fd, dir, name, addr);
	if (err == -EADDRINUSE)
		refuse(ret_error, err, addr->sun_path,
		       "another agent or replay uses this socket; stop it, or set control.dir");
	else if (err || listen(fd, BACKLOG))
		err = refuse_path(ret_error, err ? err : -errno, addr->sun_path);
	if (err) {
		close(fd);
		return err;
	}
	control->fds[control->count++] = fd;
	return 0;
}

/* Open the directory of the sockets; make it if it is missing. */
static int open_dir(struct wf_control *control, const char *dir)
{
	control->made_dir = !mkdir(dir, 0755);
	if (!control->made_dir && errno != EEXIST)
		return -errno;
	/*
	 * The directory is given to another user later. O_NOFOLLOW: if a symbolic link has replaced
	 * the new directory, the directory that the link names must not be given away.
	 */
	control->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
					    (control->made_dir ? O_NOFOLLOW : 0));
	return control->dir_fd < 0 ? -errno : 0;
}

/*
 * Lock the directory, so that no other agent is between bind() and listen(). The kernel releases
 * the lock of an agent that dies. Any user may be able to lock the directory, so the wait is
 * limited, and without the lock the sockets are opened nevertheless.
 */
static void lock_dir(const struct wf_control *control)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	for (int i = 0; i < LOCK_TRIES && flock(control->dir_fd, LOCK_EX | LOCK_NB) &&
			(errno == EWOULDBLOCK || errno == EINTR);
	     i++)
		nanosleep(&pause, NULL);
}

/* Open a socket for each of @names in the directory, which is open. */
static int open_sockets(struct wf_control *control, const char *dir, char *const *names,
			size_t names_count, struct wf_control_error *ret_error)
{
	int err = 0;

	lock_dir(control);
	for (size_t i = 0; !err && i < names_count; i++)
		err = open_socket(control, dir, names[i], ret_error);
	flock(control->dir_fd, LOCK_UN);
	return err;
}

int wf_control_open(const char *dir, char *const *names, size_t names_count, wf_control_fn fn,
		    void *ctx, struct wf_control **ret_control, struct wf_control_error *ret_error)
{
	struct wf_control *control;
	int err;

	if (names_count > WEFT_INTERFACES_MAX)
		return refuse(ret_error, -EINVAL, dir, "too many interfaces");
	control = calloc(1, sizeof(*control));
	if (!control)
		return refuse(ret_error, -ENOMEM, dir, strerror(ENOMEM));
	control->fn = fn;
	control->ctx = ctx;
	control->dir_fd = -1;
	control->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (control->stop_fd < 0) {
		err = refuse(ret_error, -errno, dir, strerror(errno));
		goto close;
	}
	err = open_dir(control, dir);
	if (err) {
		refuse_path(ret_error, err, dir);
		goto close;
	}
	err = open_sockets(control, dir, names, names_count, ret_error);
	if (err)
		goto close;
	*ret_control = control;
	return 0;

close:
	wf_control_close(control);
	return err;
}

/*
 * Give the socket at @path to @group. The path is opened once and checked, because a link that the
 * owner of the directory put there must not be followed.
 */
static int admit_to(const char *path, gid_t group)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char self[32];
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		err = -EPERM;
	else if (fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) || chmod(self, 0660))
		err = -errno;
	close(fd);
	return err;
}

int wf_control_admit(struct wf_control *control, gid_t group, struct wf_control_error *ret_error)
{
	for (size_t i = 0; i < control->count; i++) {
		int err = admit_to(control->addrs[i].sun_path, group);

		if (err) {
			snprintf(ret_error->text, sizeof(ret_error->text),
				 "delivery.shm_group: %s can't be given to the group: %s",
				 control->addrs[i].sun_path, strerror(-err));
			return err;
		}
	}
	control->admits_group = true;
	return 0;
}

const char *wf_control_path(const struct wf_control *control)
{
	return control->addrs[0].sun_path;
}

void wf_control_set_stream(struct wf_control *control, wf_control_stream_fn stream_fn)
{
	control->stream_fn = stream_fn;
}

int wf_control_start(struct wf_control *control)
{
	sigset_t all;
	sigset_t old;
	int err;

	/*
	 * The new thread inherits this mask, which blocks all signals: the main thread handles
	 * them.
	 */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&control->thread, NULL, control_thread, control);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	control->has_thread = err == 0;
	return -err;
}

int wf_control_dir_fd(const struct wf_control *control, bool *ret_is_made)
{
	*ret_is_made = control->made_dir;
	return control->dir_fd;
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
		unlinkat(control->dir_fd, strrchr(control->addrs[i].sun_path, '/') + 1, 0);
		close(control->fds[i]);
	}
	if (control->stop_fd >= 0)
		close(control->stop_fd);
	if (control->dir_fd >= 0)
		close(control->dir_fd);
	free(control);
}
