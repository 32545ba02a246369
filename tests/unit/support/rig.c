// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/cmocka.h"
#include "unit/support/rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/flow_id.h"
#include "packet/packet.h"
#include "deliver/subscription.h"
#include "worker/pipeline.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"

#define START_NS (1700000000ull * WF_NS_PER_SEC)

enum { FRAME_BYTES = 2048, READ_EVENTS = 64 };

static void log_line(struct rig *rig, const char *text)
{
	size_t len = strlen(text);

	assert_true(rig->log_bytes + len < sizeof(rig->log));
	memcpy(rig->log + rig->log_bytes, text, len + 1);
	rig->log_bytes += len;
}

/*
 * Returns the number of a connection; connections are numbered from 1 in order of opening. The rig
 * has one worker, and its ids have the seed 0.
 */
static unsigned int number_of(const struct weft_flow *flow)
{
	unsigned int number = 1;

	if (!flow->id) /* the rig has no flow yet */
		return 0;
	while (wf_flow_id(0, number, 0) != flow->id)
		number++;
	return number;
}

static void check_offset(struct rig *rig, const struct weft_event *event, uint64_t off,
			 uint64_t len_bytes)
{
	unsigned int number = number_of(event->flow);

	if (number >= sizeof(rig->next_off) / sizeof(rig->next_off[0]))
		return;
	/* A DROP event reports the dropped bytes; the next event continues after them. */
	if (rig->is_lossy[number][event->dir])
		assert_true(off >= rig->next_off[number][event->dir]);
	else
		assert_int_equal(off, rig->next_off[number][event->dir]);
	rig->is_lossy[number][event->dir] = false;
	assert_true(len_bytes > 0);
	rig->next_off[number][event->dir] = off + len_bytes;
}

static void add_to_stream(struct rig *rig, const struct weft_event *event)
{
	size_t len = strlen(rig->stream[event->dir]);

	if (number_of(event->flow) == 1 &&
	    len + event->data.len_bytes < sizeof(rig->stream[event->dir]))
		memcpy(rig->stream[event->dir] + len, event->data.bytes, event->data.len_bytes);
}

static void log_event(struct rig *rig, const struct weft_event *event)
{
	const char *arrow = event->dir == WEFT_TO_SERVER ? ">" : "<";
	char line[256];

	switch (event->type) {
	case WEFT_EVENT_OPEN:
		log_line(rig, "open");
		break;
	case WEFT_EVENT_DATA:
		check_offset(rig, event, event->data.off, event->data.len_bytes);
		add_to_stream(rig, event);
		snprintf(line, sizeof(line), "%s %.*s%s", arrow,
			 event->data.len_bytes > 100 ? 100 : (int)event->data.len_bytes,
			 (const char *)event->data.bytes, event->data.len_bytes > 100 ? "..." : "");
		log_line(rig, line);
		break;
	case WEFT_EVENT_GAP:
		check_offset(rig, event, event->gap.off, event->gap.len_bytes);
		snprintf(line, sizeof(line), "%s gap %llu %s", arrow,
			 (unsigned long long)event->gap.len_bytes,
			 weft_gap_cause_name(event->gap.cause));
		log_line(rig, line);
		break;
	case WEFT_EVENT_CLOSE:
		rig->record = *event->close;
		snprintf(line, sizeof(line), "close %s",
			 weft_close_reason_name(event->close->reason));
		log_line(rig, line);
		break;
	case WEFT_EVENT_ANOMALY:
		snprintf(line, sizeof(line), "%s anomaly %s", arrow,
			 weft_anomaly_name(event->anomaly.kind));
		log_line(rig, line);
		break;
	case WEFT_EVENT_DROP:
		snprintf(line, sizeof(line), "drop %llu", (unsigned long long)event->drop.events);
		log_line(rig, line);
		memset(rig->is_lossy, 1, sizeof(rig->is_lossy));
		break;
	}
}

static int record(const struct weft_event *event, void *ctx)
{
	struct rig *rig = ctx;
	char mark[32] = "\n";

	log_event(rig, event);
	if (rig->event_fn)
		rig->event_fn(event);
	if (event->type == WEFT_EVENT_DROP) {
		log_line(rig, mark);
		return 0;
	}
	rig->flow = *event->flow;
	if (number_of(event->flow) > 1)
		snprintf(mark, sizeof(mark), " #%u\n", number_of(event->flow));
	log_line(rig, mark);
	return 0;
}

