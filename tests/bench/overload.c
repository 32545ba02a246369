// SPDX-License-Identifier: BSD-2-Clause
/*
 * overload.c - measures the CPU time per segment of a worker whose receive ring overflows.
 *
 *   overload [--flows N] [--payload BYTES] [--lost PARTS] [--frames N]
 *            [--subscriptions N] [--readers N] [--overflow NUMBER] [--queue-kb N]
 *
 * The traffic is that of live_feed: many flows in turn, each of 8 data segments and an
 * acknowledgement, all in order, 3 million frames per second. One thread is the sender, the kernel
 * and the worker in turn: the kernel copies a batch to receive frames, and while the worker
 * processes a batch, the sender sends --lost batches that find the ring full. --lost 0: no frame is
 * lost. --frames: number of frames that the worker receives.
 *
 * --subscriptions: number of subscriptions with queues, of which the first --readers are read every
 * millisecond of 200,000 frames per second, each until its queue is empty. --overflow: their
 * policy, a number of enum weft_overflow; without it, they have all policies of a live capture in
 * turn. --queue-kb: size of their queues; default: that of weft_sub_opts. Reading is not part of
 * the CPU time. With `valgrind --tool=callgrind
 * --toggle-collect='work*'`, the number of instructions is that of the worker's part, too.
 *
 * Output: CPU time of the worker's part per received frame, in nanoseconds, and the counts of
 * segments that were in order, held, and copied, and of gaps.
 */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

#include "base/clock.h"
#include "conn/conn.h"
#include "deliver/dispatch.h"
#include "deliver/registry.h"
#include "deliver/subscription.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "packet/frame.h"
#include "senders/marks.h"
#include "worker/pipeline.h"

enum {
	MEMORY_MB = 512,
	RX_FRAMES = 29440, /* number of receive frames in tap mode with MEMORY_MB and one queue */
	FRAME_BYTES = 4096,
	FRAME_OFFSET = 256, /* bytes before the packet in its receive frame */
	RING_FRAMES = 2048,
	BATCH = 64,
	FRAME_NS = 333, /* time between two frames of the sender */
	HEADERS_BYTES = 54,
	PAYLOAD_MAX = 1446,
	FIRST_TURNS = 3, /* frames of a handshake */
	DATA_TURNS = 8,
	CYCLE_TURNS = 9,
	READ_BATCHES = 3,
	READ_EVENTS = 64,
};

struct bench {
	uint32_t flows;
	uint32_t payload;
	uint32_t lost;
	uint64_t frames;
	uint32_t subscriptions;
	uint32_t readers;
	uint64_t queue_bytes;	     /* 0: the default */
	enum weft_overflow overflow; /* WEFT_OVERFLOW_DEFAULT: all in turn */
	struct weft_sub *subs[WEFT_SUBSCRIPTIONS_MAX];
	uint64_t sent; /* number of frames sent, also of lost ones */
	uint64_t now_ns;
	uint64_t worker_ns; /* CPU time of the worker's part */
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_registry registry;
	struct wf_dispatch dispatch;
	struct wf_marks marks;
	struct wf_pipeline *pipeline;
	struct weft_opts opts;
	/* fill ring: offsets in the arena, last in, first out; receive ring: first in, first out */
	uint64_t fill[RING_FRAMES];
	uint32_t filled;
	struct wf_frame ring[RING_FRAMES];
	uint64_t ring_in, ring_out;
};

static struct wf_metrics metrics;

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * WF_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* ---- the sender: frames like those of feed.bpf.c ----------------------------------- */

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void write_tcp(uint8_t *tcp, bool from_client, uint32_t flow, uint32_t seq, uint32_t ack,
		      uint8_t flags)
{
	uint32_t client_port = 1024 + (flow & 0x7fff);

	put16(tcp, from_client ? client_port : 80);
	put16(tcp + 2, from_client ? 80 : client_port);
	put32(tcp + 4, seq);
	put32(tcp + 8, ack);
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	put16(tcp + 14, 65535);
	put32(tcp + 16, 0);
}

