/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * defrag_bench.h - a defragmenter by itself, and fragments for it.
 */
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
	struct wf_frame rebuilt; /* of the last add() that gave one */
	uint64_t now_ns;
	uint16_t id;
	bool ip6;
	enum weft_checksum checksum;
	uint8_t *mapped[64]; /* owned; frames that "lie in a file" */
	unsigned int mapped_count;
};

extern struct packet_builder defrag_frame;
extern struct packet_builder defrag_whole; /* the datagram that fragments are cut from */

#define metric(bench, name) wf_metric_get(&(bench)->metrics, name)

/* A bench for each test, which it finds in *state; of IPv4, or of IPv6. */
int defrag_setup(void **state);
int defrag_setup6(void **state);
int defrag_teardown(void **state);

/* A test of IPv4, of IPv6, or of both; then the second one's name ends in "_ipv6". */
#define TEST_IPV4(name) TEST_WITH(name, defrag_setup, defrag_teardown)
#define TEST_IPV6(name) TEST_WITH(name, defrag_setup6, defrag_teardown)
#define TEST_BOTH(name)                                                             \
	static void test_##name(void **state);                                      \
	TEST_REGISTER(name, "test_" #name "_ipv6", defrag_setup6, defrag_teardown); \
	TEST_IPV4(name)

/* Once more, with other opts. */
void defrag_open(struct defrag_bench *bench);

/* The datagram to be cut: Ethernet, IP, TCP with @data_bytes of a pattern. */
void defrag_build_whole(const struct defrag_bench *bench, size_t data_bytes);

/* Into defrag_frame: a fragment with @len bytes of the datagram's from @off. */
void defrag_build_fragment(const struct defrag_bench *bench, uint32_t off, uint32_t len, bool more);

/* Its two parts: what is around the IP header; that and what follows. */
void defrag_build_outside(void);
void defrag_build_inside(const struct defrag_bench *bench, uint32_t off, uint32_t len, bool more);

/*
 * Give defrag_frame to the defragmenter; its bytes lie on @page, or in a file that stays (NULL).
 * Return: did it complete a datagram, which is bench->rebuilt now?
 */
bool defrag_add_built(struct defrag_bench *bench, struct wf_page *page);

/* Both at once. */
bool defrag_add(struct defrag_bench *bench, uint32_t off, uint32_t len, bool more);

/* Is the datagram right that was rebuilt last? */
void defrag_assert_rebuilt(const struct defrag_bench *bench, size_t data_bytes);

#endif
