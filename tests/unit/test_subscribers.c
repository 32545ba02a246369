// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_subscribers.c - clients at the other end of socket pairs get the events of a running handle,
 * whose packets the test submits.
 */
#include "unit/support/test.h"
#include "unit/support/subscribers_rig.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "client/client_frame.h"

#define RESPONSE "{\"ok\":true,\"subscribe\":{\"version\":1}}\n"

enum { LARGE_BYTES = 60000 };

static int socket_bytes; /* size of the buffer of the next clients' sockets; 0: the default */

/* What a client has received. */
struct client {
	int fd;
	size_t len;
	uint8_t bytes[1 << 16];
	unsigned int frames[256]; /* by type */
	uint64_t data_bytes;
	uint64_t lost_bytes;
	enum weft_client_end end;
};

/* ---- clients ---- */

static int begin_subscribing(struct client *client, const char *text)
{
	json_t *request = json_loads(text, 0, NULL);
	int fds[2];
	int err;

	memset(client, 0, sizeof(*client));
	error = (struct wf_control_error){.text = ""};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	if (socket_bytes)
		assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &socket_bytes,
					    sizeof(socket_bytes)),
				 0);
	err = wf_subscribers_add(subscribers, fds[1], request, &error);
	if (err) {
		close(fds[0]);
		close(fds[1]);
	}
	client->fd = fds[0];
	json_decref(request);
	return err;
}

static int subscribe(struct client *client, const char *text)
{
	int err = begin_subscribing(client, text);

	if (!err)
		wait_for_subscription();
	return err;
}

static void take_frame(struct client *client, const struct wf_client_frame *frame)
{
	struct weft_flow_record record;
	struct weft_event event;

	client->frames[frame->type]++;
	if (frame->type == WEFT_CLIENT_END)
		client->end = (enum weft_client_end)be32toh(frame->fields.end.reason_be);
	if (!wf_client_frame_event(frame, &event, &record))
		return;
	if (event.type == WEFT_EVENT_DATA)
		client->data_bytes += event.data.len_bytes;
	else if (event.type == WEFT_EVENT_DROP)
		client->lost_bytes += event.drop.data_bytes;
}

static void take_frames(struct client *client)
{
	struct wf_client_frame frame;
	size_t done = 0;
	const char *why;
	int got;

	while ((got = wf_client_frame_read(client->bytes + done, client->len - done, &frame,
					   &why)) == 1) {
		take_frame(client, &frame);
		done += frame.len_bytes;
	}
	assert_int_equal(got, 0);
	memmove(client->bytes, client->bytes + done, client->len - done);
	client->len -= done;
}

/* Receives some bytes. Return: false at the end of the stream. */
static bool receive(struct client *client, size_t max)
{
	struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};
	ssize_t got;

	assert_int_equal(poll(&poll_fd, 1, WAIT_MS), 1);
	got = recv(client->fd, client->bytes + client->len, max, 0);
	assert_true(got >= 0);
	client->len += (size_t)got;
	return got > 0;
}

static void receive_response(struct client *client)
{
	while (client->len < strlen(RESPONSE))
		assert_true(receive(client, strlen(RESPONSE) - client->len));
	assert_memory_equal(client->bytes, RESPONSE, strlen(RESPONSE));
	client->len = 0;
}

static void receive_data(struct client *client, uint64_t bytes)
{
	while (client->data_bytes + client->lost_bytes < bytes) {
		assert_true(receive(client, sizeof(client->bytes) - client->len));
		take_frames(client);
	}
}

static void receive_end(struct client *client)
{
	while (receive(client, sizeof(client->bytes) - client->len))
		take_frames(client);
	assert_int_equal(client->len, 0);
	close(client->fd);
}

/* ---- tests ---- */

TEST_WITH(subscribers_client_gets_a_connection_and_the_end, start_capture, teardown)
{
	static struct client client;

	assert_int_equal(subscribe(&client, "{\"filter\":\"port 80\"}"), 0);
	receive_response(&client);
	live_submit_open(weft);
	submit_data(0, 3);
	receive_data(&client, 3 * PIECE_BYTES);
	end_capture();
	receive_end(&client);
	assert_int_equal(client.frames[WEFT_CLIENT_OPEN], 1);
	assert_int_equal(client.frames[WEFT_CLIENT_DATA], 3);
	assert_int_equal(client.frames[WEFT_CLIENT_CLOSE], 1);
	assert_int_equal(client.frames[WEFT_CLIENT_END], 1);
	assert_int_equal(client.end, WEFT_CLIENT_END_CAPTURE);
	assert_int_equal(client.data_bytes, 3 * PIECE_BYTES);
}

