/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tunnel.h - IP protocols that carry IP or Ethernet again.
 *
 * Tunnels over UDP are recognised by the destination port and the fixed bits of their header;
 * other UDP is not TCP. UDP's checksum is not verified: most tunnels do not use it, and the
 * inner packet has its own.
 *
 * Thread: any, nothing is kept between calls.
 */
#ifndef WF_DECODE_TUNNEL_H
#define WF_DECODE_TUNNEL_H

#include "decode/layers_internal.h"

/* Enters the tunnel that layers->proto names, in IP of either version. */
enum wf_next wf_tunnel_proto(struct wf_layers *layers);

/* Is IP protocol @proto a tunnel, or may it be one (UDP)? */
bool wf_tunnel_is_proto(uint8_t proto);

/* Is @port (host order) a destination port of one of the tunnels? */
bool wf_tunnel_is_udp_port(uint16_t port);

#endif
