// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_shm_sender.c - clients at the other end of socket pairs read from the memory of a running
 * handle, well-behaved and hostile ones; the test submits the packets.
 */
#include "unit/support/test.h"
#include "unit/support/subscribers_rig.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/client_shm.h"
#include "client/client_socket.h"
#include "serve/frame_write.h"
#include "serve/shm_ring.h"
#include "serve/shm_sender.h"
#include "serve/subscriber.h"

enum { MIB = 1 << 20 };

static uint64_t memory_before;

struct client {
	int fd;
	struct wf_client_shm shm;
	unsigned int frames[256]; /* by type */
	uint64_t next_off; /* stream offset at which the next event of the direction begins */
	uint64_t data_bytes;
	uint64_t lost_bytes;
	enum weft_client_end end;
};

static void add_used(const struct weft_metric *metric, void *ctx)
{
	uint64_t *used = ctx;

	if (!strcmp(metric->name, "memory_runs_bytes") ||
	    !strcmp(metric->name, "memory_pages_bytes"))
		*used += metric->value;
}

static uint64_t memory_used(void)
{
	uint64_t used = 0;

	weft_stats_each(weft, add_used, &used);
	return used;
}

/* Return the memory in use after the worker, which makes its tables when it begins, has run. */
static uint64_t memory_of_idle(void)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	do {
		wait_for_worker();
		nanosleep(&nap, NULL);
	} while (!memory_used());
	return memory_used();
}

static int setup(void **state)
{
	int err = start_capture(state);

	memory_before = memory_of_idle();
	return err;
}

/* ---- clients ---- */

/* Receive the descriptors of the memory at @fd, and map it. */
static void map_shared(int fd, struct wf_client_shm *shm)
{
	int fds[WF_SHM_FDS];
	char response[256];

	assert_true(wf_client_receive_fds(fd, response, sizeof(response),
					  wf_client_deadline_ns(WAIT_MS), fds, WF_SHM_FDS) > 0);
	assert_int_equal(wf_client_shm_open(shm, fd, fds), 0);
	close(fds[0]);
	close(fds[1]);
}

/* Adds a client. Clients that have just gone may still have their places for a short time. */
static int add_client(int fd, const json_t *request)
{
	uint64_t deadline_ns = wf_client_deadline_ns(WAIT_MS);
	int err;

	do
		err = wf_subscribers_add(subscribers, fd, request, &error);
	while (err == -EBUSY && wf_clock_monotonic_ns() < deadline_ns);
	return err;
}

static void subscribe(struct client *client, const char *text)
{
	json_t *request = json_loads(text, 0, NULL);
	int fds[2];

	memset(client, 0, sizeof(*client));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	assert_int_equal(add_client(fds[1], request), 0);
	json_decref(request);
	client->fd = fds[0];
	map_shared(client->fd, &client->shm);
	wait_for_subscription();
}

static void leave(struct client *client)
{
	wf_client_shm_close(&client->shm);
	close(client->fd);
}

static void wake_agent(struct client *client)
{
	if (wf_client_shm_is_wanted(&client->shm))
		assert_int_equal(send(client->fd, "", 1, MSG_NOSIGNAL), 1);
}

static void check_bytes(const struct client *client, const uint8_t *bytes, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], byte_at(client->next_off + i));
}

/*
 * Takes a frame. Checks its data byte by byte, and that each DATA or DROP event begins where the
 * one before ended.
 */
static void take(struct client *client, const struct wf_client_frame *frame)
{
	static uint8_t copy[PIECE_BYTES];
	struct weft_flow_record record;
	struct weft_event event;

	client->frames[frame->type]++;
	if (frame->type == WEFT_CLIENT_END)
		client->end = (enum weft_client_end)be32toh(frame->fields.end.reason_be);
	if (!wf_client_frame_event(frame, &event, &record))
		return;
	if (event.type == WEFT_EVENT_DATA) {
		uint32_t len = event.data.len_bytes;

		assert_true(len <= PIECE_BYTES);
		memcpy(copy, event.data.bytes, len);
		if (!wf_client_shm_release(&client->shm))
			return;
		assert_int_equal(event.data.off, client->next_off);
		check_bytes(client, copy, len);
		client->next_off += len;
		client->data_bytes += len;
	} else if (event.type == WEFT_EVENT_DROP && event.drop.len_bytes) {
		assert_int_equal(event.drop.off, client->next_off);
		assert_int_equal(event.drop.len_bytes, event.drop.data_bytes);
		client->next_off += event.drop.len_bytes;
		client->lost_bytes += event.drop.data_bytes;
	}
}