TEST_WITH(subscribers_client_that_comes_later_gets_the_connection_from_there, start_capture,
	  teardown)
{
	static struct client first, second;

	assert_int_equal(subscribe(&first, "{}"), 0);
	receive_response(&first);
	live_submit_open(weft);
	submit_data(0, 3);
	receive_data(&first, 3 * PIECE_BYTES);
	assert_int_equal(subscribe(&second, "{}"), 0);
	receive_response(&second);
	submit_data(3, 2);
	receive_data(&second, 2 * PIECE_BYTES);
	end_capture();
	receive_end(&first);
	receive_end(&second);
	assert_int_equal(first.data_bytes, 5 * PIECE_BYTES);
	assert_int_equal(second.data_bytes, 2 * PIECE_BYTES);
	assert_int_equal(second.frames[WEFT_CLIENT_OPEN], 1);
}

TEST_WITH(subscribers_client_that_does_not_read_costs_only_itself, start_capture, teardown)
{
	enum { PIECES = 2000 };
	static struct client quick, slow;

	assert_int_equal(subscribe(&slow, "{\"queue_bytes\":131072}"), 0);
	assert_int_equal(subscribe(&quick, "{}"), 0);
	receive_response(&quick);
	receive_response(&slow);
	live_submit_open(weft);
	for (uint32_t done = 0; done < PIECES; done += 100) {
		submit_data(done, 100);
		receive_data(&quick, (done + 100) * PIECE_BYTES);
	}
	assert_int_equal(quick.lost_bytes, 0);
	receive_data(&slow, PIECES * PIECE_BYTES);
	assert_true(slow.lost_bytes > 0);
	end_capture();
	receive_end(&quick);
	receive_end(&slow);
	assert_int_equal(slow.data_bytes + slow.lost_bytes, PIECES * PIECE_BYTES);
	assert_true(slow.frames[WEFT_CLIENT_LOSS] > 0);
	assert_int_equal(slow.frames[WEFT_CLIENT_END], 1);
}

static void add_waiting(const char *name, const struct weft_sub_stats *stats, void *ctx)
{
	*(uint64_t *)ctx += stats->waiting_events;
}

static atomic_int idle_logged;

static void count_idle(enum weft_log_level level, const char *message, void *ctx)
{
	if (level == WEFT_LOG_WARN && strstr(message, "its client read nothing for 300 ms"))
		atomic_fetch_add(&idle_logged, 1);
}

static int start_logged(void **state)
{
	atomic_store(&idle_logged, 0);
	return start_capture_logged(state, count_idle);
}

/* Waits until the thread that serves has taken all events from the queues. */
static void wait_until_taken(void)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	uint64_t waiting;

	for (int ms = 0; ms < WAIT_MS; ms++) {
		waiting = 0;
		assert_int_equal(weft_subs_each(weft, add_waiting, &waiting), 0);
		if (!waiting)
			return;
		nanosleep(&nap, NULL);
	}
	fail_msg("%llu events wait", (unsigned long long)waiting);
}

/*
 * One event is larger than the socket's buffer: it was taken from the queue, in which nothing
 * waits any more.
 */
TEST_WITH(subscribers_client_that_blocks_its_socket_is_ended_when_idle, start_logged, teardown)
{
	static uint8_t bytes[LARGE_BYTES];
	static struct client client;
	struct pollfd poll_fd;

	socket_bytes = 1; /* the kernel uses its minimum, less than LARGE_BYTES */
	assert_int_equal(subscribe(&client, "{\"idle_ttl_ms\":300}"), 0);
	socket_bytes = 0;
	poll_fd.fd = client.fd;
	poll_fd.events = 0;
	receive_response(&client);
	live_submit_open(weft);
	live_submit(weft, true, WF_TCP_ACK | WF_TCP_PSH, 1001, 5001, bytes, LARGE_BYTES);
	wait_for_subscription();
	wait_until_taken();
	assert_int_equal(poll(&poll_fd, 1, WAIT_MS), 1);
	assert_true(poll_fd.revents & POLLHUP);
	while (receive(&client, sizeof(client.bytes) - client.len))
		take_frames(&client);
	assert_int_equal(client.frames[WEFT_CLIENT_OPEN], 1);
	assert_int_equal(client.frames[WEFT_CLIENT_DATA], 0);
	assert_int_equal(atomic_load(&idle_logged), 1);
	close(client.fd);
}

