// SPDX-License-Identifier: BSD-2-Clause
/*
 * control_client.c - the client's side of the control socket.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/control/control.h"
#include "agent/control/control_line.h"
#include "agent/control/peer.h"
#include "client/socket_path.h"

enum { ASK_TIMEOUT_MS = 5000, NAME_BYTES = 64, AGENTS_MAX = 64 };

#define NOT_PERMITTED "not permitted; run this command as root or as the owner of the agent"

static int refuse(struct wf_control_error *ret_error, int err, const char *what, const char *why)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%s%s%s", what ? what : "",
		 what ? ": " : "", why);
	return err;
}

/*
 * Copy the interface name of a socket file: "eth0" for "eth0.sock". Return: false if @file is not a
 * socket name.
 */
static bool name_of(const char *file, char *ret_name)
{
	const char *end = strrchr(file, '.');

	if (!end || end == file || strcmp(end, ".sock") || end - file >= NAME_BYTES)
		return false;
	memcpy(ret_name, file, (size_t)(end - file));
	ret_name[end - file] = '\0';
	return true;
}

/* The agents whose sockets are in a directory. An agent has a socket for each of its interfaces. */
struct agents {
	pid_t pids[AGENTS_MAX]; /* process ids of the agents; 0: of another PID namespace */
	size_t count;
	size_t here_count; /* number of agents in the network namespace of this process */
	size_t denied;	   /* number of sockets to which this user may not connect */
	char last[NAME_BYTES];
	char last_here[NAME_BYTES];
	char names[160];
};

static bool is_known(const struct agents *agents, pid_t pid)
{
	for (size_t i = 0; i < agents->count && i < AGENTS_MAX; i++)
		if (pid && agents->pids[i] == pid)
			return true;
	return false;
}

static void add_agent(struct agents *agents, const char *name, pid_t pid)
{
	size_t used = strlen(agents->names);

	if (is_known(agents, pid))
		return;
	if (agents->count < AGENTS_MAX)
		agents->pids[agents->count] = pid;
	agents->count++;
	strcpy(agents->last, name);
	if (wf_control_peer_is_here(pid, false)) {
		agents->here_count++;
		strcpy(agents->last_here, name);
	}
	if (used + strlen(name) + 3 < sizeof(agents->names))
		sprintf(agents->names + used, "%s%s", used ? ", " : "", name);
}

/* Add the agent that listens at the socket of @name, unless it is dead. */
static void add_socket(struct agents *agents, const char *dir, const char *name)
{
	struct sockaddr_un addr;
	int fd;

	if (wf_socket_path(dir, name, &addr))
		return;
	fd = wf_control_connect(&addr);
	if (fd == -EACCES)
		agents->denied++;
	if (fd < 0)
		return;
	add_agent(agents, name, wf_control_peer_pid(fd));
	close(fd);
}

/*
 * Find all agents; a replay only if there is no agent. Return: 0; -EACCES if this user may not read
 * the directory, or may not connect to any socket in it.
 */
static int find_agents(const char *dir, struct agents *ret_agents)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	char name[NAME_BYTES];

	memset(ret_agents, 0, sizeof(*ret_agents));
	if (!stream)
		return errno == EACCES ? -EACCES : 0;
	while ((entry = readdir(stream)) != NULL)
		if (name_of(entry->d_name, name) && strcmp(name, WF_CONTROL_REPLAY))
			add_socket(ret_agents, dir, name);
	closedir(stream);
	if (!ret_agents->count)
		add_socket(ret_agents, dir, WF_CONTROL_REPLAY);
	return ret_agents->denied && !ret_agents->count ? -EACCES : 0;
}

/*
 * Copy to @ret_name the name of the only agent on this host or, if there are several, of the only
 * one in this network namespace.
 */
static int find_only(const char *dir, char *ret_name, struct wf_control_error *ret_error)
{
	struct agents agents;

	if (find_agents(dir, &agents))
		return refuse(ret_error, -EACCES, dir, NOT_PERMITTED);
	if (agents.count == 0)
		return refuse(ret_error, -ENOENT, dir,
			      "no agent is running; start one: weft run -i IFACE");
	if (agents.count > 1 && agents.here_count != 1) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "several agents are running, choose one with -i: %s", agents.names);
		return -ENOTUNIQ;
	}
	strcpy(ret_name, agents.count == 1 ? agents.last : agents.last_here);
	return 0;
}

