// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_client_frame.c - a frame that the agent writes is read as the same event; frames that are
 * cut off, lie about a length or are of an unknown type are recognised.
 *
 * Each frame is read from a heap block of exactly its size, so that the address sanitizer finds a
 * read beyond it.
 */
#include "unit/support/test.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_frame.h"
#include "serve/frame_write.h"

static const struct weft_flow flow = {
	.id = (1ull << 53) - 1,
	.use = 3,
	.vni = 77,
	.src_addr = {[10] = 0xff, 0xff, 10, 0, 0, 1},
	.dst_addr = {0x20, 0x01, [15] = 9},
	.src_port = 50112,
	.dst_port = 80,
	.vlan = {10, 20},
	.ip_version = 6,
	.interface = 2,
	.worker = 5,
};

/* A frame as it is sent. */
struct sent {
	uint8_t *bytes; /* freed by the test */
	size_t len;
};

static struct sent join(const struct iovec *parts, int count)
{
	struct sent sent = {.len = 0};

	for (int i = 0; i < count; i++)
		sent.len += parts[i].iov_len;
	sent.bytes = malloc(sent.len);
	for (size_t done = 0; count--; done += parts++->iov_len)
		memcpy(sent.bytes + done, parts->iov_base, parts->iov_len);
	return sent;
}

static struct sent write_frame(const struct weft_event *event)
{
	struct iovec parts[WF_FRAME_PARTS_MAX];
	struct wf_wire_frame fields;

	return join(parts, wf_frame_write(event, "eth0", &fields, parts));
}

/* Reads @sent as an event whose flow is not set. */
static void read_frame(const struct sent *sent, struct wf_client_frame *ret_frame,
		       struct weft_event *ret_event, struct weft_flow_record *ret_record)
{
	const char *why = "";

	assert_int_equal(wf_client_frame_read(sent->bytes, sent->len, ret_frame, &why), 1);
	assert_int_equal(ret_frame->len_bytes, sent->len);
	assert_true(wf_client_frame_event(ret_frame, ret_event, ret_record));
}

static void assert_error(const struct sent *sent, const char *text)
{
	struct wf_client_frame frame;
	const char *why = "";

	assert_int_equal(wf_client_frame_read(sent->bytes, sent->len, &frame, &why), -EPROTO);
	assert_non_null(strstr(why, text));
}

static struct sent data_frame(void)
{
	const struct weft_event event = {
		.type = WEFT_EVENT_DATA,
		.dir = WEFT_TO_CLIENT,
		.time_ns = 1795233600123456789ull,
		.flow = &flow,
		.data = {.bytes = (const uint8_t *)"hello", .len_bytes = 5, .off = 1ull << 40},
	};

	return write_frame(&event);
}

static void set_u32(struct sent *sent, size_t off, uint32_t value)
{
	value = htobe32(value);
	memcpy(sent->bytes + off, &value, sizeof(value));
}

static void set_head(struct sent *sent, uint16_t head)
{
	head = htobe16(head);
	memcpy(sent->bytes + 6, &head, sizeof(head));
}

/* ---- round trips ---- */

TEST(client_frame_of_open_has_the_connection)
{
	const struct weft_event event = {
		.type = WEFT_EVENT_OPEN,
		.time_ns = 5,
		.flow = &flow,
		.open = {.off = {100, 1ull << 33},
			 .isn = {0, 0xfffffffe},
			 .has_isn = {false, true},
			 .midway = true},
	};
	struct sent sent = write_frame(&event);
	struct wf_client_frame frame;
	struct weft_event got;
	struct weft_flow copy;
	char text[16];

	read_frame(&sent, &frame, &got, NULL);
	copy = wf_client_frame_flow(&frame);
	assert_memory_equal(&copy, &flow, sizeof(flow));
	assert_int_equal(got.type, WEFT_EVENT_OPEN);
	assert_int_equal(got.time_ns, 5);
	assert_int_equal(got.open.off[0], 100);
	assert_int_equal(got.open.off[1], 1ull << 33);
	assert_false(got.open.has_isn[0]);
	assert_true(got.open.has_isn[1]);
	assert_int_equal(got.open.isn[1], 0xfffffffe);
	assert_true(got.open.midway);
	assert_false(got.open.midstream);
	wf_client_frame_text(&frame, text, sizeof(text));
	assert_string_equal(text, "eth0");
	free(sent.bytes);
}

