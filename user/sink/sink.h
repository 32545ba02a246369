/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink.h - a sink is an output: a subscriber with a thread of its own.
 *
 * A kind of sink is a table of functions (sink_class.h); the rest (subscribing, the thread, the
 * end after a failure) is the same for all kinds. A sink that fails logs its failure once, and
 * counts the later events as failed; the other sinks continue. The capture continues, too, until
 * the agent finds that all sinks have failed.
 *
 * Use: wf_sink_open() before weft_start(), then wf_sink_start(). The thread ends when the capture
 * has ended and all events were taken; wf_sink_join() waits for that and returns the result;
 * wf_sink_close() frees the sink.
 */
#ifndef WF_SINK_SINK_H
#define WF_SINK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/stats.h>

#include "sink/sink_opts.h"

struct weft;
struct weft_sub_stats;
struct wf_sink;

/*
 * The counts of a sink. Every payload byte that the sink received was either written or failed; the
 * kind "null", which writes nothing, counts its payload bytes in data_bytes only.
 */
struct wf_sink_stats {
	uint64_t events;
	uint64_t data_bytes; /* payload bytes received */
	/* bytes of stream files, of JSON lines or of a capture file; nats: acknowledged payload */
	uint64_t written_bytes;
	uint64_t files;	       /* number of stream files to which bytes were written */
	uint64_t failed_bytes; /* payload bytes that could not be written */
	uint64_t failed_events;
	/* dropped by the queue before they reached the sink; the counts of the subscription */
	uint64_t dropped_events;
	uint64_t dropped_bytes;
};

/*
 * Return the name of the sink at @index, counted from 0, among the sinks that @opts request; NULL
 * if @index is past the last one.
 */
const char *wf_sink_wanted(const struct wf_sink_opts *opts, size_t index);

/*
 * Create a sink of the kind @kind, such as "null" or "streams", and subscribe it to @weft. Return:
 * 0 on success; -EINVAL if there is no such kind; -EEXIST if the target holds data of an earlier
 * run, which options neither keep nor delete; -EBUSY if another run uses the directory; other
 * errors of the target; all of these are logged. Not logged: -ENOMEM; errors of weft_subscribe().
 */
int wf_sink_open(struct weft *weft, const char *kind, const struct wf_sink_opts *opts,
		 struct wf_sink **ret_sink);

/* Start the thread of the sink. Return: 0 on success; negative errno. */
int wf_sink_start(struct wf_sink *sink);

/*
 * Wait until the sink ends, at the end of data or after a failure. Call after the capture has
 * ended: a sink whose output does not proceed may then give up. Return: 0 on success; negative
 * errno of its first failure (already logged).
 */
int wf_sink_join(struct wf_sink *sink);

/* Return true if a failure has ended the sink. Thread: any. */
bool wf_sink_ended_by_failure(const struct wf_sink *sink);

/*
 * Return the message of the failure that has ended the sink, "" if that failure logged none; NULL
 * if no failure has ended the sink. Valid until wf_sink_close(). Thread: any.
 */
const char *wf_sink_failure(const struct wf_sink *sink);

/*
 * Return true if the last wf_sink_reopen() has failed, so that the sink still writes to the file or
 * directory that was moved away. Thread: any.
 */
bool wf_sink_reopen_has_failed(const struct wf_sink *sink);

/* Return true while the sink leaves output out because its disk is full. Thread: any. */
bool wf_sink_disk_is_full(const struct wf_sink *sink);

/*
 * Write the reason why the sink cannot pass its output on now, such as a lost connection, to
 * @ret_text. Return: false if it can. Thread: any.
 */
bool wf_sink_trouble(const struct wf_sink *sink, char *ret_text, size_t room);

/*
 * Return the configuration key that limits how much output can wait in a sink of this kind, in
 * addition to the events in its queue; static; NULL if the kind has no such limit.
 */
const char *wf_sink_limit_key(const struct wf_sink *sink);

/*
 * Call @fn for each metric that only this kind of sink has; the struct is lent for the call.
 * Thread: any.
 */
void wf_sink_metrics_each(const struct wf_sink *sink, weft_metric_fn fn, void *ctx);

/*
 * Set the interval at which the sinks `events` and `nats` write statistics from now on; 0: only
 * once, at the end. Other kinds of sinks ignore this call. Thread: any.
 */
void wf_sink_set_stats_interval(struct wf_sink *sink, uint32_t interval_sec);

/*
 * Request that the sink opens its file or directory again, after log rotation has moved it away.
 * The sink's thread does so once it has written the events that it has taken; a sink without a file
 * ignores the request. Thread: any.
 */
void wf_sink_reopen(struct wf_sink *sink);

/*
 * Read the counts of the sink's subscription. Return: false if it was unsubscribed; *@ret_stats is
 * then not written. Thread: any.
 */
bool wf_sink_queue_stats(const struct wf_sink *sink, struct weft_sub_stats *ret_stats);

/* Join the thread if needed, and free the sink. Call before weft_free(). NULL is allowed. */
void wf_sink_close(struct wf_sink *sink);

/* Return the counts or the name of the sink. Thread: any. */
void wf_sink_stats(const struct wf_sink *sink, struct wf_sink_stats *ret_stats);
const char *wf_sink_name(const struct wf_sink *sink);

#endif