static void write_headers(uint8_t *frame, bool from_client, uint32_t flow, uint32_t payload)
{
	uint8_t *ip = frame + 14;

	memcpy(frame, "\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0", 14);
	memcpy(ip, "\x45\0\0\0\0\0\x40\0\x40\6\0\0", 12);
	put16(ip + 2, 40 + payload);
	put32(ip + (from_client ? 12 : 16), 0xc6130000u + (flow >> 15));
	put32(ip + (from_client ? 16 : 12), 0xc6120001u);
}

/* Write frame number @number to @frame. Return: its length. */
static uint32_t write_frame(const struct bench *bench, uint64_t number, uint8_t *frame)
{
	uint32_t flow = (uint32_t)(number % bench->flows);
	uint64_t turn = number / bench->flows;
	uint32_t client_seq = flow * 2654435761u;
	uint32_t server_seq = flow * 40503u + 12345;
	uint32_t payload = 0;
	uint8_t *tcp = frame + 34;

	if (turn < FIRST_TURNS) {
		write_headers(frame, turn != 1, flow, 0);
		write_tcp(tcp, turn != 1, flow, turn == 1 ? server_seq : client_seq + (turn == 2),
			  turn == 0   ? 0
			  : turn == 1 ? client_seq + 1
				      : server_seq + 1,
			  (uint8_t)((turn < 2 ? 2 : 0) | (turn > 0 ? 16 : 0)));
		return HEADERS_BYTES;
	}
	turn -= FIRST_TURNS;
	if (turn % CYCLE_TURNS < DATA_TURNS)
		payload = bench->payload;
	server_seq += 1 + (uint32_t)(turn / CYCLE_TURNS * DATA_TURNS + turn % CYCLE_TURNS) *
				  bench->payload;
	write_headers(frame, !payload, flow, payload);
	if (payload)
		write_tcp(tcp, false, flow, server_seq, client_seq + 1, 16);
	else
		write_tcp(tcp, true, flow, client_seq + 1, server_seq, 16);
	memset(frame + HEADERS_BYTES, 'a', payload);
	return HEADERS_BYTES + payload;
}

/* ---- the kernel ---------------------------------------------------------------------- */

static void receive(struct bench *bench)
{
	uint64_t off = bench->fill[--bench->filled] + FRAME_OFFSET;
	uint8_t *bytes = (uint8_t *)wf_arena_base(bench->arena) + off;
	uint32_t len_bytes = write_frame(bench, bench->sent, bytes);

	bench->ring[bench->ring_in++ % RING_FRAMES] = (struct wf_frame){
		.bytes = bytes,
		.time_ns = bench->now_ns,
		.cap_bytes = len_bytes,
		.wire_bytes = len_bytes,
		.link = WEFT_LINK_ETHERNET,
		.page = wf_arena_page_at(bench->arena, off),
	};
}

/* Send @count frames. A frame is lost if the receive ring is full or the fill ring is empty. */
static void send_frames(struct bench *bench, uint64_t count)
{
	for (; count; count--) {
		bench->now_ns += FRAME_NS;
		if (bench->filled && bench->ring_in - bench->ring_out < RING_FRAMES)
			receive(bench);
		bench->sent++;
	}
}

/* ---- the worker ---------------------------------------------------------------------- */

static void refill(struct bench *bench)
{
	while (RING_FRAMES - bench->filled >= BATCH) {
		uint32_t count =
			wf_page_pool_take_frames(bench->pages, bench->fill + bench->filled, BATCH);

		bench->filled += count;
		if (count < BATCH)
			return;
	}
}

static __attribute__((noinline)) void work(struct bench *bench, bool overruns)
{
	struct wf_frame frames[BATCH];
	uint32_t count = 0;
	uint64_t start_ns = cpu_ns();

	for (; count < BATCH && bench->ring_out < bench->ring_in; count++)
		frames[count] = bench->ring[bench->ring_out++ % RING_FRAMES];
	if (overruns)
		wf_pipeline_note_overrun(bench->pipeline);
	wf_pipeline_run(bench->pipeline, frames, count);
	refill(bench);
	wf_pipeline_tick(bench->pipeline, bench->now_ns);
	wf_dispatch_flush(&bench->dispatch);
	bench->worker_ns += cpu_ns() - start_ns;
}

/* ---- the readers ----------------------------------------------------------------------- */

