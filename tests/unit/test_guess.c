// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_guess.c - each tunnel over UDP is recognised if it is sent to an unusual port; other
 * datagrams are not.
 */
#include "unit/support/test.h"

#include <string.h>

#include "unit/support/decode_kinds.h"
#include "unread/guess.h"

enum { PORT = 9999, UDP_OFF = 14 + 20, PAYLOAD_OFF = UDP_OFF + 8 };

static struct packet_builder pb;
static const struct wf_decoder decoder = {.checksum = WEFT_CHECKSUM_IGNORE};

static struct wf_guess guess_built(void)
{
	struct wf_frame frame;

	pb_frame(&pb, 0, &frame);
	return wf_guess(&decoder, &frame);
}

static void set_ports(uint16_t port)
{
	pb_put16(pb_at(&pb, PB_UDP, 0), port);
	pb_put16(pb_at(&pb, PB_UDP, 0) + 2, port);
}

static bool has_layer(enum pb_kind kind)
{
	for (uint32_t i = 0; i < pb.layers_count; i++)
		if (pb.layers[i].kind == kind)
			return true;
	return false;
}

static struct wf_guess guess_kind(const char *name)
{
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		if (strcmp(decode_kinds[i].name, name) != 0)
			continue;
		decode_kind_build(&decode_kinds[i], &pb);
		set_ports(PORT);
		return guess_built();
	}
	fail_msg("there is no kind %s", name);
	return (struct wf_guess){.kind = WF_GUESS_NOTHING};
}

TEST(guess_names_each_tunnel_over_udp)
{
	unsigned int tunnels = 0;

	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		struct wf_guess guess;

		decode_kind_build(&decode_kinds[i], &pb);
		if (!has_layer(PB_UDP))
			continue;
		set_ports(PORT);
		guess = guess_built();
		if (guess.kind == WF_GUESS_NOTHING || guess.kind == WF_GUESS_ETHERTYPE)
			fail_msg("%s on another port is not named", decode_kinds[i].name);
		assert_int_equal(guess.number, PORT);
		tunnels++;
	}
	assert_true(tunnels >= 15);
}

TEST(guess_says_which_tunnel)
{
	assert_int_equal(guess_kind("vxlan").kind, WF_GUESS_VXLAN);
	assert_int_equal(guess_kind("geneve ip").kind, WF_GUESS_GENEVE);
	assert_int_equal(guess_kind("lisp").usual_port, 4341);
	assert_int_equal(guess_kind("teredo").usual_port, 3544);
	assert_int_equal(guess_kind("gue").usual_port, 6080);
}

/* A datagram with any first two bytes, and zeros behind them, is not taken for a tunnel. */
TEST(guess_names_no_other_datagram)
{
	for (unsigned int first = 0; first < 0x10000; first++) {
		static const uint8_t rest[60] = {0};

		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ip(&pb, "10.0.0.1", "10.0.0.2");
		pb_udp(&pb, 53, 53);
		pb_data(&pb, rest, sizeof(rest));
		pb_put16(pb.bytes + PAYLOAD_OFF, (uint16_t)first);
		pb_finish(&pb);
		assert_int_equal(guess_built().kind, WF_GUESS_NOTHING);
	}
}

/* A tunnel whose lengths contradict each other is not recognised. */
TEST(guess_names_no_tunnel_with_wrong_lengths)
{
	assert_int_equal(guess_kind("vxlan").kind, WF_GUESS_VXLAN);
	pb_at(&pb, PB_IPV4, 1)[2] = 0x7f; /* length of the inner packet */
	assert_int_equal(guess_built().kind, WF_GUESS_NOTHING);
}

TEST(guess_cut_at_any_byte_reads_no_byte_beyond)
{
	guess_kind("vxlan");
	for (uint32_t bytes = 0; bytes < pb.len_bytes; bytes++) {
		struct decoded decoded;
		struct wf_frame frame;

		pb_frame(&pb, 0, &frame);
		frame.cap_bytes = bytes;
		decoded_init(&decoded, &frame, WEFT_CHECKSUM_IGNORE);
		(void)wf_guess(&decoder, &decoded.frame);
		decoded_fini(&decoded);
	}
}

TEST(guess_names_an_ethertype)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_tag(&pb, 0x88f7, "\0\1\2\3", 4, 0);
	pb_finish(&pb);
	assert_int_equal(guess_built().kind, WF_GUESS_ETHERTYPE);
	assert_int_equal(guess_built().number, 0x88f7);
}