static void no_handoff(void *ctx, uint32_t worker, const struct wf_frame *frame)
{
	fail_msg("one worker must not hand off");
}

#define DEFAULT(member, value)                      \
	do {                                        \
		if (!rig->opts.member)              \
			rig->opts.member = (value); \
	} while (0)

static void fill_defaults(struct rig *rig)
{
	DEFAULT(workers, 1);
	DEFAULT(memory_max_bytes, 32 << 20);
	DEFAULT(flows_max, 1000);
	DEFAULT(embryonic_max, 1000);
	DEFAULT(half_open_per_source_max, WEFT_HALF_OPEN_PER_SOURCE_MAX);
	DEFAULT(timeout_embryonic_sec, WEFT_TIMEOUT_EMBRYONIC_SEC);
	DEFAULT(timeout_established_sec, WEFT_TIMEOUT_ESTABLISHED_SEC);
	DEFAULT(timeout_closing_sec, WEFT_TIMEOUT_CLOSING_SEC);
	DEFAULT(timeout_closed_sec, WEFT_TIMEOUT_CLOSED_SEC);
	DEFAULT(overlap, WEFT_OVERLAP_LINUX);
	DEFAULT(one_sided_gap_timeout_ms, WEFT_ONE_SIDED_GAP_TIMEOUT_MS);
	DEFAULT(stream_pages_max, WEFT_STREAM_PAGES_MAX);
	DEFAULT(page_small_bytes, WEFT_PAGE_SMALL_BYTES);
}

static void start_pipeline(struct rig *rig)
{
	const struct wf_pipeline_opts pipeline = {
		.weft = &rig->opts,
		.secret = {{0x1234, 0x5678, 0x9abc, 0xdef0}},
		.workers = 1,
		.arena = rig->arena,
		.pages = rig->pages,
		.metrics = &rig->metrics,
		.dispatch = &rig->dispatch,
		.marks = &rig->marks,
		.handoff = no_handoff,
		.kernel_filters = rig->kernel != NULL,
		.set_verdict = rig->kernel ? rig->kernel->set_verdict : NULL,
		.set_verdict_ctx = rig->kernel ? rig->kernel->ctx : NULL,
	};

	assert_int_equal(wf_pipeline_new(&pipeline, &rig->pipeline), 0);
}

static void start(struct rig *rig, const struct weft_opts *opts, const struct rig_kernel *kernel,
		  uint32_t frames)
{
	const struct weft_sub_opts sub = {
		.sz = sizeof(sub),
		.name = "rig",
		.queue_bytes = frames ? WEFT_QUEUE_MIN_BYTES : 0,
		.inline_fn = frames ? NULL : record,
		.ctx = rig,
	};
	const struct wf_page_pool_opts pages = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
		.frame_bytes = frames ? FRAME_BYTES : 0,
		.frames = frames,
	};

	memset(rig, 0, sizeof(*rig));
	rig->kernel = kernel;
	rig->iface = kernel ? 1 : 0;
	rig->frames = frames;
	rig->use_pages = frames;
	if (opts)
		rig->opts = *opts;
	fill_defaults(rig);
	rig->now_ns = START_NS;
	rig->step_ns = WF_NS_PER_MS;
	rig->isn_seq[RIG_CLIENT] = 1000;
	rig->isn_seq[RIG_SERVER] = 5000;
	rig->window[RIG_CLIENT] = 65535;
	rig->window[RIG_SERVER] = 65535;
	rig->addr[RIG_CLIENT] = "10.0.0.1";
	rig->addr[RIG_SERVER] = "10.0.0.2";
	rig->port[RIG_CLIENT] = 1025;
	rig->port[RIG_SERVER] = 80;

	assert_int_equal(wf_arena_new(rig->opts.memory_max_bytes, &rig->arena), 0);
	assert_int_equal(wf_page_pool_new(rig->arena, &pages, &rig->metrics, &rig->pages), 0);
	assert_int_equal(wf_registry_init(&rig->registry, rig->arena, 1, 1000), 0);
	assert_int_equal(wf_registry_add(&rig->registry, &sub, frames, &rig->sub), 0);
	assert_int_equal(wf_registry_start(&rig->registry), 0);
	wf_dispatch_init(&rig->dispatch, &rig->registry, 0);
	start_pipeline(rig);
}

void rig_start(struct rig *rig, const struct weft_opts *opts)
{
	start(rig, opts, NULL, 0);
}

