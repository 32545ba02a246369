// SPDX-License-Identifier: BSD-2-Clause
/*
 * reader.c - reads batches, hashes each frame as the XDP program would, and pushes it to the feed
 * of its worker. If a feed is full, the reader waits, instead of dropping the frame.
 *
 * The reader rebuilds fragments, because it sees all frames in capture order: a rebuilt datagram
 * keeps its place among the segments of its connection for any number of workers.
 */
#include "worker/reader.h"

#include <errno.h>
#include <poll.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "capture/source.h"
#include "decode/defrag.h"
#include "packet/packet.h"
#include "pressure/pressure.h"
#include "worker/worker.h"
#include "memory/page.h"
#include "memory/page_pool.h"

enum { SOURCE_NAP_MS = 50, MEMORY_NAP_MS = 1, HOUSEKEEP_INTERVAL_MS = 100 };

static bool is_stopping(const struct wf_reader *reader)
{
	return atomic_load_explicit(&reader->crew->stopping, memory_order_relaxed);
}

static void push_to_owner(struct wf_reader *reader, struct wf_frame *frame)
{
	struct wf_crew *crew = reader->crew;
	struct wf_worker *owner = &crew->workers[weft_hash_worker(frame->hash, crew->count)];

	frame->flags |= WF_FRAME_HASHED;
	/* The push fails only if the feed is closed, because the handle stops. */
	if (wf_mpsc_push_wait(&owner->feed, frame, false, UINT64_MAX))
		wf_page_put(frame->page);
}

static void count_fragment(struct wf_reader *reader, const struct wf_frame *frame)
{
	if (frame->flags & WF_FRAME_REBUILT) {
		wf_metric_inc(&reader->metrics, rebuilt_fragment_datagrams);
		return;
	}
	wf_metric_inc(&reader->metrics, frames);
	wf_metric_inc(&reader->metrics, frames_fragment_frames);
}

/*
 * Add a fragment to its datagram. Takes @frame's page reference. Return: true if the datagram is
 * complete, which is then stored in *@frame.
 */
static bool take_fragment(struct wf_reader *reader, struct wf_frame *frame,
			  const struct wf_packet *packet)
{
	struct wf_frame datagram;
	bool is_whole = wf_defrag_add(reader->defrag, packet, &datagram);

	count_fragment(reader, frame);
	wf_page_put(frame->page);
	if (is_whole)
		*frame = datagram;
	return is_whole;
}

static void feed_frame(struct wf_reader *reader, struct wf_frame *frame)
{
	struct wf_packet packet;
	bool is_fragment;

	/* A rebuilt datagram may itself be a fragment: the inner datagram of a tunnel. */
	for (;;) {
		frame->hash = wf_decode_steer_hash(&reader->decoder, frame, &is_fragment);
		/* An unusable fragment is pushed to a worker, which counts it. */
		if (wf_likely(!is_fragment) ||
		    wf_decode(&reader->decoder, frame, &packet) != WF_DECODE_FRAGMENT)
			break;
		if (!take_fragment(reader, frame, &packet))
			return;
	}
	push_to_owner(reader, frame);
}

static void feed_batch(struct wf_reader *reader, struct wf_frame *frames, int count)
{
	struct wf_crew *crew = reader->crew;

	for (int i = 0; i < count; i++) {
		wf_look_ahead_step(&reader->source->ahead);
		crew->last_ns = frames[i].time_ns - frames[i].skew_ns;
		feed_frame(reader, &frames[i]);
	}
	wf_defrag_tick(reader->defrag, crew->last_ns);
	for (uint32_t i = 0; i < crew->count; i++)
		wf_waiter_wake(&crew->workers[i].waiter);
}

/*
 * Sleep after a round without frames: until the source is readable, at most SOURCE_NAP_MS so that a
 * stop is noticed. If the source is @starved of memory, sleep MEMORY_NAP_MS, so that workers can
 * free some.
 */
static void wait_for_source(struct wf_source *source, bool starved)
{
	struct pollfd pollfd = {.events = POLLIN};

	if (starved)
		poll(NULL, 0, MEMORY_NAP_MS);
	else if (!source->ops->fds || source->ops->fds(source, &pollfd.fd, 1) < 1)
		return;
	else
		poll(&pollfd, 1, SOURCE_NAP_MS);
}

/*
 * Return true if half of the caches must be freed: if requested, or if the level has risen to high
 * or critical.
 */
static bool must_halve(struct wf_reader *reader, uint32_t requests)
{
	uint32_t before = reader->level;

	reader->level = atomic_load_explicit(&reader->mailbox.level, memory_order_relaxed);
	return requests & 1u << WF_REQUEST_HALVE_CACHES ||
	       (reader->level > before && reader->level >= WEFT_PRESSURE_HIGH);
}

void wf_reader_housekeep(struct wf_reader *reader, uint64_t now_ns)
{
	uint32_t requests = wf_mailbox_take(&reader->mailbox);

	if (wf_unlikely(requests) && must_halve(reader, requests)) {
		wf_metric_inc(&reader->metrics, relief_halved_caches);
		wf_metric_add(&reader->metrics, relief_freed_spans,
			      wf_page_pool_halve(reader->pages));
	}
	if (now_ns < reader->housekeep_ns)
		return;
	wf_page_pool_housekeep(reader->pages, now_ns);
	reader->housekeep_ns = now_ns + HOUSEKEEP_INTERVAL_MS * WF_NS_PER_MS;
}

static void *reader_main(void *arg)
{
	struct wf_reader *reader = arg;
	struct wf_crew *crew = reader->crew;
	struct wf_frame frames[WF_BATCH_FRAMES];
	int count;

	wf_cpu_name_thread("weft-reader", 0);
	wf_page_pool_adopt(reader->pages);
	do {
		bool starved;

		count = reader->source->ops->recv(reader->source, frames, WF_BATCH_FRAMES);
		if (wf_unlikely(reader->source->lost_frames))
			wf_worker_count_lost(reader->source, &reader->metrics);
		starved = reader->source->starved;
		reader->source->starved = false;
		if (wf_unlikely(starved))
			wf_mailboxes_post(&crew->mailboxes, WF_REQUEST_FREE_HELD);
		if (count > 0)
			feed_batch(reader, frames, count);
		else if (!count)
			wait_for_source(reader->source, starved);
		wf_reader_housekeep(reader, wf_clock_monotonic_ns());
	} while (count >= 0 && !is_stopping(reader));

	if (count < 0 && count != -ENODATA)
		wf_crew_fail(crew, count);
	wf_defrag_flush(reader->defrag);
	for (uint32_t i = 0; i < crew->count; i++)
		wf_mpsc_close(&crew->workers[i].feed);
	wf_page_pool_adopt(NULL);
	return NULL;
}

int wf_reader_start(struct wf_reader *reader)
{
	int err = pthread_create(&reader->thread, NULL, reader_main, reader);

	reader->is_started = !err;
	return -err;
}

void wf_reader_join(struct wf_reader *reader)
{
	if (reader->is_started)
		pthread_join(reader->thread, NULL);
	reader->is_started = false;
}
