/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink_class.h - the interface that each kind of sink implements, the sink object, and the
 * functions that sinks use.
 */
#ifndef WF_SINK_SINK_CLASS_H
#define WF_SINK_SINK_CLASS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/weft.h>

#include "sink/sink_opts.h"

struct wf_sink;

/**
 * struct wf_sink_class - a kind of sink
 * @events: WEFT_EVENT_BIT() bits of the events that the sink receives; 0: all events
 * @target: returns the sink's target from the options: a directory, a file or "-"; NULL if the
 *          options do not request such a sink. If this function is NULL, the sink is opened only by
 *          name.
 *
 * Functions that return int return 0, or a negative errno that ends the sink; they log the reason.
 */
struct wf_sink_class {
	const char *name;
	uint32_t events;
	const char *(*target)(const struct wf_sink_opts *opts);

	/* sets sink->state; on failure, frees everything it made */
	int (*open)(struct wf_sink *sink);

	/* take(), idle(), reopen() and finish() run on the sink's thread. */
	int (*take)(struct wf_sink *sink, const struct weft_event *events, int count);
	/* called when no event has arrived for some time; may be NULL */
	int (*idle)(struct wf_sink *sink);
	/* called when the target was moved away, to open it again; may be NULL */
	int (*reopen)(struct wf_sink *sink);
	int (*finish)(struct wf_sink *sink); /* called at the end of data; may be NULL */
	/* the last call on the sink's thread, also after a failure; may be NULL */
	void (*ended)(struct wf_sink *sink);

	void (*close)(struct wf_sink *sink); /* called if open() succeeded; may be NULL */
};

struct wf_sink {
	const struct wf_sink_class *class;
	struct wf_sink_opts opts;
	const char *target;
	struct weft *weft;    /* borrowed */
	struct weft_sub *sub; /* owned by the handle; NULL once unsubscribed */
	void *state; /* state of this kind of sink; allocated by open(), freed by close() */
	pthread_t thread;
	bool started;
	_Atomic int err;      /* first failure; 0: none */
	_Atomic bool gave_up; /* a failure ended the sink */
	_Atomic bool wants_reopen;

	/* written by the sink's thread, read by any */
	struct {
		_Atomic uint64_t events;
		_Atomic uint64_t data_bytes;
		_Atomic uint64_t written_bytes;
		_Atomic uint64_t files;
		_Atomic uint64_t failed_bytes;
		_Atomic uint64_t failed_events;
		_Atomic uint64_t dropped_events;
		_Atomic uint64_t dropped_bytes;
	} counts;
};

#define wf_sink_count(sink, name, amount) \
	atomic_fetch_add_explicit(&(sink)->counts.name, (amount), memory_order_relaxed)

void wf_sink_log(const struct wf_sink *sink, enum weft_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Record @err as the result of the sink if it is its first failure. Return: @err. */
int wf_sink_failed(struct wf_sink *sink, int err);

#endif
