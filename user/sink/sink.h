/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink.h - where events end: a subscriber with a thread of its own.
 *
 * A kind of sink is a table of functions (sink_internal.h); everything else (subscribing, the
 * thread, ending on failure) is done here once. A sink that fails says so once,
 * unsubscribes and ends; capture and the other sinks go on.
 *
 * Use: wf_sink_open() before weft_start(), wf_sink_start(), ... the handle's end
 * of data ends the thread; wf_sink_join() gives its verdict; wf_sink_close().
 */
#ifndef WF_SINK_SINK_H
#define WF_SINK_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/log.h>
#include <weft/subscribe.h>

struct weft;
struct wf_sink;

/* What a sink may want to know; each kind reads its own. Borrowed until wf_sink_close(). */
struct wf_sink_opts {
	const char *target;	     /* directory, file or "-", as the kind says */
	bool pad_gaps;		     /* streams: holes keep their length */
	uint32_t stats_interval_sec; /* events: a `stats` line so often; 0: only the last */
	uint64_t queue_bytes;	     /* 0: default */
	enum weft_overflow overflow;
	weft_log_fn log; /* NULL: silent */
	void *log_ctx;
};

/* A sink's own ledger: what it took was written, or failed. */
struct wf_sink_stats {
	uint64_t events;
	uint64_t data_bytes;	/* payload taken */
	uint64_t written_bytes; /* to files, or of JSON */
	uint64_t files;		/* made */
	uint64_t failed_bytes;	/* payload that could not be written */
	uint64_t failed_events;
	uint64_t dropped_events; /* told by the queue: never came here */
	uint64_t dropped_bytes;
};

/*
 * Make the sink @kind ("null", "streams", "events") and subscribe it to @weft. Return: 0; -EINVAL:
 * no such kind; -EEXIST: files of an earlier run are in the way; -EBUSY: another run writes there;
 * errors of the target; of weft_subscribe(). Logged.
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
