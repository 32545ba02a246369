/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ethertype.h - parses the headers between Ethernet and IP: tags, NSH, MACsec, MPLS labels, PPPoE,
 * LLC.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_ETHERTYPE_H
#define WF_DECODE_ETHERTYPE_H

#include "decode/layers_internal.h"

/* Parse the header whose EtherType is layers->ethertype, which is not that of IPv4 or IPv6. */
enum wf_next wf_ethertype(struct wf_layers *layers);

/* Enter the header that a "next protocol" field of NSH, VXLAN-GPE or LISP-GPE names (RFC 8300). */
enum wf_next wf_ethertype_next_protocol(struct wf_layers *layers, uint8_t protocol);

/* Parse an LLC header. A frame is not TCP unless the header has an EtherType (SNAP, RFC 1042). */
enum wf_next wf_ethertype_snap(struct wf_layers *layers);

#endif
