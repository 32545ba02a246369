// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of the control protocol: client and server communicate over real sockets in a temporary
 * directory.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/control/control.h"
#include "agent/control/control_line.h"
#include "client/socket_path.h"

struct fixture {
	char dir[32];
	struct wf_control *control;
	struct wf_control_error error;
};

static char *const names[] = {"eth0", "eth1"};

static json_t *answer(const char *command, const json_t *request,
		      struct wf_control_error *ret_error, void *ctx)
{
	if (!strcmp(command, "refused"))
		snprintf(ret_error->text, sizeof(ret_error->text), "because of %s",
			 json_string_value(json_object_get(request, "why")));
	else
		snprintf(ret_error->text, sizeof(ret_error->text), "unknown command: %s", command);
	ret_error->is_missing = !strcmp(command, "missing");
	return strcmp(command, "stats") ? NULL : json_pack("{sI}", "x", (json_int_t)7);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->dir, "/tmp/weft-control-XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	wf_control_close(fixture->control);
	assert_int_equal(rmdir(fixture->dir), 0); /* the directory must be empty */
	free(fixture);
	return 0;
}

static int open_for(struct fixture *fixture, size_t count)
{
	int err = wf_control_open(fixture->dir, names, count, answer, fixture, &fixture->control,
				  &fixture->error);

	return err ? err : wf_control_start(fixture->control);
}

static int ask(struct fixture *fixture, const char *name, const char *command)
{
	json_t *request = json_pack("{ss}", "command", command);
	json_t *response = NULL;
	int err = wf_control_send(fixture->dir, name, request, -1, &response, &fixture->error);

	if (!err)
		assert_int_equal(json_integer_value(json_object_get(response, "x")), 7);
	json_decref(response);
	json_decref(request);
	return err;
}