/* Empty the queues that are read. Pages are put as by a thread without a pool. */
static void read_queues(struct bench *bench)
{
	struct weft_event events[READ_EVENTS];

	wf_page_pool_adopt(NULL);
	for (uint32_t i = 0; i < bench->readers; i++)
		while (wf_sub_poll(bench->subs[i], events, READ_EVENTS, 0) > 0)
			;
	wf_page_pool_adopt(bench->pages);
}

/* ---- set-up ---------------------------------------------------------------------------- */

static void hand_off(void *ctx, uint32_t worker, const struct wf_frame *frame)
{
	(void)ctx, (void)worker, (void)frame;
	abort();
}

static void check(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "overload: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void subscribe(struct bench *bench)
{
	const uint32_t policies = 1 + WEFT_OVERFLOW_RESIZE - WEFT_OVERFLOW_DROP_OLDEST;

	for (uint32_t i = 0; i < bench->subscriptions; i++) {
		WEFT_OPTS(weft_sub_opts, wants, .overflow = bench->overflow,
			  .queue_bytes = bench->queue_bytes);

		if (!wants.overflow)
			wants.overflow = (enum weft_overflow)(WEFT_OVERFLOW_DROP_OLDEST +
							      (int)(i % policies));
		check(wf_registry_add(&bench->registry, &wants, true, &bench->subs[i]),
		      "subscription");
	}
}

static void start(struct bench *bench)
{
	const struct wf_page_pool_opts pages = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
		.frame_bytes = FRAME_BYTES,
		.frames = RX_FRAMES,
		.frames_reserve = RING_FRAMES,
	};
	struct wf_pipeline_opts pipeline = {
		.weft = &bench->opts,
		.secret = {{0x1234, 0x5678, 0x9abc, 0xdef0}},
		.workers = 1,
		.metrics = &metrics,
		.dispatch = &bench->dispatch,
		.marks = &bench->marks,
		.handoff = hand_off,
	};

	bench->opts = (struct weft_opts){
		.sz = sizeof(struct weft_opts),
		.workers = 1,
		.memory_max_bytes = (uint64_t)MEMORY_MB << 20,
		.flows_max = 1000000,
		.embryonic_max = 65536,
		.half_open_per_source_max = 65536,
		.timeout_embryonic_sec = WEFT_TIMEOUT_EMBRYONIC_SEC,
		.timeout_established_sec = WEFT_TIMEOUT_ESTABLISHED_SEC,
		.timeout_closing_sec = WEFT_TIMEOUT_CLOSING_SEC,
		.timeout_closed_sec = WEFT_TIMEOUT_CLOSED_SEC,
		.overlap = WEFT_OVERLAP_LINUX,
		.one_sided_gap_timeout_ms = WEFT_ONE_SIDED_GAP_TIMEOUT_MS,
		.stream_pages_max = WEFT_STREAM_PAGES_MAX,
		.page_small_bytes = WEFT_PAGE_SMALL_BYTES,
		.checksum = WEFT_CHECKSUM_IGNORE,
	};
	check(wf_arena_new(bench->opts.memory_max_bytes, &bench->arena), "arena");
	check(wf_page_pool_new(bench->arena, &pages, &metrics, &bench->pages), "pages");
	check(wf_registry_init(&bench->registry, bench->arena, 1, 1000), "registry");
	subscribe(bench);
	check(wf_registry_start(&bench->registry), "registry");
	wf_dispatch_init(&bench->dispatch, &bench->registry, 0);
	wf_dispatch_share(&bench->dispatch, bench->pages);
	wf_page_pool_adopt(bench->pages);
	pipeline.arena = bench->arena;
	pipeline.pages = bench->pages;
	check(wf_pipeline_new(&pipeline, &bench->pipeline), "pipeline");
	bench->now_ns = WF_NS_PER_SEC;
	refill(bench);
}

