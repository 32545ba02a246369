// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_sink_events.c - every line is valid JSON in EVE format; the flow has the standard community
 * id.
 */
#include "unit/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "sink/file_gaps.h"
#include "sink/format/json_out.h"
#include "unit/support/delivery.h"
#include "unit/support/fake_weft.h"
#include "unit/support/sink_path.h"

/* Makes a sink whose thread does not run yet: the thread reads the fields of `fake`. */
static struct wf_sink *make_sink(void)
{
	struct wf_sink_opts opts = {.events_path = sink_path};
	struct wf_sink *sink;

	assert_int_equal(fake_open("events", opts, &sink), 0);
	return sink;
}

static struct wf_sink *open_sink(void)
{
	struct wf_sink *sink = make_sink();

	assert_int_equal(wf_sink_start(sink), 0);
	return sink;
}

/* Reads line @number of the file, counted from 0. The caller frees the result. */
static json_t *read_line(int number)
{
	FILE *file = fopen(sink_path, "r");
	json_t *line = NULL;
	char text[65536];

	for (int i = 0; fgets(text, sizeof(text), file); i++) {
		if (i == number) {
			assert_int_equal(text[strlen(text) - 1], '\n');
			line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
			assert_non_null(line);
		}
	}
	fclose(file);
	return line;
}

static void assert_text(const json_t *object, const char *key, const char *text)
{
	assert_string_equal(json_string_value(json_object_get(object, key)), text);
}

static void assert_number(const json_t *object, const char *key, json_int_t number)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	assert_int_equal(json_integer_value(json_object_get(object, key)), number);
}

static void assert_endpoints(const json_t *line)
{
	assert_number(line, "flow_id", 9);
	assert_text(line, "src_ip", "10.0.0.1");
	assert_number(line, "src_port", 40000);
	assert_text(line, "dest_ip", "10.0.0.2");
	assert_number(line, "dest_port", 80);
	assert_text(line, "proto", "TCP");
	assert_text(line, "in_iface", "eth7");
	assert_text(line, "community_id", "1:3k1SoWXs/FltHw2aBCgUTgbDQF4=");
}

TEST_WITH(events_flow_line_has_the_names_of_eve, sink_path_setup, sink_path_teardown)
{
	struct weft_flow_record record = {
		.start_ns = 1795233600123456789ull,
		.end_ns = 1795233605000000000ull,
		.reason = WEFT_CLOSE_FIN,
		.state = WEFT_FLOW_CLOSED,
		.tcp_state = WEFT_TCP_TIME_WAIT,
		.midstream = true,
		.counts = {{.packets = 6,
			    .bytes = 700,
			    .stream_bytes = 400,
			    .retransmitted_segments = 2,
			    .out_of_order_segments = 5,
			    .tcp_flags = 0x1b},
			   {.packets = 7,
			    .bytes = 90000,
			    .stream_bytes = 80000,
			    .gap_count = 1,
			    .gap_bytes = 10,
			    .overlap_segments = 3,
			    .conflict_segments = 1,
			    .tcp_flags = 0x12}},
	};
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = delivery_close(&flow, &record);
	struct wf_sink *sink = open_sink();
	json_t *line, *inner;

	event.time_ns = record.end_ns;
	flow.vlan[0] = 100;
	flow.use = 2;
	fake_event(&event);
	assert_int_equal(fake_end(sink), 0);
	line = read_line(0);
	assert_text(line, "timestamp", "2026-11-21T04:00:05.000000+0000");
	assert_text(line, "event_type", "flow");
	assert_endpoints(line);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(line, "vlan"), 0)), 100);
	inner = json_object_get(line, "flow");
	assert_number(inner, "pkts_toserver", 6);
	assert_number(inner, "pkts_toclient", 7);
	assert_number(inner, "bytes_toserver", 700);
	assert_number(inner, "bytes_toclient", 90000);
	assert_text(inner, "start", "2026-11-21T04:00:00.123456+0000");
	assert_text(inner, "end", "2026-11-21T04:00:05.000000+0000");
	assert_number(inner, "age", 4);
	assert_text(inner, "state", "closed");
	assert_text(inner, "reason", "timeout");
	assert_text(inner, "close_reason", "fin");
	assert_true(json_is_false(json_object_get(inner, "alerted")));
	assert_number(inner, "stream_bytes_toserver", 400);
	assert_number(inner, "stream_bytes_toclient", 80000);
	assert_number(inner, "gaps_toclient", 1);
	assert_number(inner, "gap_bytes_toclient", 10);
	assert_number(inner, "retransmissions_toserver", 2);
	assert_number(inner, "overlaps_toclient", 3);
	assert_number(inner, "conflicts_toclient", 1);
	assert_number(inner, "out_of_order_toserver", 5);
	assert_true(json_is_true(json_object_get(inner, "midstream")));
	assert_number(inner, "use", 2);
	inner = json_object_get(line, "tcp");
	assert_text(inner, "tcp_flags", "1b");
	assert_text(inner, "tcp_flags_tc", "12");
	assert_text(inner, "state", "time_wait");
	assert_true(json_is_true(json_object_get(inner, "tc_gap")));
	assert_null(json_object_get(inner, "ts_gap"));
	assert_true(json_is_true(json_object_get(inner, "syn")));
	assert_null(json_object_get(inner, "rst"));
	json_decref(line);
	fake_close(sink);
}