void rig_start_live(struct rig *rig, const struct weft_opts *opts, const struct rig_kernel *kernel)
{
	start(rig, opts, kernel, 0);
}

void rig_start_queued(struct rig *rig, const struct weft_opts *opts, uint32_t frames)
{
	start(rig, opts, NULL, frames);
}

void rig_read(struct rig *rig)
{
	struct weft_event events[READ_EVENTS];
	int count;

	wf_dispatch_flush(&rig->dispatch);
	while ((count = wf_sub_poll(rig->sub, events, READ_EVENTS, 0)) > 0)
		for (int i = 0; i < count; i++)
			record(&events[i], rig);
	rig->reader_ended = count == -ESHUTDOWN;
}

static void assert_ledgers_close(const struct rig *rig)
{
	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		uint64_t sum = 0;

		for (const char *const *part = ledger->parts; *part; part++)
			sum += wf_metrics_find(&rig->metrics, *part);
		if (sum != wf_metrics_find(&rig->metrics, ledger->total))
			fail_msg("ledger %s: %llu, its parts %llu", ledger->name,
				 (unsigned long long)wf_metrics_find(&rig->metrics, ledger->total),
				 (unsigned long long)sum);
	}
}

#define assert_sum_is(rig, array, total)                                         \
	do {                                                                     \
		uint64_t sum_ = 0;                                               \
		for (size_t i_ = 0; i_ < sizeof((rig)->metrics.array) / 8; i_++) \
			sum_ += wf_metric_get(&(rig)->metrics, array[i_]);       \
		assert_int_equal(sum_, wf_metric_get(&(rig)->metrics, total));   \
	} while (0)

/* Asserts that the counters by cause, by reason and by direction each add up to the total. */
static void assert_kinds_add_up(const struct rig *rig)
{
	assert_sum_is(rig, gaps_by_cause, gaps);
	assert_sum_is(rig, gap_bytes_by_cause, gaps_bytes);
	assert_sum_is(rig, flows_closed_by_reason, flows_closed_flows);
	assert_sum_is(rig, stream_bytes_by_direction, payload_delivered_bytes);
	assert_int_equal(wf_metric_get(&rig->metrics, flows_closed_by_reason[WEFT_CLOSE_EVICTED]),
			 wf_metric_get(&rig->metrics, flows_evicted_flows));
}

void rig_stop(struct rig *rig)
{
	rig_flush(rig);
	assert_kinds_add_up(rig);
	assert_int_equal(wf_metric_get(&rig->metrics, payload_held_bytes), 0);
	assert_int_equal(wf_metric_get(&rig->metrics, flows_active_flows), 0);
	assert_int_equal(wf_metric_get(&rig->metrics, embryonic_active_flows), 0);
	assert_int_equal(wf_metric_get(&rig->metrics, flows_opened_flows),
			 wf_metric_get(&rig->metrics, flows_closed_flows));
	wf_pipeline_free(rig->pipeline);
	wf_dispatch_close(&rig->dispatch);
	if (rig->frames) {
		rig_read(rig);
		assert_true(rig->reader_ended);
	}
	wf_registry_fini(&rig->registry);
	wf_page_pool_free(rig->pages);
	assert_int_equal(wf_arena_used_bytes(rig->arena), 0);
	wf_arena_free(rig->arena);
}

const char *rig_log(struct rig *rig)
{
	static char copy[RIG_LOG_BYTES];

	memcpy(copy, rig->log, rig->log_bytes + 1);
	rig->log_bytes = 0;
	rig->log[0] = '\0';
	return copy;
}

/* Moves a frame to a page, as in live capture: its bytes become invalid when the page is put. */
static void move_to_page(struct rig *rig, struct wf_frame *frame)
{
	struct wf_page *page;
	uint64_t off;

	if (rig->frames) {
		assert_int_equal(wf_page_pool_take_frames(rig->pages, &off, 1), 1);
		page = wf_arena_page_at(rig->arena, off);
	} else {
		page = wf_page_pool_take(rig->pages, frame->cap_bytes);
	}
	assert_non_null(page);
	assert_int_equal(wf_page_copy_in(page, 0, frame->bytes, frame->cap_bytes), 0);
	frame->page = page;
	frame->bytes = wf_page_bytes(page);
}