/* Reads until @bytes were read or lost and, unless @type is 0, a frame of @type was read. */
static void read_until(struct client *client, uint64_t bytes, unsigned int type)
{
	uint8_t byte[64];

	while (client->data_bytes + client->lost_bytes < bytes || (type && !client->frames[type])) {
		struct wf_client_frame frame;
		const char *why = "";
		int got = wf_client_shm_read(&client->shm, &frame, &why);

		assert_string_equal(why, "");
		if (got) {
			take(client, &frame);
			wake_agent(client);
			continue;
		}
		if (wf_client_shm_sleep(&client->shm))
			assert_true(wf_client_receive(client->fd, byte, sizeof(byte),
						      wf_client_deadline_ns(WAIT_MS)) > 0);
	}
}

/* Return the number of published frames of @type, of a ring that is not full yet. */
static unsigned int count_published(const struct client *client, unsigned int type)
{
	const uint8_t *slots = (const uint8_t *)client->shm.head + WF_SHM_HEAD_BYTES;
	uint64_t end = atomic_load(&client->shm.head->published);
	unsigned int count = 0;
	uint64_t pos = 0;

	while (pos < end) {
		const struct wf_shm_record *record =
			(const struct wf_shm_record *)(slots + pos * WF_SHM_SLOT_BYTES);

		count += ((const struct wf_wire_frame *)(record + 1))->header.type == type;
		pos += record->slots;
	}
	return count;
}

/* Waits until the ring has @count frames of @type, whether the client has read them or not. */
static void wait_until_published(const struct client *client, unsigned int type, unsigned int count)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	for (int i = 0; count_published(client, type) < count; i++) {
		assert_true(i < WAIT_MS);
		nanosleep(&nap, NULL);
	}
}

static struct weft_sub_stats stats_sum;

static void add_stats(const char *name, const struct weft_sub_stats *stats, void *ctx)
{
	stats_sum = *stats;
}

/* Waits until the worker has pushed @events events for the only subscription. */
static void wait_until_pushed(uint64_t events)
{
	do {
		wait_for_worker();
		assert_int_equal(weft_subs_each(weft, add_stats, NULL), 0);
	} while (stats_sum.pushed_events < events);
	wait_for_worker();
}

/* Submits data from @piece on until the only subscription has revoked events. Return: the next
 * piece. */
static uint32_t submit_until_revoked(uint32_t piece)
{
	const struct timespec nap = {.tv_nsec = 10000000};

	do {
		submit_data(piece, 100);
		piece += 100;
		nanosleep(&nap, NULL);
		assert_int_equal(weft_subs_each(weft, add_stats, NULL), 0);
	} while (!stats_sum.revoked_events);
	return piece;
}

/* Submits data until the agent closes the connection. */
static void submit_until_cut(struct client *client)
{
	struct pollfd fd = {.fd = client->fd};
	const struct timespec nap = {.tv_nsec = 10000000};

	for (uint32_t i = 0; !poll(&fd, 1, 0); i++) {
		assert_true(i < WAIT_MS / 10);
		submit_data(i * 100, 100);
		nanosleep(&nap, NULL);
	}
}

static void assert_cut(struct client *client)
{
	struct pollfd fd = {.fd = client->fd, .events = POLLIN};
	char bytes[64];

	do
		assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
	while (recv(client->fd, bytes, sizeof(bytes), 0) > 0);
}

/* Asserts that clients that have gone leave no memory in use, except for 1 MiB of caches. */
static void assert_memory_is_back(void)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	int tries = WAIT_MS;

	/* The worker takes pages that others have put, and leaves subscriptions, when it runs. */
	while (memory_used() > memory_before + MIB && tries--) {
		weft_shrink(weft);
		wait_for_worker();
		nanosleep(&nap, NULL);
	}
	if (tries <= 0)
		print_message("%llu bytes, %llu before\n", (unsigned long long)memory_used(),
			      (unsigned long long)memory_before);
	assert_true(tries > 0);
}