TEST_WITH(events_gap_line_has_direction_offset_length_cause, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = delivery_gap(&flow, 1ull << 33, 77);
	struct wf_sink *sink = open_sink();
	json_t *line, *inner;

	event.dir = WEFT_TO_CLIENT;
	fake_event(&event);
	assert_int_equal(fake_end(sink), 0);
	line = read_line(0);
	assert_text(line, "event_type", "gap");
	assert_endpoints(line);
	assert_text(line, "direction", "toclient");
	inner = json_object_get(line, "gap");
	assert_number(inner, "offset", 1ll << 33);
	assert_number(inner, "length", 77);
	assert_text(inner, "cause", "limit");
	json_decref(line);
	fake_close(sink);
}

TEST_WITH(events_anomaly_line_shows_both_versions, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = {
		.type = WEFT_EVENT_ANOMALY,
		.dir = WEFT_TO_SERVER,
		.flow = &flow,
		.anomaly = {.kind = WEFT_ANOMALY_OVERLAP_CONFLICT,
			    .off = 5,
			    .len_bytes = 2,
			    .kept = (const uint8_t *)"\x00\xff",
			    .lost = (const uint8_t *)"ab",
			    .shown_bytes = 2},
	};
	struct wf_sink *sink = open_sink();
	json_t *line, *inner;

	fake_event(&event);
	assert_int_equal(fake_end(sink), 0);
	line = read_line(0);
	assert_text(line, "event_type", "anomaly");
	assert_endpoints(line);
	assert_text(line, "direction", "toserver");
	inner = json_object_get(line, "anomaly");
	assert_text(inner, "type", "stream");
	assert_text(inner, "event", "overlap_conflict");
	assert_text(inner, "suricata_event", "stream.reassembly_overlap_different_data");
	assert_number(inner, "offset", 5);
	assert_number(inner, "length", 2);
	assert_text(inner, "kept", "00ff");
	assert_text(inner, "lost", "6162");
	json_decref(line);
	fake_close(sink);
}

TEST_WITH(events_last_lines_are_all_changes_of_pressure_and_stats, sink_path_setup,
	  sink_path_teardown)
{
	static const struct weft_pressure_change changes[] = {
		{1, 1000000000ull, WEFT_PRESSURE_NORMAL, WEFT_PRESSURE_HIGH, 88, "cgroup"},
		{2, 1000000000ull, WEFT_PRESSURE_HIGH, WEFT_PRESSURE_NORMAL, 12, "budget"},
	};
	struct wf_sink *sink;
	json_t *line;

	sink = make_sink();
	memcpy(fake.changes, changes, sizeof(changes));
	fake.changes_count = 2;
	assert_int_equal(wf_sink_start(sink), 0);
	assert_int_equal(fake_end(sink), 0);
	line = read_line(0);
	assert_text(line, "event_type", "pressure");
	assert_text(json_object_get(line, "pressure"), "level", "high");
	assert_text(json_object_get(line, "pressure"), "previous", "normal");
	assert_text(json_object_get(line, "pressure"), "source", "cgroup");
	assert_number(json_object_get(line, "pressure"), "percent", 88);
	json_decref(line);
	line = read_line(1);
	assert_text(json_object_get(line, "pressure"), "level", "normal");
	assert_number(json_object_get(line, "pressure"), "number", 2);
	json_decref(line);
	line = read_line(2);
	assert_text(line, "event_type", "stats");
	assert_number(json_object_get(json_object_get(line, "stats"), "weft"), "frames", 12345);
	assert_number(json_object_get(json_object_get(line, "stats"), "decoder"), "pkts", 12345);
	json_decref(line);
	assert_null(read_line(3));
	fake_close(sink);
}

