// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_client.c - libweft-client against an agent that the test plays: it sends what an agent would
 * send, in pieces, and what an agent must not send.
 *
 * The agent is a thread that accepts one connection, reads the request, and sends prepared bytes.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <weft/client.h>

#include "client/client_conns.h"
#include "client/client_request.h"
#include "client/client_socket.h"
#include "client/shm.h"
#include "client/socket_path.h"
#include "serve/frame_write.h"
#include "serve/send_fds.h"

#define OK_RESPONSE "{\"ok\":true,\"subscribe\":{\"version\":1}}\n"

static struct agent {
	char dir[32];
	char path[64];
	int listen_fd;
	pthread_t thread;
	char request[4096];
	uint8_t bytes[1 << 20];
	size_t len;
	size_t piece_bytes; /* bytes of each send(); 0: all */
	bool is_shared;	    /* send @fds with the bytes */
	int fds[WF_SHM_FDS];
} agent;

static struct weft_client *client;

static void *play_agent(void *ctx)
{
	int fd = accept(agent.listen_fd, NULL, NULL);
	size_t len = 0;

	while (!memchr(agent.request, '\n', len)) {
		ssize_t got = recv(fd, agent.request + len, sizeof(agent.request) - 1 - len, 0);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	if (agent.is_shared)
		wf_send_fds(fd, agent.bytes, agent.len, agent.fds, WF_SHM_FDS);
	for (size_t done = 0; done < agent.len && !agent.is_shared;) {
		size_t step = agent.piece_bytes ? agent.piece_bytes : agent.len;
		ssize_t sent =
			send(fd, agent.bytes + done,
			     step < agent.len - done ? step : agent.len - done, MSG_NOSIGNAL);

		if (sent < 0)
			break;
		done += (size_t)sent;
	}
	close(fd);
	return NULL;
}

static int setup(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	memset(&agent, 0, sizeof(agent));
	client = NULL;
	strcpy(agent.dir, "/tmp/weft-client-XXXXXX");
	assert_non_null(mkdtemp(agent.dir));
	snprintf(agent.path, sizeof(agent.path), "%s/eth0.sock", agent.dir);
	strcpy(addr.sun_path, agent.path);
	agent.listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(agent.listen_fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(agent.listen_fd, 1), 0);
	return pthread_create(&agent.thread, NULL, play_agent, NULL);
}

static int teardown(void **state)
{
	weft_client_close(client);
	/* Ends accept() if the client never connected. */
	shutdown(agent.listen_fd, SHUT_RDWR);
	pthread_join(agent.thread, NULL);
	close(agent.listen_fd);
	unlink(agent.path);
	return rmdir(agent.dir);
}

static void add(const void *bytes, size_t len)
{
	memcpy(agent.bytes + agent.len, bytes, len);
	agent.len += len;
}

static void add_text(const char *text)
{
	add(text, strlen(text));
}

static void add_parts(const struct iovec *parts, int count)
{
	for (int i = 0; i < count; i++)
		add(parts[i].iov_base, parts[i].iov_len);
}

static void add_event(const struct weft_event *event)
{
	struct iovec parts[WF_FRAME_PARTS_MAX];
	struct wf_wire_frame fields;

	add_parts(parts, wf_frame_write(event, "eth0", &fields, parts));
}

static void add_open(uint64_t id)
{
	const struct weft_flow flow = {.id = id, .ip_version = 4, .src_port = 1000, .dst_port = 80};

	add_event(&(struct weft_event){.type = WEFT_EVENT_OPEN, .flow = &flow});
}

static void add_data(uint64_t id, const void *bytes, uint32_t len)
{
	const struct weft_flow flow = {.id = id};

	add_event(&(struct weft_event){.type = WEFT_EVENT_DATA,
				       .flow = &flow,
				       .data = {.bytes = bytes, .len_bytes = len}});
}

static void add_close(uint64_t id)
{
	const struct weft_flow flow = {.id = id};
	const struct weft_flow_record record = {.reason = WEFT_CLOSE_FIN};

	add_event(&(struct weft_event){.type = WEFT_EVENT_CLOSE, .flow = &flow, .close = &record});
}

static void add_end(enum weft_client_end reason, const char *text)
{
	struct iovec parts[WF_FRAME_PARTS_MAX];
	struct wf_wire_frame fields;

	add_parts(parts, wf_frame_write_end(reason, text, 1, &fields, parts));
}

static int open_client(uint32_t events)
{
	WEFT_OPTS(weft_client_opts, opts, .interface = "eth0", .dir = agent.dir,
		  .filter = "port \"80\"", .events = events);

	return weft_client_open(&opts, &client);
}

static void assert_next(enum weft_event_type type, struct weft_event *ret_event)
{
	assert_int_equal(weft_client_next(client, ret_event, 5000), 0);
	assert_int_equal(ret_event->type, type);
}

static void assert_ends(int err, const char *why)
{
	struct weft_event event;

	assert_int_equal(weft_client_next(client, &event, 5000), err);
	assert_int_equal(weft_client_next(client, &event, 0), err);
	assert_non_null(strstr(weft_client_error(client), why));
}

TEST_WITH(client_request_is_json_with_escaped_text, setup, teardown)
{
	add_text(OK_RESPONSE);
	assert_int_equal(open_client(WEFT_EVENT_BIT(WEFT_EVENT_GAP)), 0);
	assert_ends(-ECONNRESET, "cut off");
	assert_string_equal(
		agent.request,
		"{\"command\":\"subscribe\",\"version\":1,\"filter\":\"port \\\"80\\\"\","
		"\"events\":[\"open\",\"gap\",\"close\"]}\n");
}

TEST_WITH(client_events_have_their_connection_until_it_is_closed, setup, teardown)
{
	struct weft_event event;

	add_text(OK_RESPONSE);
	add_open(7);
	add_data(7, "hello", 5);
	add_close(7);
	add_data(7, "late", 4);
	add_end(WEFT_CLIENT_END_CAPTURE, "the capture has ended");
	assert_int_equal(open_client(0), 0);
	assert_next(WEFT_EVENT_OPEN, &event);
	assert_next(WEFT_EVENT_DATA, &event);
	assert_int_equal(event.flow->dst_port, 80);
	assert_string_equal(weft_client_interface(client), "eth0");
	assert_memory_equal(event.data.bytes, "hello", 5);
	assert_next(WEFT_EVENT_CLOSE, &event);
	assert_int_equal(event.flow->src_port, 1000);
	assert_next(WEFT_EVENT_DATA, &event);
	assert_int_equal(event.flow->id, 7);
	assert_int_equal(event.flow->ip_version, 0);
	assert_string_equal(weft_client_interface(client), "");
	assert_ends(-ESHUTDOWN, "the capture has ended");
}

TEST_WITH(client_reads_frames_that_arrive_byte_by_byte, setup, teardown)
{
	struct weft_event event;

	agent.piece_bytes = 1;
	add_text(OK_RESPONSE);
	add_open(7);
	add_data(7, "hello", 5);
	add_end(WEFT_CLIENT_END_CAPTURE, "");
	assert_int_equal(open_client(0), 0);
	assert_next(WEFT_EVENT_OPEN, &event);
	assert_next(WEFT_EVENT_DATA, &event);
	assert_memory_equal(event.data.bytes, "hello", 5);
	assert_ends(-ESHUTDOWN, "");
}

TEST_WITH(client_reads_the_largest_frame, setup, teardown)
{
	static uint8_t bytes[WEFT_CLIENT_FRAME_MAX_BYTES - 32];
	struct weft_event event;

	memset(bytes, 'x', sizeof(bytes));
	add_text(OK_RESPONSE);
	add_open(7);
	add_data(7, bytes, sizeof(bytes));
	add_end(WEFT_CLIENT_END_CAPTURE, "");
	assert_int_equal(open_client(0), 0);
	assert_next(WEFT_EVENT_OPEN, &event);
	assert_next(WEFT_EVENT_DATA, &event);
	assert_int_equal(event.data.len_bytes, sizeof(bytes));
	assert_memory_equal(event.data.bytes, bytes, sizeof(bytes));
	assert_ends(-ESHUTDOWN, "");
}

TEST_WITH(client_skips_events_that_are_not_wanted, setup, teardown)
{
	struct weft_event event;

	add_text(OK_RESPONSE);
	add_open(7);
	add_data(7, "hello", 5);
	add_close(7);
	add_end(WEFT_CLIENT_END_CAPTURE, "");
	assert_int_equal(open_client(WEFT_EVENT_BIT(WEFT_EVENT_DATA)), 0);
	assert_next(WEFT_EVENT_DATA, &event);
	assert_int_equal(event.flow->dst_port, 80);
	assert_ends(-ESHUTDOWN, "");
}

TEST_WITH(client_gets_the_reason_that_it_was_idle, setup, teardown)
{
	add_text(OK_RESPONSE);
	add_end(WEFT_CLIENT_END_IDLE, "no event was taken");
	assert_int_equal(open_client(0), 0);
	assert_ends(-ETIMEDOUT, "no event was taken");
}

TEST_WITH(client_refuses_a_frame_that_lies, setup, teardown)
{
	add_text(OK_RESPONSE);
	add("\xff\xff\xff\xff", 4);
	assert_int_equal(open_client(0), 0);
	assert_ends(-EPROTO, "longer than the maximum");
}

/* ---- shared memory ---- */

/* The agent shares memory with a ring of this version. */
static void share_memory(uint32_t version)
{
	enum { BYTES = WF_SHM_HEAD_BYTES + WF_SHM_SLOTS * WF_SHM_SLOT_BYTES };
	const struct wf_shm_head head = {.version = version, .slots = WF_SHM_SLOTS};

	for (int i = 0; i < WF_SHM_FDS; i++) {
		agent.fds[i] = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		assert_int_equal(ftruncate(agent.fds[i], BYTES), 0);
		assert_int_equal(fcntl(agent.fds[i], F_ADD_SEALS, F_SEAL_SHRINK), 0);
	}
	assert_int_equal(pwrite(agent.fds[WF_SHM_ARENA], &head, sizeof(head), 0), sizeof(head));
	agent.is_shared = true;
	add_text(OK_RESPONSE);
}

static int open_shared(void)
{
	WEFT_OPTS(weft_client_opts, opts, .path = agent.path, .transport = WEFT_CLIENT_SHM);

	return weft_client_open(&opts, &client);
}

/* Return the number of descriptors that are open, without those of the agent. */
static int count_fds(void)
{
	int count = 0;

	pthread_join(agent.thread, NULL);
	for (int i = 0; i < WF_SHM_FDS; i++)
		close(agent.fds[i]);
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int fds_before;

static int setup_counted(void **state)
{
	int err = setup(state);

	fds_before = 0;
	for (int fd = 0; fd < 1024; fd++)
		fds_before += fcntl(fd, F_GETFD) >= 0;
	return err;
}

/* As teardown(), after count_fds(), which has waited for the agent. */
static int teardown_counted(void **state)
{
	weft_client_close(client);
	close(agent.listen_fd);
	unlink(agent.path);
	return rmdir(agent.dir);
}

TEST_WITH(client_of_an_agent_of_another_version_has_the_reason, setup_counted, teardown_counted)
{
	share_memory(WF_SHM_VERSION - 1);
	assert_int_equal(open_shared(), -EPROTO);
	assert_non_null(strstr(weft_client_error(NULL), "the agent is of another version"));
	assert_int_equal(count_fds(), fds_before);
}

TEST_WITH(client_with_shared_memory_keeps_its_connection_only, setup_counted, teardown_counted)
{
	struct weft_event event;

	share_memory(WF_SHM_VERSION);
	assert_int_equal(open_shared(), 0);
	assert_int_equal(weft_client_next(client, &event, -1), -ECONNRESET);
	assert_int_equal(count_fds(), fds_before + 1);
}

TEST_WITH(client_that_is_rejected_has_the_reason, setup, teardown)
{
	add_text(
		"{\"ok\": false, \"error\": \"filter: \\\"x\\u001b\\\" is wrong\", \"usage\": true}\n");
	assert_int_equal(open_client(0), -EINVAL);
	assert_string_equal(weft_client_error(NULL), "filter: \"x?\" is wrong");
}

TEST_WITH(client_of_an_old_agent_has_its_error, setup, teardown)
{
	add_text("{\"ok\":false,\"error\":\"unknown command: subscribe\"}\n");
	assert_int_equal(open_client(0), -EPROTO);
	assert_non_null(strstr(weft_client_error(NULL), "unknown command"));
}

TEST_WITH(client_refuses_a_response_that_is_no_json, setup, teardown)
{
	add_text("HTTP/1.1 400 Bad Request\n");
	assert_int_equal(open_client(0), -EPROTO);
	assert_non_null(strstr(weft_client_error(NULL), "not valid"));
}

TEST_WITH(client_refuses_a_response_without_end, setup, teardown)
{
	memset(agent.bytes, 'x', sizeof(agent.bytes));
	agent.len = sizeof(agent.bytes);
	assert_int_equal(open_client(0), -EPROTO);
}

TEST_WITH(client_of_an_agent_that_ends_at_once_fails, setup, teardown)
{
	assert_int_equal(open_client(0), -ECONNRESET);
	assert_non_null(strstr(weft_client_error(NULL), "closed the connection without an answer"));
}

TEST(client_without_an_agent_fails_with_the_path)
{
	WEFT_OPTS(weft_client_opts, opts, .interface = "eth0", .dir = "/nonexistent");

	assert_int_equal(weft_client_open(&opts, &client), -ENOENT);
	assert_string_equal(weft_client_error(NULL),
			    "/nonexistent/eth0.sock: no agent listens on this socket; start "
			    "one: weft run -i IFACE");
}

TEST(client_options_that_are_wrong_are_refused)
{
	struct weft_client_opts opts = {.sz = 0};

	assert_int_equal(weft_client_open(NULL, &client), -EINVAL);
	assert_int_equal(weft_client_open(&opts, &client), -EINVAL);
	opts.sz = sizeof(opts);
	assert_int_equal(weft_client_open(&opts, &client), -EINVAL);
	opts.interface = "eth0";
	opts.dir = "/nonexistent";
	opts.overflow = (enum weft_overflow)99;
	assert_int_equal(weft_client_open(&opts, &client), -EINVAL);
	opts.overflow = WEFT_OVERFLOW_DEFAULT;
	opts.events = 1u << 31;
	assert_int_equal(weft_client_open(&opts, &client), -EINVAL);
}

TEST_WITH(client_with_a_huge_time_limit_waits_for_the_answer, setup, teardown)
{
	WEFT_OPTS(weft_client_opts, opts, .path = agent.path, .timeout_ms = 1u << 31);

	agent.piece_bytes = 1;
	add_text(OK_RESPONSE);
	assert_int_equal(weft_client_open(&opts, &client), 0);
}

TEST(client_path_that_is_too_long_is_in_the_message)
{
	char path[200];
	WEFT_OPTS(weft_client_opts, opts, .path = path);

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(weft_client_open(&opts, &client), -ENAMETOOLONG);
	assert_non_null(strstr(weft_client_error(NULL), "xxx: File name too long"));
}

/* Listens at @addr, and fills the queue of connections that nobody accepts. */
static void listen_full(const struct sockaddr_un *addr, int fds[2])
{
	fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	fds[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fds[0], (const struct sockaddr *)addr, sizeof(*addr)), 0);
	assert_int_equal(listen(fds[0], 0), 0);
	assert_int_equal(connect(fds[1], (const struct sockaddr *)addr, sizeof(*addr)), 0);
}

/* Neither the socket with a network namespace in its name nor the other one accepts. */
TEST(client_limit_is_for_both_sockets_of_an_interface)
{
	enum { LIMIT_MS = 600, TRIES_MAX = 10 };
	char dir[] = "/tmp/weft-client-XXXXXX";
	WEFT_OPTS(weft_client_opts, opts, .interface = "eth0", .dir = dir, .timeout_ms = LIMIT_MS);
	struct sockaddr_un addrs[2];
	bool is_in_time = false;
	int fds[2][2];

	assert_non_null(mkdtemp(dir));
	assert_int_equal(wf_socket_path_here(dir, "eth0", &addrs[0]), 0);
	assert_int_equal(wf_socket_path(dir, "eth0", &addrs[1]), 0);
	for (int i = 0; i < 2; i++)
		listen_full(&addrs[i], fds[i]);
	/* Two limits, one after the other, would never be in time; on a busy host, one may be late.
	 */
	for (int i = 0; i < TRIES_MAX && !is_in_time; i++) {
		uint64_t too_late_ns = wf_client_deadline_ns(2 * LIMIT_MS);

		assert_int_equal(weft_client_open(&opts, &client), -ETIMEDOUT);
		is_in_time = wf_client_deadline_ns(0) < too_late_ns;
	}
	assert_true(is_in_time);
	assert_non_null(strstr(weft_client_error(NULL), addrs[0].sun_path));
	for (int i = 0; i < 2; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
		unlink(addrs[i].sun_path);
	}
	rmdir(dir);
}

/* ---- the response ---- */

TEST(client_response_skips_members_that_it_does_not_know)
{
	struct wf_client_response response;

	assert_true(wf_client_response_read(
		" { \"a\" : [1, {\"ok\": false, \"b\": \"}\\\"]\"}], \"ok\" : true, \"c\": null } ",
		&response));
	assert_true(response.is_ok);
	assert_string_equal(response.error, "");
}

TEST(client_response_that_is_cut_off_is_refused)
{
	static const char line[] = "{\"ok\":true,\"error\":\"a\\\\u0041b\\u0041\",\"x\":[\"y\"]}";
	struct wf_client_response response;

	assert_true(wf_client_response_read(line, &response));
	assert_string_equal(response.error, "a\\u0041bA");
	for (size_t len = 0; len + 1 < sizeof(line) - 1; len++) {
		char *cut = strndup(line, len);

		assert_false(wf_client_response_read(cut, &response));
		free(cut);
	}
}

/* ---- the table of connections ---- */

TEST(client_conns_forget_the_connection_that_was_silent_for_longest)
{
	struct wf_client_conns conns;

	wf_client_conns_init(&conns, 100);
	for (uint64_t id = 1; id <= 100; id++)
		assert_non_null(wf_client_conns_add(&conns, &(struct weft_flow){.id = id}));
	assert_non_null(wf_client_conns_find(&conns, 1));
	for (uint64_t id = 101; id <= 150; id++)
		assert_non_null(wf_client_conns_add(&conns, &(struct weft_flow){.id = id}));
	assert_non_null(wf_client_conns_find(&conns, 1));
	for (uint64_t id = 2; id <= 51; id++)
		assert_null(wf_client_conns_find(&conns, id));
	for (uint64_t id = 52; id <= 150; id++)
		assert_int_equal(wf_client_conns_find(&conns, id)->flow.id, id);
	wf_client_conns_fini(&conns);
}

TEST(client_conns_agree_with_a_model)
{
	enum { IDS = 300, STEPS = 20000 };
	bool is_open[IDS] = {false};
	struct wf_client_conns conns;
	uint32_t count = 0, random = 1;

	wf_client_conns_init(&conns, 1000);
	for (int i = 0; i < STEPS; i++) {
		uint32_t id;
		struct wf_client_conn *conn;

		random = random * 1664525 + 1013904223;
		id = 1 + (random >> 8) % (IDS - 1);
		conn = wf_client_conns_find(&conns, id);
		assert_int_equal(conn != NULL, is_open[id]);
		if (conn && random >> 30)
			wf_client_conns_remove(&conns, conn);
		else
			assert_non_null(wf_client_conns_add(&conns, &(struct weft_flow){.id = id}));
		count += conn ? (random >> 30 ? -1u : 0) : 1;
		is_open[id] = !conn || !(random >> 30);
		assert_int_equal(conns.count, count);
	}
	wf_client_conns_fini(&conns);
}