/* ---- tests ---- */

TEST_WITH(shm_sender_client_gets_a_connection_and_its_data, setup, teardown)
{
	static struct client client;

	subscribe(&client, "{\"shm\":true}");
	live_submit_open(weft);
	submit_data(0, 500);
	read_until(&client, 500 * PIECE_BYTES, 0);
	assert_int_equal(client.lost_bytes, 0);
	assert_int_equal(client.frames[WEFT_CLIENT_OPEN], 1);
	leave(&client);
}

static void *end_in_thread(void *ctx)
{
	end_capture();
	return NULL;
}

TEST_WITH(shm_sender_end_of_the_capture_waits_until_all_was_read, setup, teardown)
{
	static struct client client;
	pthread_t thread;

	subscribe(&client, "{\"shm\":true}");
	live_submit_open(weft);
	submit_data(0, 200);
	assert_int_equal(pthread_create(&thread, NULL, end_in_thread, NULL), 0);
	read_until(&client, 200 * PIECE_BYTES, WEFT_CLIENT_END);
	assert_int_equal(client.data_bytes, 200 * PIECE_BYTES);
	assert_int_equal(client.frames[WEFT_CLIENT_CLOSE], 1);
	pthread_join(thread, NULL);
	leave(&client);
}

TEST_WITH(shm_sender_client_that_reads_later_gets_all_that_the_queue_holds, setup, teardown)
{
	static struct client client;

	subscribe(&client, "{\"shm\":true}");
	live_submit_open(weft);
	submit_data(0, 3000);
	read_until(&client, 3000 * PIECE_BYTES, 0);
	assert_int_equal(client.lost_bytes, 0);
	submit_data(3000, 3000);
	read_until(&client, 6000 * PIECE_BYTES, 0);
	assert_int_equal(client.lost_bytes, 0);
	leave(&client);
	assert_memory_is_back();
}

TEST_WITH(shm_sender_client_that_stops_loses_ranges_that_add_up, setup, teardown)
{
	static struct client client;
	uint32_t pieces;

	subscribe(&client, "{\"shm\":true,\"queue_bytes\":131072}");
	live_submit_open(weft);
	submit_data(0, 20);
	read_until(&client, 10 * PIECE_BYTES, 0);
	pieces = submit_until_revoked(20);
	submit_data(pieces, 100);
	read_until(&client, (pieces + 100) * PIECE_BYTES, 0);
	assert_true(client.lost_bytes > 0);
	assert_true(client.frames[WEFT_CLIENT_LOSS] > 0);
	assert_int_equal(client.data_bytes + client.lost_bytes, (pieces + 100) * PIECE_BYTES);
	leave(&client);
	assert_memory_is_back();
}

/* Nothing waits in the queue: all events are in the ring. */
TEST_WITH(shm_sender_client_that_does_not_read_its_ring_is_told_that_it_is_idle, setup, teardown)
{
	static struct client client;

	subscribe(&client, "{\"shm\":true,\"idle_ttl_ms\":300}");
	live_submit_open(weft);
	submit_data(0, 1);
	wait_until_published(&client, WEFT_CLIENT_END, 1);
	read_until(&client, 0, WEFT_CLIENT_END);
	assert_int_equal(client.end, WEFT_CLIENT_END_IDLE);
	assert_cut(&client);
	leave(&client);
	assert_memory_is_back();
}

/* The agent takes data back again and again, so the queue moves, but the client does not. */
TEST_WITH(shm_sender_client_that_stops_is_ended_when_idle, setup, teardown)
{
	static struct client client;

	subscribe(&client, "{\"shm\":true,\"queue_bytes\":131072,\"idle_ttl_ms\":300}");
	live_submit_open(weft);
	submit_until_cut(&client);
	leave(&client);
	assert_memory_is_back();
}