/* Gives each frame its own memory until exit, because a mapped file keeps its bytes. */
static void move_to_file(struct wf_frame *frame)
{
	static struct chunk {
		struct chunk *next;
		uint8_t bytes[];
	} * chunks;
	struct chunk *chunk = malloc(sizeof(*chunk) + frame->cap_bytes);

	assert_non_null(chunk);
	memcpy(chunk->bytes, frame->bytes, frame->cap_bytes);
	chunk->next = chunks; /* the list keeps the memory reachable: no leak is reported */
	chunks = chunk;
	frame->bytes = chunk->bytes;
}

/* In host mode a frame is valid until its batch was processed. */
static void run_lent(struct rig *rig, struct wf_frame *frame)
{
	uint8_t *bytes = malloc(frame->cap_bytes);

	assert_non_null(bytes);
	memcpy(bytes, frame->bytes, frame->cap_bytes);
	frame->bytes = bytes;
	frame->flags |= WF_FRAME_LENT;
	wf_pipeline_run(rig->pipeline, frame, 1);
	/* A compiler may remove a memset() before free(). */
	explicit_bzero(bytes, frame->cap_bytes);
	free(bytes);
}

void rig_frame(struct rig *rig, const struct wf_frame *frame)
{
	struct wf_frame mine = *frame;

	mine.iface = rig->iface;
	if (rig->lends) {
		run_lent(rig, &mine);
		assert_ledgers_close(rig);
		return;
	}
	if (rig->use_pages)
		move_to_page(rig, &mine);
	else
		move_to_file(&mine);
	wf_pipeline_run(rig->pipeline, &mine, 1);
	assert_ledgers_close(rig);
}

void rig_bytes(struct rig *rig, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
	       const void *bytes, size_t len_bytes)
{
	static const char *const outer[] = {"192.0.2.1", "192.0.2.2"};
	const struct pb_tcp tcp = {
		.src_port = rig->port[from],
		.dst_port = rig->port[!from],
		.seq = rig->isn_seq[from] + 1 + (uint32_t)seq,
		.ack = flags & WF_TCP_ACK ? rig->isn_seq[!from] + 1 + (uint32_t)ack : 0,
		.flags = (uint16_t)flags,
		.window = rig->window[from],
		.window_zero = !rig->window[from],
		.urgent = flags & WF_TCP_URG ? 1 : 0,
		.options = rig->tcp_options,
		.options_bytes = rig->tcp_options_bytes,
	};
	struct wf_frame frame;

	pb_init(&rig->pb);
	pb_ethernet(&rig->pb);
	if (rig->in_ip)
		pb_ip(&rig->pb, outer[from], outer[!from]);
	pb_ip(&rig->pb, rig->addr[from], rig->addr[!from]);
	pb_tcp(&rig->pb, &tcp);
	pb_data(&rig->pb, bytes, len_bytes);
	pb_finish(&rig->pb);
	if (rig->wrong_checksum)
		pb_at(&rig->pb, PB_TCP, 0)[16] ^= 0x40;
	rig->now_ns += rig->step_ns;
	pb_frame(&rig->pb, rig->now_ns, &frame);
	frame.cap_bytes -= rig->cut_bytes;
	rig_frame(rig, &frame);
}

void rig_segment(struct rig *rig, enum rig_side from, uint32_t flags, int64_t seq, int64_t ack,
		 const char *payload)
{
	rig_bytes(rig, from, flags, seq, ack, payload, payload ? strlen(payload) : 0);
}

void rig_handshake(struct rig *rig)
{
	rig_segment(rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
}

void rig_data(struct rig *rig, enum rig_side from, int64_t seq, const char *payload)
{
	unsigned int number = number_of(&rig->flow);
	int64_t ack = number < 8 ? (int64_t)rig->next_off[number][from == RIG_CLIENT] : 0;

	rig_segment(rig, from, WF_TCP_ACK | WF_TCP_PSH, seq, ack, payload);
}

void rig_ack(struct rig *rig, enum rig_side from, int64_t ack)
{
	unsigned int number = number_of(&rig->flow);
	int64_t seq = number < 8 ? (int64_t)rig->next_off[number][from == RIG_SERVER] : 0;

	rig_segment(rig, from, WF_TCP_ACK, seq, ack, NULL);
}

void rig_wait_ms(struct rig *rig, uint64_t ms)
{
	rig->now_ns += ms * WF_NS_PER_MS;
	wf_pipeline_tick(rig->pipeline, rig->now_ns);
	assert_ledgers_close(rig);
}

void rig_flush(struct rig *rig)
{
	wf_pipeline_flush(rig->pipeline);
	assert_ledgers_close(rig);
}
