// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_corpus.c - replays captures with known streams through file source and pipeline: each
 * stream's bytes are compared with those in expected.tsv.
 *
 * After each capture ledgers must close and no payload may be held.
 */
#include "unit/support/test.h"
#include "unit/support/corpus.h"
#include "unit/support/sha256.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture/file/pcap_file.h"
#include "capture/source.h"
#include "deliver/dispatch.h"
#include "deliver/registry.h"
#include "deliver/subscription.h"
#include "worker/pipeline.h"
#include "memory/arena.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"

enum { BATCH = 64, STREAMS_MAX = 4096, NAME_BYTES = 160 };

struct stream {
	char name[NAME_BYTES]; /* "src sport dst dport" */
	uint32_t use;	       /* 1 for the first connection of these addresses, 2 for the second */
	uint32_t vni;
	uint64_t flow_id;
	enum weft_dir dir;
	uint64_t bytes;
	struct sha256 sum;
};

struct run {
	struct stream streams[STREAMS_MAX];
	uint32_t count;
};

static struct run run;

static const char *address_text(const uint8_t addr[16], char *text)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (!memcmp(addr, mapped, sizeof(mapped)))
		return inet_ntop(AF_INET, addr + 12, text, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN);
}

static void name_stream(const struct weft_flow *flow, enum weft_dir dir, char *ret_name)
{
	char src[INET6_ADDRSTRLEN];
	char dst[INET6_ADDRSTRLEN];

	address_text(flow->src_addr, src);
	address_text(flow->dst_addr, dst);
	if (dir == WEFT_TO_SERVER)
		snprintf(ret_name, NAME_BYTES, "%s %u %s %u", src, flow->src_port, dst,
			 flow->dst_port);
	else
		snprintf(ret_name, NAME_BYTES, "%s %u %s %u", dst, flow->dst_port, src,
			 flow->src_port);
}

/*
 * Returns the number of the connection for file names. flow->use counts per network, but file names
 * do not contain the network.
 */
static uint32_t use_of(const struct weft_flow *flow, const char *name)
{
	uint32_t use = flow->use;

	for (uint32_t i = 0; i < run.count; i++)
		use += run.streams[i].vni != flow->vni && !strcmp(run.streams[i].name, name);
	return use;
}

static struct stream *stream_of(const struct weft_event *event)
{
	const struct weft_flow *flow = event->flow;
	struct stream *stream;

	for (uint32_t i = run.count; i-- > 0;)
		if (run.streams[i].flow_id == flow->id && run.streams[i].dir == event->dir)
			return &run.streams[i];
	assert_true(run.count < STREAMS_MAX);
	stream = &run.streams[run.count];
	stream->flow_id = flow->id;
	stream->dir = event->dir;
	stream->vni = flow->vni;
	stream->bytes = 0;
	sha256_init(&stream->sum);
	name_stream(flow, event->dir, stream->name);
	stream->use = use_of(flow, stream->name);
	run.count++;
	return stream;
}

static int take(const struct weft_event *event, void *ctx)
{
	struct stream *stream = stream_of(event);

	sha256_add(&stream->sum, event->data.bytes, event->data.len_bytes);
	stream->bytes += event->data.len_bytes;
	return 0;
}

static void no_handoff(void *ctx, uint32_t worker, const struct wf_frame *frame)
{
	fail();
}

static void feed(struct wf_pipeline *pipeline, struct wf_source *source)
{
	struct wf_frame frames[BATCH];
	int count;

	while ((count = source->ops->recv(source, frames, BATCH)) >= 0)
		wf_pipeline_run(pipeline, frames, (uint32_t)count);
	wf_pipeline_flush(pipeline);
}

static void assert_ledgers_close(const struct wf_metrics *metrics, const char *path)
{
	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		uint64_t sum = 0;

		for (const char *const *part = ledger->parts; *part; part++)
			sum += wf_metrics_find(metrics, *part);
		if (sum != wf_metrics_find(metrics, ledger->total))
			fail_msg("%s: ledger %s does not close", path, ledger->name);
	}
	assert_int_equal(wf_metric_get(metrics, payload_held_bytes), 0);
}

