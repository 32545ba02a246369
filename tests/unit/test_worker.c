// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_worker.c - the worker's loop: frames that belong to another worker, lent ones and many, and
 * a source that waits until several frames have collected.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "capture/source.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "worker/worker.h"

static struct rig rig;
static struct wf_crew crew;
static struct wf_worker workers[2];
static struct wf_waiter ended;

static void init_worker(uint32_t index)
{
	struct wf_worker *worker = &workers[index];

	worker->crew = &crew;
	worker->index = index;
	worker->pin_cpu = -1;
	worker->pages = rig.pages;
	worker->pipeline = rig.pipeline;
	worker->dispatch = rig.dispatch;
	assert_int_equal(wf_waiter_open(&worker->waiter), 0);
	assert_int_equal(wf_mpsc_init(&worker->inbox, rig.arena, WF_INBOX_BYTES, &worker->waiter),
			 0);
}

static int setup(void **state)
{
	memset(workers, 0, sizeof(workers));
	memset(&crew, 0, sizeof(crew));
	rig_start(&rig, NULL);
	assert_int_equal(wf_waiter_open(&ended), 0);
	crew.workers = workers;
	crew.count = 1;
	crew.arena = rig.arena;
	crew.ended = &ended;
	crew.live = true;
	for (uint32_t i = 0; i < 2; i++)
		init_worker(i);
	wf_page_pool_adopt(rig.pages);
	return 0;
}

static int teardown(void **state)
{
	for (uint32_t i = 0; i < 2; i++) {
		wf_mpsc_fini(&workers[i].inbox);
		wf_waiter_close(&workers[i].waiter);
	}
	wf_waiter_close(&ended);
	rig_stop(&rig);
	return 0;
}

/* ---- hand-over ---- */

static struct wf_frame lent(uint8_t *bytes, uint32_t len_bytes)
{
	return (struct wf_frame){.bytes = bytes,
				 .cap_bytes = len_bytes,
				 .wire_bytes = len_bytes,
				 .hash = 7,
				 .flags = WF_FRAME_LENT | WF_FRAME_HASHED};
}

TEST_WITH(worker_lent_frame_is_handed_over_as_a_copy, setup, teardown)
{
	uint8_t bytes[] = "these bytes are in a ring";
	struct wf_frame frame = lent(bytes, sizeof(bytes));
	struct wf_frame got;

	wf_worker_handoff(&workers[0], 1, &frame);
	memset(bytes, '#', sizeof(bytes));
	assert_int_equal(wf_mpsc_peek(&workers[1].inbox, &got, 1), 1);
	assert_string_equal(got.bytes, "these bytes are in a ring");
	assert_non_null(got.page);
	assert_int_equal(got.flags, WF_FRAME_HASHED);
	assert_int_equal(got.hash, 7);
	wf_mpsc_release(&workers[1].inbox);
	wf_page_put(got.page);
}

TEST_WITH(worker_lent_frame_larger_than_any_page_is_counted_as_lost, setup, teardown)
{
	static uint8_t bytes[WEFT_SPAN_BYTES + 1];
	struct wf_frame frame = lent(bytes, sizeof(bytes));
	struct wf_frame got;

	wf_worker_handoff(&workers[0], 1, &frame);
	assert_int_equal(wf_mpsc_peek(&workers[1].inbox, &got, 1), 0);
	assert_int_equal(wf_metric_get(&workers[0].metrics, frames), 1);
	assert_int_equal(wf_metric_get(&workers[0].metrics, frames_handoff_lost_frames), 1);
	assert_int_equal(atomic_load(&crew.between), 0);
}

enum { HANDED = WF_INBOX_BYTES / WF_MPSC_ALIGN + WF_OUTBOX_FRAMES - 100 };

/* Reads all frames from the inbox of worker 1, one at a time. Returns how many are out of order. */
static uint32_t read_handed(void)
{
	uint32_t wrong = 0;

	for (uint32_t next = 0; next < HANDED;) {
		struct wf_frame got;

		if (!wf_mpsc_peek(&workers[1].inbox, &got, 1)) {
			sched_yield();
			continue;
		}
		wrong += got.hash != next++;
		wf_mpsc_release(&workers[1].inbox);
	}
	return wrong;
}

/*
 * The inbox of worker 1 is full, and becomes free bit by bit while worker 0 empties its outbox. No
 * later frame may pass one that found the inbox full.
 */
