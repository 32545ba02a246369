// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcp_frame.c - writes the headers from Ethernet to TCP.
 *
 * Checksums are summed in the byte order of the host, which gives the same bytes as a sum in
 * network order (RFC 1071, 2).
 */
#include "sink/format/tcp_frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

enum {
	VLAN_TAG_BYTES = 4,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	SYN_OPTION_BYTES = 8,
	IP_PACKET_MAX_BYTES = 1500,
	HOPS = 64,
	WINDOW = 65535,
	WINDOW_SCALE = 14,
	DONT_FRAGMENT = 0x4000,
};

/* The position at which the next header is written. */
struct cursor {
	uint8_t *at;
};

static void put_u8(struct cursor *cursor, uint8_t value)
{
	*cursor->at++ = value;
}

static void put_u16(struct cursor *cursor, uint16_t value)
{
	put_u8(cursor, (uint8_t)(value >> 8));
	put_u8(cursor, (uint8_t)value);
}

static void put_u32(struct cursor *cursor, uint32_t value)
{
	put_u16(cursor, (uint16_t)(value >> 16));
	put_u16(cursor, (uint16_t)value);
}

static void put_bytes(struct cursor *cursor, const void *bytes, size_t len)
{
	memcpy(cursor->at, bytes, len);
	cursor->at += len;
}

static uint64_t add_words(uint64_t sum, const uint8_t *bytes, size_t len)
{
	uint32_t word;

	for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum += word;
	}
	word = 0;
	if (len)
		memcpy(&word, bytes, len);
	return sum + word;
}

/* Store the checksum that belongs to @sum at @at. */
static void store_checksum(uint8_t *at, uint64_t sum)
{
	uint16_t checksum;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	checksum = (uint16_t)~sum;
	memcpy(at, &checksum, sizeof(checksum));
}

static const uint8_t *source(const struct wf_tcp_frame *frame)
{
	return frame->dir == WEFT_TO_SERVER ? frame->flow->src_addr : frame->flow->dst_addr;
}

static const uint8_t *destination(const struct wf_tcp_frame *frame)
{
	return frame->dir == WEFT_TO_SERVER ? frame->flow->dst_addr : frame->flow->src_addr;
}

static void put_mac(struct cursor *cursor, bool is_server)
{
	/* The second digit 2 marks an address that is locally administered. */
	const uint8_t mac[ETH_ALEN] = {0x02, 'w', 'e', 'f', 't', is_server ? 2 : 1};

	put_bytes(cursor, mac, sizeof(mac));
}

static void put_ethernet(struct cursor *cursor, const struct wf_tcp_frame *frame)
{
	const struct weft_flow *flow = frame->flow;

	put_mac(cursor, frame->dir == WEFT_TO_SERVER);
	put_mac(cursor, frame->dir != WEFT_TO_SERVER);
	if (flow->vlan[0]) {
		put_u16(cursor, flow->vlan[1] ? ETH_P_8021AD : ETH_P_8021Q);
		put_u16(cursor, flow->vlan[0]);
	}
	if (flow->vlan[1]) {
		put_u16(cursor, ETH_P_8021Q);
		put_u16(cursor, flow->vlan[1]);
	}
	put_u16(cursor, flow->ip_version == 6 ? ETH_P_IPV6 : ETH_P_IP);
}

static void put_ipv4(struct cursor *cursor, const struct wf_tcp_frame *frame, size_t tcp_bytes)
{
	uint8_t *begin = cursor->at;

	put_u16(cursor, 0x4500);
	put_u16(cursor, (uint16_t)(IPV4_BYTES + tcp_bytes));
	put_u16(cursor, 0); /* the identification is not used with DF (RFC 6864, 4.1) */
	put_u16(cursor, DONT_FRAGMENT);
	put_u8(cursor, HOPS);
	put_u8(cursor, IPPROTO_TCP);
	put_u16(cursor, 0);
	put_bytes(cursor, source(frame) + 12, 4);
	put_bytes(cursor, destination(frame) + 12, 4);
	store_checksum(begin + 10, add_words(0, begin, IPV4_BYTES));
}

