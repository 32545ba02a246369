// SPDX-License-Identifier: BSD-2-Clause
/*
 * sink.c - the code shared by all kinds of sinks: subscribing, the thread that takes batches, and
 * the end.
 *
 * A sink that has failed counts all later events as failed. It still takes them from its queue, so
 * that no worker waits for room there.
 */
#include "sink/sink.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sink/registry.h"
#include "sink/sink_class.h"

enum {
	BATCH_EVENTS = 256,
	IDLE_MS = 250,
	MS_PER_SEC = 1000,
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
	struct weft_sub *sub;
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
	sink->idle_ms = IDLE_MS;
	atomic_init(&sink->stats_interval_sec, opts->stats_interval_sec);

	err = class->open(sink);
	if (err)
		goto free_sink;

	WEFT_OPTS(weft_sub_opts, sub_opts, .name = class->name, .events = class->events,
		  .overflow = opts->overflow, .queue_bytes = opts->queue_bytes,
		  .block_timeout_ms = opts->block_timeout_ms,
		  .idle_ttl_ms = opts->subscription_ttl_sec * MS_PER_SEC);
	err = weft_subscribe(weft, &sub_opts, &sub);
	if (err)
		goto close_state;
	atomic_store(&sink->sub, sub);

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
		if (events[i].type == WEFT_EVENT_DATA)
			data_bytes += events[i].data.len_bytes;
		else if (events[i].type == WEFT_EVENT_DROP)
			drops++;
	}
	wf_sink_count(sink, events, (uint64_t)count - drops);
	wf_sink_count(sink, data_bytes, data_bytes);
}

/* Return 0 if the subscription has ended with the data; otherwise the error of the sink. */
static int why_ended(const struct wf_sink *sink)
{
	struct weft_sub_stats stats = {0};

	weft_sub_stats_read(sink->sub, &stats);
	if (stats.ended != WEFT_SUB_IDLE)
		return 0;
	wf_sink_log(
		sink, WEFT_LOG_ERROR,
		"ended, because it took no event for %u seconds (delivery.subscription_ttl_sec)",
		sink->opts.subscription_ttl_sec);
	return -ETIMEDOUT;
}

/* Process batches until the end. Return: 0 at the end of data; otherwise the error of the sink. */
static int run(struct wf_sink *sink)
{
	const struct wf_sink_class *class = sink->class;
	struct weft_event events[BATCH_EVENTS];
	int err = 0;

	while (!err) {
		int count = weft_sub_poll(sink->sub, events, BATCH_EVENTS, sink->idle_ms);

		if (count < 0) {
			err = why_ended(sink);
			break;
		}
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

static void report_losses(const struct wf_sink *sink)
{
	const struct wf_sink_drops *drops = &sink->drops;

	if (drops->events)
		wf_sink_log(
			sink, WEFT_LOG_WARN,
			"%llu events with %llu bytes of data were dropped because the queue was "
			"full",
			(unsigned long long)drops->events, (unsigned long long)drops->bytes);
}

static struct wf_sink_drops drops_of(const struct weft_sub_stats *stats)
{
	return (struct wf_sink_drops){stats->dropped_events, stats->dropped_bytes};
}

static void unsubscribe(struct wf_sink *sink)
{
	struct weft_sub *sub = sink->sub;
	struct weft_sub_stats stats;

	if (!sub)
		return;
	weft_sub_stats_read(sub, &stats);
	sink->drops = drops_of(&stats);
	atomic_store(&sink->sub, NULL);
	/* wf_sink_queue_stats() of another thread uses the subscription for microseconds only. */
	while (atomic_load(&sink->sub_readers))
		sched_yield();
	report_losses(sink);
	weft_unsubscribe(sub);
}

/*
 * Take the events that arrive after the failure of the sink, and count them as failed, until the
 * end of data. The sink stays subscribed for this, because nothing else counts the events of a
 * sink.
 */
static void fail_rest(struct wf_sink *sink)
{
	struct weft_event events[BATCH_EVENTS];
	uint64_t before, before_bytes;
	bool is_ending;
	int count;

	for (;;) {
		/* Read before the poll: all events are in the queue once the sink is to end. */
		is_ending = wf_sink_is_ending(sink);
		count = weft_sub_poll(sink->sub, events, BATCH_EVENTS, IDLE_MS);
		if (count < 0 || (!count && is_ending))
			break;
		before = atomic_load(&sink->counts.events);
		before_bytes = atomic_load(&sink->counts.data_bytes);
		count_events(sink, events, count);
		wf_sink_count(sink, failed_events, atomic_load(&sink->counts.events) - before);
		wf_sink_count(sink, failed_bytes,
			      atomic_load(&sink->counts.data_bytes) - before_bytes);
	}
}

static void *sink_thread(void *ctx)
{
	struct wf_sink *sink = ctx;
	int err = run(sink);

	if (sink->class->ended)
		sink->class->ended(sink);
	if (err) {
		wf_sink_failed(sink, err);
		atomic_store(&sink->ended_by_failure, true);
		fail_rest(sink);
	}
	unsubscribe(sink);
	return NULL;
}

int wf_sink_start(struct wf_sink *sink)
{
	sigset_t all, before;
	int err;

	/*
	 * The new thread inherits this mask, which blocks all signals: the main thread handles
	 * them.
	 */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&sink->thread, NULL, sink_thread, sink);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		wf_sink_log(sink, WEFT_LOG_ERROR, "can't start a thread: %s", strerror(err));
		return -err;
	}
	sink->started = true;
	return 0;
}

