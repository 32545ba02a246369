// SPDX-License-Identifier: BSD-2-Clause
/*
 * hostile_order.c - inserts COUNT segments of one stream in an order that is expensive to
 * reassemble.
 *
 *   hostile_order reverse|random|alternating|overlapping|covering COUNT
 *
 * Segments have one byte; with `overlapping` they have 16 bytes and a random order; with `covering`
 * each of 1,400 segments covers the one before and begins one byte earlier, then the next 1,400
 * follow. The whole stream must be delivered, except with `covering`, which never sends byte 1. The
 * held data and its bookkeeping must stay within the limit of one direction. test_hostile_order.sh
 * runs this program under callgrind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "memory/slab.h"
#include "metrics/metrics.h"
#include "reassembly/stream_insert.h"
#include "reassembly/stream_pop.h"

enum {
	COVER_MAX = 1400,

	/* Maximum memory of one direction: user/reassembly/README.md, "Memory of held bytes". */
	LIMIT_BYTES = WEFT_STREAM_PAGES_MAX * WEFT_STREAM_PAGE_BYTES,
	MEMORY_BYTES = LIMIT_BYTES / (1 + WF_EXTENT_COST) * (WF_EXTENT_BYTES + 1),
};

static struct wf_stream stream;
static struct wf_stream_env env;
static struct wf_arena *arena;
static uint64_t empty_bytes;
static uint64_t most_bytes;
static struct wf_metrics metrics;
static uint8_t bytes[COVER_MAX];

static void put(uint64_t off, uint32_t len)
{
	const struct wf_stream_segment segment = {
		.off = off, .bytes = bytes, .len_bytes = len, .captured_bytes = len};
	struct wf_insert_info info;
	struct wf_chunk chunk;

	if (wf_stream_insert(&stream, &env, &segment, &info) == WF_STREAM_LIMIT) {
		fprintf(stderr, "hostile_order: limit reached\n");
		exit(1);
	}
	if (stream.held_cost > LIMIT_BYTES) {
		fprintf(stderr, "hostile_order: %u bytes held\n", stream.held_cost);
		exit(1);
	}
	if (wf_arena_used_bytes(arena) - empty_bytes > most_bytes)
		most_bytes = wf_arena_used_bytes(arena) - empty_bytes;
	while (wf_stream_pop(&stream, &env, UINT64_MAX, &chunk))
		wf_page_put(chunk.page);
}

/* Return: a random permutation of 0 to @count - 1. */
static uint64_t *shuffled(uint64_t count)
{
	uint64_t *numbers = malloc((count + 1) * sizeof(*numbers));
	uint64_t state = 1;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t j;

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		j = (state >> 33) % (i + 1);
		numbers[i] = numbers[j];
		numbers[j] = i;
	}
	return numbers;
}

static void play(const char *order, uint64_t count)
{
	uint64_t *numbers = shuffled(count);

	for (uint64_t i = 0; i < count; i++) {
		if (!strcmp(order, "reverse"))
			put(count - i, 1);
		else if (!strcmp(order, "random"))
			put(1 + numbers[i], 1);
		else if (!strcmp(order, "alternating"))
			put(1 + (i < count / 2 ? 2 * i + 1 : 2 * (i - count / 2)), 1);
		else if (!strcmp(order, "overlapping"))
			put(1 + numbers[i], 16);
		else
			put(1 + (COVER_MAX - i % COVER_MAX) + i / COVER_MAX * COVER_MAX,
			    1 + (uint32_t)(i % COVER_MAX));
	}
	put(0, 1);
	free(numbers);
}

int main(int argc, char **argv)
{
	const struct wf_page_pool_opts pool = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

	if (argc < 3)
		return 2;
	env.metrics = &metrics;
	env.pages_max = WEFT_STREAM_PAGES_MAX;
	if (wf_arena_new(64 << 20, &arena) ||
	    wf_page_pool_new(arena, &pool, &metrics, &env.pages) ||
	    wf_slab_new(arena, WF_EXTENT_BYTES, 1000000, &env.extents))
		return 1;
	empty_bytes = wf_arena_used_bytes(arena);
	play(argv[1], count);
	printf("memory %llu of %d bytes\n", (unsigned long long)most_bytes, MEMORY_BYTES);
	if (most_bytes > MEMORY_BYTES) {
		fprintf(stderr, "hostile_order: that is too much\n");
		return 1;
	}
	if (strcmp(argv[1], "covering") && stream.next_off < count + 1) {
		fprintf(stderr, "hostile_order: %llu bytes came out\n",
			(unsigned long long)stream.next_off);
		return 1;
	}
	wf_stream_clear(&stream, &env, true);
	wf_slab_free(env.extents);
	wf_page_pool_free(env.pages);
	wf_arena_free(arena);
	return 0;
}
