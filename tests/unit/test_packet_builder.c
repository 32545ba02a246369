// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_packet_builder.c - checksums, lengths and protocol numbers of the builder's frames; the sum
 * is tested with a published IPv4 header.
 */
#include "unit/support/test.h"

#include <string.h>

#include "unit/support/packet_builder.h"

/* The IPv4 header example of many textbooks: checksum 0xb861. */
TEST(builder_ipv4_checksum_is_the_textbook_one)
{
	static const uint8_t header[20] = {0x45, 0, 0,	 0x73, 0, 0, 0x40, 0,	0x40, 0x11,
					   0,	 0, 192, 168,  0, 1, 192,  168, 0,    199};

	assert_int_equal((uint16_t)~pb_fold(pb_sum(header, sizeof(header))), 0xb861);
}

TEST(builder_segment_sums_to_all_ones)
{
	static struct packet_builder pb;
	struct wf_frame frame;
	const uint8_t *ip, *tcp;

	pb_segment(&pb, "10.0.0.1", "10.0.0.2",
		   &(struct pb_tcp){.src_port = 1, .dst_port = 2, .flags = 0x18}, "odd", 3);
	pb_frame(&pb, 5, &frame);
	ip = frame.bytes + 14;
	tcp = ip + 20;
	assert_int_equal(frame.cap_bytes, 14 + 20 + 20 + 3);
	assert_int_equal(pb_get16(frame.bytes + 12), 0x0800);
	assert_int_equal(pb_get16(ip + 2), 43);
	assert_int_equal(pb_fold(pb_sum(ip, 20)), 0xffff);
	assert_int_equal(pb_fold(pb_sum(ip + 12, 8) + 6 + 23 + pb_sum(tcp, 23)), 0xffff);
	assert_memory_equal(tcp + 20, "odd", 3);
}

TEST(builder_nested_headers_name_each_other)
{
	static struct packet_builder pb;

	pb_init(&pb);
	pb_ethernet(&pb);
	pb_vlan(&pb, 0x88a8, 5);
	pb_ip(&pb, "10.0.0.1", "10.0.0.2");
	pb_gre(&pb, 0x2000, 9);
	pb_ip(&pb, "2001:db8::1", "2001:db8::2");
	pb_ipv6_ext(&pb, 60, NULL, 6);
	pb_tcp(&pb, &(struct pb_tcp){.src_port = 1});
	pb_finish(&pb);

	assert_int_equal(pb_get16(pb_at(&pb, PB_ETHERNET, 0) + 12), 0x88a8);
	assert_int_equal(pb_get16(pb_at(&pb, PB_VLAN, 0) + 2), 0x0800);
	assert_int_equal(pb_at(&pb, PB_IPV4, 0)[9], 47);
	assert_int_equal(pb_get16(pb_at(&pb, PB_GRE, 0) + 2), 0x86dd);
	assert_int_equal(pb_at(&pb, PB_IPV6, 0)[6], 60);
	assert_int_equal(pb_at(&pb, PB_IPV6_EXT, 0)[0], 6);
	assert_int_equal(pb_get16(pb_at(&pb, PB_IPV6, 0) + 4), 8 + 20);
}
