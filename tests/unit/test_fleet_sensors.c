// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fleet/sensors.h"
#include "fleet/show.h"

#define SEC 1000000000ll

static int take(struct wf_fleet *fleet, const char *sensor, const char *json, int64_t heard_sec)
{
	char subject[WF_BUS_SUBJECT_BYTES];

	snprintf(subject, sizeof(subject), "weft.%s.stats", sensor);
	return wf_fleet_take(fleet, subject, json, strlen(json), heard_sec * SEC);
}

#define STATE(boot, ms, frames)                                             \
	"{\"boot\":\"" boot "\",\"elapsed_ms\":" ms ",\"interval_sec\":10," \
	"\"metrics\":{\"frames\":{\"value\":" frames "}}}"

TEST(fleet_sensors_are_in_order_of_their_names)
{
	struct wf_fleet fleet = {.count = 0};

	take(&fleet, "b", "{}", 1);
	take(&fleet, "c", "{}", 1);
	take(&fleet, "a", "{}", 1);
	take(&fleet, "b", "{}", 2);
	assert_int_equal(fleet.count, 3);
	assert_string_equal(fleet.sensors[0].name, "a");
	assert_string_equal(fleet.sensors[1].name, "b");
	assert_string_equal(fleet.sensors[2].name, "c");
	wf_fleet_fini(&fleet);
}

TEST(fleet_rates_are_those_between_two_states_of_a_run)
{
	struct wf_fleet fleet = {.count = 0};

	take(&fleet, "a", STATE("1", "10000", "1000"), 1);
	assert_true(fleet.sensors[0].frames_rate == 100);
	take(&fleet, "a", STATE("1", "20000", "6000"), 2);
	assert_true(fleet.sensors[0].frames_rate == 500);
	/* An older state changes nothing. */
	take(&fleet, "a", STATE("1", "10000", "1000"), 1);
	assert_true(fleet.sensors[0].frames_rate == 500);
	take(&fleet, "a", STATE("2", "1000", "50"), 3);
	assert_true(fleet.sensors[0].frames_rate == 50);
	wf_fleet_fini(&fleet);
}

TEST(fleet_sensor_is_stale_after_three_intervals)
{
	struct wf_fleet fleet = {.count = 0};

	take(&fleet, "a", STATE("1", "10000", "1000"), 100);
	assert_false(wf_fleet_is_stale(&fleet.sensors[0], 130 * SEC));
	assert_true(wf_fleet_is_stale(&fleet.sensors[0], 131 * SEC));
	take(&fleet, "a", "{\"state\":\"ended\"}", 200);
	assert_false(wf_fleet_is_stale(&fleet.sensors[0], 1000 * SEC));
	wf_fleet_fini(&fleet);
}

TEST(fleet_messages_that_are_no_state_are_counted)
{
	struct wf_fleet fleet = {.count = 0};

	assert_int_equal(take(&fleet, "a", "", 1), -EINVAL);
	assert_int_equal(take(&fleet, "a", "[1]", 1), -EINVAL);
	assert_int_equal(take(&fleet, "a", "{\"a\":", 1), -EINVAL);
	assert_int_equal(wf_fleet_take(&fleet, "weft.a.data.1", "{}", 2, 1), -EINVAL);
	assert_true(fleet.has_bad);
	assert_int_equal(fleet.count, 0);
	wf_fleet_fini(&fleet);
}

TEST(fleet_sensors_beyond_the_maximum_are_left_out)
{
	struct wf_fleet fleet = {.count = 0};
	char name[16];

	for (int i = 0; i < WF_FLEET_SENSORS_MAX + 2; i++) {
		snprintf(name, sizeof(name), "s%05d", i);
		assert_int_equal(take(&fleet, name, "{}", 1),
				 i < WF_FLEET_SENSORS_MAX ? 0 : -ENOBUFS);
	}
	assert_int_equal(fleet.count, WF_FLEET_SENSORS_MAX);
	assert_int_equal(fleet.left_out, 2);
	wf_fleet_fini(&fleet);
}

TEST(fleet_sensors_beyond_a_smaller_maximum_are_left_out)
{
	struct wf_fleet fleet = {.sensors_max = 1};

	assert_int_equal(take(&fleet, "b", "{}", 1), 0);
	assert_int_equal(take(&fleet, "a", "{}", 1), -ENOBUFS);
	assert_int_equal(take(&fleet, "b", "{}", 2), 0);
	assert_int_equal(fleet.count, 1);
	wf_fleet_fini(&fleet);
	assert_int_equal(fleet.sensors_max, 1);
}

TEST(fleet_drops_are_those_of_all_outputs_and_the_lag_is_that_of_nats)
{
	static const char json[] =
		"{\"sinks\":[{\"name\":\"streams\",\"dropped_events\":3,\"dropped_bytes\":30},"
		"{\"name\":\"nats\",\"dropped_events\":4,\"dropped_bytes\":40,"
		"\"nats_lag_ns\":7500000000},5,{\"dropped_events\":-1,\"nats_lag_ns\":\"x\"}]}";
	struct wf_fleet fleet = {.count = 0};
	char text[1024] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(take(&fleet, "a", json, 1), 0);
	assert_int_equal(fleet.sensors[0].dropped_events, 7);
	assert_int_equal(fleet.sensors[0].dropped_bytes, 70);
	assert_int_equal(fleet.sensors[0].lag_ms, 7500);
	wf_fleet_print(&fleet, 2 * SEC, out);
	fclose(out);
	assert_non_null(strstr(text, "; dropped 7 events; lag 7s"));
	wf_fleet_fini(&fleet);
}

TEST(fleet_table_with_large_values_has_80_columns)
{
	static const char json[] =
		"{\"version\":\"10.10.10-very-long\",\"hostname\":\"a-host-with-a-long-name.example."
		"org\",\"interfaces\":[{\"name\":\"enp129s0f1np1\"},{\"name\":\"enp129s0f0np0\"}],"
		"\"health\":{\"status\":\"unhealthy\",\"reasons\":[{\"what\":\"worker_stalled_long\"}]}"
		",\"pressure\":{\"level\":\"critical\"},\"elapsed_ms\":9007199254740991,"
		"\"metrics\":{\"frames\":{\"value\":9223372036854775807},\"payload_bytes\":{\"value\":"
		"9223372036854775807},\"flows_active_flows\":{\"value\":9223372036854775807},"
		"\"memory_limit_bytes\":{\"value\":1099511627776},\"memory_used_bytes\":{\"value\":"
		"1099511627776},\"xsk_ring_full_frames\":{\"value\":9223372036854775807,\"loss\":true},"
		"\"kernel_ring_full_frames\":{\"value\":9223372036854775807,\"loss\":true}},"
		"\"sinks\":[{\"dropped_events\":9223372036854775807,"
		"\"nats_lag_ns\":9223372036854775807}]}";
	struct wf_fleet fleet = {.count = 0};
	char text[4096] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(take(&fleet, "a-sensor-with-a-name-of-many-letters", json, 1), 0);
	wf_fleet_print(&fleet, 2 * SEC, out);
	fclose(out);
	for (const char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strlen(line) > 80)
			fail_msg("%s", line);
	wf_fleet_fini(&fleet);
}