static int connect_raw(struct fixture *fixture)
{
	struct sockaddr_un addr;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(wf_socket_path(fixture->dir, "eth0", &addr), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

TEST_WITH(control_ask_of_known_command_gives_its_result, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(open_for(fixture, 1), 0);
	assert_int_equal(ask(fixture, "eth0", "stats"), 0);
	assert_int_equal(ask(fixture, NULL, "stats"), 0);
}

TEST_WITH(control_request_is_handed_on_and_its_refusal_comes_back, setup, teardown)
{
	struct fixture *fixture = *state;
	json_t *request = json_pack("{ssss}", "command", "refused", "why", "this");
	json_t *response;

	assert_int_equal(open_for(fixture, 1), 0);
	assert_int_equal(
		wf_control_send(fixture->dir, "eth0", request, -1, &response, &fixture->error),
		-EPROTO);
	assert_non_null(strstr(fixture->error.text, "because of this"));
	json_decref(request);
}

TEST_WITH(control_ask_of_unknown_command_gives_its_error, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(open_for(fixture, 1), 0);
	assert_int_equal(ask(fixture, "eth0", "dance"), -EPROTO);
	assert_non_null(strstr(fixture->error.text, "unknown command: dance"));
	assert_int_equal(ask(fixture, "eth0", "missing"), -ENOENT);
	assert_non_null(strstr(fixture->error.text, "unknown command: missing"));
}

TEST_WITH(control_ask_of_an_agent_on_two_interfaces_needs_no_name, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(open_for(fixture, 2), 0);
	assert_int_equal(ask(fixture, NULL, "stats"), 0);
	assert_int_equal(ask(fixture, "eth1", "stats"), 0);
}

/* Listen on eth1 in another process until the pipe @end is closed; then remove the socket. */
static pid_t fork_agent(struct fixture *fixture, int end[2])
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	if (pid == 0) {
		struct wf_control *control = NULL;
		int err = wf_control_open(fixture->dir, names + 1, 1, answer, NULL, &control,
					  &fixture->error);

		close(end[1]);
		if (write(ready[1], "", 1) == 1 && !err && read(end[0], &byte, 1) == 0)
			wf_control_close(control);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	close(end[0]);
	return pid;
}

TEST_WITH(control_ask_without_name_among_several_is_refused, setup, teardown)
{
	struct fixture *fixture = *state;
	int end[2];
	pid_t pid = fork_agent(fixture, end);

	assert_int_equal(open_for(fixture, 1), 0);
	assert_int_equal(ask(fixture, NULL, "stats"), -ENOTUNIQ);
	assert_non_null(strstr(fixture->error.text, "eth1"));
	assert_int_equal(ask(fixture, "eth0", "stats"), 0);
	close(end[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

TEST_WITH(control_socket_of_a_dead_agent_is_removed_by_who_meets_it, setup, teardown)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct fixture *fixture = *state;
	struct sockaddr_un addr;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	wf_socket_path(fixture->dir, "eth0", &addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	utimensat(AT_FDCWD, addr.sun_path, times, 0);
	/* A new socket without a listener can be that of an agent that is starting. */
	assert_int_equal(ask(fixture, NULL, "stats"), -ENOENT);
	assert_int_equal(access(addr.sun_path, F_OK), 0);
	utimensat(AT_FDCWD, addr.sun_path, long_ago, 0);
	assert_int_equal(ask(fixture, NULL, "stats"), -ENOENT);
	assert_int_not_equal(access(addr.sun_path, F_OK), 0);
	close(fd);
}

TEST_WITH(control_ask_without_agent_says_so, setup, teardown)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, NULL, "stats"), -ENOENT);
	assert_int_equal(ask(fixture, "eth0", "stats"), -ENOENT);
}

TEST_WITH(control_socket_is_for_its_owner_only, setup, teardown)
{
	struct fixture *fixture = *state;
	struct sockaddr_un addr;
	struct stat stat_;

	assert_int_equal(open_for(fixture, 1), 0);
	wf_socket_path(fixture->dir, "eth0", &addr);
	assert_int_equal(stat(addr.sun_path, &stat_), 0);
	assert_int_equal(stat_.st_mode & 0777, 0600);
}

TEST_WITH(control_open_replaces_what_a_killed_agent_left, setup, teardown)
{
	struct fixture *fixture = *state;
	struct sockaddr_un addr;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	wf_socket_path(fixture->dir, "eth0", &addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd); /* the socket file is not removed, as after kill -9 */

	assert_int_equal(ask(fixture, NULL, "stats"), -ENOENT);
	assert_int_equal(open_for(fixture, 1), 0);
	assert_int_equal(ask(fixture, "eth0", "stats"), 0);
}

/* An agent that starts: it has bound the socket "eth0", and listens a moment later. */
static void start_slowly(struct fixture *fixture, int tell_fd, int end_fd)
{
	int dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un addr;
	char byte = 0;

	wf_socket_path(fixture->dir, "eth0", &addr);
	if (flock(dir_fd, LOCK_EX) || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    write(tell_fd, &byte, 1) != 1)
		_exit(1);
	usleep(200000);
	listen(fd, 1);
	flock(dir_fd, LOCK_UN);
	_exit(read(end_fd, &byte, 1) != 0);
}

TEST_WITH(control_open_beside_a_starting_agent_is_refused, setup, teardown)
{
	struct fixture *fixture = *state;
	struct sockaddr_un addr;
	int tell[2], end[2];
	char byte;
	pid_t pid;
	int err;

	assert_int_equal(pipe(tell), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	if (!pid) {
		close(end[1]);
		start_slowly(fixture, tell[1], end[0]);
	}
	assert_int_equal(read(tell[0], &byte, 1), 1);
	err = open_for(fixture, 1);
	close(end[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(err, -EADDRINUSE);
	wf_socket_path(fixture->dir, "eth0", &addr);
	assert_int_equal(unlink(addr.sun_path), 0);
}

TEST_WITH(control_open_beside_a_living_agent_is_refused, setup, teardown)
{
	struct fixture *fixture = *state;
	struct wf_control *second = NULL;

	assert_int_equal(open_for(fixture, 1), 0);
	assert_int_equal(
		wf_control_open(fixture->dir, names, 2, answer, NULL, &second, &fixture->error),
		-EADDRINUSE);
	assert_null(second);
	assert_int_equal(ask(fixture, "eth0", "stats"), 0);
}

TEST_WITH(control_open_in_missing_parent_is_refused, setup, teardown)
{
	struct fixture *fixture = *state;
	struct wf_control *control = NULL;

	assert_int_equal(wf_control_open("/nonexistent/a/b", names, 1, answer, NULL, &control,
					 &fixture->error),
			 -ENOENT);
}

TEST_WITH(control_bad_requests_are_answered_or_cut_and_harm_nobody, setup, teardown)
{
	struct fixture *fixture = *state;
	uint64_t deadline_ns = wf_control_deadline_ns(20000);
	struct wf_control_line line = {.max_bytes = 65536};
	char *flood = malloc(100000);
	int fd;

	assert_int_equal(open_for(fixture, 1), 0);

	fd = connect_raw(fixture);
	assert_int_equal(wf_control_send_line(fd, "no json", deadline_ns), 0);
	assert_int_equal(wf_control_send_line(fd, "[1]\n{\"command\":5}", deadline_ns), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wf_control_receive_line(fd, &line, -1, deadline_ns), 0);
		assert_non_null(strstr(line.text, "\"ok\":false"));
		wf_control_line_next(&line);
	}
	close(fd);

	memset(flood, '{', 99999);
	flood[99999] = '\0';
	fd = connect_raw(fixture);
	/* may fail: the server closes the connection */
	wf_control_send_line(fd, flood, deadline_ns);
	close(fd);

	fd = connect_raw(fixture); /* a client that connects, sends nothing and disconnects */
	close(fd);
	assert_int_equal(ask(fixture, "eth0", "stats"), 0);
	free(line.text);
	free(flood);
}

TEST_WITH(control_close_with_a_silent_client_does_not_wait_for_it, setup, teardown)
{
	struct fixture *fixture = *state;
	int fd;

	assert_int_equal(open_for(fixture, 1), 0);
	fd = connect_raw(fixture);
	wf_control_close(fixture->control);
	fixture->control = NULL;
	close(fd);
}

TEST_WITH(control_ask_is_cancelled, setup, teardown)
{
	struct fixture *fixture = *state;
	json_t *request = json_pack("{ss}", "command", "stats");
	json_t *response;
	int stop[2];

	/* The server does not run yet, so that only the cancellation can end the request. */
	assert_int_equal(wf_control_open(fixture->dir, names, 1, answer, fixture, &fixture->control,
					 &fixture->error),
			 0);
	assert_int_equal(pipe(stop), 0);
	assert_int_equal(write(stop[1], "x", 1), 1);
	assert_int_equal(
		wf_control_send(fixture->dir, "eth0", request, stop[0], &response, &fixture->error),
		-ECANCELED);
	close(stop[0]);
	close(stop[1]);
	json_decref(request);
}
