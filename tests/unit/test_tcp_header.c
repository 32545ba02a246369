// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <string.h>

#include "unit/support/decode_kinds.h"

static struct packet_builder pb;

/* Decodes a segment with these flags and options; the capture lacks the last @cut_bytes. */
static struct wf_packet decode_options(uint16_t flags, const void *options, uint8_t options_bytes,
				       uint32_t cut_bytes)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_segment(&pb, KIND_SRC, KIND_DST,
		   &(struct pb_tcp){.src_port = 1,
				    .dst_port = 2,
				    .seq = 0xfffffff0,
				    .ack = 0x80000001,
				    .flags = flags,
				    .window = 0xabcd,
				    .urgent = 0x1234,
				    .options = options,
				    .options_bytes = options_bytes},
		   "xyz", 3);
	pb_frame(&pb, 0, &frame);
	frame.cap_bytes -= cut_bytes;
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_VERIFY);
	assert_int_equal(decoded.result, WF_DECODE_TCP);
	assert_int_equal(decoded.packet.payload_bytes, 3);
	decoded_fini(&decoded);
	return decoded.packet;
}

TEST(tcp_fields_are_in_host_order)
{
	struct wf_packet packet = decode_options(0x1ff, NULL, 0, 0);

	assert_int_equal(packet.seq, 0xfffffff0);
	assert_int_equal(packet.ack, 0x80000001);
	assert_int_equal(packet.window, 0xabcd);
	assert_int_equal(packet.urgent, 0x1234);
	assert_int_equal(packet.tcp_flags, WF_TCP_FIN | WF_TCP_SYN | WF_TCP_RST | WF_TCP_PSH |
						   WF_TCP_ACK | WF_TCP_URG | WF_TCP_ECE |
						   WF_TCP_CWR | WF_TCP_AE);
	assert_int_equal(packet.options, 0);
}

TEST(tcp_timestamp_aligned_and_not_are_the_same)
{
	static const uint8_t aligned[] = {1, 1, 8, 10, 0, 0, 1, 2, 0x80, 0, 3, 4};
	static const uint8_t last[] = {8, 10, 0, 0, 1, 2, 0x80, 0, 3, 4, 1, 1};
	struct wf_packet a = decode_options(WF_TCP_ACK, aligned, sizeof(aligned), 0);
	struct wf_packet b = decode_options(WF_TCP_ACK, last, sizeof(last), 0);

	assert_int_equal(a.options, WF_TCP_OPT_TIMESTAMP);
	assert_int_equal(b.options, WF_TCP_OPT_TIMESTAMP);
	assert_int_equal(a.ts_val, 0x0102);
	assert_int_equal(b.ts_val, a.ts_val);
}

static const uint8_t syn_options[] = {2, 4, 0x05, 0xb4, 4, 2,  8,  10, 0, 0, 0, 1, 0, 0, 0,
				      2, 1, 3,	  3,	7, 34, 10, 1,  2, 3, 4, 5, 6, 7, 8};

TEST(tcp_syn_options_are_read)
{
	struct wf_packet packet = decode_options(WF_TCP_SYN, syn_options, sizeof(syn_options), 0);

	assert_int_equal(packet.options, WF_TCP_OPT_WSCALE | WF_TCP_OPT_TIMESTAMP);
	assert_int_equal(packet.wscale, 7);
	assert_int_equal(packet.ts_val, 1);
}

/* Options of SYNs as Linux, Windows and macOS send them. */
static const uint8_t linux_syn[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};
static const uint8_t windows_syn[] = {2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2};
static const uint8_t macos_syn[] = {2, 4, 5, 0xb4, 1, 3, 3, 6, 1, 1, 8, 10,
				    1, 2, 3, 4,	   0, 0, 0, 0, 4, 2, 0, 0};

