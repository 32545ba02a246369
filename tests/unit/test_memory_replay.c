// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_memory_replay.c - makes whole replays through the public library: the packet path never
 * calls the heap, and any request for memory may fail.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weft/weft.h>

#include "packet/packet.h"
#include "memory/fault.h"
#include "unit/support/capture_writer.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

enum { CONNS = 40, SEGMENTS = 24, BYTES = 400, FAULTS_MAX = 2000 };

/*
 * Sanitizers replace malloc(), so calls can be counted only without them. Requests can be made to
 * fail only in debug builds, which include sanitizer builds.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_COUNT 0
#else
#define CAN_COUNT 1
#endif

/* ---- the heap: calls are counted on threads that request it ---- */

/* volatile, because compilers know malloc() and could remove the access */
static __thread volatile bool is_counted;

#if CAN_COUNT
static _Atomic unsigned long heap_calls;

/* Functions of glibc, which the test's own malloc() and the like call. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);

void *malloc(size_t bytes)
{
	heap_calls += is_counted;
	return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	heap_calls += is_counted;
	return __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
	heap_calls += is_counted;
	return __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
	heap_calls += is_counted;
	return __libc_memalign(align, bytes);
}
#endif

/* ---- a capture: handshakes, holes that are filled and one that is not, fragments ---- */

static char path[64];
static uint32_t packets;

static void put_frame(struct capture_writer *writer, const struct packet_builder *pb)
{
	struct wf_frame frame;

	pb_frame((struct packet_builder *)pb, 0, &frame);
	capture_pcap_packet(writer, 1700000000 + packets / 1000, packets % 1000 * 1000, frame.bytes,
			    frame.cap_bytes, frame.cap_bytes);
	packets++;
}

static void put_segment(struct capture_writer *writer, int conn, bool to_server, uint32_t seq,
			uint16_t flags, const void *bytes, size_t len_bytes)
{
	const struct pb_tcp tcp = {
		.src_port = to_server ? (uint16_t)(2000 + conn) : 80,
		.dst_port = to_server ? 80 : (uint16_t)(2000 + conn),
		.seq = seq,
		.ack = flags & WF_TCP_ACK ? (to_server ? 501 : 101) : 0,
		.flags = flags,
		.window = 65535,
	};
	struct packet_builder pb;

	pb_segment(&pb, to_server ? "10.0.0.1" : "10.0.0.2", to_server ? "10.0.0.2" : "10.0.0.1",
		   &tcp, bytes, len_bytes);
	put_frame(writer, &pb);
}

static void put_fragment(struct capture_writer *writer, uint16_t id)
{
	static const char payload[64];
	struct packet_builder pb;

	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, "10.0.0.1", "10.0.0.2");
	pb_ipv4_set_fragment(&pb, id, 0, true);
	pb_set_proto(&pb, 6);
	pb_data(&pb, payload, sizeof(payload));
	pb_finish(&pb);
	put_frame(writer, &pb);
}

static void put_conn_begin(struct capture_writer *writer, int conn)
{
	put_segment(writer, conn, true, 100, WF_TCP_SYN, NULL, 0);
	put_segment(writer, conn, false, 500, WF_TCP_SYN | WF_TCP_ACK, NULL, 0);
	put_segment(writer, conn, true, 101, WF_TCP_ACK, NULL, 0);
}

static int write_capture(void **state)
{
	struct capture_writer writer = {0};
	uint8_t payload[BYTES];

	memset(payload, 'x', sizeof(payload));
	capture_pcap_header(&writer, 0xa1b2c3d4, 1);
	for (int conn = 0; conn < CONNS; conn++)
		put_conn_begin(&writer, conn);
	/*
	 * Odd segments are sent first, so that all are held. The first connection never gets
	 * segment 0, so its first hole is not filled.
	 */
	for (int odd = 1; odd >= 0; odd--)
		for (int i = odd; i < SEGMENTS; i += 2)
			for (int conn = 0; conn < CONNS; conn++)
				if (odd || conn || i)
					put_segment(&writer, conn, false, 501 + (uint32_t)i * BYTES,
						    WF_TCP_ACK | WF_TCP_PSH, payload, BYTES);
	for (uint16_t id = 1; id < 20; id++)
		put_fragment(&writer, id);
	capture_write_file(&writer, path);
	capture_writer_fini(&writer);
	return 0;
}

static int remove_capture(void **state)
{
	return unlink(path);
}

/* ---- a replay ---- */

struct run {
	uint64_t opened;
	uint64_t closed;
	uint64_t data_bytes;
};

static int on_event(const struct weft_event *event, void *ctx)
{
	struct run *run = ctx;

	/*
	 * Heap calls are counted on the worker's thread, from the first connection's start to the
	 * last one's end.
	 */
	if (event->type == WEFT_EVENT_OPEN) {
		run->opened++;
		is_counted = true;
	}
	if (event->type == WEFT_EVENT_DATA)
		run->data_bytes += event->data.len_bytes;
	if (event->type == WEFT_EVENT_CLOSE && ++run->closed == CONNS)
		is_counted = false;
	return 0;
}

/* Return: 0, or the error of a replay that had too little memory. */
static int replay(uint32_t workers, struct run *run)
{
	WEFT_OPTS(weft_opts, opts, .workers = workers, .memory_max_bytes = 16 << 20,
		  .flows_max = 1000, .embryonic_max = 1000, .checksum = WEFT_CHECKSUM_IGNORE);
	WEFT_OPTS(weft_sub_opts, sub_opts, .name = "count", .inline_fn = on_event, .ctx = run);
	struct weft_sub *sub;
	struct weft *weft;
	int err = weft_new(&opts, &weft);

	*run = (struct run){0};
	if (err)
		return err;
	err = weft_add_file(weft, path);
	if (!err)
		err = weft_subscribe(weft, &sub_opts, &sub);
	if (!err)
		err = weft_start(weft);
	if (!err) {
		assert_int_equal(weft_wait(weft, -1), 0);
		assert_null(handle_open_ledger(weft));
		assert_int_equal(handle_metric(weft, "payload_held_bytes"), 0);
		assert_int_equal(run->opened, run->closed);
		assert_int_equal(run->data_bytes, handle_metric(weft, "payload_delivered_bytes"));
	}
	weft_free(weft);
	return err;
}

#if CAN_COUNT
TEST(replay_between_first_and_last_connection_never_calls_the_heap)
{
	struct run run;

	heap_calls = 0;
	assert_int_equal(replay(1, &run), 0);
	assert_int_equal(run.closed, CONNS);
	assert_int_equal(run.data_bytes, (CONNS * SEGMENTS - 1) * BYTES);
	assert_int_equal(heap_calls, 0);
}

TEST(counting_sees_a_call_of_the_heap)
{
	void *volatile bytes;

	heap_calls = 0;
	is_counted = true;
	bytes = malloc(1);
	is_counted = false;
	free(bytes);
	assert_int_equal(heap_calls, 1);
}
#endif

#if WF_DEBUG >= 1
TEST(replay_with_each_request_for_memory_failing_ends_well)
{
	uint64_t nth = 1;

	for (; nth < FAULTS_MAX; nth++) {
		struct run run;
		bool happened;
		int err;

		wf_fault_arm(nth);
		err = replay(1, &run);
		happened = wf_fault_disarm();
		if (err && err != -ENOMEM && err != -ENOBUFS)
			fail_msg("request %llu failed: error %d", (unsigned long long)nth, -err);
		if (!happened)
			break;
	}
	assert_true(nth > 50);
}
#endif

TEST_GROUP(write_capture, remove_capture);
