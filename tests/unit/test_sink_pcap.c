// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_sink_pcap.c - reads the packets of the file back, and compares them as lines of text, see
 * packet_text.h.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink/format/tcp_frame.h"
#include "unit/support/delivery.h"
#include "unit/support/fake_weft.h"
#include "unit/support/packet_text.h"
#include "unit/support/sink_path.h"

#define ISN_A 1000u
#define ISN_B 5000u

#define HANDSHAKE                        \
	"> S 1000 0 # weft: flow_id 9\n" \
	"< SA 5000 1001\n"               \
	"> A 1001 5001\n"
#define ENDED "made up by weft, because the connection ended here: "

static uint8_t file_bytes[1 << 20];

static struct wf_sink *open_sink(void)
{
	struct wf_sink_opts opts = {.pcap_path = sink_path};
	struct wf_sink *sink;

	assert_int_equal(fake_open("pcap", opts, &sink), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	return sink;
}

/* ---- events ---- */

static struct weft_event open_event(const struct weft_flow *flow)
{
	struct weft_event event = delivery_open(flow);

	event.open.isn[WEFT_TO_SERVER] = ISN_A;
	event.open.isn[WEFT_TO_CLIENT] = ISN_B;
	event.open.has_isn[0] = event.open.has_isn[1] = true;
	return event;
}

static void push_open(const struct weft_flow *flow)
{
	struct weft_event event = open_event(flow);

	fake_event(&event);
}

static void push_data(const struct weft_flow *flow, enum weft_dir dir, uint64_t off,
		      const char *text)
{
	struct weft_event event = delivery_data(flow, off, text, (uint32_t)strlen(text));

	event.dir = dir;
	fake_event(&event);
}

static void push_gap(const struct weft_flow *flow, uint64_t off, uint64_t len)
{
	struct weft_event event = delivery_gap(flow, off, len);

	fake_event(&event);
}

static void push_close(const struct weft_flow *flow, enum weft_close_reason reason,
		       enum weft_tcp_state state)
{
	const struct weft_flow_record record = {.reason = reason, .tcp_state = state};
	struct weft_event event = delivery_close(flow, &record);

