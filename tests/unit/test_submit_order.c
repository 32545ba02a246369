// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_submit_order.c - the limits of reordering that submit.h states for threads that submit
 * packets of one connection without ordered_threads: at a limit every byte is delivered, beyond it
 * the missing bytes are reported as a gap.
 *
 * Each part of a conversation is submitted by a thread of its own, one thread after the other, so
 * that the order of arrival is the same in each run.
 */
#include "unit/support/test.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

#include "packet/packet.h"

enum {
	WAIT_MS = 20000,
	LOG_BYTES = 1024,
	CHUNK = 1024,
	ISN = 1000,
	PORT = 40000,
	SIDE_CLIENT = 0,
	SIDE_SERVER = 1,
};

#define START_NS 1700000000000000000ull
#define MS	 1000000ull

static struct {
	struct weft *weft;
	uint64_t bytes[WEFT_DIR_COUNT];
	char log[LOG_BYTES];
} run;

/* A part of the conversation, which one thread submits. */
struct part {
	int side;
	uint32_t first, count; /* the chunks of CHUNK bytes that it sends */
	uint32_t acked;	       /* number of the other side's chunks that its packets acknowledge */
	uint64_t time_ms;      /* time of the first packet */
	uint64_t step_ms;      /* time between two packets */
	uint16_t flags;	       /* flags of the last packet, in addition to ACK */
	bool acks_follow;      /* each packet acknowledges one chunk more, beginning with @acked */
};

static int on_event(const struct weft_event *event, void *ctx)
{
	size_t used = strlen(run.log);

	if (event->type == WEFT_EVENT_DATA)
		run.bytes[event->dir] += event->data.len_bytes;
	else if (event->type == WEFT_EVENT_GAP)
		snprintf(run.log + used, sizeof(run.log) - used, "gap %llu+%llu %s ",
			 (unsigned long long)event->gap.off,
			 (unsigned long long)event->gap.len_bytes,
			 weft_gap_cause_name(event->gap.cause));
	else if (event->type == WEFT_EVENT_CLOSE)
		snprintf(run.log + used, sizeof(run.log) - used, "%s ",
			 weft_close_reason_name(event->close->reason));
	return 0;
}

static void submit(int side, uint16_t flags, uint32_t seq, uint32_t ack, uint32_t len_bytes,
		   uint64_t time_ms)
{
	static const uint8_t window_scale[] = {3, 3, 8, 1};
	static const char bytes[CHUNK];
	static struct packet_builder pb;
	const struct pb_tcp tcp = {
		.src_port = side == SIDE_SERVER ? 80 : PORT,
		.dst_port = side == SIDE_SERVER ? PORT : 80,
		.seq = seq,
		.ack = ack,
		.flags = flags,
		.window = 65535,
		.options = window_scale,
		.options_bytes = flags & WF_TCP_SYN ? sizeof(window_scale) : 0,
	};
	struct weft_packet packet;

	pb_segment(&pb, side == SIDE_SERVER ? "10.0.0.2" : "10.0.0.1",
		   side == SIDE_SERVER ? "10.0.0.1" : "10.0.0.2", &tcp, bytes, len_bytes);
	packet = (struct weft_packet){.bytes = pb.bytes,
				      .cap_bytes = (uint32_t)pb.len_bytes,
				      .time_ns = START_NS + time_ms * MS};
	assert_int_equal(weft_submit(run.weft, &packet, 1, WAIT_MS), 1);
}

static void *submit_part(void *arg)
{
	const struct part *part = arg;

	for (uint32_t i = 0; i < part->count; i++)
		submit(part->side, WF_TCP_ACK | (i + 1 == part->count ? part->flags : 0),
		       ISN + 1 + (part->first + i) * CHUNK,
		       ISN + 1 + (part->acked + (part->acks_follow ? i : 0)) * CHUNK, CHUNK,
		       part->time_ms + i * part->step_ms);
	return NULL;
}

/* Submit each part by a thread of its own, after the thread before it has ended. */
static void converse(const struct part *parts, size_t count)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 32 << 20, .workers = 2);
	WEFT_OPTS(weft_sub_opts, sub_opts, .inline_fn = on_event);
	struct weft_sub *sub;

	memset(&run, 0, sizeof(run));
	assert_int_equal(weft_new(&opts, &run.weft), 0);
	assert_int_equal(weft_add_submit(run.weft, NULL), 0);
	assert_int_equal(weft_subscribe(run.weft, &sub_opts, &sub), 0);
	assert_int_equal(weft_start(run.weft), 0);
	submit(SIDE_CLIENT, WF_TCP_SYN, ISN, 0, 0, 0);
	submit(SIDE_SERVER, WF_TCP_SYN | WF_TCP_ACK, ISN, ISN + 1, 0, 0);
	submit(SIDE_CLIENT, WF_TCP_ACK, ISN + 1, ISN + 1, 0, 0);
	for (size_t i = 0; i < count; i++) {
		struct part part = parts[i];
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, submit_part, &part), 0);
		pthread_join(thread, NULL);
	}
	weft_stop(run.weft);
	assert_int_equal(weft_wait(run.weft, WAIT_MS), 0);
	assert_null(handle_open_ledger(run.weft));
}

