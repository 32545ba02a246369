// SPDX-License-Identifier: BSD-2-Clause
/*
 * worker.c - runs the loop of a worker.
 *
 * A frame for another worker is pushed to that worker's inbox or, if the inbox is full, stored in
 * our own outbox. In replay, no further input is read until the outbox is empty; the inbox is still
 * read as long as the outbox has room for another batch, so that workers do not block each other.
 * In live capture, where input cannot wait, a frame is dropped and counted if the outbox is full.
 *
 * The end is reached when all workers' sources have ended and no frame is between workers:
 * crew->between counts each frame from before its push until it has been processed and the frames
 * handed over as a result have been pushed.
 */
#include "worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "capture/source.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"

enum {
	IDLE_WAIT_MS = 20, /* live: maximum sleep, and so the maximum delay of a timer */
	/*
	 * Busy: time for which frames collect without waking the worker. It is doubled while a wait
	 * finds COLLECT_FRAMES, else halved, also if a ring is filling. It is longest if a wait
	 * finds LOADED_FRAMES, because each wait costs about 40 us beside other load.
	 */
	COLLECT_MIN_MS = 1,
	COLLECT_MAX_MS = 4,
	COLLECT_FRAMES = 16,
	LOADED_MAX_MS = 6,
	LOADED_FRAMES = 128,
	HOUSEKEEP_INTERVAL_MS = 100,
	/*
	 * sleep time while frames wait in the outbox, while requests are not fully handled, and
	 * while other workers still process their last frames
	 */
	DRAIN_WAIT_MS = 1,
	POLL_FDS_MAX = 1 + WEFT_INTERFACES_MAX * WEFT_QUEUES_MAX,
};

static struct wf_worker *peer(struct wf_worker *worker, uint32_t index)
{
	return &worker->crew->workers[index];
}

static bool push_to_peer(struct wf_worker *worker, uint32_t to, const struct wf_frame *frame)
{
	struct wf_worker *owner = peer(worker, to);

	if (wf_mpsc_push(&owner->inbox, frame, false))
		return false;
	wf_waiter_wake(&owner->waiter);
	return true;
}

/* Count a frame that is lost between workers, which no other worker counts. */
static void lose_frame(struct wf_worker *worker, const struct wf_frame *frame)
{
	if (frame->flags & WF_FRAME_REBUILT) {
		wf_metric_inc(&worker->metrics, rebuilt_lost_datagrams);
		return;
	}
	wf_metric_inc(&worker->metrics, frames);
	wf_metric_inc(&worker->metrics, frames_handoff_lost_frames);
}

/*
 * Copy the bytes of @frame to a page if they are lent, because the other worker reads them later.
 * Return: false if no page is free, or if the frame is larger than any page.
 */
static bool keep_bytes(struct wf_worker *worker, struct wf_frame *frame)
{
	if (wf_likely(!(frame->flags & WF_FRAME_LENT)))
		return true;
	frame->page = wf_page_pool_take(worker->pages, frame->cap_bytes);
	if (!frame->page)
		return false;
	memcpy(wf_page_bytes(frame->page), frame->bytes, frame->cap_bytes);
	frame->bytes = wf_page_bytes(frame->page);
	frame->flags &= (uint16_t)~WF_FRAME_LENT;
	return true;
}

void wf_worker_handoff(void *ctx, uint32_t to, const struct wf_frame *frame)
{
	struct wf_worker *worker = ctx;
	struct wf_frame mine = *frame;

	if (!keep_bytes(worker, &mine)) {
		lose_frame(worker, frame);
		return;
	}
	/* Count before the push, so that is_finished() never misses a frame in transit. */
	atomic_fetch_add_explicit(&worker->crew->between, 1, memory_order_relaxed);
	if (!worker->outbox_count && push_to_peer(worker, to, &mine))
		return;
	if (worker->outbox_count < WF_OUTBOX_FRAMES) {
		worker->outbox[worker->outbox_count++] = (struct wf_outbox_entry){to, mine};
		return;
	}
	atomic_fetch_sub_explicit(&worker->crew->between, 1, memory_order_release);
	lose_frame(worker, frame);
	wf_page_put(mine.page);
}

/*
 * Push the frames of the outbox in order. A frame whose inbox is full stays in the outbox, and so
 * do the later frames for the same worker, which may have emptied its inbox meanwhile.
 */