static int read_response(const char *path, const char *line, const char *command,
			 json_t **ret_response, struct wf_control_error *ret_error)
{
	json_t *response = json_loads(line, 0, NULL);
	json_t *result = json_object_get(response, command);
	const char *why = json_string_value(json_object_get(response, "error"));
	int err = 0;

	if (json_is_true(json_object_get(response, "ok")) && result)
		*ret_response = json_incref(result);
	else if (why && json_is_true(json_object_get(response, "usage")))
		err = refuse(ret_error, -EINVAL, NULL, why);
	else if (why && json_is_true(json_object_get(response, "missing")))
		err = refuse(ret_error, -ENOENT, NULL, why);
	else if (why && json_is_true(json_object_get(response, "denied")))
		err = refuse(ret_error, -EACCES, NULL, why);
	else if (why)
		err = refuse(ret_error, -EPROTO, NULL, why);
	else
		err = refuse(ret_error, -EPROTO, path, "the response is not valid");
	json_decref(response);
	return err;
}

/* Return the reason for which the agent's answer is missing. */
static const char *why_silent(int err)
{
	switch (err) {
	case -ENODATA:
		return "the agent closed the connection without an answer";
	case -ETIMEDOUT:
		return "the agent has not answered within 5 s; either it is still starting, which "
		       "takes some seconds for each GiB of memory, or the host is overloaded";
	default:
		return strerror(-err);
	}
}

static int ask(int fd, const struct sockaddr_un *addr, const json_t *request, int stop_fd,
	       json_t **ret_response, struct wf_control_error *ret_error)
{
	uint64_t deadline_ns = wf_control_deadline_ns(ASK_TIMEOUT_MS);
	struct wf_control_line line = {.max_bytes = WF_CONTROL_RESPONSE_MAX_BYTES};
	const char *command = json_string_value(json_object_get(request, "command"));
	char *text = json_dumps(request, JSON_COMPACT);
	int err = text ? wf_control_send_line(fd, text, deadline_ns) : -ENOMEM;

	free(text);
	if (!err)
		err = wf_control_receive_line(fd, &line, stop_fd, deadline_ns);
	if (err)
		refuse(ret_error, err, addr->sun_path, why_silent(err));
	else
		err = read_response(addr->sun_path, line.text, command, ret_response, ret_error);
	free(line.text);
	return err;
}

/*
 * Connect to the agent on the interface @name. The socket of an agent in this network namespace is
 * preferred; otherwise the socket without a namespace in its name is used. Return: the descriptor;
 * negative errno.
 */
static int connect_to(const char *dir, const char *name, struct sockaddr_un *ret_addr)
{
	int err = wf_socket_path_here(dir, name, ret_addr);
	int fd = err ? err : wf_control_connect(ret_addr);

	if (fd >= 0)
		return fd;
	err = wf_socket_path(dir, name, ret_addr);
	return err ? err : wf_control_connect(ret_addr);
}

/*
 * Connect to the agent that @name selects. Return: the descriptor; negative errno, with the reason
 * in @ret_error.
 */
static int open_agent(const char *dir, const char *name, struct sockaddr_un *ret_addr,
		      struct wf_control_error *ret_error)
{
	char only[NAME_BYTES];
	int fd;

	if (!name) {
		int err = find_only(dir, only, ret_error);

		if (err)
			return err;
		name = only;
	}
	fd = connect_to(dir, name, ret_addr);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return refuse(ret_error, -ENOENT, ret_addr->sun_path,
			      "no agent runs on this interface; start one: weft run -i IFACE");
	if (fd == -EACCES)
		return refuse(ret_error, fd, ret_addr->sun_path, NOT_PERMITTED);
	if (fd < 0)
		return refuse(ret_error, fd, ret_addr->sun_path, strerror(-fd));
	return fd;
}

int wf_control_find(const char *dir, const char *name, char *ret_path,
		    struct wf_control_error *ret_error)
{
	struct sockaddr_un addr;
	int fd = open_agent(dir, name, &addr, ret_error);

	_Static_assert(sizeof(addr.sun_path) <= WF_CONTROL_PATH_BYTES, "room for any path");
	if (fd < 0)
		return fd;
	close(fd);
	strcpy(ret_path, addr.sun_path);
	return 0;
}

int wf_control_send(const char *dir, const char *name, const json_t *request, int stop_fd,
		    json_t **ret_response, struct wf_control_error *ret_error)
{
	struct sockaddr_un addr;
	int fd = open_agent(dir, name, &addr, ret_error);
	int err;

	if (fd < 0)
		return fd;
	err = ask(fd, &addr, request, stop_fd, ret_response, ret_error);
	close(fd);
	return err;
}