TEST(client_frame_of_open_has_the_documented_flags_and_isns)
{
	static const uint8_t expected[] = {6, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 0, 0, 0, 0, 0};
	const struct weft_event event = {
		.type = WEFT_EVENT_OPEN,
		.flow = &flow,
		.open = {.isn = {0x01020304, 0}, .has_isn = {true, false}, .midstream = true},
	};
	struct sent sent = write_frame(&event);
	struct wf_client_frame frame;
	struct weft_event got;

	assert_memory_equal(sent.bytes + 91, expected, sizeof(expected));
	read_frame(&sent, &frame, &got, NULL);
	assert_true(got.open.midstream);
	assert_false(got.open.midway);
	assert_true(got.open.has_isn[0]);
	assert_false(got.open.has_isn[1]);
	free(sent.bytes);
}

TEST(client_frame_of_data_has_the_documented_bytes)
{
	static const uint8_t expected[] = {
		0,    0,    0,	  37,	2,    1,    0,	  32,	0,    0x1f, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0x18, 0xe9, 0xf3, 0x72, 0xa0, 0x34, 0x4d, 0x15, 0,	0,
		1,    0,    0,	  0,	0,    0,    'h',  'e',	'l',  'l',  'o'};
	struct sent sent = data_frame();
	struct wf_client_frame frame;
	struct weft_event got;

	read_frame(&sent, &frame, &got, NULL);
	assert_int_equal(got.type, WEFT_EVENT_DATA);
	assert_int_equal(got.dir, WEFT_TO_CLIENT);
	assert_int_equal(got.time_ns, 1795233600123456789ull);
	assert_int_equal(got.data.off, 1ull << 40);
	assert_int_equal(got.data.len_bytes, 5);
	assert_memory_equal(got.data.bytes, "hello", 5);
	assert_int_equal(sent.len, sizeof(expected));
	assert_memory_equal(sent.bytes, expected, sizeof(expected));
	free(sent.bytes);
}

TEST(client_frame_of_gap_has_range_cause_and_its_name)
{
	const struct weft_event event = {
		.type = WEFT_EVENT_GAP,
		.flow = &flow,
		.gap = {.off = 7, .len_bytes = 1ull << 35, .cause = WEFT_GAP_LIMIT},
	};
	struct sent sent = write_frame(&event);
	struct wf_client_frame frame;
	struct weft_event got;
	char text[16];

	read_frame(&sent, &frame, &got, NULL);
	assert_int_equal(got.gap.off, 7);
	assert_int_equal(got.gap.len_bytes, 1ull << 35);
	assert_int_equal(got.gap.cause, WEFT_GAP_LIMIT);
	wf_client_frame_text(&frame, text, sizeof(text));
	assert_string_equal(text, "limit");
	free(sent.bytes);
}

TEST(client_frame_of_close_has_the_whole_record)
{
	struct weft_flow_record record = {
		.start_ns = 1,
		.end_ns = 2,
		.counts = {{.packets = 3,
			    .bytes = 4,
			    .stream_bytes = 5,
			    .gap_bytes = 6,
			    .gap_count = 7,
			    .retransmitted_segments = 8,
			    .overlap_segments = 9,
			    .conflict_segments = 10,
			    .out_of_order_segments = 11,
			    .tcp_flags = 0x1ff,
			    .late_bytes = 12,
			    .bypassed_packets = 13,
			    .bypassed_bytes = 14},
			   {.packets = 1ull << 50}},
		.reason = WEFT_CLOSE_RST,
		.state = WEFT_FLOW_CLOSED,
		.midstream = true,
		.wrong_checksums = {false, true},
		.bypassed = {true, false},
		.tcp_state = WEFT_TCP_LAST_ACK,
	};
	const struct weft_event event = {.type = WEFT_EVENT_CLOSE, .flow = &flow, .close = &record};
	struct sent sent = write_frame(&event);
	struct weft_flow_record copy;
	struct wf_client_frame frame;
	struct weft_event got;

	read_frame(&sent, &frame, &got, &copy);
	assert_ptr_equal(got.close, &copy);
	assert_memory_equal(&copy, &record, sizeof(record));
	free(sent.bytes);
}

