/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.h - the state of each worker thread of a handle.
 */
#ifndef WEFT_WORKER_H
#define WEFT_WORKER_H

#include <stdint.h>

#include <weft/api.h>

WEFT_BEGIN_DECLS

struct weft;

/**
 * struct weft_worker - one worker thread
 * @index:            number of the worker, counted from 0
 * @last_seen_ns:     live source: time since the worker last completed a round of its loop, which
 *                    an idle worker completes every 20 ms; 0 if the thread has ended, or if the
 *                    source is not live
 * @busy_percent:     share of the last second in which the worker did not sleep
 * @frames:           frames that the worker processed
 * @delivered_bytes:  payload bytes that the worker delivered in order
 * @connections:      connections that the worker tracks at present
 * @ring_full_frames: wanted frames that were lost because the rings of the worker had no room
 */
struct weft_worker {
	uint32_t index;
	uint32_t busy_percent;
	uint64_t last_seen_ns;
	uint64_t frames;
	uint64_t delivered_bytes;
	uint64_t connections;
	uint64_t ring_full_frames;
};

/**
 * weft_workers_each() - call @fn for each worker of a started handle, in the order of their numbers
 *
 * The struct is lent for the call. Thread: any. Memory: none.
 */
typedef void (*weft_worker_fn)(const struct weft_worker *worker, void *ctx);
void weft_workers_each(const struct weft *weft, weft_worker_fn fn, void *ctx);

WEFT_END_DECLS

#endif
