// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_pressure_actions.c - tests the actions of a worker at each level, and that they end when the
 * level falls.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "packet/packet.h"
#include "worker/mailbox.h"
#include "worker/pipeline.h"
#include "pressure/pressure.h"

static struct rig rig;
static struct wf_mailbox mailbox;

static int setup(void **state)
{
	memset(&mailbox, 0, sizeof(mailbox));
	rig_start(&rig, NULL);
	rig_handshake(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

#define METRIC(name) wf_metric_get(&rig.metrics, name)

static void request(uint32_t what)
{
	wf_mailbox_post(&mailbox, what);
	while (wf_pipeline_handle(rig.pipeline, &mailbox))
		;
}

static void set_level(enum weft_pressure_level level)
{
	atomic_store(&mailbox.level, level);
	request(WF_REQUEST_LEVEL);
}

static void assert_doing(uint64_t moving, uint64_t limited, uint64_t hurried, uint64_t refusing)
{
	assert_int_equal(METRIC(relief_moving_workers), moving);
	assert_int_equal(METRIC(relief_limited_workers), limited);
	assert_int_equal(METRIC(relief_hurried_workers), hurried);
	assert_int_equal(METRIC(relief_refusing_workers), refusing);
}

TEST_WITH(level_does_what_it_asks_for_and_undoes_it, setup, teardown)
{
	set_level(WEFT_PRESSURE_LOW);
	assert_doing(1, 0, 0, 0);
	set_level(WEFT_PRESSURE_HIGH);
	assert_doing(1, 1, 1, 0);
	set_level(WEFT_PRESSURE_CRITICAL);
	assert_doing(1, 1, 1, 1);
	set_level(WEFT_PRESSURE_LOW);
	assert_doing(1, 0, 0, 0);
	set_level(WEFT_PRESSURE_NORMAL);
	assert_doing(0, 0, 0, 0);
	assert_int_equal(METRIC(relief_halved_caches), 2);
}

TEST_WITH(critical_gives_up_held_data_as_gap_of_memory, setup, teardown)
{
	rig_data(&rig, RIG_SERVER, 10, "behind the hole");
	set_level(WEFT_PRESSURE_HIGH);
	assert_string_equal(rig_log(&rig), "");
	set_level(WEFT_PRESSURE_CRITICAL);
	assert_non_null(strstr(rig_log(&rig), "memory"));
	assert_int_equal(METRIC(relief_sacrificed_streams), 1);
	assert_int_equal(METRIC(payload_held_bytes), 0);
	assert_int_equal(METRIC(payload_delivered_bytes), strlen("behind the hole"));
}

TEST_WITH(critical_refuses_midstream_flows_until_it_ends, setup, teardown)
{
	set_level(WEFT_PRESSURE_CRITICAL);
	rig.port[RIG_CLIENT] = 3333;
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, "stranger");
	assert_int_equal(METRIC(relief_refused_flows), 1);
	assert_int_equal(METRIC(flows_active_flows), 1);
	set_level(WEFT_PRESSURE_NORMAL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, "stranger");
	assert_int_equal(METRIC(relief_refused_flows), 1);
	assert_int_equal(METRIC(flows_active_flows), 2);
}

TEST_WITH(high_closes_what_is_silent_for_half_the_timeout, setup, teardown)
{
	rig_wait_ms(&rig, WEFT_TIMEOUT_ESTABLISHED_SEC * 600ull);
	assert_int_equal(METRIC(flows_active_flows), 1);
	set_level(WEFT_PRESSURE_HIGH);
	assert_int_equal(METRIC(flows_active_flows), 0);
	assert_int_equal(METRIC(relief_expired_flows), 1);
	assert_int_equal(atomic_load(&mailbox.done_items[0]), 1);
}

static void open_flows(uint16_t first, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		rig.port[RIG_CLIENT] = (uint16_t)(first + i);
		rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, "data");
	}
}

