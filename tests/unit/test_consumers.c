// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_consumers.c - consumers that are slow or idle, that sleep in poll(2), or that miss the
 * beginning of a connection.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "deliver/subscription.h"
#include "unit/support/rig.h"

enum { EVENTS = 64 };

static struct rig rig;
static int64_t sent; /* bytes that the client of the current connection has sent */

static void send(const char *text)
{
	rig_data(&rig, RIG_CLIENT, sent, text);
	sent += (int64_t)strlen(text);
}

static int setup(void **state)
{
	rig_start(&rig, NULL);
	wf_dispatch_adopt(&rig.dispatch);
	sent = 0;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

/* ---- consumers that lose their subscription ---- */

TEST_WITH(consumers_reader_that_takes_nothing_is_ended_by_its_ttl, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts), .idle_ttl_ms = 5000};
	struct weft_event events[EVENTS];
	struct weft_sub_stats stats;
	struct weft_sub *sub;

	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
	wf_dispatch_flush(&rig.dispatch);
	/* No event waits, so the reader may be idle. */
	assert_int_equal(wf_registry_expire(&rig.registry, 1 * WF_NS_PER_SEC), 0);
	assert_int_equal(wf_registry_expire(&rig.registry, 100 * WF_NS_PER_SEC), 0);
	rig_handshake(&rig);
	rig_log(&rig);
	assert_int_equal(wf_registry_expire(&rig.registry, 101 * WF_NS_PER_SEC), 0);
	assert_int_equal(wf_registry_expire(&rig.registry, 105 * WF_NS_PER_SEC), 0);
	/* Taking an event restarts the idle time. */
	assert_int_equal(wf_sub_poll(sub, events, 1, 0), 1);
	send("hello");
	rig_log(&rig);
	assert_int_equal(wf_registry_expire(&rig.registry, 106 * WF_NS_PER_SEC), 0);
	assert_int_equal(wf_registry_expire(&rig.registry, 107 * WF_NS_PER_SEC), 0);
	assert_int_equal(wf_registry_expire(&rig.registry, 111 * WF_NS_PER_SEC), 0);
	assert_int_equal(wf_registry_expire(&rig.registry, 112 * WF_NS_PER_SEC), 1);
	assert_int_equal(wf_registry_expire(&rig.registry, 200 * WF_NS_PER_SEC), 0);
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, -1), -ESHUTDOWN);
	wf_sub_stats(sub, &stats);
	assert_int_equal(stats.ended, WEFT_SUB_IDLE);
	wf_dispatch_flush(&rig.dispatch);
	send("others go on");
	assert_non_null(strstr(rig_log(&rig), "others go on"));
	wf_registry_remove(sub);
}

static int sleep_long(const struct weft_event *event, void *ctx)
{
	uint64_t until_ns = wf_clock_monotonic_ns() + *(const uint64_t *)ctx;

	while (wf_clock_monotonic_ns() < until_ns)
		;
	return 0;
}

TEST_WITH(consumers_slow_callback_is_ended_by_its_budget, setup, teardown)
{
	uint64_t slow_ns = 20 * WF_NS_PER_US;
	const struct weft_sub_opts opts = {
		.sz = sizeof(opts), .inline_fn = sleep_long, .ctx = &slow_ns, .budget_us = 10};
	struct weft_sub_stats stats;
	struct weft_sub *sub;

	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
	wf_dispatch_flush(&rig.dispatch);
	rig_handshake(&rig);
	for (int i = 0; i < WEFT_BUDGET_CALLS * WEFT_BUDGET_STRIKES; i++)
		send("x");
	wf_sub_stats(sub, &stats);
	assert_int_equal(stats.ended, WEFT_SUB_SLOW);
	assert_int_equal(stats.overruns, WEFT_BUDGET_STRIKES);
	assert_int_equal(stats.pushed_events, WEFT_BUDGET_CALLS * WEFT_BUDGET_STRIKES);
	wf_registry_remove(sub);
}