int wf_sink_join(struct wf_sink *sink)
{
	atomic_store(&sink->is_ending, true);
	if (sink->started)
		pthread_join(sink->thread, NULL);
	sink->started = false;
	return atomic_load(&sink->err);
}

bool wf_sink_ended_by_failure(const struct wf_sink *sink)
{
	return atomic_load(&sink->ended_by_failure);
}

const char *wf_sink_failure(const struct wf_sink *sink)
{
	return wf_sink_ended_by_failure(sink) ? sink->last_error : NULL;
}

bool wf_sink_disk_is_full(const struct wf_sink *sink)
{
	return atomic_load(&sink->disk_is_full);
}

bool wf_sink_reopen_has_failed(const struct wf_sink *sink)
{
	return atomic_load(&sink->reopen_failed);
}

bool wf_sink_trouble(const struct wf_sink *sink, char *ret_text, size_t room)
{
	return sink->class->trouble && sink->class->trouble(sink, ret_text, room);
}

const char *wf_sink_limit_key(const struct wf_sink *sink)
{
	return sink->class->limit_key;
}

void wf_sink_metrics_each(const struct wf_sink *sink, weft_metric_fn fn, void *ctx)
{
	if (sink->class->metrics_each)
		sink->class->metrics_each(sink, fn, ctx);
}

void wf_sink_set_stats_interval(struct wf_sink *sink, uint32_t interval_sec)
{
	atomic_store(&sink->stats_interval_sec, interval_sec);
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

bool wf_sink_queue_stats(const struct wf_sink *sink, struct weft_sub_stats *ret_stats)
{
	/*
	 * The cast removes const: this counter is the only member that a reader of the sink
	 * changes.
	 */
	_Atomic uint32_t *readers = (_Atomic uint32_t *)&sink->sub_readers;
	const struct weft_sub *sub;

	/*
	 * This reader is counted before it loads sub, because unsubscribe() waits for each counted
	 * reader before it frees the subscription.
	 */
	atomic_fetch_add(readers, 1);
	sub = atomic_load(&sink->sub);
	if (sub)
		weft_sub_stats_read(sub, ret_stats);
	atomic_fetch_sub(readers, 1);
	return sub;
}

void wf_sink_drops_read(const struct wf_sink *sink, struct wf_sink_drops *ret_drops)
{
	struct weft_sub_stats stats;

	*ret_drops = wf_sink_queue_stats(sink, &stats) ? drops_of(&stats) : sink->drops;
}

void wf_sink_stats(const struct wf_sink *sink, struct wf_sink_stats *ret_stats)
{
	struct wf_sink_drops drops;

	wf_sink_drops_read(sink, &drops);
	*ret_stats = (struct wf_sink_stats){
#define READ(name) .name = atomic_load_explicit(&sink->counts.name, memory_order_relaxed)
		READ(events),
		READ(data_bytes),
		READ(written_bytes),
		READ(files),
		READ(failed_bytes),
		READ(failed_events),
#undef READ
		.dropped_events = drops.events,
		.dropped_bytes = drops.bytes,
	};
}

const char *wf_sink_name(const struct wf_sink *sink)
{
	return sink->class->name;
}