static void stop(struct bench *bench)
{
	while (bench->ring_out < bench->ring_in)
		wf_page_put(bench->ring[bench->ring_out++ % RING_FRAMES].page);
	for (uint32_t i = 0; i < bench->subscriptions; i++)
		wf_registry_remove(bench->subs[i]);
	wf_pipeline_flush(bench->pipeline);
	wf_pipeline_free(bench->pipeline);
	wf_dispatch_close(&bench->dispatch);
	wf_registry_fini(&bench->registry);
	while (bench->filled)
		wf_page_put(wf_arena_page_at(bench->arena, bench->fill[--bench->filled]));
	wf_page_pool_free(bench->pages);
	wf_arena_free(bench->arena);
}

/* ---- the measurement ------------------------------------------------------------------- */

static void run(struct bench *bench)
{
	uint64_t handshakes = (uint64_t)bench->flows * FIRST_TURNS;
	uint64_t done = 0;

	while (bench->sent < handshakes) {
		send_frames(bench, handshakes - bench->sent < BATCH ? handshakes - bench->sent
								    : (uint64_t)BATCH);
		work(bench, false);
	}
	if (bench->lost)
		send_frames(bench, RING_FRAMES);
	bench->worker_ns = 0;
	for (; done < bench->frames; done += BATCH) {
		if (!bench->lost)
			send_frames(bench, BATCH);
		work(bench, bench->lost);
		if (done / BATCH % READ_BATCHES == 0)
			read_queues(bench);
		if (bench->lost)
			send_frames(bench, (uint64_t)BATCH * (bench->lost + 1));
	}
	printf("lost %u of %u, payload %u: %.1f ns, in order %llu, held %llu, copied %llu, "
	       "gaps %llu, held at the end %llu bytes\n",
	       bench->lost, bench->lost + 1, bench->payload,
	       (double)bench->worker_ns / (double)done,
	       (unsigned long long)wf_metric_get(&metrics, segments_in_order_segments),
	       (unsigned long long)wf_metric_get(&metrics, segments_held_segments),
	       (unsigned long long)wf_metric_get(&metrics, segments_copied_segments),
	       (unsigned long long)wf_metric_get(&metrics, gaps),
	       (unsigned long long)wf_metric_get(&metrics, payload_held_bytes));
}

static int parse_options(int argc, char **argv, struct bench *bench)
{
	static const struct option options[] = {
		{"flows", required_argument, NULL, 'f'},
		{"payload", required_argument, NULL, 'p'},
		{"lost", required_argument, NULL, 'l'},
		{"frames", required_argument, NULL, 'n'},
		{"subscriptions", required_argument, NULL, 's'},
		{"readers", required_argument, NULL, 'r'},
		{"overflow", required_argument, NULL, 'o'},
		{"queue-kb", required_argument, NULL, 'q'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		uint64_t value = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (option) {
		case 'f':
			bench->flows = (uint32_t)value;
			break;
		case 'p':
			bench->payload = (uint32_t)value;
			break;
		case 'l':
			bench->lost = (uint32_t)value;
			break;
		case 'n':
			bench->frames = value;
			break;
		case 's':
			bench->subscriptions = (uint32_t)value;
			break;
		case 'r':
			bench->readers = (uint32_t)value;
			break;
		case 'q':
			bench->queue_bytes = value << 10;
			break;
		case 'o':
			bench->overflow = (enum weft_overflow)value;
			break;
		default:
			return -1;
		}
	}
	return optind == argc && bench->flows && bench->payload && bench->payload <= PAYLOAD_MAX &&
			       bench->subscriptions <= WEFT_SUBSCRIPTIONS_MAX &&
			       bench->readers <= bench->subscriptions &&
			       bench->overflow != WEFT_OVERFLOW_BLOCK &&
			       bench->overflow <= WEFT_OVERFLOW_RESIZE
		       ? 0
		       : -1;
}

int main(int argc, char **argv)
{
	static struct bench bench = {.flows = 1000, .payload = 1446, .lost = 5, .frames = 1000000};

	if (parse_options(argc, argv, &bench)) {
		fprintf(stderr,
			"usage: overload [--flows N] [--payload 1..%d] [--lost PARTS] "
			"[--frames N]\n"
			"                [--subscriptions 0..%d] [--readers N] [--overflow "
			"2..5] [--queue-kb N]\n",
			PAYLOAD_MAX, WEFT_SUBSCRIPTIONS_MAX);
		return 2;
	}
	start(&bench);
	run(&bench);
	stop(&bench);
	return 0;
}
