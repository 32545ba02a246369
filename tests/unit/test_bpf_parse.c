// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_bpf_parse.c - the XDP program accepts the same frames as decode in user space, and both
 * compute the same hash. Needs root to load the program; skipped otherwise.
 */
#include "unit/support/test.h"
#include "unit/support/corpus.h"

#include <ftw.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/support/decode_kinds.h"
#include "unit/support/xdp_rig.h"

static struct xdp_rig rig;
static struct packet_builder pb;
static struct wf_decoder decoder;

static int setup(void **state)
{
	decoder = (struct wf_decoder){.secret = decode_secret, .checksum = WEFT_CHECKSUM_IGNORE};
	*state = xdp_rig_open(&rig, 2, NULL) ? &rig : NULL;
	return 0;
}

static int teardown(void **state)
{
	xdp_rig_close(&rig);
	return 0;
}

/*
 * Asserts that the XDP program steers every frame that decode reports as a segment or fragment, and
 * computes decode's hash. @exactly: it must steer no other frame. @replay_only: the program does
 * not read this tunnel and passes the frame.
 */
static enum wf_decode_result assert_agree(const struct wf_frame *frame, bool exactly,
					  bool replay_only)
{
	struct wf_packet packet;
	enum wf_decode_result result = wf_decode(&decoder, frame, &packet);
	bool wanted = result == WF_DECODE_TCP || result == WF_DECODE_FRAGMENT;
	bool steered;

	if (frame->cap_bytes < 14)
		return result;
	steered = xdp_rig_run(&rig, frame->bytes, frame->cap_bytes);
	if (replay_only) {
		assert_false(steered);
		return result;
	}
	if (wanted) {
		assert_true(steered);
		assert_int_equal(rig.meta.hash, wf_decode_steer_hash(&decoder, frame, NULL));
	}
	if (exactly)
		assert_int_equal(steered, wanted);
	if (!steered)
		assert_int_equal(rig.action, XDP_RIG_PASS);
	return result;
}

static enum wf_decode_result assert_built_agree(bool exactly)
{
	struct wf_frame frame;

	pb_frame(&pb, 0, &frame);
	return assert_agree(&frame, exactly, false);
}

TEST(parse_every_kind_is_steered_with_the_hash_of_decode)
{
	unsigned int kinds = 0;

	if (!*state)
		skip();
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		decode_kind_build(&decode_kinds[i], &pb);
		if (!decode_kind_is_for_kernel(&decode_kinds[i], &pb))
			continue;
		assert_int_equal(assert_built_agree(true), WF_DECODE_TCP);
		kinds++;
	}
	assert_true(kinds >= 30);
}

/* A frame that is cut before the end of its TCP header is passed, any longer one is steered. */
TEST(parse_cut_at_every_byte_passes_until_tcp_is_whole)
{
	if (!*state)
		skip();
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		uint32_t tcp_off;

		decode_kind_build(&decode_kinds[i], &pb);
		if (!decode_kind_is_for_kernel(&decode_kinds[i], &pb))
			continue;
		tcp_off = (uint32_t)(pb_at(&pb, PB_TCP, 0) - pb.bytes);
		for (uint32_t len = 14; len <= pb.len_bytes; len++) {
			bool steered = xdp_rig_run(&rig, pb.bytes, len);

			assert_int_equal(steered, len >= tcp_off + 20);
		}
	}
}

/*
 * Sets each byte from the EtherType up to the TCP header to each of several values: the XDP program
 * must still steer every frame that decode accepts.
 */
TEST(parse_changed_bytes_agree_with_decode)
{
	static const uint8_t values[] = {0, 1, 4, 6, 0x11, 0x2f, 0x45, 0x60, 0x88, 0xff};

	if (!*state)
		skip();
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		uint32_t end;

		decode_kind_build(&decode_kinds[i], &pb);
		if (!decode_kind_is_for_kernel(&decode_kinds[i], &pb))
			continue;
		end = (uint32_t)(pb_at(&pb, PB_TCP, 0) - pb.bytes);
		for (uint32_t off = 12; off < end; off++) {
			uint8_t was = pb.bytes[off];

			for (size_t v = 0; v < sizeof(values); v++) {
				pb.bytes[off] = values[v];
				assert_built_agree(false);
			}
			pb.bytes[off] = was;
		}
	}
}