	fake_event(&event);
}

/* ---- the file as text ---- */

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static size_t read_file(void)
{
	int fd = open(sink_path, O_RDONLY);
	ssize_t len = read(fd, file_bytes, sizeof(file_bytes));

	close(fd);
	assert_true(len >= 0);
	return (size_t)len;
}

static void assert_packets(const char *expected)
{
	static char text[1 << 16];

	packet_text(file_bytes, read_file(), text);
	assert_int_equal(strncmp(text, "SECTION\n", 8), 0);
	assert_string_equal(text + 8, expected);
}

/* Ends the data of @sink, which must have no failure, and compares the packets of its file. */
static void end_with(struct wf_sink *sink, const char *expected)
{
	assert_int_equal(fake_end(sink), 0);
	assert_packets(expected);
	fake_close(sink);
}

/* ---- tests ---- */

TEST_WITH(pcap_connection_is_written_with_its_numbers, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();

	push_open(&flow);
	push_data(&flow, WEFT_TO_SERVER, 0, "GET /");
	push_data(&flow, WEFT_TO_CLIENT, 0, "200");
	push_close(&flow, WEFT_CLOSE_FIN, WEFT_TCP_CLOSED);
	end_with(sink, HANDSHAKE "> PA 1001 5001 [GET /]\n"
				 "< A 5001 1006\n"
				 "< PA 5001 1006 [200]\n"
				 "> A 1006 5004\n"
				 "> FA 1006 5004\n"
				 "< A 5004 1007\n"
				 "< FA 5004 1007\n"
				 "> A 1007 5005\n");
}

TEST_WITH(pcap_long_data_is_cut_into_segments, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();
	static char text[3001];

	memset(text, 'x', 3000);
	push_open(&flow);
	push_data(&flow, WEFT_TO_CLIENT, 0, text);
	end_with(sink, HANDSHAKE "< A 5001 1001 (1460)\n"
				 "< A 6461 1001 (1460)\n"
				 "< PA 7921 1001 (80)\n"
				 "> A 1001 8001\n");
}

TEST_WITH(pcap_numbers_wrap_after_4_gib, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = open_event(&flow);
	struct wf_sink *sink = open_sink();

	event.open.isn[WEFT_TO_SERVER] = UINT32_MAX - 1;
	fake_event(&event);
	push_data(&flow, WEFT_TO_SERVER, 0, "ab");
	end_with(sink, "> S 4294967294 0 # weft: flow_id 9\n"
		       "< SA 5000 4294967295\n"
		       "> A 4294967295 5001\n"
		       "> PA 4294967295 5001 [ab]\n"
		       "< A 5001 1\n");
}

TEST_WITH(pcap_gap_is_a_missing_range_with_its_cause, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();

	push_open(&flow);
	push_data(&flow, WEFT_TO_SERVER, 0, "ab");
	push_gap(&flow, 2, 100);
	push_data(&flow, WEFT_TO_SERVER, 102, "cd");
	end_with(sink, HANDSHAKE
		 "> PA 1001 5001 [ab]\n"
		 "< A 5001 1003\n"
		 "< A 5001 1103 # weft: 100 bytes toserver from offset 2 are missing: limit\n"
		 "> PA 1103 5001 [cd]\n"
		 "< A 5001 1105\n");
}

TEST_WITH(pcap_long_gap_is_acknowledged_in_steps, sink_path_setup, sink_path_teardown)
{
#define LOST " # weft: 1288490188 bytes toserver from offset 0 are missing: limit\n"
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();

	push_open(&flow);
	push_gap(&flow, 0, 1288490188);
	end_with(sink, HANDSHAKE "< A 5001 536871913" LOST "< A 5001 1073742825" LOST
				 "< A 5001 1288491189" LOST);
}

TEST_WITH(pcap_midstream_connection_begins_with_data, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = delivery_open(&flow);
	struct wf_sink *sink = open_sink();
	char text[1024];

	event.open.midstream = true;
	fake_event(&event);
	push_data(&flow, WEFT_TO_SERVER, 0, "ab");
	assert_int_equal(fake_end(sink), 0);
	packet_text(file_bytes, read_file(), text);
	assert_non_null(strstr(text, "SECTION\n> PA "));
	assert_non_null(strstr(text, " [ab] # weft: flow_id 9, handshake not captured, sequence "
				     "numbers derived from flow_id\n< A "));
	assert_null(strstr(text, " S"));
	fake_close(sink);
}

TEST_WITH(pcap_midstream_connection_on_used_addresses_gets_a_handshake, sink_path_setup,
	  sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = delivery_open(&flow);
	struct wf_sink *sink = open_sink();
	char text[1024];

	flow.use = 2;
	event.open.midstream = true;
	fake_event(&event);
	assert_int_equal(fake_end(sink), 0);
	packet_text(file_bytes, read_file(), text);
	assert_non_null(strstr(text, "SECTION\n> S "));
	assert_non_null(strstr(text, "handshake not captured and made up"));
	fake_close(sink);
}

TEST_WITH(pcap_connection_joined_midway_lacks_its_beginning, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = open_event(&flow);
	struct wf_sink *sink = open_sink();

	event.open.midway = true;
	event.open.off[WEFT_TO_CLIENT] = 50;
	fake_event(&event);
	push_data(&flow, WEFT_TO_CLIENT, 50, "ab");
	end_with(sink,
		 HANDSHAKE "> A 1001 5051 # weft: 50 bytes toclient from offset 0 are missing: "
			   "dropped, because the queue to this output was full\n"
			   "< PA 5051 1001 [ab]\n"
			   "> A 1001 5053\n");
}

TEST_WITH(pcap_dropped_events_are_a_missing_range, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.pcap_path = sink_path,
				    .overflow = WEFT_OVERFLOW_DROP_OLDEST,
				    .queue_bytes = WEFT_QUEUE_MIN_BYTES};
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink;
	static char text[1 << 16];
	struct wf_sink_stats stats;
	unsigned int ack;
	char *lost;

	assert_int_equal(fake_open("pcap", opts, &sink), 0);
	push_open(&flow);
	for (unsigned int i = 0; i < 5000; i++)
		push_data(&flow, WEFT_TO_SERVER, i, "x");
	assert_int_equal(wf_sink_start(sink), 0);
	assert_int_equal(fake_end(sink), 0);
	wf_sink_stats(sink, &stats);
	packet_text(file_bytes, read_file(), text);
	lost = strstr(text, "# weft: ");
	lost = strstr(lost + 1, "bytes toserver from offset 0 are missing: dropped");
	assert_non_null(lost);
	while (*lost != '\n' || lost[1] != '>')
		lost--;
	lost = strchr(lost + 1, '\n');
	assert_int_equal(sscanf(lost, "\n< A 5001 %u", &ack), 1);
	assert_int_equal(ack, 1001 + stats.dropped_bytes);
	assert_true(stats.dropped_bytes > 0);
	fake_close(sink);
}

TEST_WITH(pcap_connection_that_just_ended_is_reset, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();

	push_open(&flow);
	push_close(&flow, WEFT_CLOSE_TIMEOUT, WEFT_TCP_CLOSE_WAIT);
	end_with(sink, HANDSHAKE "> FA 1001 5001\n"
				 "< A 5001 1002\n"
				 "> RA 1002 5001 # weft: " ENDED "timeout\n");
}

