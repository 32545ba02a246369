/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet_builder.h - builds frames for tests, from the outermost header inwards.
 *
 * Each pb_*() appends one header and enters its protocol into the previous header; pb_finish()
 * then fills in lengths and checksums from the innermost header outwards. To build a wrong frame,
 * a test changes bytes at pb_at() afterwards.
 *
 * 	struct packet_builder pb;
 *
 * 	pb_init(&pb);
 * 	pb_ethernet(&pb);
 * 	pb_vlan(&pb, 0x8100, 42);
 * 	pb_ip(&pb, "10.0.0.1", "10.0.0.2");
 * 	pb_tcp(&pb, &(struct pb_tcp){.src_port = 1025, .dst_port = 80, .seq = 7, .flags = 0x18});
 * 	pb_data(&pb, "hello", 5);
 * 	pb_finish(&pb);
 * 	pb_frame(&pb, time_ns, &frame);
 *
 * pb_segment() does the same in one call, for Ethernet and TCP only.
 */
#ifndef TESTS_UNIT_SUPPORT_PACKET_BUILDER_H
#define TESTS_UNIT_SUPPORT_PACKET_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/frame.h"

enum { PB_BYTES_MAX = 80 * 1024, PB_LAYERS_MAX = 48 };

enum pb_kind {
	PB_NONE = 0,
	PB_ETHERNET,
	PB_VLAN,
	PB_MPLS,
	PB_PPPOE,
	PB_PPP,
	PB_SLL,
	PB_SLL2,
	PB_FAMILY, /* header of link types NULL and LOOP */
	PB_SNAP,
	PB_IPV4,
	PB_IPV6,
	PB_IPV6_EXT,
	PB_IPV6_FRAGMENT,
	PB_UDP,
	PB_TCP,
	PB_VXLAN,
	PB_GENEVE,
	PB_GTPU,
	PB_GRE,
	PB_ERSPAN,
	PB_TAG, /* any header that pb_tag() appended */
	PB_DATA,
};

struct pb_layer {
	enum pb_kind kind;
	uint32_t off;	   /* offset of the header's first byte */
	uint16_t type_off; /* PB_TAG: offset in the header of the next header's EtherType; or 0 */
};

struct packet_builder {
	size_t len_bytes;
	uint32_t layers_count;
	enum weft_link link; /* Ethernet: the first header determines the link type */
	struct pb_layer layers[PB_LAYERS_MAX];
	uint8_t bytes[PB_BYTES_MAX];
};

/*
 * Members have host byte order. A missing member is sent as zero, except that window 0 is sent as
 * 64240 unless window_zero is set.
 */
struct pb_tcp {
	uint16_t src_port;
	uint16_t dst_port;
	uint32_t seq;
	uint32_t ack;
	uint16_t flags; /* WF_TCP_*, 9 bits */
	uint16_t window;
	uint16_t urgent;
	const void *options;
	uint8_t options_bytes; /* padded with end-of-list options to a multiple of 4 */
	bool window_zero;
};

void pb_init(struct packet_builder *pb);

/* Append link-layer headers. */
void pb_ethernet(struct packet_builder *pb);
void pb_vlan(struct packet_builder *pb, uint16_t tpid, uint16_t tci);
/*
 * Append a header of @bytes, which @ethertype names. @type_off: offset in it of the EtherType of
 * the next header; 0 if it has none.
 */
void pb_tag(struct packet_builder *pb, uint16_t ethertype, const void *bytes, size_t len_bytes,
	    uint16_t type_off);
void pb_snap(struct packet_builder *pb);
void pb_mpls(struct packet_builder *pb, uint32_t label, bool last);
void pb_pppoe(struct packet_builder *pb, uint16_t session);
void pb_ppp(struct packet_builder *pb, bool address_control);
void pb_sll(struct packet_builder *pb);
void pb_sll2(struct packet_builder *pb);
void pb_family(struct packet_builder *pb, uint32_t family, bool big_endian);

/* Append an IP header. @src, @dst: addresses as text; an address with ':' is IPv6. */
void pb_ip(struct packet_builder *pb, const char *src, const char *dst);
void pb_ipv4_options(struct packet_builder *pb, const char *src, const char *dst,
		     const void *options, size_t options_bytes);
/* Change the last header, an IPv4 header, into that of a fragment; @off_bytes: a multiple of 8. */
void pb_ipv4_set_fragment(struct packet_builder *pb, uint16_t id, uint32_t off_bytes, bool more);
/*
 * Append an IPv6 extension header. @proto: 0 hop-by-hop, 43 routing, 60 destination, 51 AH. @body
 * follows the two fixed bytes.
 */
void pb_ipv6_ext(struct packet_builder *pb, uint8_t proto, const void *body, size_t body_bytes);
void pb_ipv6_fragment(struct packet_builder *pb, uint32_t id, uint32_t off_bytes, bool more);
/*
 * Set the protocol number of the next header in the last header, which is an IP header or an IPv6
 * extension header. For protocols without a pb_*() function.
 */
void pb_set_proto(struct packet_builder *pb, uint8_t proto);

/* Append headers of transport protocols and tunnels. */
void pb_udp(struct packet_builder *pb, uint16_t src_port, uint16_t dst_port);
void pb_tcp(struct packet_builder *pb, const struct pb_tcp *tcp);
void pb_vxlan(struct packet_builder *pb, uint32_t vni);
void pb_geneve(struct packet_builder *pb, uint32_t vni, const void *options, size_t options_bytes);
void pb_gtpu(struct packet_builder *pb, uint32_t teid);
/*
 * @flags: 0x8000 checksum, 0x2000 key, 0x1000 sequence number; each adds its field to the header.
 */
void pb_gre(struct packet_builder *pb, uint16_t flags, uint32_t key);
/* @version: 1 (type II, 8 bytes) or 2 (type III, 12 bytes, or 20 with @subheader). */
void pb_erspan(struct packet_builder *pb, unsigned int version, uint16_t session, bool truncated,
	       bool subheader);

/* Append raw header bytes or payload; @bytes NULL: append zeros. */
void pb_data(struct packet_builder *pb, const void *bytes, size_t len_bytes);

/*
 * Write lengths and checksums. They do not include data that is appended after this call (Ethernet
 * padding).
 */
void pb_finish(struct packet_builder *pb);

/* Return a pointer to the @nth header of @kind, counted from 0; fail the test if there is none. */
uint8_t *pb_at(struct packet_builder *pb, enum pb_kind kind, unsigned int nth);

/*
 * Describe the bytes as a frame without a page. The first header determines the link type, unless
 * the test has set pb->link.
 */
void pb_frame(const struct packet_builder *pb, uint64_t time_ns, struct wf_frame *ret_frame);

/* Build a whole frame: Ethernet, IP, TCP, data. */
void pb_segment(struct packet_builder *pb, const char *src, const char *dst,
		const struct pb_tcp *tcp, const void *data, size_t len_bytes);

/* Correct the checksums of all IPv4 headers and of the last TCP header, after changes of bytes. */
void pb_fix_checksums(struct packet_builder *pb);

/*
 * Return the one's complement sum of big-endian 16-bit words, not folded. The code is simple and
 * slow.
 */
uint64_t pb_sum(const uint8_t *bytes, size_t len_bytes);
uint16_t pb_fold(uint64_t sum);

void pb_put16(uint8_t *at, uint16_t value);
void pb_put32(uint8_t *at, uint32_t value);
uint16_t pb_get16(const uint8_t *at);
uint32_t pb_get32(const uint8_t *at);

#endif
