// SPDX-License-Identifier: BSD-2-Clause
/*
 * client.c - implements weft/client.h: a connection to an agent, and one buffer for what arrives.
 *
 *   bytes: [frames that were read][frames that wait][a part of a frame][room]
 *                                 ^ begin                             ^ end
 *
 * With shared memory, only the response arrives in the buffer: client_shm.c reads the frames, and
 * the socket carries single bytes by which agent and client wake each other.
 *
 * Bound: the buffer has room for one frame of the maximum length. Bytes move to its front only when
 * no complete frame waits, so an event stays valid until the next call.
 */
#include <weft/client.h>

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client_conns.h"
#include "client/client_frame.h"
#include "client/client_request.h"
#include "client/client_shm.h"
#include "client/client_socket.h"

enum { ERROR_BYTES = 512, PATH_BYTES = 128, FLOWS_MAX = 1 << 26 };
#define ALL_EVENTS ((1u << WEFT_EVENT_TYPE_COUNT) - 1)

struct weft_client {
	int fd;
	int err; /* the error that has ended the stream; 0: none */
	uint32_t events;
	size_t begin;
	size_t end;
	const char *interface; /* name of the interface of the last event's connection */
	struct weft_flow unknown;
	struct weft_flow_record record;
	struct wf_client_conns conns;
	bool is_shared; /* frames come from @shm */
	struct wf_client_shm shm;
	int shm_fds[WF_SHM_FDS]; /* descriptors of the response, until they are mapped; -1: none */
	char path[PATH_BYTES];
	char error[ERROR_BYTES];
	uint8_t bytes[WEFT_CLIENT_FRAME_MAX_BYTES];
};

static __thread char open_error[ERROR_BYTES];

/* ---- errors ---- */

