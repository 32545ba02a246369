/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fragments.h - creates the defragmenter of a worker, or of the reader, with the limits of
 * weft/limits.h.
 */
#ifndef WF_WORKER_FRAGMENTS_H
#define WF_WORKER_FRAGMENTS_H

#include "bpf/hash.h"

struct wf_arena;
struct wf_defrag;
struct wf_metrics;
struct wf_page_pool;

/*
 * Create a defragmenter. All pointers except @secret are borrowed and must outlive the
 * defragmenter. Return: see wf_defrag_new().
 */
int wf_fragments_new(struct wf_arena *arena, struct wf_page_pool *pages, struct wf_metrics *metrics,
		     const struct weft_hash_secret *secret, struct wf_defrag **ret_defrag);

#endif