static void empty_outbox(struct wf_worker *worker)
{
	bool is_full[WEFT_WORKERS_MAX] = {false};
	uint32_t kept = 0;

	for (uint32_t i = 0; i < worker->outbox_count; i++) {
		const struct wf_outbox_entry *entry = &worker->outbox[i];

		if (is_full[entry->worker] || !push_to_peer(worker, entry->worker, &entry->frame)) {
			is_full[entry->worker] = true;
			worker->outbox[kept++] = *entry;
		}
	}
	worker->outbox_count = kept;
}

static uint32_t take_inbox(struct wf_worker *worker)
{
	struct wf_frame frames[WF_BATCH_FRAMES];
	uint32_t count;

	if (worker->outbox_count > WF_OUTBOX_FRAMES - WF_BATCH_FRAMES)
		return 0;
	count = wf_mpsc_peek(&worker->inbox, frames, WF_BATCH_FRAMES);
	if (count) {
		wf_mpsc_release(&worker->inbox);
		wf_pipeline_run(worker->pipeline, frames, count);
		/* Pairs with the acquire in is_finished(). */
		atomic_fetch_sub_explicit(&worker->crew->between, count, memory_order_release);
	}
	return count;
}

static uint32_t take_feed(struct wf_worker *worker)
{
	struct wf_frame frames[WF_BATCH_FRAMES];
	uint32_t count = wf_mpsc_peek(&worker->feed, frames, WF_BATCH_FRAMES);

	if (!count)
		return 0;
	wf_mpsc_release(&worker->feed);
	wf_pipeline_run(worker->pipeline, frames, count);
	return count;
}

/*
 * Process a batch of submitted packets. The ring lends their bytes, so its entries are released
 * after the packets were processed.
 */
static uint32_t take_submitted(struct wf_worker *worker)
{
	struct wf_frame frames[WF_BATCH_FRAMES];
	uint32_t count = wf_mpsc_peek(&worker->submitted, frames, WF_BATCH_FRAMES);

	/*
	 * A stamp clock (packet/stamp_clock.h) usually waits for a later packet to confirm a jump
	 * of time. Submitted packets do not wait, so the time of each packet is taken as it is.
	 */
	for (uint32_t i = 0; i < count && !worker->crew->live; i++)
		wf_stamp_clock_set(&worker->submitted_clock, &frames[i], frames[i].time_ns);
	if (count)
		wf_pipeline_run(worker->pipeline, frames, count);
	wf_mpsc_release(&worker->submitted);
	return count;
}

void wf_worker_count_lost(struct wf_source *source, struct wf_metrics *metrics)
{
	wf_metric_add(metrics, frames, source->lost_frames);
	wf_metric_add(metrics, frames_no_memory_frames, source->lost_frames);
	source->lost_frames = 0;
}

static uint32_t take_source(struct wf_worker *worker, uint32_t index)
{
	struct wf_source *source = worker->sources[index];
	struct wf_frame frames[WF_BATCH_FRAMES];
	int count;

	/*
	 * Replay: on a stop, the rest of the file is not read. Live: the frames that are left in
	 * the rings are still read after the interfaces were detached.
	 */
	if (!worker->crew->live &&
	    atomic_load_explicit(&worker->crew->stopping, memory_order_relaxed))
		worker->source_ended[index] = true;
	if (worker->source_ended[index])
		return 0;
	count = source->ops->recv(source, frames, WF_BATCH_FRAMES);
	for (int i = 0; source->iface && i < count; i++)
		frames[i].iface = source->iface;
	if (count > 0)
		wf_pipeline_run_ahead(worker->pipeline, frames, (uint32_t)count, &source->ahead);
	else if (count < 0)
		worker->source_ended[index] = true;
	if (source->ops->set_wake) {
		worker->collected_frames += count > 0 ? (uint32_t)count : 0;
		worker->is_filling |= source->is_filling;
	}
	if (count < 0 && count != -ENODATA)
		wf_crew_fail(worker->crew, count);
	if (source->ops->done)
		source->ops->done(source);
	if (wf_unlikely(source->overran)) {
		source->overran = false;
		wf_pipeline_note_overrun(worker->pipeline);
	}
	if (wf_unlikely(source->starved)) {
		source->starved = false;
		wf_mailbox_post(&worker->mailbox, WF_REQUEST_FREE_HELD);
		worker->has_requests = true;
	}
	if (wf_unlikely(source->lost_frames))
		wf_worker_count_lost(source, &worker->metrics);
	return count > 0 ? (uint32_t)count : 0;
}

static uint32_t take_batches(struct wf_worker *worker)
{
	uint32_t count;

	worker->has_requests = wf_pipeline_handle(worker->pipeline, &worker->mailbox);
	count = take_inbox(worker);
	empty_outbox(worker);
	if (worker->outbox_count && !worker->crew->live)
		return count;
	if (worker->has_feed)
		count += take_feed(worker);
	if (worker->has_submitted)
		count += take_submitted(worker);
	for (uint32_t i = 0; i < worker->sources_count; i++)
		count += take_source(worker, i);
	return count;
}

