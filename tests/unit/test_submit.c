// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_submit.c - weft_submit() from many threads: each connection is reported once, with its
 * exact bytes.
 *
 *   SUBMIT_PACKETS   packets per thread, with 100 threads (default: 10000, with a sanitizer 500)
 *   SUBMIT_ROUNDS    rounds of start, traffic, stop (default: 100, with a sanitizer 20)
 */
#include "unit/support/test.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weft/weft.h>

#include "packet/packet.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { PACKETS_DEFAULT = 500, ROUNDS_DEFAULT = 20 };
#else
enum { PACKETS_DEFAULT = 10000, ROUNDS_DEFAULT = 100 };
#endif

enum {
	THREADS = 100,
	CONNS = 100,
	CHUNK = 6, /* bytes per packet; a connection's data fits in one unscaled window */
	PACKETS_MAX = 10000,
	FIRST_PORT = 2000,
	BATCH = 16,
	SECONDS_MAX = 240, /* seconds after which the test counts as hung */
};

#define START_NS 1700000000000000000ull
#define ISN	 1000u

/* The events of one connection; the worker that owns it writes them. */
struct seen {
	_Atomic uint32_t opened;
	_Atomic uint32_t closed;
	_Atomic uint64_t bytes;
	_Atomic uint32_t wrong;
};

struct frame {
	uint32_t len_bytes;
	uint8_t bytes[128];
};

static struct seen seen[CONNS];
static struct frame templates[CONNS];
static uint32_t packets_each;

static uint32_t from_env(const char *name, uint32_t fallback)
{
	const char *text = getenv(name);

	return text && atoi(text) > 0 ? (uint32_t)atoi(text) : fallback;
}

static uint8_t byte_at(uint32_t conn, uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251 + conn * 31);
}

static void make_templates(void)
{
	static struct packet_builder pb;

	for (uint32_t i = 0; i < CONNS; i++) {
		const struct pb_tcp tcp = {
			.src_port = (uint16_t)(FIRST_PORT + i),
			.dst_port = 80,
			.window = 65535,
			.flags = WF_TCP_ACK | WF_TCP_PSH,
		};

		pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, "......", CHUNK);
		templates[i].len_bytes = (uint32_t)pb.len_bytes;
		memcpy(templates[i].bytes, pb.bytes, pb.len_bytes);
	}
}

/* Makes packet @index of @conn's data; its checksums are not verified. */
static void make_data(struct frame *frame, uint32_t conn, uint32_t index)
{
	uint8_t *payload;

	*frame = templates[conn];
	pb_put32(frame->bytes + 14 + 20 + 4, ISN + 1 + index * CHUNK);
	pb_put32(frame->bytes + 14 + 20 + 8, 5001);
	payload = frame->bytes + frame->len_bytes - CHUNK;
	for (uint32_t i = 0; i < CHUNK; i++)
		payload[i] = byte_at(conn, (uint64_t)index * CHUNK + i);
}

static struct weft_packet as_packet(const struct frame *frame)
{
	return (struct weft_packet){
		.bytes = frame->bytes, .cap_bytes = frame->len_bytes, .time_ns = START_NS};
}

static void submit_all(struct weft *weft, const struct weft_packet *packets, uint32_t count)
{
	uint32_t done = 0;

	while (done < count) {
		int taken = weft_submit(weft, packets + done, count - done, 1000);

		assert_true(taken > 0 || taken == -EAGAIN);
		done += taken > 0 ? (uint32_t)taken : 0;
	}
}

static void submit_segment(struct weft *weft, uint32_t conn, bool from_server, uint32_t flags,
			   uint32_t seq, uint32_t ack)
{
	static struct packet_builder pb;
	uint16_t port = (uint16_t)(FIRST_PORT + conn);
	const struct pb_tcp tcp = {
		.src_port = from_server ? 80 : port,
		.dst_port = from_server ? port : 80,
		.seq = seq,
		.ack = ack,
		.window = 65535,
		.flags = (uint16_t)flags,
	};
	struct weft_packet packet;

	pb_segment(&pb, from_server ? "10.0.0.2" : "10.0.0.1",
		   from_server ? "10.0.0.1" : "10.0.0.2", &tcp, NULL, 0);
	packet = (struct weft_packet){
		.bytes = pb.bytes, .cap_bytes = (uint32_t)pb.len_bytes, .time_ns = START_NS};
	submit_all(weft, &packet, 1);
}