TEST_WITH(events_ipv6_and_tunnel_are_shown, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = delivery_gap(&flow, 0, 1);
	struct wf_sink *sink = open_sink();
	json_t *line;

	flow.ip_version = 6;
	flow.vni = 4711;
	inet_pton(AF_INET6, "2001:db8::1", flow.src_addr);
	fake_event(&event);
	assert_int_equal(fake_end(sink), 0);
	line = read_line(0);
	assert_text(line, "src_ip", "2001:db8::1");
	assert_number(line, "vni", 4711);
	json_decref(line);
	fake_close(sink);
}

TEST_WITH(events_have_the_file_that_was_read, sink_path_setup, sink_path_teardown)
{
	static const char *const names[] = {NULL, "a.pcap", "b.pcap", NULL};
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();

	for (uint16_t number = 0; number <= 3; number++) {
		struct weft_event event = delivery_gap(&flow, 0, 1);

		flow.file = number;
		fake_event(&event);
	}
	assert_int_equal(fake_end(sink), 0);
	for (int i = 0; i <= 3; i++) {
		json_t *line = read_line(i);

		if (names[i])
			assert_text(line, "pcap_filename", names[i]);
		else
			assert_null(json_object_get(line, "pcap_filename"));
		json_decref(line);
	}
	fake_close(sink);
}

TEST_WITH(events_have_the_interface_of_their_connection, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();

	for (uint8_t number = 1; number <= 2; number++) {
		struct weft_event event = delivery_gap(&flow, 0, 1);

		flow.interface = number;
		fake_event(&event);
	}
	assert_int_equal(fake_end(sink), 0);
	for (int i = 0; i < 2; i++) {
		json_t *line = read_line(i);

		assert_text(line, "in_iface", i ? "eth8" : "eth7");
		json_decref(line);
	}
	fake_close(sink);
}

TEST_WITH(events_file_is_appended_to, sink_path_setup, sink_path_teardown)
{
	for (int run = 0; run < 2; run++) {
		struct wf_sink *sink = open_sink();
		json_t *line;

		assert_int_equal(fake_end(sink), 0);
		fake_close(sink);
		line = read_line(run);
		assert_non_null(line);
		json_decref(line);
	}
}

TEST_WITH(events_full_disk_ends_the_sink_and_is_reported_once, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.events_path = "/dev/full"};
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = delivery_gap(&flow, 0, 1);
	struct wf_sink_stats stats;
	struct wf_sink *sink;

	assert_int_equal(fake_open("events", opts, &sink), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	fake_event(&event);
	wf_dispatch_flush(&fake.dispatch);
	assert_int_equal(wf_sink_join(sink), -ENOSPC);
	assert_string_equal(fake.log, "events: /dev/full: No space left on device; no further "
				      "events "
				      "are written\n");
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.failed_events, 1);
	wf_dispatch_close(&fake.dispatch);
	fake_close(sink);
}

TEST_WITH(events_sink_that_takes_nothing_ends_after_its_ttl, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.events_path = sink_path, .subscription_ttl_sec = 5};
	const uint64_t sec_ns = 1000000000ull;
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = delivery_gap(&flow, 0, 1);
	struct wf_sink *sink;

	assert_int_equal(fake_open("events", opts, &sink), 0);
	fake_event(&event);
	wf_dispatch_flush(&fake.dispatch);
	assert_int_equal(wf_registry_expire(&fake.registry, sec_ns), 0);
	assert_int_equal(wf_registry_expire(&fake.registry, 5 * sec_ns), 0);
	assert_int_equal(wf_registry_expire(&fake.registry, 6 * sec_ns), 1);
	wf_dispatch_flush(&fake.dispatch);
	assert_int_equal(wf_sink_start(sink), 0);
	assert_int_equal(wf_sink_join(sink), -ETIMEDOUT);
	assert_true(wf_sink_ended_by_failure(sink));
	assert_non_null(strstr(fake.log, "events: ended, because it took no event for 5 seconds"));
	wf_dispatch_close(&fake.dispatch);
	fake_close(sink);
}

