/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - a decoded TCP segment or IP fragment: the output of decode, and the input of flow and
 * tcp.
 *
 * Numbers are in host order. Pointers point into the frame and are valid as long as the frame.
 *
 * The members vlan and vni of the flow key are those of the VLAN tags after the innermost tunnel
 * header, and of the innermost tunnel that has an identifier. VLAN tags before a tunnel header
 * belong to the network that carries the tunnel and are not used, because the two directions may
 * have different tags. Identifiers that differ by direction (GTP-U TEID) or that identify a mirror
 * session (ERSPAN) are not used either.
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

/* The options that are used. */
#define WF_TCP_OPT_WSCALE    (1u << 0) /* only in a SYN */
#define WF_TCP_OPT_TIMESTAMP (1u << 1)

/*
 * An IP fragment. Its datagram is identified by key.addr (source, destination), vlan, vni, id and
 * proto.
 */
struct wf_fragment {
	/* IP header; for IPv6 followed by all headers before the fragment header */
	const uint8_t *header;
	uint16_t header_bytes;
	/* IPv6: offset in header of the Next Header field that named the fragment header */
	uint16_t next_off;
	uint32_t id;
	uint16_t off_bytes; /* offset of this payload in the datagram's payload */
	uint8_t proto;	    /* IPv6: Next Header field of the fragment header */
	bool more;	    /* the flag "more fragments" */
	bool not_tcp;	    /* this is the first fragment of a datagram that can't carry TCP */
};

/* Result of verifying the checksums of a segment: those of its IP headers and that of TCP. */
enum wf_checksum_state {
	/*
	 * not verified: the mode is ignore, the checksum is partial, the segment is truncated, or
	 * the packet holds several segments (WF_FRAME_GSO)
	 */
	WF_CHECKSUM_UNKNOWN = 0,
	WF_CHECKSUM_RIGHT,
	WF_CHECKSUM_WRONG,
};

struct wf_packet {
	uint64_t time_ns; /* monotonic time of arrival, for timers: see frame.h */
	uint64_t skew_ns; /* time of day of arrival (ns since 1970), for reports, minus time_ns */
	struct weft_flow_key key;
	uint32_t hash;
	uint8_t src; /* index of the sender's endpoint in key: 0 or 1 */
	uint8_t ip_version;
	uint8_t iface;	    /* number of the interface, from 1; 0: none */
	uint16_t tcp_flags; /* WF_TCP_* */
	uint16_t file;	    /* number of the capture file, from 1; 0: none */
	enum wf_checksum_state checksum;
	/*
	 * length of the IP datagram according to its header; if that is 0, of the rest of the frame
	 */
	uint32_t ip_bytes;
	/* length on the wire: that of the frame; for a packet in a tunnel, ip_bytes */
	uint32_t link_bytes;
	union {
		struct {
			uint32_t seq;
			uint32_t ack;
			uint16_t window; /* window field of the TCP header, not scaled */
			uint16_t urgent;
			uint32_t ts_val;
			uint8_t options; /* WF_TCP_OPT_* of the options that are present */
			/* shift count of the window scale option, at most 14 (RFC 7323, 2.3) */
			uint8_t wscale;
		};
		/* valid only if wf_decode() returned WF_DECODE_FRAGMENT */
		struct wf_fragment fragment;
	};
	const uint8_t *payload; /* payload of the TCP segment or IP fragment */
	uint32_t payload_bytes; /* length of the payload according to the headers */
	/* number of captured payload bytes; less than payload_bytes if the frame is truncated */
	uint32_t payload_captured_bytes;
	/* page that holds the payload, borrowed from the frame; NULL: it is not in a page */
	struct wf_page *page;
	/* the payload is valid only until its batch was processed (WF_FRAME_LENT) */
	bool is_lent;
};

#endif