static void open_all(struct weft *weft)
{
	for (uint32_t i = 0; i < CONNS; i++) {
		submit_segment(weft, i, false, WF_TCP_SYN, ISN, 0);
		submit_segment(weft, i, true, WF_TCP_SYN | WF_TCP_ACK, 5000, ISN + 1);
		submit_segment(weft, i, false, WF_TCP_ACK, ISN + 1, 5001);
	}
}

static void close_all(struct weft *weft)
{
	uint32_t end = ISN + 1 + packets_each * CHUNK;

	for (uint32_t i = 0; i < CONNS; i++) {
		submit_segment(weft, i, false, WF_TCP_FIN | WF_TCP_ACK, end, 5001);
		submit_segment(weft, i, true, WF_TCP_FIN | WF_TCP_ACK, 5001, end + 1);
		submit_segment(weft, i, false, WF_TCP_ACK, end + 1, 5002);
	}
}

static int on_event(const struct weft_event *event, void *ctx)
{
	uint16_t *ports = (uint16_t[]){event->flow->src_port, event->flow->dst_port};
	uint32_t conn = (uint32_t)(ports[0] == 80 ? ports[1] : ports[0]) - FIRST_PORT;
	struct seen *it = &seen[conn < CONNS ? conn : 0];
	uint64_t off = it->bytes;

	(void)ctx;
	if (event->type == WEFT_EVENT_OPEN)
		it->opened++;
	else if (event->type == WEFT_EVENT_CLOSE)
		it->closed++;
	else if (event->type != WEFT_EVENT_DATA || event->data.off != off)
		it->wrong++;
	for (uint32_t i = 0; event->type == WEFT_EVENT_DATA && i < event->data.len_bytes; i++)
		it->wrong += event->data.bytes[i] != byte_at(conn, off + i);
	if (event->type == WEFT_EVENT_DATA)
		it->bytes += event->data.len_bytes;
	return 0;
}

static struct weft *start(uint32_t workers, const struct weft_submit_opts *submit, weft_event_fn fn)
{
	WEFT_OPTS(weft_opts, opts, .workers = workers, .memory_max_bytes = 96 << 20,
		  .checksum = WEFT_CHECKSUM_IGNORE, .flows_max = 10000, .detect_races = WEFT_ON);
	WEFT_OPTS(weft_sub_opts, sub, .inline_fn = fn);
	struct weft_sub *handle;
	struct weft *weft;

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_submit(weft, submit), 0);
	if (fn)
		assert_int_equal(weft_subscribe(weft, &sub, &handle), 0);
	assert_int_equal(weft_start(weft), 0);
	return weft;
}

static void finish(struct weft *weft)
{
	weft_stop(weft);
	assert_int_equal(weft_wait(weft, SECONDS_MAX * 1000), 0);
	assert_null(handle_open_ledger(weft));
	assert_int_equal(handle_metric(weft, "ownership_violations"), 0);
}

static void assert_each_seen_once(void)
{
	for (uint32_t i = 0; i < CONNS; i++) {
		assert_int_equal(seen[i].opened, 1);
		assert_int_equal(seen[i].closed, 1);
		assert_int_equal(seen[i].wrong, 0);
		assert_int_equal(seen[i].bytes, (uint64_t)packets_each * CHUNK);
	}
}

/* ---- many threads ------------------------------------------------------------------ */

struct submitter {
	struct weft *weft;
	uint32_t index;
	bool shared; /* true: the packets of each connection are distributed over all threads */
};

static void *submitter_main(void *arg)
{
	const struct submitter *submitter = arg;
	struct frame frames[BATCH];
	struct weft_packet packets[BATCH];
	uint32_t count = 0;

	for (uint32_t i = 0; i < packets_each; i++) {
		uint32_t conn = submitter->shared ? i % CONNS : submitter->index;
		uint32_t index = submitter->shared ? i / CONNS * THREADS + submitter->index : i;

		make_data(&frames[count], conn, index);
		packets[count] = as_packet(&frames[count]);
		if (++count < BATCH && i + 1 < packets_each)
			continue;
		submit_all(submitter->weft, packets, count);
		count = 0;
	}
	return NULL;
}