TEST_WITH(events_unwritable_target_is_refused, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.events_path = "/nonexistent/events.json"};
	struct wf_sink *sink;

	assert_int_equal(fake_open("events", opts, &sink), -ENOENT);
	assert_non_null(strstr(fake.log, "/nonexistent/events.json can't be written"));
	fake_free();
}

TEST(json_text_is_escaped)
{
	struct wf_json json = {.bytes = (char[128]){0}, .room = 128};
	json_t *line;

	wf_json_line_begin(&json);
	wf_json_text(&json, "text", "a\"b\\c\n\x01");
	assert_true(wf_json_line_end(&json));
	line = json_loads(json.bytes, 0, NULL);
	assert_text(line, "text", "a\"b\\c\n\x01");
	json_decref(line);
}

TEST(json_line_that_does_not_fit_leaves_nothing)
{
	char bytes[40] = {0};

	for (size_t room = 0; room < sizeof(bytes); room++) {
		struct wf_json json = {.bytes = bytes, .room = room};

		wf_json_line_begin(&json);
		wf_json_u64(&json, "number", UINT64_MAX);
		wf_json_bool(&json, "b", false);
		if (wf_json_line_end(&json))
			assert_string_equal(bytes,
					    "{\"number\":18446744073709551615,\"b\":false}\n");
		else
			assert_int_equal(json.len, 0);
		assert_true(json.len <= room);
	}
}

TEST_WITH(events_report_each_change_of_what_is_shed, sink_path_setup, sink_path_teardown)
{
	struct wf_sink *sink;
	json_t *line;

	sink = make_sink();
	fake.shed_percent = 50;
	assert_int_equal(wf_sink_start(sink), 0);
	assert_int_equal(fake_end(sink), 0);
	line = read_line(0);
	assert_text(line, "event_type", "overload");
	assert_number(json_object_get(line, "overload"), "shed_percent", 50);
	assert_number(json_object_get(line, "overload"), "previous", 0);
	json_decref(line);
	fake_close(sink);
}

/* /dev/full fails each write as a full disk does. */
static struct wf_sink *open_full(enum wf_on_disk_full on_disk_full)
{
	struct wf_sink_opts opts = {.events_path = "/dev/full", .on_disk_full = on_disk_full};
	struct wf_sink *sink;

	assert_int_equal(fake_open("events", opts, &sink), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	return sink;
}

/* Pass @event, which the sink can't write, and wait until that has ended the sink. */
static void fail_with(const struct wf_sink *sink, const struct weft_event *event)
{
	fake_event(event);
	wf_dispatch_flush(&fake.dispatch);
	while (!wf_sink_ended_by_failure(sink))
		sched_yield();
}

TEST(events_on_a_full_disk_end_the_sink)
{
	struct wf_sink *sink = open_full(WF_DISK_FULL_STOP);
	struct weft_flow flow = delivery_flow(9);
	struct weft_event gap = delivery_gap(&flow, 0, 100);
	struct wf_sink_stats stats;

	fail_with(sink, &gap);
	/* Later events are counted, too. */
	for (int i = 0; i < 3; i++)
		fake_event(&gap);
	assert_int_equal(fake_end(sink), -ENOSPC);
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.events, 4);
	assert_int_equal(stats.failed_events, 4);
	assert_int_equal(stats.written_bytes, 0);
	assert_non_null(strstr(fake.log, "/dev/full: No space left on device; no further events"));
	fake_close(sink);
}

/* The events arrive after the sink has found none, and before it looks whether it is to end. */
TEST(events_before_the_end_of_a_failed_sink_are_counted)
{
	struct wf_sink *sink = open_full(WF_DISK_FULL_STOP);
	struct weft_flow flow = delivery_flow(9);
	struct weft_event gap = delivery_gap(&flow, 0, 100);
	struct wf_sink_stats stats;

	fail_with(sink, &gap);
	atomic_store(&fake.pausing, sink);
	while (!atomic_load(&fake.is_paused))
		sched_yield();
	for (int i = 0; i < 3; i++)
		fake_event(&gap);
	assert_int_equal(fake_end(sink), -ENOSPC);
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.events, 4);
	assert_int_equal(stats.failed_events, 4);
	fake_close(sink);
}