/*
 * Return true if all sources have ended and the outbox is empty. Frames may still be in live rings,
 * so the worker has drained only when a round after this call finds no frames.
 */
static bool sources_ended(struct wf_worker *worker)
{
	struct wf_crew *crew = worker->crew;

	if (worker->outbox_count)
		return false;
	if (worker->has_feed)
		return wf_mpsc_is_drained(&worker->feed);
	if (worker->has_submitted && !wf_mpsc_is_drained(&worker->submitted))
		return false;
	/*
	 * Pairs with the release in engine.c, which sets the flag after it has detached the
	 * interfaces: no more frames arrive.
	 */
	if (atomic_load_explicit(&crew->stopping, memory_order_acquire))
		return true;
	for (uint32_t i = 0; i < worker->sources_count; i++)
		if (!worker->source_ended[i])
			return false;
	return true;
}

static bool is_finished(struct wf_crew *crew)
{
	return atomic_load_explicit(&crew->drained, memory_order_acquire) == crew->count &&
	       atomic_load_explicit(&crew->between, memory_order_acquire) == 0;
}

static void wait_for_work(struct wf_worker *worker, int timeout_ms)
{
	struct pollfd pollfds[POLL_FDS_MAX];
	int fds[POLL_FDS_MAX];
	uint64_t begin_ns;
	int count = 1;

	fds[0] = worker->waiter.fd;
	for (uint32_t i = 0; i < worker->sources_count; i++) {
		struct wf_source *source = worker->sources[i];

		if (source->ops->fds && !worker->source_ended[i])
			count += source->ops->fds(source, fds + count, POLL_FDS_MAX - count);
	}
	for (int i = 0; i < count; i++)
		pollfds[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	begin_ns = wf_clock_monotonic_ns();
	poll(pollfds, (nfds_t)count, timeout_ms);
	wf_activity_slept(&worker->activity, wf_clock_monotonic_ns() - begin_ns);
}

static void set_wake(struct wf_worker *worker, bool on)
{
	for (uint32_t i = 0; i < worker->sources_count; i++)
		if (worker->sources[i]->ops->set_wake)
			worker->sources[i]->ops->set_wake(worker->sources[i], on);
}

/*
 * Return the time for which sources that can collect frames do so before they are read again; 0 if
 * no frame came from them since the last sleep.
 */
static int choose_collect_ms(struct wf_worker *worker)
{
	bool may_grow = worker->collected_frames >= COLLECT_FRAMES && !worker->is_filling;
	int max_ms = worker->collected_frames < LOADED_FRAMES ? COLLECT_MAX_MS : LOADED_MAX_MS;
	int ms = may_grow ? worker->collect_ms * 2 : worker->collect_ms / 2;

	if (!worker->collected_frames)
		ms = 0;
	else if (ms < COLLECT_MIN_MS)
		ms = COLLECT_MIN_MS;
	else if (ms > max_ms)
		ms = max_ms;
	worker->collect_ms = ms;
	worker->collected_frames = 0;
	worker->is_filling = false;
	return ms;
}

/*
 * Announce that this worker will sleep, check the sources once more, then sleep if the check found
 * no frame. If the worker was busy, sources that can collect frames first do so for a time: under
 * load, the frames of that time are then read at once, without a wake-up for any frame. If no frame
 * arrives in that time, the next one wakes the worker. Return: the number of frames that the check
 * found.
 */
static uint32_t sleep_unless_work(struct wf_worker *worker, int timeout_ms)
{
	int collect_ms = choose_collect_ms(worker);
	uint32_t count;

	if (collect_ms && (timeout_ms < 0 || timeout_ms > collect_ms))
		timeout_ms = collect_ms;
	wf_waiter_announce(&worker->waiter);
	set_wake(worker, !collect_ms);
	count = take_batches(worker);
	if (!count && (timeout_ms >= 0 || !sources_ended(worker)))
		wait_for_work(worker, timeout_ms);
	set_wake(worker, false);
	wf_waiter_cancel(&worker->waiter);
	return count;
}

/*
 * Do the periodic work, in live capture also while no packets arrive: collect pages that sinks have
 * put back, and reduce memory pressure.
 */
static void housekeep(struct wf_worker *worker)
{
	uint64_t now_ns = wf_clock_monotonic_ns();

	wf_activity_round(&worker->activity, now_ns);
	if (now_ns < worker->housekeep_ns)
		return;
	wf_page_pool_housekeep(worker->pages, now_ns);
	wf_pipeline_housekeep(worker->pipeline);
	worker->housekeep_ns = now_ns + HOUSEKEEP_INTERVAL_MS * WF_NS_PER_MS;
}

/* Return true if there is work for which no other thread wakes this worker. */
static bool is_busy(const struct wf_worker *worker)
{
	return worker->outbox_count || worker->has_requests;
}

static void run_until_drained(struct wf_worker *worker)
{
	const int wait_ms = worker->crew->live ? IDLE_WAIT_MS : -1;

	for (;;) {
		bool ended = sources_ended(worker);
		uint32_t count = take_batches(worker);

		if (!count && ended)
			return;
		if (!count) {
			wf_dispatch_flush(&worker->dispatch);
			count = sleep_unless_work(worker,
						  is_busy(worker) ? DRAIN_WAIT_MS : wait_ms);
		}
		if (worker->crew->live)
			wf_pipeline_tick(worker->pipeline, wf_clock_monotonic_ns());
		housekeep(worker);
		wf_dispatch_flush(&worker->dispatch);
	}
}

static void run_until_finished(struct wf_worker *worker)
{
	struct wf_crew *crew = worker->crew;

	atomic_fetch_add_explicit(&crew->drained, 1, memory_order_acq_rel);
	while (!is_finished(crew)) {
		empty_outbox(worker);
		if (!take_inbox(worker))
			sleep_unless_work(worker, DRAIN_WAIT_MS);
		wf_dispatch_flush(&worker->dispatch);
	}
}

/* Return the latest time of a submitted packet. Valid once all workers have drained. */
static uint64_t last_submitted_ns(const struct wf_crew *crew)
{
	uint64_t last_ns = 0;

	for (uint32_t i = 0; i < crew->count; i++)
		if (crew->workers[i].submitted_clock.now_ns > last_ns)
			last_ns = crew->workers[i].submitted_clock.now_ns;
	return last_ns;
}

/* Advance the timers of this worker to the last packet of any worker. */
static void tick_to_last(struct wf_worker *worker)
{
	uint64_t last_ns = 0;

	if (worker->has_feed)
		last_ns = worker->crew->last_ns;
	else if (worker->has_submitted && !worker->crew->live)
		last_ns = last_submitted_ns(worker->crew);
	if (last_ns)
		wf_pipeline_tick(worker->pipeline, last_ns);
}

static void *worker_main(void *arg)
{
	struct wf_worker *worker = arg;

	wf_cpu_name_thread("weft-worker", worker->index);
	wf_owner_adopt(&worker->owner);
	wf_dispatch_adopt(&worker->dispatch);
	if (worker->pin_cpu >= 0)
		wf_cpu_pin_thread(worker->pin_cpu);
	wf_page_pool_adopt(worker->pages);
	wf_arena_prefer(worker->crew->arena, worker->arena_part);

	run_until_drained(worker);
	run_until_finished(worker);
	tick_to_last(worker);
	wf_pipeline_flush(worker->pipeline);
	/*
	 * The measurement of activity ends before wf_dispatch_close() reports the end of data,
	 * because outputs then write the last statistics.
	 */
	wf_activity_end(&worker->activity);
	wf_dispatch_close(&worker->dispatch);

	wf_page_pool_adopt(NULL);
	/* Pairs with the acquire in engine.c: all writes of this worker are complete. */
	atomic_fetch_sub_explicit(&worker->crew->running, 1, memory_order_release);
	wf_waiter_wake(worker->crew->ended);
	return NULL;
}

void wf_crew_fail(struct wf_crew *crew, int err)
{
	int none = 0;

	/* The text needs no lock: wf_engine_wait() reads it after all threads have ended. */
	if (atomic_compare_exchange_strong(&crew->error, &none, err))
		memcpy(crew->error_text, wf_log_last_error(), sizeof(crew->error_text));
}

struct wf_worker *wf_crew_self(const struct wf_crew *crew)
{
	for (uint32_t i = 0; i < crew->count; i++)
		if (wf_owner_is_self(&crew->workers[i].owner))
			return &crew->workers[i];
	return NULL;
}

int wf_worker_start(struct wf_worker *worker)
{
	int err = pthread_create(&worker->thread, NULL, worker_main, worker);

	worker->is_started = !err;
	return -err;
}

void wf_worker_join(struct wf_worker *worker)
{
	if (worker->is_started)
		pthread_join(worker->thread, NULL);
	worker->is_started = false;
}
