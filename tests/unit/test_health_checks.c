// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of agent/view/health_checks.c, agent/watch/losses.c and agent/watch/drops.c: each check at
 * its edge.
 */
#include "unit/support/test.h"

#include <stdio.h>
#include <string.h>

#include "agent/view/health_checks.h"
#include "agent/watch/drops.h"
#include "agent/watch/losses.h"

#define MS  1000000ull
#define SEC (1000 * MS)

static void add_reason(const char *what, const char *detail, enum wf_health_status status,
		       void *ctx)
{
	char *text = ctx;
	size_t len = strlen(text);

	snprintf(text + len, 512 - len, "%s: %s\n", what, detail);
}

/* Asserts that @facts have the status @status, with the lines @reasons. */
static void expect(const struct wf_health_facts *facts, enum wf_health_status status,
		   const char *reasons)
{
	char text[512] = "";

	assert_int_equal(wf_health_check(facts, add_reason, text), status);
	assert_string_equal(text, reasons);
}

static struct wf_health_facts healthy(void)
{
	return (struct wf_health_facts){
		.workers = {{.index = 0, .last_seen_ns = 20 * MS}, {.index = 1}},
		.workers_count = 2,
		.interfaces = {{"eth0", WEFT_INTERFACE_UP}},
		.interfaces_count = 1,
		.sinks = {{.name = "streams", .drop_age_ns = UINT64_MAX}},
		.sinks_count = 1,
		.subs = {{.name = "streams"}},
		.subs_count = 1,
		.loss_age_ns = UINT64_MAX,
	};
}

static void expect_help(const char *what, const char *detail, enum wf_health_status status,
			void *ctx)
{
	if (!wf_health_help(what) || !*wf_health_help(what))
		fail_msg("%s", what);
}

TEST(health_of_working_agent_is_ok)
{
	struct wf_health_facts facts = healthy();

	expect(&facts, WF_HEALTH_OK, "");
}

TEST(health_of_nothing_is_ok)
{
	struct wf_health_facts facts = {.loss_age_ns = UINT64_MAX};

	expect(&facts, WF_HEALTH_OK, "");
}

TEST(health_of_stalled_worker_is_unhealthy)
{
	struct wf_health_facts facts = healthy();

	facts.workers[1].last_seen_ns = 2000 * MS - 1;
	expect(&facts, WF_HEALTH_OK, "");
	facts.workers[1].last_seen_ns = 2400 * MS;
	expect(&facts, WF_HEALTH_UNHEALTHY,
	       "worker_stalled: worker 1 has not run for 2.4 s, so capture of its share of the "
	       "traffic has stopped\n");
}

TEST(health_of_stalled_only_worker_says_that_capture_has_stopped)
{
	struct wf_health_facts facts = healthy();

	facts.workers_count = 1;
	facts.workers[0].last_seen_ns = 2400 * MS;
	expect(&facts, WF_HEALTH_UNHEALTHY,
	       "worker_stalled: worker 0 has not run for 2.4 s, so capture has stopped\n");
}

TEST(health_of_each_interface_state)
{
	static const struct {
		enum weft_interface_state state;
		enum wf_health_status status;
		const char *reasons;
	} cases[] = {
		{WEFT_INTERFACE_NO_CARRIER, WF_HEALTH_DEGRADED,
		 "interface_no_link: eth0: the interface has no link\n"},
		{WEFT_INTERFACE_DOWN, WF_HEALTH_UNHEALTHY,
		 "interface_down: eth0: the interface was set down\n"},
		{WEFT_INTERFACE_DETACHED, WF_HEALTH_UNHEALTHY,
		 "interface_lost: eth0: another process detached the BPF programs\n"},
		{WEFT_INTERFACE_GONE, WF_HEALTH_UNHEALTHY,
		 "interface_lost: eth0: the interface is gone\n"},
	};
	struct wf_health_facts facts = healthy();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		facts.interfaces[0].state = cases[i].state;
		expect(&facts, cases[i].status, cases[i].reasons);
	}
}