#define CONVERSE(...)                                                 \
	do {                                                          \
		const struct part parts_[] = {__VA_ARGS__};           \
		converse(parts_, sizeof(parts_) / sizeof(parts_[0])); \
	} while (0)

/* Checks the outcome: gaps and the end, the delivered chunks, and the late bytes. */
static void assert_outcome(const char *log, uint32_t to_server, uint32_t to_client,
			   uint32_t late_bytes)
{
	assert_string_equal(run.log, log);
	assert_int_equal(run.bytes[WEFT_TO_SERVER], to_server * CHUNK);
	assert_int_equal(run.bytes[WEFT_TO_CLIENT], to_client * CHUNK);
	assert_int_equal(handle_metric(run.weft, "payload_late_bytes"), late_bytes);
	weft_free(run.weft);
}

/* ---- one direction a thread ---------------------------------------------------------------- */

/*
 * A thread that submits a whole direction keeps its data in order, so that no time limit applies.
 */
TEST(submit_order_one_direction_a_thread_may_lag_by_any_time)
{
	CONVERSE({SIDE_SERVER, 0, 40, 1, 1, 50, 0, true}, {SIDE_CLIENT, 0, 40, 0, 1, 50, 0, true});
	assert_outcome("shutdown ", 40, 40, 0);
	CONVERSE({SIDE_CLIENT, 0, 40, 0, 1, 50, 0, true}, {SIDE_SERVER, 0, 40, 1, 1, 50, 0, true});
	assert_outcome("shutdown ", 40, 40, 0);
}

TEST(submit_order_data_after_the_reset_of_the_other_thread_is_a_gap)
{
	CONVERSE({SIDE_SERVER, 0, 10, 1, 1, 1, WF_TCP_RST, true},
		 {SIDE_CLIENT, 0, 10, 0, 1, 1, 0, true});
	/* The RST neither acknowledges nor carries data of the stream. */
	assert_outcome("gap 0+9216 not_captured rst ", 0, 9, 0);
}

/* ---- one direction by several threads -------------------------------------------------------- */

/* The first chunk is captured @late_ms after the second one and its acknowledgement. */
static void first_chunk_late_by(uint64_t late_ms)
{
	CONVERSE({SIDE_CLIENT, 1, 1, 0, 1, 0, 0, false}, {SIDE_SERVER, 0, 1, 2, 1, 0, 0, false},
		 {SIDE_CLIENT, 0, 1, 0, 1 + late_ms, 0, 0, false});
}

TEST(submit_order_acknowledged_bytes_are_a_gap_after_the_patience_in_time)
{
	first_chunk_late_by(WEFT_ACK_PATIENCE_MS - 1);
	assert_outcome("shutdown ", 2, 1, 0);
	first_chunk_late_by(WEFT_ACK_PATIENCE_MS);
	assert_outcome("gap 0+1024 not_captured shutdown ", 1, 1, CHUNK);
}

/*
 * The first chunk is captured after the second one, its acknowledgement, and @behind more chunks.
 */
static void first_chunk_behind(uint32_t behind)
{
	CONVERSE({SIDE_CLIENT, 1, 1, 0, 1, 0, 0, false}, {SIDE_SERVER, 0, 1, 2, 1, 0, 0, false},
		 {SIDE_CLIENT, 2, behind, 0, 1, 0, 0, false},
		 {SIDE_CLIENT, 0, 1, 0, 1, 0, 0, false});
}

TEST(submit_order_acknowledged_bytes_are_a_gap_after_the_patience_in_bytes)
{
	const uint32_t chunks = WEFT_ACK_PATIENCE_BYTES / CHUNK;

	first_chunk_behind(chunks - 1);
	assert_outcome("shutdown ", 1 + chunks, 1, 0);
	first_chunk_behind(chunks);
	assert_outcome("gap 0+1024 not_captured shutdown ", 1 + chunks, 1, CHUNK);
}

/* The wait for bytes that the receiver has not acknowledged has no limit in bytes. */
TEST(submit_order_other_bytes_are_waited_for)
{
	CONVERSE({SIDE_CLIENT, 1, 60, 0, 1, 0, 0, false}, {SIDE_SERVER, 0, 1, 0, 1, 0, 0, false},
		 {SIDE_CLIENT, 0, 1, 0, 3000, 0, 0, false});
	assert_outcome("shutdown ", 61, 1, 0);
}