static void put_ipv6(struct cursor *cursor, const struct wf_tcp_frame *frame, size_t tcp_bytes)
{
	put_u32(cursor, 6u << 28);
	put_u16(cursor, (uint16_t)tcp_bytes);
	put_u8(cursor, IPPROTO_TCP);
	put_u8(cursor, HOPS);
	put_bytes(cursor, source(frame), 16);
	put_bytes(cursor, destination(frame), 16);
}

/* Return the sum of the pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1). */
static uint64_t pseudo_sum(const struct wf_tcp_frame *frame, size_t tcp_bytes)
{
	bool is_ipv6 = frame->flow->ip_version == 6;
	uint64_t sum = htonl((uint32_t)tcp_bytes) + (uint64_t)htonl(IPPROTO_TCP);

	sum = add_words(sum, source(frame) + (is_ipv6 ? 0 : 12), is_ipv6 ? 16 : 4);
	return add_words(sum, destination(frame) + (is_ipv6 ? 0 : 12), is_ipv6 ? 16 : 4);
}

static void put_syn_options(struct cursor *cursor, const struct weft_flow *flow)
{
	put_u16(cursor, 0x0204); /* maximum segment size */
	put_u16(cursor, (uint16_t)wf_tcp_frame_mss(flow));
	put_u32(cursor, 0x01030300 | WINDOW_SCALE); /* no operation, window scale */
}

static void put_tcp(struct cursor *cursor, const struct wf_tcp_frame *frame, size_t header_bytes)
{
	bool to_server = frame->dir == WEFT_TO_SERVER;
	const struct weft_flow *flow = frame->flow;
	uint8_t *begin = cursor->at;
	uint64_t sum;

	put_u16(cursor, to_server ? flow->src_port : flow->dst_port);
	put_u16(cursor, to_server ? flow->dst_port : flow->src_port);
	put_u32(cursor, frame->seq);
	put_u32(cursor, frame->ack);
	put_u8(cursor, (uint8_t)(header_bytes / 4 << 4));
	put_u8(cursor, frame->flags);
	put_u16(cursor, WINDOW);
	put_u16(cursor, 0);
	put_u16(cursor, 0);
	if (frame->flags & WF_TCP_FRAME_SYN)
		put_syn_options(cursor, flow);
	sum = pseudo_sum(frame, header_bytes + frame->payload_bytes);
	sum = add_words(sum, begin, header_bytes);
	store_checksum(begin + 16, add_words(sum, frame->payload, frame->payload_bytes));
}

size_t wf_tcp_frame_mss(const struct weft_flow *flow)
{
	return IP_PACKET_MAX_BYTES - TCP_BYTES - (flow->ip_version == 6 ? IPV6_BYTES : IPV4_BYTES);
}

size_t wf_tcp_frame_headers(const struct wf_tcp_frame *frame,
			    uint8_t ret_headers[WF_TCP_FRAME_HEADERS_MAX_BYTES])
{
	size_t tcp_header_bytes =
		TCP_BYTES + (frame->flags & WF_TCP_FRAME_SYN ? SYN_OPTION_BYTES : 0);
	size_t tcp_bytes = tcp_header_bytes + frame->payload_bytes;
	struct cursor cursor = {ret_headers};

	put_ethernet(&cursor, frame);
	if (frame->flow->ip_version == 6)
		put_ipv6(&cursor, frame, tcp_bytes);
	else
		put_ipv4(&cursor, frame, tcp_bytes);
	put_tcp(&cursor, frame, tcp_header_bytes);
	return (size_t)(cursor.at - ret_headers);
}

static unsigned int type_at(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

size_t wf_tcp_frame_payload_bytes(const uint8_t *frame, size_t len)
{
	const uint8_t *at = frame + 2 * ETH_ALEN;

	while (type_at(at) == ETH_P_8021AD || type_at(at) == ETH_P_8021Q)
		at += VLAN_TAG_BYTES;
	at += 2 + (type_at(at) == ETH_P_IPV6 ? IPV6_BYTES : IPV4_BYTES);
	at += (at[12] >> 4) * 4;
	return len - (size_t)(at - frame);
}
