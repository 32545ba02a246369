/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribers_rig.h - a running handle and the subscribers at its control socket, whose clients the
 * test plays at the other end of socket pairs; the test submits the packets.
 */
#ifndef TESTS_UNIT_SUPPORT_SUBSCRIBERS_RIG_H
#define TESTS_UNIT_SUPPORT_SUBSCRIBERS_RIG_H

#include <weft/weft.h>

#include "packet/packet.h"
#include "serve/subscribers.h"
#include "unit/support/live_submit.h"

enum { PIECE_BYTES = 1000, CLIENTS_MAX = 4, WAIT_MS = 10000 };

static struct weft *weft;
static struct wf_subscribers *subscribers;
static struct wf_control_error error;

/* Starts both, with a function for messages of the subscribers or NULL. */
static int start_capture_logged(void **state, weft_log_fn log)
{
	WEFT_OPTS(weft_opts, opts, .workers = 1, .memory_max_bytes = 64 << 20,
		  .checksum = WEFT_CHECKSUM_IGNORE);
	WEFT_OPTS(weft_submit_opts, submit, .live = true);

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_submit(weft, &submit), 0);
	assert_int_equal(weft_start(weft), 0);
	assert_int_equal(wf_subscribers_new(weft, CLIENTS_MAX, NULL, NULL, &subscribers, &error),
			 0);
	wf_subscribers_set_log(subscribers, log, NULL);
	return wf_subscribers_start(subscribers);
}

/* A setup function of cmocka. */
static int start_capture(void **state)
{
	return start_capture_logged(state, NULL);
}

static int teardown(void **state)
{
	wf_subscribers_free(subscribers);
	weft_free(weft);
	return 0;
}

/* Ends the capture, as the agent does. */
static void end_capture(void)
{
	weft_stop(weft);
	assert_int_equal(weft_wait(weft, WAIT_MS), 0);
	wf_subscribers_finish(subscribers);
}

static void ignore_view(const struct weft_flow_view *view, void *ctx)
{
}

/* Waits until the worker has answered a request, which it does between two batches. */
static void wait_for_worker(void)
{
	assert_int_equal(weft_flows_each(weft, NULL, ignore_view, NULL, NULL), 0);
}

/*
 * Waits until the worker dispatches to a new subscription: it takes the list of subscriptions
 * between two batches, and answers requests there, too.
 */
static void wait_for_subscription(void)
{
	wait_for_worker();
	wait_for_worker();
}

/* The byte of the client at each stream offset. */
static uint8_t byte_at(uint64_t off)
{
	return (uint8_t)(off * 31 + (off >> 8));
}

/* Submits @pieces pieces of data of the client, from the piece @first on, each acknowledged. */
static void submit_data(uint32_t first, uint32_t pieces)
{
	static uint8_t bytes[PIECE_BYTES];

	for (uint32_t i = first; i < first + pieces; i++) {
		uint32_t seq = 1001 + i * PIECE_BYTES;

		for (uint32_t k = 0; k < PIECE_BYTES; k++)
			bytes[k] = byte_at((uint64_t)i * PIECE_BYTES + k);
		live_submit(weft, true, WF_TCP_ACK | WF_TCP_PSH, seq, 5001, bytes, PIECE_BYTES);
		live_submit(weft, false, WF_TCP_ACK, 5001, seq + PIECE_BYTES, "", 0);
	}
}

#endif
