/* SPDX-License-Identifier: BSD-2-Clause */
/* defrag_bench.h - a defragmenter without a pipeline, and functions that make fragments for it. */
#ifndef WF_UNIT_DEFRAG_BENCH_H
#define WF_UNIT_DEFRAG_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/defrag.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "unit/support/decode_kinds.h"

enum { DATA_BYTES = 4000, SEGMENT_BYTES = 20 + DATA_BYTES };

struct defrag_bench {
	struct wf_metrics metrics;
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_defrag *defrag;
	struct wf_defrag_opts opts;
	struct wf_frame rebuilt; /* last completed datagram */
	uint64_t now_ns;
	uint16_t id;
	bool ip6;
	enum weft_checksum checksum;
	uint8_t *mapped[64]; /* owned; frames that are like bytes of a mapped file */
	unsigned int mapped_count;
};

extern struct packet_builder defrag_frame;
extern struct packet_builder defrag_whole; /* the datagram that is cut into fragments */

#define metric(bench, name) wf_metric_get(&(bench)->metrics, name)

/* Sets up a bench for IPv4 or IPv6 and stores it in *state. */
int defrag_setup(void **state);
int defrag_setup6(void **state);
int defrag_teardown(void **state);

/*
 * Register a test for IPv4, for IPv6, or for both; TEST_BOTH adds "_ipv6" to the name of the IPv6
 * test.
 */
#define TEST_IPV4(name) TEST_WITH(name, defrag_setup, defrag_teardown)
#define TEST_IPV6(name) TEST_WITH(name, defrag_setup6, defrag_teardown)
#define TEST_BOTH(name)                                                             \
	static void test_##name(void **state);                                      \
	TEST_REGISTER(name, "test_" #name "_ipv6", defrag_setup6, defrag_teardown); \
	TEST_IPV4(name)

/* Creates the bench's defragmenter with the options that are now in bench->opts. */
void defrag_open(struct defrag_bench *bench);

/* Builds the datagram to be fragmented: Ethernet, IP, TCP with @data_bytes of a pattern. */
void defrag_build_whole(const struct defrag_bench *bench, size_t data_bytes);

/* Writes into defrag_frame a fragment that carries @len bytes of the datagram from @off on. */
void defrag_build_fragment(const struct defrag_bench *bench, uint32_t off, uint32_t len, bool more);

/*
 * Write the two parts of a fragment: the headers before the IP header; the IP header and its
 * payload.
 */
void defrag_build_outside(void);
void defrag_build_inside(const struct defrag_bench *bench, uint32_t off, uint32_t len, bool more);

/*
 * Adds defrag_frame, whose bytes are copied to @page first; NULL: to memory like that of a mapped
 * file. Return: true if the fragment completed a datagram, which is then in bench->rebuilt.
 */
bool defrag_add_built(struct defrag_bench *bench, struct wf_page *page);

/* Builds a fragment and adds it. Return: true if it completed a datagram. */
bool defrag_add(struct defrag_bench *bench, uint32_t off, uint32_t len, bool more);

/* Asserts that the last rebuilt datagram is correct. */
void defrag_assert_rebuilt(const struct defrag_bench *bench, size_t data_bytes);

#endif
