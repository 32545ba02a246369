/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tunnel.h - parses IP protocols that carry IP or Ethernet.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_TUNNEL_H
#define WF_DECODE_TUNNEL_H

#include "decode/layers_internal.h"

/* Parse the tunnel header of IP protocol layers->proto, after IPv4 or IPv6. */
enum wf_next wf_tunnel_proto(struct wf_layers *layers);

/* Return true if IP protocol @proto is a tunnel protocol, or UDP, which may carry a tunnel. */
bool wf_tunnel_is_proto(uint8_t proto);

#endif
