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

enum { ASK_TIMEOUT_MS = 5000, NAME_BYTES = 64 };

static int refuse(struct wf_control_error *ret_error, int err, const char *what, const char *why)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%s%s%s", what ? what : "",
		 what ? ": " : "", why);
	return err;
}

static int connect_to(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return fd;
	err = -errno;
	close(fd);
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

/* Return true if an agent listens on the socket of @name in @dir; otherwise the file was left by a
 * killed agent. */
static bool is_alive(const char *dir, const char *name)
{
	struct sockaddr_un addr;
	int fd;

	if (wf_control_addr(dir, name, &addr))
		return false;
	fd = connect_to(&addr);
	if (fd < 0)
		return fd == -EACCES;
	close(fd);
	return true;
}

/* Copy the name of the only running agent in @dir to @ret_name. */
static int find_only(const char *dir, char *ret_name, struct wf_control_error *ret_error)
{
	DIR *stream = opendir(dir);
	char names[160] = "";
	struct dirent *entry;
	size_t count = 0;

	while (stream && (entry = readdir(stream)) != NULL) {
		char name[NAME_BYTES];

		if (!name_of(entry->d_name, name) || !is_alive(dir, name))
			continue;
		if (strlen(names) + strlen(name) + 3 < sizeof(names))
			sprintf(names + strlen(names), "%s%s", *names ? ", " : "", name);
		strcpy(ret_name, name);
		count++;
	}
	if (stream)
		closedir(stream);
	if (count == 0)
		return refuse(ret_error, -ENOENT, dir,
			      "no agent is running; start one: weft run -i IFACE");
	if (count > 1) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "several agents are running, choose one with -i: %s", names);
		return -ENOTUNIQ;
	}
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
	else
		err = refuse(ret_error, -EPROTO, path, why ? why : "the response is not valid");
	json_decref(response);
	return err;
}

static int ask(int fd, const struct sockaddr_un *addr, const json_t *request, json_t **ret_response,
	       struct wf_control_error *ret_error)
{
	uint64_t deadline_ns = wf_control_deadline_ns(ASK_TIMEOUT_MS);
	struct wf_control_line line = {.max_bytes = WF_CONTROL_RESPONSE_MAX_BYTES};
	const char *command = json_string_value(json_object_get(request, "command"));
	char *text = json_dumps(request, JSON_COMPACT);
	int err = text ? wf_control_send_line(fd, text, deadline_ns) : -ENOMEM;

	free(text);
	if (!err)
		err = wf_control_receive_line(fd, &line, -1, deadline_ns);
	if (err)
		refuse(ret_error, err, addr->sun_path,
		       err == -ENODATA ? "the agent ended before it answered" : strerror(-err));
	else
		err = read_response(addr->sun_path, line.text, command, ret_response, ret_error);
	free(line.text);
	return err;
}

int wf_control_send(const char *dir, const char *name, const json_t *request, json_t **ret_response,
		    struct wf_control_error *ret_error)
{
	struct sockaddr_un addr;
	char only[NAME_BYTES];
	int err;
	int fd;

	if (!name) {
		err = find_only(dir, only, ret_error);
		if (err)
			return err;
		name = only;
	}
	err = wf_control_addr(dir, name, &addr);
	if (err)
		return refuse(ret_error, err, dir, strerror(-err));

	fd = connect_to(&addr);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return refuse(ret_error, -ENOENT, addr.sun_path,
			      "no agent runs on this interface; start one: weft run -i IFACE");
	if (fd == -EACCES)
		return refuse(
			ret_error, fd, addr.sun_path,
			"not permitted; run this command as root or as the owner of the agent");
	if (fd < 0)
		return refuse(ret_error, fd, addr.sun_path, strerror(-fd));
	err = ask(fd, &addr, request, ret_response, ret_error);
	close(fd);
	return err;
}