/* Check that @options mean the same after an unknown option, which ends the parsing by words. */
static void assert_words_mean_the_same(const uint8_t *options, uint8_t bytes)
{
	uint8_t after[40] = {254, 4, 0, 0};
	struct wf_packet a, b;

	memcpy(after + 4, options, bytes);
	a = decode_options(WF_TCP_SYN, options, bytes, 0);
	b = decode_options(WF_TCP_SYN, after, (uint8_t)(bytes + 4), 0);
	assert_int_equal(a.options, b.options);
	assert_int_equal(a.wscale, b.wscale);
	assert_int_equal(a.ts_val, b.ts_val);
}

/* The same for @options with any one byte changed to any value. */
static void assert_any_change_is_read(const uint8_t *options, uint8_t bytes)
{
	uint8_t changed[40];

	for (uint8_t at = 0; at < bytes; at++) {
		memcpy(changed, options, bytes);
		for (unsigned int value = 0; value <= UINT8_MAX; value++) {
			changed[at] = (uint8_t)value;
			assert_words_mean_the_same(changed, bytes);
		}
	}
}

TEST(tcp_syn_options_mean_the_same_by_words_and_by_bytes)
{
	assert_any_change_is_read(linux_syn, sizeof(linux_syn));
	assert_any_change_is_read(windows_syn, sizeof(windows_syn));
	assert_any_change_is_read(macos_syn, sizeof(macos_syn));
}

TEST(tcp_syn_options_without_syn_do_not_count)
{
	struct wf_packet packet = decode_options(WF_TCP_ACK, syn_options, sizeof(syn_options), 0);

	assert_int_equal(packet.options, WF_TCP_OPT_TIMESTAMP);
	assert_int_equal(packet.wscale, 0);
}

TEST(tcp_window_scale_above_14_counts_as_14)
{
	assert_int_equal(decode_options(WF_TCP_SYN, "\3\3\377\1", 4, 0).wscale, 14);
	assert_int_equal(decode_options(WF_TCP_SYN, "\3\3\16\1", 4, 0).wscale, 14);
	assert_int_equal(decode_options(WF_TCP_SYN, "\3\3\15\1", 4, 0).wscale, 13);
}

TEST(tcp_option_of_wrong_length_is_passed_over)
{
	struct wf_packet packet =
		decode_options(WF_TCP_SYN, "\2\3\1\3\4\7\7\4\3\1\1\1\10\2\3\3\5\0\0", 19, 0);

	/*
	 * Options with wrong lengths (MSS 3, window scale 4, SACK permitted 3, timestamp 2), then a
	 * valid window scale
	 */
	assert_int_equal(packet.options, WF_TCP_OPT_WSCALE);
	assert_int_equal(packet.wscale, 5);
}

TEST(tcp_option_that_lies_ends_the_list)
{
	static const char *const lies[] = {
		"\3\3\2\2\6\1\1\1", /* length exceeds the list */
		"\3\3\2\2\0\1\1\1", /* length 0 */
		"\3\3\2\2\1\1\1\1", /* length 1 */
		"\3\3\2\1\1\1\1\2", /* no length byte */
	};

	for (unsigned int i = 0; i < 4; i++) {
		struct wf_packet packet = decode_options(WF_TCP_SYN, lies[i], 8, 0);

		assert_int_equal(packet.options, WF_TCP_OPT_WSCALE);
		assert_int_equal(packet.wscale, 2);
	}
}

TEST(tcp_window_scale_of_wrong_length_is_not_read)
{
	assert_int_equal(decode_options(WF_TCP_SYN, "\3\4\7\7", 4, 0).options, 0);
	assert_int_equal(decode_options(WF_TCP_SYN, "\3\2\7\1", 4, 0).options, 0);
	assert_int_equal(decode_options(WF_TCP_SYN, "\3\2\1\1", 4, 0).options, 0);
}