TEST_WITH(worker_outbox_keeps_the_order_of_frames_for_one_worker, setup, teardown)
{
	uint8_t byte = 0;
	uint32_t wrong;

	for (uint32_t i = 0; i < HANDED; i++) {
		struct wf_frame frame = {
			.bytes = &byte, .cap_bytes = 1, .wire_bytes = 1, .hash = i};

		wf_worker_handoff(&workers[0], 1, &frame);
	}
	assert_in_range(workers[0].outbox_count, 1, WF_OUTBOX_FRAMES - 1);
	assert_int_equal(atomic_load(&crew.between), HANDED);
	atomic_store(&crew.running, 1);
	wf_page_pool_adopt(NULL);
	assert_int_equal(wf_worker_start(&workers[0]), 0);
	wrong = read_handed();
	atomic_store(&crew.between, 0);
	atomic_store(&crew.stopping, true);
	wf_worker_join(&workers[0]);
	wf_page_pool_adopt(rig.pages);
	assert_int_equal(wrong, 0);
}

/* ---- waiting ---- */

/*
 * The worker's calls to the source. F, r: recv() that returned a frame, or none; 1, 0: set_wake()
 * with true or false.
 */
static char asked[64];
static uint32_t wakes;

static void note(char what)
{
	size_t len = strlen(asked);

	if (len + 1 < sizeof(asked))
		asked[len] = what;
}

static int source_recv(struct wf_source *source, struct wf_frame *frames, unsigned int max)
{
	static uint8_t bytes[1];
	bool first = !asked[0];

	note(first ? 'F' : 'r');
	if (first)
		frames[0] = lent(bytes, 1);
	return first;
}

static void source_set_wake(struct wf_source *source, bool on)
{
	note(on ? '1' : '0');
	if (on && ++wakes == 2)
		atomic_store(&crew.stopping, true);
}

static void source_close(struct wf_source *source)
{
}

TEST_WITH(worker_after_frames_waits_once_without_being_woken, setup, teardown)
{
	static const struct wf_source_ops ops = {
		.recv = source_recv, .set_wake = source_set_wake, .close = source_close};
	struct wf_source source = {.ops = &ops};

	memset(asked, 0, sizeof(asked));
	wakes = 0;
	workers[0].sources[0] = &source;
	workers[0].sources_count = 1;
	atomic_store(&crew.running, 1);
	wf_page_pool_adopt(NULL);
	assert_int_equal(wf_worker_start(&workers[0]), 0);
	wf_worker_join(&workers[0]);
	wf_page_pool_adopt(rig.pages);
	assert_int_equal(wf_metric_get(&rig.metrics, frames_malformed_frames), 1);
	assert_string_equal(asked, "Fr0r0r1r0r1r0r");
}

/*
 * A source of groups of frames: the worker reads a group, finds no more frames, checks once more,
 * and waits.
 */
struct stream {
	struct wf_source source;
	/* for each group: 'L' for 192 frames, '+' for 32, 'f' for 32 in a filling ring, '-' for 1
	 */
	const char *groups;
	char waits[16]; /* time in ms that the worker waited before each group */
	uint32_t group;
	uint32_t taken; /* number of frames of the group that the worker has taken */
	uint32_t empty; /* number of times that the worker found no frame after the group */
};

static uint32_t frames_of(char group)
{
	switch (group) {
	case 'L':
		return 192;
	case '-':
		return 1;
	default:
		return 32;
	}
}

static int stream_recv(struct wf_source *source, struct wf_frame *frames, unsigned int max)
{
	struct stream *stream = (struct stream *)source;
	char group = stream->groups[stream->group];
	uint32_t left = group ? frames_of(group) - stream->taken : 0;
	uint32_t count = left < max ? left : max;
	static uint8_t bytes[1];

	source->is_filling = group == 'f' && count;
	if (group && !stream->taken)
		stream->waits[stream->group] = (char)('0' + workers[0].collect_ms);
	for (uint32_t i = 0; i < count; i++)
		frames[i] = lent(bytes, 1);
	stream->taken += count;
	if (group && !count && ++stream->empty == 2) {
		stream->group++;
		stream->taken = stream->empty = 0;
	}
	if (!stream->groups[stream->group])
		atomic_store(&crew.stopping, true);
	return (int)count;
}

static void stream_set_wake(struct wf_source *source, bool on)
{
}

TEST_WITH(worker_waits_longer_while_many_frames_come_and_rings_have_room, setup, teardown)
{
	static const struct wf_source_ops ops = {
		.recv = stream_recv, .set_wake = stream_set_wake, .close = source_close};
	struct stream stream = {.source = {.ops = &ops}, .groups = "++++f++ff--LLLL+"};

	workers[0].sources[0] = &stream.source;
	workers[0].sources_count = 1;
	atomic_store(&crew.running, 1);
	wf_page_pool_adopt(NULL);
	assert_int_equal(wf_worker_start(&workers[0]), 0);
	wf_worker_join(&workers[0]);
	wf_page_pool_adopt(rig.pages);
	assert_memory_equal(stream.waits, "0124424421112466", sizeof(stream.waits));
}