/* With more than 8192 flows, the index of the flow table uses a larger array. */
TEST(sweep_visits_all_flows_if_the_table_grows_meanwhile)
{
	enum { OLD = 8000 };
	const struct weft_opts opts = {.flows_max = 100000, .memory_max_bytes = 64 << 20};

	memset(&mailbox, 0, sizeof(mailbox));
	rig_start(&rig, &opts);
	open_flows(10000, OLD);
	rig_wait_ms(&rig, WEFT_TIMEOUT_ESTABLISHED_SEC * 600ull);
	atomic_store(&mailbox.level, WEFT_PRESSURE_HIGH);
	wf_mailbox_post(&mailbox, WF_REQUEST_LEVEL);
	while (METRIC(flows_active_flows) == OLD)
		assert_true(wf_pipeline_handle(rig.pipeline, &mailbox));
	open_flows(20000, OLD);
	assert_true(METRIC(flows_active_flows) > 8192);
	while (wf_pipeline_handle(rig.pipeline, &mailbox))
		;
	assert_int_equal(METRIC(flows_active_flows), OLD);
	rig_stop(&rig);
}

/* Every cleanup task but the last removes nothing; the last task gives back page caches. */
TEST_WITH(cleanup_tasks_without_anything_to_do_remove_nothing, setup, teardown)
{
	enum { TASKS = 5 };

	for (uint32_t task = 0; task < TASKS; task++) {
		request(WF_REQUEST_CLEANUP_FIRST + task);
		if (task < TASKS - 1)
			assert_int_equal(atomic_load(&mailbox.done_items[task]), 0);
	}
	assert_int_equal(METRIC(flows_active_flows), 1);
}

/* ---- slow subscriptions: the reader is rig_read() ---- */

enum { FRAMES = 256, SEGMENTS = 40, SEGMENT_BYTES = 1400 };

static int setup_queued(void **state)
{
	memset(&mailbox, 0, sizeof(mailbox));
	rig_start_queued(&rig, NULL, FRAMES);
	rig_handshake(&rig);
	rig_read(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	return 0;
}

static int teardown_queued(void **state)
{
	rig_read(&rig);
	return teardown(state);
}

/* Sends the client's next SEGMENTS segments. */
static void send_more(void)
{
	static int64_t sent;
	char text[SEGMENT_BYTES + 1];

	if (!METRIC(payload_delivered_bytes))
		sent = 0;
	memset(text, 'x', SEGMENT_BYTES);
	text[SEGMENT_BYTES] = 0;
	for (int i = 0; i < SEGMENTS; i++, sent += SEGMENT_BYTES) {
		rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, sent, 0, text);
		rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, sent + SEGMENT_BYTES, NULL);
	}
	wf_dispatch_flush(&rig.dispatch);
}

TEST_WITH(critical_sheds_a_slow_subscription_and_reports_it_in_line, setup_queued, teardown_queued)
{
	char drop[32];
	uint64_t shed;
	const char *log;

	send_more();
	set_level(WEFT_PRESSURE_HIGH);
	wf_pipeline_housekeep(rig.pipeline);
	assert_int_equal(METRIC(relief_shed_events), 0);
	set_level(WEFT_PRESSURE_CRITICAL);
	shed = METRIC(relief_shed_events);
	assert_in_range(shed, 1, SEGMENTS - 1);
	assert_int_equal(METRIC(relief_shed_bytes), shed * SEGMENT_BYTES);
	rig_read(&rig);
	log = rig_log(&rig);
	snprintf(drop, sizeof(drop), "drop %d\n> xxx", (int)shed);
	/* the report of the drop comes first, then the remaining events */
	assert_ptr_equal(strstr(log, drop), log);
	assert_null(strstr(log + 1, "drop"));
}

TEST_WITH(critical_sheds_none_that_keeps_up, setup_queued, teardown_queued)
{
	send_more();
	rig_read(&rig);
	set_level(WEFT_PRESSURE_CRITICAL);
	wf_pipeline_housekeep(rig.pipeline);
	assert_int_equal(METRIC(relief_shed_events), 0);
	assert_null(strstr(rig_log(&rig), "drop"));
}

TEST_WITH(critical_sheds_again_as_long_as_it_lasts_and_then_no_more, setup_queued, teardown_queued)
{
	uint64_t shed;

	send_more();
	set_level(WEFT_PRESSURE_CRITICAL);
	shed = METRIC(relief_shed_events);
	send_more();
	wf_pipeline_housekeep(rig.pipeline);
	assert_true(METRIC(relief_shed_events) > shed);
	shed = METRIC(relief_shed_events);
	set_level(WEFT_PRESSURE_NORMAL);
	rig_read(&rig);
	rig_log(&rig);
	send_more();
	wf_pipeline_housekeep(rig.pipeline);
	assert_int_equal(METRIC(relief_shed_events), shed);
	rig_read(&rig);
	assert_null(strstr(rig_log(&rig), "drop"));
}