TEST(tcp_nothing_counts_after_an_option_that_lies)
{
	static const char *const lies[] = {
		"\2\0\3\3\7\1\1\1",   /* length 0 */
		"\2\1\3\3\7\1\1\1",   /* length 1 */
		"\2\377\3\3\7\1\1\1", /* length exceeds the list */
	};

	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(decode_options(WF_TCP_SYN, lies[i], 8, 0).options, 0);
}

TEST(tcp_options_of_unknown_kinds_are_passed_over)
{
	/*
	 * User time-out, AccECN, MPTCP, and an unassigned kind whose contents look like other
	 * options
	 */
	struct wf_packet packet = decode_options(
		WF_TCP_SYN, "\34\4\3\3\254\5\3\3\6\36\4\2\4\310\6\3\3\4\0\3\3\11\1", 23, 0);

	assert_int_equal(packet.options, WF_TCP_OPT_WSCALE);
	assert_int_equal(packet.wscale, 9);
}

TEST(tcp_nothing_counts_after_end_of_list)
{
	assert_int_equal(decode_options(WF_TCP_SYN, "\0\3\3\7", 4, 0).options, 0);
}

TEST(tcp_options_all_40_bytes)
{
	uint8_t nops[40];

	memset(nops, 1, sizeof(nops));
	assert_int_equal(decode_options(WF_TCP_SYN, nops, 40, 0).options, 0);
	memcpy(nops + 37, "\3\3\6", 3);
	assert_int_equal(decode_options(WF_TCP_SYN, nops, 40, 0).wscale, 6);
}

/* The capture lacks some or all bytes of the options, but the segment and its length are known. */
TEST(tcp_options_cut_by_capture_still_give_the_segment)
{
	static const uint8_t stamp[] = {1, 1, 8, 10, 0, 0, 1, 2, 0x80, 0, 3, 4};

	for (uint32_t cut = 4; cut <= 15; cut++) {
		struct wf_packet packet = decode_options(WF_TCP_ACK, stamp, sizeof(stamp), cut);

		assert_int_equal(packet.options, 0);
		assert_int_equal(packet.payload_captured_bytes, 0);
	}
}

TEST(tcp_header_length_too_small_is_malformed)
{
	for (int words = 0; words < 5; words++) {
		pb_segment(&pb, KIND_SRC, KIND_DST, &(struct pb_tcp){.src_port = 1}, "xyz", 3);
		pb_at(&pb, PB_TCP, 0)[12] = (uint8_t)(words << 4);
		pb_fix_checksums(&pb);
		assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_VERIFY), WF_DECODE_MALFORMED);
	}
}

TEST(tcp_header_length_beyond_the_datagram_is_malformed)
{
	for (int words = 6; words < 16; words++) {
		pb_segment(&pb, KIND_SRC, KIND_DST, &(struct pb_tcp){.src_port = 1}, "xyz", 3);
		pb_at(&pb, PB_TCP, 0)[12] = (uint8_t)(words << 4);
		pb_fix_checksums(&pb);
		/* Padding after the datagram must not be read as a header either. */
		pb_data(&pb, NULL, 60);
		assert_int_equal(decode_builder(&pb, WEFT_CHECKSUM_IGNORE), WF_DECODE_MALFORMED);
	}
}

TEST(tcp_header_that_fills_the_datagram_has_no_payload)
{
	struct decoded decoded;
	struct wf_frame frame;

	pb_segment(&pb, KIND_SRC, KIND_DST, &(struct pb_tcp){.src_port = 1}, "\1\1\1\1", 4);
	pb_at(&pb, PB_TCP, 0)[12] = 6 << 4;
	pb_fix_checksums(&pb);
	pb_frame(&pb, 0, &frame);
	decoded_init(&decoded, &frame, WEFT_CHECKSUM_VERIFY);
	assert_int_equal(decoded.result, WF_DECODE_TCP);
	assert_int_equal(decoded.packet.payload_bytes, 0);
	decoded_fini(&decoded);
}
