// SPDX-License-Identifier: BSD-2-Clause
/*
 * sink.c - the code shared by all kinds of sinks: subscribing, the thread that takes batches, and
 * the end.
 *
 * A sink that fails counts what waits in its queue as failed and unsubscribes: later events are
 * not queued, and workers that wait for room in the queue continue.
 */
#include "sink/sink.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "sink/registry.h"
#include "sink/sink_class.h"

enum {
	BATCH_EVENTS = 256,
	IDLE_MS = 250,
};

const char *wf_sink_wanted(const struct wf_sink_opts *opts, size_t index)
{
	const struct wf_sink_class *class;

	for (size_t i = 0; (class = wf_sink_class_at(i)) != NULL; i++)
		if (class->target && class->target(opts) && index-- == 0)
			return class->name;
	return NULL;
}

int wf_sink_open(struct weft *weft, const char *kind, const struct wf_sink_opts *opts,
		 struct wf_sink **ret_sink)
{
	const struct wf_sink_class *class = wf_sink_class_find(kind);
	struct wf_sink *sink;
	int err;

	if (!class) {
		if (opts->log)
			opts->log(WEFT_LOG_ERROR, "sink: unknown kind of sink", opts->log_ctx);
		return -EINVAL;
	}
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return -ENOMEM;
	sink->class = class;
	sink->opts = *opts;
	sink->target = class->target ? class->target(opts) : NULL;
	sink->weft = weft;

	err = class->open(sink);
	if (err)
		goto free_sink;

	WEFT_OPTS(weft_sub_opts, sub_opts, .name = class->name, .events = class->events,
		  .overflow = opts->overflow, .queue_bytes = opts->queue_bytes);
	err = weft_subscribe(weft, &sub_opts, &sink->sub);
	if (err)
		goto close_state;

	*ret_sink = sink;
	return 0;

close_state:
	if (class->close)
		class->close(sink);
free_sink:
	free(sink);
	return err;
}

static void count_events(struct wf_sink *sink, const struct weft_event *events, int count)
{
	uint64_t data_bytes = 0, drops = 0;

	for (int i = 0; i < count; i++) {
		if (events[i].type == WEFT_EVENT_DATA) {
			data_bytes += events[i].data.len_bytes;
		} else if (events[i].type == WEFT_EVENT_DROP) {
			drops++;
			wf_sink_count(sink, dropped_events, events[i].drop.events);
			wf_sink_count(sink, dropped_bytes, events[i].drop.data_bytes);
		}
	}
	wf_sink_count(sink, events, (uint64_t)count - drops);
	wf_sink_count(sink, data_bytes, data_bytes);
}

/* Process batches until the end. Return: 0 at the end of data; otherwise the error of the sink. */
static int run(struct wf_sink *sink)
{
	const struct wf_sink_class *class = sink->class;
	struct weft_event events[BATCH_EVENTS];
	int err = 0;

	while (!err) {
		int count = weft_sub_poll(sink->sub, events, BATCH_EVENTS, IDLE_MS);

		if (count < 0)
			break;
		count_events(sink, events, count);
		if (count)
			err = class->take(sink, events, count);
		else if (class->idle)
			err = class->idle(sink);
		if (!err && atomic_exchange(&sink->wants_reopen, false) && class->reopen)
			err = class->reopen(sink);
	}
	if (!err && class->finish)
		err = class->finish(sink);
	return err;
}

static void tell_losses(const struct wf_sink *sink)
{
	struct weft_sub_stats stats = {0};

	weft_sub_stats_read(sink->sub, &stats);
	if (stats.dropped_events)
		wf_sink_log(
			sink, WEFT_LOG_WARN,
			"%llu events with %llu bytes of data were dropped because the queue was "
			"full",
			(unsigned long long)stats.dropped_events,
			(unsigned long long)stats.dropped_bytes);
}

static void unsubscribe(struct wf_sink *sink)
{
	if (!sink->sub)
		return;
	tell_losses(sink);
	weft_unsubscribe(sink->sub);
	sink->sub = NULL;
}

/* Count the events that wait in the queue of a sink that failed. */
static void fail_waiting(struct wf_sink *sink)
{
	struct weft_sub_stats stats = {0};
	struct weft_event events[BATCH_EVENTS];
	int count;

	weft_sub_stats_read(sink->sub, &stats);
	for (uint64_t left = stats.waiting_events; left > 0;
	     left -= (uint64_t)count < left ? (uint64_t)count : left) {
		uint64_t bytes = atomic_load(&sink->counts.data_bytes);

		count = weft_sub_poll(sink->sub, events, BATCH_EVENTS, 0);
		if (count <= 0)
			break;
		count_events(sink, events, count);
		wf_sink_count(sink, failed_events, (uint64_t)count);
		wf_sink_count(sink, failed_bytes, atomic_load(&sink->counts.data_bytes) - bytes);
	}
}

static void *sink_thread(void *ctx)
{
	struct wf_sink *sink = ctx;
	int err = run(sink);

	if (err) {
		wf_sink_failed(sink, err);
		fail_waiting(sink);
		atomic_store(&sink->gave_up, true);
	}
	unsubscribe(sink);
	if (sink->class->ended)
		sink->class->ended(sink);
	return NULL;
}

int wf_sink_start(struct wf_sink *sink)
{
	sigset_t all, before;
	int err;

	/* Block all signals in this thread: the main thread handles them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&sink->thread, NULL, sink_thread, sink);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		wf_sink_log(sink, WEFT_LOG_ERROR, "cannot start a thread (error %d)", err);
		return -err;
	}
	sink->started = true;
	return 0;
}

int wf_sink_join(struct wf_sink *sink)
{
	if (sink->started)
		pthread_join(sink->thread, NULL);
	sink->started = false;
	return atomic_load(&sink->err);
}

bool wf_sink_gave_up(const struct wf_sink *sink)
{
	return atomic_load(&sink->gave_up);
}

void wf_sink_reopen(struct wf_sink *sink)
{
	atomic_store(&sink->wants_reopen, true);
}

void wf_sink_close(struct wf_sink *sink)
{
	if (!sink)
		return;
	wf_sink_join(sink);
	unsubscribe(sink);
	if (sink->class->close)
		sink->class->close(sink);
	free(sink);
}

void wf_sink_stats(const struct wf_sink *sink, struct wf_sink_stats *ret_stats)
{
	*ret_stats = (struct wf_sink_stats){
#define READ(name) .name = atomic_load_explicit(&sink->counts.name, memory_order_relaxed)
		READ(events),	    READ(data_bytes),	 READ(written_bytes),  READ(files),
		READ(failed_bytes), READ(failed_events), READ(dropped_events), READ(dropped_bytes),
#undef READ
	};
}

const char *wf_sink_name(const struct wf_sink *sink)
{
	return sink->class->name;
}
