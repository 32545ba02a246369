// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/defrag_bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/slab.h"
#include "unit/support/cmocka.h"

struct packet_builder defrag_frame;
struct packet_builder defrag_whole;

/* ---- bench ---- */

void defrag_open(struct defrag_bench *bench)
{
	assert_int_equal(wf_defrag_new(&bench->opts, &bench->defrag), 0);
}

int defrag_setup(void **state)
{
	struct wf_page_pool_opts pool_opts = {
		.small_bytes = 256,
		.medium_bytes = 1500,
		.large_bytes = 9000,
		.frame_bytes = 4096,
		.frames = 16,
	};
	struct defrag_bench *bench = aligned_alloc(WF_CACHE_LINE, sizeof(*bench));

	memset(bench, 0, sizeof(*bench));
	assert_int_equal(wf_arena_new(32u << 20, &bench->arena), 0);
	assert_int_equal(wf_page_pool_new(bench->arena, &pool_opts, &bench->metrics, &bench->pages),
			 0);
	bench->opts = (struct wf_defrag_opts){
		.arena = bench->arena,
		.pages = bench->pages,
		.metrics = &bench->metrics,
		.seed = 0x1234567812345678ull,
		.datagrams_max = 64,
		.fragments_max = 1024,
		.per_datagram_max = WEFT_FRAGMENTS_PER_DATAGRAM_MAX,
		.timeout_ms = WEFT_FRAGMENT_TIMEOUT_MS,
	};
	defrag_open(bench);
	bench->now_ns = 1000 * WF_NS_PER_SEC;
	bench->id = 1;
	bench->checksum = WEFT_CHECKSUM_VERIFY;
	*state = bench;
	return 0;
}

int defrag_setup6(void **state)
{
	defrag_setup(state);
	((struct defrag_bench *)*state)->ip6 = true;
	return 0;
}

static void defrag_drop_rebuilt(struct defrag_bench *bench)
{
	wf_page_put(bench->rebuilt.page);
	bench->rebuilt.page = NULL;
}

static void assert_ledgers_close(const struct defrag_bench *bench)
{
	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		uint64_t sum = 0;

		if (strcmp(ledger->name, "fragments"))
			continue;
		for (const char *const *part = ledger->parts; *part; part++)
			sum += wf_metrics_find(&bench->metrics, *part);
		assert_int_equal(sum, wf_metrics_find(&bench->metrics, ledger->total));
	}
}

int defrag_teardown(void **state)
{
	struct defrag_bench *bench = *state;

	defrag_drop_rebuilt(bench);
	assert_true(wf_defrag_is_valid(bench->defrag));
	assert_ledgers_close(bench);
	wf_defrag_free(bench->defrag);
	assert_ledgers_close(bench);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	wf_page_pool_housekeep(bench->pages, bench->now_ns);
	assert_int_equal(wf_page_pool_taken(bench->pages), 0);
	wf_page_pool_free(bench->pages);
	wf_arena_free(bench->arena);
	while (bench->mapped_count)
		free(bench->mapped[--bench->mapped_count]);
	free(bench);
	return 0;
}

/* ---- fragments ---- */

static uint8_t defrag_data_byte(size_t at)
{
	return (uint8_t)(at * 7 + at / 256);
}

/* Builds the datagram to be fragmented: Ethernet, IP, TCP, and data from defrag_data_byte(). */
void defrag_build_whole(const struct defrag_bench *bench, size_t data_bytes)
{
	static uint8_t data[65535];

	for (size_t i = 0; i < data_bytes; i++)
		data[i] = defrag_data_byte(i);
	pb_segment(&defrag_whole, bench->ip6 ? KIND_SRC6 : KIND_SRC,
		   bench->ip6 ? KIND_DST6 : KIND_DST,
		   &(struct pb_tcp){.src_port = 40000, .dst_port = 80, .seq = 1, .flags = 0x18},
		   data, data_bytes);
}

void defrag_build_outside(void)
{
	pb_init(&defrag_frame);
	pb_ethernet(&defrag_frame);
}

void defrag_build_inside(const struct defrag_bench *bench, uint32_t off, uint32_t len, bool more)
{
	if (bench->ip6) {
		pb_ip(&defrag_frame, KIND_SRC6, KIND_DST6);
		pb_ipv6_fragment(&defrag_frame, 0xabcd0000u | bench->id, off, more);
	} else {
		pb_ip(&defrag_frame, KIND_SRC, KIND_DST);
		pb_ipv4_set_fragment(&defrag_frame, bench->id, off, more);
	}
	pb_set_proto(&defrag_frame, 6);
	pb_data(&defrag_frame, pb_at(&defrag_whole, PB_TCP, 0) + off, len);
	pb_finish(&defrag_frame);
}

void defrag_build_fragment(const struct defrag_bench *bench, uint32_t off, uint32_t len, bool more)
{
	defrag_build_outside();
	defrag_build_inside(bench, off, len, more);
}

bool defrag_add_built(struct defrag_bench *bench, struct wf_page *page)
{
	struct wf_decoder decoder = {.secret = decode_secret, .checksum = bench->checksum};
	struct wf_packet packet;
	struct wf_frame frame, rebuilt;

	pb_frame(&defrag_frame, bench->now_ns, &frame);
	if (page) {
		assert_int_equal(wf_page_copy_in(page, 0, frame.bytes, frame.cap_bytes), 0);
		frame.bytes = wf_page_bytes(page);
		frame.page = page;
	} else {
		/* The bytes stay valid until the end of the test, like those of a mapped file. */
		uint8_t *copy = malloc(frame.cap_bytes);

		assert_true(bench->mapped_count < 64);
		bench->mapped[bench->mapped_count++] = copy;
		memcpy(copy, frame.bytes, frame.cap_bytes);
		frame.bytes = copy;
	}
	assert_int_equal(wf_decode(&decoder, &frame, &packet), WF_DECODE_FRAGMENT);
	if (!wf_defrag_add(bench->defrag, &packet, &rebuilt)) {
		assert_true(wf_defrag_is_valid(bench->defrag));
		return false;
	}
	defrag_drop_rebuilt(bench);
	bench->rebuilt = rebuilt;
	return true;
}

bool defrag_add(struct defrag_bench *bench, uint32_t off, uint32_t len, bool more)
{
	struct wf_page *page = wf_page_pool_take(bench->pages, len + 100);
	bool done;

	assert_non_null(page);
	defrag_build_fragment(bench, off, len, more);
	done = defrag_add_built(bench, page);
	wf_page_put(page);
	return done;
}

void defrag_assert_rebuilt(const struct defrag_bench *bench, size_t data_bytes)
{
	struct decoded decoded;

	assert_int_equal(bench->rebuilt.link, WEFT_LINK_RAW);
	assert_int_equal(bench->rebuilt.flags, WF_FRAME_REBUILT);
	assert_int_equal(bench->rebuilt.time_ns, bench->now_ns);
	assert_non_null(bench->rebuilt.page);
	decoded_init(&decoded, &bench->rebuilt, WEFT_CHECKSUM_VERIFY);
	assert_int_equal(decoded.result, WF_DECODE_TCP);
	assert_int_equal(decoded.packet.payload_bytes, data_bytes);
	assert_int_equal(decoded.packet.payload_captured_bytes, data_bytes);
	assert_int_equal(decoded.packet.ip_version, bench->ip6 ? 6 : 4);
	for (size_t i = 0; i < data_bytes; i++)
		assert_int_equal(decoded.packet.payload[i], defrag_data_byte(i));
	decoded_fini(&decoded);
}