static void build_fragment(bool ip6, uint8_t proto, uint32_t off_bytes, bool more)
{
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, ip6 ? KIND_SRC6 : KIND_SRC, ip6 ? KIND_DST6 : KIND_DST);
	if (ip6)
		pb_ipv6_fragment(&pb, 0x12345678, off_bytes, more);
	else
		pb_ipv4_set_fragment(&pb, 0x1234, off_bytes, more);
	pb_set_proto(&pb, proto);
	pb_data(&pb, NULL, 64);
	pb_finish(&pb);
}

TEST(parse_fragments_share_one_hash_whatever_their_place)
{
	uint32_t hash;

	if (!*state)
		skip();
	for (int ip6 = 0; ip6 < 2; ip6++) {
		build_fragment(ip6, 6, 0, true);
		assert_int_equal(assert_built_agree(true), WF_DECODE_FRAGMENT);
		hash = rig.meta.hash;
		build_fragment(ip6, 6, 64, true);
		assert_int_equal(assert_built_agree(true), WF_DECODE_FRAGMENT);
		assert_int_equal(rig.meta.hash, hash);
		build_fragment(ip6, 6, 128, false);
		assert_int_equal(assert_built_agree(true), WF_DECODE_FRAGMENT);
		assert_int_equal(rig.meta.hash, hash);
	}
}

/* A fragment with id 0 is valid, and is steered by the hash of a fragment. */
TEST(parse_fragment_of_id_zero_has_the_hash_of_decode)
{
	if (!*state)
		skip();
	for (int ip6 = 0; ip6 < 2; ip6++) {
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ip(&pb, ip6 ? KIND_SRC6 : KIND_SRC, ip6 ? KIND_DST6 : KIND_DST);
		if (ip6)
			pb_ipv6_fragment(&pb, 0, 64, true);
		else
			pb_ipv4_set_fragment(&pb, 0, 64, true);
		pb_set_proto(&pb, 6);
		pb_data(&pb, NULL, 64);
		pb_finish(&pb);
		assert_int_equal(assert_built_agree(true), WF_DECODE_FRAGMENT);
	}
}

/* The program steers nested headers up to the depth that user space decodes. */
TEST(parse_nested_up_to_the_limit_agrees_with_decode)
{
	if (!*state)
		skip();
	for (int depth = 1; depth <= WEFT_TUNNEL_DEPTH_MAX + 1; depth++) {
		bool follows = depth <= WEFT_TUNNEL_DEPTH_MAX;

		pb_init(&pb);
		pb_ethernet(&pb);
		for (int i = 0; i < depth; i++)
			pb_ip(&pb, "192.0.2.1", "192.0.2.2");
		pb_ip(&pb, KIND_SRC, KIND_DST);
		pb_tcp(&pb, &(struct pb_tcp){.src_port = 1, .dst_port = 2, .flags = 16});
		pb_finish(&pb);
		assert_int_equal(assert_built_agree(true),
				 follows ? WF_DECODE_TCP : WF_DECODE_MALFORMED);
	}
}

TEST(parse_fragments_of_other_protocols_pass)
{
	if (!*state)
		skip();
	for (int ip6 = 0; ip6 < 2; ip6++) {
		build_fragment(ip6, ip6 ? 58 : 1, 0, true);
		assert_int_equal(assert_built_agree(true), WF_DECODE_NOT_TCP);
	}
}