TEST_WITH(consumers_budget_bears_single_overruns, setup, teardown)
{
	uint64_t took_ns = 0;
	const struct weft_sub_opts opts = {
		.sz = sizeof(opts), .inline_fn = sleep_long, .ctx = &took_ns, .budget_us = 200000};
	struct weft_sub_stats stats;
	struct weft_sub *sub;

	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
	wf_dispatch_flush(&rig.dispatch);
	rig_handshake(&rig);
	for (int i = 1; i < WEFT_BUDGET_CALLS * 4; i++) {
		/* Every second measured call is slow. The first call was that of OPEN. */
		took_ns = (i + 1) % (2 * WEFT_BUDGET_CALLS) ? 0 : 210 * WF_NS_PER_MS;
		send("x");
	}
	wf_sub_stats(sub, &stats);
	assert_int_equal(stats.ended, WEFT_SUB_RUNNING);
	assert_true(stats.overruns >= 2);
	wf_registry_remove(sub);
}

/* ---- a descriptor ---- */

static bool is_readable(const struct weft_sub *sub)
{
	struct pollfd fd = {.fd = wf_sub_fd(sub), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

TEST_WITH(consumers_descriptor_is_readable_until_nothing_waits, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts), .is_pollable = true};
	const struct weft_sub_opts other = {.sz = sizeof(other)};
	struct weft_event events[EVENTS];
	struct weft_sub *sub, *without;

	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
	assert_int_equal(wf_registry_add(&rig.registry, &other, false, &without), 0);
	assert_int_equal(wf_sub_fd(without), -EINVAL);
	wf_registry_remove(without);
	wf_dispatch_flush(&rig.dispatch);
	assert_true(is_readable(sub)); /* before the first poll */
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, 0), 0);
	assert_false(is_readable(sub));
	rig_handshake(&rig);
	send("hello");
	rig_log(&rig);
	assert_true(is_readable(sub));
	assert_int_equal(wf_sub_poll(sub, events, 1, 0), 1);
	assert_true(is_readable(sub)); /* one event is left */
	assert_int_equal(wf_sub_poll(sub, events, 1, -1), 1);
	assert_int_equal(wf_sub_poll(sub, events, 1, 1), 0);
	assert_false(is_readable(sub));
	wf_sub_end(sub, WEFT_SUB_FAILED);
	assert_true(is_readable(sub));
	assert_int_equal(wf_sub_poll(sub, events, 1, -1), -ESHUTDOWN);
	wf_registry_remove(sub);
}

/* ---- an OPEN without room ---- */

TEST_WITH(consumers_rejected_open_comes_later_as_midway, setup, teardown)
{
	const struct weft_sub_opts opts = {.sz = sizeof(opts),
					   .overflow = WEFT_OVERFLOW_DROP_NEWEST,
					   .queue_events = WEFT_QUEUE_MIN_EVENTS};
	struct weft_event events[EVENTS];
	struct weft_sub *sub;
	int count;

	assert_int_equal(wf_registry_add(&rig.registry, &opts, false, &sub), 0);
	wf_dispatch_flush(&rig.dispatch);
	rig_handshake(&rig);
	for (int i = 0; i < WEFT_QUEUE_MIN_EVENTS; i++)
		send("x"); /* the last one is dropped */
	rig.port[RIG_CLIENT]++;
	sent = 0;
	rig_handshake(&rig);
	send("unseen");
	rig_log(&rig);
	count = wf_sub_poll(sub, events, EVENTS, 0);
	assert_int_equal(count, WEFT_QUEUE_MIN_EVENTS);
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, 0), 0);
	send("seen");
	rig_log(&rig);
	count = wf_sub_poll(sub, events, EVENTS, 0);
	assert_int_equal(count, 4);
	assert_int_equal(events[0].type, WEFT_EVENT_DROP);
	assert_int_equal(events[0].drop.off, WEFT_QUEUE_MIN_EVENTS - 1);
	assert_int_equal(events[0].drop.len_bytes, 1);
	assert_int_equal(events[1].type, WEFT_EVENT_DROP);
	assert_null(events[1].flow);
	assert_int_equal(events[1].drop.data_bytes, 6);
	assert_int_equal(events[2].type, WEFT_EVENT_OPEN);
	assert_true(events[2].open.midway);
	assert_int_equal(events[2].open.off[WEFT_TO_SERVER], 6);
	assert_false(events[2].open.midstream);
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		assert_true(events[2].open.has_isn[dir]);
		assert_int_equal(events[2].open.isn[dir], rig.isn_seq[dir]);
	}
	assert_int_equal(events[3].type, WEFT_EVENT_DATA);
	assert_int_equal(events[3].data.off, 6);
	wf_registry_remove(sub);
}