TEST_WITH(shm_sender_client_that_drops_the_newest_keeps_what_it_has, setup, teardown)
{
	enum { PIECES = 1000 };
	static struct client client;
	const struct timespec nap = {.tv_nsec = 700000000};

	subscribe(&client, "{\"shm\":true,\"queue_bytes\":131072,\"overflow\":\"drop-newest\"}");
	live_submit_open(weft);
	submit_data(0, PIECES);
	wait_until_pushed(1 + PIECES);
	nanosleep(&nap, NULL); /* in this time, another overflow policy would revoke lent data */
	assert_int_equal(weft_subs_each(weft, add_stats, NULL), 0);
	assert_int_equal(stats_sum.revoked_events, 0);
	assert_true(stats_sum.dropped_events > 0);
	read_until(&client, 10 * PIECE_BYTES, 0);
	assert_int_equal(client.lost_bytes, 0);
	submit_data(PIECES, 10);
	read_until(&client, (PIECES + 10) * PIECE_BYTES, 0);
	leave(&client);
}

/* ---- hostile clients: their own subscription ends, another one gets everything ---- */

static void be_hostile(void (*hurt)(struct client *client))
{
	static struct client client, other;

	subscribe(&client, "{\"shm\":true}");
	subscribe(&other, "{\"shm\":true}");
	live_submit_open(weft);
	submit_data(0, 100);
	read_until(&other, 100 * PIECE_BYTES, 0);
	/* The agent, which served the other client, may still be about to serve this one. */
	wait_until_published(&client, WEFT_CLIENT_DATA, 100);
	hurt(&client);
	assert_cut(&client);
	submit_data(100, 100);
	read_until(&other, 200 * PIECE_BYTES, 0);
	assert_int_equal(other.lost_bytes, 0);
	leave(&client);
	leave(&other);
	assert_memory_is_back();
}

static void go_beyond(struct client *client)
{
	atomic_store(&client->shm.client->position, atomic_load(&client->shm.head->published) + 1);
}

static void go_far(struct client *client)
{
	atomic_store(&client->shm.client->position, UINT64_MAX);
}

/* The agent looks at the position from time to time, and must see both values. */
static void go_back(struct client *client)
{
	struct pollfd fd = {.fd = client->fd};
	const int look_ms = 600;
	uint64_t position;

	read_until(client, 50 * PIECE_BYTES, 0);
	position = atomic_load(&client->shm.client->position);
	for (int i = 0; i < WAIT_MS / look_ms && !poll(&fd, 1, look_ms); i++)
		atomic_store(&client->shm.client->position, i % 2 ? position : 0);
}

static void go_inside(struct client *client)
{
	atomic_store(&client->shm.client->position, 1); /* OPEN has more than one slot */
}

