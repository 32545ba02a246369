// SPDX-License-Identifier: BSD-2-Clause
/*
 * fragments.c - creates a defragmenter with the limits of weft/limits.h.
 */
#include "worker/fragments.h"

#include <weft/limits.h>

#include "decode/defrag.h"

int wf_fragments_new(struct wf_arena *arena, struct wf_page_pool *pages, struct wf_metrics *metrics,
		     const struct weft_hash_secret *secret, struct wf_defrag **ret_defrag)
{
	const struct wf_defrag_opts opts = {
		.arena = arena,
		.pages = pages,
		.metrics = metrics,
		.seed = secret->key[0] ^ secret->key[3],
		.datagrams_max = WEFT_FRAGMENT_DATAGRAMS_MAX,
		.fragments_max = WEFT_FRAGMENTS_MAX,
		.per_datagram_max = WEFT_FRAGMENTS_PER_DATAGRAM_MAX,
		.timeout_ms = WEFT_FRAGMENT_TIMEOUT_MS,
	};

	return wf_defrag_new(&opts, ret_defrag);
}
