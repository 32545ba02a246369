/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tunnel.h - parses IP protocols that carry IP or Ethernet.
 *
 * A tunnel over UDP is identified by its destination port and the fixed bits of its header; other
 * UDP is classified as not TCP. UDP checksums are not verified, because most tunnels do not use
 * them and the inner packet has its own.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_TUNNEL_H
#define WF_DECODE_TUNNEL_H

#include "decode/layers_internal.h"

/* Parse the tunnel header that layers->proto names, after IPv4 or IPv6. */
enum wf_next wf_tunnel_proto(struct wf_layers *layers);

/* Return true if IP protocol @proto is a tunnel protocol, or UDP, which may carry a tunnel. */
bool wf_tunnel_is_proto(uint8_t proto);

/* Return true if @port (host order) is the destination port of a tunnel over UDP. */
bool wf_tunnel_is_udp_port(uint16_t port);

#endif
