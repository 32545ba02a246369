// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_map.c - reads the kernel's flow map while it changes.
 *
 * The map is read in batches of whole buckets. Iteration by key would start again at the beginning
 * whenever the current key is evicted.
 */
#include "capture/maps/flow_map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/shared.h"

enum { BATCH_ENTRIES = 1024 }; /* entries of one batch; more than any bucket has */

struct batch {
	struct weft_flow_key keys[BATCH_ENTRIES];
	struct weft_flow_value values[BATCH_ENTRIES];
};

static void convert(const struct weft_flow_key *key, const struct weft_flow_value *value,
		    struct wf_kernel_flow *ret_flow)
{
	ret_flow->key = *key;
	ret_flow->worker = value->worker;
	ret_flow->first_ns = value->first_ns;
	ret_flow->last_ns = value->last_ns;
	for (int i = 0; i < 2; i++) {
		ret_flow->packets[i] = value->packets[i];
		ret_flow->bytes[i] = value->bytes[i];
		ret_flow->kept_packets[i] = value->kept_packets[i];
		ret_flow->kept_bytes[i] = value->kept_bytes[i];
		ret_flow->tcp_flags[i] = value->tcp_flags[i];
		ret_flow->verdict[i] = (enum weft_verdict)value->verdict[i];
	}
}

int wf_flow_map_each(int map_fd, wf_kernel_flow_fn fn, void *ctx)
{
	struct batch *batch = malloc(sizeof(*batch));
	bool is_first = true;
	uint32_t position; /* opaque position of the next bucket to read */
	int err = batch ? 0 : -ENOMEM;

	while (!err) {
		uint32_t count = BATCH_ENTRIES;

		err = bpf_map_lookup_batch(map_fd, is_first ? NULL : &position, &position,
					   batch->keys, batch->values, &count, NULL);
		if (err && err != -ENOENT)
			break;
		is_first = false;
		for (uint32_t i = 0; i < count; i++) {
			struct wf_kernel_flow flow;

			convert(&batch->keys[i], &batch->values[i], &flow);
			fn(&flow, ctx);
		}
	}
	free(batch);
	return err == -ENOENT ? 0 : err;
}