TEST(client_frame_of_anomaly_has_both_versions)
{
	const struct weft_event event = {
		.type = WEFT_EVENT_ANOMALY,
		.flow = &flow,
		.anomaly = {.kind = WEFT_ANOMALY_OVERLAP_CONFLICT,
			    .off = 9,
			    .len_bytes = 100,
			    .kept = (const uint8_t *)"kept",
			    .lost = (const uint8_t *)"lost",
			    .shown_bytes = 4},
	};
	struct sent sent = write_frame(&event);
	struct wf_client_frame frame;
	struct weft_event got;

	read_frame(&sent, &frame, &got, NULL);
	assert_int_equal(got.anomaly.kind, WEFT_ANOMALY_OVERLAP_CONFLICT);
	assert_int_equal(got.anomaly.off, 9);
	assert_int_equal(got.anomaly.len_bytes, 100);
	assert_int_equal(got.anomaly.shown_bytes, 4);
	assert_memory_equal(got.anomaly.kept, "kept", 4);
	assert_memory_equal(got.anomaly.lost, "lost", 4);
	free(sent.bytes);
}

TEST(client_frame_of_loss_has_its_range)
{
	const struct weft_event event = {
		.type = WEFT_EVENT_DROP,
		.dir = WEFT_TO_CLIENT,
		.flow = &flow,
		.drop = {.events = 1,
			 .data_bytes = 2,
			 .off = 3,
			 .len_bytes = 4,
			 .connections = 5,
			 .closes = 6},
	};
	struct sent sent = write_frame(&event);
	struct wf_client_frame frame;
	struct weft_event got;

	read_frame(&sent, &frame, &got, NULL);
	assert_int_equal(got.type, WEFT_EVENT_DROP);
	assert_int_equal(got.dir, WEFT_TO_CLIENT);
	assert_memory_equal(&got.drop, &event.drop, sizeof(event.drop));
	free(sent.bytes);
}

TEST(client_frame_of_a_sum_of_losses_has_no_connection)
{
	const struct weft_event event = {.type = WEFT_EVENT_DROP, .drop = {.events = 1}};
	struct sent sent = write_frame(&event);
	struct wf_client_frame frame;
	struct weft_event got;

	read_frame(&sent, &frame, &got, NULL);
	assert_int_equal(frame.flow_id, 0);
	free(sent.bytes);
}

TEST(client_frame_of_end_is_no_event)
{
	struct iovec parts[WF_FRAME_PARTS_MAX];
	struct wf_wire_frame fields;
	struct sent sent = join(parts, wf_frame_write_end(WEFT_CLIENT_END_IDLE,
							  "a\x1b"
							  "b",
							  1, &fields, parts));
	struct wf_client_frame frame;
	struct weft_event got;
	const char *why;
	char text[3];

	assert_int_equal(wf_client_frame_read(sent.bytes, sent.len, &frame, &why), 1);
	assert_false(wf_client_frame_event(&frame, &got, NULL));
	assert_int_equal(be32toh(frame.fields.end.reason_be), WEFT_CLIENT_END_IDLE);
	wf_client_frame_text(&frame, text, sizeof(text));
	assert_string_equal(text, "a?");
	free(sent.bytes);
}

/* ---- what an agent may not send ---- */

TEST(client_frame_that_is_cut_off_is_incomplete)
{
	struct sent sent = data_frame();

	for (size_t len = 0; len < sent.len; len++) {
		uint8_t *cut = malloc(len ? len : 1);
		struct wf_client_frame frame;
		const char *why;

		memcpy(cut, sent.bytes, len);
		assert_int_equal(wf_client_frame_read(cut, len, &frame, &why), 0);
		free(cut);
	}
	free(sent.bytes);
}

TEST(client_frame_with_a_lying_length_is_rejected)
{
	struct sent sent = data_frame();

	for (uint32_t len = 0; len < WEFT_CLIENT_HEADER_BYTES; len++) {
		set_u32(&sent, 0, len);
		assert_error(&sent, "shorter");
	}
	set_u32(&sent, 0, WEFT_CLIENT_FRAME_MAX_BYTES + 1);
	assert_error(&sent, "longer");
	set_u32(&sent, 0, UINT32_MAX);
	sent.len = 4;
	assert_error(&sent, "longer");
	free(sent.bytes);
}

TEST(client_frame_whose_payload_begins_elsewhere_is_rejected)
{
	struct sent sent = data_frame();

	for (unsigned int head = 0; head <= UINT16_MAX; head += head < 100 ? 1 : 977) {
		if (head >= 32 && head < sent.len)
			continue;
		set_head(&sent, (uint16_t)head);
		/* A payload that begins at the end of the frame is empty. */
		assert_error(&sent, head == sent.len ? "range" : "outside");
	}
	free(sent.bytes);
}