static void talk(struct client *client)
{
	char bytes[1000] = "";

	for (int i = 0; i < 10; i++)
		(void)!send(client->fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
}

static void hang_up(struct client *client)
{
	shutdown(client->fd, SHUT_WR);
}

TEST_WITH(shm_sender_position_beyond_what_was_published_ends_it, setup, teardown)
{
	be_hostile(go_beyond);
}

TEST_WITH(shm_sender_position_at_the_end_of_the_numbers_ends_it, setup, teardown)
{
	be_hostile(go_far);
}

TEST_WITH(shm_sender_position_backwards_ends_it, setup, teardown)
{
	be_hostile(go_back);
}

TEST_WITH(shm_sender_position_inside_a_record_ends_it, setup, teardown)
{
	be_hostile(go_inside);
}

TEST_WITH(shm_sender_bytes_that_nobody_asked_for_end_it, setup, teardown)
{
	be_hostile(talk);
}

TEST_WITH(shm_sender_client_that_sends_no_more_is_ended, setup, teardown)
{
	be_hostile(hang_up);
}

/* Writes random positions and flags all the time, until the agent ends the connection. */
static void write_random(struct client *client)
{
	struct pollfd fd = {.fd = client->fd};

	srandom(1);
	while (!poll(&fd, 1, 0)) {
		uint64_t end = atomic_load(&client->shm.head->published);

		atomic_store(&client->shm.client->position, (uint64_t)random() % (2 * end + 1));
		atomic_store(&client->shm.client->is_asleep, (uint32_t)random());
	}
}

TEST_WITH(shm_sender_random_positions_end_it, setup, teardown)
{
	be_hostile(write_random);
}

static void read_all(struct wf_client_shm *shm)
{
	struct wf_client_frame frame;
	const char *why;

	while (wf_client_shm_read(shm, &frame, &why) > 0)
		wf_client_shm_release(shm);
}

/*
 * The client reaches the wanted position while the agent requests a byte: the client sees the
 * request and sends the byte, although the agent does not wait for one. A second byte ends the
 * subscription.
 */
TEST_WITH(shm_sender_byte_for_a_request_that_was_met_at_once_is_accepted, setup, teardown)
{
	WEFT_OPTS(weft_sub_opts, opts, .consumer_bytes = wf_shm_ring_bytes());
	struct wf_wire_frame fields;
	struct iovec parts[WF_FRAME_PARTS_MAX];
	struct wf_shm_sender *sender;
	struct wf_client_shm shm;
	struct weft_sub *sub;
	int fds[2], count;

	assert_int_equal(weft_subscribe(weft, &opts, &sub), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	assert_int_equal(wf_shm_sender_new(weft, sub, fds[1], 0, &sender), 0);
	count = wf_frame_write_end(WEFT_CLIENT_END_CAPTURE, "end", 0, &fields, parts);
	wf_shm_sender_write(sender, parts, count);
	wf_shm_sender_publish(sender);
	assert_int_equal(wf_shm_sender_greet(sender, "x\n"), 0);
	map_shared(fds[0], &shm);
	read_all(&shm);

	assert_false(wf_shm_sender_wait(sender));
	assert_int_equal(send(fds[0], "", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(wf_shm_sender_reclaim(sender), 0);
	assert_true(wf_shm_sender_is_passed(sender));
	assert_int_equal(send(fds[0], "", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(wf_shm_sender_reclaim(sender), -EPROTO);
	wf_client_shm_close(&shm);
	wf_shm_sender_free(sender);
	weft_unsubscribe(sub);
	close(fds[0]);
	close(fds[1]);
}

/*
 * The client's byte arrives after the agent has waited for events, and the periodic check receives
 * it: the check must then serve the client, because no further byte arrives.
 */
TEST_WITH(shm_sender_byte_that_the_check_receives_has_its_effect, setup, teardown)
{
	WEFT_OPTS(weft_sub_opts, opts, .queue_bytes = MIB, .is_pollable = true);
	enum wf_subscriber_state result = WF_SUBSCRIBER_READY;
	struct wf_subscriber *subscriber;
	struct wf_client_shm shm;
	uint64_t published;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	assert_int_equal(wf_subscriber_new(weft, fds[1], &opts, true, &subscriber), 0);
	wait_for_subscription();
	live_submit_open(weft);
	submit_data(0, 1000); /* more than may be lent, less than the queue holds */
	wait_until_pushed(1 + 1000);
	while (result != WF_SUBSCRIBER_BLOCKED)
		result = wf_subscriber_serve(subscriber);
	map_shared(fds[0], &shm);
	read_all(&shm);
	assert_true(wf_client_shm_is_wanted(&shm));
	assert_int_equal(send(fds[0], "", 1, MSG_NOSIGNAL), 1);

	published = atomic_load(&shm.head->published);
	wf_subscriber_check(subscriber, result, false);
	assert_true(atomic_load(&shm.head->published) > published);
	wf_client_shm_close(&shm);
	close(fds[0]);
	wf_subscriber_free(subscriber);
}

TEST_WITH(shm_sender_memory_cannot_be_written, setup, teardown)
{
	static struct client client;

	subscribe(&client, "{\"shm\":true}");
	assert_int_equal(mprotect((void *)client.shm.arena, 4096, PROT_READ | PROT_WRITE), -1);
	leave(&client);
}

TEST_WITH(shm_sender_many_clients_leave_nothing, setup, teardown)
{
	static struct client client;

	for (int i = 0; i < 200; i++) {
		subscribe(&client, "{\"shm\":true}");
		leave(&client);
	}
	assert_memory_is_back();
}