static void run_threads(struct weft *weft, bool shared)
{
	static struct submitter submitters[THREADS];
	pthread_t threads[THREADS];

	for (uint32_t i = 0; i < THREADS; i++) {
		submitters[i] = (struct submitter){weft, i, shared};
		assert_int_equal(pthread_create(&threads[i], NULL, submitter_main, &submitters[i]),
				 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void submit_from_100_threads(bool shared, uint32_t workers)
{
	struct weft *weft;

	memset(seen, 0, sizeof(seen));
	weft = start(workers, NULL, on_event);
	open_all(weft);
	run_threads(weft, shared);
	close_all(weft);
	finish(weft);
	assert_int_equal(handle_metric(weft, "flows_opened_flows"), CONNS);
	assert_int_equal(handle_metric(weft, "frames"), CONNS * 6 + packets_each * THREADS);
	weft_free(weft);
	assert_each_seen_once();
}

TEST(submit_distinct_connections_come_out_once_and_exact)
{
	submit_from_100_threads(false, 2);
}

TEST(submit_shared_connections_come_out_once_and_exact)
{
	submit_from_100_threads(true, 2);
}

TEST(submit_shared_connections_to_more_workers_than_cpus)
{
	submit_from_100_threads(true, 7);
}

/* ---- one direction a thread ---------------------------------------------------------- */

enum { SIDES = 2, STEPS = 400, SIDE_CHUNK = 1000, TURN_ROUNDS = 20, TRIES_MAX = 20 };

/* Makes packet @step of the conversation; the sides send alternately. Returns the side. */
static uint32_t make_step(struct packet_builder *pb, uint32_t step, struct weft_packet *packet)
{
	static const char payload[SIDE_CHUNK];
	uint32_t side = step % SIDES;
	uint32_t data_steps = step < STEPS - 3 ? step : STEPS - 3;
	bool is_syn = step < SIDES;
	/* number of bytes that each side has sent before this step */
	uint32_t sent[SIDES] = {is_syn ? 0 : (data_steps - 1) / 2 * SIDE_CHUNK,
				is_syn ? 0 : (data_steps - 2) / 2 * SIDE_CHUNK};
	struct pb_tcp tcp = {
		.src_port = side ? 80 : FIRST_PORT,
		.dst_port = side ? FIRST_PORT : 80,
		.seq = ISN + !is_syn + sent[side],
		.ack = step ? ISN + 1 + sent[!side] : 0,
		.flags = (uint16_t)((is_syn ? WF_TCP_SYN : 0) | (step ? WF_TCP_ACK : 0)),
		.window = 65535,
	};

	if (step == STEPS - 1) /* segments processed after the RST are lost */
		tcp.flags |= WF_TCP_RST;
	pb_segment(pb, side ? "10.0.0.2" : "10.0.0.1", side ? "10.0.0.1" : "10.0.0.2", &tcp,
		   payload, is_syn || step >= STEPS - 3 ? 0 : SIDE_CHUNK);
	*packet = (struct weft_packet){
		.bytes = pb->bytes,
		.cap_bytes = (uint32_t)pb->len_bytes,
		.time_ns = START_NS + step * 50000000ull,
	};
	return side;
}

static struct {
	_Atomic uint64_t bytes[SIDES];
	_Atomic uint32_t gaps;
	_Atomic uint32_t opened;
	_Atomic uint32_t reset;
} talk;

static int on_talk(const struct weft_event *event, void *ctx)
{
	(void)ctx;
	if (event->type == WEFT_EVENT_DATA)
		talk.bytes[event->dir] += event->data.len_bytes;
	talk.gaps += event->type == WEFT_EVENT_GAP;
	talk.opened += event->type == WEFT_EVENT_OPEN;
	talk.reset += event->type == WEFT_EVENT_CLOSE && event->close->reason == WEFT_CLOSE_RST;
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t turns_begin_ms; /* a time before the first call of weft_submit() */

/*
 * The host was so busy that a thread made no call for WEFT_SUBMIT_SILENCE_MS, so that the other one
 * rightly did not wait for it.
 */
static _Atomic bool was_silent;

/* Submits @packet. *@call_ms: a time before the last call of this thread. */
static void submit_in_turn(struct weft *weft, const struct weft_packet *packet, uint64_t *call_ms)
{
	uint64_t before_ms = now_ms();

	submit_all(weft, packet, 1);
	if (now_ms() - *call_ms >= WEFT_SUBMIT_SILENCE_MS)
		was_silent = true;
	*call_ms = before_ms;
}

static void *side_main(void *arg)
{
	const struct submitter *submitter = arg;
	struct packet_builder *pb = malloc(sizeof(*pb));
	uint64_t call_ms = turns_begin_ms;
	struct weft_packet packet;

	if (submitter->shared) /* this thread starts late */
		usleep(20000);
	for (uint32_t step = 0; step < STEPS; step++)
		if (make_step(pb, step, &packet) == submitter->index)
			submit_in_turn(submitter->weft, &packet, &call_ms);
	assert_int_equal(weft_submit(submitter->weft, NULL, 0, 0), 0);
	free(pb);
	return NULL;
}

static void one_direction_a_thread(uint32_t round)
{
	WEFT_OPTS(weft_submit_opts, opts, .ordered_threads = SIDES);
	struct submitter submitters[SIDES];
	pthread_t threads[SIDES];
	struct weft *weft;

	memset(&talk, 0, sizeof(talk));
	was_silent = false;
	turns_begin_ms = now_ms();
	weft = start(1 + round % 3, &opts, on_talk);
	for (uint32_t i = 0; i < SIDES; i++) {
		submitters[i] = (struct submitter){weft, i, (round + i) % SIDES};
		pthread_create(&threads[i], NULL, side_main, &submitters[i]);
	}
	for (uint32_t i = 0; i < SIDES; i++)
		pthread_join(threads[i], NULL);
	finish(weft);
	weft_free(weft);
}

TEST(submit_one_direction_a_thread_is_as_exact_as_one_thread)
{
	for (uint32_t round = 0; round < TURN_ROUNDS; round++) {
		int tries = 0;

		do
			one_direction_a_thread(round);
		while (was_silent && ++tries < TRIES_MAX);
		assert_int_equal(talk.opened, 1);
		assert_int_equal(talk.gaps, 0);
		assert_int_equal(talk.reset, 1);
		assert_int_equal(talk.bytes[0] + talk.bytes[1], (STEPS - 5) * SIDE_CHUNK);
	}
}

TEST(submit_does_not_wait_for_a_thread_that_never_comes)
{
	WEFT_OPTS(weft_submit_opts, opts, .ordered_threads = SIDES);
	static struct packet_builder pb;
	struct weft_packet packet;
	struct weft *weft = start(1, &opts, NULL);
	int taken[2];

	make_step(&pb, 0, &packet);
	turns_begin_ms = now_ms();
	for (int i = 0; i < 2; i++)
		taken[i] = weft_submit(weft, &packet, 1, i * 10);
	/* On a busy host, the second call may end after the time for which a thread is awaited. */
	assert_int_equal(taken[0], -EAGAIN);
	if (now_ms() - turns_begin_ms < WEFT_SUBMIT_SILENCE_MS)
		assert_int_equal(taken[1], -EAGAIN);
	assert_int_equal(weft_submit(weft, &packet, 1, 60000), 1);
	finish(weft);
	weft_free(weft);
}

TEST(submit_that_waits_for_its_turn_ends_when_the_handle_stops)
{
	WEFT_OPTS(weft_submit_opts, opts, .ordered_threads = SIDES);
	WEFT_OPTS(weft_submit_opts, live, .ordered_threads = SIDES, .live = true);
	WEFT_OPTS(weft_submit_opts, many, .ordered_threads = WEFT_SUBMIT_THREADS_MAX + 1);
	static struct packet_builder pb;
	struct weft_packet packet;
	struct weft *weft = start(1, &opts, NULL);

	make_step(&pb, 0, &packet);
	weft_stop(weft);
	assert_int_equal(weft_submit(weft, &packet, 1, -1), -ESHUTDOWN);
	weft_free(weft);
	assert_int_equal(weft_new(NULL, &weft), 0);
	assert_int_equal(weft_add_submit(weft, &live), -EINVAL);
	assert_int_equal(weft_add_submit(weft, &many), -EINVAL);
	weft_free(weft);
}

/* ---- start, stop, reconfigure -------------------------------------------------------- */

struct flood {
	struct weft *weft;
	uint32_t first_conn;
	_Atomic uint64_t taken;
};

/* Submits packets until the handle stops, and counts those that weft accepted. */
static void *flood_main(void *arg)
{
	struct flood *flood = arg;
	struct frame frames[BATCH];
	struct weft_packet packets[BATCH];

	for (uint32_t turn = 0;; turn++) {
		int taken;

		for (uint32_t i = 0; i < BATCH; i++) {
			make_data(&frames[i], (flood->first_conn + i) % CONNS, turn % PACKETS_MAX);
			packets[i] = as_packet(&frames[i]);
		}
		taken = weft_submit(flood->weft, packets, BATCH, turn % 3 ? -1 : 0);
		if (taken > 0)
			flood->taken += (uint64_t)taken;
		else if (taken == -ESHUTDOWN)
			return NULL;
		else
			assert_int_equal(taken, -EAGAIN);
	}
}

static void one_round(uint32_t round)
{
	enum { FLOODS = 3 };
	WEFT_OPTS(weft_submit_opts, submit, .live = round & 1,
		  .ring_bytes = round & 2 ? WEFT_SUBMIT_RING_MIN_BYTES : 0);
	struct weft *weft = start(1 + round % 4, &submit, NULL);
	struct flood floods[FLOODS];
	pthread_t threads[FLOODS];
	uint64_t taken = 0;

	for (uint32_t i = 0; i < FLOODS; i++) {
		floods[i] = (struct flood){.weft = weft, .first_conn = i * 30};
		assert_int_equal(pthread_create(&threads[i], NULL, flood_main, &floods[i]), 0);
	}
	while (floods[round % FLOODS].taken < round % 5 * 200)
		sched_yield();
	finish(weft);
	for (uint32_t i = 0; i < FLOODS; i++) {
		pthread_join(threads[i], NULL);
		taken += floods[i].taken;
	}
	assert_int_equal(handle_metric(weft, "frames"), taken);
	weft_free(weft);
}

TEST(submit_rounds_of_start_and_stop_lose_nothing_uncounted)
{
	uint32_t rounds = from_env("SUBMIT_ROUNDS", ROUNDS_DEFAULT);

	for (uint32_t i = 0; i < rounds; i++)
		one_round(i);
}

/* ---- one thread ---------------------------------------------------------------------- */

TEST(submit_refuses_what_makes_no_sense)
{
	struct frame frame;
	struct weft_packet packet;
	struct weft *weft;

	weft = start(1, NULL, NULL);
	make_data(&frame, 0, 0);
	packet = as_packet(&frame);
	packet.link = WEFT_LINK_COUNT;
	assert_int_equal(weft_submit(weft, &packet, 1, 0), -EINVAL);
	packet = as_packet(&frame);
	packet.wire_bytes = packet.cap_bytes - 1;
	assert_int_equal(weft_submit(weft, &packet, 1, 0), -EINVAL);
	packet = as_packet(&frame);
	packet.cap_bytes = packet.wire_bytes = WEFT_SUBMIT_MAX_BYTES + 1;
	assert_int_equal(weft_submit(weft, &packet, 1, 0), -EMSGSIZE);
	assert_int_equal(weft_submit(weft, NULL, 0, 0), 0);
	finish(weft);
	packet = as_packet(&frame);
	assert_int_equal(weft_submit(weft, &packet, 1, -1), -ESHUTDOWN);
	assert_int_equal(handle_metric(weft, "frames"), 0);
	weft_free(weft);
}

TEST(submit_before_start_or_without_add_is_refused)
{
	WEFT_OPTS(weft_submit_opts, odd, .ring_bytes = 300000);
	struct frame frame;
	struct weft_packet packet;
	struct weft *weft;

	make_data(&frame, 0, 0);
	packet = as_packet(&frame);
	assert_int_equal(weft_new(NULL, &weft), 0);
	assert_int_equal(weft_submit(weft, &packet, 1, 0), -EINVAL);
	assert_int_equal(weft_add_submit(weft, &odd), -EINVAL);
	assert_int_equal(weft_add_submit(weft, NULL), 0);
	assert_int_equal(weft_add_submit(weft, NULL), -EEXIST);
	assert_int_equal(weft_add_file(weft, "/dev/null"), -EINVAL);
	assert_int_equal(weft_submit(weft, &packet, 1, 0), -EINVAL);
	weft_free(weft);
}

static _Atomic bool may_go_on;
static _Atomic int inner_result;
static struct weft *inner_weft;

/*
 * A callback that submits packets from its worker's thread until there is no room for more, and
 * then once more with a time-out.
 */
static int on_event_submit(const struct weft_event *event, void *ctx)
{
	struct frame frame;
	struct weft_packet packet;

	(void)ctx;
	if (event->type != WEFT_EVENT_DATA || may_go_on)
		return 0;
	make_data(&frame, 1, 0);
	packet = as_packet(&frame);
	while (weft_submit(inner_weft, &packet, 1, 0) == 1)
		;
	inner_result = weft_submit(inner_weft, &packet, 1, 1000);
	may_go_on = true;
	return 0;
}

TEST(submit_waiting_on_a_worker_for_itself_is_refused)
{
	struct frame frame;
	struct weft_packet packet;

	may_go_on = false;
	inner_weft = start(1, NULL, on_event_submit);
	submit_segment(inner_weft, 0, false, WF_TCP_SYN, ISN, 0);
	submit_segment(inner_weft, 0, true, WF_TCP_SYN | WF_TCP_ACK, 5000, ISN + 1);
	make_data(&frame, 0, 0);
	packet = as_packet(&frame);
	submit_all(inner_weft, &packet, 1);
	while (!may_go_on)
		sched_yield();
	finish(inner_weft);
	assert_true(may_go_on);
	assert_int_equal(inner_result, -EDEADLK);
	assert_true(handle_metric(inner_weft, "submit_refused_packets") > 0);
	weft_free(inner_weft);
}

/* The ring refers to the caller's bytes: a stable packet is not copied. */
TEST(submit_stable_bytes_are_not_copied)
{
	static struct frame frames[PACKETS_MAX];
	struct weft *weft;

	memset(seen, 0, sizeof(seen));
	weft = start(2, NULL, on_event);
	open_all(weft);
	for (uint32_t i = 0; i < packets_each; i++) {
		/* The two segments of each pair are sent in reverse order, so data is held. */
		uint32_t index = i ^ 1;
		struct weft_packet packet;

		make_data(&frames[index], 0, index);
		packet = as_packet(&frames[index]);
		packet.is_stable = true;
		submit_all(weft, &packet, 1);
	}
	close_all(weft);
	finish(weft);
	weft_free(weft);
	assert_int_equal(seen[0].wrong, 0);
	assert_int_equal(seen[0].bytes, (uint64_t)packets_each * CHUNK);
}

/* Sends bytes [@begin, @end) of the TCP segment in @whole, as a fragment. */
static void submit_fragment(struct weft *weft, const struct frame *whole, uint16_t id,
			    uint32_t begin, uint32_t end)
{
	static struct packet_builder pb;
	struct weft_packet packet;

	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, "10.0.0.1", "10.0.0.2");
	pb_set_proto(&pb, 6);
	pb_ipv4_set_fragment(&pb, id, begin, end < 20 + CHUNK);
	pb_data(&pb, whole->bytes + 14 + 20 + begin, end - begin);
	pb_finish(&pb);
	packet = (struct weft_packet){
		.bytes = pb.bytes, .cap_bytes = (uint32_t)pb.len_bytes, .time_ns = START_NS};
	submit_all(weft, &packet, 1);
}

TEST(submit_fragments_reach_their_connection)
{
	uint32_t packets_before = packets_each;
	struct frame whole;
	struct weft *weft;

	packets_each = 1;
	memset(seen, 0, sizeof(seen));
	weft = start(4, NULL, on_event);
	open_all(weft);
	for (uint32_t i = 0; i < CONNS; i++) {
		make_data(&whole, i, 0);
		submit_fragment(weft, &whole, (uint16_t)(i + 1), 24, 20 + CHUNK);
		submit_fragment(weft, &whole, (uint16_t)(i + 1), 0, 24);
	}
	/*
	 * The FIN may be processed before the rebuilt datagram; reassembly then waits for the
	 * datagram.
	 */
	close_all(weft);
	finish(weft);
	assert_int_equal(handle_metric(weft, "rebuilt_processed_datagrams"), CONNS);
	assert_true(handle_metric(weft, "frames_handed_off_frames") > 0);
	weft_free(weft);
	assert_each_seen_once();
	packets_each = packets_before;
}

static int prepare(void **state)
{
	alarm(SECONDS_MAX);
	make_templates();
	packets_each = from_env("SUBMIT_PACKETS", PACKETS_DEFAULT) / 100 * 100;
	if (!packets_each || packets_each > PACKETS_MAX)
		packets_each = PACKETS_MAX;
	return 0;
}

TEST_GROUP(prepare, NULL);
