/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink.h - a sink is an output: a subscriber with a thread of its own.
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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink/sink_opts.h"

struct weft;
struct wf_sink;

/* The ledger of a sink: every payload byte that it received was either written or failed. */
struct wf_sink_stats {
	uint64_t events;
	uint64_t data_bytes;	/* payload bytes received */
	uint64_t written_bytes; /* bytes written to stream files, or bytes of JSON */
	uint64_t files;		/* number of files created */
	uint64_t failed_bytes;	/* payload bytes that could not be written */
	uint64_t failed_events;
	uint64_t dropped_events; /* events dropped by the queue before they reached the sink */
	uint64_t dropped_bytes;
};

/*
 * Return the name of the sink at @index, counted from 0, among the sinks that @opts request; NULL
 * if @index is past the last one.
 */
const char *wf_sink_wanted(const struct wf_sink_opts *opts, size_t index);

/*
 * Create the sink @kind ("null", "streams", "events") and subscribe it to @weft. Return: 0 on
 * success; -EINVAL if there is no such kind; -EEXIST if the directory holds files of an earlier
 * run; -EBUSY if another run uses the directory; errors of the target; errors of weft_subscribe().
 * Failures are logged.
 */
int wf_sink_open(struct weft *weft, const char *kind, const struct wf_sink_opts *opts,
		 struct wf_sink **ret_sink);

/* Start the thread of the sink. Return: 0 on success; negative errno. */
int wf_sink_start(struct wf_sink *sink);

/*
 * Wait until the sink ends, at the end of data or after a failure. Return: 0 on success; negative
 * errno of its first failure (already logged).
 */
int wf_sink_join(struct wf_sink *sink);

/* Return true if a failure has ended the sink before the end of data. Thread: any. */
bool wf_sink_gave_up(const struct wf_sink *sink);

/*
 * Request that the sink opens its file or directory again, after log rotation has moved it away.
 * The sink does so on its thread, within a second. Thread: any.
 */
void wf_sink_reopen(struct wf_sink *sink);

/* Join the thread if needed, and free the sink. Call before weft_free(). NULL is allowed. */
void wf_sink_close(struct wf_sink *sink);

/* Return the counts or the name of the sink. Thread: any. */
void wf_sink_stats(const struct wf_sink *sink, struct wf_sink_stats *ret_stats);
const char *wf_sink_name(const struct wf_sink *sink);

#endif
