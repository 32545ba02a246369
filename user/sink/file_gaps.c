// SPDX-License-Identifier: BSD-2-Clause
/*
 * file_gaps.c - a ring between the threads of two sinks, and a semaphore that the writer posts when
 * it ends.
 */
#include "sink/file_gaps.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

struct wf_file_gaps {
	struct wf_file_gap ring[WF_FILE_GAPS_MAX];
	sem_t ended;
	bool begun; /* written before the reader's thread starts */

	/* written by the writer */
	_Atomic uint64_t pushed;
	_Atomic uint64_t lost;

	/* written by the reader */
	_Atomic uint64_t popped;
};

int wf_file_gaps_new(struct wf_file_gaps **ret_gaps)
{
	struct wf_file_gaps *gaps = calloc(1, sizeof(*gaps));

	if (!gaps)
		return -ENOMEM;
	sem_init(&gaps->ended, 0, 0);
	*ret_gaps = gaps;
	return 0;
}

void wf_file_gaps_free(struct wf_file_gaps *gaps)
{
	if (!gaps)
		return;
	sem_destroy(&gaps->ended);
	free(gaps);
}

void wf_file_gaps_begin(struct wf_file_gaps *gaps)
{
	gaps->begun = true;
}

void wf_file_gaps_lose(struct wf_file_gaps *gaps)
{
	atomic_fetch_add_explicit(&gaps->lost, 1, memory_order_relaxed);
}

void wf_file_gaps_push(struct wf_file_gaps *gaps, const struct wf_file_gap *gap)
{
	uint64_t pushed = atomic_load_explicit(&gaps->pushed, memory_order_relaxed);

	/* Pairs with the release in wf_file_gaps_pop(): the reader has copied the entry. */
	if (pushed - atomic_load_explicit(&gaps->popped, memory_order_acquire) ==
	    WF_FILE_GAPS_MAX) {
		wf_file_gaps_lose(gaps);
		return;
	}
	gaps->ring[pushed % WF_FILE_GAPS_MAX] = *gap;
	/* Pairs with the acquire in wf_file_gaps_pop(): entry before index. */
	atomic_store_explicit(&gaps->pushed, pushed + 1, memory_order_release);
}

void wf_file_gaps_end(struct wf_file_gaps *gaps)
{
	sem_post(&gaps->ended);
}

bool wf_file_gaps_pop(struct wf_file_gaps *gaps, struct wf_file_gap *ret_gap)
{
	uint64_t popped = atomic_load_explicit(&gaps->popped, memory_order_relaxed);

	if (popped == atomic_load_explicit(&gaps->pushed, memory_order_acquire))
		return false;
	*ret_gap = gaps->ring[popped % WF_FILE_GAPS_MAX];
	atomic_store_explicit(&gaps->popped, popped + 1, memory_order_release);
	return true;
}

uint64_t wf_file_gaps_lost(const struct wf_file_gaps *gaps)
{
	return atomic_load_explicit(&gaps->lost, memory_order_relaxed);
}

void wf_file_gaps_wait_end(struct wf_file_gaps *gaps)
{
	if (!gaps->begun)
		return;
	while (sem_wait(&gaps->ended) && errno == EINTR)
		;
}