TEST(parse_routing_header_counts_the_route_end)
{
	static const uint8_t routes[][3] = {{0, 1, 0}, {2, 1, 0}, {4, 1, 0}, {9, 1, 0}, {0, 0, 0}};
	uint8_t body[38] = {0};

	if (!*state)
		skip();
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		body[0] = routes[i][0];
		body[1] = routes[i][1];
		body[6] = 0x20;
		body[21] = 1;
		body[22] = 0x20;
		body[37] = 2;
		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ip(&pb, KIND_SRC6, KIND_DST6);
		pb_ipv6_ext(&pb, 43, body, sizeof(body));
		pb_tcp(&pb, &(struct pb_tcp){.src_port = 1, .dst_port = 2, .flags = 16});
		pb_finish(&pb);
		assert_int_equal(assert_built_agree(true), WF_DECODE_TCP);
	}
}

/* Both directions have the same hash, with IPv4 and with IPv6. */
TEST(parse_both_directions_reach_one_worker)
{
	uint32_t hash;

	if (!*state)
		skip();
	for (uint16_t port = 1000; port < 1100; port++) {
		assert_true(xdp_rig_segment(&rig, "10.0.0.1", port, "10.0.0.2", 80, 0x18, 5));
		hash = rig.meta.hash;
		assert_true(xdp_rig_segment(&rig, "10.0.0.2", 80, "10.0.0.1", port, 0x18, 5));
		assert_int_equal(rig.meta.hash, hash);
		assert_true(xdp_rig_segment(&rig, "2001:db8::1", port, "2001:db8::2", 80, 0x18, 5));
		hash = rig.meta.hash;
		assert_true(xdp_rig_segment(&rig, "2001:db8::2", 80, "2001:db8::1", port, 0x18, 5));
		assert_int_equal(rig.meta.hash, hash);
	}
}

TEST(parse_ports_of_vxlan_replace_the_default_ones)
{
	static const struct weft_tunnel_ports ports = {.vxlan = {10800}, .geneve = {6081}};
	const struct wf_xdp_opts opts = {.tunnel_ports = &ports};
	struct xdp_rig other;

	if (!*state)
		skip();
	assert_true(xdp_rig_open(&other, 2, &opts));
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		if (strcmp(decode_kinds[i].name, "vxlan") != 0)
			continue;
		decode_kind_build(&decode_kinds[i], &pb);
		assert_true(xdp_rig_run_built(&rig, &pb));
		assert_false(xdp_rig_run_built(&other, &pb));
		pb_put16(pb_at(&pb, PB_UDP, 0) + 2, 10800);
		assert_false(xdp_rig_run_built(&rig, &pb));
		assert_true(xdp_rig_run_built(&other, &pb));
	}
	xdp_rig_close(&other);
}

static unsigned int files, frames, segments;

static int agree_on_file(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	pcap_t *pcap;

	if (kind != FTW_F)
		return 0;
	pcap = pcap_open_offline(path, error);
	if (!pcap)
		return 0;
	files++;
	while (pcap_datalink(pcap) == DLT_EN10MB && pcap_next_ex(pcap, &header, &bytes) == 1) {
		struct wf_frame frame = {
			.bytes = bytes,
			.cap_bytes = header->caplen,
			.wire_bytes = header->len,
			.link = WEFT_LINK_ETHERNET,
		};
		enum wf_decode_result result;

		/*
		 * To the XDP program, a frame that the capture truncated ends there. Decode must
		 * judge the same frame, so the cut bytes do not count as bytes on the wire.
		 */
		frame.wire_bytes = frame.cap_bytes;
		if (frame.cap_bytes > 3000)
			continue;
		result = assert_agree(&frame, false, strstr(path, "/replay-only/"));
		segments += result == WF_DECODE_TCP || result == WF_DECODE_FRAGMENT;
		frames++;
	}
	pcap_close(pcap);
	return 0;
}

TEST(parse_every_frame_of_captures_agrees_with_decode)
{
	char path[4096];

	if (!*state)
		skip();
	snprintf(path, sizeof(path), "%s/captures", corpus_folder());
	assert_int_equal(nftw(path, agree_on_file, 16, FTW_PHYS), 0);
	assert_int_not_equal(files, 0);
	print_message("# %u files, %u frames, %u of them segments or fragments\n", files, frames,
		      segments);
	assert_int_not_equal(segments, 0);
}

TEST_GROUP(setup, teardown);
