// SPDX-License-Identifier: BSD-2-Clause
/*
 * memory.c - measures the cost of pages, frames and objects, compared with malloc(); prints one
 * figure per line.
 *
 *   memory [ROUNDS]      default: 20 million; times are CPU time in nanoseconds
 *
 * The "window" is the number of held pages: each round takes one more page and puts the oldest, as
 * reassembly does with held segments.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "reassembly/fixed_pages.h"
#include "memory/slab.h"
#include "metrics/metrics.h"

enum { WINDOW = 4096, MIB = 1 << 20, BATCH = 64 };

static struct wf_metrics metrics;
static struct wf_arena *arena;
static struct wf_page_pool *pool;
static uint64_t rounds = 20 * 1000 * 1000;

static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void report(const char *what, double start_ns)
{
	printf("%-46s %8.1f ns\n", what, (cpu_ns() - start_ns) / (double)rounds);
}

static void open_pool(const struct wf_page_pool_opts *opts)
{
	if (wf_arena_new(256 * MIB, &arena) || wf_page_pool_new(arena, opts, &metrics, &pool)) {
		fprintf(stderr, "memory: cannot make a pool\n");
		exit(1);
	}
	wf_page_pool_adopt(pool);
}

static void close_pool(void)
{
	wf_page_pool_free(pool);
	wf_arena_free(arena);
}

static const struct wf_page_pool_opts classes = {
	.small_bytes = WEFT_PAGE_SMALL_BYTES,
	.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
	.large_bytes = WEFT_PAGE_LARGE_BYTES,
	.frame_bytes = 4096,
	.frames = 8192,
	.frames_reserve = 4096,
};

static void measure_pages(const char *what, size_t bytes)
{
	static struct wf_page *held[WINDOW];
	double start_ns;

	open_pool(&classes);
	start_ns = cpu_ns();
	for (uint64_t i = 0; i < rounds; i++) {
		wf_page_put(held[i % WINDOW]);
		held[i % WINDOW] = wf_page_pool_take(pool, bytes);
	}
	report(what, start_ns);
	for (int i = 0; i < WINDOW; i++) {
		wf_page_put(held[i]);
		held[i] = NULL;
	}
	close_pool();
}

static void measure_malloc(size_t bytes)
{
	static void *held[WINDOW];
	double start_ns = cpu_ns();

	for (uint64_t i = 0; i < rounds; i++) {
		free(held[i % WINDOW]);
		held[i % WINDOW] = malloc(bytes);
	}
	report("baseline: malloc + free of 1500 bytes", start_ns);
	for (int i = 0; i < WINDOW; i++) {
		free(held[i]);
		held[i] = NULL;
	}
}

static void measure_frames(void)
{
	uint64_t offs[BATCH];
	double start_ns;

	open_pool(&classes);
	start_ns = cpu_ns();
	for (uint64_t i = 0; i < rounds; i += BATCH) {
		uint32_t count = wf_page_pool_take_frames(pool, offs, BATCH);

		for (uint32_t f = 0; f < count; f++)
			wf_page_put(wf_arena_page_at(arena, offs[f] + 256));
	}
	report("rx frame: take, find by offset, put", start_ns);
	close_pool();
}

enum { PASSED = 65536 };
static struct wf_page *passed[PASSED];

/* Thread of a sink: releases the pages that the worker has taken. */
static void *sink(void *ctx)
{
	double *ns = ctx;
	double start_ns = cpu_ns();

	for (int i = 0; i < PASSED; i++)
		wf_page_put(passed[i]);
	*ns += cpu_ns() - start_ns;
	return NULL;
}

static void measure_remote(void)
{
	double worker_ns = 0;
	double sink_ns = 0;
	int turns = (int)(rounds / PASSED) + 1;

	open_pool(&classes);
	for (int turn = 0; turn < turns; turn++) {
		double start_ns = cpu_ns();
		pthread_t thread;

		for (int i = 0; i < PASSED; i++)
			passed[i] = wf_page_pool_take(pool, 1500);
		worker_ns += cpu_ns() - start_ns;
		pthread_create(&thread, NULL, sink, &sink_ns);
		pthread_join(thread, NULL);
		start_ns = cpu_ns();
		wf_page_pool_housekeep(pool, 0);
		worker_ns += cpu_ns() - start_ns;
	}
	printf("%-46s %8.1f ns\n", "page put by a sink: the worker's part",
	       worker_ns / ((double)turns * PASSED));
	printf("%-46s %8.1f ns\n", "page put by a sink: the sink's part",
	       sink_ns / ((double)turns * PASSED));
	close_pool();
}

static void measure_slab(void)
{
	static uint32_t held[WINDOW];
	struct wf_slab *slab;
	double start_ns;

	if (wf_arena_new(256 * MIB, &arena) || wf_slab_new(arena, 64, 1 << 20, &slab))
		exit(1);
	start_ns = cpu_ns();
	for (uint64_t i = 0; i < rounds; i++) {
		if (held[i % WINDOW])
			wf_slab_put(slab, held[i % WINDOW]);
		held[i % WINDOW] = wf_slab_take(slab);
	}
	report("slab object of 64: take + put", start_ns);
	wf_slab_free(slab);
	wf_arena_free(arena);
}

/* Measures the arena bytes per held byte when 100,000 segments of one size are held. */
static void measure_overhead(uint32_t bytes, bool fixed)
{
	static struct wf_page *held[100000];
	struct wf_page_pool_opts opts = classes;
	uint64_t before;

	if (fixed)
		wf_fixed_pages_choose(&opts);
	open_pool(&opts);
	before = wf_arena_used_bytes(arena);
	for (int i = 0; i < 100000; i++)
		held[i] = wf_page_pool_take(pool, bytes);
	printf("%4u-byte segments held, %-8s                 %8.2f bytes a byte\n", bytes,
	       fixed ? "fixed" : "adaptive",
	       (double)(wf_arena_used_bytes(arena) - before) / (100000.0 * bytes));
	for (int i = 0; i < 100000; i++)
		wf_page_put(held[i]);
	close_pool();
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {64, 200, 536, 1000, 1460};

	if (argc > 1)
		rounds = strtoull(argv[1], NULL, 10);
	measure_malloc(1500);
	measure_pages("page of 1500: take + put by the worker", 1500);
	measure_pages("page of 200: take + put by the worker", 200);
	measure_frames();
	measure_remote();
	measure_slab();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		measure_overhead(sizes[i], true);
		measure_overhead(sizes[i], false);
	}
	return 0;
}
