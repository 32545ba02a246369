// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz_frames.c - sends a sequence of any frames through decode, and fragments through defrag.
 *
 *   input: frame, frame, ...   each: link type and flags (1 byte), checksum mode and
 *          seconds passed (1), number of bytes cut off (1), length (2, little endian), bytes
 *
 * Checks: the result of decode lies inside the frame; a truncated copy of the frame gives the same
 * numbers, and not more bytes; wf_decode() and wf_decode_steer_hash() compute the same hash;
 * defrag's invariants hold, its ledger closes and its pages are free at the end. Rebuilt datagrams
 * are decoded with the same checks.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "packet/frame.h"
#include "decode/decode.h"
#include "decode/defrag.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"

enum { HEADER_BYTES = 5, FRAMES_MAX = 64, REBUILT_DEPTH_MAX = 4 };

struct run {
	struct wf_decoder decoder;
	struct wf_defrag *defrag;
	uint64_t now_ns;
	uint8_t *frames[FRAMES_MAX]; /* owned; valid until the end, like bytes of a mapped file */
	unsigned int count;
};

static struct wf_arena *arena;
static struct wf_page_pool *pages;
static struct wf_metrics metrics;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct wf_page_pool_opts opts = {
		.small_bytes = 256,
		.medium_bytes = 1500,
		.large_bytes = 9000,
	};

	require(!wf_arena_new(16u << 20, &arena));
	require(!wf_page_pool_new(arena, &opts, &metrics, &pages));
	return 0;
}

static void check_inside(const struct wf_frame *frame, const struct wf_packet *packet)
{
	const uint8_t *end = frame->bytes + frame->cap_bytes;

	require(packet->payload >= frame->bytes && packet->payload <= end);
	require(packet->payload_captured_bytes <= (size_t)(end - packet->payload));
	require(packet->payload_captured_bytes <= packet->payload_bytes);
	require(packet->payload_bytes < packet->ip_bytes);
	require(packet->src < 2);
	require(packet->ip_version == 4 || packet->ip_version == 6);
	require(packet->page == frame->page);
}

static void check_segment(const struct wf_packet *packet)
{
	int order = memcmp(packet->key.addr[0], packet->key.addr[1], 16);

	require(order < 0 || (order == 0 && packet->key.port[0] <= packet->key.port[1]));
	require(packet->wscale <= 14);
}

static void check_fragment(const struct wf_frame *frame, const struct wf_packet *packet)
{
	const struct wf_fragment *fragment = &packet->fragment;

	require(fragment->header >= frame->bytes);
	require(fragment->header + fragment->header_bytes <= packet->payload);
	require(fragment->next_off < fragment->header_bytes);
	require(fragment->off_bytes || fragment->more);
}

/*
 * Decode a truncated copy of the frame: if the result is a TCP segment, it must have the same
 * numbers and at most as many bytes.
 */
static void check_shorter(const struct run *run, const struct wf_frame *frame,
			  const struct wf_packet *packet, uint32_t cap_bytes)
{
	struct wf_frame shorter = *frame;
	struct wf_packet less;
	uint8_t *copy = malloc(cap_bytes ? cap_bytes : 1);

	memcpy(copy, frame->bytes, cap_bytes);
	shorter.bytes = copy;
	shorter.cap_bytes = cap_bytes;
	if (wf_decode(&run->decoder, &shorter, &less) == WF_DECODE_TCP) {
		check_inside(&shorter, &less);
		require(!memcmp(&less.key, &packet->key, sizeof(less.key)));
		require(less.seq == packet->seq && less.tcp_flags == packet->tcp_flags);
		require(less.payload_bytes == packet->payload_bytes);
		require(less.payload_captured_bytes <= packet->payload_captured_bytes);
		require(!memcmp(less.payload, packet->payload, less.payload_captured_bytes));
	}
	free(copy);
}

static void run_frame(struct run *run, const struct wf_frame *frame, unsigned int depth)
{
	enum wf_decode_result result;
	struct wf_packet packet;
	struct wf_frame rebuilt;

	result = wf_decode(&run->decoder, frame, &packet);
	if (result != WF_DECODE_TCP && result != WF_DECODE_FRAGMENT) {
		(void)wf_decode_steer_hash(&run->decoder, frame, NULL);
		return;
	}
	check_inside(frame, &packet);
	require(wf_decode_steer_hash(&run->decoder, frame, NULL) == packet.hash);
	if (result == WF_DECODE_TCP) {
		check_segment(&packet);
		check_shorter(run, frame, &packet, frame->cap_bytes / 2);
		check_shorter(run, frame, &packet,
			      frame->cap_bytes - 1 - packet.payload_captured_bytes / 2);
		return;
	}
	check_fragment(frame, &packet);
	if (!wf_defrag_add(run->defrag, &packet, &rebuilt))
		return;
	if (depth < REBUILT_DEPTH_MAX)
		run_frame(run, &rebuilt, depth + 1);
	wf_page_put(rebuilt.page);
}

/* Return: number of bytes used. */
static size_t run_input_frame(struct run *run, const uint8_t *data, size_t size)
{
	size_t len_bytes = data[3] | (size_t)data[4] << 8;
	struct wf_frame frame = {.link = data[0] % WEFT_LINK_COUNT};
	uint8_t *copy;

	if (len_bytes > size - HEADER_BYTES)
		len_bytes = size - HEADER_BYTES;
	copy = malloc(len_bytes ? len_bytes : 1);
	memcpy(copy, data + HEADER_BYTES, len_bytes);
	run->frames[run->count++] = copy;
	run->decoder.checksum =
		(enum weft_checksum)(data[1] & 3 ? WEFT_CHECKSUM_IGNORE : data[1] >> 2 & 1);
	run->now_ns += (data[1] >> 3) * WF_NS_PER_SEC;
	frame.bytes = copy;
	frame.cap_bytes = (uint32_t)len_bytes;
	frame.wire_bytes = (uint32_t)len_bytes + data[2];
	frame.flags = data[0] & 0x80 ? WF_FRAME_TX_OFFLOAD : 0;
	frame.vlan[0] = data[0] & 0x40 ? 7 : 0;
	frame.time_ns = run->now_ns;
	run_frame(run, &frame, 0);
	require(wf_defrag_is_valid(run->defrag));
	return HEADER_BYTES + len_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wf_defrag_opts opts = {
		.arena = arena,
		.pages = pages,
		.metrics = &metrics,
		.seed = 1,
		.datagrams_max = 4,
		.fragments_max = 16,
		.per_datagram_max = 8,
		.timeout_ms = 30000,
	};
	struct run run = {.decoder.secret = {{1, 2, 3, 4}}, .now_ns = WF_NS_PER_SEC};
	uint64_t seen = 0;

	require(!wf_defrag_new(&opts, &run.defrag));
	while (size > HEADER_BYTES && run.count < FRAMES_MAX) {
		size_t used = run_input_frame(&run, data, size);

		data += used;
		size -= used;
	}
	wf_defrag_free(run.defrag);
	while (run.count)
		free(run.frames[--run.count]);

	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		if (strcmp(ledger->name, "fragments"))
			continue;
		for (const char *const *part = ledger->parts; *part; part++)
			seen += wf_metrics_find(&metrics, *part);
		require(seen == wf_metrics_find(&metrics, ledger->total));
	}
	wf_page_pool_housekeep(pages, run.now_ns);
	require(!wf_page_pool_taken(pages));
	return 0;
}
