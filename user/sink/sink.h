/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink.h - an output: a subscriber with a thread of its own.
 *
 * A kind of sink is a table of functions (sink_class.h); the rest (subscribing, the thread, the
 * end after a failure) is the same for all kinds. A sink that fails logs that once, unsubscribes
 * and ends; capture and the other sinks continue.
 *
 * Use: wf_sink_open() before weft_start(), then wf_sink_start(). The end of data of the handle
 * ends the thread; wf_sink_join() returns the result; wf_sink_close() frees it.
 */
#ifndef WF_SINK_SINK_H
#define WF_SINK_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "sink/sink_opts.h"

struct weft;
struct wf_sink;

/* The ledger of a sink: every byte that it took was written or failed. */
struct wf_sink_stats {
	uint64_t events;
	uint64_t data_bytes;	/* payload taken */
	uint64_t written_bytes; /* to files, or of JSON */
	uint64_t files;		/* made */
	uint64_t failed_bytes;	/* payload that could not be written */
	uint64_t failed_events;
	uint64_t dropped_events; /* reported by the queue, which dropped them before the sink */
	uint64_t dropped_bytes;
};

/*
 * The name of the sink number @index, from 0, of those that @opts ask for; NULL: there are fewer.
 */
const char *wf_sink_wanted(const struct wf_sink_opts *opts, size_t index);

/*
 * Make the sink @kind ("null", "streams", "events") and subscribe it to @weft. Return: 0; -EINVAL:
 * no such kind; -EEXIST: the directory holds files of an earlier run; -EBUSY: another run writes
 * there; errors of the target; errors of weft_subscribe(). Logged.
 */
int wf_sink_open(struct weft *weft, const char *kind, const struct wf_sink_opts *opts,
		 struct wf_sink **ret_sink);

/* Start its thread. Return: 0; negative errno. */
int wf_sink_start(struct wf_sink *sink);

/*
 * Wait for its end, which comes with the end of data or its own failure.
 * Return: 0; negative errno: of its first failure (it was logged).
 */
int wf_sink_join(struct wf_sink *sink);

/* Join if needed, free. Before weft_free(). NULL is allowed. */
void wf_sink_close(struct wf_sink *sink);

/* Thread: any. */
void wf_sink_stats(const struct wf_sink *sink, struct wf_sink_stats *ret_stats);
const char *wf_sink_name(const struct wf_sink *sink);

#endif