static void replay(const char *path, enum weft_deliver deliver, enum weft_checksum checksum)
{
	const struct weft_opts opts = {
		.sz = sizeof(opts),
		.workers = 1,
		.flows_max = 10000,
		.embryonic_max = 10000,
		.half_open_per_source_max = WEFT_HALF_OPEN_PER_SOURCE_MAX,
		.timeout_embryonic_sec = WEFT_TIMEOUT_EMBRYONIC_SEC,
		.timeout_established_sec = WEFT_TIMEOUT_ESTABLISHED_SEC,
		.timeout_closing_sec = WEFT_TIMEOUT_CLOSING_SEC,
		.timeout_closed_sec = WEFT_TIMEOUT_CLOSED_SEC,
		.overlap = WEFT_OVERLAP_LINUX,
		.deliver = deliver,
		.checksum = checksum,
		.one_sided_gap_timeout_ms = WEFT_ONE_SIDED_GAP_TIMEOUT_MS,
		.stream_pages_max = WEFT_STREAM_PAGES_MAX,
	};
	const struct wf_page_pool_opts pages_opts = {
		.small_bytes = 256, .medium_bytes = 1500, .large_bytes = 9000};
	const struct weft_sub_opts sub_opts = {.sz = sizeof(sub_opts),
					       .name = "test",
					       .events = WEFT_EVENT_BIT(WEFT_EVENT_DATA),
					       .inline_fn = take};
	static struct wf_metrics metrics;
	struct wf_pipeline_opts pipeline_opts = {.weft = &opts,
						 .secret = {{1, 2, 3, 4}},
						 .workers = 1,
						 .metrics = &metrics,
						 .handoff = no_handoff};
	static struct wf_registry registry;
	struct wf_dispatch dispatch;
	struct wf_pipeline *pipeline;
	struct wf_source *source;
	struct weft_sub *sub;

	memset(&metrics, 0, sizeof(metrics));
	memset(&run, 0, sizeof(run));
	assert_int_equal(wf_arena_new(64 << 20, &pipeline_opts.arena), 0);
	assert_int_equal(
		wf_page_pool_new(pipeline_opts.arena, &pages_opts, &metrics, &pipeline_opts.pages),
		0);
	assert_int_equal(wf_registry_init(&registry, pipeline_opts.arena, 1, 1000), 0);
	assert_int_equal(wf_registry_add(&registry, &sub_opts, false, &sub), 0);
	wf_dispatch_init(&dispatch, &registry, 0);
	pipeline_opts.dispatch = &dispatch;
	assert_int_equal(wf_pipeline_new(&pipeline_opts, &pipeline), 0);
	if (wf_pcap_file_open(path, pipeline_opts.pages, &source))
		fail_msg("%s: can't be read", path);

	feed(pipeline, source);
	assert_ledgers_close(&metrics, path);

	wf_pipeline_free(pipeline);
	source->ops->close(source);
	wf_dispatch_close(&dispatch);
	wf_registry_fini(&registry);
	wf_page_pool_free(pipeline_opts.pages);
	wf_arena_free(pipeline_opts.arena);
}

/* Columns of expected.tsv; the last may be missing. */
enum column {
	CAPTURE = 0,
	SRC,
	SRC_PORT,
	DST,
	DST_PORT,
	USE,
	BYTES,
	SHA256,
	AGREED_BY,
	KIND,
	CHECKSUM,
};
#define COLUMN_COUNT (CHECKSUM + 1)

static enum weft_checksum checksum_of(const char *name)
{
	if (!strcmp(name, "verify"))
		return WEFT_CHECKSUM_VERIFY;
	return strcmp(name, "auto") ? WEFT_CHECKSUM_IGNORE : WEFT_CHECKSUM_AUTO;
}

/* Return: false if the line does not describe a capture with known streams. */
static bool read_row(char *line, const char *fields[COLUMN_COUNT])
{
	char *rest = line;

	for (int column = 0; column < COLUMN_COUNT; column++) {
		const char *field = strsep(&rest, "\t\n");

		fields[column] = field ? field : "";
	}
	return line[0] != '#' && (!strcmp(fields[KIND], "req") || !strcmp(fields[KIND], "none"));
}

static const struct stream *find_stream(const char *name, uint32_t use)
{
	for (uint32_t i = 0; i < run.count; i++)
		if (run.streams[i].use == use && !strcmp(run.streams[i].name, name))
			return &run.streams[i];
	return NULL;
}

/* Return: false if this row's stream is missing or differs; the difference is then printed. */
static bool stream_is_met(const char *const fields[COLUMN_COUNT])
{
	const struct stream *stream;
	char name[NAME_BYTES];
	struct sha256 sum;
	char hex[65];

	snprintf(name, sizeof(name), "%s %s %s %s", fields[SRC], fields[SRC_PORT], fields[DST],
		 fields[DST_PORT]);
	stream = find_stream(name, (uint32_t)strtoul(fields[USE], NULL, 10));
	if (!stream) {
		print_message("%s: %s: no such stream, %s bytes expected\n", fields[CAPTURE], name,
			      fields[BYTES]);
		return false;
	}
	sum = stream->sum;
	sha256_hex(&sum, hex);
	if (stream->bytes == strtoull(fields[BYTES], NULL, 10) && !strcmp(hex, fields[SHA256]))
		return true;
	print_message("%s: %s: %llu bytes instead of %s, or others\n", fields[CAPTURE], name,
		      (unsigned long long)stream->bytes, fields[BYTES]);
	return false;
}

static void assert_rows_are_met(enum weft_deliver deliver)
{
	char path[1024];
	char line[2048];
	char last[1024] = "";
	unsigned int met = 0;
	unsigned int missed = 0;
	FILE *rows;

	snprintf(path, sizeof(path), "%s/expected.tsv", corpus_folder());
	rows = fopen(path, "r");
	assert_non_null(rows);
	while (fgets(line, sizeof(line), rows)) {
		const char *fields[COLUMN_COUNT];

		if (!read_row(line, fields))
			continue;
		if (strcmp(last, fields[CAPTURE])) {
			snprintf(last, sizeof(last), "%s", fields[CAPTURE]);
			snprintf(path, sizeof(path), "%s/captures/%s", corpus_folder(), last);
			replay(path, deliver, checksum_of(fields[CHECKSUM]));
		}
		if (!strcmp(fields[KIND], "none"))
			assert_int_equal(run.count, 0);
		else if (stream_is_met(fields))
			met++;
		else
			missed++;
	}
	fclose(rows);
	print_message("%u rows met, %u not\n", met, missed);
	assert_true(met > 0);
	assert_int_equal(missed, 0);
}

TEST(corpus_arrival_gives_the_agreed_streams)
{
	assert_rows_are_met(WEFT_DELIVER_ARRIVAL);
}

TEST(corpus_acked_gives_the_agreed_streams)
{
	assert_rows_are_met(WEFT_DELIVER_ACKED);
}
