/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink_internal.h - what a kind of sink is, and what it gets from sink.c.
 */
#ifndef WF_SINK_SINK_INTERNAL_H
#define WF_SINK_SINK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <weft/weft.h>

#include "sink/sink.h"

struct wf_sink;

/* Functions return 0 or a negative errno that ends the sink; they have logged why. */
struct wf_sink_class {
	const char *name;
	uint32_t events; /* WEFT_EVENT_BIT()s it wants */

	int (*open)(struct wf_sink *sink); /* sets sink->state; undoes all on failure */

	/* Thread: the sink's, all of these. */
	int (*take)(struct wf_sink *sink, const struct weft_event *events, int count);
	int (*idle)(struct wf_sink *sink);   /* nothing came for a while; may be NULL */
	int (*finish)(struct wf_sink *sink); /* the end of data; may be NULL */

	void (*close)(struct wf_sink *sink); /* of a sink that was opened; may be NULL */
};

struct wf_sink {
	const struct wf_sink_class *class;
	struct wf_sink_opts opts;
	struct weft *weft;    /* borrowed */
	struct weft_sub *sub; /* of the handle; NULL once unsubscribed */
	void *state;	      /* owned by the class */
	pthread_t thread;
	bool started;
	_Atomic int err; /* first failure */

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

/* Remember @err as the sink's verdict if it is its first. Return: @err. */
int wf_sink_failed(struct wf_sink *sink, int err);

extern const struct wf_sink_class wf_sink_null;
extern const struct wf_sink_class wf_sink_files;
extern const struct wf_sink_class wf_sink_events;

#endif
