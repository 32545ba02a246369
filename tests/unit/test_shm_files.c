// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_shm_files.c - in a replay, a client with shared memory reads data in the capture file
 * itself, and in copies if it can't have the file.
 */
#include "unit/support/test.h"
#include "unit/support/capture_writer.h"
#include "unit/support/packet_builder.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weft/weft.h>

#include "capture/mapped_files.h"
#include "client/client_shm.h"
#include "client/client_socket.h"
#include "packet/packet.h"
#include "serve/shm_files.h"
#include "serve/shm_ring.h"
#include "serve/shm_sender.h"

enum { PACKETS = 20, PAYLOAD = 500, COPIES_BYTES = 16 * WEFT_FRAME_MAX_BYTES, WAIT_MS = 10000 };

static char path[64];
static struct weft *weft;
static struct weft_sub *sub;
static struct weft_event events[PACKETS];
static struct wf_shm_sender *sender;
static struct wf_client_shm shm;
static int sockets[2]; /* of the client, of the agent */

static void write_file(void)
{
	static struct packet_builder pb;
	struct capture_writer writer = {0};
	struct pb_tcp tcp = {.src_port = 1, .dst_port = 80, .flags = WF_TCP_ACK};

	capture_pcap_header(&writer, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < PACKETS; i++) {
		char payload[PAYLOAD];

		memset(payload, 'a' + (int)i, sizeof(payload));
		pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, payload, sizeof(payload));
		capture_pcap_packet(&writer, i, 0, pb.bytes, (uint32_t)pb.len_bytes,
				    (uint32_t)pb.len_bytes);
		tcp.seq += PAYLOAD;
	}
	capture_write_file(&writer, path);
	capture_writer_fini(&writer);
}

static int setup(void **state)
{
	WEFT_OPTS(weft_opts, opts, .workers = 1, .memory_max_bytes = 64 << 20,
		  .checksum = WEFT_CHECKSUM_IGNORE);
	WEFT_OPTS(weft_sub_opts, wants, .events = WEFT_EVENT_BIT(WEFT_EVENT_DATA),
		  .consumer_bytes = wf_shm_ring_bytes() + COPIES_BYTES);
	int fds[WF_SHM_FDS];
	char response[16];

	write_file();
	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_file(weft, path), 0);
	assert_int_equal(weft_subscribe(weft, &wants, &sub), 0);
	assert_int_equal(weft_start(weft), 0);
	assert_int_equal(weft_wait(weft, WAIT_MS), 0);
	/* The events stay lent. */
	assert_int_equal(weft_sub_poll(sub, events, PACKETS, WAIT_MS), PACKETS);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(wf_shm_sender_new(weft, sub, sockets[1], COPIES_BYTES, &sender), 0);
	assert_int_equal(wf_shm_sender_greet(sender, "x\n"), 0);
	assert_true(wf_client_receive_fds(sockets[0], response, sizeof(response),
					  wf_client_deadline_ns(WAIT_MS), fds, WF_SHM_FDS) > 0);
	assert_int_equal(wf_client_shm_open(&shm, sockets[0], fds), 0);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static int teardown(void **state)
{
	struct weft_memory file;

	wf_client_shm_close(&shm);
	wf_shm_sender_free(sender);
	weft_unsubscribe(sub);
	weft_free(weft);
	assert_int_equal(wf_mapped_files_find(events[0].data.bytes, &file), -ENOENT);
	close(sockets[0]);
	close(sockets[1]);
	unlink(path);
	return 0;
}

/* The agent writes @count events from the event @first on, and publishes them. */
static void write_events(int first, int count)
{
	for (int i = first; i < first + count; i++)
		assert_int_equal(wf_shm_sender_write_data(sender, &events[i]), 0);
	wf_shm_sender_publish(sender);
}

/* Read the frame of the event @index, and check its data. Return the data. */
static const uint8_t *read_event(int index)
{
	struct wf_client_frame frame;
	uint8_t want[PAYLOAD];
	const char *why;

	memset(want, 'a' + index, sizeof(want));
	wf_client_shm_release(&shm);
	assert_int_equal(wf_client_shm_read(&shm, &frame, &why), 1);
	assert_int_equal(frame.type, WEFT_CLIENT_DATA);
	assert_int_equal(frame.payload_bytes, PAYLOAD);
	assert_memory_equal(frame.payload, want, PAYLOAD);
	return frame.payload;
}

static bool is_in(const uint8_t *bytes, const uint8_t *base, uint64_t size)
{
	return bytes >= base && bytes + PAYLOAD <= base + size;
}

TEST_WITH(shm_files_data_is_read_in_the_capture_file, setup, teardown)
{
	const uint8_t *bytes;

	write_events(0, PACKETS);
	assert_false(wf_shm_sender_keeps(sender));
	for (int i = 0; i < PACKETS; i++) {
		bytes = read_event(i);
		assert_true(is_in(bytes, shm.files.list[0].base, shm.files.list[0].bytes));
	}
	assert_int_equal(shm.files.count, 1);
	assert_int_equal(wf_shm_sender_reclaim(sender), 0);
	assert_true(wf_shm_sender_is_passed(sender));
}

TEST_WITH(shm_files_data_is_copied_if_the_socket_is_full, setup, teardown)
{
	const uint8_t *bytes;
	char much[4096] = {0};

	while (send(sockets[1], much, sizeof(much), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	while (send(sockets[1], much, 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	write_events(0, PACKETS);
	assert_true(wf_shm_sender_keeps(sender));
	for (int i = 0; i < PACKETS; i++) {
		bytes = read_event(i);
		assert_true(is_in(bytes, shm.arena, shm.arena_bytes));
	}
	assert_int_equal(shm.files.count, 0);
	wf_client_shm_release(&shm);
	assert_int_equal(wf_shm_sender_reclaim(sender), 0);
	assert_false(wf_shm_sender_keeps(sender));
}

/* Nothing can happen to data in a file, so it is not lost when the agent takes records back. */
TEST_WITH(shm_files_data_in_a_file_outlasts_taking_back, setup, teardown)
{
	write_events(0, 10);
	read_event(0);
	write_events(10, 5);
	assert_int_equal(wf_shm_sender_take_back(sender), 0);
	for (int i = 1; i < 15; i++)
		read_event(i);
	assert_true(wf_shm_sender_follow(sender) == 0 && wf_shm_sender_is_passed(sender));
}

TEST_WITH(shm_files_data_of_a_closed_handle_is_not_found, setup, teardown)
{
	struct weft_memory file;
	uint8_t byte;

	assert_int_equal(weft_share_file(NULL, &file), -EINVAL);
	assert_int_equal(weft_share_file(&byte, &file), -ENOENT);
	assert_int_equal(weft_share_file(events[0].data.bytes, &file), 0);
	close(file.fd);
}