TEST(health_of_critical_pressure_depends_on_duration)
{
	struct wf_health_facts facts = healthy();

	facts.pressure = WEFT_PRESSURE_LOW;
	facts.pressure_age_ns = 100 * SEC;
	expect(&facts, WF_HEALTH_OK, "");
	facts.pressure = WEFT_PRESSURE_HIGH;
	expect(&facts, WF_HEALTH_DEGRADED, "memory_pressure: memory pressure is high\n");
	facts.pressure = WEFT_PRESSURE_CRITICAL;
	facts.pressure_age_ns = 2 * SEC - 1;
	expect(&facts, WF_HEALTH_DEGRADED, "memory_pressure: memory pressure is critical\n");
	facts.pressure_age_ns = 2 * SEC;
	expect(&facts, WF_HEALTH_UNHEALTHY,
	       "memory_critical: memory pressure has been critical for 2 s\n");
}

TEST(health_of_failed_output_and_full_disk_is_unhealthy)
{
	struct wf_health_facts facts = healthy();

	facts.sinks[0].disk_is_full = true;
	expect(&facts, WF_HEALTH_UNHEALTHY, "disk_full: the disk of the output streams is full\n");
	facts.sinks[0].failure = "";
	expect(&facts, WF_HEALTH_UNHEALTHY,
	       "output_failed: the output streams has ended after a failure\n");
}

TEST(health_of_output_that_was_not_opened_again_is_degraded)
{
	struct wf_health_facts facts = healthy();

	facts.sinks[0].reopen_failed = true;
	expect(&facts, WF_HEALTH_DEGRADED,
	       "output_not_reopened: the output streams could not be opened again (SIGHUP) and is "
	       "written to where it was before; the cause is in the log\n");
	wf_health_check(&facts, expect_help, NULL);
	facts.sinks[0].failure = "";
	expect(&facts, WF_HEALTH_UNHEALTHY,
	       "output_failed: the output streams has ended after a failure\n");
}

TEST(health_of_waiting_output_is_degraded_with_its_reason)
{
	struct wf_health_facts facts = healthy();

	facts.sinks[0].trouble = "not connected to a:4222 for 3 s: no server can be reached";
	expect(&facts, WF_HEALTH_DEGRADED,
	       "output_waits: the output streams is not connected to a:4222 for 3 s: no server can "
	       "be reached\n");
	facts.sinks[0].failure = "/srv/x: No space left on device";
	expect(&facts, WF_HEALTH_UNHEALTHY,
	       "output_failed: the output streams has ended after a failure: "
	       "/srv/x: No space left on device\n");
}

TEST(health_of_lagging_subscription_is_degraded)
{
	struct wf_health_facts facts = healthy();

	facts.subs[0].lag_ns = 5 * SEC - 1;
	expect(&facts, WF_HEALTH_OK, "");
	facts.subs[0].lag_ns = 5 * SEC;
	expect(&facts, WF_HEALTH_DEGRADED,
	       "subscription_lag: the consumer of subscription streams has taken no event for "
	       "5 s\n");
}

TEST(health_of_subscription_that_weft_has_ended_is_unhealthy)
{
	struct wf_health_facts facts = healthy();

	facts.subs[0].ended = WEFT_SUB_UNSUBSCRIBED;
	expect(&facts, WF_HEALTH_OK, "");
	facts.subs[0].ended = WEFT_SUB_IDLE;
	expect(&facts, WF_HEALTH_UNHEALTHY,
	       "output_cut_off: the output streams gets no more events: its subscription has ended "
	       "(idle)\n");
}