static int refuse(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Keep the reason why weft_client_open() fails. Return: @err. */
static int refuse(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(open_error, sizeof(open_error), format, args);
	va_end(args);
	return err;
}

/* End the stream with the error @err, whose reason is @why. Return: @err. */
static int fail(struct weft_client *client, int err, const char *why)
{
	client->err = err;
	snprintf(client->error, sizeof(client->error), "%s: %s", client->path, why);
	return err;
}

const char *weft_client_error(const struct weft_client *client)
{
	return client ? client->error : open_error;
}

/* ---- opening ---- */

/* Copy the options of a caller that was compiled with an older or a newer header. */
static int copy_opts(const struct weft_client_opts *opts, struct weft_client_opts *ret_opts)
{
	const char *bytes = (const char *)opts;
	size_t sz = opts ? opts->sz : 0;

	*ret_opts = (struct weft_client_opts){.sz = sizeof(*ret_opts)};
	if (sz < sizeof(sz))
		return refuse(-EINVAL, "weft_client_opts: sz is not set; use WEFT_OPTS()");
	for (size_t i = sizeof(*ret_opts); i < sz; i++)
		if (bytes[i])
			return refuse(-EINVAL, "weft_client_opts: an option is set that this "
					       "version does not know");
	memcpy(ret_opts, opts, sz < sizeof(*ret_opts) ? sz : sizeof(*ret_opts));
	return 0;
}

static int check_opts(const struct weft_client_opts *opts)
{
	if (!opts->path && !opts->interface)
		return refuse(-EINVAL, "weft_client_opts: neither path nor interface is set");
	if (opts->events & ~ALL_EVENTS)
		return refuse(-EINVAL, "weft_client_opts: the mask of events 0x%x is not valid",
			      opts->events);
	if (opts->directions & ~(WEFT_DIR_BIT(WEFT_TO_SERVER) | WEFT_DIR_BIT(WEFT_TO_CLIENT)))
		return refuse(-EINVAL, "weft_client_opts: the mask of directions 0x%x is not valid",
			      opts->directions);
	if (opts->overflow > WEFT_OVERFLOW_RESIZE)
		return refuse(-EINVAL, "weft_client_opts: %d is not a valid overflow policy",
			      (int)opts->overflow);
	if (opts->transport > WEFT_CLIENT_SHM)
		return refuse(-EINVAL, "weft_client_opts: %d is not a valid transport",
			      (int)opts->transport);
	if (opts->flows_max > FLOWS_MAX)
		return refuse(-EINVAL, "weft_client_opts: flows_max is more than %d", FLOWS_MAX);
	return 0;
}

/* Return the reason why the client can't connect to an agent, with a remedy if there is one. */
static const char *why_no_agent(int err)
{
	switch (err) {
	case -ENOENT:
	case -ECONNREFUSED:
		return "no agent listens on this socket; start one: weft run -i IFACE";
	case -EACCES:
		return "not permitted; run this program as root, as the owner of the agent, or as "
		       "a member of the group in delivery.shm_group";
	default:
		return strerror(-err);
	}
}

/* Receive the response, and leave the bytes after it in the buffer. */
static int receive_response(struct weft_client *client, uint64_t deadline_ns,
			    struct wf_client_response *ret_response)
{
	uint8_t *newline = NULL;

	while (!newline) {
		ssize_t got;

		if (client->end == sizeof(client->bytes))
			return -EPROTO;
		/* The descriptors come with the first byte. */
		got = wf_client_receive_fds(client->fd, client->bytes + client->end,
					    sizeof(client->bytes) - client->end, deadline_ns,
					    client->end ? NULL : client->shm_fds,
					    client->end ? 0 : WF_SHM_FDS);
		if (got == -EAGAIN && wf_client_deadline_ns(0) < deadline_ns)
			continue;
		if (got <= 0)
			return !got ? -ECONNRESET : got == -EAGAIN ? -ETIMEDOUT : (int)got;
		newline = memchr(client->bytes + client->end, '\n', (size_t)got);
		client->end += (size_t)got;
	}
	*newline = '\0';
	client->begin = (size_t)(newline + 1 - client->bytes);
	return wf_client_response_read((char *)client->bytes, ret_response) ? 0 : -EPROTO;
}

static void close_fds(struct weft_client *client)
{
	for (int i = 0; i < WF_SHM_FDS; i++) {
		if (client->shm_fds[i] >= 0)
			close(client->shm_fds[i]);
		client->shm_fds[i] = -1;
	}
}

/* Map the memory that came with the response. */
static int map_shared(struct weft_client *client)
{
	int err = wf_client_shm_open(&client->shm, client->fd, client->shm_fds);

	close_fds(client);
	/* Discard bytes that came with the response: they only wake the client. */
	client->begin = client->end = 0;
	if (err == -EPROTO)
		return refuse(err, "%s: the agent shares no valid memory", client->path);
	if (err == -EPROTONOSUPPORT)
		return refuse(-EPROTO,
			      "%s: the agent is of another version, whose shared memory this "
			      "library can't read; use libweft-client of the agent's version, or "
			      "the socket",
			      client->path);
	return err ? refuse(err, "%s: can't map the memory of the agent: %s", client->path,
			    strerror(-err))
		   : 0;
}

/* Send the request and read the response. Return: 0 if frames follow; negative errno. */
static int subscribe(struct weft_client *client, const struct weft_client_opts *opts,
		     uint64_t deadline_ns)
{
	struct wf_client_response response = {.is_ok = false};
	char *request = wf_client_request_new(opts);
	int err = -ENOMEM;

	if (request)
		err = wf_client_send(client->fd, request, strlen(request), deadline_ns);
	free(request);
	if (!err)
		err = receive_response(client, deadline_ns, &response);
	if (err == -EPROTO)
		return refuse(err, "%s: the response is not valid", client->path);
	if (err)
		return refuse(err, "%s: %s", client->path,
			      err == -ECONNRESET
				      ? "the agent closed the connection without an answer"
				      : strerror(-err));
	if (response.is_ok)
		return client->is_shared ? map_shared(client) : 0;
	if (response.is_usage)
		return refuse(-EINVAL, "%s", response.error);
	return refuse(-EPROTO, "%s: %s", client->path,
		      *response.error ? response.error : "the request was rejected");
}

static struct weft_client *alloc_client(const struct weft_client_opts *opts)
{
	struct weft_client *client = malloc(sizeof(*client));

	if (!client)
		return NULL;
	/* The buffer is not zeroed, so that its pages are allocated only when data arrives. */
	memset(client, 0, offsetof(struct weft_client, bytes));
	client->events = opts->events ? opts->events : ALL_EVENTS;
	client->interface = "";
	client->is_shared = opts->transport == WEFT_CLIENT_SHM;
	for (int i = 0; i < WF_SHM_FDS; i++)
		client->shm_fds[i] = -1;
	wf_client_conns_init(&client->conns, opts->flows_max ? opts->flows_max : WEFT_CLIENT_FLOWS);
	return client;
}

int weft_client_open(const struct weft_client_opts *opts, struct weft_client **ret_client)
{
	struct weft_client_opts all;
	struct weft_client *client;
	uint32_t timeout_ms;
	uint64_t deadline_ns;
	int err = copy_opts(opts, &all);

	if (!err)
		err = check_opts(&all);
	if (err)
		return err;
	client = alloc_client(&all);
	if (!client)
		return refuse(-ENOMEM, "%s", strerror(ENOMEM));
	timeout_ms = all.timeout_ms ? all.timeout_ms : WEFT_CLIENT_TIMEOUT_MS;
	deadline_ns = wf_client_deadline_ns(timeout_ms < INT_MAX ? (int)timeout_ms : INT_MAX);
	client->fd = wf_client_connect(&all, deadline_ns, client->path, sizeof(client->path));
	if (client->fd < 0)
		err = refuse(client->fd, "%s: %s", client->path, why_no_agent(client->fd));
	else
		err = subscribe(client, &all, deadline_ns);
	if (err) {
		weft_client_close(client);
		return err;
	}
	*ret_client = client;
	return 0;
}

void weft_client_close(struct weft_client *client)
{
	if (!client)
		return;
	close_fds(client);
	wf_client_shm_close(&client->shm);
	if (client->fd >= 0)
		close(client->fd);
	wf_client_conns_fini(&client->conns);
	free(client);
}

int weft_client_fd(const struct weft_client *client)
{
	return client->fd;
}

const char *weft_client_interface(const struct weft_client *client)
{
	return client->interface;
}

/* ---- receiving ---- */

static int end_stream(struct weft_client *client, const struct wf_client_frame *frame)
{
	char why[160];

	wf_client_frame_text(frame, why, sizeof(why));
	switch (be32toh(frame->fields.end.reason_be)) {
	case WEFT_CLIENT_END_CAPTURE:
		return fail(client, -ESHUTDOWN, why);
	case WEFT_CLIENT_END_IDLE:
		return fail(client, -ETIMEDOUT, why);
	default:
		return fail(client, -ECONNABORTED, why);
	}
}

static int add_conn(struct weft_client *client, const struct wf_client_frame *frame)
{
	struct weft_flow flow = wf_client_frame_flow(frame);
	struct wf_client_conn *conn = wf_client_conns_add(&client->conns, &flow);

	if (!conn)
		return fail(client, -ENOMEM, strerror(ENOMEM));
	wf_client_frame_text(frame, conn->interface, sizeof(conn->interface));
	return 0;
}

/*
 * Set the connection of @event. A connection that was removed from the table stays readable until
 * the next one is added, which only a later call does.
 */
static void set_conn(struct weft_client *client, const struct wf_client_frame *frame,
		     struct weft_event *event)
{
	struct wf_client_conn *conn;

	client->interface = "";
	if (!frame->flow_id)
		return;
	conn = wf_client_conns_find(&client->conns, frame->flow_id);
	if (!conn) {
		client->unknown = (struct weft_flow){.id = frame->flow_id};
		event->flow = &client->unknown;
		return;
	}
	event->flow = &conn->flow;
	client->interface = conn->interface;
	if (frame->type == WEFT_CLIENT_CLOSE)
		wf_client_conns_remove(&client->conns, conn);
}

/* Take the next frame. Return: 1 if it is a wanted event; 0 if it is not; negative errno. */
static int take_frame(struct weft_client *client, const struct wf_client_frame *frame,
		      struct weft_event *ret_event)
{
	int err = 0;

	if (frame->type == WEFT_CLIENT_END)
		return end_stream(client, frame);
	if (!wf_client_frame_event(frame, ret_event, &client->record))
		return 0;
	if (frame->type == WEFT_CLIENT_OPEN)
		err = add_conn(client, frame);
	if (err)
		return err;
	set_conn(client, frame, ret_event);
	return ret_event->type == WEFT_EVENT_DROP ||
	       client->events & WEFT_EVENT_BIT(ret_event->type);
}

/* Read the next frame. Return: 1 on success; 0 if none waits; negative errno, with @ret_why. */
static int read_frame(struct weft_client *client, struct wf_client_frame *frame,
		      const char **ret_why)
{
	int got;

	if (client->is_shared) {
		wf_client_shm_release(&client->shm);
		return wf_client_shm_read(&client->shm, frame, ret_why);
	}
	got = wf_client_frame_read(client->bytes + client->begin, client->end - client->begin,
				   frame, ret_why);
	if (got > 0)
		client->begin += frame->len_bytes;
	return got;
}

/* Take frames that wait. Return: 1 at the first wanted event; 0 if none waits; negative errno. */
static int take_event(struct weft_client *client, struct weft_event *ret_event)
{
	struct wf_client_frame frame;
	const char *why;
	int got;

	do {
		got = read_frame(client, &frame, &why);
		if (got < 0)
			return fail(client, got, why);
		if (!got)
			return 0;
		got = take_frame(client, &frame, ret_event);
	} while (!got);
	return got;
}

/*
 * Check @got, the result of wf_client_receive(). End the stream if it is 0, the end of the
 * connection, or an error other than -EAGAIN. Return: 0 if bytes were received; -EAGAIN; the error
 * that has ended the stream.
 */
static int check_received(struct weft_client *client, ssize_t got)
{
	if (!got || got == -ECONNRESET)
		return fail(
			client, -ECONNRESET,
			"the connection was cut off: the agent died, or disconnected this client");
	if (got < 0 && got != -EAGAIN)
		return fail(client, (int)got, strerror((int)-got));
	return got > 0 ? 0 : -EAGAIN;
}

/* Wake the agent if the client has reached the position for which the agent waits. */
static void wake_agent(struct weft_client *client)
{
	if (wf_client_shm_is_wanted(&client->shm))
		(void)!send(client->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Wait until the agent has published more. Return: as receive_more(). */
static int wait_for_frames(struct weft_client *client, uint64_t deadline_ns)
{
	ssize_t got;

	wake_agent(client);
	if (!wf_client_shm_sleep(&client->shm))
		return 0;
	got = wf_client_shm_receive(&client->shm, deadline_ns);
	/* Frames that an agent published before it died are read before the error is returned. */
	if (got != -EAGAIN && !wf_client_shm_sleep(&client->shm))
		return 0;
	return check_received(client, got);
}

/* Receive more bytes. Return: 0; -EAGAIN; the error that has ended the stream. */
static int receive_more(struct weft_client *client, uint64_t deadline_ns)
{
	ssize_t got;

	if (client->is_shared)
		return wait_for_frames(client, deadline_ns);
	memmove(client->bytes, client->bytes + client->begin, client->end - client->begin);
	client->end -= client->begin;
	client->begin = 0;
	got = wf_client_receive(client->fd, client->bytes + client->end,
				sizeof(client->bytes) - client->end, deadline_ns);
	if (got > 0)
		client->end += (size_t)got;
	return check_received(client, got);
}

int weft_client_done(struct weft_client *client)
{
	bool is_intact = wf_client_shm_release(&client->shm);

	if (client->is_shared)
		wake_agent(client);
	return is_intact ? 0 : -ESTALE;
}

int weft_client_next(struct weft_client *client, struct weft_event *ret_event, int timeout_ms)
{
	uint64_t deadline_ns = wf_client_deadline_ns(timeout_ms);
	int got = client->err;

	if (client->is_shared && !got) {
		wf_client_shm_release(&client->shm);
		wake_agent(client);
	}
	while (!got) {
		got = take_event(client, ret_event);
		if (got)
			break;
		got = receive_more(client, deadline_ns);
		/* Frames that are not wanted must not keep the caller beyond its time limit. */
		if (!got && wf_client_deadline_ns(0) >= deadline_ns) {
			got = take_event(client, ret_event);
			if (!got)
				return -EAGAIN;
		}
	}
	return got < 0 ? got : 0;
}