TEST_WITH(pcap_reset_comes_from_the_side_that_sent_it, sink_path_setup, sink_path_teardown)
{
	struct weft_flow_record record = {
		.reason = WEFT_CLOSE_RST,
		.tcp_state = WEFT_TCP_CLOSED,
		.counts[WEFT_TO_CLIENT] = {.tcp_flags = WF_TCP_FRAME_RST},
	};
	struct weft_flow flow = delivery_flow(9);
	struct weft_event event = delivery_close(&flow, &record);
	struct wf_sink *sink = open_sink();

	push_open(&flow);
	fake_event(&event);
	end_with(sink, HANDSHAKE "< RA 5001 1001\n");
}

TEST_WITH(pcap_connection_at_the_end_of_capture_stays_open, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();

	push_open(&flow);
	push_close(&flow, WEFT_CLOSE_END, WEFT_TCP_ESTABLISHED);
	end_with(sink, HANDSHAKE);
}

TEST_WITH(pcap_connection_beyond_the_limit_is_split, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink_opts opts = {.pcap_path = "/dev/null"};
	struct wf_sink *sink;

	assert_int_equal(fake_open("pcap", opts, &sink), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	for (uint64_t id = 1; id <= WEFT_PCAP_CONNS_MAX + 3; id++) {
		flow.id = id;
		push_open(&flow);
		if (id % 1024 == 0)
			wf_dispatch_flush(&fake.dispatch);
	}
	flow.id = 1;
	push_data(&flow, WEFT_TO_CLIENT, 1ull << 40, "later");
	assert_int_equal(fake_end(sink), 0);
	assert_non_null(strstr(fake.log, "pcap: 4 connections were split, because more than"));
	fake_close(sink);
}

TEST_WITH(pcap_file_that_is_not_empty_is_refused, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.pcap_path = sink_path};
	struct wf_sink *sink = open_sink();

	end_with(sink, "");
	assert_int_equal(fake_open("pcap", opts, &sink), -EEXIST);
	assert_non_null(strstr(fake.log, "is not empty; --append adds a section"));
	fake_free();

	opts.force = WEFT_ON;
	assert_int_equal(fake_open("pcap", opts, &sink), 0);
	assert_int_equal(wf_sink_start(sink), 0);
	end_with(sink, "");
}

TEST_WITH(pcap_section_is_appended, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.pcap_path = sink_path, .append = WEFT_ON};
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(fake_open("pcap", opts, &sink), 0);
		assert_int_equal(wf_sink_start(sink), 0);
		push_open(&flow);
		assert_int_equal(fake_end(sink), 0);
		fake_close(sink);
	}
	assert_packets(HANDSHAKE "SECTION\n" HANDSHAKE);

	assert_int_equal(truncate(sink_path, 100), 0);
	assert_int_equal(fake_open("pcap", opts, &sink), -EBADMSG);
	assert_non_null(strstr(fake.log, "can't be appended to"));
	fake_free();
}

TEST_WITH(pcap_full_disk_ends_the_sink_and_counts_its_bytes, sink_path_setup, sink_path_teardown)
{
	struct wf_sink_opts opts = {.pcap_path = "/dev/full"};
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink_stats stats;
	struct wf_sink *sink;

	assert_int_equal(fake_open("pcap", opts, &sink), 0);
	push_open(&flow);
	push_data(&flow, WEFT_TO_CLIENT, 0, "lost");
	wf_dispatch_flush(&fake.dispatch);
	assert_int_equal(wf_sink_start(sink), 0);
	assert_int_equal(wf_sink_join(sink), -ENOSPC);
	assert_non_null(strstr(fake.log, "pcap: /dev/full: No space left on device; no further "
					 "packets are written\n"));
	wf_sink_stats(sink, &stats);
	assert_int_equal(stats.data_bytes, 4);
	assert_int_equal(stats.failed_bytes, 4);
	wf_dispatch_close(&fake.dispatch);
	fake_close(sink);
}

TEST_WITH(pcap_later_data_of_earlier_time_keeps_the_time_order, sink_path_setup, sink_path_teardown)
{
	struct weft_flow flow = delivery_flow(9);
	struct wf_sink *sink = open_sink();
	uint64_t last_ns = 0;
	size_t len;

	push_open(&flow);
	push_data(&flow, WEFT_TO_CLIENT, 0, "12345");
	push_data(&flow, WEFT_TO_CLIENT, 5, "67890");
	push_data(&flow, WEFT_TO_SERVER, 0, "earlier");
	assert_int_equal(fake_end(sink), 0);
	len = read_file();
	for (size_t at = 0; at < len; at += u32_at(file_bytes + at + 4)) {
		uint64_t time_ns = (uint64_t)u32_at(file_bytes + at + 12) << 32;

		if (u32_at(file_bytes + at) != 6)
			continue;
		time_ns |= u32_at(file_bytes + at + 16);
		assert_true(time_ns >= last_ns);
		last_ns = time_ns;
	}
	assert_int_equal(last_ns, 1005);
	fake_close(sink);
}
