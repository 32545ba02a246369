/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tunnel_udp.h - parses tunnels over UDP.
 *
 * A tunnel is identified by its UDP port and the fixed bits of its header; other UDP is classified
 * as not TCP. UDP checksums are not verified, because most tunnels do not use them and the inner
 * packet has its own.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_TUNNEL_UDP_H
#define WF_DECODE_TUNNEL_UDP_H

#include "decode/layers_internal.h"

enum { WF_UDP_BYTES = 8 };

/* Parse the UDP header at layers->pos and the tunnel header that follows. */
enum wf_next wf_tunnel_udp(struct wf_layers *layers);

/*
 * Return true if the UDP header at layers->pos, of which at least 4 bytes were captured, has a port
 * that a tunnel uses.
 */
bool wf_tunnel_is_udp(const struct wf_layers *layers);

#endif
