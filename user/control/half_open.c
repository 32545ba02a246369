// SPDX-License-Identifier: BSD-2-Clause
/*
 * half_open.c - adds up the half-open connections that the workers count for each address.
 *
 * A worker looks up PART_ADDRS addresses between two batches of packets, so that one call delays
 * packets by some microseconds only.
 */
#include "control/half_open.h"

#include <errno.h>
#include <string.h>

#include <weft/limits.h>

#include "conn/conns.h"
#include "engine/engine_body.h"
#include "engine/engine_call.h"
#include "worker/pipeline.h"

enum { PART_ADDRS = 128 };

struct part {
	const uint8_t (*addrs)[16];
	size_t count;
	uint32_t *sums;
};

/* Add the counts of the worker to the sums. Thread: the worker. */
static void add_counts(void *ctx, struct wf_pipeline *pipeline)
{
	const struct wf_conns *conns = wf_pipeline_conns(pipeline);
	const struct part *part = ctx;

	for (size_t i = 0; i < part->count; i++)
		part->sums[i] += wf_source_count_of(&conns->half_open.sources, part->addrs[i]);
}

static int ask_worker(struct wf_engine *engine, uint32_t worker, const uint8_t (*addrs)[16],
		      size_t count, uint32_t *sums)
{
	int err = 0;

	for (size_t from = 0; !err && from < count; from += PART_ADDRS) {
		struct part part = {
			.addrs = addrs + from,
			.count = count - from < PART_ADDRS ? count - from : PART_ADDRS,
			.sums = sums + from,
		};
		const struct wf_call call = {.fn = add_counts, .ctx = &part};

		err = wf_engine_call(engine, worker, &call);
	}
	return err;
}

int wf_engine_half_open_read(struct wf_engine *engine, const uint8_t (*addrs)[16], size_t count,
			     uint32_t *ret_counts)
{
	uint32_t sums[WEFT_HALF_OPEN_ADDRS_MAX] = {0};
	int err;

	if (!engine->is_started)
		return -ENODEV;
	err = wf_engine_control_lock(engine);
	if (err)
		return err;
	for (uint32_t worker = 0; !err && worker < engine->crew.count; worker++)
		err = ask_worker(engine, worker, addrs, count, sums);
	wf_engine_control_unlock(engine);
	if (!err)
		memcpy(ret_counts, sums, count * sizeof(*ret_counts));
	return err;
}
