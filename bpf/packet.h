/* SPDX-License-Identifier: GPL-2.0-only */
/* packet.h - the result and the state of the parser (parse.h, walk.h), and the kinds of headers. */
#ifndef WEFT_BPF_PACKET_H
#define WEFT_BPF_PACKET_H

#include "bpf/cursor.h"

enum parse_next {
	/* results that end parsing */
	PARSE_OTHER = 0, /* not TCP, or a header that is not supported */
	PARSE_SHORT, /* the frame, its first buffer or its linear part ends within the headers */
	PARSE_TCP,
	PARSE_FRAGMENT, /* an IP fragment that may carry TCP; port[] and tcp_flags are 0 */

	/* kinds of the next header, which is at packet->off */
	NEXT_ETHERNET,
	NEXT_ETHERTYPE, /* the type of the next header is in packet->ethertype */
	NEXT_MPLS,	/* one MPLS label */
	NEXT_NSH,
	NEXT_PPP,
	NEXT_IP,    /* IPv4 or IPv6, as given by the version field */
	NEXT_PROTO, /* the type of the next header is in packet->proto */
	NEXT_GTPU_EXTENSION,
};

struct packet {
	/* source and destination of the last IP header; network order, IPv4 as ::ffff:a.b.c.d */
	__u64 addr[2][2];
	__u16 port[2]; /* source and destination port; host order */
	__u16 vlan[2];
	__u32 vni;
	__u32 fragment_id; /* network order; an IPv6 identification of 0 is stored as 1 */
	/*
	 * length of the last IP packet, according to its header; in host mode, that of the socket
	 * buffer if it exceeds the largest length in an IP header
	 */
	__u32 ip_bytes;
	/* offset at which the outermost IP packet ends, according to its header */
	__u32 ip_end;
	__u32 tcp_flags;

	/* state of the parser between two headers */
	__u32 off;
	__u16 ethertype; /* host order */
	__u8 proto;
	__u8 ip_version;
	__u8 tags; /* number of VLAN tags since the last tunnel header */
	/* number of IPv6 extension and AH headers since the last tunnel header */
	__u8 extensions;
	__u8 extension; /* type of the next GTP-U extension header */
	__u8 depth;	/* number of headers counted by nest_header() */
};

#endif