static int start_with_ttl(void **state)
{
	WEFT_OPTS(weft_opts, opts, .workers = 1, .memory_max_bytes = 64 << 20);

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(wf_subscribers_new(weft, CLIENTS_MAX, NULL, NULL, &subscribers, &error),
			 0);
	wf_subscribers_set_replay(subscribers, 300);
	return wf_subscribers_start(subscribers);
}

static void wait_for_count(unsigned int count)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	while (wf_subscribers_count(subscribers) != count)
		nanosleep(&nap, NULL);
}

TEST_WITH(subscribers_before_the_start_are_cut_if_it_fails, start_with_ttl, teardown)
{
	static struct client client;

	assert_int_equal(begin_subscribing(&client, "{}"), 0);
	receive_response(&client);
	assert_int_equal(wf_subscribers_count(subscribers), 1);
	wf_subscribers_cut(subscribers);
	wf_subscribers_finish(subscribers);
	assert_int_equal(wf_subscribers_count(subscribers), 0);
	close(client.fd);
}

TEST_WITH(subscribers_of_a_set_with_a_time_limit_are_ended_when_idle, start_with_ttl, teardown)
{
	static uint8_t bytes[LARGE_BYTES];
	WEFT_OPTS(weft_submit_opts, submit, .live = true);
	static struct client client;

	assert_int_equal(weft_add_submit(weft, &submit), 0);
	socket_bytes = 1;
	assert_int_equal(begin_subscribing(&client, "{}"), 0);
	socket_bytes = 0;
	assert_int_equal(weft_start(weft), 0);
	live_submit_open(weft);
	live_submit(weft, true, WF_TCP_ACK | WF_TCP_PSH, 1001, 5001, bytes, LARGE_BYTES);
	wait_for_count(0);
	close(client.fd);
	wf_subscribers_refuse(subscribers);
	assert_int_equal(begin_subscribing(&client, "{}"), -ESHUTDOWN);
}

TEST_WITH(subscribers_beyond_the_limit_are_refused_until_one_goes, start_capture, teardown)
{
	static struct client clients[CLIENTS_MAX], other;
	const struct timespec nap = {.tv_nsec = 1000000};

	for (int i = 0; i < CLIENTS_MAX; i++)
		assert_int_equal(subscribe(&clients[i], "{}"), 0);
	assert_int_equal(subscribe(&other, "{}"), -EBUSY);
	assert_non_null(strstr(error.text, "control.max_subscribers"));
	close(clients[0].fd);
	while (subscribe(&other, "{}"))
		nanosleep(&nap, NULL);
	end_capture();
	for (int i = 1; i < CLIENTS_MAX; i++)
		close(clients[i].fd);
	close(other.fd);
}

TEST_WITH(subscribers_client_that_sends_gets_an_error, start_capture, teardown)
{
	static struct client client;

	assert_int_equal(subscribe(&client, "{}"), 0);
	receive_response(&client);
	assert_int_equal(send(client.fd, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	/* A client that only closes its sending direction still gets events. */
	shutdown(client.fd, SHUT_WR);
	live_submit_open(weft);
	submit_data(0, 1);
	receive_data(&client, PIECE_BYTES);
	close(client.fd);
}

TEST_WITH(subscribers_request_that_is_wrong_does_not_take_the_connection, start_capture, teardown)
{
	static struct client client;

	assert_int_equal(subscribe(&client, "{\"overflow\":\"block\"}"), -EINVAL);
	assert_true(error.is_usage);
	assert_non_null(strstr(error.text, "would stop live capture"));
	assert_int_equal(subscribe(&client, "{\"queue_bytes\":1}"), -EINVAL);
	assert_non_null(strstr(error.text, "out of range"));
	assert_int_equal(subscribe(&client, "{\"queue_bytes\":1099511627776}"), -ENOBUFS);
	assert_non_null(strstr(error.text, "memory budget"));
}

TEST_WITH(subscribers_after_the_end_are_refused, start_capture, teardown)
{
	static struct client client;

	end_capture();
	assert_int_equal(subscribe(&client, "{}"), -ESHUTDOWN);
	assert_non_null(strstr(error.text, "the capture has ended"));
}