TEST(events_on_a_full_disk_wait_for_room)
{
	struct wf_sink *sink = open_full(WF_DISK_FULL_CONTINUE);
	struct weft_flow flow = delivery_flow(9);
	struct weft_event gap = delivery_gap(&flow, 0, 100);
	struct wf_sink_stats stats;

	fake_event(&gap);
	wf_dispatch_flush(&fake.dispatch);
	fake_event(&gap);
	assert_int_equal(fake_end(sink), -ENOSPC);
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.events, 2);
	assert_int_equal(stats.failed_events, 3); /* the statistics at the end are the third */
	assert_non_null(strstr(fake.log, "output is left out until there is room again"));
	fake_close(sink);
}

TEST_WITH(events_report_what_is_missing_from_files, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.events_path = sink_path};
	struct wf_file_gap gap = {
		.flow = delivery_flow(9), .err = -EDQUOT, .off = 7, .len_bytes = 11};
	struct wf_sink *sink;
	json_t *line;

	assert_int_equal(wf_file_gaps_new(&opts.file_gaps), 0);
	wf_file_gaps_begin(opts.file_gaps);
	for (unsigned int i = 0; i < WF_FILE_GAPS_MAX + 3; i++)
		wf_file_gaps_push(opts.file_gaps, &gap);
	assert_int_equal(wf_file_gaps_lost(opts.file_gaps), 3);
	wf_file_gaps_end(opts.file_gaps);
	assert_int_equal(fake_open("events", opts, &sink), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	assert_int_equal(fake_end(sink), 0);
	line = read_line(WF_FILE_GAPS_MAX - 1);
	assert_text(line, "event_type", "file_gap");
	assert_endpoints(line);
	assert_text(line, "direction", "toserver");
	assert_number(json_object_get(line, "file_gap"), "offset", 7);
	assert_number(json_object_get(line, "file_gap"), "length", 11);
	assert_text(json_object_get(line, "file_gap"), "error", strerror(EDQUOT));
	json_decref(line);
	line = read_line(WF_FILE_GAPS_MAX);
	assert_text(line, "event_type", "event_loss");
	assert_number(json_object_get(line, "event_loss"), "events", 3);
	json_decref(line);
	fake_close(sink);
	wf_file_gaps_free(opts.file_gaps);
}

TEST_WITH(events_loss_line_has_connection_and_range, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.events_path = sink_path,
				    .overflow = WEFT_OVERFLOW_DROP_OLDEST,
				    .queue_bytes = WEFT_QUEUE_MIN_BYTES};
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink_stats stats;
	json_int_t lost;
	struct wf_sink *sink;
	json_t *line, *inner;

	assert_int_equal(fake_open("events", opts, &sink), 0);
	for (unsigned int i = 0; i < 2000; i++) {
		struct weft_event gap = delivery_gap(&flow, 10ull * i, 10);

		fake_event(&gap);
	}
	/*
	 * Dropped events are counted at once, before the sink reads the DROP event that reports
	 * them.
	 */
	wf_sink_stats(sink, &stats);
	assert_true(stats.dropped_events > 0);
	lost = (json_int_t)stats.dropped_events;
	assert_int_equal(wf_sink_start(sink), 0);
	assert_int_equal(fake_end(sink), 0);
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.dropped_events, lost);
	line = read_line(0);
	assert_text(line, "event_type", "event_loss");
	assert_endpoints(line);
	assert_text(line, "direction", "toserver");
	inner = json_object_get(line, "event_loss");
	assert_number(inner, "events", lost);
	assert_number(inner, "data_bytes", 0);
	assert_number(inner, "offset", 0);
	assert_number(inner, "length", 10 * lost);
	json_decref(line);
	line = read_line(1);
	assert_number(json_object_get(line, "gap"), "offset", 10 * lost);
	json_decref(line);
	fake_close(sink);
}

TEST_WITH(events_report_the_state_of_interfaces, sink_path_setup, sink_path_teardown)
{
	struct wf_sink *sink = make_sink();
	json_t *line, *inner;

	fake.interface_state = WEFT_INTERFACE_GONE;
	assert_int_equal(wf_sink_start(sink), 0);
	assert_int_equal(fake_end(sink), 0);
	line = read_line(0);
	assert_text(line, "event_type", "interface");
	inner = json_object_get(line, "interface");
	assert_text(inner, "name", "eth7");
	assert_text(inner, "state", "gone");
	assert_text(inner, "previous", "up");
	json_decref(line);
	fake_close(sink);
}