TEST(client_frame_with_a_wrong_direction_or_no_flow_is_rejected)
{
	struct sent sent = data_frame();

	sent.bytes[5] = 2;
	assert_error(&sent, "direction");
	sent.bytes[5] = 0;
	memset(sent.bytes + 8, 0, 8);
	assert_error(&sent, "flow id");
	free(sent.bytes);
}

TEST(client_frame_whose_range_overflows_is_rejected)
{
	struct sent sent = data_frame();

	memset(sent.bytes + 24, 0xff, 8);
	assert_error(&sent, "range");
	free(sent.bytes);
}

TEST(client_frame_of_anomaly_that_shows_more_than_it_has_is_rejected)
{
	const struct weft_event event = {
		.type = WEFT_EVENT_ANOMALY, .flow = &flow, .anomaly = {.kind = WEFT_ANOMALY_PAWS}};
	struct sent sent = write_frame(&event);

	set_u32(&sent, 44, 3); /* the payload is "paws" */
	assert_error(&sent, "exceed");
	set_u32(&sent, 44, UINT32_MAX);
	assert_error(&sent, "exceed");
	free(sent.bytes);
}

TEST(client_frame_of_unknown_type_is_skipped)
{
	struct sent sent = data_frame();
	struct wf_client_frame frame;
	struct weft_event got;
	const char *why;

	for (unsigned int type = 0; type < 256; type++) {
		if (type >= WEFT_CLIENT_OPEN && type <= WEFT_CLIENT_END)
			continue;
		sent.bytes[4] = (uint8_t)type;
		assert_int_equal(wf_client_frame_read(sent.bytes, sent.len, &frame, &why), 1);
		assert_int_equal(frame.len_bytes, sent.len);
		assert_false(wf_client_frame_event(&frame, &got, NULL));
	}
	free(sent.bytes);
}

TEST(client_frame_with_fields_of_a_later_version_is_read)
{
	struct sent sent = data_frame();
	struct wf_client_frame frame;
	struct weft_event got;

	set_head(&sent, 34);
	read_frame(&sent, &frame, &got, NULL);
	assert_int_equal(got.data.len_bytes, 3);
	assert_memory_equal(got.data.bytes, "llo", 3);
	free(sent.bytes);
}

/* Reads every byte that @event lends, so that the address sanitizer finds one that is not there. */
static unsigned int touch(const struct weft_event *event)
{
	unsigned int sum = 0;

	if (event->type == WEFT_EVENT_DATA)
		for (uint32_t i = 0; i < event->data.len_bytes; i++)
			sum += event->data.bytes[i];
	if (event->type == WEFT_EVENT_ANOMALY)
		for (uint32_t i = 0; i < event->anomaly.shown_bytes; i++)
			sum += event->anomaly.kept[i] + event->anomaly.lost[i];
	return sum;
}

TEST(client_frame_with_random_bytes_never_points_outside)
{
	enum { ROUNDS = 100000, BYTES_MAX = 260 };
	uint32_t random = 1, valid = 0;

	for (int round = 0; round < ROUNDS; round++) {
		size_t len = WEFT_CLIENT_HEADER_BYTES + (random >> 8) % BYTES_MAX;
		struct sent sent = {.bytes = malloc(len), .len = len};
		struct weft_flow_record record;
		struct wf_client_frame frame;
		struct weft_event event;
		const char *why;
		int got;

		for (size_t i = 0; i < len; i++) {
			random = random * 1664525 + 1013904223;
			sent.bytes[i] = random >> 31 ? 0 : (uint8_t)(random >> 16);
		}
		set_u32(&sent, 0, (uint32_t)len);
		sent.bytes[4] = (uint8_t)(random >> 20) % 9;
		sent.bytes[5] &= 1;
		set_head(&sent, (uint16_t)(WEFT_CLIENT_HEADER_BYTES + (random >> 10) % BYTES_MAX));
		got = wf_client_frame_read(sent.bytes, len, &frame, &why);
		assert_true(got == 1 || got == -EPROTO);
		if (got == 1 && wf_client_frame_event(&frame, &event, &record)) {
			touch(&event);
			valid++;
		}
		free(sent.bytes);
	}
	assert_true(valid > ROUNDS / 20);
}