TEST(health_of_lost_frames_is_degraded_for_a_while)
{
	struct wf_health_facts facts = healthy();

	facts.loss_age_ns = 10 * SEC;
	expect(&facts, WF_HEALTH_OK, "");
	facts.loss_age_ns = 10 * SEC - 1;
	expect(&facts, WF_HEALTH_DEGRADED,
	       "frames_lost: wanted frames were lost, the last ones 9 s ago; weft stats shows "
	       "how many, and where\n");
	facts.loss_age_ns = 2 * SEC - 1;
	expect(&facts, WF_HEALTH_DEGRADED,
	       "frames_lost: wanted frames were lost, the last ones now; weft stats shows how many, "
	       "and where\n");
}

TEST(losses_age_begins_when_the_sum_grows)
{
	struct wf_losses losses = {.frames = 0};

	wf_losses_note(&losses, 0, 5 * SEC);
	assert_true(wf_losses_age_ns(&losses, 6 * SEC) == UINT64_MAX);
	wf_losses_note(&losses, 3, 7 * SEC);
	wf_losses_note(&losses, 3, 8 * SEC);
	assert_int_equal(wf_losses_age_ns(&losses, 9 * SEC), 2 * SEC);
	assert_int_equal(wf_losses_age_ns(&losses, 6 * SEC), 0);
}

TEST(health_of_dropped_events_is_degraded_for_a_while)
{
	struct wf_health_facts facts = healthy();
	struct wf_health_sink *sink = &facts.sinks[0];

	sink->dropped_events = 504;
	sink->dropped_bytes = 22606480;
	sink->drop_age_ns = 10 * SEC;
	expect(&facts, WF_HEALTH_OK, "");
	sink->drop_age_ns = 10 * SEC - 1;
	expect(&facts, WF_HEALTH_DEGRADED,
	       "events_dropped: the output streams has dropped 504 events with 22606480 payload "
	       "bytes, the last ones 9 s ago, because its queue was full (delivery.queue_bytes)\n");
	sink->limit_key = "sinks.nats.max_pending_mb";
	expect(&facts, WF_HEALTH_DEGRADED,
	       "events_dropped: the output streams has dropped 504 events with 22606480 payload "
	       "bytes, the last ones 9 s ago, because its queue was full (delivery.queue_bytes, "
	       "sinks.nats.max_pending_mb)\n");
}

TEST(drops_are_counted_for_each_episode)
{
	struct wf_drops drops = {.seen_events = 0};

	assert_false(wf_drops_note(&drops, 0, 0, 5 * SEC));
	assert_true(wf_drops_age_ns(&drops, 6 * SEC) == UINT64_MAX);
	assert_true(wf_drops_note(&drops, 3, 300, 20 * SEC));
	assert_false(wf_drops_note(&drops, 5, 500, 30 * SEC - 1));
	assert_false(wf_drops_note(&drops, 5, 500, 31 * SEC));
	assert_int_equal(drops.events, 5);
	assert_int_equal(drops.bytes, 500);
	assert_int_equal(wf_drops_age_ns(&drops, 31 * SEC), SEC + 1);
	assert_true(wf_drops_note(&drops, 6, 510, 40 * SEC));
	assert_int_equal(drops.events, 1);
	assert_int_equal(drops.bytes, 10);
}

TEST(health_status_is_that_of_the_worst_reason)
{
	struct wf_health_facts facts = healthy();

	facts.shed_percent = 50;
	expect(&facts, WF_HEALTH_DEGRADED,
	       "shedding: 50 % of new connections are not captured, so that less of the others is "
	       "lost\n");
	facts.interfaces[0].state = WEFT_INTERFACE_DOWN;
	expect(&facts, WF_HEALTH_UNHEALTHY,
	       "interface_down: eth0: the interface was set down\n"
	       "shedding: 50 % of new connections are not captured, so that less of the others is "
	       "lost\n");
}

TEST(health_of_loss_pressure_and_shedding_has_what_helps)
{
	struct wf_health_facts facts = {
		.pressure = WEFT_PRESSURE_HIGH,
		.shed_percent = 5,
	};

	assert_int_equal(wf_health_check(&facts, expect_help, NULL), WF_HEALTH_DEGRADED);
	assert_null(wf_health_help("none"));
}
