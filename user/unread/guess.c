// SPDX-License-Identifier: BSD-2-Clause
/*
 * guess.c - decodes a UDP datagram again as if it were sent to the usual port of each tunnel that
 * it resembles.
 */
#include "unread/guess.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <weft/opts.h>

#include "decode/decode.h"
#include "packet/frame.h"
#include "packet/packet.h"

enum {
	PORT_VXLAN = 4789,
	PORT_GENEVE = 6081,
	UDP_BYTES = 8,
	DST_PORT_OFF = 2,
	/* at most this many bytes of a frame are decoded: enough for the headers of most tunnels */
	HEAD_BYTES = 512,
	/* a shorter UDP payload is not examined; the tests below read no byte beyond this length */
	PAYLOAD_BYTES_MIN = 28,
};

static uint16_t load_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* ---- the first bytes of tunnels: cheap tests, which exclude nearly all other datagrams ---- */

static bool is_ip_type(uint16_t ethertype)
{
	return ethertype == 0x0800 || ethertype == 0x86dd || ethertype == 0x8100;
}

static bool is_like_ip(const uint8_t *at)
{
	return at[0] >> 4 == 6 || (at[0] >> 4 == 4 && (at[0] & 0x0f) >= 5);
}

static bool is_like_vxlan(const uint8_t *at)
{
	return (at[0] & 0x7f) == 0x08 && !at[7];
}

static bool is_like_vxlan_gpe(const uint8_t *at)
{
	return (at[0] & 0xcf) == 0x0c && at[3] && at[3] <= 5 && !at[7];
}

static bool is_like_geneve(const uint8_t *at)
{
	uint16_t type = load_be16(at + 2);

	return !(at[0] & 0xc0) && !(at[1] & 0x3f) && (type == 0x6558 || is_ip_type(type));
}

static bool is_like_gtpu(const uint8_t *at)
{
	return (at[0] & 0xf0) == 0x30 && at[1] == 0xff;
}

/*
 * Teredo is an IPv6 packet. An authentication header or an origin indication, each of which begins
 * with a zero byte, may precede it.
 */
static bool is_like_teredo(const uint8_t *at)
{
	return at[0] >> 4 == 6 || (!at[0] && at[1] <= 1);
}

/* GUE of version 1 is an IP packet; a header of version 0 names the protocol: IPv4, IPv6 or GRE. */
static bool is_like_gue(const uint8_t *at)
{
	return is_like_ip(at) || (!(at[0] & 0xe0) && (at[1] == 4 || at[1] == 41 || at[1] == 47));
}

static bool is_like_l2tp(const uint8_t *at)
{
	return !(at[0] & 0xb4) && at[1] == 0x02;
}

static bool is_like_lisp(const uint8_t *at)
{
	return !(at[0] & 0x03) && is_like_ip(at + 8);
}

static bool is_like_capwap(const uint8_t *at)
{
	return !at[0] && at[1] >> 3 >= 2;
}

static bool is_like_tzsp(const uint8_t *at)
{
	return at[0] == 1 && at[1] <= 1;
}

static bool is_like_hp_erm(const uint8_t *at)
{
	return is_ip_type(load_be16(at + 24));
}

static const struct tunnel {
	enum wf_guess_kind kind;
	uint16_t port;
	bool (*is_like)(const uint8_t *payload);
} tunnels[] = {
	{WF_GUESS_VXLAN, PORT_VXLAN, is_like_vxlan}, {WF_GUESS_GENEVE, PORT_GENEVE, is_like_geneve},
	{WF_GUESS_TUNNEL, 4790, is_like_vxlan_gpe},  {WF_GUESS_TUNNEL, 2152, is_like_gtpu},
	{WF_GUESS_TUNNEL, 3544, is_like_teredo},     {WF_GUESS_TUNNEL, 6080, is_like_gue},
	{WF_GUESS_TUNNEL, 1701, is_like_l2tp},	     {WF_GUESS_TUNNEL, 4341, is_like_lisp},
	{WF_GUESS_TUNNEL, 5247, is_like_capwap},     {WF_GUESS_TUNNEL, 37008, is_like_tzsp},
	{WF_GUESS_TUNNEL, 7932, is_like_hp_erm},
};
enum { TUNNELS = sizeof(tunnels) / sizeof(tunnels[0]) };

/* ---- one datagram ---- */

static struct wf_guess guess_tunnel(const struct wf_decoder *decoder, const struct wf_frame *frame,
				    uint32_t udp_off)
{
	const struct weft_tunnel_ports ports = {.vxlan = {PORT_VXLAN}, .geneve = {PORT_GENEVE}};
	const struct wf_decoder guesser = {.checksum = WEFT_CHECKSUM_IGNORE,
					   .ignore_vlan = decoder->ignore_vlan,
					   .ports = &ports};
	uint8_t head[HEAD_BYTES];
	struct wf_frame changed = *frame;
	struct wf_packet packet;

	changed.bytes = head;
	if (changed.cap_bytes > HEAD_BYTES)
		changed.cap_bytes = HEAD_BYTES;
	if (changed.cap_bytes < udp_off + UDP_BYTES + PAYLOAD_BYTES_MIN)
		return (struct wf_guess){.kind = WF_GUESS_NOTHING};
	memcpy(head, frame->bytes, changed.cap_bytes);
	for (size_t i = 0; i < TUNNELS; i++) {
		if (!tunnels[i].is_like(head + udp_off + UDP_BYTES))
			continue;
		head[udp_off + DST_PORT_OFF] = (uint8_t)(tunnels[i].port >> 8);
		head[udp_off + DST_PORT_OFF + 1] = (uint8_t)tunnels[i].port;
		if (wf_decode(&guesser, &changed, &packet) == WF_DECODE_TCP)
			return (struct wf_guess){
				.kind = tunnels[i].kind,
				.number = load_be16(frame->bytes + udp_off + DST_PORT_OFF),
				.usual_port = tunnels[i].port,
			};
	}
	return (struct wf_guess){.kind = WF_GUESS_NOTHING};
}

struct wf_guess wf_guess(const struct wf_decoder *decoder, const struct wf_frame *frame)
{
	struct wf_decode_end end = wf_decode_end(decoder, frame);

	if (end.udp_off)
		return guess_tunnel(decoder, frame, end.udp_off);
	if (end.ethertype)
		return (struct wf_guess){.kind = WF_GUESS_ETHERTYPE, .number = end.ethertype};
	return (struct wf_guess){.kind = WF_GUESS_NOTHING};
}
