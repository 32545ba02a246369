/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - one TCP segment in plain values, as decode gives it to flow and tcp.
 *
 * All numbers are in host order. Pointers lead into the frame and live as long.
 *
 * Tenant (vlan, vni): that of the innermost headers. Tags in front of a tunnel's
 * header belong to the network that carries the tunnel, where the two directions
 * may well differ, so they don't count; nor do identifiers that differ by
 * direction by design (GTP-U TEID) or name a mirror session (ERSPAN).
 */
#ifndef WF_PACKET_PACKET_H
#define WF_PACKET_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bpf/shared.h"

struct wf_page;

static inline bool wf_flow_key_is_ipv4(const struct weft_flow_key *key)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(key->addr[0], mapped, sizeof(mapped)) &&
	       !memcmp(key->addr[1], mapped, sizeof(mapped));
}

#define WF_TCP_FIN 0x001u
#define WF_TCP_SYN 0x002u
#define WF_TCP_RST 0x004u
#define WF_TCP_PSH 0x008u
#define WF_TCP_ACK 0x010u
#define WF_TCP_URG 0x020u
#define WF_TCP_ECE 0x040u
#define WF_TCP_CWR 0x080u
#define WF_TCP_AE  0x100u

/* Options that only a SYN may carry (MSS, WSCALE, SACK_OK, FASTOPEN) count on a SYN only. */
#define WF_TCP_OPT_MSS	     (1u << 0)
#define WF_TCP_OPT_WSCALE    (1u << 1)
#define WF_TCP_OPT_SACK_OK   (1u << 2)
#define WF_TCP_OPT_TIMESTAMP (1u << 3)
#define WF_TCP_OPT_FASTOPEN  (1u << 4)
#define WF_TCP_OPT_MD5	     (1u << 5) /* or TCP-AO */
#define WF_TCP_OPT_MALFORMED                                                \
	(1u << 6) /* the list ended early or lied; the options before count \
		   */

/* An IP fragment: its datagram is named by key.addr (source, destination), vlan, vni, id, proto. */
struct wf_fragment {
	const uint8_t *header; /* IP header, and of IPv6 all before the fragment header */
	uint16_t header_bytes;
	uint16_t next_off; /* IPv6: where in header the fragment header's number stands */
	uint32_t id;
	uint16_t off_bytes; /* of the payload in the datagram's */
	uint8_t proto;	    /* IPv6: as the fragment header says */
	bool more;
	bool not_tcp; /* the first fragment, and its protocol can't carry TCP */
};

struct wf_packet {
	uint64_t time_ns;
	struct weft_flow_key key;
	uint32_t hash;
	uint8_t src; /* the sender is key endpoint [src]: 0 or 1 */
	uint8_t ip_version;
	uint16_t tcp_flags; /* WF_TCP_* */
	uint32_t ip_bytes;  /* IP datagram's length by its header */
	union {
		struct {
			uint32_t seq;
			uint32_t ack;
			uint16_t window; /* as sent, unscaled */
			uint16_t urgent;
			uint32_t options; /* WF_TCP_OPT_* that were present */
			uint32_t ts_val;
			uint32_t ts_ecr;
			uint16_t mss;
			uint8_t wscale; /* at most 14 (RFC 7323, 2.3) */
		};
		struct wf_fragment fragment; /* of WF_DECODE_FRAGMENT only */
	};
	const uint8_t *payload;		 /* of the segment, or of the fragment */
	uint32_t payload_bytes;		 /* by the headers */
	uint32_t payload_captured_bytes; /* readable at payload; less if the capture was cut */
	struct wf_page *page;		 /* borrowed from the frame (NULL: mapped file) */
};

#endif
